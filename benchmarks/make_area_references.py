"""Make the references of visual areas, and of spontaneous rates by class, from public tables.

    python benchmarks/make_area_references.py [--data FOLDER] [--output FOLDER]

The folder is that of the collected data (by default ``$ALLENTK_SHARED/data/observatory``). Written are
quantiles and numbers of cells, never the value of a unit.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from make_v1_reference import dumps
from make_v1_reference import read as read_units

from allentk.benchmark.distribution import Distribution
from allentk.benchmark.reference import Reference

OUTPUT = Path(__file__).resolve().parents[1] / "allentk/benchmark/references"

#: Probabilities of the quantiles that are known of areas.
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)

#: Areas whose borders are known; VIS and the small medial ones are mixtures.
AREAS = ("LGd", "LP", "VISp", "VISl", "VISrl", "VISal", "VISpm", "VISam")

OSI_DSI = {"OSI": "osi_vector", "DSI": "dsi_vector"}
RATES = {"max_mean_rate(Hz)": "peak_rate_hz", "Ave_Rate(Hz)": "mean_rate_hz"}

MIT = "shixnya/v1_functional_property (MIT)"
SIEGLE = (
    "AllenInstitute/neuropixels_platform_paper, figure data of Siegle et al. 2021, Nature 592:86"
)
ALLEN = "(c) Allen Institute, Terms of Use"
FEW = "five quantiles and n: S is at most what is said, for nothing is known between them"
GRATINGS = {"temporal_frequency_hz": 2.0, "contrast": 0.8}
DEFINITIONS = {
    "peak_rate_hz": "trial-mean rate at the best direction",
    "mean_rate_hz": "trial-mean rate over all directions",
    "osi_vector": "abs(sum R exp(2 i theta)) / sum R over 8 directions at 2 Hz",
    "dsi_vector": "abs(sum R exp(i theta)) / sum R over 8 directions at 2 Hz",
    "responsive": "share of units with a significant response (quasi-Poisson test of the source)",
}


def published(of: Mapping[str, Any]) -> Distribution:
    """Return the distribution of which five quantiles are known."""
    values = [round(q, 7) for q in of["q05_25_50_75_95"]]
    return Distribution.from_published(values, LEVELS, int(of["n"]))


def shares(share: float, n: int) -> Distribution:
    """Return the distribution of ones and zeros with this share of ones."""
    ones = round(share * n)
    return Distribution.from_samples([0.0] * (n - ones) + [1.0] * ones)


def gratings(stats: Mapping[str, Any]) -> Reference:
    """Return gratings of 2 Hz in 8 directions, by area."""
    names = {**RATES, **OSI_DSI}
    found = {
        area: {ours: published(stats[area][theirs]) for theirs, ours in names.items()}
        for area in AREAS
        if area in stats
    }
    return _reference(
        "areas-neuropixels",
        "Mouse visual areas, Visual Coding Neuropixels, 2 Hz gratings in 8 directions",
        f"all values: drifting_gratings_2Hz.csv of {MIT}; only the names of the units' areas: "
        f"timescale_metrics.csv of {SIEGLE}",
        f"MIT (table of the values); {ALLEN} (names of areas, recordings)",
        found,
        (
            "sessions brain_observatory_1.1, 15 repeats; units in timescale_metrics.csv, by its areas",
        ),
    )


def repeated(stats: Mapping[str, Any]) -> Reference:
    """Return gratings of 2 Hz in 4 directions with 75 repeats, by area."""
    found = {
        area: {
            **{ours: published(stats[area][theirs]) for theirs, ours in RATES.items()},
            "responsive": shares(
                stats[area]["responsive_fraction"], stats[area]["Ave_Rate(Hz)"]["n"]
            ),
        }
        for area in AREAS
        if area in stats
    }
    return _reference(
        "areas-neuropixels-fc",
        "Mouse visual areas, Visual Coding Neuropixels, 2 Hz gratings in 4 directions",
        f"functional_connectivity_2Hz.csv of {MIT}",
        f"MIT (table); {ALLEN} (recordings)",
        found,
        ("sessions functional_connectivity, 75 repeats",),
    )


def _reference(
    name: str,
    title: str,
    source: str,
    license: str,  # noqa: A002
    found: Mapping[str, Mapping[str, Distribution]],
    filters: tuple[str, ...],
) -> Reference:
    metrics = {metric for of in found.values() for metric in of}
    return Reference(
        name=name,
        title=title,
        source=source,
        license=license,
        stimulus="drifting_gratings",
        conditions=GRATINGS,
        distributions=found,
        definitions={m: d for m, d in DEFINITIONS.items() if m in metrics},
        filters=filters,
        notes=(FEW,),
    )


def spontaneous(folder: Path) -> Reference:
    """Return the rates of V1 units in the first long block of grey, by class."""
    units = pd.read_csv(folder / "OSI_DSI_neuropixels_v4.csv", sep=" ")
    named = read_units(folder / "OSI_DSI_neuropixels_v4.csv")["population"]
    rates = pd.read_csv(folder / "np_first_spontaneous_rate.csv.gz").set_index("unit_id")
    table = pd.DataFrame(
        {
            "population": named,
            "spontaneous_rate_hz": units["ecephys_unit_id"].map(rates["firing_rate_sp"]),
        }
    )
    return Reference.from_table(
        table,
        name="v1-spontaneous",
        title="Mouse V1, Visual Coding Neuropixels, spontaneous rates",
        source=f"rates: {MIT}; classes: OSI_DSI_neuropixels_v4.csv, AllenInstitute/biorealistic-v1-model",
        license=f"MIT, BSD-3-Clause (tables); recordings {ALLEN}",
        stimulus="spontaneous",
        definitions={"spontaneous_rate_hz": "spikes / duration"},
        windows={"spontaneous_rate_hz": "the first spontaneous block of more than 200 s"},
        filters=("the units and classes of v1-neuropixels that have a rate",),
    )


def make(folder: Path) -> dict[str, Reference]:
    """Make all references from the tables in `folder`, by the name of their file."""
    stats = json.loads((folder / "reference_stats.json").read_text(encoding="utf-8"))
    made = (
        gratings(stats["bo11_2hz_by_area"]),
        repeated(stats["fc_2hz_by_area"]),
        spontaneous(folder),
    )
    return {f"{reference.name.replace('-', '_')}.json": reference for reference in made}


def main() -> None:
    """Write the references."""
    parser = argparse.ArgumentParser(description=__doc__)
    shared = Path(os.environ.get("ALLENTK_SHARED", "shared"))
    parser.add_argument("--data", type=Path, default=shared / "data" / "observatory")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    given = parser.parse_args()
    for name, reference in make(given.data).items():
        (given.output / name).write_text(dumps(reference), encoding="utf-8")
        print(f"{given.output / name}: {reference!r}")


if __name__ == "__main__":
    main()
