"""What every step asks of its traces, and how it tells of cells that it cannot measure."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.data import Traces
from allentk.errors import DataError

__all__ = ["check_window", "given", "made", "same_cells", "tell", "unmeasured"]

_TOLD = 10  # cells that a warning names


def given(traces: object, unit: str, what: str) -> Traces:
    """Return `traces`.

    Raises
    ------
    DataError
        Where they are no Traces, or of another unit.
    """
    if not isinstance(traces, Traces):
        raise DataError(
            f"{what}: expected Traces, got a {type(traces).__name__}; of arrays make "
            f"Traces(values, time_s, ids, {unit!r})"
        )
    if traces.unit != unit:
        raise DataError(
            f"{what}: expected traces of unit {unit!r}, got {traces.unit!r}; if the numbers are in "
            f"{unit!r}, make Traces(values, time_s, ids, {unit!r})"
        )
    return traces


def same_cells(first: Traces, second: Traces, what: str) -> None:
    """Check that two traces are of the same cells and frames.

    Raises
    ------
    DataError
        Where they are not.
    """
    if first.values.shape != second.values.shape or (first.ids != second.ids).any():
        raise DataError(
            f"{what}: both traces must have the same cells and frames, got {first!r} and {second!r}"
        )


def check_window(frames: int, n_frames: int, what: str) -> None:
    """Check that a running median's window is odd and shorter than the traces.

    Raises
    ------
    DataError
        Where it is not.
    """
    if not isinstance(frames, int | np.integer) or frames < 1 or frames % 2 == 0:
        raise DataError(f"{what}: a window must be an odd number of frames, got {frames!r}")
    if frames >= n_frames:
        raise DataError(
            f"{what}: the traces have {n_frames} frames, but a window of {frames} frames needs more than "
            f"that; give a shorter window"
        )


def unmeasured(traces: Traces) -> dict[int, str]:
    """Return what is wrong with each row whose frames are not all finite."""
    wrong = {}
    for row, values in enumerate(traces.values):
        bad = ~np.isfinite(values)
        if bad.any():
            wrong[row] = f"{int(bad.sum())} frames are not finite, the first is {int(bad.argmax())}"
    return wrong


def tell(what: str, ids: Sequence[int] | NDArray[np.int64], wrong: Mapping[int, str]) -> None:
    """Warn once of all cells that get NaN, and say why.

    Parameters
    ----------
    what : str
        The step.
    ids : sequence of int
        Ids of all cells.
    wrong : mapping of int to str
        Reason by row.
    """
    if not wrong:
        return
    said = "; ".join(f"cell {ids[row]}: {why}" for row, why in list(wrong.items())[:_TOLD])
    more = f"; and {len(wrong) - _TOLD} more" if len(wrong) > _TOLD else ""
    warnings.warn(
        f"{what}: {len(wrong)} of {len(ids)} cells get NaN: {said}{more}", UserWarning, stacklevel=3
    )


def made(values: NDArray[Any], like: Traces, unit: str) -> Traces:
    """Return new values of the same cells and frames, without a copy of them."""
    values.flags.writeable = False
    return Traces(values, like.time_s, like.ids, unit)
