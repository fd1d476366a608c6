"""Make allentk/report/published_ranges.json from the tables of the Cell Types Database.

    python benchmarks/make_published_ranges.py ephys_features.csv specimen_details.csv [--output FILE]

The first table has one row per cell with the published columns (ApiCellTypesSpecimenDetail's
electrophysiology features), the second one row per specimen with species and dendrite type. Only the
5th, 50th and 95th percentiles of mouse cells are written, never the value of a cell.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from allentk.report.ranges import FEATURES, FORMAT

OUTPUT = Path(__file__).resolve().parents[1] / "allentk/report/published_ranges.json"
SPECIES = "Mus musculus"
MIN_CELLS = 50
DIGITS = 4


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _range(values: pd.Series) -> dict[str, float]:
    known = pd.to_numeric(values, errors="coerce").dropna()
    q05, q50, q95 = (_rounded(q) for q in np.quantile(known, [0.05, 0.5, 0.95]))
    return {"n": len(known), "q05": q05, "q50": q50, "q95": q95}


def make(ephys: pd.DataFrame, specimens: pd.DataFrame) -> dict[str, Any]:
    """Return the ranges as plain JSON types."""
    mouse = specimens[specimens["donor__species"] == SPECIES]
    cells = ephys.merge(mouse, left_on="specimen_id", right_on="specimen__id", validate="1:1")
    kinds = {
        str(kind): {"n_cells": len(of), "features": {name: _range(of[name]) for name in FEATURES}}
        for kind, of in cells.groupby("tag__dendrite_type")
        if len(of) >= MIN_CELLS
    }
    return {
        "format": FORMAT,
        "source": "Allen Cell Types Database (celltypes.brain-map.org), tables of electrophysiology "
        "features and specimen details; quantiles computed by benchmarks/make_published_ranges.py",
        "license": "(c) Allen Institute for Brain Science, Allen Institute Terms of Use",
        "filters": [
            f"{SPECIES}, all areas and layers, {len(cells)} cells",
            "n of a feature is the number of cells for which it is published",
        ],
        "dendrite_types": kinds,
    }


def dumps(content: dict[str, Any]) -> str:
    """Return the ranges as JSON with one line per feature."""
    kinds = content["dendrite_types"]
    blocks = [
        f'  {json.dumps(kind)}: {{"n_cells": {of["n_cells"]}, "features": {{\n'
        + ",\n".join(f"   {json.dumps(k)}: {json.dumps(v)}" for k, v in of["features"].items())
        + "\n  }}"
        for kind, of in kinds.items()
    ]
    head = {key: value for key, value in content.items() if key != "dendrite_types"}
    opening = json.dumps(head, indent=1).removesuffix("\n}")
    return f'{opening},\n "dendrite_types": {{\n' + ",\n".join(blocks) + "\n }\n}\n"


def main() -> None:
    """Write the ranges."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ephys_features", type=Path)
    parser.add_argument("specimen_details", type=Path)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    given = parser.parse_args()
    content = make(pd.read_csv(given.ephys_features), pd.read_csv(given.specimen_details))
    given.output.write_text(dumps(content), encoding="utf-8")
    counts = {kind: of["n_cells"] for kind, of in content["dendrite_types"].items()}
    print(f"{given.output}: {counts}")


if __name__ == "__main__":
    main()
