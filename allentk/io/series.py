"""One recorded or presented series of an NWB file: what its attributes say, and its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import h5py
import numpy as np
from numpy.typing import NDArray

from allentk.errors import FormatError
from allentk.io.hdf5 import attribute, dataset, number, text

__all__ = ["Series", "describe"]

Quantity = Literal["voltage", "current"]

#: What one unit is in mV or pA.
_UNITS: dict[str, tuple[Quantity, float]] = {
    "v": ("voltage", 1e3),
    "volt": ("voltage", 1e3),
    "volts": ("voltage", 1e3),
    "mv": ("voltage", 1.0),
    "millivolt": ("voltage", 1.0),
    "millivolts": ("voltage", 1.0),
    "a": ("current", 1e12),
    "amp": ("current", 1e12),
    "amps": ("current", 1e12),
    "ampere": ("current", 1e12),
    "amperes": ("current", 1e12),
    "na": ("current", 1e3),
    "nanoamperes": ("current", 1e3),
    "pa": ("current", 1.0),
    "picoamperes": ("current", 1.0),
}
_SI: dict[Quantity, float] = {"voltage": 1e3, "current": 1e12}
_KINDS: dict[str, Quantity] = {
    "CurrentClampSeries": "voltage",
    "IZeroClampSeries": "voltage",
    "VoltageClampStimulusSeries": "voltage",
    "CurrentClampStimulusSeries": "current",
    "VoltageClampSeries": "current",
}
#: Largest spread of the sampling intervals that still counts as one rate.
_REGULAR = 0.01


@dataclass(frozen=True, slots=True)
class Series:
    """A series as its attributes describe it; no sample is read.

    Parameters
    ----------
    path : str
        Where it is in the file.
    kind : str
        ``"CurrentClampSeries"`` and so on; empty where the file does not say.
    quantity : {"voltage", "current"}
        What it holds.
    conversion, offset : float
        ``value * conversion + offset`` is in the unit of the file.
    unit_factor : float
        What that unit is in mV or pA.
    integer : bool
        Whole numbers from the converter: these always need the conversion.
    rate_hz, start_s : float
        Samples per second, and the time of sample 0 in the session.
    first, n_samples : int
        Which samples of the dataset belong to the sweep.
    """

    path: str
    kind: str
    quantity: Quantity
    conversion: float
    offset: float
    unit_factor: float
    integer: bool
    rate_hz: float
    start_s: float
    first: int
    n_samples: int

    def raw(self, file: h5py.File) -> NDArray[Any]:
        """Return the samples as the file has them."""
        data = file[self.path]["data"]
        samples = data[self.first : self.first + self.n_samples]
        return np.asarray(samples).reshape(-1)

    def scaled(self, raw: NDArray[Any], *, already_si: bool = False) -> NDArray[np.float64]:
        """Return samples in mV or pA; the conversion is applied once, or not at all to SI data."""
        values = raw.astype(np.float64)
        if already_si and not self.integer:
            values *= _SI[self.quantity]
            return values
        values *= self.conversion * self.unit_factor
        values += self.offset * self.unit_factor
        return values


def _kind(group: h5py.Group) -> str:
    ancestry = attribute(group, "ancestry")
    if ancestry is not None and np.size(ancestry):
        return text(np.ravel(ancestry)[-1])
    return text(attribute(group, "neurodata_type"))


def _unit(data: h5py.Dataset, kind: str, where: str) -> tuple[Quantity, float]:
    written = text(attribute(data, "unit", "units")).lower()
    if written in _UNITS:
        quantity, factor = _UNITS[written]
        # Some writers name the unit of the raw numbers although the conversion leads to SI.
        conversion = number(attribute(data, "conversion"), 1.0)
        if (
            np.isclose(factor * conversion, factor / _SI[quantity], rtol=1e-6)
            and factor != _SI[quantity]
        ):
            factor = _SI[quantity]
        return quantity, factor
    if kind in _KINDS:
        return _KINDS[kind], _SI[_KINDS[kind]]
    raise FormatError(
        f"{where}: cannot tell whether this is a voltage or a current: its unit is {written!r} and "
        f"its type {kind!r}; expected volts or amperes"
    )


def _clock(group: h5py.Group, n_samples: int, where: str) -> tuple[float, float]:
    """Return rate and start."""
    start = group.get("starting_time")
    if isinstance(start, h5py.Dataset):
        rate = number(attribute(start, "rate"))
        if rate > 0 and np.isfinite(rate):
            return rate, number(start, 0.0)
        raise FormatError(f"{where}: starting_time needs a positive attribute 'rate', got {rate}")
    times = group.get("timestamps")
    if isinstance(times, h5py.Dataset) and n_samples > 1:
        clock = times[:n_samples].astype(float)
        steps = np.diff(clock)
        middle = float(np.median(steps))
        if middle > 0 and float(np.ptp(steps)) <= _REGULAR * middle:
            return 1 / float(np.mean(steps)), float(clock[0])
        raise FormatError(
            f"{where}: its time stamps are not regular (steps of {steps.min():.3g} to "
            f"{steps.max():.3g} s); resample it to one rate first"
        )
    raise FormatError(f"{where}: expected starting_time with a rate, or timestamps; found neither")


def describe(group: h5py.Group, where: str, *, first: int = 0, count: int | None = None) -> Series:
    """Return what the attributes of a series say.

    Parameters
    ----------
    group : h5py.Group
        The series.
    where : str
        File and sweep, for messages.
    first, count : int
        Which samples belong to the sweep; all where not given.

    Raises
    ------
    FormatError
        Where there are no data, no rate, or no way to tell voltage from current.
    """
    where = f"{where}: {group.name}"
    data = dataset(group, "data", where)
    if data.dtype.kind not in "iuf" or data.ndim == 0 or (data.ndim > 1 and data.shape[1] != 1):
        raise FormatError(
            f"{where}: expected one row of numbers, got shape {data.shape} of type {data.dtype}"
        )
    kind = _kind(group)
    quantity, factor = _unit(data, kind, where)
    rate, start = _clock(group, int(data.shape[0]), where)
    n_samples = int(data.shape[0]) - first
    if count is not None and count >= 0:
        n_samples = min(count, n_samples)
    conversion = number(attribute(data, "conversion"), 1.0)
    if not np.isfinite(conversion) or conversion == 0:
        raise FormatError(
            f"{where}: its conversion must be a number other than 0, got {conversion}"
        )
    return Series(
        path=str(group.name),
        kind=kind,
        quantity=quantity,
        conversion=conversion,
        offset=number(attribute(data, "offset"), 0.0),
        unit_factor=factor,
        integer=data.dtype.kind in "iu",
        rate_hz=rate,
        start_s=start,
        first=first,
        n_samples=n_samples,
    )
