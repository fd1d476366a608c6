"""Fluorescence of the cells without that of the neuropil around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data import Traces
from allentk.data._arrays import frozen
from allentk.errors import DataError
from allentk.responses.traces.checks import given, made, same_cells, tell

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["correct_neuropil"]

Array = NDArray[np.float64]


def correct_neuropil(traces: Traces, neuropil: Traces, r: ArrayLike | pd.Series) -> Traces:
    """Return the fluorescence of the cells without that of the neuropil, F - r N.

    Parameters
    ----------
    traces, neuropil : Traces
        As for ``neuropil_r``.
    r : array_like or Series, shape (n_cells,)
        Share of every cell, in their order; a Series is taken by the cells' ids, as
        ``OphysSession.neuropil_r`` and ``neuropil_r(...).set_index("cell")["r"]`` are.

    Returns
    -------
    Traces
        Of unit ``"F"``, in double precision. A cell without a share is NaN, with one warning.

    Raises
    ------
    DataError
        Where cells, frames or the number of shares do not fit.

    Examples
    --------
    >>> F, N = (Traces([[v, v]], [0, 1], [3], "F") for v in (10.0, 4.0))
    >>> correct_neuropil(F, N, [0.5]).values.tolist()
    [[8.0, 8.0]]
    """
    traces = given(traces, "F", "correct_neuropil")
    neuropil = given(neuropil, "F", "correct_neuropil")
    same_cells(traces, neuropil, "correct_neuropil")
    share = _shares(traces, r)
    tell(
        "correct_neuropil",
        traces.ids,
        {int(row): "it has no neuropil share" for row in np.flatnonzero(~np.isfinite(share))},
    )
    share = np.where(np.isfinite(share), share, np.nan)
    out: Array = np.multiply(neuropil.values, -share[:, None], dtype=float)
    out += traces.values  # noqa: PD011 (no table)
    return made(out, traces, "F")


def _shares(traces: Traces, r: ArrayLike | pd.Series) -> Array:
    import pandas as pd

    if isinstance(r, pd.Series):
        absent = [cell for cell in traces.ids if cell not in r.index]
        if absent or not r.index.is_unique:
            raise DataError(
                f"correct_neuropil: r must have one share per cell by its id; "
                f"{f'cell {absent[0]} has none' if absent else 'an id is there twice'}"
            )
        r = r.loc[list(traces.ids)]
    share = frozen(r, what="correct_neuropil: r")
    if share.shape != (traces.n_cells,):
        raise DataError(
            f"correct_neuropil: expected one share r per cell, {traces.n_cells}, got shape {share.shape}"
        )
    return share
