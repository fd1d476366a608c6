"""A set of sweeps: what a patch-clamp recording is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from allentk.data._arrays import frozen
from allentk.data._html import card, says_synthetic, synthetic_end
from allentk.data._html import table as small_table
from allentk.data._tables import column_of, matching
from allentk.data.sweep import Sweep
from allentk.errors import DataError
from allentk.registry import call

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SWEEP_COLUMNS", "SweepSet"]

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
        On duplicate sweep numbers, numbers that are not whole, missing columns, or something that
        is no sweep.

    Examples
    --------
    >>> sweeps = SweepSet([Sweep([-70.0] * 9, [0.0] * 9, 1e3, number=4, stimulus="Ramp")])
    >>> len(sweeps.where(stimulus="Ramp"))
    1
    """

    __slots__ = ("_kept", "_read", "_table", "metadata", "source")

    def __init__(
        self,
        sweeps: Iterable[Sweep] | pd.DataFrame,
        read: Callable[[int], Sweep] | None = None,
        *,
        source: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        import pandas as pd

        if isinstance(sweeps, pd.DataFrame):
            if read is None:
                raise DataError("a SweepSet made from a table also needs read(number) -> Sweep")
            table = sweeps.reset_index(drop=True)
            self._read = read
        else:
            held = list(sweeps)
            for sweep in held:
                if not isinstance(sweep, Sweep):
                    raise DataError(f"a SweepSet is made of sweeps, got {sweep!r}")
            by_number = {sweep.number: sweep for sweep in held}
            table = pd.DataFrame(
                [{name: getattr(sweep, name) for name in SWEEP_COLUMNS} for sweep in held],
                columns=list(SWEEP_COLUMNS),
            )
            self._read = by_number.__getitem__
        self.source = source
        self.metadata: Mapping[str, Any] = dict(metadata or {})
        self._kept: WeakValueDictionary[int, Sweep] = WeakValueDictionary()
        self._table = self._checked(table)

    @property
    def table(self) -> pd.DataFrame:
        """A copy of the table, one row per sweep: what is changed in it changes no sweep."""
        return self._table.copy()

    def __getstate__(self) -> dict[str, Any]:
        # Sweeps that were read are not carried along; the other side reads its own.
        return {name: getattr(self, name) for name in self.__slots__ if name != "_kept"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self._kept = WeakValueDictionary()

    def _checked(self, table: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        where = self._where
        missing = [name for name in SWEEP_COLUMNS if name not in table.columns]
        if missing:
            raise DataError(f"{where}: the sweep table lacks the columns {missing}")
        numbers = frozen(table["number"], np.int64, what=f"{where}: sweep numbers")
        twice = numbers[pd.Series(numbers).duplicated()]
        if len(twice):
            raise DataError(f"{where}: sweep number {twice[0]} occurs more than once")
        return table.assign(number=numbers)

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
        keep = np.ones(len(self), dtype=bool)
        for name, wanted in conditions.items():
            keep &= matching(column_of(self._table, name, self._where), wanted)
        return self._chosen(keep)

    def _chosen(self, rows: NDArray[np.bool_] | slice) -> SweepSet:
        return SweepSet(self._table[rows], self.sweep, source=self.source, metadata=self.metadata)

    @property
    def _where(self) -> str:
        return self.source or "SweepSet"

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
        if number not in self.numbers:
            raise DataError(
                f"{self._where}: no sweep {number}; there are {', '.join(map(str, self.numbers))}"
            )
        sweep = self._read(int(number))
        if self.synthetic and not says_synthetic(sweep.metadata):
            sweep = replace(sweep, metadata={**sweep.metadata, "synthetic": True})
        self._kept[int(number)] = sweep
        return sweep

    @property
    def numbers(self) -> list[int]:
        """Sweep numbers, in the order of the table."""
        return [int(number) for number in self._table["number"]]

    def save(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """Write an NWB 2 file that loses nothing, and return its path; see `allentk.write_nwb`."""
        written: Path = call("sweeps.save", self, path, **options)
        return written

    def to_dataframe(self) -> pd.DataFrame:
        """Return a copy of the table, one row per sweep."""
        return self.table

    def __len__(self) -> int:
        return len(self._table)

    @overload
    def __getitem__(self, position: int) -> Sweep: ...
    @overload
    def __getitem__(self, position: slice) -> SweepSet: ...
    def __getitem__(self, position: int | slice) -> Sweep | SweepSet:
        if isinstance(position, slice):
            return self._chosen(position)
        return self.sweep(self.numbers[position])

    def __iter__(self) -> Iterator[Sweep]:
        for number in self.numbers:
            yield self.sweep(number)

    def __repr__(self) -> str:
        kinds = self._table["stimulus"].value_counts()
        listed = ", ".join(f"{count} {name or 'unknown'}" for name, count in kinds.items())
        end = synthetic_end(self.synthetic)
        return f"<SweepSet {self.source or 'in memory'}: {len(self)} sweeps ({listed}){end}>"

    @property
    def synthetic(self) -> bool:
        """Whether the recording says that it is made up."""
        return says_synthetic(self.metadata)

    def _repr_html_(self) -> str:
        return card(self, small_table(self._table, most=10), synthetic=self.synthetic)
