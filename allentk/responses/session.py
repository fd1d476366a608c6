"""All stimuli of a session in one table, one row per cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from allentk.data import StimulusTable
from allentk.data._html import card
from allentk.data._html import table as small_table
from allentk.errors import AllenTKError, DataError
from allentk.responses.definitions import definition_module
from allentk.responses.session_source import Source
from allentk.responses.side_by_side import side_by_side

__all__ = ["SessionMetrics", "cell_metrics"]


@dataclass(frozen=True, slots=True)
class SessionMetrics:
    """Metrics of the cells of a session.

    Parameters
    ----------
    table : DataFrame
        One row per cell; columns as of the functions of the stimuli, with an end such as ``_dg``.
    notes : DataFrame
        One row per stimulus that could not be measured: ``stimulus`` and ``problem``.
    definition : str
        Whose metrics they are.
    """

    table: pd.DataFrame
    notes: pd.DataFrame
    definition: str

    def to_dataframe(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()

    def __repr__(self) -> str:
        return (
            f"<SessionMetrics: {self.definition}, {len(self.table)} cells, "
            f"{self.table.shape[1]} columns, {len(self.notes)} stimuli not measured>"
        )

    def _repr_html_(self) -> str:
        return card(self, small_table(self.table, most=5), small_table(self.notes, most=5))


def cell_metrics(
    responses: Any,
    tables: Mapping[str, StimulusTable] | None = None,
    *,
    definition: str = "trial-mean",
    running: object = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> SessionMetrics:
    """Measure every stimulus of a session.

    Parameters
    ----------
    responses : Traces, SpikeTrains, NetworkResponse or a session
        A session is an ``OphysSession`` or an ``EcephysSession``: its dF/F (for ``"warehouse"`` its
        corrected fluorescence, but dF/F for movies and noise) or its spikes are measured, with its
        running speed and its templates.
    tables : mapping of str to StimulusTable, optional
        What was shown, by the name of the stimulus; by default all that a session says.
    definition : str
        Whose metrics, one of ``allentk.responses.DEFINITIONS``.
    running : (array_like, array_like), optional
        Running speed in cm/s and its times in seconds; by default that of the session.
    options : mapping of str to mapping, optional
        Options of the function of a stimulus, by the name of the stimulus, such as
        ``{"locally_sparse_noise": {"template": patterns}}``.

    Returns
    -------
    SessionMetrics
        The columns ``cell`` (of an ``EcephysSession`` the unit's id), those of every stimulus with its
        end, such as ``osi_vector_dg``, and ``notes``. A stimulus that cannot be measured is a row of its
        ``notes``; the rest is computed.

    Raises
    ------
    DataError
        On an unknown definition, responses of another type, options of a stimulus that was not shown, or
        where nothing says what was shown.

    Examples
    --------
    >>> from allentk.data import SpikeTrains
    >>> gray = StimulusTable(pd.DataFrame({"start_s": [0.0], "stop_s": [2.0], "stimulus": "spontaneous"}))
    >>> found = cell_metrics(SpikeTrains([0.1, 1.1], [0, 0], 1), {"spontaneous": gray, "odours": gray})
    >>> found.table["spontaneous_rate_hz_sp"].tolist(), found.notes["stimulus"].tolist()
    ([1.0], ['odours'])
    """
    definition_module(definition)
    source = Source.of(responses, definition)
    shown = source.tables() if tables is None else dict(tables)
    given = options or {}
    unknown = [name for name in given if name not in shown]
    if unknown:
        raise DataError(
            f"cell_metrics: options of {unknown[0]!r}, which was not shown; shown were "
            f"{', '.join(shown) or 'none'}"
        )
    parts: dict[str, pd.DataFrame] = {}
    problems = []
    for name in shown:
        try:
            parts[name] = source.measure(
                name, shown[name], running=running, options=given.get(name)
            )
        except AllenTKError as error:
            problems.append({"stimulus": name, "problem": str(error)})
    notes = pd.DataFrame(problems, columns=["stimulus", "problem"])
    return SessionMetrics(source.named(side_by_side(parts, source.cells())), notes, definition)
