"""Where each sweep of an NWB file is: responses matched with stimuli, from attributes only."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import h5py

from allentk.errors import FormatError
from allentk.io.hdf5 import number, text
from allentk.io.protocols import clean_code, stimulus_name
from allentk.io.series import Series

__all__ = ["Found", "Place", "pair", "place", "trailing_number"]


@dataclass(frozen=True, slots=True)
class Found:
    """A series that belongs to a sweep."""

    number: int
    series: Series
    electrode: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sweep is in its file, and what the attributes say about it."""

    number: int
    clamp: Literal["current", "voltage"]
    response: Series
    stimulus: Series | None
    name: str = ""
    code: str = ""
    amplitude_pa: float = math.nan
    after_s: float = 0.0
    already_si: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_samples(self) -> int:
        """Number of samples that response and stimulus both have."""
        other = self.stimulus.n_samples if self.stimulus else self.response.n_samples
        return min(self.response.n_samples, other)


def trailing_number(name: str) -> int | None:
    """Return the sweep number in a name such as ``Sweep_12`` or ``data_00003_AD0``."""
    sweep = re.search(r"(?:Sweep|data|index)_0*(\d+)", name, re.IGNORECASE)
    last = sweep or re.search(r"(\d+)$", name)
    return int(last.group(1)) if last else None


def pair(
    responses: Iterable[Found], stimuli: Iterable[Found], electrode: str | None, where: str
) -> list[tuple[Found, Found | None]]:
    """Match every response with the stimulus of the same sweep.

    Raises
    ------
    FormatError
        Where one sweep holds several responses or stimuli, and no electrode was named that tells
        them apart.
    """
    recorded = [found for found in responses if not _is_monitor(found.series)]
    if electrode is not None:
        names = sorted({found.electrode for found in recorded})
        recorded = [found for found in recorded if found.electrode == electrode]
        if not recorded:
            raise FormatError(f"{where}: nothing was recorded by {electrode!r}; there are {names}")
    presented: dict[int, list[Found]] = defaultdict(list)
    for found in stimuli:
        presented[found.number].append(found)
    pairs: dict[int, tuple[Found, Found | None]] = {}
    for found in recorded:
        if found.number in pairs:
            raise FormatError(_several(pairs[found.number][0], found, where))
        pairs[found.number] = (found, _partner(found, presented[found.number], where))
    return [pairs[key] for key in sorted(pairs)]


def _is_monitor(series: Series) -> bool:
    """Whether a series typed as a current-clamp recording holds the current, or the reverse."""
    wanted = {"CurrentClampSeries": "voltage", "VoltageClampSeries": "current"}
    return series.kind in wanted and series.quantity != wanted[series.kind]


def _several(one: Found, other: Found, where: str) -> str:
    if one.electrode != other.electrode:
        return (
            f"{where}: sweep {one.number} was recorded by several electrodes ({one.electrode!r}, "
            f"{other.electrode!r}, ...); name one of them: read_nwb(path, electrode=...)"
        )
    return (
        f"{where}: sweep {one.number} is there twice, as {one.series.path} and "
        f"{other.series.path}; number the sweeps apart"
    )


def _partner(response: Found, candidates: list[Found], where: str) -> Found | None:
    fitting = [c for c in candidates if c.series.quantity != response.series.quantity]
    if len(fitting) > 1:
        fitting = [c for c in fitting if c.electrode == response.electrode] or fitting
    if len(fitting) > 1:
        raise FormatError(
            f"{where}: sweep {response.number} has several stimuli "
            f"({', '.join(c.series.path for c in fitting)}), and the electrode does not tell which"
        )
    return fitting[0] if fitting else None


def place(
    file: h5py.File,
    response: Found,
    stimulus: Found | None,
    *,
    where: str,
    after_s: float = 0.0,
    already_si: bool = False,
) -> Place:
    """Gather what the attributes say about one sweep.

    Raises
    ------
    FormatError
        Where response and stimulus have different sampling rates.
    """
    groups = [file[response.series.path]]
    if stimulus is not None:
        groups.append(file[stimulus.series.path])
        rates = response.series.rate_hz, stimulus.series.rate_hz
        if not math.isclose(*rates, rel_tol=1e-6):
            raise FormatError(
                f"{where}: sweep {response.number}: the response is sampled at {rates[0]:g} Hz, the "
                f"stimulus at {rates[1]:g} Hz; resample one of them"
            )
    code = clean_code(_label(groups, "aibs_stimulus_description", "stimulus_description"))
    return Place(
        number=response.number,
        clamp=_clamp(response.series),
        response=response.series,
        stimulus=stimulus.series if stimulus else None,
        name=_label(groups, "aibs_stimulus_name") or stimulus_name(code),
        code=code,
        amplitude_pa=_value(groups, "aibs_stimulus_amplitude_pa"),
        after_s=after_s,
        already_si=already_si,
        metadata=_metadata(groups, response),
    )


def _clamp(series: Series) -> Literal["current", "voltage"]:
    if series.kind == "VoltageClampSeries":
        return "voltage"
    if series.kind in ("CurrentClampSeries", "IZeroClampSeries"):
        return "current"
    return "current" if series.quantity == "voltage" else "voltage"


def _label(groups: list[h5py.Group], *names: str) -> str:
    """Return the first text among these datasets or attributes that says something."""
    for name in names:
        for group in groups:
            held = group.get(name) if name in group else group.attrs.get(name)
            written = text(held)
            if written and written.upper() not in ("NA", "N/A", "PLACEHOLDER", "NAN"):
                return written
    return ""


def _value(groups: list[h5py.Group], name: str) -> float:
    values = [number(group[name]) for group in groups if name in group]
    return next((value for value in values if math.isfinite(value)), math.nan)


def _resistance(groups: list[h5py.Group], name: str, unit_ohm: float) -> float:
    """Return a resistance in `unit_ohm`: Allen's files have that unit already, others have Ohm."""
    value = _value(groups, name)
    return value / unit_ohm if value > unit_ohm / 1e3 else value


def _metadata(groups: list[h5py.Group], response: Found) -> dict[str, Any]:
    known: dict[str, Any] = {
        "bridge_balance_mohm": _value(groups, "bridge_balance") * 1e-6,
        "bias_current_pa": _value(groups, "bias_current") * 1e12,
        "capacitance_compensation_pf": _value(groups, "capacitance_compensation") * 1e12,
        "initial_access_resistance_mohm": _resistance(groups, "initial_access_resistance", 1e6),
        "seal_gohm": _resistance(groups, "seal", 1e9),
        "session_time_s": response.series.start_s,
    }
    kept = {name: value for name, value in known.items() if math.isfinite(value)}
    return {**kept, "electrode": response.electrode, "series": response.series.path}
