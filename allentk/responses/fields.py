"""Receptive fields from gabors and from locally sparse noise, by their means over trials."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.averages import sums
from allentk.responses.checks import positive
from allentk.responses.courses import BIN_S
from allentk.responses.measured import Measured, Window, frame_of, measure
from allentk.responses.sparse_noise import NOISE_HEIGHT_DEG, spot_signs
from allentk.responses.trials import finite_means

__all__ = ["field_columns", "gabors", "locally_sparse_noise"]

Array = NDArray[np.float64]

_MEANS = ("peak_rate_hz", "mean_rate_hz", "spontaneous_rate_hz")
_FIELD = ("x_deg", "y_deg", "area_deg2", "z")
_GABORS = (
    *(f"rf_{name}" for name in _FIELD),
    "preferred_orientation_deg",
    *_MEANS,
    "reliability",
    "n_trials",
)
_NOISE = (
    *(f"rf_{side}_{name}" for side in ("on", "off") for name in _FIELD),
    "preferred_color",
    *_MEANS,
    "n_trials",
)


def gabors(
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    *,
    ids: ArrayLike | None = None,
    running: object = None,
    response_window_s: Window = None,
    spontaneous_window_s: Window = None,
    bin_s: float = BIN_S,
) -> pd.DataFrame:
    """Measure responses to small gratings at many places by their means over trials.

    Parameters and errors as of ``allentk.responses.gabors``.
    """
    of = measure(
        "gabors",
        responses,
        table,
        {"y_deg": None, "x_deg": None, "orientation_deg": 180.0},
        ids=ids,
        response_window_s=response_window_s,
        spontaneous_window_s=spontaneous_window_s,
    )
    maps = finite_means(of.averages.mean, axis=3)
    x, y = of.grid.axes["x_deg"], of.grid.axes["y_deg"]
    columns = of.common(running, bin_s) | field_columns("rf_", maps, x, y)
    columns["preferred_orientation_deg"] = of.preferred("orientation_deg")
    return frame_of(columns, _GABORS, spikes=of.spikes)


def field_columns(prefix: str, maps: Array, x_deg: Array, y_deg: Array) -> dict[str, Any]:
    """Return centre, area and height of the receptive field of every cell.

    Parameters
    ----------
    prefix : str
        Of the columns.
    maps : ndarray, shape (n_cells, n_y, n_x)
        Mean response to every place; NaN where nothing was shown.
    x_deg, y_deg : ndarray, shapes (n_x,) and (n_y,)
        Places in degrees.

    Returns
    -------
    dict
        ``x_deg``, ``y_deg``: the centre of mass, above the map's median, of the region that holds the
        peak and is more than half as high; ``area_deg2``: the area of its pixels; ``z``: the peak above
        the map's mean, in its standard deviations. NaN for a flat map; where half of the map or more is
        as high as its peak, such as around a hole, there is no region, and only ``z`` is a number.

    Examples
    --------
    >>> spot = np.zeros((1, 3, 3)); spot[0, 1, 2] = 1.0
    >>> place = np.array([-10.0, 0.0, 10.0])
    >>> field = field_columns("rf_", spot, place, place)
    >>> field["rf_x_deg"].item(), field["rf_area_deg2"].item()
    (10.0, 100.0)
    """
    from scipy.ndimage import label

    found = np.full((maps.shape[0], len(_FIELD)), np.nan)
    pixel = _spacing(x_deg) * _spacing(y_deg)
    for cell, field in enumerate(maps):
        known = np.isfinite(field)
        if not known.any():
            continue
        spread = field[known].std()
        if spread <= 1e-12 * np.abs(field[known]).max():
            continue
        found[cell, 3] = (field[known].max() - field[known].mean()) / spread
        floor = np.median(field[known])
        height = np.where(known, field - floor, 0.0)
        if height.max() <= 0:
            continue
        labels, _ = label(height > height.max() / 2)
        region = labels == labels[np.unravel_index(height.argmax(), height.shape)]
        weight = np.where(region, height, 0.0)
        found[cell, :3] = (
            (weight.sum(axis=0) * x_deg).sum() / weight.sum(),
            (weight.sum(axis=1) * y_deg).sum() / weight.sum(),
            region.sum() * pixel,
        )
    return {f"{prefix}{name}": found[:, place] for place, name in enumerate(_FIELD)}


def _spacing(places_deg: Array) -> float:
    return float(np.median(np.abs(np.diff(places_deg)))) if places_deg.size > 1 else np.nan


def locally_sparse_noise(
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    *,
    template: ArrayLike,
    ids: ArrayLike | None = None,
    response_window_s: Window = None,
    spontaneous_window_s: Window = None,
    pixel_deg: float | None = None,
) -> pd.DataFrame:
    """Measure responses to spots by their means over trials.

    Parameters and errors as of ``allentk.responses.locally_sparse_noise``.
    """
    of = measure(
        "locally_sparse_noise",
        responses,
        table,
        {"frame": None},
        ids=ids,
        response_window_s=response_window_s,
        spontaneous_window_s=spontaneous_window_s,
    )
    spots = _spots(template, of.grid.axes["frame"])
    _, n_y, n_x = spots.shape
    side_deg = NOISE_HEIGHT_DEG / n_y if pixel_deg is None else positive("pixel_deg", pixel_deg)
    x = (np.arange(n_x) - (n_x - 1) / 2) * side_deg
    y = ((n_y - 1) / 2 - np.arange(n_y)) * side_deg
    columns, maps = of.means(), {}
    for side, sign in (("on", 1), ("off", -1)):
        maps[side] = _spot_means(of, spots == sign)
        columns |= field_columns(f"rf_{side}_", maps[side], x, y)
    peaks = [np.where(np.isnan(m), -np.inf, m).max(axis=(1, 2)) for m in maps.values()]
    peak = np.maximum(*peaks)
    prefers = np.isfinite(peak) & ((peak > 0) | (not of.spikes))
    columns["peak_rate_hz"] = np.where(np.isfinite(peak), peak, np.nan)
    columns["mean_rate_hz"] = finite_means(of.trials)
    color = np.where(peaks[0] >= peaks[1], 1.0, -1.0)
    columns["preferred_color"] = np.where(prefers, color, np.nan)
    return frame_of(columns, _NOISE, spikes=of.spikes)


def _spots(template: ArrayLike, frames: Array) -> NDArray[np.int8]:
    """Return 1 for white, -1 for black and 0 for gray spots of the frames shown."""
    signs = spot_signs(template)
    wrong = frames[(frames >= len(signs)) | (frames != np.floor(frames))]
    if wrong.size:
        raise DataError(
            f"locally_sparse_noise: frame {wrong[-1]:g} was shown, but the template has "
            f"{len(signs)} frames, from 0; give the template of this stimulus"
        )
    return signs[frames.astype(np.int64)]


def _spot_means(of: Measured, there: NDArray[np.bool_]) -> Array:
    """Return the mean response to every spot, shape (n_cells, n_y, n_x)."""
    n = of.averages.n.astype(float)
    total = sums(np.where(np.isfinite(of.trials), of.trials, 0.0), of.grid.index, n.shape[1])
    member = there.reshape(len(there), -1).astype(float)
    count = n @ member
    mean: Array = np.full(count.shape, np.nan)
    np.divide(total @ member, count, out=mean, where=count > 0)
    return mean.reshape(n.shape[0], *there.shape[1:])
