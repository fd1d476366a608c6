"""Several models against one reference, on one self-contained page: which is closer, and where."""

from __future__ import annotations

import math
import os
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from allentk.atomic import write_text
from allentk.report.blocks import Block, Cell, Picture, Prose, Section, Table
from allentk.report.comparison_figures import compared_distributions, compared_scores
from allentk.report.downloads import csv_file, downloads, json_file
from allentk.report.figures import image
from allentk.report.html import page_file, render
from allentk.report.provenance import made_facts, models_synthetic, reference_table
from allentk.report.result_tables import result_document
from allentk.report.scores import score_said
from allentk.report.text import counted, fixed, listed, metric_name, metric_title, table_of_facts

if TYPE_CHECKING:
    from allentk.benchmark.comparison import Comparison

__all__ = ["write_comparison"]

Row = Mapping[Hashable, Any]


def write_comparison(comparison: Comparison, path: str | os.PathLike[str]) -> Path:
    """Write one self-contained HTML page that sets several models beside each other.

    Parameters
    ----------
    comparison : Comparison
        Of ``allentk.benchmark.compare``.
    path : path
        The file to write, replaced if it is there.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        Where `path` is a folder.
    """
    file = page_file(path, "write_comparison")
    names = list(comparison.results)
    made_up = [n for n, of in comparison.results.items() if models_synthetic(of.model_table)]
    synthetic = (f"the models of the cells of {listed(made_up)}",) if made_up else ()
    sections = [
        _summary(comparison),
        _differences(comparison),
        _distributions(comparison),
        _tables(comparison),
        _provenance(comparison, synthetic),
    ]
    title = f"{listed(names)}, compared with the Observatory"
    return write_text(file, render(title, sections, synthetic))


def _summary(comparison: Comparison) -> Section:
    names = list(comparison.results)
    scored = comparison.table[comparison.table["scored"].astype(bool)]
    blocks: list[Block] = [
        Prose(_lead(comparison), "lead"),
        Prose(
            "S is one minus the largest gap between two cumulative distributions; 1 is the same. The "
            "ceiling is what random halves of the recorded cells reach against each other, so that a model "
            "at its ceiling is as near to the data as the data are. One model is called closer only where "
            "the 95 % interval of the difference, both against the same resampled data, leaves out 0."
        ),
        _means(comparison),
    ]
    if len(scored):
        said = listed(f"{name} {scored[scored['model'] == name]['S'].mean():.2f}" for name in names)
        blocks.append(
            Picture(
                image(compared_scores(comparison.table, names)),
                alt=f"S of every model, class and metric under the ceiling; mean S: {said}.",
                caption="S of every scored class and metric with its 95 % interval, under the ceiling that "
                "the data reach among themselves (bars). Models differ in colour and in marker.",
            )
        )
    return Section("summary", "Summary", blocks)


def _lead(comparison: Comparison) -> str:
    judged = comparison.differences[comparison.differences["scored"].astype(bool)]
    start = f"{listed(comparison.results)} against {comparison.reference.title}"
    if not len(judged):
        return f"{start}: no class could be compared."
    wins = judged["better"].value_counts()
    parts = [f"{name} is closer to the data in {wins.get(name, 0)}" for name in comparison.results]
    rest = int((judged["better"] == "").sum())
    return (
        f"{start}: of {counted(len(judged), 'comparison')} (a metric in a class, two models), "
        f"{listed(parts)}; in {rest} the data cannot tell them apart."
    )


def _means(comparison: Comparison) -> Table:
    table = comparison.table
    rows = []
    for metric in dict.fromkeys(table["metric"]):
        of = table[(table["metric"] == metric) & table["scored"].astype(bool)]
        entries = [Cell(metric_title(metric))]
        for name in comparison.results:
            mine = of[of["model"] == name]
            entries.append(Cell(fixed(float(mine["S"].mean()), 2) if len(mine) else "–"))
        entries += [
            Cell(fixed(float(of["ceiling"].mean()), 2)),
            Cell(str(of["population"].nunique())),
        ]
        rows.append(tuple(entries))
    return Table(
        "Mean S over classes",
        ("metric", *comparison.results, "mean ceiling", "classes scored"),
        rows,
        note="Means of different classes cannot be compared: look below where a model lacks a class.",
    )


def _differences(comparison: Comparison) -> Section:
    blocks: list[Block] = [
        Prose(
            "S of the first model minus that of the second, with the 95 % interval of the bootstrap "
            f"({comparison.bootstrap} draws, seed {comparison.seed})."
        )
    ]
    frame = comparison.differences
    for metric in dict.fromkeys(frame["metric"]):
        of = frame[frame["metric"] == metric]
        shown = of[of["scored"].astype(bool)]
        if len(shown):
            blocks.append(_difference_table(comparison, metric, shown))
        elif reasons := list(dict.fromkeys(reason for reason in of["reason"] if reason)):
            said = f"{metric_title(metric)}: not compared, {listed(reasons)}."
            blocks.append(Prose(said, "note"))
    return Section("differences", "Which model is closer", blocks)


def _difference_table(comparison: Comparison, metric: str, rows: pd.DataFrame) -> Table:
    by_model = comparison.table[comparison.table["metric"] == metric].set_index(
        ["population", "model"]
    )
    entries = [_difference(by_model, row) for row in rows.to_dict("records")]
    return Table(
        metric_title(metric),
        (
            "population",
            "first",
            "second",
            "S, first",
            "S, second",
            "ceiling",
            "difference",
            "closer",
        ),
        entries,
        n_text=3,
        n_tail=1,
    )


def _difference(by_model: pd.DataFrame, row: Row) -> tuple[Cell, ...]:
    sides = [by_model.loc[(row["population"], row[name])] for name in ("model_a", "model_b")]
    said = [score_said(dict(side)) for side in sides]
    low, high = float(row["low"]), float(row["high"])
    spread = "" if math.isnan(low) else f"\n{fixed(low, 2)}\u00a0to\u00a0{fixed(high, 2)}"
    closer = str(row["better"]) or "no difference to be told"
    return (
        Cell(str(row["population"])),
        Cell(str(row["model_a"])),
        Cell(str(row["model_b"])),
        *(Cell(text) for text in said),
        Cell(fixed(float(sides[0]["ceiling"]), 2)),
        Cell(f"{fixed(float(row['difference']), 2)}{spread}"),
        Cell(closer, "good" if row["better"] else "off"),
    )


def _distributions(comparison: Comparison) -> Section:
    blocks: list[Block] = []
    for metric in dict.fromkeys(comparison.table["metric"]):
        of = comparison.table[comparison.table["metric"] == metric]
        if not (of["n_model"] > 0).any():
            continue
        said = listed(
            f"{row['population']} {row['model']} {row['median_model']:.3g}, data {row['median_data']:.3g}"
            for row in of[of["n_model"] > 0].to_dict("records")[:12]
        )
        blocks.append(
            Picture(
                image(compared_distributions(comparison.results, metric)),
                alt=f"Cumulative distributions of {metric_name(metric)}; medians: {said}.",
                caption=f"{metric_title(metric)}: share of cells up to a value, data in grey, models in "
                "colour and in different lines.",
            )
        )
    if not blocks:
        blocks.append(Prose("No model has a cell in a class of the reference."))
    return Section("distributions", "Distributions", blocks)


def _tables(comparison: Comparison) -> Section:
    document = {
        "scores": comparison.table.to_dict("records"),
        "differences": comparison.differences.to_dict("records"),
        "models": {name: result_document(of) for name, of in comparison.results.items()},
    }
    files = [
        csv_file("scores", comparison.table, "Every score, by metric, class and model"),
        csv_file("differences", comparison.differences, "Every difference between two models"),
        json_file("comparison", document, "Everything with what was compared, and under what"),
    ]
    files += [
        csv_file(
            f"cells_{_file_name(name)}", of.model_table, f"Cells of {name} as they were scored"
        )
        for name, of in comparison.results.items()
    ]
    return Section("tables", "Tables to download", [downloads(files)])


def _file_name(name: str) -> str:
    """Return a name of a file for a model's name."""
    return "".join(one if one.isalnum() or one in "-_." else "_" for one in name)


def _provenance(comparison: Comparison, synthetic: tuple[str, ...]) -> Section:
    measured = {name: of.measured_under for name, of in comparison.results.items()}
    under = "; ".join(f"{name}: {text}" for name, text in measured.items())
    blocks: list[Block] = [
        table_of_facts("This page", made_facts(synthetic, None)),
        table_of_facts(
            "Comparison", {"seed": comparison.seed, "bootstrap draws": comparison.bootstrap}
        ),
        reference_table(comparison.reference, under),
    ]
    return Section("provenance", "Provenance", blocks)
