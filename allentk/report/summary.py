"""The summary: which populations are like the data, in a few sentences and one table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from allentk.benchmark import BenchmarkResult
from allentk.benchmark.distribution import MIN_CELLS
from allentk.report.blocks import Block, Cell, Picture, Prose, Section, Table
from allentk.report.cells import feature_places
from allentk.report.figures import image
from allentk.report.fits import has_holdout
from allentk.report.pages import CellPage, NetworkPage, ObservatoryPage
from allentk.report.score_figures import score_figure
from allentk.report.scores import LIKE, PARTLY, share_cell, verdict
from allentk.report.text import counted, fixed, listed, metric_name, number

__all__ = ["summary_section"]


def summary_section(
    result: BenchmarkResult | None,
    cells: Sequence[CellPage],
    network: NetworkPage | None,
    observatory: ObservatoryPage | None,
) -> Section:
    """Return the few sentences that matter, and the table of scores where there are scores."""
    blocks: list[Block] = []
    if result is not None:
        blocks.append(Prose(_verdicts(result), "lead"))
        blocks.append(Prose(_how_to_read(result)))
    rest = " ".join([*_cells_said(cells), *_network_said(network), *_observatory_said(observatory)])
    if rest:
        blocks.append(Prose(rest))
    if result is not None:
        blocks += _scores(result)
    return Section("summary", "Summary", blocks)


def _of_model(result: BenchmarkResult) -> pd.DataFrame:
    """Return the rows of the classes of which the model has cells."""
    return result.table[result.table["population"].isin(set(result.model_table["population"]))]


#: What is said of one population, and of several.
_PHRASES = {
    "like the data": ("is like the data", "are like the data"),
    "in part": ("is like the data in part", "are like the data in part"),
    "not like the data": ("is not like the data", "are not like the data"),
    "no ceiling": ("has too few cells in the data to say", "have too few cells in the data to say"),
    "unscored": ("has too few cells to be scored", "have too few cells to be scored"),
}


def _share(rows: pd.DataFrame) -> tuple[float, Cell]:
    """Return the mean share of the ceiling of one population, and what it is called."""
    share = float(rows["S_over_ceiling"].mean())
    return share, verdict(share, scored=bool(rows["scored"].any()))


def _verdicts(result: BenchmarkResult) -> str:
    rows = _of_model(result)
    by_verdict: dict[str, list[str]] = {}
    for population, of in rows.groupby("population", sort=False):
        share, called = _share(of)
        detail = "" if called.mark == "off" else f" ({share:.0%})"
        by_verdict.setdefault(called.text, []).append(f"{population}{detail}")
    sentences = [
        f"{listed(names)} {phrase[len(names) > 1]}."
        for text, phrase in _PHRASES.items()
        if (names := by_verdict.get(text))
    ]
    return (
        f"Compared with {result.reference.title} (in brackets the mean share of the ceiling): "
        f"{' '.join(sentences)}{_worst(rows)}"
    )


def _how_to_read(result: BenchmarkResult) -> str:
    rows = _of_model(result)
    scored = rows[rows["scored"].astype(bool)]
    judged = scored[scored["ceiling"].notna()]
    text = (
        "S says how far a model's cells and the recorded ones are spread alike: 1 is the same "
        "distribution, 0 are two that do not meet."
    )
    if not len(judged):
        return text
    low, high = judged["ceiling"].min(), judged["ceiling"].max()
    floor = 1 - judged["noise_floor"].max()
    n = int((judged["ks"] <= judged["noise_floor"]).sum())
    return (
        f"{text} No model should be asked for 1: random halves of the recorded cells reach a mean S of "
        f"{low:.2f} to {high:.2f} against each other (the ceiling), and 19 of 20 such halves at least "
        f"{floor:.2f} (the noise floor, where it is widest). {n} of {len(judged)} scores lie within that "
        f"noise."
    )


def _worst(rows: pd.DataFrame) -> str:
    scored = rows[rows["scored"].astype(bool) & rows["ceiling"].notna()]
    if len(scored) < 2:
        return ""
    best, worst = (scored.loc[at] for at in (scored["S"].idxmax(), scored["S"].idxmin()))
    best_said, worst_said = (
        f"{row['population']} {metric_name(row['metric'], unit=False)} (S {row['S']:.2f}, ceiling "
        f"{row['ceiling']:.2f})"
        for row in (best, worst)
    )
    return f" Best: {best_said}; worst: {worst_said}."


def _cells_said(cells: Sequence[CellPage]) -> Iterator[str]:
    if not cells:
        return
    inside, known = feature_places(cells)
    if known:
        yield (
            f"Of {known} features measured on {counted(len(cells), 'cell')}, {inside} lie in the "
            "published 5 to 95 % range for cells of their dendrite type."
        )
    judged = [page for page in cells if has_holdout(page)]
    levels = sorted({level for page in judged for level in page.scores})
    ratios = {
        level: [page.scores[level]["ratio"] for page in judged if level in page.scores]
        for level in levels
    }
    if ratios:
        means = listed(f"{np.mean(of):.2f} (GLIF{level})" for level, of in ratios.items())
        n = max(len(of) for of in ratios.values())
        yield (
            f"On noise that they were not fitted to, the models of {counted(n, 'cell')} reach a "
            f"mean explained-variance ratio of {means}; 1 is what the data explain of themselves."
        )


def _network_said(network: NetworkPage | None) -> Iterator[str]:
    if network is None:
        return
    rates = network.response.rates_hz()
    said = listed(
        f"{row.population} {number(row.mean_rate_hz, 2)} Hz" for row in rates.itertuples()
    )
    yield (
        f"The network of {counted(int(rates['n_cells'].sum()), 'cell')} was simulated for "
        f"{number(network.response.duration_s)} s; mean rates: {said}."
    )


def _observatory_said(observatory: ObservatoryPage | None) -> Iterator[str]:
    if observatory is None or "osi_vector" not in observatory.metrics:
        return
    median = observatory.metrics["osi_vector"].median()
    yield (
        f"The {counted(observatory.traces.n_cells, 'cell')} of the Observatory session "
        f"{observatory.name} have a median orientation selectivity of {number(float(median), 2)}."
    )


def _scores(result: BenchmarkResult) -> list[Block]:
    rows = _of_model(result)
    blocks: list[Block] = [_table(rows)]
    scored = rows[rows["scored"].astype(bool)]
    if len(scored):
        said = listed(
            f"{row['population']} {metric_name(row['metric'], unit=False)} {row['S']:.2f} of "
            f"{fixed(row['ceiling'], 2)}"
            for row in scored.to_dict("records")[:10]
        )
        blocks.append(
            Picture(
                image(score_figure(rows)),
                alt=f"Scores under their ceilings: {said}.",
                caption="S of every scored class and metric (dots, with the 95 % interval where it was "
                "drawn) under the ceiling that the data reach among themselves (bars). Beyond the black "
                "mark a score is within the noise of the data.",
            )
        )
    return blocks


def _within_noise(rows: pd.DataFrame) -> str:
    if not len(rows):
        return "–"
    return f"{int((rows['ks'] <= rows['noise_floor']).sum())} of {len(rows)}"


def _table(rows: pd.DataFrame) -> Table:
    anywhere = rows[rows["scored"].astype(bool)]
    metrics = list(dict.fromkeys((anywhere if len(anywhere) else rows)["metric"]))
    entries = []
    for population, of in rows.groupby("population", sort=False):
        by_metric = {row["metric"]: row for row in of.to_dict("records")}
        share, called = _share(of)
        scored = of[of["scored"].astype(bool)]
        # S stands beside its ceiling, so both are of the same metrics.
        with_ceiling = scored[scored["ceiling"].notna()]
        scored = with_ceiling if len(with_ceiling) else scored
        entries.append(
            (
                Cell(str(population)),
                called,
                Cell(fixed(float(scored["S"].mean()), 2)),
                Cell(fixed(float(scored["ceiling"].mean()), 2)),
                Cell(fixed(share, 2), called.mark),
                Cell(_within_noise(with_ceiling)),
                *(share_cell(by_metric[metric]) for metric in metrics),
                Cell(number(int(of["n_model"].max()))),
                Cell(number(int(of["n_data"].max()))),
            )
        )
    return Table(
        "Which populations are like the data",
        (
            "population",
            "verdict",
            "mean S",
            "mean ceiling",
            "S / ceiling",
            "within noise",
            *(metric_name(metric, unit=False) for metric in metrics),
            "cells, model",
            "cells, data",
        ),
        entries,
        n_text=2,
        note="S is 1 − KS; the ceiling is the mean S between random halves of the data. Columns "
        "of metrics are S / ceiling; a star marks a distance within the noise of the data. Like "
        f"the data: a mean of {LIKE:g} of the ceiling or more; in part: {PARTLY:g} or more. A "
        f"class needs {MIN_CELLS} cells on both sides to be scored, and twice that in the data to "
        "have a ceiling.",
    )
