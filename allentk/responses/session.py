"""All stimuli of a session in one table, one row per cell."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike
from pandas.api.types import is_numeric_dtype

from allentk.data import StimulusTable, Traces
from allentk.data._html import card, synthetic_end
from allentk.data._html import table as small_table
from allentk.errors import AllenTKError, DataError
from allentk.responses.definitions import definitions_of
from allentk.responses.session_source import Source
from allentk.responses.side_by_side import side_by_side

__all__ = ["SessionMetrics", "cell_metrics"]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class SessionMetrics:
    """Metrics of the cells of a session.

    Parameters
    ----------
    table : DataFrame
        One row per cell: ``cell``, ``definition``, ``synthetic`` where the session says that it is made
        up, ``structure_acronym`` where units have places, the columns of every stimulus with an end such
        as ``_dg``, and ``notes``.
    definition : str
        Whose metrics they are.
    signal : str
        Of what: ``"dF/F"``, ``"events"``, ``"spikes"``...
    tables : mapping of str to DataFrame
        By stimulus, as its function returns it.
    failed : mapping of str to str
        Stimuli that could not be measured, and why.
    remarks : tuple of str
        What was warned of while measuring, such as presentations left out.
    synthetic : bool
        Whether the session says that it is made up.
    """

    table: pd.DataFrame
    definition: str
    signal: str
    tables: Mapping[str, pd.DataFrame]
    failed: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    synthetic: bool = False

    def to_dataframe(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()

    def summary(self) -> pd.DataFrame:
        """Return quartiles over cells, one row per stimulus and metric that is a number.

        Returns
        -------
        DataFrame
            ``stimulus``, ``metric``, ``cells`` with a value, ``q25``, ``median`` and ``q75``.
        """
        keys = ["cell", "population", "node_population"]
        rows = [
            {"stimulus": name, "metric": column, "cells": values.count(), **_quartiles(values)}
            for name, table in self.tables.items()
            for column in table.columns.drop(keys, errors="ignore")
            if is_numeric_dtype(table[column])
            for values in [table[column].astype(float)]
        ]
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        return (
            f"<SessionMetrics: {self.definition}, {len(self.table)} cells, "
            f"{self.table.shape[1]} columns, {len(self.failed)} stimuli not measured"
            f"{synthetic_end(self.synthetic)}>"
        )

    def _repr_html_(self) -> str:
        problems = pd.DataFrame(self.failed.items(), columns=["stimulus", "problem"])
        return card(
            self,
            small_table(self.table, most=5),
            small_table(problems, most=5),
            synthetic=self.synthetic,
        )


def cell_metrics(
    responses: Any,
    tables: Mapping[str, StimulusTable] | None = None,
    *,
    definition: str = "trial-mean",
    stimuli: Sequence[str] = (),
    ids: ArrayLike | None = None,
    events: Traces | None = None,
    running: object = None,
    quirks: str | Iterable[str] = (),
    options: Mapping[str, Mapping[str, Any]] | None = None,
    say: Callable[[str], None] | None = None,
) -> SessionMetrics:
    """Measure every stimulus of a session; a stimulus that fails costs that stimulus.

    Parameters
    ----------
    responses : Traces, SpikeTrains, NetworkResponse or a session
        A session is an ``OphysSession`` or an ``EcephysSession``: its dF/F (for ``"warehouse"`` its
        corrected fluorescence, but dF/F for movies and noise) or its spikes are measured, with its
        running speed and its templates.
    tables : mapping of str to StimulusTable, optional
        What was shown, by the name of the stimulus; by default all that a session says. With
        ``"spontaneous"`` among them, definitions that compare with spontaneous activity do so.
    definition : str
        Whose metrics, one of ``allentk.responses.DEFINITIONS``. ``"warehouse"`` and ``"paper2020"`` are
        of traces, ``"trial-mean"`` is of traces or spikes, the others are of spikes.
    stimuli : sequence of str
        Only these of what was shown; by default all.
    ids : array_like of int, optional
        Only these cells, or of an ``EcephysSession`` these units; of a network all are measured.
    events : Traces, optional
        Events of an ``OphysSession``, which its file does not hold and ``"paper2020"`` is of: of
        ``BrainObservatory.events`` or ``allentk.io.read_events``.
    running : (array_like, array_like), optional
        Running speed in cm/s and its times in seconds; by default that of the session.
    quirks : "published" or sequence of str
        Published defects to be kept; see ``docs/metrics.md``.
    options : mapping of str to mapping, optional
        Options of the function of a stimulus, by the name of the stimulus, such as
        ``{"locally_sparse_noise": {"template": patterns}}``.
    say : callable, optional
        Is told each step in one line.

    Returns
    -------
    SessionMetrics
        Of an ``EcephysSession`` the column ``cell`` is the unit's id, and ``structure_acronym`` beside it
        says where the unit is, if the file does.

    Raises
    ------
    DataError
        On an unknown definition or one of another signal, responses of another type, options of or a
        choice of a stimulus that was not shown, where nothing says what was shown, and where no stimulus
        could be measured.

    Warns
    -----
    UserWarning
        Where presentations lie outside of the recording; they are left out.

    Examples
    --------
    >>> from allentk.data import SpikeTrains
    >>> gray = StimulusTable(pd.DataFrame({"start_s": [0.0], "stop_s": [2.0], "stimulus": "spontaneous"}))
    >>> found = cell_metrics(SpikeTrains([0.1, 1.1], [0, 0], 1), {"spontaneous": gray, "odours": gray})
    >>> found.table["spontaneous_rate_hz_sp"].tolist(), list(found.failed)
    ([1.0], ['odours'])
    """
    source = Source.of(responses, definition, ids=ids, events=events)
    shown = source.tables() if tables is None else dict(tables)
    given = options or {}
    _expect_shown(given, shown, "options of", source)
    _expect_shown(stimuli, shown, "no stimulus", source)
    parts: dict[str, pd.DataFrame] = {}
    failed: dict[str, str] = {}
    heard: list[tuple[str, warnings.WarningMessage]] = []
    for name in list(dict.fromkeys(stimuli)) or list(shown):
        if say is not None:
            say(f"Measuring {name} ({definition}) ...")
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", UserWarning)
            try:
                parts[name] = source.measure(
                    name,
                    shown[name],
                    spontaneous=shown.get("spontaneous"),
                    running=running,
                    quirks=quirks,
                    options=given.get(name),
                )
            except AllenTKError as error:
                failed[name] = str(error)
        heard += [(name, one) for one in told]
    for _, one in heard:
        warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    if not parts:
        reasons = "; ".join(f"{name}: {why}" for name, why in failed.items())
        of = definitions_of("spikes" if source.signal == "spikes" else "traces")
        raise DataError(
            f"{source.name}: no stimulus could be measured by {definition!r} "
            f"({reasons or 'none was shown'}); others of this signal are "
            f"{', '.join(name for name in of if name != definition)}"
        )
    return SessionMetrics(
        _whole(parts, source),
        definition,
        source.signal,
        {name: source.named(part) for name, part in parts.items()},
        failed,
        _remarks(heard),
        source.synthetic,
    )


def _whole(parts: Mapping[str, pd.DataFrame], source: Source) -> pd.DataFrame:
    whole = source.named(side_by_side(parts, source.cells()))
    for place, (name, values) in enumerate(source.said(whole["cell"]).items(), start=1):
        whole.insert(place, name, values)
    whole.attrs |= {"definition": source.definition, "synthetic": source.synthetic}
    return whole


def _expect_shown(names: Iterable[str], shown: Iterable[str], what: str, source: Source) -> None:
    unknown = [name for name in names if name not in shown]
    if unknown:
        raise DataError(
            f"{source.name}: {what} {unknown[0]!r}, which was not shown; shown were "
            f"{', '.join(shown) or 'none'}"
        )


def _remarks(heard: Iterable[tuple[str, warnings.WarningMessage]]) -> tuple[str, ...]:
    said = [(name, str(one.message)) for name, one in heard if one.category is UserWarning]
    return tuple(
        dict.fromkeys(text if text.startswith(name) else f"{name}: {text}" for name, text in said)
    )


def _quartiles(values: pd.Series[float]) -> dict[str, float]:
    low, middle, high = values.quantile([0.25, 0.5, 0.75])
    return {"q25": low, "median": middle, "q75": high}
