"""Tables of a biophysical model: steps, features, parameters, hall of fame, provenance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from allentk.fitting.biophysical.result import BiophysicalFitResult
from allentk.fitting.biophysical.targets import Targets
from allentk.fitting.biophysical.verdict import Verdict
from allentk.models import BiophysicalModel
from allentk.report.blocks import Cell, Table
from allentk.report.provenance import now, versions
from allentk.report.text import counted, number, table_of_facts

__all__ = [
    "fame_table",
    "features_table",
    "model_table",
    "parameters_table",
    "provenance_table",
    "steps_table",
]

_VERSIONS = ("allentk", "numpy", "scipy", "numba", "matplotlib")


def steps_table(judged: Verdict) -> Table:
    """Return one row per step, held-out ones first."""
    rows = [
        (
            Cell(row["use"]),
            *(Cell(_short(row[name])) for name in ("amplitude_pa", "n_recorded", "n_model")),
            *(Cell(number(row[name])) for name in ("steady_recorded_mv", "steady_model_mv", "z")),
        )
        for row in judged.to_dataframe().to_dict("records")
    ]
    return Table(
        "Every step",
        (
            "",
            "current (pA)",
            "spikes, cell",
            "spikes, model",
            "voltage, cell (mV)",
            "voltage, model (mV)",
            "deviation of features",
        ),
        rows,
        note=f"Voltages below threshold, recorded ones {_shift(judged.junction_potential_mv)}; the "
        "deviation is the mean over features but the number of spikes, in tolerances.",
    )


def features_table(judged: Verdict) -> Table:
    """Return every feature of every step beside its target."""
    rows = [
        (
            Cell(row["use"]),
            Cell(row["feature"].replace("_", " ")),
            Cell(_short(row["amplitude_pa"])),
            *(Cell(number(row[name], 4)) for name in ("target", "sd", "value")),
            Cell(number(row["z"])),
        )
        for row in judged.features().to_dict("records")
    ]
    names = ("", "feature", "current (pA)", "cell", "tolerance", "model", "deviation")
    return Table("Every feature", names, rows, n_text=2)


def parameters_table(result: BiophysicalFitResult) -> Table:
    """Return every fitted parameter with its bounds, and its spread over restarts."""
    rows = []
    for row in result.genes.to_dict("records"):
        spread = result.spread.get(row["name"])
        end = result.at_bounds.get(row["name"], "")
        rows.append(
            (
                Cell(row["name"]),
                Cell(number(row["value"])),
                *(Cell(number(row[name])) for name in ("low", "high")),
                Cell(
                    "–"
                    if spread is None
                    else f"{number(spread[0])}\u00a0to\u00a0{number(spread[1])}"
                ),
                Cell("" if row["unit"] == "1" else row["unit"]),
                Cell(row["scale"]),
                Cell(f"at the {'lower' if end == 'low' else 'upper'} bound" if end else "", "fair"),
            )
        )
    names = ("parameter", "value", "from", "to", "over restarts", "unit", "scale", "")
    return Table("Fitted parameters", names, rows, n_tail=3)


def model_table(model: BiophysicalModel) -> Table:
    """Return every parameter of a model that comes without bounds."""
    rows = [
        (
            Cell(row["section"]),
            Cell(row["mechanism"] or "membrane"),
            Cell(row["parameter"]),
            Cell(number(row["value"])),
            Cell("" if row["unit"] == "1" else row["unit"]),
        )
        for row in model.parameters.to_dataframe().to_dict("records")
    ]
    names = ("section", "mechanism", "parameter", "value", "unit")
    return Table("Parameters", names, rows, n_text=3, n_tail=1)


def fame_table(result: BiophysicalFitResult) -> Table:
    """Return the best distinct models, with the restart that found each."""
    rows = [
        (
            Cell(str(rank)),
            Cell("first points" if kept.restart == 0 else f"restart {kept.restart}"),
            Cell(number(kept.cost, 4)),
        )
        for rank, kept in enumerate(result.hall_of_fame, 1)
    ]
    names = ("rank", "found by", "training cost")
    return Table("Hall of fame", names, rows, n_text=2)


def provenance_table(
    model: BiophysicalModel,
    result: BiophysicalFitResult | None,
    targets: Targets,
    judged: Verdict,
    *,
    synthetic: bool,
) -> Table:
    """Return everything needed to judge and repeat the fit and its verdict."""
    parameters = model.parameters
    facts: dict[str, object] = {
        "made": now(),
        # A path would tell more about the reader's machine than about the data.
        "recording": Path(targets.source).name or "in memory",
        "data": "SYNTHETIC" if synthetic else "not marked as synthetic",
        "reconstruction": Path(model.morphology.source).name or "in memory",
        "model": f"{parameters.kind}, axon {parameters.axon}, {parameters.celsius:g} degrees Celsius",
        "junction potential": f"recorded voltages {_shift(targets.junction_potential_mv)}",
        "judged by": judged.engine,
    }
    if result is not None:
        facts |= _fit_facts(result)
    facts["notes"] = " ".join(dict.fromkeys([*judged.notes, *(result.notes if result else ())]))
    known = (
        dict(result.versions) if result is not None and result.versions else versions(*_VERSIONS)
    )
    facts["versions"] = ", ".join(f"{name} {version}" for name, version in known.items())
    return table_of_facts("This model", {name: told for name, told in facts.items() if told})


def _fit_facts(result: BiophysicalFitResult) -> Mapping[str, object]:
    history = result.history
    clocks = history.groupby("stage")["seconds"] if "stage" in history else history["seconds"]
    seconds = float(np.sum(clocks.max()))
    return {
        "channels and bounds": result.style,
        "trained on": ", ".join(f"{pa:g}" for pa in result.targets.training) + " pA",
        "seed": result.seed,
        "models evaluated": f"{counted(result.evaluations, 'model')} in {seconds:.0f} s",
        "training cost": number(result.cost, 4),
        "stopped": str(result.reason),
        "turned away": result.evaluation.rejected,
    }


def _short(value: float) -> str:
    """Return a current or a count without zeros at its end."""
    return number(value) if math.isnan(value) else f"{value:.6g}".replace("-", "−")


def _shift(junction_potential_mv: float) -> str:
    return f"{junction_potential_mv:+g} mV (liquid junction potential)".replace("-", "−")
