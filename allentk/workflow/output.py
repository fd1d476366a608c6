"""What the loop leaves behind: the report, tables to go on with, and the fitted models."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from allentk.io import write_glif
from allentk.report import CellPage, NetworkPage, ObservatoryPage, write_report
from allentk.workflow.cell import CellStudy
from allentk.workflow.result import LoopResult
from allentk.workflow.table_files import write_csv

__all__ = ["feature_table", "score_table", "write_all"]


def feature_table(studies: tuple[CellStudy, ...]) -> pd.DataFrame:
    """Return the published columns, one row per cell."""
    return pd.DataFrame([study.features for study in studies])


def score_table(studies: tuple[CellStudy, ...]) -> pd.DataFrame:
    """Return one row per cell and level: training and hold-out scores, and why the fit stopped."""
    rows = [
        {
            "specimen_id": study.specimen_id,
            "level": level,
            "training_ratio": study.fits[level].result_.score,
            **score,
            "stopped": study.fits[level].result_.reason.name.lower(),
        }
        for study in studies
        for level, score in study.scores.items()
    ]
    return pd.DataFrame(rows)


def write_all(result: LoopResult) -> None:
    """Write the report, the tables and the models of a loop into its folder."""
    folder = result.folder
    _write_tables(result, folder)
    for study in result.studies:
        for level, fit in study.fits.items():
            name = f"{study.specimen_id}_glif{level}_neuron_config.json"
            write_glif(fit.model_, folder / "models" / name)
    write_report(
        result.benchmark,
        result.report,
        title="From cells to a network, and the network against the Observatory",
        cells=[_cell_page(study) for study in result.studies],
        network=NetworkPage(
            network_summary={
                "populations": result.network.summary(),
                "connections": result.network.connections(),
            },
            response=result.response,
            metrics=result.metrics,
        ),
        observatory=ObservatoryPage(
            session=result.session.metadata,
            metrics=result.session_metrics,
            traces=result.session.dff(),
            stimulus_table=result.session.stimulus_table("drifting_gratings"),
        ),
        provenance=result.provenance,
    )


def _write_tables(result: LoopResult, folder: Path) -> None:
    tables = {
        "features": feature_table(result.studies),
        "fits": score_table(result.studies),
        "network_metrics": result.metrics,
        "observatory_metrics": result.session_metrics,
        "benchmark": result.benchmark.table,
    }
    for name, table in tables.items():
        write_csv(table, folder / f"{name}.csv")


def _cell_page(study: CellStudy) -> CellPage:
    return CellPage(
        specimen_id=study.specimen_id,
        name=study.name,
        sweeps=study.sweeps,
        features=study.features,
        fits=study.fits,
        scores=study.scores,
        published=study.published,
        dendrite_type=study.dendrite_type,
        morphology=study.morphology,
    )
