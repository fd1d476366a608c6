"""Fluorescence that is already cut into trials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.data._arrays import frozen
from allentk.errors import DataError

__all__ = ["TrialArray"]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class TrialArray:
    """Traces around the onsets of presentations, one window per cell and trial.

    Parameters
    ----------
    values : array_like, shape (n_cells, n_trials, n_frames)
        Fluorescence. Of dF/F give ``1 + dF/F``: fluorescence relative to its own baseline, which is the
        same to these metrics.
    onset_frame : int
        Frame of a window, counted from 0, in which the presentation begins. What lies before is baseline.
    frame_s : float
        Seconds from frame to frame.
    ids : array_like of int, shape (n_cells,)
        Ids of the cells.
    speed_cm_s : array_like, shape (n_trials,), optional
        Mean running speed in every trial.
    unit : str
        ``"F"``.

    Raises
    ------
    DataError
        Where shapes disagree, ids are not whole, there is no frame before or after the onset, or a step is
        not positive.

    Examples
    --------
    >>> TrialArray(np.ones((2, 5, 90)), 30, 0.033, [7, 8])
    <TrialArray: F of 2 cells, 5 trials of 90 frames, onset at frame 30>
    """

    values: NDArray[np.float64]
    onset_frame: int
    frame_s: float
    ids: NDArray[np.int64]
    speed_cm_s: NDArray[np.float64] | None = None
    unit: str = "F"

    def __post_init__(self) -> None:
        values = np.asarray(self.values).view()
        ids = frozen(self.ids, np.int64, what="TrialArray: ids")
        if values.ndim != 3 or values.dtype.kind != "f" or ids.shape != values.shape[:1]:
            raise DataError(
                f"TrialArray: expected real numbers of shape (cells, trials, frames) and one id per "
                f"cell, got {values.dtype} of shape {values.shape} and {ids.size} ids"
            )
        if not 0 < self.onset_frame < values.shape[2]:
            raise DataError(
                f"TrialArray: onset_frame must lie inside the windows of {values.shape[2]} frames, with a "
                f"baseline before it, got {self.onset_frame}"
            )
        if not (np.isfinite(self.frame_s) and self.frame_s > 0):
            raise DataError(f"TrialArray: frame_s must be a positive time, got {self.frame_s}")
        if self.speed_cm_s is not None:
            speed = frozen(self.speed_cm_s, what="TrialArray: speed_cm_s")
            if speed.shape != values.shape[1:2]:
                raise DataError(
                    f"TrialArray: expected {values.shape[1]} speeds, one per trial, got shape "
                    f"{speed.shape}"
                )
            object.__setattr__(self, "speed_cm_s", speed)
        values.flags.writeable = False
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "ids", ids)

    def __repr__(self) -> str:
        n_cells, n_trials, n_frames = self.values.shape
        return (
            f"<TrialArray: {self.unit} of {n_cells} cells, {n_trials} trials of {n_frames} frames, "
            f"onset at frame {self.onset_frame}>"
        )
