"""Numbers of one response to a step, recorded or simulated: one code path for both.

Names are those of ``allentk.features`` (times in s) or of eFEL (times in ms), as the tables have them
that models are judged by. Voltages are the model's: a recording is corrected for the liquid junction
potential first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from allentk.data import Sweep
from allentk.data.crossings import SPIKE_MV, crossings
from allentk.errors import FeatureError

__all__ = [
    "COUNT",
    "EFEL_NINE",
    "EFEL_VOLTAGES",
    "SPIKE_MV",
    "check_names",
    "in_step",
    "measure",
]

Array = NDArray[np.float64]

#: The number of spikes in the step.
COUNT = "n_spikes"
#: The features that published all-active models were fitted to, in eFEL's units (ms, mV, Hz).
EFEL_NINE = (
    "voltage_base",
    "steady_state_voltage",
    "mean_frequency",
    "time_to_first_spike",
    "AP_amplitude_from_voltagebase",
    "ISI_CV",
    "AP_width",
    "adaptation_index2",
    "AHP_depth",
)
#: Features of eFEL that are a voltage against the bath, which a junction potential shifts; others in mV are
#: differences.
EFEL_VOLTAGES = frozenset(
    (
        "ADP_peak_values",
        "AHP_depth_abs",
        "AHP_depth_abs_slow",
        "AP1_begin_voltage",
        "AP1_peak",
        "AP2_begin_voltage",
        "AP2_peak",
        "AP_begin_voltage",
        "AP_height",
        "depolarized_base",
        "interburst_voltage",
        "maximum_voltage",
        "min_AHP_values",
        "min_between_peaks_values",
        "min_voltage_between_spikes",
        "minimum_voltage",
        "peak_voltage",
        "steady_state_hyper",
        "steady_state_voltage",
        "steady_state_voltage_stimend",
        "voltage_after_stim",
        "voltage_base",
    )
)
#: Of the train, as ``features.train`` names them, s and Hz.
TRAIN = ("avg_rate", "latency", "first_isi", "mean_isi", "isi_cv", "adapt")
#: Of every spike, as ``features.spikes`` names them: the mean over the spikes of the step.
SHAPE = ("peak_v", "trough_v", "fast_trough_v", "threshold_v", "width", "upstroke", "downstroke")
#: Of the voltage beside and between spikes, mV.
VOLTAGE: Mapping[str, Callable[[Sweep], float]] = {
    "v_baseline": lambda sweep: _mean_mv(sweep, sweep.start_s - 0.1, sweep.start_s),
    "v_steady": lambda sweep: _mean_mv(sweep, sweep.stop_s - 0.1, sweep.stop_s),
    "v_deflected": lambda sweep: _deflected_mv(sweep),
}
#: Mean voltage between two times from the onset of the step, such as ``v_mean_0.73_0.93``.
_MEAN = re.compile(r"v_mean_(\d+(?:\.\d+)?)_(\d+(?:\.\d+)?)")


def check_names(names: Iterable[str]) -> None:
    """Refuse a feature that cannot be measured on a step.

    Raises
    ------
    FeatureError
        On an unknown name.
    """
    from allentk.features import EFEL_NAMES

    known = {COUNT, *TRAIN, *SHAPE, *VOLTAGE, *EFEL_NAMES}
    for name in names:
        if name not in known and not _MEAN.fullmatch(name):
            raise FeatureError(
                f"no feature {name!r} of a step; there are {COUNT}, {', '.join(TRAIN)}, "
                f"{', '.join(SHAPE)}, {', '.join(VOLTAGE)}, v_mean_FROM_TO (s from the onset) and the "
                f"names of eFEL"
            )


def measure(sweep: Sweep, names: Iterable[str]) -> dict[str, float]:
    """Measure a response to a step.

    Parameters
    ----------
    sweep : Sweep
        Voltage corrected for the liquid junction potential; its window is the step.
    names : iterable of str
        ``n_spikes``; of the train ``avg_rate`` (Hz), ``latency``, ``first_isi``, ``mean_isi`` (s),
        ``isi_cv``, ``adapt``; means over the spikes ``peak_v``, ``trough_v``, ``fast_trough_v``,
        ``threshold_v`` (mV), ``width`` (s), ``upstroke``, ``downstroke`` (V/s); ``v_baseline``,
        ``v_steady`` (last 100 ms), ``v_deflected`` (extreme of means over 5 ms), ``v_mean_FROM_TO``
        (mV); or names of eFEL, in its units, the mean where there is one for every spike.

    Returns
    -------
    dict of str to float
        NaN where there is nothing to measure.

    Raises
    ------
    FeatureError
        On an unknown name, or a sweep that cannot be measured.

    Examples
    --------
    >>> sweep = Sweep([-80.0] * 300, [0.0] * 300, 1000.0, start_s=0.1, stop_s=0.25)
    >>> measure(sweep, ["n_spikes", "v_steady", "v_mean_0.05_0.1"])
    {'n_spikes': 0.0, 'v_steady': -80.0, 'v_mean_0.05_0.1': -80.0}
    """
    wanted = list(names)
    values: dict[str, float] = {}
    if COUNT in wanted:
        values[COUNT] = float(crossings(in_step(sweep)).size)
    if {*TRAIN, *SHAPE} & set(wanted):
        values.update(_spiking(sweep))
    for name in wanted:
        if name in VOLTAGE:
            values[name] = VOLTAGE[name](sweep)
        elif match := _MEAN.fullmatch(name):
            first, last = (sweep.start_s + float(part) for part in match.groups())
            values[name] = _mean_mv(sweep, first, last)
    values.update(_efel(sweep, [name for name in wanted if name not in values]))
    return {name: values[name] for name in wanted}


def _spiking(sweep: Sweep) -> dict[str, float]:
    """Return what ``features`` measures of the spikes in the step."""
    from allentk.features.spike_table import filtered, spikes_of
    from allentk.features.train import train

    trace = filtered(sweep, sweep.start_s, sweep.stop_s)
    spikes = spikes_of(trace, sweep.start_s, sweep.stop_s, definition="allentk")
    values = {
        name: float(value) for name, value in train(spikes, sweep.start_s, sweep.stop_s).items()
    }
    for name in SHAPE:
        column = np.asarray(spikes[name], dtype=float)
        found = column[np.isfinite(column)]
        values[name] = float(found.mean()) if found.size else math.nan
    return {name: values[name] for name in (*TRAIN, *SHAPE)}


def _efel(sweep: Sweep, names: list[str]) -> dict[str, float]:
    """Return the mean of every feature of eFEL."""
    if not names:
        return {}
    from allentk.features import efel

    found = efel(sweep, names, threshold_mv=SPIKE_MV)
    return {
        name: math.nan if value is None or not value.size else float(np.mean(value))
        for name, value in found.items()
    }


def in_step(sweep: Sweep) -> Array:
    """Return the voltage in mV within the window of a sweep."""
    return sweep.voltage_mv[sweep.index(sweep.start_s) : sweep.index(sweep.stop_s)]


def _mean_mv(sweep: Sweep, first_s: float, last_s: float) -> float:
    part = sweep.voltage_mv[sweep.index(first_s) : sweep.index(last_s)]
    return float(part.mean()) if part.size else math.nan


def _deflected_mv(sweep: Sweep) -> float:
    """Return the mean of 5 ms that is farthest from the baseline, in the direction of the step.

    NaN where nothing was recorded before the step, so that its direction is not known.
    """
    part, baseline = in_step(sweep), VOLTAGE["v_baseline"](sweep)
    width = max(round(0.005 * sweep.sampling_rate_hz), 1)
    if part.size < width or math.isnan(baseline):
        return math.nan
    sums = np.cumsum(np.concatenate(([0.0], part)))
    means = (sums[width:] - sums[:-width]) / width
    return float(means.min() if part.mean() < baseline else means.max())
