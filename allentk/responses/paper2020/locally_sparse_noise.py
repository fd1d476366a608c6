"""Receptive fields from locally sparse noise as de Vries et al. 2020 find them, from events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data import StimulusTable
from allentk.errors import DataError
from allentk.responses.definition import Metric, chosen
from allentk.responses.frames import frame_numbers
from allentk.responses.paper2020.metrics import QUIRKS
from allentk.responses.paper2020.significance import spontaneous_windows, trial_p_values
from allentk.responses.paper2020.trials import notes_of
from allentk.responses.paper2020.windows import blocks, event_traces, window_means
from allentk.responses.recorded import inside
from allentk.responses.sparse_noise import SparseNoise, sparse_noise
from allentk.responses.trials import cells_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NOISE_METRICS", "locally_sparse_noise"]

Array = NDArray[np.float64]

#: First frame of the response from the onset, and its frames.
_ONSET, _FRAMES = 2, 10
_P = 0.05


def locally_sparse_noise(
    responses: object,
    table: StimulusTable,
    *,
    template: ArrayLike,
    ids: ArrayLike | None = None,
    running: object = None,  # noqa: ARG001
    spontaneous: StimulusTable | None = None,
    stimulus: str | None = None,
    pixel_deg: float | None = None,
    quirks: str | Iterable[str] = (),
    responsive_above: float = 0.25,
    n_windows: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Find the pixels that a cell answers in more than a quarter of their trials.

    A trial's response is the mean of the events in the frames 2 to 11 from its onset (10 frames).

    Parameters
    ----------
    responses : Traces
        Events, unit ``"events"``.
    table : StimulusTable
        What was shown; ``frame`` is the pattern. Rows of other stimuli are left out.
    template : array_like, shape (n_patterns, n_rows, n_columns)
        Gray values of the patterns: 0 black, 127 gray, 255 white.
    ids : array_like of int, optional
        Cells to measure; all by default.
    running : optional
        Not used.
    spontaneous : StimulusTable, optional
        When nothing was shown, rows named ``"spontaneous"``; by default those of `table`. Without any, no
        trial is significant or not, and ``responsive`` is unknown.
    stimulus : str, optional
        Name of the noise, where the table has that of 4 and that of 8 degrees.
    pixel_deg : float, optional
        Width of a pixel in degrees; by default 74.4 by the number of rows.
    quirks : str or iterable of str
        As of ``drifting_gratings``.
    responsive_above : float
        Fraction of a pixel's trials above which it belongs to the receptive field.
    n_windows, seed : int
        Number of spontaneous windows that trials are compared with, and the seed of their draw.

    Returns
    -------
    DataFrame
        One row per cell; the columns are explained in `NOISE_METRICS`, and ``notes``.

    Raises
    ------
    DataError
        For responses that are no events, no noise in the table or in the recording, a template that does
        not fit, an unknown id or quirk, or numbers out of range.

    Warns
    -----
    UserWarning
        Where presentations lie outside of the recording; they are left out.

    References
    ----------
    de Vries et al. 2020, Nature Neuroscience 23:138.

    Examples
    --------
    >>> import pandas as pd
    >>> from allentk.data import Traces
    >>> spots = np.full((20, 2, 2), 127)
    >>> spots[:, 0, 1] = 255
    >>> shown = pd.DataFrame({"start_s": np.arange(20.0), "stop_s": np.arange(20) + 0.25,
    ...     "stimulus": "locally_sparse_noise", "frame": np.arange(20)})
    >>> quiet = pd.DataFrame({"start_s": [20.0], "stop_s": [30.0], "stimulus": ["spontaneous"]})
    >>> events = np.zeros((1, 900))
    >>> events[0, 5:600:30] = 0.4
    >>> traces = Traces(events, np.arange(900) / 30, [7], unit="events")
    >>> found = locally_sparse_noise(
    ...     traces, StimulusTable(pd.concat([shown, quiet])), template=spots, pixel_deg=4.65)
    >>> found[["rf_on", "rf_off", "rf_peak_on_x_deg"]]
       rf_on  rf_off  rf_peak_on_x_deg
    0   True   False              4.65
    """
    import pandas as pd

    kept = chosen(quirks, QUIRKS)
    if not 0 <= responsive_above < 1:
        raise DataError(f"responsive_above must be a fraction below 1, got {responsive_above!r}")
    traces = event_traces(responses, "locally_sparse_noise")
    rows, cells = cells_of(traces, ids)
    noise = sparse_noise(table, template, stimulus=stimulus, pixel_deg=pixel_deg)
    starts = frame_numbers(traces, noise.table)[0]
    end, n_frames = starts + _ONSET + _FRAMES, traces.time_s.size
    keep = inside(starts, end, n_frames, "locally_sparse_noise", stacklevel=3)
    noise, starts = noise.kept(keep), starts[keep]
    null = spontaneous_windows(
        traces,
        table if spontaneous is None else spontaneous,
        _FRAMES,
        n_windows=n_windows,
        seed=seed,
        beyond="windows-beyond-spontaneous" in kept,
    )
    p = np.empty((rows.size, starts.size))
    for block in blocks(rows.size):
        values = traces.values[rows[block]]  # noqa: PD011
        p[block] = trial_p_values(values, window_means(values, starts + _ONSET, _FRAMES), null)
    fractions = _fractions(p, noise)
    columns = _columns(fractions, noise, responsive_above, known=null is not None)
    lost = np.isnan(p).any(axis=1) & (null is not None)
    notes = notes_of(
        cells.size,
        (null is None, "no spontaneous activity to compare with"),
        (lost, "trials with NaN frames are left out"),
        ((null is not None) & ~(fractions > 0).any(axis=(1, 2)), "no significant trial"),
    )
    return pd.DataFrame({"cell": cells, **columns, "notes": notes})


def _fractions(p: Array, noise: SparseNoise) -> Array:
    """Return the fraction of a pixel's trials that are significant, shape ``(n_cells, 2, n_pixels)``."""
    lit = noise.lit().astype(np.float32)
    measured = np.isfinite(p)
    significant = measured & (np.where(measured, p, 1.0) < _P)
    found = significant.astype(np.float32) @ lit
    shown = measured.astype(np.float32) @ lit
    fractions: Array = np.where(shown > 0, found.astype(float) / np.maximum(shown, 1), np.nan)
    return fractions.reshape(len(p), 2, noise.n_pixels)


def _columns(
    fractions: Array, noise: SparseNoise, above: float, *, known: bool
) -> dict[str, object]:
    unknown = np.full(len(fractions), None, dtype=object)
    inside_field = fractions > above
    columns: dict[str, object] = {"responsive": inside_field.any(axis=(1, 2)) if known else unknown}
    for side, name in enumerate(("on", "off")):
        best = np.where(np.isnan(fractions[:, side]), -1.0, fractions[:, side])
        top = best.argmax(axis=1) if best.size else np.empty(0, dtype=np.int64)
        has = inside_field[:, side].any(axis=1)
        row, column = np.divmod(top, noise.shape[1])
        highest = best.max(axis=1) if best.size else np.empty(0)
        columns |= {
            f"rf_{name}": has if known else unknown,
            f"n_pixels_{name}": inside_field[:, side].sum(axis=1) if known else np.nan,
            f"best_fraction_{name}": np.where(highest < 0, np.nan, highest),
            f"rf_peak_{name}_x_deg": np.where(has, column * noise.pixel_deg, np.nan),
            f"rf_peak_{name}_y_deg": np.where(has, row * noise.pixel_deg, np.nan),
        }
    return columns


def _metric(name: str, unit: str, formula: str, excluded: str = "") -> Metric:
    source = (
        "de Vries et al. 2020, Nature Neuroscience 23:138; AllenInstitute/visual_coding_2p_analysis "
        "locally_sparse_noise_events.py"
    )
    return Metric("locally_sparse_noise", name, "paper2020", unit, formula, excluded, source)


def _side(side: str, color: str) -> tuple[Metric, ...]:
    unknown, none = "no spontaneous activity given", f"cells without a field for {color} pixels"
    share = f"trials with p < 0.05 of those in which the pixel was {color}"
    return (
        _metric(
            f"rf_{side}", "", f"a {color} pixel with more than 25 % significant trials", unknown
        ),
        _metric(f"n_pixels_{side}", "1", f"number of such {color} pixels", unknown),
        _metric(f"best_fraction_{side}", "1", f"largest share over pixels: {share}", unknown),
        *(
            _metric(
                f"rf_peak_{side}_{axis}_deg",
                "deg",
                f"place of the pixel of the largest share, from the center of the first {line}; not in the "
                "paper's tables",
                none,
            )
            for axis, line in (("x", "column"), ("y", "row"))
        ),
    )


NOISE_METRICS = (
    _metric("responsive", "", "rf_on or rf_off", "no spontaneous activity given"),
    *_side("on", "white"),
    *_side("off", "black"),
)
