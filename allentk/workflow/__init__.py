"""The whole way as functions: one cell, many cells, and the loop from cells to the report."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from allentk.workflow.benchmark_run import benchmark_models as benchmark_models
    from allentk.workflow.cell import CellStudy as CellStudy
    from allentk.workflow.cell import study_cell as study_cell
    from allentk.workflow.citations import cite as cite
    from allentk.workflow.embedded import demo as demo
    from allentk.workflow.feature_batch import FeatureBatch as FeatureBatch
    from allentk.workflow.feature_batch import extract as extract
    from allentk.workflow.fit_batch import FitBatch as FitBatch
    from allentk.workflow.fit_batch import fit_many as fit_many
    from allentk.workflow.layer4_cells import fetch_layer4_cells as fetch_layer4_cells
    from allentk.workflow.loop import run as run
    from allentk.workflow.result import LoopResult as LoopResult

_MODULES = {
    "CellStudy": "cell",
    "FeatureBatch": "feature_batch",
    "FitBatch": "fit_batch",
    "LoopResult": "result",
    "benchmark_models": "benchmark_run",
    "cite": "citations",
    "demo": "embedded",
    "extract": "feature_batch",
    "fetch_layer4_cells": "layer4_cells",
    "fit_many": "fit_batch",
    "run": "loop",
    "study_cell": "cell",
}

__all__ = [
    "CellStudy",
    "FeatureBatch",
    "FitBatch",
    "LoopResult",
    "benchmark_models",
    "cite",
    "demo",
    "extract",
    "fetch_layer4_cells",
    "fit_many",
    "run",
    "study_cell",
]


def __getattr__(name: str) -> Any:
    """Load a name on first use: a worker that measures features needs no network."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value
