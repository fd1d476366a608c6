"""A sweep: one trial of a patch-clamp recording."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data._arrays import frozen, not_finite, packed, unpacked
from allentk.data._html import card, says_synthetic, synthetic_end
from allentk.data._svg import COLORS, polyline
from allentk.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Sweep"]


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

    # Pickle keeps no array read-only.
    __getstate__, __setstate__ = packed, unpacked

    def __post_init__(self) -> None:
        for name in ("voltage_mv", "current_pa"):
            held = frozen(getattr(self, name), what=f"{self.label}: {name}")
            object.__setattr__(self, name, held)
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
            bad = not_finite(getattr(self, name)[first:last])
            if bad is not None:
                at = (first + int(bad.argmax())) / self.sampling_rate_hz
                raise DataError(
                    f"{where}: {name} is not finite at {at:.6f} s, inside the stimulus window "
                    f"{self.start_s}..{self.stop_s} s ({int(bad.sum())} samples); leave this "
                    f"sweep out"
                )

    @classmethod
    def from_samples(
        cls, time_s: ArrayLike, voltage_mv: ArrayLike, current_pa: ArrayLike, **options: Any
    ) -> Sweep:
        """Return a sweep from samples at any times, such as those of a simulation; see `from_samples`.

        Variable time steps are brought to an even clock, which ``metadata["resampled_from"]`` tells.

        Examples
        --------
        >>> Sweep.from_samples([0.0, 0.001, 0.002], [-70, -70, -70], [0, 0, 0]).sampling_rate_hz
        1000.0
        """
        from allentk.data.uniform import from_samples

        return from_samples(time_s, voltage_mv, current_pa, **options)

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
        """Return the sample nearest to `time_s`, from 0 to ``n_samples``.

        Raises
        ------
        DataError
            Where the time is not finite, as the stimulus window is where none is known.
        """
        if not math.isfinite(time_s):
            raise DataError(
                f"{self.label}: a time of {time_s} s is none of its samples; where the stimulus window "
                f"is not known give times, or find it by features.stimulus_window"
            )
        return min(max(round(time_s * self.sampling_rate_hz), 0), self.voltage_mv.size)

    def to_dataframe(self) -> pd.DataFrame:
        """Return the columns ``time_s``, ``voltage_mv`` and ``current_pa``."""
        import pandas as pd

        return pd.DataFrame(
            {"time_s": self.time_s, "voltage_mv": self.voltage_mv, "current_pa": self.current_pa}
        )

    def __len__(self) -> int:
        return self.voltage_mv.size

    def __repr__(self) -> str:
        amplitude = "" if math.isnan(self.amplitude_pa) else f", {self.amplitude_pa:g} pA"
        return (
            f"<Sweep {self.number}: {self.stimulus or 'unknown stimulus'}{amplitude}, "
            f"{self.duration_s:.3g} s at {self.sampling_rate_hz / 1000:g} kHz, {self.clamp} clamp"
            f"{synthetic_end(self.synthetic)}>"
        )

    @property
    def synthetic(self) -> bool:
        """Whether the file, or the set it is of, says that it is made up."""
        return says_synthetic(self.metadata)

    def _repr_html_(self) -> str:
        end = f"{self.duration_s:.4g} s"
        return card(
            self,
            polyline(self.voltage_mv, unit="mV", end=end),
            polyline(self.current_pa, unit="pA", end=end, height=36, color=COLORS[1]),
            synthetic=self.synthetic,
        )
