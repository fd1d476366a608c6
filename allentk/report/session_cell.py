"""The section of one cell of a session: a figure and a table per stimulus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from allentk.data import StimulusTable
from allentk.errors import DataError
from allentk.report.blocks import Block, Cell, Heading, Picture, Prose, Section, Table
from allentk.report.figures import image
from allentk.report.response_maps import (
    AXES,
    Trials,
    conditions_of,
    field_maps,
    movie_trials,
    range_said,
    trials_of,
)
from allentk.report.response_panels import (
    conditions_figure,
    field_figure,
    movie_figure,
    trace_figure,
)
from allentk.report.text import capital, metric_name, shown
from allentk.responses.definition import Metric

if TYPE_CHECKING:
    from allentk.report.session_page import SessionPage

__all__ = ["cell_section", "stimulus_title", "unit_said"]

_CAPTION = (
    "Trials of the preferred condition between the two red lines; dashed: the mean response to blanks; "
    "bands and bars are standard errors over trials."
)


def stimulus_title(name: str) -> str:
    """Return a stimulus for people: "Drifting gratings"."""
    return capital(name.replace("_", " "))


def unit_said(unit: str, signal: str) -> str:
    """Return a unit for people; a dash for a pure number, and where there is none."""
    if unit in ("1", ""):
        return "–"
    return {"deg": "°", "unit of the traces": f"of {signal}"}.get(unit, unit)


def cell_section(page: SessionPage, cell: int) -> Section:
    """Return what one cell answers to every stimulus, and its metrics."""
    blocks: list[Block] = []
    for name, table in page.stimuli.items():
        blocks.append(Heading(stimulus_title(name), page.synthetic))
        try:
            blocks += _drawn(page, name, table, cell)
        except DataError as error:
            blocks.append(Prose(f"Not drawn: {error}"))
        blocks += _metrics(page, name, cell)
    return Section(f"cell-{cell}", f"Cell {cell}", blocks)


def _drawn(page: SessionPage, name: str, table: StimulusTable, cell: int) -> Iterator[Picture]:
    if name in AXES:
        yield _conditions(page, name, table, cell)
    elif name.startswith("natural_movie"):
        yield _movie(page, name, table, cell)
    elif name in page.templates:
        yield _field(page, name, table, cell)
    elif name == "spontaneous":
        yield _trace(page, table, cell)


def _about(page: SessionPage, table: StimulusTable, rows: np.ndarray, cell: int) -> Trials:
    intervals = table.intervals_s[rows]
    duration = float(np.median(np.diff(intervals, axis=1)))
    margin = max(min(duration, 1.0), 0.25)
    return trials_of(
        page.traces,
        intervals[:, 0],
        cell,
        duration_s=duration,
        before_s=margin,
        after_s=max(margin, 0.5),
    )


def _conditions(page: SessionPage, name: str, table: StimulusTable, cell: int) -> Picture:
    unit = page.traces.unit
    of = conditions_of(page.traces, table, name, cell)
    trials = _about(page, table, of.best, cell)
    figure = conditions_figure(of, trials, unit, synthetic=page.synthetic)
    means = range_said(of.table["mean"].to_numpy(float), unit)
    return Picture(
        image(figure),
        alt=f"Responses of cell {cell} to {stimulus_title(name).lower()}: means of {means} over "
        f"{len(of.table)} conditions, the largest for {of.label}; {len(trials.values)} trials of it and "
        "their average.",
        caption=f"Preferred: {of.label}. {_CAPTION}",
    )


def _movie(page: SessionPage, name: str, table: StimulusTable, cell: int) -> Picture:
    trials = movie_trials(page.traces, table, cell)
    means = range_said(trials.mean, page.traces.unit)
    return Picture(
        image(movie_figure(trials, page.traces.unit, synthetic=page.synthetic)),
        alt=f"Responses of cell {cell} to {stimulus_title(name).lower()}: {len(trials.values)} showings, "
        f"whose average goes from {means}.",
        caption="Every showing of the movie, dark where the response is large, and their average with the "
        "standard error.",
    )


def _field(page: SessionPage, name: str, table: StimulusTable, cell: int) -> Picture:
    unit = page.traces.unit
    white, black, best, label = field_maps(page.traces, table, page.templates[name], cell)
    trials = _about(page, table, best, cell)
    both = range_said(np.concatenate([white.ravel(), black.ravel()]), unit)
    return Picture(
        image(field_figure(white, black, trials, unit, synthetic=page.synthetic)),
        alt=f"Maps of the mean response of cell {cell} to white and to black pixels of "
        f"{stimulus_title(name).lower()}, {both}; the largest for {label}.",
        caption=f"Mean response to the presentations in which a pixel was white, or black; largest: "
        f"{label}. {_CAPTION}",
    )


def _trace(page: SessionPage, table: StimulusTable, cell: int) -> Picture:
    start, stop = float(table.intervals_s.min()), float(table.intervals_s.max())
    time = page.traces.time_s
    inside = (time >= start) & (time < stop)
    if not inside.any():
        raise DataError("no frame lies in the spontaneous stretch")
    row = int(np.flatnonzero(page.traces.ids == cell)[0])
    values = np.asarray(page.traces.values[row, inside], dtype=float)  # noqa: PD011 (no table)
    unit = page.traces.unit
    return Picture(
        image(trace_figure(time[inside], values, unit, synthetic=page.synthetic)),
        alt=f"{unit} of cell {cell} on a gray screen from {start:.0f} to {stop:.0f} s, "
        f"{range_said(values, unit)}.",
        caption=f"{unit} on a gray screen, {start:.0f} to {stop:.0f} s.",
    )


def _metrics(page: SessionPage, stimulus: str, cell: int) -> Iterator[Table]:
    table = page.metrics.get(stimulus)
    mine = None if table is None else table[table["cell"] == cell]
    if mine is None or not len(mine):
        return
    values = {str(name): value for name, value in mine.iloc[0].items() if name != "cell"}
    note = values.pop("notes", "")
    described = page.described.get(stimulus, {})
    yield Table(
        f"Cell {cell}, {stimulus_title(stimulus).lower()}: {page.definition}",
        ("metric", "value", "unit", "definition"),
        [_entry(page, name, value, described.get(name)) for name, value in values.items()],
        n_text=1,
        n_tail=2,
        note="" if pd.isna(note) else capital(str(note)),
    )


def _entry(page: SessionPage, name: str, value: Any, of: Metric | None) -> tuple[Cell, ...]:
    return (
        # The unit has its own column: one name has several, by the definition.
        Cell(metric_name(name, unit=False)),
        Cell("–" if pd.isna(value) else shown(value)),
        Cell(unit_said(of.unit, page.signal) if of else "–"),
        Cell(capital(of.formula) if of else "–"),
    )
