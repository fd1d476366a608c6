"""Pages of a session's cells."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import pandas as pd

from allentk.errors import DataError
from allentk.io import OphysSession
from allentk.report.session_page import SessionPage, write_session_report
from allentk.responses.metrics import described
from allentk.responses.session import SessionMetrics

__all__ = ["strong_middling_weak", "write_cells"]

#: Columns that say how strongly a cell answers, the first there is counts.
_STRENGTH = ("reliability", "peak_response", "peak_dff", "osi_vector", "mean_response")


def write_cells(
    session: OphysSession,
    found: SessionMetrics,
    out: str | os.PathLike[str],
    *,
    cells: Sequence[int] = (),
) -> tuple[int, ...]:
    """Write a page of some cells of a session, and return which they are.

    Parameters
    ----------
    session : OphysSession
        The session.
    found : SessionMetrics
        What ``allentk.responses.cell_metrics`` measured of it.
    out : path
        The page.
    cells : sequence of int
        Which; by default three, a strong, a middling and a weak one.

    Raises
    ------
    DataError
        On a cell that is not in the session.
    """
    chosen = tuple(dict.fromkeys(int(cell) for cell in cells)) or strong_middling_weak(found)
    absent = [cell for cell in chosen if cell not in session.cell_specimen_ids]
    if absent:
        raise DataError(
            f"{session.path}: no cell {absent[0]}; the {len(session.cell_specimen_ids)} cells begin with "
            f"{', '.join(map(str, session.cell_specimen_ids[:5]))}"
        )
    names = [name for name in session.stimulus_names if name in {**found.tables, **found.failed}]
    noise = [name for name in names if name.startswith("locally_sparse_noise")]
    page = SessionPage(
        session=session.metadata,
        definition=found.definition,
        signal=found.signal,
        traces=session.dff(ids=chosen),
        stimuli={name: session.stimulus_table(name) for name in names},
        metrics=found.tables,
        table=found.table,
        cells=chosen,
        described={name: described(found.definition, name) for name in found.tables},
        templates={name: session.stimulus_template(name).read() for name in noise},
        failed=found.failed,
        remarks=found.remarks,
    )
    write_session_report(page, out)
    return chosen


def strong_middling_weak(found: SessionMetrics) -> tuple[int, ...]:
    """Return three cells: at the top, in the middle and near the end by the strength of their answers."""
    for table in found.tables.values():
        for column in _STRENGTH:
            if column in table and table[column].notna().any():
                return _spread(table, column)
    return tuple(int(cell) for cell in found.table["cell"][:3])


def _spread(table: pd.DataFrame, column: str) -> tuple[int, ...]:
    known = table[table[column].notna()].sort_values(column, ascending=False, kind="stable")
    at = np.unique(np.round(np.array([0.02, 0.5, 0.9]) * (len(known) - 1)).astype(int))
    return tuple(int(cell) for cell in known["cell"].to_numpy()[at])
