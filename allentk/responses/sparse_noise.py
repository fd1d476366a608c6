"""Locally sparse noise as trials: which pixels were white and which black in every presentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data import StimulusTable
from allentk.errors import DataError
from allentk.responses.checks import positive
from allentk.responses.trials import presented

__all__ = ["NOISE_HEIGHT_DEG", "SparseNoise", "sparse_noise", "spot_signs"]

#: Height of the noise of the Brain Observatory in degrees: 16 rows of 4.65, or 8 of 9.3.
NOISE_HEIGHT_DEG = 74.4
_FAMILY = "locally_sparse_noise"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SparseNoise:
    """The presentations of one noise, and its patterns.

    Parameters
    ----------
    table : StimulusTable
        The presentations.
    template : ndarray of int8, shape (n_patterns, n_rows, n_columns)
        The patterns: 1 is white, -1 is black, 0 is gray.
    frame : ndarray of int64, shape (n_presentations,)
        Pattern shown in every presentation.
    pixel_deg : float
        Width of a pixel in degrees of visual angle.
    """

    table: StimulusTable
    template: NDArray[np.int8]
    frame: NDArray[np.int64]
    pixel_deg: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the noise."""
        return self.template.shape[1], self.template.shape[2]

    @property
    def n_pixels(self) -> int:
        """Number of pixels."""
        return int(self.template.shape[1] * self.template.shape[2])

    def lit(self, frame: NDArray[np.int64] | None = None) -> NDArray[np.bool_]:
        """Return where trials are white, then where they are black, shape ``(n, 2 * n_pixels)``.

        Parameters
        ----------
        frame : ndarray of int64, optional
            Patterns in place of those shown.
        """
        shown = self.template[self.frame if frame is None else frame].reshape(-1, self.n_pixels)
        return np.hstack([shown > 0, shown < 0])

    def kept(self, rows: NDArray[np.bool_]) -> SparseNoise:
        """Return these presentations only."""
        table = StimulusTable(self.table.table[rows])
        return SparseNoise(table, self.template, self.frame[rows], self.pixel_deg)


def sparse_noise(
    table: StimulusTable,
    template: ArrayLike,
    *,
    stimulus: str | None = None,
    pixel_deg: float | None = None,
) -> SparseNoise:
    """Pick the presentations of locally sparse noise out of a table.

    Parameters
    ----------
    table : StimulusTable
        What was shown; rows of other stimuli are left out. ``frame`` is the pattern, counted from 0.
    template : array_like, shape (n_patterns, n_rows, n_columns)
        The patterns, as ``session.stimulus_template(name).read()`` gives them: 0 (black), 127 (gray) and
        255 (white); or other values, see ``spot_signs``.
    stimulus : str, optional
        Name of the noise; needed where a table has noise of 4 and of 8 degrees.
    pixel_deg : float, optional
        Width of a pixel in degrees; by default 74.4 degrees by the number of rows, which is 4.65 or 9.3.

    Raises
    ------
    DataError
        Where the table has no such rows, or rows of two noises; on a template of another shape or without
        a gray; on a frame that is no pattern of the template; and on a width that is not positive.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = {"start_s": [0.0, 0.25], "stop_s": [0.25, 0.5], "stimulus": "locally_sparse_noise"}
    >>> shown = StimulusTable(pd.DataFrame(rows | {"frame": [1, 0]}))
    >>> sparse_noise(shown, np.full((2, 16, 28), 127)).pixel_deg
    4.65
    """
    patterns = spot_signs(template)
    rows = presented(table).table
    name = _name(rows["stimulus"].astype(str), stimulus)
    shown = StimulusTable(rows[rows["stimulus"].astype(str) == name])
    usual = NOISE_HEIGHT_DEG / patterns.shape[1]
    pixel = usual if pixel_deg is None else positive("pixel_deg", pixel_deg)
    return SparseNoise(shown, patterns, _frames(shown, name, len(patterns)), pixel)


def spot_signs(template: ArrayLike) -> NDArray[np.int8]:
    """Return 1 where a pattern is white, -1 where it is black, and 0 where it is gray.

    Parameters
    ----------
    template : array_like, shape (n_patterns, n_rows, n_columns)
        Brightness in any unit. Gray is the middle of three values, the more frequent of two, and a single
        one.

    Raises
    ------
    DataError
        On an array of another shape, values that are not finite, more than three of them, or two of which
        neither is more frequent.

    Examples
    --------
    >>> spot_signs([[[0, 127, 127], [127, 127, 255]]]).tolist()
    [[[-1, 0, 0], [0, 0, 1]]]
    """
    patterns = np.asarray(template)
    if patterns.ndim != 3 or patterns.dtype.kind not in "buif" or not patterns.size:
        raise DataError(
            f"{_FAMILY}: the template must be an array (patterns, rows, columns) of gray values, got "
            f"{type(template).__name__} of shape {patterns.shape}; of a session take "
            f"session.stimulus_template(name).read()"
        )
    levels, n = np.unique(patterns, return_counts=True)
    if levels.size > 3 or not np.isfinite(levels).all() or (levels.size == 2 and n[0] == n[1]):
        raise DataError(
            f"{_FAMILY}: the template must have the values of black, gray and white, and mostly gray "
            f"where there are two; got {levels.size} values: {', '.join(map(str, levels[:6]))}; give the "
            f"patterns without a mask"
        )
    gray = levels[1] if levels.size == 3 else levels[n.argmax()]
    signs: NDArray[np.int8] = (patterns > gray).astype(np.int8)
    signs[patterns < gray] = -1
    return signs


def _name(names: Any, asked: str | None) -> str:
    there = sorted({name for name in names if name.startswith(_FAMILY)})
    if asked is not None:
        if asked not in set(names):
            raise DataError(
                f"responses: the table has no presentations of {asked!r}; it has {sorted(set(names))}"
            )
        return asked
    if len(there) != 1:
        raise DataError(
            f"responses: expected the presentations of one {_FAMILY}, the table has {there or 'none'} "
            f"among {sorted(set(names))}; choose one with stimulus="
        )
    return str(there[0])


def _frames(shown: StimulusTable, name: str, n_patterns: int) -> NDArray[np.int64]:
    given = shown.table["frame"].to_numpy(dtype=float)
    wrong = ~((given >= 0) & (given < n_patterns) & (given == np.floor(given)))
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"{name}: presentation {row} shows frame {given[row]}, but the template has the patterns 0 to "
            f"{n_patterns - 1}; give the template of this stimulus"
        )
    numbers: NDArray[np.int64] = given.astype(np.int64)
    return numbers
