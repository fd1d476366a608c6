"""Where everything comes from: what is synthetic, versions, seeds, sources, definitions, references."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from allentk.benchmark import BenchmarkResult, Reference
from allentk.report.blocks import Block, Cell, Heading, Links, Section, Table
from allentk.report.pages import CellPage, NetworkPage, ObservatoryPage
from allentk.report.ranges import load_ranges
from allentk.report.text import header, listed, metric_name, shown, table_of_facts
from allentk.responses import METRIC_COLUMNS
from allentk.works import WORKS

__all__ = [
    "made_facts",
    "models_synthetic",
    "now",
    "provenance_section",
    "reference_table",
    "references",
    "synthetic_parts",
    "versions",
]

_VERSIONS = ("allentk", "numpy", "scipy", "pandas", "numba", "matplotlib", "jinja2")

#: What the pages of cells, networks and scores rest on.
_WORKS = ("teeter2018", "gouwens2019", "devries2020", "siegle2021", "billeh2020")

_DEFINITIONS = {
    "S": "1 − KS, the Kolmogorov-Smirnov distance between the model's cells and the data's",
    "ceiling": "mean S between random halves of the data",
    "noise floor": "95th percentile of KS between random halves of the data; a smaller distance "
    "says nothing. With fewer model cells than half the data, chance alone exceeds it more often",
    "Wasserstein": "mean shift that would turn one distribution into the other, in the unit of "
    "the metric",
    "variance ratio": "explained variance of the recorded trials by the model, smoothed with 10 "
    "ms, over that by the trials' own mean",
    "reliability": "mean explained variance of pairs of trials, over that of the trials by their "
    "mean",
}


def synthetic_parts(
    cells: Sequence[CellPage],
    observatory: ObservatoryPage | None,
    provenance: Mapping[str, Any] | None,
    result: BenchmarkResult | None = None,
) -> tuple[str, ...]:
    """Return what is synthetic, in words; empty where nothing says that it is.

    ``provenance["synthetic"]`` may be True, a text, or a list of texts.
    """
    parts = []
    made = [page for page in cells if page.synthetic]
    if made:
        which = "all" if len(made) == len(cells) else f"{len(made)} of {len(cells)}"
        parts.append(f"the recordings of {which} cells ({listed(page.name for page in made)})")
    if observatory is not None and observatory.synthetic:
        parts.append(f"the Observatory session {observatory.name}")
    if result is not None and not parts and models_synthetic(result.model_table):
        parts.append("the models of the network's cells, fitted to synthetic recordings")
    said = (provenance or {}).get("synthetic", False)
    if isinstance(said, str):
        parts.append(said)
    elif isinstance(said, Sequence):
        parts += [str(part) for part in said]
    elif said and not parts:
        parts.append("the data behind this report, as its provenance says")
    return tuple(parts)


def models_synthetic(table: pd.DataFrame) -> bool:
    """Return whether a table of cells says that it rests on synthetic recordings."""
    return "synthetic" in table and bool(table["synthetic"].fillna(False).astype(bool).any())


def provenance_section(
    result: BenchmarkResult | None,
    cells: Sequence[CellPage],
    network: NetworkPage | None,
    observatory: ObservatoryPage | None,
    provenance: Mapping[str, Any] | None,
    synthetic: Sequence[str],
) -> Section:
    """Return everything needed to judge and repeat the report."""
    blocks: list[Block] = [table_of_facts("This report", made_facts(synthetic, provenance))]
    given = {key: of for key, of in (provenance or {}).items() if key not in ("synthetic", "made")}
    if given:
        blocks.append(table_of_facts("Sources and settings", given))
    if cells:
        blocks.append(_recordings(cells))
    if network is not None and network.response.provenance:
        blocks.append(table_of_facts("Simulation", network.response.provenance))
    if observatory is not None and isinstance(observatory.session, Mapping):
        blocks.append(table_of_facts("Observatory session", observatory.session))
    if result is not None:
        blocks.append(reference_table(result.reference, result.measured_under))
    if cells:
        ranges = load_ranges()
        facts = {
            "source": ranges.source,
            "licence": ranges.license,
            "cells": "; ".join(ranges.filters),
        }
        blocks.append(table_of_facts("Published ranges", facts))
    blocks += [_definitions(result), Heading("References"), references(*_WORKS)]
    return Section("provenance", "Provenance", blocks)


def made_facts(synthetic: Sequence[str], provenance: Mapping[str, Any] | None) -> dict[str, object]:
    """Return when a page was made, with which versions, and whether its data are made up."""
    return {
        "made": (provenance or {}).get("made", now()),
        "data": f"SYNTHETIC: {'; '.join(synthetic)}"
        if synthetic
        else "none is marked as synthetic",
        "versions": ", ".join(f"{name} {of}" for name, of in versions(*_VERSIONS).items()),
    }


def now() -> str:
    """Return the time of writing, to the minute."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of Python and of packages, by name."""
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in packages},
    }


def references(*keys: str) -> Links:
    """Return works of `allentk.works` by their keys, as a list with links."""
    return Links(tuple((WORKS[key].reference, WORKS[key].link) for key in keys))


def _recordings(cells: Sequence[CellPage]) -> Table:
    rows = [
        (
            Cell(page.name),
            Cell("synthetic" if page.synthetic else "recorded"),
            # A path would tell more about the reader's machine than about the data.
            Cell(Path(page.sweeps.source).name or "in memory"),
            Cell(
                ", ".join(f"GLIF{level}: {fit.seed}" for level, fit in sorted(page.fits.items()))
                or "–"
            ),
        )
        for page in cells
    ]
    return Table("Recordings", ("cell", "data", "file", "seeds of the fits"), rows, n_text=4)


def reference_table(of: Reference, measured_under: str) -> Table:
    """Return where a reference is from, under which licence, of which cells and definitions."""
    facts: dict[str, object] = {
        "reference": f"{of.name}: {of.title}",
        "source": of.source,
        "licence": of.license,
        "cells": "; ".join(of.filters),
        "stimulus": f"{of.stimulus}: {_conditions(of)}",
        "model measured on": measured_under,
    }
    if of.min_peak_rate_hz:
        facts["selectivity"] = (
            f"only of cells with a peak rate of at least {of.min_peak_rate_hz:g} Hz, in the data "
            "and the model"
        )
    facts |= {metric_name(name): text for name, text in of.definitions.items()}
    known = {name: text for name, text in facts.items() if text}
    rows = [(Cell(name), Cell(shown(text))) for name, text in known.items()]
    return Table("Reference of the benchmark", ("", ""), rows, n_text=2)


def _conditions(of: Reference) -> str:
    return ", ".join(f"{header(k)} {v:g}" for k, v in of.conditions.items()) or "all conditions"


def _definitions(result: BenchmarkResult | None) -> Table:
    used = set(result.table["metric"]) if result is not None else set(METRIC_COLUMNS)
    metrics = {
        metric_name(name): text for name, text in METRIC_COLUMNS.items() if name in used and text
    }
    rows = [(Cell(name), Cell(text)) for name, text in {**_DEFINITIONS, **metrics}.items()]
    return Table("Definitions", ("", ""), rows, n_text=2)
