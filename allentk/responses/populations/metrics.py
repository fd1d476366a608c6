"""What the statistics of populations are, with formula, exclusion and source."""

from __future__ import annotations

from allentk.responses.definition import Metric, ResponseQuirk, entries

__all__ = ["METRICS", "QUIRKS"]

DEFINITION = "population"

_L4 = "Arkhipov et al. 2018, PLoS Computational Biology 14:e1006535"
_SIEGLE = "Siegle et al. 2021, Nature 592:86; neuropixels_platform_paper"
_FANO = "SynchronizationLoss of the Allen Institute's V1_GLIF_model"
_CLASS = "shixnya/v1_functional_property, misc/contrast_tuning.py"
_PAIRS = "Cohen and Kohn 2011, Nature Neuroscience 14:811; de Vries et al. 2020"

#: Stimulus, source, and the columns: name, unit, formula, when there is no value.
_ROWS = (
    (
        "any",
        _PAIRS,
        """
    signal_correlation | 1 | Pearson's r of the mean responses of two cells over conditions | a
        cell's means are all equal
    noise_correlation | 1 | mean over conditions of Pearson's r of the trials of one condition | no
        condition with 3 trials in which both cells vary
    """,
    ),
    (
        "any",
        _FANO,
        """
    fano | 1 | variance / mean (ddof 0) of the summed spikes of 70 +- 30 cells in windows side by
        side, mean over 50 samples; 20 windows, logspace(-3, 0) s | windows longer than half of an
        interval
    """,
    ),
    (
        "flashes",
        _SIEGLE,
        """
    tau_ms | ms | fit of a exp(-t/tau) + c to the mean correlation of the counts (10 ms bins,
        40..290 ms) of one trial with those of others at a lag | no decay to fit; `included`: 1 < tau <
        300, more than 50 spikes, error < 20
    """,
    ),
    (
        "flashes",
        f"Murray et al. 2014, Nature Neuroscience 17:1661; {_SIEGLE}",
        """
    intrinsic_tau_ms | ms | the same fit to the mean over bins (1..2 s) of Pearson's r over trials
        of two bins a lag apart | no decay to fit; `included`: 5 < tau < 400, more than 100 spikes,
        error < 100
    """,
    ),
    (
        "flashes",
        _SIEGLE,
        """
    first_spike_s | s | median over trials of the first spike 30..200 ms after the onset, whole ms |
        no spike; `included`: below 0.1 s
    """,
    ),
    (
        "flashes",
        _L4,
        """
    peak_1_hz | Hz | largest rate in bins of 2 ms in the first window, 0..100 ms from the onset
        (peak_2_hz: 100..300 ms) |
    peak_time_1_s | s | middle of that bin, from the onset (peak_time_2_s in the second window) | no
        spike
    """,
    ),
    (
        "drifting_gratings",
        _L4,
        """
    amplitude | 1 | mean over trials of abs(fft(x)) / N, x = spikes weighted by 10 um / distance (0
        nearer than 10 um) in N bins of 1 ms, divided by the trial's number of spikes | trials without
        spikes
    tau_s | s | fit of f_min + f_max exp((t0 - t) / tau) to the population's rate (1 ms) after LGN
        is cut at t0 | constant rate
    """,
    ),
    (
        "drifting_gratings",
        f"Skottun et al. 1991, Vision Research 31:1079; {_L4}",
        """
    f1_f0 | 1 | 2 abs(sum exp(-2 pi i f t)) / number of spikes: amplitude of the mean cycle's sine /
        mean | no spikes
    """,
    ),
    (
        "drifting_gratings",
        _L4,
        """
    current_f1_f0 | 1 | 2 * amplitude of a sine fitted to the average cycle of the current /
        abs(mean - baseline): f1_f0 of f1_f0_of_current | mean equal to the baseline
    """,
    ),
    (
        "drifting_gratings",
        f"{_L4}; Lien and Scanziani 2013",
        """
    lgn_contribution | 1 | mean current with LGN alone / with all inputs, minus the baseline, at the
        grating of the largest total current | no current above the baseline
    amplification | 1 | 1 / lgn_contribution | no current above the baseline
    """,
    ),
    (
        "drifting_gratings",
        _L4,
        """
    sigma_deg | deg | fit of B + A1 G(theta - p) + A2 G(theta - p - 180), G Gaussian wrapped 3
        times, 0 <= A <= 1.2 range, 5 <= sigma <= 500 | equal or missing responses
    half_width_deg | deg | sigma sqrt(2 ln 2) | equal or missing responses
    """,
    ),
    (
        "contrast_tuning",
        _CLASS,
        """
    contrast_class |  | the best by AIC of b + h S(contrast), S a sigmoid of slope 10 that rises
        (high), falls (low) or a product of both (band); negative binomial counts | no spikes, fewer
        than 4 contrasts
    aic_difference | 1 | AIC of the second best minus that of the best | no spikes, fewer than 4
        contrasts
    c50 | 1 | contrast at the middle of the best sigmoid (of the rising one for band) | no spikes,
        fewer than 4 contrasts
    """,
    ),
)

#: Every column, with unit, formula and source.
METRICS: tuple[Metric, ...] = tuple(
    metric
    for stimulus, source, text in _ROWS
    for metric in entries(DEFINITION, stimulus, text, source)
)

#: Defects of the published program, off unless asked for.
QUIRKS: tuple[ResponseQuirk, ...] = (
    ResponseQuirk(
        "stretched-lags",
        DEFINITION,
        "flashes",
        "the n lags of the autocorrelation are taken to span n bins, not n - 1: time constants grow by 4 % "
        "(autocorrelation_timescale(stretched_lags=True))",
        "lag k is k bins",
    ),
)
