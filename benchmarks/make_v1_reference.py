"""Make the reference v1-neuropixels from the public table of V1 units.

    python benchmarks/make_v1_reference.py [OSI_DSI_neuropixels_v4.csv] [--output FILE]

Without a path the table is looked for in ``$ALLENTK_SHARED/data/observatory``. Only quantiles of classes
are written, never the value of a unit.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import pandas as pd

from allentk.benchmark.reference import Reference

NAME = "OSI_DSI_neuropixels_v4.csv"
OUTPUT = Path(__file__).resolve().parents[1] / "allentk/benchmark/references/v1_neuropixels.json"

COLUMNS = {
    "cell_type": "population",
    "max_mean_rate(Hz)": "peak_rate_hz",
    "Ave_Rate(Hz)": "mean_rate_hz",
    "Spont_Rate(Hz)": "spontaneous_rate_hz",
    "OSI": "osi_vector",
    "DSI": "dsi_vector",
}

CONDITIONS = {"temporal_frequency_hz": 2.0, "contrast": 0.8}

DEFINITIONS = {
    "peak_rate_hz": "trial-mean rate at the best direction",
    "mean_rate_hz": "trial-mean rate over all directions, each counted once",
    "spontaneous_rate_hz": "as published in the table, which does not say its window; not the rate of the "
    "first long spontaneous block, which is lower (L2/3 Exc median 0.27 against 0.63 Hz)",
    "osi_vector": "abs(sum R exp(2 i theta)) / sum R over 8 directions at 2 Hz",
    "dsi_vector": "abs(sum R exp(i theta)) / sum R over 8 directions at 2 Hz",
}

FILTERS = (
    "3,156 units of mouse V1 (VISp), sessions brain_observatory_1.1 and functional_connectivity; "
    "classes as the table names them",
    "drifting gratings of 2 Hz and contrast 80 %",
    "a published table of medians with these numbers of units states presence ratio > 0.9, amplitude "
    "cutoff < 0.1, ISI violations < 0.5",
    "OSI and DSI: units of brain_observatory_1.1 only, with a peak rate of at least 0.5 Hz",
)


def read(path: Path) -> pd.DataFrame:
    """Read the table of units with the names allentk uses."""
    table = pd.read_csv(path, sep=" ")
    return table.rename(columns=COLUMNS)[list(COLUMNS.values())]


def make(path: Path) -> Reference:
    """Make the reference from the table at `path`."""
    return Reference.from_table(
        read(path),
        name="v1-neuropixels",
        title="Mouse V1, Visual Coding Neuropixels, 2 Hz drifting gratings",
        source=(
            f"{NAME}, AllenInstitute/biorealistic-v1-model; recordings: Allen Institute, Visual Coding "
            f"Neuropixels (Siegle et al. 2021, Nature 592:86)"
        ),
        license="BSD-3-Clause (table); recordings (c) Allen Institute, Terms of Use",
        conditions=CONDITIONS,
        definitions=DEFINITIONS,
        filters=FILTERS,
        min_peak_rate_hz=0.5,
        draws=200,
        seed=0,
    )


def dumps(reference: Reference) -> str:
    """Return the reference as JSON with one line per class and metric."""
    content = reference.to_dict()
    classes = content.pop("classes")
    blocks = [
        f"  {json.dumps(name)}: {{\n"
        + ",\n".join(f"   {json.dumps(metric)}: {json.dumps(d)}" for metric, d in of.items())
        + "\n  }"
        for name, of in classes.items()
    ]
    head = json.dumps(content, indent=1).removesuffix("\n}")
    return f'{head},\n "classes": {{\n' + ",\n".join(blocks) + "\n }\n}\n"


def main() -> None:
    """Write the reference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", nargs="?", type=Path)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    given = parser.parse_args()
    path = given.table
    if path is None:
        if "ALLENTK_SHARED" not in os.environ:
            parser.error("give the path of the table, or set ALLENTK_SHARED")
        path = Path(os.environ["ALLENTK_SHARED"]) / "data" / "observatory" / NAME
    reference = make(path)
    given.output.write_text(dumps(reference), encoding="utf-8")
    print(f"{given.output}: {reference!r}")


if __name__ == "__main__":
    main()
