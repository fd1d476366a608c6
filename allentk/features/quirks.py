"""Where the published algorithm does something that one would not expect, and what is done about it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["QUIRKS", "Quirk"]


@dataclass(frozen=True, slots=True)
class Quirk:
    """One quirk, and what each definition makes of it.

    Parameters
    ----------
    feature : str
        What it touches.
    published : str
        What the reference programs (IPFX 2.1, AllenSDK 2.16) do.
    allen, allentk : str
        What the two definitions do.
    """

    feature: str
    published: str
    allen: str
    allentk: str


_AS_PUBLISHED = "as published"
_SAME = "the same"

#: Every known quirk; those whose two answers differ are the difference of the two definitions.
QUIRKS = (
    Quirk(
        "spike times",
        "dV/dt between samples k and k + 1 is given the time of sample k; thresholds are whole samples",
        _AS_PUBLISHED,
        "threshold_t, threshold_v where dV/dt crosses its target, between samples; upstroke_t, "
        "downstroke_t half a sample later",
    ),
    Quirk(
        "width",
        "whole samples between the half levels",
        _AS_PUBLISHED,
        "interpolated between samples",
    ),
    Quirk(
        "threshold too long before the peak",
        "looked for again at 5 % of the mean upstroke whatever thresh_frac was asked for",
        _AS_PUBLISHED,
        "at the fraction that was asked for",
    ),
    Quirk(
        "sampling rates below 22 kHz",
        "the 10 kHz low-pass raises an error at 20 kHz and below, and rings just above",
        "low-pass at 0.4 of the sampling rate, told in filter_hz",
        _SAME,
    ),
    Quirk(
        "variable time steps",
        "differences without any low-pass, so that features hang on the steps",
        "brought to an even clock first (Sweep.from_samples), told in the sweep's metadata",
        _SAME,
    ),
    Quirk(
        "a tail of NaN",
        "no spikes are found, and no error is raised",
        "the tail is left out; NaN inside the recording is an error of that sweep",
        _SAME,
    ),
    Quirk(
        "fast trough of the last spike but one, where the last is cut off",
        "looked for beyond the last spike",
        "looked for before it",
        _SAME,
    ),
    Quirk(
        "the 10 ms look-ahead for a later peak, at the end of a sweep",
        "raises an error",
        "ends with the sweep",
        _SAME,
    ),
    Quirk(
        "direction of a deflection",
        "up where the current half way through the step is 0 pA or more",
        "up where the median of 10 ms there is at the holding current or more: equal for a command without "
        "the holding current in it, as in every published file; a measured one is noisy",
        _SAME,
    ),
    Quirk(
        "amplitude of a step",
        "the current one sample after the start (IPFX), the file's nominal one (published table)",
        "the nominal one; where there is none, medians of 10 ms less the holding current",
        _SAME,
    ),
    Quirk(
        "windows of sag",
        "30 ms (IPFX), 100 ms (AllenSDK and the published table)",
        "100 ms; window_s=0.03 gives IPFX's",
        _SAME,
    ),
    Quirk(
        "membrane time constant",
        "no fit below 20 times the noise, fit up to the set's median peak (IPFX); always, up to the own "
        "peak, an error test that cannot fail (AllenSDK)",
        "no fit below 20 times the noise, up to the own peak; peak_s= caps it",
        _SAME,
    ),
    Quirk(
        "input resistance",
        "peak of the voltage against the current at that sample, so sag makes it larger",
        "peak against amplitude",
        "mean of the last 100 ms, of voltage and measured current",
    ),
    Quirk(
        "baseline where no stimulus start is known",
        "only rises count as events, and only between two of them",
        _AS_PUBLISHED,
        "falls count as well, and the ends of the sweep bound a stretch",
    ),
    Quirk(
        "lowest current for resistance and time constant",
        "-100 pA where coarse steps are 20 pA apart, -200 pA at 40, an error otherwise",
        "-100 pA where the steps are neither",
        _SAME,
    ),
    Quirk(
        "hero sweep",
        "39 to 61 pA above rheobase; else the one nearest to 39 pA (IPFX) or an error (AllenSDK)",
        "39 to 61 pA above rheobase, else none, as in the published table",
        "else the stronger step nearest to 50 pA above",
    ),
    Quirk(
        "first spike of short squares",
        "mean over all spiking sweeps, not over those of the amplitude that is given",
        _AS_PUBLISHED,
        "mean over the sweeps of that amplitude",
    ),
    Quirk(
        "slow trough of a last spike",
        "always empty; the published table often has the trough there",
        "empty",
        _SAME,
    ),
    Quirk(
        "pauses",
        "raises an error (IPFX); one true pause can make pauses of all detours (AllenSDK)",
        "as AllenSDK",
        "longest intervals first, up to the highest worth",
    ),
    Quirk(
        "bursts",
        "raises an error (IPFX); a border without a slow trough, such as a pause, undoes every burst",
        "as AllenSDK",
        "such a border costs nothing; with the pauses of this definition",
    ),
    Quirk(
        "delay",
        "both exponentials start from one guess, so that rounding decides what is fitted",
        _AS_PUBLISHED,
        "they start apart; a negative time constant is no answer",
    ),
    Quirk(
        "has_burst, has_pause, has_delay",
        "False in every row of the published table",
        "False",
        "of the hero sweep: any burst, any pause, latency above the time constant",
    ),
    Quirk(
        "stimulus window",
        "samples where the current is not exactly what it was (IPFX), fixed times (AllenSDK)",
        "the file's epochs, else found in the current with a tolerance",
        _SAME,
    ),
    Quirk(
        "one sweep that fails",
        "ends the analysis of the cell",
        "costs that sweep; the table says why",
        _SAME,
    ),
)
