"""The tables of a benchmark as files inside the page."""

from __future__ import annotations

from typing import Any

from allentk.benchmark import BenchmarkResult
from allentk.report.blocks import Section
from allentk.report.downloads import csv_file, downloads, json_file
from allentk.report.provenance import models_synthetic

__all__ = ["result_document", "result_tables"]


def result_document(result: BenchmarkResult) -> dict[str, Any]:
    """Return a result in plain values: what was compared with what, and every score."""
    of = result.reference
    return {
        "reference": {
            "name": of.name,
            "title": of.title,
            "source": of.source,
            "licence": of.license,
            "stimulus": of.stimulus,
            "conditions": dict(of.conditions),
            "filters": list(of.filters),
            "min_peak_rate_hz": of.min_peak_rate_hz,
            "definitions": dict(of.definitions),
        },
        "measured_under": result.measured_under,
        "synthetic": models_synthetic(result.model_table),
        "summary": result.summary().to_dict("records"),
        "scores": result.table.to_dict("records"),
    }


def result_tables(result: BenchmarkResult) -> Section:
    """Return the section of the tables: scores, cells of the model, and quantiles of the reference."""
    files = [
        csv_file("scores", result.table, "Every score, by metric and class"),
        json_file(
            "scores", result_document(result), "The same with what was compared, and under what"
        ),
        csv_file("model_cells", result.model_table, "The model's cells as they were scored"),
        csv_file("reference", result.reference.summary(), "Medians and ceilings of the reference"),
    ]
    return Section("tables", "Tables to download", [downloads(files)])
