"""The names of eFEL for spike times and bursts."""

from __future__ import annotations

from allentk.features._efel import bursts, events
from allentk.features._efel.parts import Feature, inverse, nth

__all__ = ["BURSTS", "SPIKES"]

_AT_THRESHOLD = "a sample exactly at the threshold does not hide a crossing"
_ALONE = "None with one interval: eFEL gives NaN or a fit to one point"

SPIKES: dict[str, Feature] = {
    "peak_indices": Feature(
        events.peak_indices,
        "sample",
        "largest voltage between crossings of the threshold",
        _AT_THRESHOLD,
    ),
    "peak_time": Feature(events.peak_time, "ms", "times of the peaks"),
    "time_to_first_spike": Feature(
        nth(events.times_from_start, 0), "ms", "first peak, from the start of the stimulus"
    ),
    "time_to_second_spike": Feature(
        nth(events.times_from_start, 1), "ms", "second peak, from the start of the stimulus"
    ),
    "time_to_last_spike": Feature(
        nth(events.times_from_start, -1), "ms", "last peak, from the start of the stimulus"
    ),
    "inv_time_to_first_spike": Feature(
        inverse(nth(events.times_from_start, 0)), "Hz", "1000 / time_to_first_spike"
    ),
    "all_ISI_values": Feature(events.all_intervals, "ms", "times between peaks"),
    "ISIs": Feature(events.all_intervals, "ms", "times between peaks"),
    "ISI_values": Feature(events.intervals, "ms", "times between peaks without the first"),
    "inv_ISI_values": Feature(inverse(events.all_intervals), "Hz", "1000 / all_ISI_values"),
    **{
        f"inv_{word}_ISI": Feature(
            inverse(nth(events.all_intervals, which)), "Hz", f"1000 / the {word} of all_ISI_values"
        )
        for which, word in enumerate(("first", "second", "third", "fourth", "fifth"))
    },
    "inv_last_ISI": Feature(
        inverse(nth(events.all_intervals, -1)), "Hz", "1000 / the last of all_ISI_values"
    ),
    "doublet_ISI": Feature(nth(events.all_intervals, 0), "ms", "time between the first two peaks"),
    "ISI_CV": Feature(
        events.interval_cv, "1", "standard deviation (n - 1) over mean of ISI_values"
    ),
    "irregularity_index": Feature(
        events.irregularity_index,
        "ms",
        "mean absolute difference of neighbours in ISI_values",
        _ALONE,
    ),
    "ISI_log_slope": Feature(
        events.log_slope, "1", "slope of log(ISI_values) against log(1, 2, 3, ...)"
    ),
    "ISI_semilog_slope": Feature(
        events.semilog_slope, "1", "slope of log(ISI_values) against 1, 2, 3, ...", _ALONE
    ),
    "ISI_log_slope_skip": Feature(
        events.log_slope_skip, "1", "ISI_log_slope without the first tenth, two intervals at most"
    ),
    "adaptation_index": Feature(
        events.adaptation_index,
        "1",
        "mean of (next - interval) / (next + interval) of the spikes in the stimulus without the "
        "first tenth, two spikes at most; 4 spikes at least",
    ),
    "adaptation_index2": Feature(
        events.adaptation_index2,
        "1",
        "mean of (next - interval) / (next + interval) of the spikes in the stimulus without the "
        "first; 4 spikes at least",
    ),
    "spike_count": Feature(events.count, "1", "number of peaks"),
    "Spikecount": Feature(events.count, "1", "spike_count"),
    "spike_count_stimint": Feature(
        events.count_in_stimulus, "1", "number of peaks in the stimulus"
    ),
    "Spikecount_stimint": Feature(events.count_in_stimulus, "1", "spike_count_stimint"),
    "number_initial_spikes": Feature(
        events.initial_spikes, "1", "number of peaks in the first tenth of the stimulus"
    ),
    "mean_frequency": Feature(
        events.mean_frequency,
        "Hz",
        "number of peaks in the stimulus over the time from its start to the last of them",
    ),
}

BURSTS: dict[str, Feature] = {
    "burst_ISI_indices": Feature(
        bursts.burst_indices,
        "spike",
        "spikes before an interval above 1.5 times the median of those before and of the next",
    ),
    "burst_mean_freq": Feature(
        bursts.mean_frequencies, "Hz", "spikes over time of the bursts between burst_ISI_indices"
    ),
    "burst_number": Feature(bursts.number, "1", "number of values of burst_mean_freq"),
    "interburst_voltage": Feature(
        bursts.voltage_between,
        "mV",
        "mean voltage from 5 ms after a burst to 5 ms before the next spike",
    ),
    "single_burst_ratio": Feature(
        bursts.single_ratio, "1", "the first of ISI_values over their mean"
    ),
    "burst_begin_indices": Feature(
        bursts.strict_begin_indices,
        "spike",
        "first spikes of bursts: an interval below half the one before begins one, one above twice "
        "the median since the last border ends one",
    ),
    "burst_end_indices": Feature(
        bursts.strict_end_indices, "spike", "last spikes of the bursts of burst_begin_indices"
    ),
    "strict_burst_mean_freq": Feature(
        bursts.strict_frequencies, "Hz", "spikes over time of the bursts of burst_begin_indices"
    ),
    "strict_burst_number": Feature(
        bursts.strict_number, "1", "number of the bursts of burst_begin_indices"
    ),
    "spikes_per_burst": Feature(
        bursts.strict_spikes, "1", "number of spikes of the bursts of burst_begin_indices"
    ),
}
