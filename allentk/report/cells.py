"""The section of the recorded cells, and the table of their features against published ranges."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from allentk.features.quality import quality
from allentk.report.blocks import Block, Cell, Heading, Picture, Prose, Section, Table
from allentk.report.feature_figures import feature_figure
from allentk.report.figures import image
from allentk.report.pages import CellPage
from allentk.report.quality_panel import verdicts_of
from allentk.report.range_figures import range_figure
from allentk.report.ranges import FEATURES, Range, Ranges, load_ranges
from allentk.report.text import capital, counted, fixed

__all__ = ["cells_section", "feature_places", "features_section", "value_of"]

_HOW_TO_READ = (
    "Above: voltage and current of the long squares up to rheobase, and the hero sweep (39 to 61 pA "
    "above it) with its spikes as they were detected and its rate. Below: the rate on the current; peak "
    "and steady state of hyperpolarising steps, their slope the input resistance; the exponentials "
    "whose time constant is the membrane's; the first spikes. Last: the checks of the recording in "
    "units of their limits, and the main features."
)

#: Features that the text of the picture names.
_IN_ALT = {
    "threshold_i_long_square": "rheobase",
    "f_i_curve_slope": "f–I slope",
    "ri": "input resistance",
    "tau": "time constant",
    "sag": "sag",
}

#: Cells beside each other in one table.
_PER_TABLE = 6


def value_of(page: CellPage, feature: str) -> float:
    """Return a feature of a cell; NaN where it was not measured."""
    value: Any = page.features.get(feature, math.nan)
    return math.nan if value is None or pd.isna(value) else float(value)


def feature_places(pages: Sequence[CellPage]) -> tuple[int, int]:
    """Return how many measured features lie in their published range, and how many there are."""
    ranges = load_ranges()
    places = [
        of[name].place(value_of(page, name))
        for page in pages
        if (of := ranges.of.get(page.dendrite_type))
        for name in FEATURES
    ]
    known = [place for place in places if place]
    return known.count("in range"), len(known)


def cells_section(pages: Sequence[CellPage]) -> Section:
    """Return every cell with its summary: what was recorded, what was measured, how good it is."""
    blocks: list[Block] = [Prose(_HOW_TO_READ)]
    for page in pages:
        blocks += [Heading(page.name, page.synthetic), Prose(_facts(page), "note"), _picture(page)]
    return Section("cells", "Cells", blocks)


def _facts(page: CellPage) -> str:
    kinds = page.sweeps.table["stimulus"].replace("", "unknown").value_counts()
    facts = [f"Specimen {page.specimen_id}"]
    if page.dendrite_type:
        facts.append(f"{page.dendrite_type} dendrites")
    listed = ", ".join(f"{count} {name}" for name, count in kinds.items())
    facts.append(f"{counted(len(page.sweeps), 'sweep')}: {listed}")
    return " · ".join(facts)


def _picture(page: CellPage) -> Picture:
    judged = quality(page.sweeps, progress=False)
    figure = feature_figure(
        page.sweeps,
        features=page.features,
        quality=judged,
        morphology=page.morphology,
        synthetic=page.synthetic,
    )
    made = "Synthetic sweeps" if page.synthetic else "Sweeps"
    shape = ", and its reconstructed shape" if page.morphology is not None else ""
    failed = int((verdicts_of(judged) == "failed").sum())
    said = "; ".join(f"{name} {_value(page, key)}" for key, name in _IN_ALT.items())
    return Picture(
        image(figure),
        alt=f"{made} of {page.name} and what was measured on them: long squares up to rheobase, the "
        f"hero sweep and its instantaneous rate, f–I curve, resistance, time constant, first "
        f"spikes{shape}. {capital(said)}. {failed} of {counted(len(judged), 'quality check')} failed.",
        caption=f"{made} of {page.name}{shape}. Read it from top to bottom: what was recorded, what the "
        f"steps tell, the shape of a spike, and how good the recording is; a dot in the grey band "
        f"passes its limit.",
    )


def _value(page: CellPage, feature: str) -> str:
    _, unit, decimals = FEATURES[feature]
    return f"{fixed(value_of(page, feature), decimals)} {unit}"


def features_section(pages: Sequence[CellPage]) -> Section:
    """Return the main features of every cell beside the published range for its dendrite type."""
    ranges = load_ranges()
    of_type = [page for page in pages if page.dendrite_type in ranges.of]
    blocks: list[Block] = [Prose(_introduction(pages, ranges))]
    if of_type:
        blocks.append(_range_picture(of_type, ranges))
    for kind, alike in _by_kind(pages, ranges):
        blocks += [
            _table(kind, alike[start : start + _PER_TABLE], ranges)
            for start in range(0, len(alike), _PER_TABLE)
        ]
    return Section("features", "Features against published ranges", blocks)


def _introduction(pages: Sequence[CellPage], ranges: Ranges) -> str:
    kinds = [f"{ranges.n_cells[kind]} {kind}" for kind in ranges.of]
    unknown = sum(page.dendrite_type not in ranges.of for page in pages)
    text = (
        "Published: mouse cells of the Allen Cell Types Database by dendrite type "
        f"({', '.join(kinds)}). One in ten of these cells lies outside each range, so a few marks "
        "mean little and many mean much. Latency, mean interval and adaptation are those of the "
        "hero sweep, spike features those of the first spike at rheobase."
    )
    if unknown:
        text += f" {counted(unknown, 'cell')} of unknown dendrite type cannot be compared."
    return text


def _range_picture(pages: Sequence[CellPage], ranges: Ranges) -> Picture:
    figure = range_figure(
        {page.name: {name: value_of(page, name) for name in FEATURES} for page in pages},
        {page.name: page.dendrite_type for page in pages},
        ranges.of,
        synthetic=any(page.synthetic for page in pages),
    )
    inside, known = feature_places(pages)
    return Picture(
        image(figure),
        alt=f"Features of {counted(len(pages), 'cell')} against published ranges: {inside} of "
        f"{known} values lie in the 5 to 95 % range.",
        caption="Features of the cells (dots) against the published 5 to 95 % range and median "
        "(bars).",
    )


def _by_kind(pages: Sequence[CellPage], ranges: Ranges) -> Iterator[tuple[str, list[CellPage]]]:
    """Yield the cells of every dendrite type, and last those of which no range is known."""
    for kind in ranges.of:
        yield kind, [page for page in pages if page.dendrite_type == kind]
    yield "", [page for page in pages if page.dendrite_type not in ranges.of]


def _table(kind: str, pages: Sequence[CellPage], ranges: Ranges) -> Table:
    rows = []
    for feature, (name, unit, _) in FEATURES.items():
        published = [Cell(_quantiles(ranges.of[kind][feature], feature))] if kind else []
        measured = [_entry(page, feature, ranges) for page in pages]
        rows.append((Cell(f"{name} ({unit})"), *published, *measured))
    return Table(
        f"{capital(kind)} cells beside the published range" if kind else "Cells without a range",
        (
            "feature",
            *(["published 5\u00a0/\u00a050\u00a0/\u00a095\u00a0%"] if kind else []),
            *(p.name for p in pages),
        ),
        rows,
        note="↓ below the 5th, ↑ above the 95th percentile of the published cells; – not measured."
        if kind
        else "",
    )


def _quantiles(of: Range, feature: str) -> str:
    # No line break inside a range.
    return "\u00a0/\u00a0".join(fixed(q, FEATURES[feature][2]) for q in (of.q05, of.q50, of.q95))


def _entry(page: CellPage, feature: str, ranges: Ranges) -> Cell:
    value = value_of(page, feature)
    of = ranges.of.get(page.dendrite_type)
    place = of[feature].place(value) if of else ""
    suffix = {"below": "\u00a0↓", "above": "\u00a0↑"}.get(place, "")
    marks = {"in range": "good", "below": "bad", "above": "bad", "": ""}
    return Cell(f"{fixed(value, FEATURES[feature][2])}{suffix}", marks[place])
