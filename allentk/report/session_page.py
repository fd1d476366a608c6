"""Cells of a session, each with its responses and metrics, on one self-contained page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.atomic import write_text
from allentk.data import StimulusTable, Traces
from allentk.errors import DataError
from allentk.report.blocks import Block, Cell, Prose, Section, Table
from allentk.report.downloads import csv_file, downloads, json_file
from allentk.report.html import page_file, render
from allentk.report.provenance import made_facts
from allentk.report.session_cell import cell_section, stimulus_title, unit_said
from allentk.report.text import capital, counted, frame_table, listed, metric_name, table_of_facts
from allentk.responses.definition import Metric

__all__ = ["SessionPage", "write_session_report"]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class SessionPage:
    """Cells of a two-photon session, measured by one definition.

    Parameters
    ----------
    session : mapping
        Metadata of the session; ``session["synthetic"]`` marks a made-up one.
    definition : str
        By which the cells were measured.
    signal : str
        Of what: ``"dF/F"``, ``"corrected fluorescence"`` or ``"events"``.
    traces : Traces
        What is drawn: dF/F, of all cells or of those of the page.
    stimuli : mapping of str to StimulusTable
        What was shown, by its name.
    metrics : mapping of str to DataFrame
        By stimulus, one row per cell, column ``cell``.
    table : DataFrame
        All metrics of all cells in one table, to be saved from the page.
    cells : tuple of int
        The cells of the page.
    described : mapping of str to mapping of str to Metric
        By stimulus and column: unit, formula, source.
    templates : mapping of str to ndarray, shape (frames, height, width)
        Frames of the noise, by stimulus.
    failed : mapping of str to str
        Stimuli that were not measured, and why.
    remarks : tuple of str
        What was said while measuring.
    """

    session: Mapping[str, Any]
    definition: str
    signal: str
    traces: Traces
    stimuli: Mapping[str, StimulusTable]
    metrics: Mapping[str, pd.DataFrame]
    table: pd.DataFrame
    cells: tuple[int, ...]
    described: Mapping[str, Mapping[str, Metric]] = field(default_factory=dict)
    templates: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def synthetic(self) -> bool:
        """Whether the session says that it is made up."""
        return bool(self.session.get("synthetic", False))

    @property
    def name(self) -> str:
        """Name of the session for people."""
        for key in ("session_id", "ophys_experiment_id", "name"):
            if self.session.get(key):
                return str(self.session[key])
        return "session"

    def __repr__(self) -> str:
        return f"<SessionPage {self.name}: {len(self.cells)} cells, {self.definition}>"


def write_session_report(page: SessionPage, path: str | os.PathLike[str]) -> Path:
    """Write one self-contained HTML page of a session's cells.

    Parameters
    ----------
    page : SessionPage
        The cells.
    path : path
        The file to write, replaced if it is there.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        Where no cell is asked for, one is not among the traces, or `path` is a folder.
    """
    file = page_file(path, "write_session_report")
    absent = [cell for cell in page.cells if cell not in page.traces.ids]
    if absent or not page.cells:
        what = f"no cell {absent[0]} among the traces" if absent else "no cell to draw"
        raise DataError(f"write_session_report: {what}; name some of session.cell_specimen_ids")
    sections = [_summary(page), *(cell_section(page, cell) for cell in page.cells)]
    synthetic = (f"the Observatory session {page.name}",) if page.synthetic else ()
    sections += [_tables(page), _provenance(page, synthetic)]
    title = f"Cells of session {page.name}"
    return write_text(file, render(title, sections, synthetic))


def _summary(page: SessionPage) -> Section:
    measured = listed(stimulus_title(name).lower() for name in page.metrics)
    n = len(page.table)
    lead = (
        f"{counted(len(page.cells), 'cell')} of the {n:,} in this session, measured by the definition "
        f"“{page.definition}” of {page.signal}: {measured}."
    )
    blocks: list[Block] = [Prose(lead, "lead"), Prose(_how_to_read(page))]
    blocks += [
        Prose(f"Not measured: {stimulus_title(k)} ({why}).") for k, why in page.failed.items()
    ]
    blocks += [Prose(f"Note: {remark}", "note") for remark in page.remarks]
    for name, table in page.metrics.items():
        blocks.append(_medians(page, name, table))
    return Section("summary", "Summary", blocks)


def _how_to_read(page: SessionPage) -> str:
    return (
        f"Figures show {page.traces.unit} of the whole session, whatever the metrics are of; the "
        "preferred condition of a figure is the one with the largest mean in it. Medians below are over "
        "all measured cells, so that a cell can be told from its neighbours."
    )


def _medians(page: SessionPage, stimulus: str, table: pd.DataFrame) -> Table:
    numeric = [
        column
        for column in table.columns
        if column != "cell" and pd.api.types.is_numeric_dtype(table[column])
    ]
    known = page.described.get(stimulus, {})
    mine = table.set_index("cell").reindex(list(page.cells))
    rows = [
        {
            "metric": metric_name(column, unit=False),
            "unit": unit_said(known[column].unit if column in known else "", page.signal),
            **{f"cell {cell}": mine.loc[cell, column] for cell in page.cells},
            "median of all": table[column].astype(float).median(),
            "cells with a value": int(table[column].notna().sum()),
        }
        for column in numeric
    ]
    frame = pd.DataFrame(rows)
    shown = frame_table(frame, f"{stimulus_title(stimulus)}, {page.definition}")
    columns = tuple(str(name) for name in frame.columns) if rows else shown.columns
    return Table(shown.caption, columns, shown.rows, n_text=2)


def _tables(page: SessionPage) -> Section:
    name = f"session_{page.name}_{page.definition}".replace(" ", "_")
    made = " (SYNTHETIC)" if page.synthetic else ""
    files = [
        csv_file(f"{name}_metrics", page.table, f"All metrics of all cells{made}"),
        json_file(
            f"{name}_metrics",
            {
                "session": page.session,
                "synthetic": page.synthetic,
                "definition": page.definition,
                "signal": page.signal,
                "not_measured": page.failed,
                "cells": page.table.to_dict("records"),
            },
            f"The same with the session's metadata{made}",
        ),
    ]
    return Section("tables", "Tables to download", [downloads(files)])


def _provenance(page: SessionPage, synthetic: tuple[str, ...]) -> Section:
    blocks: list[Block] = [
        table_of_facts("This page", made_facts(synthetic, None)),
        table_of_facts("Session", page.session),
        table_of_facts(
            "What was shown",
            {name: counted(len(of), "presentation") for name, of in page.stimuli.items()},
        ),
    ]
    for stimulus, metrics in page.described.items():
        if metrics:
            blocks.append(_definitions(page, stimulus, metrics))
    return Section("provenance", "Provenance and definitions", blocks)


def _definitions(page: SessionPage, stimulus: str, metrics: Mapping[str, Metric]) -> Table:
    rows = [
        (
            Cell(metric_name(name, unit=False)),
            Cell(unit_said(of.unit, page.signal)),
            Cell(capital(of.formula)),
            Cell(of.excluded or "–"),
            Cell(of.source or "–"),
        )
        for name, of in metrics.items()
    ]
    columns = ("metric", "unit", "formula", "no value where", "source")
    return Table(f"Definitions: {stimulus_title(stimulus)}", columns, rows, n_text=5)
