"""Bursts, pauses and the delay of one sweep together."""

from __future__ import annotations

from allentk.data import Sweep
from allentk.features.bursts import bursts
from allentk.features.definition import Definition
from allentk.features.delay import delay
from allentk.features.detect import Criteria
from allentk.features.measure import window
from allentk.features.pauses import pauses
from allentk.features.spike_table import filtered, spikes_of
from allentk.features.train import train

__all__ = ["patterns"]


def patterns(
    sweep: Sweep, *, criteria: Criteria | None = None, definition: Definition = "allen"
) -> dict[str, float]:
    """Return what the spike train of a sweep looks like.

    Parameters
    ----------
    sweep : Sweep
        A current-clamp sweep; spikes count where ``features.sweep`` counts them.
    criteria : Criteria, optional
        What counts as a spike.
    definition : {"allen", "allentk"}
        Whose rules, where the published ones have a quirk.

    Returns
    -------
    dict
        ``n_bursts`` and ``burst_index`` (0 to 1), ``n_pauses`` and ``pause_fraction`` of the window,
        ``delay_ratio`` (latency over the time constant of the rise before it) and ``delay_tau`` (s);
        NaN where there is nothing to measure.

    Raises
    ------
    FeatureError
        On a voltage-clamp sweep or a NaN inside the recording.

    Examples
    --------
    >>> patterns(Sweep([-70.0] * 5000, [0.0] * 5000, 50_000.0))["n_bursts"]
    0
    """
    start, stop = window(sweep)
    trace = filtered(sweep, start, stop)
    end = trace.end_s if stop is None else stop
    spikes = spikes_of(trace, start, stop, criteria=criteria, definition=definition)
    found = bursts(spikes, definition=definition)
    paused = pauses(spikes, start_s=start, end_s=end, definition=definition)
    late = delay(sweep, train(spikes, start, end)["latency"], start, definition=definition)
    return {
        "n_bursts": found.n,
        "burst_index": found.max_index,
        "n_pauses": paused.n,
        "pause_fraction": paused.fraction_of_time,
        "delay_ratio": late.ratio,
        "delay_tau": late.tau_s,
    }
