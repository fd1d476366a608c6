"""All stimuli of a session in one table, one row per cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable, Traces
from allentk.errors import AllenTKError, DataError
from allentk.responses.definitions import accepts, definition_module, measured
from allentk.responses.trials import cells_of

__all__ = ["SessionMetrics", "cell_metrics", "kind_of"]

#: Begin of a stimulus's name in recordings, and the function that measures it; the first that fits.
_KINDS = {
    "drifting_gratings_contrast": "contrast_tuning",
    "drifting_gratings": "drifting_gratings",
    "static_gratings": "static_gratings",
    "natural_scenes": "natural_scenes",
    "natural_movie": "natural_movie",
    "locally_sparse_noise": "locally_sparse_noise",
    "flash": "flashes",
    "gabors": "gabors",
    "moving_bars": "moving_bars",
    "bars": "moving_bars",
    "contrast": "contrast_tuning",
    "dot_motion": "dot_motion",
    "spontaneous": "spontaneous",
}

#: Ends of the columns, those of the Observatory's tables where it has any; else the stimulus's name.
_SUFFIXES = {
    "drifting_gratings": "dg",
    "static_gratings": "sg",
    "natural_scenes": "ns",
    "natural_movie_one": "nm1",
    "natural_movie_two": "nm2",
    "natural_movie_three": "nm3",
    "locally_sparse_noise": "lsn",
    "locally_sparse_noise_4deg": "lsn",
    "flashes": "fl",
    "gabors": "rf",
    "dot_motion": "dm",
    "moving_bars": "mb",
    "drifting_gratings_contrast": "ct",
    "spontaneous": "sp",
}

_KEYS = ("cell", "population", "node_population")


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


def kind_of(name: str) -> str:
    """Return the function that measures a stimulus of this name.

    Raises
    ------
    DataError
        Where there is none.

    Examples
    --------
    >>> kind_of("natural_movie_three")
    'natural_movie'
    """
    for begin, kind in _KINDS.items():
        if name.startswith(begin):
            return kind
    raise DataError(
        f"cell_metrics: no metrics of a stimulus named {name!r}; names begin with {', '.join(_KINDS)}"
    )


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
    >>> gray = StimulusTable(pd.DataFrame({"start_s": [0.0], "stop_s": [2.0], "stimulus": "spontaneous"}))
    >>> found = cell_metrics(SpikeTrains([0.1, 1.1], [0, 0], 1), {"spontaneous": gray, "odours": gray})
    >>> found.table["spontaneous_rate_hz_sp"].tolist(), found.notes["stimulus"].tolist()
    ([1.0], ['odours'])
    """
    definition_module(definition)
    source = _Source.of(responses, definition)
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
            parts[name] = _one(source, name, shown[name], definition, running, given.get(name, {}))
        except AllenTKError as error:
            problems.append({"stimulus": name, "problem": str(error)})
    notes = pd.DataFrame(problems, columns=["stimulus", "problem"])
    return SessionMetrics(source.named(_merged(parts, source.cells())), notes, definition)


def _one(
    source: _Source,
    name: str,
    table: StimulusTable | Callable[[], StimulusTable],
    definition: str,
    running: object,
    options: Mapping[str, Any],
) -> pd.DataFrame:
    kind = kind_of(name)
    options = dict(options)
    if "template" not in options and accepts(kind, definition, "template"):
        options |= source.template(name)
    if not accepts(kind, definition, "running"):
        running = None
    elif running is None:
        running = source.running()
    shown = table() if callable(table) else table
    return measured(kind, source.signal(kind), shown, definition, running=running, options=options)


def _merged(parts: Mapping[str, pd.DataFrame], cells: pd.DataFrame) -> pd.DataFrame:
    """Return the tables side by side, matched by cell."""
    whole = cells
    keys = list(cells.columns)
    said = np.full(len(cells), "", dtype=object)
    for name, part in parts.items():
        suffix = _SUFFIXES.get(name, name)
        if any(str(column).endswith(f"_{suffix}") for column in whole.columns):
            suffix = name
        own = part.rename(columns={c: f"{c}_{suffix}" for c in part.columns if c not in _KEYS})
        whole = whole.merge(own, on=keys, how="left", validate="one_to_one")
        notes = f"notes_{suffix}"
        if notes in whole:
            for row, note in enumerate(whole.pop(notes).fillna("")):
                said[row] += (
                    f"{'; ' if said[row] and note else ''}{suffix + ': ' if note else ''}{note}"
                )
    return whole.assign(notes=said)


@dataclass(frozen=True, slots=True)
class _Source:
    """Where responses, tables, running and templates come from."""

    session: Any
    kind: str  # "values", "ophys" or "ecephys"
    definition: str
    held: dict[str, Any]

    @classmethod
    def of(cls, responses: Any, definition: str) -> _Source:
        kind = "values"
        if hasattr(responses, "dff") and hasattr(responses, "stimulus_table"):
            kind = "ophys"
        elif hasattr(responses, "unit_ids") and hasattr(responses, "stimulus_presentations"):
            kind = "ecephys"
        elif not isinstance(responses, NetworkResponse):
            cells_of(responses, None)
        return cls(responses, kind, definition, {})

    def tables(self) -> dict[str, Any]:
        if self.kind == "values":
            raise DataError(
                "cell_metrics: give what was shown, such as {'drifting_gratings': table}; only a "
                "session says it itself"
            )
        read = (
            self.session.stimulus_table
            if self.kind == "ophys"
            else self.session.stimulus_presentations
        )
        return {name: (lambda name=name: read(name)) for name in self.session.stimuli}

    def signal(self, stimulus: str) -> Traces | SpikeTrains | NetworkResponse:
        which = "spikes"
        if self.kind == "values":
            found: Traces | SpikeTrains | NetworkResponse = self.session
            return found
        if self.kind == "ophys":
            if self.definition == "paper2020":
                raise DataError(
                    "cell_metrics: 'paper2020' measures events, which a session file does not hold; "
                    "give them as Traces, and the tables"
                )
            raw = self.definition == "warehouse" and stimulus not in (
                "natural_movie",
                "locally_sparse_noise",
            )
            which = "fluorescence" if raw else "dff"
        if which not in self.held:
            self.held.clear()  # one copy of the traces at a time
            self.held[which] = getattr(self.session, which)()
        kept: Traces | SpikeTrains = self.held[which]
        return kept

    def running(self) -> object:
        if self.kind == "values":
            return None
        try:
            return self.session.running_speed()
        except DataError:
            return None  # not measured in every session

    def template(self, name: str) -> dict[str, Any]:
        if self.kind != "ophys":
            return {}
        return {"template": self.session.stimulus_template(name).read()}

    def cells(self) -> pd.DataFrame:
        if self.kind == "ecephys":
            return pd.DataFrame({"cell": np.arange(len(self.session.unit_ids))})
        if self.kind == "ophys":
            return pd.DataFrame(
                {"cell": np.asarray(self.session.cell_specimen_ids, dtype=np.int64)}
            )
        if isinstance(self.session, NetworkResponse):
            return _nodes(self.session)
        return pd.DataFrame({"cell": cells_of(self.session, None)[1]})

    def named(self, table: pd.DataFrame) -> pd.DataFrame:
        if self.kind == "ecephys":
            return table.assign(cell=np.asarray(self.session.unit_ids)[table["cell"]])
        return table


def _nodes(response: NetworkResponse) -> pd.DataFrame:
    parts = []
    for name, trains in response.spikes.items():
        nodes = response.nodes.get(name)
        classes: object = name
        if nodes is not None and len(nodes) == trains.n_cells and "cell_class" in nodes:
            classes = nodes["cell_class"].to_numpy()
        cells = pd.DataFrame({"cell": np.arange(trains.n_cells)})
        parts.append(cells.assign(population=classes, node_population=name))
    if not parts:
        raise DataError("cell_metrics: the network's response has no population with spikes")
    return pd.concat(parts, ignore_index=True)
