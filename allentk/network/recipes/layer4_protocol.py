"""What the layer 4 model was shown: the stimuli it was tuned with, and those it was tested with.

References
----------
Arkhipov et al. 2018, PLoS Computational Biology 14:e1006535, and its supporting scripts SI_4 and SI_5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import StimulusTable
from allentk.errors import DataError
from allentk.network import visual
from allentk.network.movies import Movie, VisualStimulus
from allentk.network.visual_field import Screen

__all__ = ["layer4_protocol"]

#: Pixels of the published movies.
SCREEN = Screen(pitch_deg=1.25)

#: Length of a trial, and of the gray at its begin, seconds.
TRIAL_S, GRAY_S = 3.0, 0.5

N_TRIALS, N_SPONTANEOUS = 10, 20

#: Gratings that responses were analysed for: cycles per linear degree and second; contrast.
SPATIAL_CPD, TEMPORAL_HZ, CONTRAST = 0.05, (1.0, 2.0, 4.0, 8.0), 0.8

#: Spatial and temporal frequencies of all that were rendered, in the order of their numbers.
RENDERED = (
    (0.025, 0.05, 0.1, 0.2, 0.4, 0.8),
    (1.0, 2.0, 4.0, 8.0, 15.0),
)

#: Begin and end of the flashes within a trial, seconds.
FLASHES = {"flash_1": (1.0, 2.0), "flash_2": (0.6, 0.65)}

#: Linear degrees per second: 50 pixels.
BAR_SPEED = 62.5

#: Length of a natural image, and how often the sequence of all is shown.
IMAGE_S, N_SEQUENCES = 0.25, 100


def layer4_protocol(
    stage: Literal["training", "test"],
    *,
    temporal_frequencies_hz: tuple[float, ...] = TEMPORAL_HZ,
    images: ArrayLike | None = None,
    movies: Mapping[str, Movie] | None = None,
    n_trials: int = N_TRIALS,
    seed: int = 0,
) -> dict[str, StimulusTable]:
    """Return the stimuli that the layer 4 model was tuned with, or tested with.

    Parameters
    ----------
    stage : {"training", "test"}
        Gratings and a gray screen; or flashes, bars, natural images and movies.
    temporal_frequencies_hz : tuple of float
        Of the gratings; the first instance of the LL model was shown all four, the second 2, 4 and 8 Hz,
        all other models 4 Hz.
    images : array_like, shape (n, height, width), optional
        Natural images of the test, contrasts of -1 to 1 that fill the screen of 240 x 120 linear degrees;
        ten in the published model. Left out without.
    movies : mapping of str to Movie, optional
        Natural movies of the test, of 2.5 s at the least; three clips in the published model.
    n_trials : int
        Trials of every grating, flash, bar and movie; a gray screen is shown twice as often.
    seed : int
        Draws the order.

    Returns
    -------
    dict of str to StimulusTable
        Every trial takes 3 s and begins with 0.5 s of gray, which the filters of the LGN have forgotten
        after 0.5 s. ``"drifting_gratings"``: square waves of 0.05 cycles per degree in eight directions,
        with ``condition``, the number of the published movie. ``"spontaneous"``: a row per trial.
        ``"flash_1"`` (1 s), ``"flash_2"`` (50 ms); ``"bars"`` (white and black, to the right and down);
        ``"natural_scenes"`` (sequences of 0.25 s per image, 100 times) and the names of `movies`.

    Raises
    ------
    DataError
        On another stage, images or movies in training, or numbers that make no sense.

    Notes
    -----
    Which polarity the flashes had (white here), how wide the bars were (5 degrees here), how long an image
    was shown (0.25 s: ten fill a trial) and how often the clips were shown is not in the published files
    that we know.

    Examples
    --------
    >>> from allentk.network import recipes
    >>> {name: len(table) for name, table in recipes.layer4_protocol("training").items()}
    {'drifting_gratings': 320, 'spontaneous': 20}
    >>> sorted(recipes.layer4_protocol("test"))
    ['bars', 'flash_1', 'flash_2']
    """
    if n_trials < 1:
        raise DataError(f"layer4_protocol: n_trials must be 1 or more, got {n_trials}")
    if stage == "training":
        if images is not None or movies is not None:
            raise DataError("layer4_protocol: images and movies belong to the stage 'test'")
        return {
            "drifting_gratings": _gratings(temporal_frequencies_hz, n_trials, seed),
            "spontaneous": _spontaneous(round(n_trials * N_SPONTANEOUS / N_TRIALS)),
        }
    if stage != "test":
        raise DataError(f"layer4_protocol: stage must be 'training' or 'test', got {stage!r}")
    found: dict[str, StimulusTable] = {name: _flash(name, n_trials) for name in FLASHES}
    found["bars"] = _bars(n_trials, seed)
    if images is not None:
        found["natural_scenes"] = _scenes(images, seed)
    for name, movie in (movies or {}).items():
        found[name] = _movie(name, movie, n_trials)
    return found


def _gratings(frequencies: tuple[float, ...], n_trials: int, seed: int) -> StimulusTable:
    shown = visual.drifting_gratings(
        temporal_frequencies_hz=frequencies,
        n_repeats=n_trials,
        duration_s=TRIAL_S - GRAY_S,
        gap_s=GRAY_S,
        blanks=False,
        spatial_frequency_cpd=SPATIAL_CPD,
        contrast=CONTRAST,
        waveform="square",
        seed=seed,
    ).table
    spatial, temporal = RENDERED
    number = [
        temporal.index(f) if f in temporal else np.nan for f in shown["temporal_frequency_hz"]
    ]
    k = 1 + spatial.index(SPATIAL_CPD) * len(temporal) + np.array(number)
    turns = shown["orientation_deg"] / 45
    return StimulusTable(shown.assign(condition=k + len(spatial) * len(temporal) * turns))


def _spontaneous(n: int) -> StimulusTable:
    start = TRIAL_S * np.arange(n)
    rows = {"start_s": start, "stop_s": start + TRIAL_S, "stimulus": "spontaneous"}
    return StimulusTable(pd.DataFrame(rows))


def _flash(name: str, n: int) -> StimulusTable:
    """Return a flash per trial; gray until the end of the last trial."""
    begin, end = FLASHES[name]
    start = TRIAL_S * np.arange(n)
    rows = [
        {"start_s": start + begin, "stop_s": start + end, "stimulus": "flashes", "color": 1.0},
        {"start_s": start + end, "stop_s": start + TRIAL_S, "stimulus": "blank", "color": np.nan},
    ]
    table = pd.concat([pd.DataFrame(part) for part in rows]).sort_values("start_s")
    contrast = np.where(table["stimulus"] == "flashes", CONTRAST, np.nan)
    return StimulusTable(table.assign(contrast=contrast))


def _bars(n_trials: int, seed: int) -> StimulusTable:
    """Return sweeps in the time they take, each after gray."""
    return visual.sequence(
        [
            visual.moving_bars(
                directions_deg=(0.0, 270.0),
                speed_deg_s=BAR_SPEED,
                color=color,
                n_repeats=n_trials,
                gap_s=GRAY_S,
                screen=SCREEN,
                seed=seed + index,
            )
            for index, color in enumerate((1, -1))
        ]
    )


def _scenes(images: ArrayLike, seed: int) -> StimulusTable:
    """Return sequences of all images, each in an order of its own, gray before each sequence."""
    shown = np.asarray(images)
    if shown.ndim != 3 or not shown.size:
        raise DataError(
            f"layer4_protocol: images must have shape (n, height, width), got {shown.shape}"
        )
    pixels = [
        _pixels(n, size)
        for n, size in zip(shown.shape[:0:-1], (SCREEN.width_deg, SCREEN.height_deg), strict=True)
    ]
    made = visual.natural_scenes(
        shown, pixels[0], pixels[1][::-1], n_repeats=N_SEQUENCES, duration_s=IMAGE_S, blanks=False,
        seed=seed,
    )  # fmt: skip
    rows = made.table
    gray = GRAY_S * (1 + np.arange(len(rows)) // len(shown))
    moved = rows.assign(start_s=rows["start_s"] + gray, stop_s=rows["stop_s"] + gray)
    return VisualStimulus(moved, made.movies)


def _pixels(n: int, size: float) -> NDArray[np.float64]:
    """Return the centres of pixels that fill a side."""
    centres: NDArray[np.float64] = (np.arange(n) - (n - 1) / 2) * size / n
    return centres


def _movie(name: str, movie: Movie, n: int) -> StimulusTable:
    start = TRIAL_S * np.arange(n)
    rows = {"start_s": start + GRAY_S, "stop_s": start + TRIAL_S, "stimulus": name, "movie": name}
    return VisualStimulus(pd.DataFrame(rows), {name: movie})
