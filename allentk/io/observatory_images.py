"""The field of view of a two-photon session: its image, the cells' masks, and how it moved."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.errors import FormatError
from allentk.io.hdf5 import dataset, member, numbers, open_hdf5, texts
from allentk.io.observatory_layout import PIPELINE, PLANE_MASKS, WHAT, optional

__all__ = ["max_projection", "motion_correction", "roi_masks"]

_PROJECTION = f"{PLANE_MASKS}/reference_images/maximum_intensity_projection_image"
#: The first pipeline wrote the plural.
_MOTION = tuple(
    f"{PIPELINE}/MotionCorrection/2p_image_series/{name}"
    for name in ("xy_translation", "xy_translations")
)


def max_projection(path: str) -> NDArray[np.float64]:
    """Return the brightest value of every pixel over the session, shape ``(height, width)``.

    Raises
    ------
    DataError
        Where the session has none.
    FormatError
        Where it is no image.
    """
    with open_hdf5(path, WHAT) as file:
        step = "The masks are in roi_masks()"
        group = optional(file, _PROJECTION, path, what="maximum projection", step=step)
        return numbers(group, "data", path, ndim=2).astype(float)


def roi_masks(path: str, rows: Sequence[int], *, n_cells: int) -> NDArray[np.bool_]:
    """Return masks of cells, shape ``(len(rows), height, width)``.

    Parameters
    ----------
    path : str
        The session's file.
    rows : sequence of int
        Which cells, by their place in the order of the traces.
    n_cells : int
        Cells in the session.

    Raises
    ------
    FormatError
        Where a mask is missing, or the masks are not of one size.
    """
    with open_hdf5(path, WHAT) as file:
        names = texts(dataset(file, f"{PLANE_MASKS}/roi_list", path))
        if len(names) != n_cells:
            raise FormatError(
                f"{path}: /{PLANE_MASKS}/roi_list names {len(names)} masks for {n_cells} cells"
            )
        masks = [
            numbers(file, f"{PLANE_MASKS}/{names[row]}/img_mask", path, ndim=2) for row in rows
        ]
    shapes = sorted({mask.shape for mask in masks})
    if len(shapes) > 1:
        raise FormatError(f"{path}: /{PLANE_MASKS}: masks of unequal shapes: {shapes}")
    return np.array(masks).reshape(len(masks), *(shapes[0] if shapes else (0, 0))) > 0


def motion_correction(path: str) -> pd.DataFrame:
    """Return how far every frame was shifted.

    Returns
    -------
    DataFrame
        ``time_s`` in seconds, and the columns of the file by its own names (``x_motion`` and
        ``y_motion`` in pixels), one row per frame.

    Raises
    ------
    DataError
        Where the session has none.
    FormatError
        Where the columns do not fit the numbers, or the numbers the time stamps.
    """
    with open_hdf5(path, WHAT) as file:
        place = next((name for name in _MOTION if member(file, name) is not None), _MOTION[0])
        step = "Its traces are of corrected frames all the same"
        group = optional(file, place, path, what="motion correction", step=step)
        shifts = numbers(group, "data", path, ndim=2)
        times = numbers(group, "timestamps", path, ndim=1)
        names = texts(dataset(group, "feature_description", path))
    if shifts.shape != (times.size, len(names)):
        raise FormatError(
            f"{path}: /{place}: expected {times.size} time stamps by {len(names)} columns "
            f"({', '.join(names[:6])}), got shape {shifts.shape}"
        )
    table = pd.DataFrame(shifts.astype(float), columns=names)
    table.insert(0, "time_s", times.astype(float))
    return table
