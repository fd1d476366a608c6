"""Receptive fields from locally sparse noise, with the maps they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data import StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.checks import check_seed, check_whole
from allentk.responses.definition import chosen
from allentk.responses.frames import frame_numbers
from allentk.responses.recorded import inside
from allentk.responses.sparse_noise import SparseNoise, sparse_noise
from allentk.responses.trials import cells_of
from allentk.responses.warehouse.quirks import QUIRKS
from allentk.responses.warehouse.receptive_field_chi2 import chi2_maps, neighbourhoods
from allentk.responses.warehouse.receptive_field_events import (
    EVENT_FRAMES,
    detected_events,
    event_windows,
)
from allentk.responses.warehouse.receptive_field_gaussians import (
    Gaussian,
    components,
    fitted_gaussians,
)
from allentk.responses.warehouse.receptive_field_null import event_maps, holm_sidak

__all__ = ["ReceptiveField", "Subfield", "receptive_fields"]

Array = NDArray[np.float64]

_MOST_SHUFFLES, _MOST_SEED = 10_000_000, 2**32 - 1  # of numpy's first generator
#: What one of dF/F is in each unit that is understood.
_UNITS = {"dF/F": 1.0, "dF/F %": 100.0}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Subfield:
    """The response to white, or to black pixels.

    Parameters
    ----------
    counts, weights : ndarray, shape (n_rows, n_columns)
        Events in which a pixel was lit; and the same, blurred by 4.65 degrees.
    p_values, corrected_p : ndarray, shape (n_rows, n_columns)
        Chance of a blurred map as high; and Holm-Sidak corrected over all pixels, white and black.
    parts : ndarray of int64, shape (n_rows, n_columns)
        Connected significant parts, numbered from 1; 0 elsewhere.
    gaussians : tuple of Gaussian
        One per part whose fit converged.
    """

    counts: Array
    weights: Array
    p_values: Array
    corrected_p: Array
    parts: NDArray[np.int64]
    gaussians: tuple[Gaussian, ...]

    @property
    def largest(self) -> Gaussian | None:
        """The Gaussian of the greatest area; None where there is none."""
        return max(self.gaussians, key=lambda g: g.area_deg2, default=None)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ReceptiveField:
    """The receptive field of one cell.

    Parameters
    ----------
    cell : int
        Id of the cell.
    events : ndarray of bool, shape (n_presentations,)
        Presentations followed by a calcium event.
    on, off : Subfield
        Of white, and of black pixels.
    chi2_p : ndarray, shape (n_rows, n_columns)
        Chi-squared test in the neighbourhood of every pixel, Sidak-corrected.
    notes : str
        Why something is missing; else "".
    """

    cell: int
    events: NDArray[np.bool_]
    on: Subfield
    off: Subfield
    chi2_p: Array
    notes: str

    @property
    def min_chi2_p(self) -> float:
        """The smallest of the corrected p."""
        return float(self.chi2_p.min())

    def __repr__(self) -> str:
        parts = f"{len(self.on.gaussians)} on, {len(self.off.gaussians)} off"
        return f"<ReceptiveField of cell {self.cell}: {int(self.events.sum())} events, {parts}>"


def receptive_fields(
    responses: Traces,
    table: StimulusTable,
    template: ArrayLike,
    *,
    ids: ArrayLike | None = None,
    stimulus: str | None = None,
    pixel_deg: float | None = None,
    quirks: str | Iterable[str] = (),
    n_shuffles: int = 10_000,
    alpha: float = 0.05,
    seed: int = 1,
) -> list[ReceptiveField]:
    """Return the receptive field of every cell.

    Parameters
    ----------
    responses : Traces
        dF/F of the cells.
    table : StimulusTable
        What was shown; rows of other stimuli are left out.
    template : array_like, shape (n_patterns, n_rows, n_columns)
        Gray values of the patterns: 0 black, 127 gray, 255 white.
    ids : array_like of int, optional
        Cells to measure; all by default.
    stimulus : str, optional
        Name of the noise, where the table has two.
    pixel_deg : float, optional
        Width of a pixel in degrees; by default 74.4 by the number of rows.
    quirks : str or iterable of str
        Defects of the published program to keep, or ``"published"`` for all of them.
    n_shuffles : int
        Number of shuffles.
    alpha : float
        Corrected p below which a pixel is part of the receptive field.
    seed : int
        Seed of the shuffles; 1 is that of the published program.

    Returns
    -------
    list of ReceptiveField
        In the order of the cells.

    Raises
    ------
    DataError
        On traces of another unit, an unknown id or quirk, a table without the noise or a template that
        does not fit it, numbers out of range, or no presentation in the recording.

    Warns
    -----
    UserWarning
        Where presentations lie outside of the recording; they are left out.

    References
    ----------
    AllenSDK 2.16.2, ``brain_observatory.receptive_field_analysis``.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> template = rng.choice([0, 127, 127, 127, 255], size=(40, 16, 28))
    >>> rows = {"start_s": np.arange(40) / 4 + 1, "stop_s": np.arange(40) / 4 + 1.25, "frame": range(40)}
    >>> shown = StimulusTable(pd.DataFrame(rows | {"stimulus": "locally_sparse_noise"}))
    >>> quiet = Traces(rng.normal(scale=0.01, size=(1, 400)), np.arange(400) / 30, [7])
    >>> receptive_fields(quiet, shown, template, n_shuffles=100)
    [<ReceptiveField of cell 7: 0 events, 0 on, 0 off>]
    """
    kept = chosen(quirks, QUIRKS)
    check_whole("n_shuffles", n_shuffles, least=1, most=_MOST_SHUFFLES)
    check_seed(seed, most=_MOST_SEED)
    if not 0 < alpha < 1:
        raise DataError(f"alpha must lie between 0 and 1, got {alpha!r}")
    rows, cells = cells_of(_traces(responses), ids)
    noise, windows = _within(
        responses, sparse_noise(table, template, stimulus=stimulus, pixel_deg=pixel_deg)
    )
    events, notes = _events(responses, rows, windows)
    lit = noise.lit()
    maps = event_maps(
        events, lit, noise.shape, pixel_deg=noise.pixel_deg, n_shuffles=n_shuffles, seed=seed
    )
    p_maps = _chi2(events, lit, noise, kept)
    fields = []
    for i, cell in enumerate(cells):
        corrected = holm_sidak(maps.p_values[i])
        on, off = (
            _subfield(
                maps.counts[i, s],
                maps.weights[i, s],
                maps.p_values[i, s],
                corrected[s],
                alpha,
                noise,
            )
            for s in (0, 1)
        )
        said = [notes[i], *_missing(on, "on"), *_missing(off, "off")]
        said += [] if events[i].any() or notes[i] else ["no events"]
        fields.append(
            ReceptiveField(
                int(cell),
                events[i],
                on,
                off,
                p_maps[i],
                "; ".join(dict.fromkeys(filter(None, said))),
            )
        )
    return fields


def _traces(responses: object) -> Traces:
    if isinstance(responses, Traces) and responses.unit in _UNITS:
        return responses
    got = (
        f"traces in {responses.unit!r}"
        if isinstance(responses, Traces)
        else type(responses).__name__
    )
    raise DataError(
        f"warehouse: receptive fields are found from dF/F, expected Traces in 'dF/F', got {got}; of "
        f"fluorescence make dF/F first"
    )


def _within(traces: Traces, noise: SparseNoise) -> tuple[SparseNoise, NDArray[np.int64]]:
    """Return the presentations inside of the recording and the frames at which to look."""
    first, last = frame_numbers(traces, noise.table)
    windows = event_windows(first, last)
    kept = inside(
        first,
        windows + EVENT_FRAMES - 1,
        traces.time_s.size,
        "locally_sparse_noise",
        stacklevel=4,
    )
    return noise.kept(kept), windows[kept]


def _events(
    traces: Traces, rows: NDArray[np.int64], windows: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], list[str]]:
    events = np.zeros((rows.size, windows.size), dtype=bool)
    notes = []
    for i, row in enumerate(rows):
        events[i], said = detected_events(traces.values[row] / _UNITS[traces.unit], windows)
        notes.append(said)
    return events, notes


def _chi2(
    events: NDArray[np.bool_], lit: NDArray[np.bool_], noise: SparseNoise, kept: frozenset[str]
) -> Array:
    if "chi2_template_order" in kept:
        lit = noise.lit(np.arange(noise.frame.size) % len(noise.template))
    ever = noise.lit(np.arange(len(noise.template)))
    near = neighbourhoods(ever[:, : noise.n_pixels] | ever[:, noise.n_pixels :], noise.shape)
    counts = (events.astype(np.float32) @ lit.astype(np.float32)).astype(float)
    return chi2_maps(
        counts.reshape(-1, 2, *noise.shape),
        lit.sum(axis=0).reshape(2, *noise.shape).astype(float),
        near,
        pixel_deg=noise.pixel_deg,
        floor="chi2_floor" in kept,
    )


def _subfield(
    counts: Array,
    weights: Array,
    p_values: Array,
    corrected: Array,
    alpha: float,
    noise: SparseNoise,
) -> Subfield:
    parts, n_parts = components(corrected < alpha)
    gaussians = fitted_gaussians(weights, parts, n_parts, noise.pixel_deg)
    return Subfield(counts, weights, p_values, corrected, parts, gaussians)


def _missing(field: Subfield, side: str) -> Iterator[str]:
    lost = int(field.parts.max(initial=0)) - len(field.gaussians)
    if lost:
        yield f"{lost} {side} Gaussian fits did not converge"
