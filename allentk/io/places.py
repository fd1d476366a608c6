"""Where each sweep of an NWB file is: responses matched with stimuli, from attributes only."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import h5py

from allentk.errors import FormatError
from allentk.io.found import Found, Pair
from allentk.io.hdf5 import attribute, member, number, readable, text
from allentk.io.protocols import clean_code, stimulus_name
from allentk.io.series import Series

__all__ = ["Place", "place", "trailing_number"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sweep is in its file, and what the attributes say about it.

    `response` is None where the sweep cannot be read; then `fault` says why.
    """

    number: int
    clamp: Literal["current", "voltage", ""]
    response: Series | None = None
    stimulus: Series | None = None
    name: str = ""
    code: str = ""
    amplitude_pa: float = math.nan
    after_s: float = 0.0
    old_pipeline: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)
    fault: str = ""

    @property
    def rate_hz(self) -> float:
        """Samples per second; NaN where unknown."""
        return self.response.rate_hz if self.response else math.nan

    @property
    def n_samples(self) -> int:
        """Number of samples that response and stimulus both have."""
        series = [one.n_samples for one in (self.response, self.stimulus) if one]
        return min(series, default=0)


def trailing_number(name: str) -> int | None:
    """Return the sweep number in a name such as ``Sweep_12`` or ``data_00003_AD0``."""
    sweep = re.search(r"(?:Sweep|data|index)_0*(\d{1,15})(?!\d)", name, re.IGNORECASE)
    last = sweep or re.search(r"(?<!\d)0*(\d{1,15})$", name)
    return int(last.group(1)) if last else None


def place(
    file: h5py.File,
    found: Pair,
    *,
    where: str,
    after_s: Callable[[h5py.File, int, Series], float] | None = None,
    old_pipeline: bool = False,
) -> Place:
    """Gather what the attributes say about one sweep; what is wrong with it becomes its fault.

    Parameters
    ----------
    file : h5py.File
        The file.
    found : Pair
        Response and stimulus.
    where : str
        The file, for messages.
    after_s : callable, optional
        ``after_s(file, number, response)`` tells when the stimulus begins at the earliest.
    old_pipeline : bool
        The file was written when conversions did not count.
    """
    response, stimulus = found.response, found.stimulus
    series, given = response.series, stimulus.series if stimulus else None
    if found.fault or series is None:
        return _faulty(file, found, found.fault)
    try:
        with readable(f"{where}: sweep {response.number}"):
            _check_rates(series, given, f"{where}: sweep {response.number}")
            groups = [member(file, one.path) for one in (response, stimulus) if one]
            return Place(
                number=response.number,
                clamp=_clamp(response),
                response=series,
                stimulus=given,
                after_s=after_s(file, response.number, series) if after_s else 0.0,
                old_pipeline=old_pipeline,
                metadata=_metadata(groups, response, series, member(file, _electrode(response))),
                **_labels(groups),
            )
    except FormatError as error:
        return _faulty(file, found, str(error))


def _faulty(file: h5py.File, found: Pair, fault: str) -> Place:
    """Return the row of a sweep that cannot be read, with the labels that can."""
    labels: dict[str, Any] = {}
    for one in (found.stimulus, found.response):
        with suppress(FormatError), readable(fault):
            labels = _labels([member(file, one.path)]) | labels if one else labels
    return Place(found.response.number, _clamp(found.response), fault=fault, **labels)


def _check_rates(response: Series, stimulus: Series | None, where: str) -> None:
    if stimulus and not math.isclose(response.rate_hz, stimulus.rate_hz, rel_tol=1e-6):
        raise FormatError(
            f"{where}: the response is sampled at {response.rate_hz:g} Hz, the stimulus at "
            f"{stimulus.rate_hz:g} Hz; resample one of them"
        )


def _clamp(response: Found) -> Literal["current", "voltage", ""]:
    if response.kind == "VoltageClampSeries":
        return "voltage"
    if response.kind in ("CurrentClampSeries", "IZeroClampSeries"):
        return "current"
    if response.series is None:
        return ""
    return "current" if response.series.quantity == "voltage" else "voltage"


def _labels(groups: list[h5py.Group]) -> dict[str, Any]:
    """Return what the sweep is called: only what is said."""
    code = clean_code(_label(groups, "aibs_stimulus_description", "stimulus_description"))
    amplitude = _value(groups, "aibs_stimulus_amplitude_pa")
    said = {"name": _label(groups, "aibs_stimulus_name") or stimulus_name(code), "code": code}
    known: dict[str, Any] = {name: label for name, label in said.items() if label}
    return known if math.isnan(amplitude) else {**known, "amplitude_pa": amplitude}


def _label(groups: list[h5py.Group], *names: str) -> str:
    """Return the first text among these datasets or attributes that says something."""
    for name in names:
        for group in groups:
            held = member(group, name)
            written = text(attribute(group, name) if held is None else held)
            if written and written.upper() not in ("NA", "N/A", "PLACEHOLDER", "NAN"):
                return written
    return ""


def _value(groups: list[h5py.Group], name: str) -> float:
    values = [number(member(group, name)) for group in groups]
    return next((value for value in values if math.isfinite(value)), math.nan)


def _resistance(groups: list[h5py.Group], name: str, unit_ohm: float) -> float:
    """Return a resistance in `unit_ohm`: Allen's files have that unit already, others have Ohm."""
    value = _value(groups, name)
    return value / unit_ohm if value > unit_ohm / 1e3 else value


def _electrode(response: Found) -> str:
    return f"general/intracellular_ephys/{response.electrode}"


def _metadata(
    groups: list[h5py.Group], response: Found, series: Series, electrode: Any
) -> dict[str, Any]:
    said = [*groups, electrode] if response.electrode and electrode is not None else groups
    known: dict[str, Any] = {
        "bridge_balance_mohm": _value(groups, "bridge_balance") * 1e-6,
        "bias_current_pa": _value(groups, "bias_current") * 1e12,
        "capacitance_compensation_pf": _value(groups, "capacitance_compensation") * 1e12,
        "initial_access_resistance_mohm": _resistance(said, "initial_access_resistance", 1e6),
        "seal_gohm": _resistance(said, "seal", 1e9),
        "input_resistance_mohm": _resistance(said, "input_resistance", 1e6),
        "session_time_s": series.start_s,
    }
    kept = {name: value for name, value in known.items() if math.isfinite(value)}
    return {**kept, "electrode": response.electrode, "series": response.path}
