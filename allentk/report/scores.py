"""The model against the data: verdicts, and the section that shows distributions and scores."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from allentk.benchmark import BenchmarkResult
from allentk.report.blocks import Block, Cell, Fold, Picture, Prose, Section, Table
from allentk.report.figures import image
from allentk.report.score_figures import distribution_figure
from allentk.report.text import counted, fixed, listed, metric_title, number

__all__ = ["LIKE", "PARTLY", "score_said", "scores_section", "share_cell", "verdict"]

Row = Mapping[Hashable, Any]

#: Share of the ceiling from which a class is called like the data, and like the data in part.
LIKE, PARTLY = 0.9, 0.7

#: From this error of the quantiles on, S is an upper bound.
COARSE = 0.1

_MARKS = {
    "like the data": "good",
    "in part": "fair",
    "not like the data": "bad",
    "no ceiling": "off",
    "unscored": "off",
}

_COLUMNS = (
    "population",
    "cells, model",
    "cells, data",
    "median, quartiles: model",
    "median, quartiles: data",
    "S (95 % interval)",
    "ceiling",
    "S / ceiling",
    "KS distance",
    "noise floor",
    "Wasserstein",
)


def verdict(share_of_ceiling: float, *, scored: bool = True) -> Cell:
    """Return what a share of the ceiling is called.

    "no ceiling" where there are enough cells to be scored, but not to be halved.

    Examples
    --------
    >>> verdict(0.95).text, verdict(float("nan")).text, verdict(float("nan"), scored=False).text
    ('like the data', 'no ceiling', 'unscored')
    """
    # As shown: 0.897 reads 0.90.
    share = round(share_of_ceiling, 2)
    if not scored:
        text = "unscored"
    elif math.isnan(share):
        text = "no ceiling"
    elif share >= LIKE:
        text = "like the data"
    else:
        text = "in part" if share >= PARTLY else "not like the data"
    return Cell(text, _MARKS[text])


def share_cell(row: Row) -> Cell:
    """Return S / ceiling of one row of the table, with a star where the distance is within the noise."""
    share = float(row["S_over_ceiling"])
    called = verdict(share, scored=bool(row["scored"]))
    if called.mark == "off":
        return called
    star = "*" if row["ks"] <= row["noise_floor"] else ""
    return Cell(f"{fixed(share, 2)}{star}", called.mark)


def score_said(row: Row) -> str:
    """Return S of one row with its interval; "at most" where coarse quantiles hide part of the distance.

    Examples
    --------
    >>> score_said({"S": 0.8, "S_low": 0.75, "S_high": 0.84, "quantile_error": 0.01}).split()
    ['0.80', '0.75', 'to', '0.84']
    """
    text = fixed(float(row["S"]), 2)
    if float(row.get("quantile_error", 0.0)) > COARSE:
        text = f"at most\u00a0{text}"
    low, high = (float(row.get(name, math.nan)) for name in ("S_low", "S_high"))
    if math.isnan(low) or math.isnan(high):
        return text
    return f"{text}\n{fixed(low, 2)}\u00a0to\u00a0{fixed(high, 2)}"


def scores_section(result: BenchmarkResult) -> Section:
    """Return distributions and scores, metric by metric; small classes are shown as unscored."""
    reference = result.reference
    blocks: list[Block] = [
        Prose(
            f"Each class of the model's cells against the same class in {reference.title}. Blue "
            "is the share of the model's cells up to a value, grey that of the data; diamonds "
            "are the medians. S is one minus the largest vertical gap between the two (KS "
            "distance), and the ceiling is what random halves of the data reach against each "
            "other. The Wasserstein distance is in the unit of the metric. A star marks a "
            "distance within the noise floor of the data."
        )
    ]
    blocks += [Prose(f"Note: {note}", "note") for note in result.notes]
    for metric in dict.fromkeys(result.table["metric"]):
        of = result.table[result.table["metric"] == metric]
        there = of[of["n_model"] > 0]
        if len(there):
            blocks.append(_picture(result, metric, there))
        shown = of[(of["n_model"] > 0) | (of["n_dropped"] + of["n_excluded"] > 0)]
        if len(shown):
            blocks.append(_table(metric, shown))
        else:
            reasons = listed(dict.fromkeys(reason for reason in of["reason"] if reason))
            blocks.append(Prose(f"{metric_title(metric)}: unscored, {reasons}."))
    absent = _absent(result)
    if absent:
        blocks.append(absent)
    return Section("scores", "Model against Observatory", blocks)


def _picture(result: BenchmarkResult, metric: str, rows: pd.DataFrame) -> Picture:
    parts = [
        f"{row['population']} median {number(row['median_model'])} in the model, "
        f"{number(row['median_data'])} in the data"
        for row in rows.to_dict("records")
    ]
    title = metric_title(metric)
    return Picture(
        image(distribution_figure(result, metric)),
        alt=f"Cumulative distributions of {title}: {listed(parts)}.",
        caption=f"{title}: model (blue) and data (grey), medians as diamonds."
        + (" Linear up to 1 Hz, logarithmic above." if metric.endswith("rate_hz") else ""),
    )


def _table(metric: str, rows: pd.DataFrame) -> Table:
    entries = rows.to_dict("records")
    remarks = [f"{row['population']}: {text}." for row in entries if (text := _remark(row))]
    return Table(
        metric_title(metric),
        _COLUMNS,
        [_row(row) for row in entries],
        note=" ".join([*_what(rows), *remarks]),
    )


def _what(rows: pd.DataFrame) -> list[str]:
    """Say what a metric is, of which window, and which cells are left out, where the reference says so."""
    said = []
    for column, word in (
        ("definition", "Definition"),
        ("window", "Window"),
        ("exclusion", "Left out"),
    ):
        texts = list(dict.fromkeys(rows[column].dropna())) if column in rows else []
        said += (
            [f"{word}: {listed(text.rstrip('.') for text in texts if text)}."] if any(texts) else []
        )
    return said


def _row(row: Row) -> tuple[Cell, ...]:
    scored = bool(row["scored"])
    return (
        Cell(str(row["population"])),
        Cell(number(int(row["n_model"]))),
        Cell(number(int(row["n_data"]))),
        Cell(_median(row, "model")),
        Cell(_median(row, "data")),
        Cell(score_said(row) if scored else "unscored", "" if scored else "off"),
        Cell(fixed(row["ceiling"], 2)),
        share_cell(row) if scored else Cell("–"),
        Cell(fixed(row["ks"], 2)),
        Cell(fixed(row["noise_floor"], 2)),
        Cell(number(row["wasserstein"], 2)),
    )


def _median(row: Row, side: str) -> str:
    if math.isnan(row[f"median_{side}"]):
        return "–"
    low, high = number(row[f"q25_{side}"], 2), number(row[f"q75_{side}"], 2)
    return f"{number(row[f'median_{side}'])}\n{low}\u00a0to\u00a0{high}"


def _remark(row: Row) -> str:
    parts = [f"unscored, {row['reason']}"] if row["reason"] else []
    if row["n_excluded"]:
        parts.append(f"{counted(int(row['n_excluded']), 'cell')} too quiet for selectivity")
    if row["n_dropped"]:
        parts.append(f"{counted(int(row['n_dropped']), 'cell')} without a value")
    return "; ".join(parts)


def _absent(result: BenchmarkResult) -> Fold | None:
    """Classes of the reference of which the model has no cell."""
    there = set(result.model_table["population"])
    absent = result.table[~result.table["population"].isin(there)]
    if not len(absent):
        return None
    rows = [
        (
            Cell(str(population)),
            Cell(number(int(of["n_data"].max()))),
            Cell("unscored: the model has no such cells", "off"),
        )
        for population, of in absent.groupby("population", sort=False)
    ]
    table = Table(
        "Classes without cells in the model", ("population", "cells, data", "remark"), rows
    )
    return Fold(
        f"{counted(len(rows), 'class', 'classes')} of the reference not in the model", [table]
    )
