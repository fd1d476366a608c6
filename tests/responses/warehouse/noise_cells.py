"""Generated cells with known receptive fields, under locally sparse noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import lfilter

from allentk.data import StimulusTable, Traces

#: Row and column of the field's center, and what the cell answers: 1 white, -1 black, 0 nothing.
CELLS = ((5, 9, 1), (10, 18, -1), (8, 14, 0))
N_TRIALS, PERIOD, LEAD = 1500, 8, 50


def noise_template(n: int = N_TRIALS, shape: tuple[int, int] = (16, 28)) -> NDArray[np.uint8]:
    """Return patterns with 11 spots of 448 pixels."""
    rng = np.random.default_rng(11)
    n_pixels = shape[0] * shape[1]
    spots = max(n_pixels // 40, 1)
    out = np.full((n, n_pixels), 127, dtype=np.uint8)
    for pattern in out:
        pattern[rng.choice(n_pixels, spots, replace=False)] = rng.choice([0, 255], spots)
    return out.reshape(n, *shape)


def noise_table(n: int = N_TRIALS) -> StimulusTable:
    """Return presentations 8 frames apart that last 7 frames."""
    start = LEAD + PERIOD * np.arange(n)
    return StimulusTable(
        pd.DataFrame(
            {
                "start_s": start / 30,
                "stop_s": (start + 7) / 30,
                "stimulus": "locally_sparse_noise",
                "frame": np.arange(n),
                "start_frame": start,
                "stop_frame": start + 7,
            }
        )
    )


def responding(template: NDArray[np.uint8], cell: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Return the patterns with a spot of the cell's color within a pixel of its center."""
    row, column, sign = cell
    near = template[:, row - 1 : row + 2, column - 1 : column + 2].astype(int)
    lit = near > 127 if sign > 0 else near < 127
    return lit.any(axis=(1, 2)) & (sign != 0)


def noise_traces(
    template: NDArray[np.uint8], cells: tuple[tuple[int, int, int], ...] = CELLS, seed: int = 5
) -> Traces:
    """Return dF/F: calcium after every pattern that a cell answers, and noise of 0.02."""
    rng = np.random.default_rng(seed)
    n_frames = 2 * LEAD + PERIOD * len(template)
    values = np.empty((len(cells), n_frames))
    for trace, cell in zip(values, cells, strict=True):
        spikes = np.zeros(n_frames)
        answered = np.flatnonzero(responding(template, cell) & (rng.random(len(template)) < 0.6))
        spikes[LEAD + PERIOD * answered + 4] = rng.uniform(0.3, 0.6, answered.size)
        spikes[rng.integers(0, n_frames, 12)] += 0.4
        trace[:] = lfilter([1.0], [1, -np.exp(-1 / 12)], spikes)
        trace += 0.02 * rng.normal(size=n_frames)
    return Traces(values, np.arange(n_frames) / 30, 100 + np.arange(len(cells)), "dF/F")


def running_session(n_frames: int = 12_000) -> tuple[Traces, StimulusTable, NDArray[np.float64]]:
    """Return dF/F of a cell that follows speed, one that falls with it and one that does neither."""
    rng = np.random.default_rng(21)
    bouts = np.convolve(rng.random(n_frames) < 0.004, np.ones(120), "same")
    speed = 8 * bouts + 0.4 * rng.random(n_frames)
    speed[700:705] = np.nan
    noise = rng.normal(size=(3, n_frames))
    values = 0.05 * noise + 0.02 * np.array([[1.0], [-1.0], [0.0]]) * np.nan_to_num(speed)
    time = np.arange(n_frames) / 30
    epochs = pd.DataFrame({"start_frame": [500, 7000], "stop_frame": [3500, 10_000]})
    epochs["start_s"], epochs["stop_s"] = epochs["start_frame"] / 30, epochs["stop_frame"] / 30
    table = StimulusTable(epochs.assign(stimulus="spontaneous"))
    return Traces(values, time, [1, 2, 3], "dF/F"), table, speed
