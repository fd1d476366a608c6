"""Whether a service's tables have changed since their columns were written down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from allentk.api import queries, rma
from allentk.api.cell_columns import CELLS, EPHYS_FEATURES, MORPHOLOGY_FEATURES, SWEEPS
from allentk.api.exchange import Transport
from allentk.api.observatory_columns import CONTAINERS, METRICS, SESSIONS, STIMULUS_MAPPINGS
from allentk.api.rma import Query, Row
from allentk.api.tables import Field, frame
from allentk.errors import AllenTKError

__all__ = ["DRIFT_COLUMNS", "QUESTIONS", "Question", "drift"]

#: Columns of ``drift``.
DRIFT_COLUMNS = {
    "table": "what was asked for",
    "rows": "rows that came",
    "missing": "keys that are documented and did not come",
    "undocumented": "keys that came and are not documented",
    "error": "why there is no table, else empty",
    "url": "the question",
}


@dataclass(frozen=True, slots=True)
class Question:
    """A query and the columns its answer is documented to have.

    Parameters
    ----------
    table : str
        What is asked for, in words.
    query : Query
        The question.
    columns : mapping of str to Field
        What the answer should hold.
    """

    table: str
    query: Query
    columns: Mapping[str, Field]


#: Every table that needs no id; the sweep table of one cell is asked for besides.
QUESTIONS = (
    Question("cells", queries.cells(), CELLS),
    Question("ephys features", queries.ephys_features(), EPHYS_FEATURES),
    Question("morphology features", queries.morphology_features(), MORPHOLOGY_FEATURES),
    Question("containers", queries.containers(), CONTAINERS),
    Question("sessions", queries.sessions(), SESSIONS),
    Question("cell metrics", queries.cell_metrics(), METRICS),
    Question("stimulus mappings", queries.stimulus_mappings(), STIMULUS_MAPPINGS),
)


def drift(transport: Transport, questions: Iterable[Question] = QUESTIONS) -> pd.DataFrame:
    """Ask every question and compare the answer with what is documented.

    Parameters
    ----------
    transport : Transport
        How to ask: ``Live()``, or a ``Replay``.
    questions : iterable of Question
        What to ask; the sweep table of the first cell is asked for as well.

    Returns
    -------
    DataFrame
        One row per table, columns `DRIFT_COLUMNS`. A table that cannot be had says why and costs only
        its own row.

    Examples
    --------
    >>> from allentk.api import Replay
    >>> from allentk.api.embedded import demo_folder
    >>> drift(Replay(demo_folder()), QUESTIONS[:1])["missing"].tolist()
    ['', '']
    """
    found = []
    for question in questions:
        answer, row = _look(transport, question)
        found.append(row)
        if question.table == "cells" and answer:
            specimen = int(answer[0]["specimen__id"])
            one = Question(f"sweeps of {specimen}", queries.sweep_table(specimen), SWEEPS)
            found.append(_look(transport, one)[1])
    return pd.DataFrame(found, columns=list(DRIFT_COLUMNS))


def _look(transport: Transport, question: Question) -> tuple[list[Row], dict[str, object]]:
    row: dict[str, object] = {"table": question.table, "url": rma.query_url(question.query)}
    row |= {"rows": 0, "missing": "", "undocumented": "", "error": ""}
    try:
        answer = rma.rows(
            transport, question.query, what=question.table, command="make live", progress=False
        )
    except AllenTKError as error:
        return [], row | {"error": str(error)}
    came = {key for one in answer for key in one}
    expected = {field.key.split(".")[0] for field in question.columns.values()}
    row |= {
        "rows": len(answer),
        "missing": ", ".join(sorted(expected - came)),
        "undocumented": ", ".join(sorted(came - expected)),
    }
    try:
        frame(answer, question.columns, what=question.table)
    except AllenTKError as error:
        row["error"] = str(error)
    return answer, row
