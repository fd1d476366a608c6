"""The warehouse's table of receptive fields: area, center, distance, overlap and significance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from allentk.data import StimulusTable, Traces
from allentk.responses.warehouse.receptive_field import ReceptiveField, receptive_fields
from allentk.responses.warehouse.receptive_field_gaussians import Gaussian, overlap_index

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NOISE_COLUMNS", "locally_sparse_noise"]

#: Columns of the table, in order.
NOISE_COLUMNS = (
    "cell",
    "rf_chi2_p",
    "rf_area_on_deg2",
    "rf_center_on_x_deg",
    "rf_center_on_y_deg",
    "rf_area_off_deg2",
    "rf_center_off_x_deg",
    "rf_center_off_y_deg",
    "rf_distance_deg",
    "rf_overlap_index",
    "n_events",
    "responsive",
    "notes",
)


def locally_sparse_noise(
    responses: Traces,
    table: StimulusTable,
    *,
    template: ArrayLike,
    ids: ArrayLike | None = None,
    running: tuple[ArrayLike, ArrayLike] | None = None,  # noqa: ARG001
    stimulus: str | None = None,
    pixel_deg: float | None = None,
    quirks: str | Iterable[str] = (),
    n_shuffles: int = 10_000,
    alpha: float = 0.05,
    seed: int = 1,
) -> pd.DataFrame:
    """Return the metrics of the receptive field of every cell, as the warehouse defines them.

    Parameters
    ----------
    responses : Traces
        dF/F of the cells.
    table : StimulusTable
        What was shown; rows of other stimuli are left out. ``frame`` is the pattern.
    template : array_like, shape (n_patterns, n_rows, n_columns)
        Gray values of the patterns: 0 black, 127 gray, 255 white.
    ids : array_like of int, optional
        Cells to measure; all by default.
    running : (speed_cm_s, time_s), optional
        Not used: the warehouse has no metric of running for this stimulus.
    stimulus : str, optional
        Name of the noise, where the table has that of 4 and that of 8 degrees.
    pixel_deg : float, optional
        Width of a pixel in degrees; by default 74.4 by the number of rows, which is 4.65 or 9.3.
    quirks : str or iterable of str
        Defects of the published program to keep, or ``"published"`` for all of them.
    n_shuffles : int
        Number of shuffles.
    alpha : float
        Corrected p below which a pixel is part of the receptive field, and a cell responsive.
    seed : int
        Seed of the shuffles; 1 is that of the published program.

    Returns
    -------
    DataFrame
        One row per cell, the columns of `NOISE_COLUMNS`; NaN where there is no receptive field.

    Raises
    ------
    DataError
        On traces of another unit, an unknown id or quirk, a table without the noise or a template that
        does not fit it.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> template = rng.choice([0, 127, 127, 127, 255], size=(40, 16, 28))
    >>> rows = {"start_s": np.arange(40) / 4 + 1, "stop_s": np.arange(40) / 4 + 1.25, "frame": range(40)}
    >>> shown = StimulusTable(pd.DataFrame(rows | {"stimulus": "locally_sparse_noise"}))
    >>> quiet = Traces(rng.normal(scale=0.01, size=(1, 400)), np.arange(400) / 30, [7])
    >>> found = locally_sparse_noise(quiet, shown, template=template, n_shuffles=100)
    >>> [found[name].item() for name in ("cell", "n_events", "rf_chi2_p")]
    [7, 0, 1.0]
    """
    import pandas as pd

    fields = receptive_fields(
        responses,
        table,
        template,
        ids=ids,
        stimulus=stimulus,
        pixel_deg=pixel_deg,
        quirks=quirks,
        n_shuffles=n_shuffles,
        alpha=alpha,
        seed=seed,
    )
    return pd.DataFrame([_row(field, alpha) for field in fields], columns=list(NOISE_COLUMNS))


def _row(field: ReceptiveField, alpha: float) -> dict[str, object]:
    on, off = field.on.largest, field.off.largest
    both = on is not None and off is not None
    return {
        "cell": field.cell,
        "rf_chi2_p": field.min_chi2_p,
        **_side(on, "on"),
        **_side(off, "off"),
        "rf_distance_deg": _distance(on, off) if on and off else np.nan,
        "rf_overlap_index": overlap_index(on, off) if on and off else np.nan,
        "n_events": int(field.events.sum()),
        "responsive": field.min_chi2_p < alpha,
        "notes": field.notes if field.notes or both else _absent(on, off),
    }


def _side(found: Gaussian | None, side: str) -> dict[str, float]:
    return {
        f"rf_area_{side}_deg2": found.area_deg2 if found else np.nan,
        f"rf_center_{side}_x_deg": found.center_x_deg if found else np.nan,
        f"rf_center_{side}_y_deg": found.center_y_deg if found else np.nan,
    }


def _absent(on: Gaussian | None, off: Gaussian | None) -> str:
    sides = [side for side, found in (("on", on), ("off", off)) if found is None]
    return f"no significant {' or '.join(sides)} subfield"


def _distance(on: Gaussian, off: Gaussian) -> float:
    return float(np.hypot(off.center_x_deg - on.center_x_deg, off.center_y_deg - on.center_y_deg))
