"""Defects of the published programs for traces that change numbers."""

from __future__ import annotations

from allentk.responses.definition import ResponseQuirk

__all__ = ["QUIRKS"]

#: Defects of the published program, off unless asked for.
QUIRKS = (
    ResponseQuirk(
        name="zero_edges",
        definition="traces",
        stimulus="",
        published=(
            "Running medians see zeros beyond both ends of a recording (AllenSDK "
            "brain_observatory.dff), so that the baseline of the first and last 90 s is too low and dF/F "
            "too high: by 12 % at the first frame of a flat trace of 300 with noise of 8."
        ),
        mended="The trace is mirrored at its ends.",
    ),
    ResponseQuirk(
        name="first_mean_count",
        definition="traces",
        stimulus="",
        published=(
            "The running mean of dF/F by windowed mode divides the first half window by one frame less "
            "than it has summed, so that the baseline of the first 50 s is too high."
        ),
        mended="The sum is divided by the number of its frames.",
    ),
    ResponseQuirk(
        name="zero_frame",
        definition="traces",
        stimulus="",
        published=(
            "A frame in which the trace of any one cell is zero is not demixed: every cell gets 0 there."
        ),
        mended="Only cells whose masks hang together with that cell's are NaN there.",
    ),
    ResponseQuirk(
        name="same_fold",
        definition="traces",
        stimulus="",
        published=(
            "The error of the neuropil share is taken on the folds that chose it: the folds average, they "
            "do not validate."
        ),
        mended=(
            "Each fold's error is taken at the share that the other folds choose. The share itself is the "
            "same."
        ),
    ),
    ResponseQuirk(
        name="half_width_middle",
        definition="traces",
        stimulus="",
        published=(
            "The search for the penalty of L0 events tries half the width of the interval, (right - left) "
            "/ 2, for its middle, and keeps what it tried last: it can end with events smaller than asked "
            "for."
        ),
        mended="The middle is (left + right) / 2, and the penalty kept is one that fulfils what is asked.",
    ),
    ResponseQuirk(
        name="thirty_hz",
        definition="traces",
        stimulus="",
        published="Calcium decays per frame as if there were 30 frames a second, not 30.08.",
        mended="The rate is that of the traces' clock.",
    ),
)
