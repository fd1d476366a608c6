"""Tuning to running speed, in spontaneous activity and under stimuli, as the warehouse defines it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import ks_2samp

from allentk.data import StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.checks import check_seed, check_whole
from allentk.responses.definition import chosen
from allentk.responses.frames import frame_numbers
from allentk.responses.recorded import values_of
from allentk.responses.running import speeds_and_times
from allentk.responses.trials import cells_of, presented
from allentk.responses.warehouse.quirks import QUIRKS
from allentk.responses.warehouse.speed_bins import SpeedBins, speed_bins

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["speed_curves", "speed_tuning"]

Array = NDArray[np.float64]
_PERCENTILE = 99.9
_MOST_BINS, _MOST_SHUFFLES, _MOST_FRAMES = 1000, 10_000, 2**31
_CURVE_COLUMNS = (
    "cell",
    "condition",
    "speed_cm_s",
    "speed_sem_cm_s",
    "response",
    "response_sem",
)
_NAMES = ("spontaneous", "stimulus")


def speed_tuning(
    responses: Traces,
    table: StimulusTable,
    *,
    running: tuple[ArrayLike, ArrayLike],
    ids: ArrayLike | None = None,
    quirks: str | Iterable[str] = (),
    bin_frames: int = 800,
    n_shuffles: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Return how every cell depends on running speed.

    Frames are sorted by speed; those below 1 cm/s, if any, are the first bin, the others follow in bins of
    800 frames. A cell is modulated where the variance of its bin means exceeds the 99.9th percentile of
    that over shuffled frames. p is of a Kolmogorov-Smirnov test of one bin against all other frames: the
    bin of the greatest response, or, where that is at a lower speed than the least, that of the least.

    Parameters
    ----------
    responses : Traces
        The traces; the warehouse takes dF/F.
    table : StimulusTable
        The session's presentations; rows named ``spontaneous`` are spontaneous activity, and all that is
        outside of them counts as ``stimulus``.
    running : (speed_cm_s, time_s)
        Speed on the clock of the traces.
    ids : array_like of int, optional
        Cells to measure; all by default.
    quirks : str or iterable of str
        Defects of the published program to keep, or ``"published"`` for all of them.
    bin_frames, n_shuffles, seed : int
        Frames of a bin, number of shuffles and their seed.

    Returns
    -------
    DataFrame
        One row per cell: ``cell``; for both ``spontaneous`` and ``stimulus`` the columns
        ``speed_max_<of>_cm_s``, ``speed_min_<of>_cm_s``, ``p_speed_<of>``, ``speed_modulated_<of>``; and
        ``notes``. A cell with missing frames, or one bin of speed, is not modulated; the notes say so.

    Raises
    ------
    DataError
        On a speed of another clock, an unknown id or quirk, no spontaneous activity, numbers out of range,
        or too few frames for a bin.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> speed = np.repeat([0.0, 20.0], 500) + rng.random(1000)
    >>> traces = Traces(speed[None] + rng.normal(size=(1, 1000)), np.arange(1000) / 30, [3])
    >>> quiet = {"start_s": [0.0], "stop_s": [10.0], "stimulus": "spontaneous"}
    >>> found = speed_tuning(
    ...     traces, StimulusTable(pd.DataFrame(quiet)), running=(speed, traces.time_s), bin_frames=100
    ... )
    >>> bool(found["speed_modulated_stimulus"][0])
    True
    """
    import pandas as pd

    kept = chosen(quirks, QUIRKS)
    check_whole("n_shuffles", n_shuffles, least=1, most=_MOST_SHUFFLES)
    check_seed(seed)
    rows, cells = cells_of(responses, ids)
    speed = _speed(responses, running)
    columns: dict[str, object] = {"cell": cells}
    notes = [set[str]() for _ in cells]
    values = values_of(responses, rows)[:, : speed.size]
    for name, frames in zip(_NAMES, _frames(responses, table, speed), strict=True):
        bins = _bins(speed, frames, bin_frames, name, kept)
        curves = np.stack([bins.of(row) for row in values]) if len(values) else np.empty((0, 1, 2))
        columns |= _metrics(values, bins, curves[..., 0], name, kept, notes, bin_frames)
        shuffled = bins.shuffled_means(values, n_shuffles, seed).var(axis=2)
        columns[f"speed_modulated_{name}"] = curves[..., 0].var(axis=1) > np.percentile(
            shuffled, _PERCENTILE, axis=1
        )
    return pd.DataFrame(columns | {"notes": ["; ".join(sorted(said)) for said in notes]})


def speed_curves(
    responses: Traces,
    table: StimulusTable,
    *,
    running: tuple[ArrayLike, ArrayLike],
    ids: ArrayLike | None = None,
    bin_frames: int = 800,
) -> pd.DataFrame:
    """Return the tuning curves that `speed_tuning` measures.

    Parameters
    ----------
    responses, table, running, ids, bin_frames
        As of `speed_tuning`.

    Returns
    -------
    DataFrame
        One row per cell, condition and bin: ``cell``; ``condition``, ``spontaneous`` or ``stimulus``;
        ``speed_cm_s`` and ``response`` (in the unit of the traces), means over the bin, and their standard
        errors ``speed_sem_cm_s`` and ``response_sem``.

    Raises
    ------
    DataError
        As `speed_tuning`.

    Examples
    --------
    >>> import pandas as pd
    >>> speed = np.repeat([0.0, 20.0], 50)
    >>> traces = Traces(0.1 * speed[None], np.arange(100) / 30, [3])
    >>> quiet = {"start_s": [1.0], "stop_s": [2.5], "stimulus": "spontaneous"}
    >>> running = speed, traces.time_s
    >>> found = speed_curves(traces, StimulusTable(pd.DataFrame(quiet)), running=running, bin_frames=20)
    >>> found.loc[found["condition"] == "spontaneous", "response"].round(6).tolist()
    [0.0, 2.0]
    """
    import pandas as pd

    rows, cells = cells_of(responses, ids)
    speed = _speed(responses, running)
    parts = [pd.DataFrame(columns=list(_CURVE_COLUMNS))] if not rows.size else []
    for name, frames in zip(_NAMES, _frames(responses, table, speed), strict=True):
        bins = _bins(speed, frames, bin_frames, name, frozenset())
        for cell, row in zip(cells, rows, strict=True):
            both = *bins.speed_cm_s.T, *bins.of(responses.values[row]).T  # noqa: PD011
            found = dict(zip(_CURVE_COLUMNS, (cell, name, *both), strict=True))
            parts.append(pd.DataFrame(found))
    return pd.concat(parts, ignore_index=True)


def _speed(responses: Traces, running: tuple[ArrayLike, ArrayLike]) -> Array:
    """Return the speed in every frame; frames after its end have none."""
    if not isinstance(responses, Traces):
        raise DataError(f"speed tuning: expected Traces, got a {type(responses).__name__}")
    speed, time = speeds_and_times(running)
    n = min(speed.size, responses.time_s.size)
    step = np.median(np.diff(responses.time_s)) if responses.time_s.size > 1 else 1.0
    if not n:
        raise DataError("speed tuning: expected a speed in some frame, got none")
    if not (np.abs(time[:n] - responses.time_s[:n]) < step / 2).all():
        raise DataError(
            f"speed tuning: the speed must be on the clock of the traces, which starts at "
            f"{responses.time_s[0]:.3f} s in steps of {step:.4f} s, got {time[0]:.3f} s; interpolate it"
        )
    return speed[:n]


def _frames(
    responses: Traces, table: StimulusTable, speed: Array
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the frames of spontaneous activity, and all others."""
    rows = presented(table).table
    quiet = StimulusTable(rows[rows["stimulus"].astype(str) == "spontaneous"])
    if not len(quiet):
        raise DataError(
            f"speed tuning: the table has no rows named 'spontaneous'; it has "
            f"{sorted(set(rows['stimulus'].astype(str)))}"
        )
    first, last = frame_numbers(responses, quiet)
    outside = (first < 0) | (last > speed.size)
    if outside.any():
        warnings.warn(
            f"speed tuning: {outside.sum()} of {outside.size} spontaneous epochs reach beyond the "
            f"{speed.size} frames with a speed and are cut there; the first is epoch "
            f"{int(outside.argmax())}",
            stacklevel=3,
        )
    spontaneous = np.zeros(speed.size, dtype=bool)
    for a, b in zip(first, last, strict=True):
        spontaneous[max(a, 0) : max(b, 0)] = True
    return np.flatnonzero(spontaneous), np.flatnonzero(~spontaneous)


def _bins(
    speed: Array, frames: NDArray[np.int64], bin_frames: int, name: str, kept: frozenset[str]
) -> SpeedBins:
    check_whole("bin_frames", bin_frames, least=1, most=_MOST_FRAMES)
    if not (name == "spontaneous" and "speed_nan_frames" in kept):
        frames = frames[np.isfinite(speed[frames])]
    if not np.isfinite(speed[frames]).any():
        raise DataError(f"speed tuning: no frame of the {name} condition has a speed")
    bins = speed_bins(speed, frames, bin_frames)
    if not 1 <= bins.n_bins <= _MOST_BINS:
        raise DataError(
            f"speed tuning: bins of {bin_frames} frames make {bins.n_bins} bins of the {name} condition, "
            f"expected 1 to {_MOST_BINS}; give a {'larger' if bins.n_bins else 'smaller'} bin_frames"
        )
    return bins


def _metrics(
    values: Array,
    bins: SpeedBins,
    means: Array,
    name: str,
    kept: frozenset[str],
    notes: list[set[str]],
    bin_frames: int,
) -> dict[str, Array]:
    out = {
        key: np.full(len(values), np.nan)
        for key in (f"speed_max_{name}_cm_s", f"speed_min_{name}_cm_s", f"p_speed_{name}")
    }
    highest, lowest, p_value = out.values()
    speeds = bins.speed_cm_s[:, 0]
    for cell, (trace, curve) in enumerate(zip(values, means, strict=True)):
        ordered = trace[bins.frames]
        if not np.isfinite(ordered).all():
            notes[cell].add(f"missing frames in the {name} condition")
            continue
        top, low = int(curve.argmax()), int(curve.argmin())
        highest[cell], lowest[cell] = speeds[top], speeds[low]
        tested = top if speeds[top] > speeds[low] else low
        a, b = bins.edges[tested], bins.edges[tested + 1]
        if "speed_ks_bin" in kept:
            a, b = tested * bin_frames, (tested + 1) * bin_frames
        inside, others = ordered[a:b], np.concatenate([ordered[:a], ordered[b:]])
        if inside.size and others.size:
            p_value[cell] = ks_2samp(inside, others).pvalue
        else:
            notes[cell].add(f"one bin of speed in the {name} condition")
    return out
