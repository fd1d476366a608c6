"""The names of eFEL for what follows a spike."""

from __future__ import annotations

from allentk.features._efel import after
from allentk.features._efel.notes import AHP, END, PAIRS
from allentk.features._efel.parts import Feature, change, difference, nth

__all__ = ["AFTER"]

AFTER: dict[str, Feature] = {
    "min_AHP_indices": Feature(
        after.ahp_indices,
        "sample",
        "first minimum after the peak: neither of the next two samples is lower",
        AHP,
    ),
    "min_AHP_values": Feature(after.ahp_values, "mV", "voltage of the first minima", AHP),
    "AHP_depth_abs": Feature(after.ahp_values, "mV", "min_AHP_values", AHP),
    "AHP_depth": Feature(after.ahp_depth, "mV", "min_AHP_values less voltage_base", AHP),
    "AHP_depth_diff": Feature(
        difference(after.ahp_depth), "mV", "differences of neighbours in AHP_depth", AHP
    ),
    "AHP_depth_from_peak": Feature(
        after.ahp_from_peak, "mV", "peak_voltage less min_AHP_values", AHP
    ),
    "AHP1_depth_from_peak": Feature(
        nth(after.ahp_from_peak, 0),
        "mV",
        "the first of AHP_depth_from_peak",
        "as AHP_depth_from_peak",
    ),
    "AHP2_depth_from_peak": Feature(
        nth(after.ahp_from_peak, 1),
        "mV",
        "the second of AHP_depth_from_peak",
        "as AHP_depth_from_peak",
    ),
    "AHP_time_from_peak": Feature(
        after.ahp_time_from_peak, "ms", "time from peak to first minimum", AHP
    ),
    "fast_AHP": Feature(
        after.fast_ahp,
        "mV",
        "AP_begin_voltage less min_AHP_values, without the last spike",
        f"{PAIRS}; {AHP}",
    ),
    "fast_AHP_change": Feature(
        change(after.fast_ahp), "1", "(later - first) / first of fast_AHP", "as fast_AHP"
    ),
    "AHP_depth_abs_slow": Feature(
        after.slow_ahp_values,
        "mV",
        "smallest voltage from 5 ms after the peak to the next, from the second spike to the last but one",
        "spikes followed by another within 5 ms are left out: eFEL gives the next peak",
    ),
    "AHP_depth_slow": Feature(
        after.slow_ahp_depth, "mV", "AHP_depth_abs_slow less voltage_base", "as AHP_depth_abs_slow"
    ),
    "AHP_slow_time": Feature(
        after.slow_ahp_time,
        "1",
        "time from the peak to AHP_depth_abs_slow over the interval to the next",
        "as AHP_depth_abs_slow",
    ),
    "min_between_peaks_indices": Feature(
        after.lowest_indices,
        "sample",
        "smallest voltage between peaks, and from the last to the end of the sweep",
    ),
    "min_between_peaks_values": Feature(
        after.lowest_values, "mV", "voltage of min_between_peaks_indices"
    ),
    "min_voltage_between_spikes": Feature(
        after.lowest_within, "mV", "smallest voltage between peaks"
    ),
    "ADP_peak_indices": Feature(
        after.adp_indices,
        "sample",
        "largest voltage from the first minimum to the smallest before the next peak",
        AHP,
    ),
    "ADP_peak_values": Feature(after.adp_values, "mV", "voltage of ADP_peak_indices", AHP),
    "ADP_peak_amplitude": Feature(
        after.adp_amplitude, "mV", "ADP_peak_values less min_AHP_values", AHP
    ),
    "depolarized_base": Feature(
        after.depolarized_base,
        "mV",
        "mean voltage from the end of a spike to the begin of the next; 3 spikes at least",
        f"{PAIRS}; {END}",
    ),
}
