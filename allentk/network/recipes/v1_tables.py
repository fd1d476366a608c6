"""Published figures of the V1 models: one row per population, one per pair of types."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

__all__ = [
    "VARIANTS",
    "pairs_2026",
    "populations",
    "probabilities_2020",
    "read_table",
]

#: Variants of the model, and the radius of their column in um.
VARIANTS = {"2026": 700.0, "billeh2020": 845.0}

#: Radius within which a published probability of Billeh et al. was measured, um.
MEASURED_UM = 75.0

#: Width of the fall-off by source and target: sigma of ``exp(-(d / sigma)^2)``, um.
_SIGMA_2020 = {"ee": 114.0, "eP": 92.0, "ei": 103.0, "Pe": 95.0, "ie": 85.0, "ii": 120.0}


@cache
def read_table(name: str) -> pd.DataFrame:
    """Return a table that comes with the package; its first lines name its sources."""
    with files("allentk.network.recipes").joinpath("tables", name).open() as file:
        return pd.read_csv(file, comment="#")


@cache
def populations(variant: str) -> pd.DataFrame:
    """Return what is published of the populations of a variant, by name."""
    table = read_table(f"v1_{variant}_populations.csv").set_index("population")
    if "size_median" in table:
        # the published networks cut it to whole synapses
        mean = table["size_median"] * np.exp(table["size_shape"] ** 2 / 2)
        table["size_mean"] = np.floor(mean)
    return table


@cache
def pairs_2026() -> pd.DataFrame:
    """Return what is published of the connections from a type to another, by both names.

    The source ``"exc"`` has only a time course: that of the LGN and of the background.
    """
    return read_table("v1_2026_pairs.csv").set_index(["source", "target"])


@cache
def probabilities_2020() -> pd.DataFrame:
    """Return peak, width and tuning of the connections of Billeh et al., by source and target class.

    A published probability is the mean of the peak's Gaussian over the disc it was measured in. The tuning
    is a line from `same` at equal orientations to `opposite` at 90 degrees, of mean 1; where it would
    lift a chance above 1, it is less steep.

    Returns
    -------
    DataFrame
        ``peak``, ``sigma_um``, ``same`` and ``opposite`` (both 1 without tuning).
    """
    wide = read_table("v1_billeh2020_probability.csv").set_index("source")
    rows = []
    for source in wide.index:
        for target in wide.columns:
            sigma = _sigma_2020(source, target)
            share = (sigma / MEASURED_UM) ** 2 * (1 - np.exp(-((MEASURED_UM / sigma) ** 2)))
            peak = min(1.0, float(wide.loc[source, target]) / share)
            same, opposite = _tuning_2020(source, target, peak)
            rows.append((source, target, peak, sigma, same, opposite))
    columns = ["source", "target", "peak", "sigma_um", "same", "opposite"]
    return pd.DataFrame(rows, columns=columns).set_index(["source", "target"])


def _sigma_2020(source: str, target: str) -> float:
    kinds = source[0] + target[0]
    if kinds == "ei" and target.endswith("P"):
        kinds = "eP"
    if kinds == "ie" and source.endswith("P"):
        kinds = "Pe"
    return _SIGMA_2020[kinds]


def _tuning_2020(source: str, target: str, peak: float) -> tuple[float, float]:
    if source[0] != "e" or target[0] != "e":
        return 1.0, 1.0
    ratio = 0.8 if "e5" in (source, target) else 0.5
    same = 2 / (1 + ratio)
    same = min(same, 1 / peak) if peak > 0 else same
    return same, 2 - same
