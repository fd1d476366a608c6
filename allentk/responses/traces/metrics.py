"""What the steps from pixels to events give, as rows of the page of metrics."""

from __future__ import annotations

from allentk.responses.definition import Metric

__all__ = ["METRICS"]


def _step(name: str, unit: str, formula: str, source: str, excluded: str = "") -> Metric:
    return Metric("", name, "traces", unit, formula, excluded, source)


_NOT_FINITE = "NaN for a cell with a frame that is not finite; the warning names it."

#: Every column, with unit, formula and source.
METRICS = (
    _step(
        "demixed",
        "F",
        "d with sum_j S_ij / F_j d_j = n_i F_i in every frame; S_ij the frame's sum over the pixels of "
        "masks i and j, n_i the pixels of mask i, F the mean in each mask.",
        "AllenSDK brain_observatory.demixer",
        "NaN in a frame in which a trace of the masks that hang together is zero.",
    ),
    _step(
        "r",
        "1",
        "The share of least RMS(C - (F - r N)) / abs(mean F), averaged over 4 folds, (I + 0.05 L'L) C = F "
        "- r N; steps 0.1, 0.01, 0.001. F and N are not normalised.",
        "AllenSDK brain_observatory.r_neuropil",
        "NaN where a frame is not finite, a fold's mean is zero, or the error still falls at the largest "
        "share tried; notes say which.",
    ),
    _step(
        "error",
        "1",
        "The error of r, each fold at the share of least error of the others.",
        "AllenSDK brain_observatory.r_neuropil, there on the same folds",
        "As r.",
    ),
    _step("corrected", "F", "F - r N.", "AllenSDK brain_observatory.r_neuropil", "NaN without r."),
    _step(
        "dff",
        "dF/F",
        "d = (F - B) / max(B, noise_std(F)), B the running median over 5401 frames; less min(running "
        "median of d over 101 frames, 2.5 noise_std(d)).",
        "AllenSDK brain_observatory.dff, windowed median",
        _NOT_FINITE,
    ),
    _step(
        "dff_windowed_mode",
        "dF/F",
        "(F - M) / M, M the running mean over 3000 frames of the running mode over 5400 of F in whole "
        "counts.",
        "AllenSDK brain_observatory.dff, windowed mode",
        _NOT_FINITE,
    ),
    _step(
        "noise_std",
        "as the traces",
        "1.4826 MAD of x = trace - running median over 31 frames, of those x below 1.5 abs(min x) and then "
        "below 2.5 of their own 1.4826 MAD.",
        "AllenSDK brain_observatory.dff.noise_std",
        _NOT_FINITE,
    ),
    _step(
        "events",
        "dF/F",
        "Jumps up of the c of least 1/2 sum (y - c)^2 + lambda #{c_t != gamma c_(t-1)}, gamma by the "
        "line's half-life, lambda the least one that leaves no event below 2 noise_std.",
        "de Vries et al. 2020 (Nat Neurosci 23:138); Jewell and Witten 2018 (Ann Appl Stat 12:2457)",
        _NOT_FINITE,
    ),
    _step(
        "filtered_events",
        "dF/F",
        "Events weighted by exp(-(k / s)^2 / 2) of k = 0..19 frames ago, weights of sum 1, s = 2/31 s.",
        "AllenSDK brain_observatory.behavior.event_detection",
    ),
)
