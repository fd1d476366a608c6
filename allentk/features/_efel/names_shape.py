"""The names of eFEL for the shape of spikes."""

from __future__ import annotations

from allentk.features._efel import shape, widths
from allentk.features._efel.notes import AHP, END, PAIRS
from allentk.features._efel.parts import Feature, change, difference, drop, nth

__all__ = ["HEIGHTS", "SHAPES"]

HEIGHTS: dict[str, Feature] = {
    "peak_voltage": Feature(shape.peak_voltage, "mV", "voltage at the peaks"),
    "AP_height": Feature(shape.peak_voltage, "mV", "peak_voltage"),
    "AP1_peak": Feature(nth(shape.peak_voltage, 0), "mV", "the first of peak_voltage"),
    "AP2_peak": Feature(nth(shape.peak_voltage, 1), "mV", "the second of peak_voltage"),
    "AP2_AP1_peak_diff": Feature(
        drop(shape.peak_voltage, 1, 0), "mV", "second less first of peak_voltage"
    ),
    "amp_drop_first_second": Feature(
        drop(shape.peak_voltage, 0, 1), "mV", "first less second of peak_voltage"
    ),
    "amp_drop_first_last": Feature(
        drop(shape.peak_voltage, 0, -1), "mV", "first less last of peak_voltage"
    ),
    "amp_drop_second_last": Feature(
        drop(shape.peak_voltage, 1, -1), "mV", "second less last of peak_voltage; 3 spikes at least"
    ),
    "max_amp_difference": Feature(
        shape.largest_drop, "mV", "largest fall from one of peak_voltage to the next"
    ),
    "AP_amplitude": Feature(
        shape.amplitude,
        "mV",
        "peak less begin of the spikes in the stimulus; None where one of them has no begin",
        PAIRS,
    ),
    "AP1_amp": Feature(
        nth(shape.amplitude, 0), "mV", "the first of AP_amplitude", "as AP_amplitude"
    ),
    "AP2_amp": Feature(
        nth(shape.amplitude, 1), "mV", "the second of AP_amplitude", "as AP_amplitude"
    ),
    "APlast_amp": Feature(
        nth(shape.amplitude, -1), "mV", "the last of AP_amplitude", "as AP_amplitude"
    ),
    "mean_AP_amplitude": Feature(
        shape.mean_amplitude, "mV", "mean of AP_amplitude", "as AP_amplitude"
    ),
    "AP_amplitude_change": Feature(
        change(shape.amplitude), "1", "(later - first) / first of AP_amplitude", "as AP_amplitude"
    ),
    "AP_amplitude_diff": Feature(
        difference(shape.amplitude),
        "mV",
        "differences of neighbours in AP_amplitude",
        "as AP_amplitude",
    ),
    "AP2_AP1_diff": Feature(
        drop(shape.amplitude, 1, 0), "mV", "second less first of AP_amplitude", "as AP_amplitude"
    ),
    "AP_amplitude_from_voltagebase": Feature(
        shape.amplitude_from_base, "mV", "peak_voltage less voltage_base"
    ),
}

SHAPES: dict[str, Feature] = {
    "AP_begin_indices": Feature(
        shape.begin_indices,
        "sample",
        "start of the last 3 samples or more in a row before the peak with dv/dt above 10 mV/ms, after "
        "the minimum before; spikes without one are left out",
        "the minimum before is that of min_AHP_indices, which differs",
    ),
    "AP_begin_time": Feature(shape.begin_time, "ms", "time of the begins", "as AP_begin_indices"),
    "AP_begin_voltage": Feature(
        shape.begin_voltage, "mV", "voltage of the begins", "as AP_begin_indices"
    ),
    "AP1_begin_voltage": Feature(
        nth(shape.begin_voltage, 0), "mV", "the first of AP_begin_voltage", "as AP_begin_indices"
    ),
    "AP2_begin_voltage": Feature(
        nth(shape.begin_voltage, 1), "mV", "the second of AP_begin_voltage", "as AP_begin_indices"
    ),
    "AP_end_indices": Feature(
        shape.end_indices,
        "sample",
        "first sample after the steepest fall with dv/dt at or above -12 mV/ms",
        END,
    ),
    "AP_begin_width": Feature(
        shape.begin_width,
        "ms",
        "time from the begin until the voltage is not above it, the first minimum at the latest",
        f"{PAIRS}; {AHP}",
    ),
    "AP1_begin_width": Feature(
        nth(shape.begin_width, 0), "ms", "the first of AP_begin_width", "as AP_begin_width"
    ),
    "AP2_begin_width": Feature(
        nth(shape.begin_width, 1), "ms", "the second of AP_begin_width", "as AP_begin_width"
    ),
    "AP2_AP1_begin_width_diff": Feature(
        drop(shape.begin_width, 1, 0),
        "ms",
        "second less first of AP_begin_width",
        "as AP_begin_width",
    ),
    "AP_duration": Feature(shape.duration, "ms", "time from begin to end", f"{PAIRS}; {END}"),
    "AP_duration_change": Feature(
        change(shape.duration), "1", "(later - first) / first of AP_duration", "as AP_duration"
    ),
    "AP_rise_indices": Feature(
        shape.rise_indices,
        "sample",
        "sample before the peak nearest to half-way from begin to peak",
        PAIRS,
    ),
    "AP_fall_indices": Feature(
        shape.fall_indices,
        "sample",
        "sample between peak and end nearest to half-way from begin to peak",
        PAIRS,
    ),
    "AP_duration_half_width": Feature(
        shape.half_duration, "ms", "time from AP_rise_indices to AP_fall_indices", PAIRS
    ),
    "AP_duration_half_width_change": Feature(
        change(shape.half_duration),
        "1",
        "(later - first) / first of AP_duration_half_width",
        "as AP_duration_half_width",
    ),
    "AP_width": Feature(
        shape.width, "ms", "time above the threshold of the spikes with a first minimum", AHP
    ),
    "AP_width_between_threshold": Feature(
        shape.width_between_lowest,
        "ms",
        "time above the threshold",
        "crossings of the spike itself: eFEL seeks them anew from minimum to minimum, and drops "
        "spikes where it stays above the threshold",
    ),
    "spike_half_width": Feature(
        widths.half_width,
        "ms",
        "time above half-way between peak and first minimum, between samples",
        AHP,
    ),
    "AP1_width": Feature(
        nth(widths.half_width, 0), "ms", "the first of spike_half_width", "as spike_half_width"
    ),
    "AP2_width": Feature(
        nth(widths.half_width, 1), "ms", "the second of spike_half_width", "as spike_half_width"
    ),
    "APlast_width": Feature(
        nth(widths.half_width, -1), "ms", "the last of spike_half_width", "as spike_half_width"
    ),
    "spike_width2": Feature(
        widths.half_width2,
        "ms",
        "from the second spike: time above half-way between the peak and where the second "
        "difference is largest since the first minimum before, between samples",
        AHP,
    ),
    "AP_rise_time": Feature(shape.rise_time, "ms", "time from begin to peak", PAIRS),
    "AP_fall_time": Feature(shape.fall_time, "ms", "time from peak to end", END),
    "AP_rise_rate": Feature(shape.rise_rate, "V/s", "mean slope from begin to peak", PAIRS),
    "AP_fall_rate": Feature(shape.fall_rate, "V/s", "mean slope from peak to end", END),
    "AP_rise_rate_change": Feature(
        change(shape.rise_rate), "1", "(later - first) / first of AP_rise_rate", "as AP_rise_rate"
    ),
    "AP_fall_rate_change": Feature(
        change(shape.fall_rate), "1", "(later - first) / first of AP_fall_rate", "as AP_fall_rate"
    ),
    "AP_peak_upstroke": Feature(
        shape.upstroke, "V/s", "largest dv/dt from begin to peak, by central differences", PAIRS
    ),
    "AP_peak_downstroke": Feature(
        shape.downstroke,
        "V/s",
        "smallest dv/dt from peak to first minimum, by central differences",
        AHP,
    ),
    "AP_phaseslope": Feature(
        shape.phaseslope,
        "1/ms",
        "slope of dv/dt against v from 2 samples before the begin to 2 samples after",
    ),
    "phaseslope_max": Feature(
        shape.phaseslope_max, "V/s", "largest difference of neighbouring samples over their time"
    ),
}
