"""A two-photon session to its metric table, stimulus by stimulus, under a named definition."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
from pandas.api.types import is_numeric_dtype

from allentk.data import Traces
from allentk.errors import AllenTKError, ConfigError, DataError
from allentk.io import OphysSession, read_events
from allentk.responses.definition import Metric
from allentk.responses.definitions import definition_module
from allentk.responses.session_source import Source
from allentk.responses.side_by_side import kind_of, side_by_side

__all__ = ["SIGNALS", "MeasuredSession", "described", "measure_session"]

#: Definition of two-photon metrics -> the signal that it is of.
SIGNALS = {
    "trial-mean": "dF/F",
    "warehouse": "corrected fluorescence (movies and noise: dF/F)",
    "paper2020": "events",
}

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class MeasuredSession:
    """The metrics of a session's cells.

    Parameters
    ----------
    session : OphysSession
        The session.
    definition : str
        By which they were measured.
    tables : mapping of str to DataFrame
        By stimulus, one row per cell.
    failed : mapping of str to str
        Stimuli that could not be measured, and why.
    remarks : tuple of str
        What was said while measuring, such as presentations left out.
    """

    session: OphysSession
    definition: str
    tables: Mapping[str, pd.DataFrame]
    failed: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def synthetic(self) -> bool:
        """Whether the session says that it is made up."""
        return bool(self.session.metadata.get("synthetic", False))

    @property
    def signal(self) -> str:
        """What was measured: dF/F, fluorescence or events."""
        return SIGNALS[self.definition]

    def table(self) -> pd.DataFrame:
        """Return one row per cell, the columns of every stimulus with its end, as in ``osi_dg``.

        ``notes`` says why a cell lacks values, and of which stimulus. A synthetic session has the column
        ``synthetic``.
        """
        wide = side_by_side(self.tables, Source.of(self.session, self.definition).cells())
        wide.insert(1, "definition", self.definition)
        if self.synthetic:
            wide.insert(2, "synthetic", True)
        return wide

    def summary(self) -> pd.DataFrame:
        """Return quartiles over cells, one row per stimulus and metric that is a number."""
        rows = [
            {
                "stimulus": name,
                "metric": column,
                "cells": int(values.notna().sum()),
                **_quartiles(values),
            }
            for name, table in self.tables.items()
            for column in table.columns.drop("cell")
            if is_numeric_dtype(table[column])
            for values in [table[column].astype(float)]
        ]
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        return (
            f"<MeasuredSession {self.definition}: {len(self.tables)} stimuli measured, "
            f"{len(self.failed)} not>"
        )


def measure_session(
    session: OphysSession,
    *,
    definition: str = "warehouse",
    stimuli: Sequence[str] = (),
    events: str | os.PathLike[str] | Traces | None = None,
    quirks: str | Sequence[str] = (),
    say: Say | None = None,
) -> MeasuredSession:
    """Measure the cells of a session; a stimulus that fails costs that stimulus.

    Parameters
    ----------
    session : OphysSession
        Of ``BrainObservatory.session`` or ``read_session``.
    definition : {"warehouse", "paper2020", "trial-mean"}
        By which: of corrected fluorescence, of events, or of dF/F.
    stimuli : sequence of str
        Some of ``session.stimuli``; by default all.
    events : path or Traces, optional
        The session's events, which ``"paper2020"`` needs.
    quirks : "published" or sequence of str
        Published bugs to be kept; see ``docs/metrics.md``.
    say : callable, optional
        Is told each step in one line.

    Returns
    -------
    MeasuredSession

    Raises
    ------
    ConfigError
        On an unknown definition.
    DataError
        On a stimulus that was not shown, missing events, or where every
        stimulus failed.

    Examples
    --------
    >>> measure_session(session, definition="warehouse").table()  # doctest: +SKIP
    """
    if definition not in SIGNALS:
        raise ConfigError(f"definition must be one of {', '.join(SIGNALS)}, got {definition!r}")
    chosen = _chosen(session, stimuli)
    source = Source.of(session, definition, events=_events(session, events))
    tables: dict[str, pd.DataFrame] = {}
    failed: dict[str, str] = {}
    remarks: list[str] = []
    for name in chosen:
        if say is not None:
            say(f"Measuring {name} ({definition}) ...")
        try:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always", UserWarning)
                tables[name] = source.measure(name, session.stimulus_table(name), quirks=quirks)
            remarks += [f"{name}: {one.message}" for one in told if one.category is UserWarning]
        except AllenTKError as error:
            failed[name] = str(error)
    if not tables:
        reasons = "; ".join(f"{name}: {why}" for name, why in failed.items())
        raise DataError(f"{session.path}: no stimulus could be measured ({reasons})")
    return MeasuredSession(session, definition, tables, failed, tuple(dict.fromkeys(remarks)))


def described(definition: str, stimulus: str) -> dict[str, Metric]:
    """Return unit, formula and source of the columns of a stimulus under a definition.

    Columns that the definition does not describe are missing.
    """
    known: Sequence[Metric] = getattr(definition_module(definition), "METRICS", ())
    kind = kind_of(stimulus)
    return {one.name: one for one in known if one.definition == definition and one.stimulus == kind}


def _quartiles(values: pd.Series[float]) -> dict[str, float]:
    low, middle, high = values.quantile([0.25, 0.5, 0.75])
    return {"q25": low, "median": middle, "q75": high}


def _chosen(session: OphysSession, stimuli: Sequence[str]) -> list[str]:
    absent = [name for name in stimuli if name not in session.stimulus_names]
    if absent:
        raise DataError(
            f"{session.path}: no stimulus {absent[0]!r} in this session; there are "
            f"{', '.join(session.stimulus_names) or 'none'}"
        )
    return list(dict.fromkeys(stimuli)) or list(session.stimulus_names)


def _events(
    session: OphysSession, events: str | os.PathLike[str] | Traces | None
) -> Callable[[], Traces] | None:
    if events is None:
        return None
    return lambda: events if isinstance(events, Traces) else read_events(events, session)
