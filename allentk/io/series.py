"""One recorded or presented series of an NWB file: what its attributes say, and its numbers."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from allentk.errors import FormatError
from allentk.io.exact import SI, Quantity
from allentk.io.hdf5 import attribute, member, number, numeric, text

__all__ = ["PATCH_CLAMP_KINDS", "Series", "describe", "kind_of"]

_PREFIXES = {"": 1.0, "m": 1e-3, "milli": 1e-3, "n": 1e-9, "nano": 1e-9, "p": 1e-12, "pico": 1e-12}
# The micro sign and the Greek letter look alike.
_PREFIXES |= dict.fromkeys(("u", "\u00b5", "\u03bc", "micro"), 1e-6)
_UNIT = re.compile(f"({'|'.join(_PREFIXES)})(v|volts?|a|amps?|amperes?)")
_KINDS: dict[str, Quantity] = {
    "CurrentClampSeries": "voltage",
    "IZeroClampSeries": "voltage",
    "VoltageClampStimulusSeries": "voltage",
    "CurrentClampStimulusSeries": "current",
    "VoltageClampSeries": "current",
}
PATCH_CLAMP_KINDS = tuple(_KINDS)
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
    unit : str
        The unit as the file has it; empty where it has none.
    conversion, offset : float
        ``value * conversion + offset`` is in that unit.
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
    unit: str
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
        data = numeric(file, f"{self.path}/data", file.filename)
        return np.asarray(data[self.first : self.first + self.n_samples]).reshape(-1)

    @property
    def contradicts_itself(self) -> bool:
        """Whether its type and its unit disagree, as those of a monitor of the current do."""
        return self.kind in _KINDS and _KINDS[self.kind] != self.quantity

    def scaled(self, raw: NDArray[Any], *, already_si: bool = False) -> NDArray[np.float64]:
        """Return samples in mV or pA; the conversion is applied once, or not at all to SI data."""
        if already_si and not self.integer:
            return _times(raw, SI[self.quantity])
        values = _times(raw, self.conversion * self.unit_factor)
        if self.offset:
            values += self.offset * self.unit_factor
        return values


def _times(raw: NDArray[Any], factor: float) -> NDArray[np.float64]:
    values: NDArray[np.float64] = np.multiply(raw, factor, dtype=np.float64)
    return values


def kind_of(group: h5py.Group) -> str:
    """Return the type of a series, such as ``"CurrentClampSeries"``; empty where it says none."""
    ancestry = attribute(group, "ancestry")
    if ancestry is not None and np.size(ancestry):
        return text(np.ravel(ancestry)[-1])
    return text(attribute(group, "neurodata_type"))


def _unit(data: h5py.Dataset, kind: str, conversion: float, where: str) -> tuple[Quantity, float]:
    """Return what a series holds, and what its unit is in mV or pA."""
    written = text(attribute(data, "unit", "units"))
    if not written and kind in _KINDS:
        return _KINDS[kind], SI[_KINDS[kind]]
    named = _UNIT.fullmatch(written.lower())
    if named is None:
        raise FormatError(
            f"{where}: cannot tell whether this is a voltage or a current: its unit is {written!r} "
            f"and its type {kind!r}; expected volts or amperes, such as 'V', 'mV' or 'pA'"
        )
    quantity: Quantity = "voltage" if named.group(2).startswith("v") else "current"
    size = _PREFIXES[named.group(1)]
    # Some writers name the unit of the raw numbers although the conversion leads to SI.
    if math.isclose(conversion, size, rel_tol=1e-6):
        size = 1.0
    return quantity, size * SI[quantity]


def _conversion(data: h5py.Dataset, where: str) -> float:
    written = attribute(data, "conversion")
    if written is None and data.dtype.kind == "f":
        return 1.0
    conversion = number(written)
    if not (conversion > 0 and np.isfinite(conversion)):
        raise FormatError(
            f"{where}: its conversion must be a positive number, got {text(written) or 'none'}; "
            f"mend the attribute 'conversion' of its data"
        )
    return conversion


def _offset(data: h5py.Dataset, where: str) -> float:
    written = attribute(data, "offset")
    offset = 0.0 if written is None else number(written)
    if not np.isfinite(offset):
        raise FormatError(f"{where}: its offset must be a finite number, got {text(written)}")
    return offset


def _clock(group: h5py.Group, n_samples: int, where: str) -> tuple[float, float]:
    """Return rate and start."""
    start = member(group, "starting_time")
    if isinstance(start, h5py.Dataset):
        rate = number(attribute(start, "rate"))
        if rate > 0 and np.isfinite(rate):
            return rate, number(start, 0.0)
        raise FormatError(f"{where}: starting_time needs a positive attribute 'rate', got {rate}")
    if not isinstance(member(group, "timestamps"), h5py.Dataset):
        raise FormatError(
            f"{where}: expected starting_time with a rate, or timestamps; found neither"
        )
    clock = numeric(group, "timestamps", where, ndim=1)[:n_samples].astype(float)
    if clock.size < 2:
        raise FormatError(f"{where}: {clock.size} time stamps tell no rate; expected {n_samples}")
    steps = np.diff(clock)
    middle = float(np.median(steps))
    if middle > 0 and float(np.ptp(steps)) <= _REGULAR * middle:
        return 1 / float(np.mean(steps)), float(clock[0])
    raise FormatError(
        f"{where}: its time stamps are not regular (steps of {steps.min():.3g} to "
        f"{steps.max():.3g} s); resample it to one rate first"
    )


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
        Where there are no data, no rate, no conversion of whole numbers, a unit that is none of
        volts or amperes, or no way to tell voltage from current.
    """
    data = numeric(group, "data", where)
    where = f"{where}: {group.name}"
    if data.ndim == 0 or (data.ndim > 1 and data.shape[1:] != (1,)):
        raise FormatError(
            f"{where}: expected one row of numbers, got shape {data.shape} of type {data.dtype}"
        )
    kind = kind_of(group)
    conversion = _conversion(data, where)
    quantity, factor = _unit(data, kind, conversion, where)
    rate, start = _clock(group, int(data.shape[0]), where)
    n_samples = int(data.shape[0]) if count is None else count
    if first + n_samples > data.shape[0]:
        raise FormatError(
            f"{where}: expected samples {first}..{first + n_samples}, but there are {data.shape[0]}"
        )
    return Series(
        path=str(group.name),
        kind=kind,
        quantity=quantity,
        unit=text(attribute(data, "unit", "units")),
        conversion=conversion,
        offset=_offset(data, where),
        unit_factor=factor,
        integer=data.dtype.kind != "f",
        rate_hz=rate,
        start_s=start,
        first=first,
        n_samples=n_samples,
    )
