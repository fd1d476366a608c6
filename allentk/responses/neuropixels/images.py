"""Natural scenes and natural movies."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable
from allentk.errors import DataError
from allentk.responses.definition import chosen
from allentk.responses.neuropixels.measure import Cells, Columns, Running, measured
from allentk.responses.neuropixels.metrics import QUIRKS
from allentk.responses.neuropixels.tuned import first_largest, image_selectivity

__all__ = ["natural_movie", "natural_scenes"]


def natural_scenes(
    responses: SpikeTrains | NetworkResponse,
    table: StimulusTable | None = None,
    *,
    ids: ArrayLike | None = None,
    running: Running | None = None,
    quirks: str | Iterable[str] = (),
    name: str | None = None,
    duration_s: float | None = None,
    recording_s: tuple[float, float] | None = None,
) -> pd.DataFrame:
    """Measure responses to natural scenes.

    Parameters, errors and columns
        As in `drifting_gratings`; the table has ``frame``, the number of the image, -1 for a blank; the
        window is 0.25 s. With the quirk ``"image_as_condition"`` ``preferred_image`` numbers the
        conditions of the whole table, so give that of the whole session.

    References
    ----------
    Siegle et al. 2021, Nature 592:86; Allen Brain Observatory, Visual Coding - Neuropixels.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 0.25], "stop_s": [0.25, 0.5],
    ...     "stimulus": "natural_scenes", "frame": [7.0, 3.0]})
    >>> natural_scenes(SpikeTrains([0.3], [0], 1), StimulusTable(shown))["preferred_image"].tolist()
    [3.0]
    """
    return measured(
        "natural_scenes",
        responses,
        table,
        _scenes,
        ids=ids,
        running=running,
        quirks=quirks,
        options={"name": name, "duration_s": duration_s, "recording_s": recording_s},
    )


def _scenes(cells: Cells) -> Columns:
    _, several = first_largest(cells.means, cells.quirks)
    shown = cells.shown
    numbers: NDArray[np.generic] = shown.parameters["frame"]
    if "image_as_condition" in cells.quirks:
        numbers = shown.session_condition
    return {
        "preferred_image": cells.unless_silent(numbers[cells.preferred]),
        "several_preferred_images": several & ~cells.unvalued,
        "image_selectivity": cells.unless_silent(image_selectivity(cells.means)),
    }


def natural_movie(
    responses: SpikeTrains | NetworkResponse,
    table: StimulusTable | None = None,
    *,
    ids: ArrayLike | None = None,
    running: Running | None = None,
    quirks: str | Iterable[str] = (),
    name: str | None = None,
    duration_s: float | None = None,
    recording_s: tuple[float, float] | None = None,
) -> pd.DataFrame:
    """Measure responses to the frames of a natural movie.

    Parameters, errors and columns
        As in `drifting_gratings`; the table has ``frame``; where it has several movies, `name` chooses
        one, such as ``"natural_movie_one"``. The window is what a frame lasts.

    References
    ----------
    Allen Brain Observatory, Visual Coding - Neuropixels.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 0.25], "stop_s": [0.25, 0.5],
    ...     "stimulus": "natural_movie_one", "frame": [0.0, 1.0]})
    >>> natural_movie(SpikeTrains([0.3], [0], 1), StimulusTable(shown))["preferred_frame"].tolist()
    [1.0]
    """
    asked = chosen(quirks, QUIRKS)
    if "movie_without_duration" in asked and duration_s is None:
        raise DataError(
            "natural_movie: with the quirk 'movie_without_duration' there is no usual window; give "
            "duration_s, such as duration_s=1 / 30"
        )
    return measured(
        "natural_movie",
        responses,
        table,
        _movie,
        ids=ids,
        running=running,
        quirks=asked,
        options={"name": name, "duration_s": duration_s, "recording_s": recording_s},
    )


def _movie(cells: Cells) -> Columns:
    frame = cells.shown.parameters["frame"][cells.preferred]
    return {"preferred_frame": cells.unless_silent(frame)}
