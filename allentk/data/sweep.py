"""A sweep and a set of sweeps: what a patch-clamp recording is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from weakref import WeakValueDictionary

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data._arrays import frozen
from allentk.data._svg import polyline
from allentk.errors import DataError

__all__ = ["SWEEP_COLUMNS", "Sweep", "SweepSet"]

#: Columns of ``SweepSet.table``, in order.
SWEEP_COLUMNS = (
    "number",
    "clamp",
    "stimulus",
    "code",
    "amplitude_pa",
    "start_s",
    "stop_s",
    "sampling_rate_hz",
    "n_samples",
)


@dataclass(frozen=True, slots=True, weakref_slot=True, repr=False, eq=False)
class Sweep:
    """One sweep of a patch-clamp recording; sample 0 is at 0 s.

    Parameters
    ----------
    voltage_mv, current_pa : array_like, shape (n_samples,)
        Membrane voltage in mV and injected current in pA. Where `clamp` is ``"voltage"`` the
        voltage is the command and the current is the recording.
    sampling_rate_hz : float
        Samples per second.
    number : int
        Number of the sweep in its recording.
    stimulus : str
        Name of the protocol, such as ``"Long Square"``; empty where unknown.
    code : str
        Code of the protocol as the rig wrote it, such as ``"C1LSCOARSE150216"``.
    amplitude_pa : float
        Nominal amplitude in pA; NaN where unknown.
    start_s, stop_s : float
        Stimulus window in seconds, the test pulse excluded; NaN where unknown.
    clamp : {"current", "voltage"}
        What the amplifier held.
    metadata : mapping
        What else the file says, such as ``bridge_balance_mohm``.
    source : str
        Where the sweep comes from; used in messages.

    Raises
    ------
    DataError
        Where lengths differ, the rate is not positive, the window lies outside the sweep, or a
        value inside the stimulus window is not finite.

    Examples
    --------
    >>> Sweep([-70.0] * 100, [0.0] * 100, 1000.0).duration_s
    0.1
    """

    voltage_mv: NDArray[np.float64]
    current_pa: NDArray[np.float64]
    sampling_rate_hz: float
    number: int = 0
    stimulus: str = ""
    code: str = ""
    amplitude_pa: float = math.nan
    start_s: float = math.nan
    stop_s: float = math.nan
    clamp: Literal["current", "voltage"] = "current"
    metadata: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        for name in ("voltage_mv", "current_pa"):
            object.__setattr__(self, name, frozen(getattr(self, name)))
        where = self.label
        if self.voltage_mv.ndim != 1 or self.voltage_mv.shape != self.current_pa.shape:
            raise DataError(
                f"{where}: voltage and current must be one-dimensional and equally long, got "
                f"shapes {self.voltage_mv.shape} and {self.current_pa.shape}"
            )
        if not (self.sampling_rate_hz > 0 and math.isfinite(self.sampling_rate_hz)):
            raise DataError(
                f"{where}: sampling_rate_hz must be positive, got {self.sampling_rate_hz!r}"
            )
        if self.clamp not in ("current", "voltage"):
            raise DataError(f"{where}: clamp must be 'current' or 'voltage', got {self.clamp!r}")
        self._check_window(where)

    def _check_window(self, where: str) -> None:
        if math.isnan(self.start_s) and math.isnan(self.stop_s):
            return
        if not 0 <= self.start_s <= self.stop_s <= self.duration_s + 1 / self.sampling_rate_hz:
            raise DataError(
                f"{where}: the stimulus window {self.start_s}..{self.stop_s} s does not lie "
                f"inside the sweep of {self.duration_s:.6g} s"
            )
        first, last = self.index(self.start_s), self.index(self.stop_s)
        for name in ("voltage_mv", "current_pa"):
            bad = ~np.isfinite(getattr(self, name)[first:last])
            if bad.any():
                at = (first + int(bad.argmax())) / self.sampling_rate_hz
                raise DataError(
                    f"{where}: {name} is not finite at {at:.6f} s, inside the stimulus window "
                    f"{self.start_s}..{self.stop_s} s ({int(bad.sum())} samples); leave this "
                    f"sweep out"
                )

    @property
    def label(self) -> str:
        """Name of the sweep in messages, such as ``cell.nwb: sweep 33``."""
        return f"{self.source}: sweep {self.number}" if self.source else f"sweep {self.number}"

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return self.voltage_mv.size

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.voltage_mv.size / self.sampling_rate_hz

    @property
    def time_s(self) -> NDArray[np.float64]:
        """Time of every sample in seconds, shape ``(n_samples,)``."""
        return np.arange(self.voltage_mv.size) / self.sampling_rate_hz

    @property
    def has_window(self) -> bool:
        """Whether the stimulus window is known."""
        return math.isfinite(self.start_s) and math.isfinite(self.stop_s)

    def index(self, time_s: float) -> int:
        """Return the sample nearest to `time_s`, from 0 to ``n_samples``."""
        return min(max(round(time_s * self.sampling_rate_hz), 0), self.voltage_mv.size)

    def to_dataframe(self) -> pd.DataFrame:
        """Return the columns ``time_s``, ``voltage_mv`` and ``current_pa``."""
        return pd.DataFrame(
            {"time_s": self.time_s, "voltage_mv": self.voltage_mv, "current_pa": self.current_pa}
        )

    def __len__(self) -> int:
        return self.voltage_mv.size

    def __repr__(self) -> str:
        amplitude = "" if math.isnan(self.amplitude_pa) else f", {self.amplitude_pa:g} pA"
        return (
            f"<Sweep {self.number}: {self.stimulus or 'unknown stimulus'}{amplitude}, "
            f"{self.duration_s:.3g} s at {self.sampling_rate_hz / 1000:g} kHz, {self.clamp} clamp>"
        )

    def _repr_html_(self) -> str:
        return f"<code>{self!r:s}</code><br>".replace("<Sweep", "&lt;Sweep").replace(
            "clamp>", "clamp&gt;"
        ) + polyline(self.voltage_mv)


class SweepSet:
    """The sweeps of one recording, each read when it is asked for.

    Parameters
    ----------
    sweeps : iterable of Sweep, or DataFrame
        The sweeps themselves; or their table (columns `SWEEP_COLUMNS`, further columns kept)
        together with `read`.
    read : callable, optional
        ``read(number) -> Sweep``; called when a sweep is first asked for.
    source : str
        Where they come from; used in messages.
    metadata : mapping, optional
        What is known of the cell: ``specimen_id``, ``synthetic``...

    Raises
    ------
    DataError
        On duplicate sweep numbers or missing columns.

    Examples
    --------
    >>> sweeps = SweepSet([Sweep([-70.0] * 9, [0.0] * 9, 1e3, number=4, stimulus="Ramp")])
    >>> len(sweeps.where(stimulus="Ramp"))
    1
    """

    __slots__ = ("_kept", "_read", "metadata", "source", "table")

    def __init__(
        self,
        sweeps: Iterable[Sweep] | pd.DataFrame,
        read: Callable[[int], Sweep] | None = None,
        *,
        source: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        if isinstance(sweeps, pd.DataFrame):
            if read is None:
                raise DataError("a SweepSet made from a table also needs read(number) -> Sweep")
            table = sweeps.reset_index(drop=True)
            self._read = read
        else:
            held = list(sweeps)
            by_number = {sweep.number: sweep for sweep in held}
            table = pd.DataFrame(
                [{name: getattr(sweep, name) for name in SWEEP_COLUMNS} for sweep in held],
                columns=list(SWEEP_COLUMNS),
            )
            self._read = by_number.__getitem__
        self.source = source
        self.metadata: Mapping[str, Any] = dict(metadata or {})
        self._kept: WeakValueDictionary[int, Sweep] = WeakValueDictionary()
        self.table = self._checked(table)

    def _checked(self, table: pd.DataFrame) -> pd.DataFrame:
        where = self.source or "SweepSet"
        missing = [name for name in SWEEP_COLUMNS if name not in table.columns]
        if missing:
            raise DataError(f"{where}: the sweep table lacks the columns {missing}")
        twice = table["number"][table["number"].duplicated()]
        if len(twice):
            raise DataError(f"{where}: sweep number {int(twice.iloc[0])} occurs more than once")
        return table

    def where(self, **conditions: Any) -> SweepSet:
        """Return the sweeps whose columns have these values.

        Parameters
        ----------
        **conditions
            Column name = value, list of values, or a function of the value that returns a bool.

        Raises
        ------
        DataError
            On an unknown column; names those there are.
        """
        keep = np.ones(len(self.table), dtype=bool)
        for name, wanted in conditions.items():
            if name not in self.table.columns:
                raise DataError(
                    f"no column {name!r} in the sweep table; there are "
                    f"{', '.join(map(str, self.table.columns))}"
                )
            column = self.table[name]
            if callable(wanted):
                keep &= np.fromiter((bool(wanted(x)) for x in column), bool, len(column))
            elif isinstance(wanted, list | tuple | set | frozenset):
                keep &= column.isin(list(wanted)).to_numpy()
            else:
                keep &= (column == wanted).to_numpy(dtype=bool)
        return SweepSet(self.table[keep], self.sweep, source=self.source, metadata=self.metadata)

    def sweep(self, number: int) -> Sweep:
        """Return the sweep with this number.

        Raises
        ------
        DataError
            Where there is none; names the numbers there are.
        """
        kept = self._kept.get(number)
        if kept is not None:
            return kept
        if number not in set(self.table["number"]):
            raise DataError(
                f"{self.source or 'SweepSet'}: no sweep {number}; there are "
                f"{', '.join(str(n) for n in self.table['number'])}"
            )
        sweep = self._read(int(number))
        self._kept[int(number)] = sweep
        return sweep

    @property
    def numbers(self) -> list[int]:
        """Sweep numbers, in the order of the table."""
        return [int(number) for number in self.table["number"]]

    def to_dataframe(self) -> pd.DataFrame:
        """Return a copy of the table, one row per sweep."""
        return self.table.copy()

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, position: int) -> Sweep:
        return self.sweep(self.numbers[position])

    def __iter__(self) -> Iterator[Sweep]:
        for number in self.numbers:
            yield self.sweep(number)

    def __repr__(self) -> str:
        kinds = self.table["stimulus"].value_counts()
        listed = ", ".join(f"{count} {name or 'unknown'}" for name, count in kinds.items())
        return f"<SweepSet {self.source or 'in memory'}: {len(self)} sweeps ({listed})>"

    def _repr_html_(self) -> str:
        return str(self.table.to_html(max_rows=12, index=False))
