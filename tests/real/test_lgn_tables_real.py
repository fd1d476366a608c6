"""Kernels, spontaneous rates and counts of the LGN classes against the tables they come from."""

import json

import numpy as np
import pandas as pd
import pytest

from allentk.network.lgn_v1 import DOUBLE_SIZES_DEG, SIZES_DEG, V1_LGN_COUNTS
from allentk.network.temporal import FILTER_CLASSES, V1_CLASSES

SINGLE = [name for name in V1_CLASSES if name not in DOUBLE_SIZES_DEG]


@pytest.mark.parametrize("name", [*SINGLE, "tON_TF8"])
def test_fitted_kernels(shared, name):
    folder = shared / "network" / "lgn" / "model_templates"
    (path,) = [p for p in folder.iterdir() if p.name.startswith((f"{name}_", f"{name}."))]
    fitted = json.loads(path.read_text())
    of = FILTER_CLASSES[name]
    assert of.weights == pytest.approx(fitted["opt_wts"], abs=5.1e-5)
    assert of.peaks_ms == pytest.approx(fitted["opt_kpeaks"], abs=5.1e-4)
    assert list(of.delays_ms) == [int(d) for d in fitted["opt_delays"]]


@pytest.mark.parametrize("name", SINGLE)
def test_spontaneous_rates(shared, name):
    family, preferred = name.split("_")
    table = pd.read_csv(shared / "network" / "lgn" / f"{family}_cell_data.csv")
    rates = table[[f"F0_TF{f}" for f in (1, 2, 4, 8, 15)]].to_numpy()
    best = np.array([1, 2, 4, 8, 15])[rates.argmax(axis=1)]
    mean = table["Spont"][best == int(preferred[2:])].mean()
    assert FILTER_CLASSES[name].spontaneous_hz == pytest.approx(mean, abs=0.0051)


def test_counts_and_sizes(shared):
    newer = pd.read_csv(shared / "network" / "v1_2026" / "lgn_models.csv", sep=" ")
    assert dict(zip(newer["model_id"], newer["N"], strict=True)) == V1_LGN_COUNTS
    older = json.loads((shared / "network" / "v1" / "lgn_models.json").read_text())
    assert {name: of["N"] for name, of in older.items()} == V1_LGN_COUNTS
    for row in newer.itertuples():
        size = DOUBLE_SIZES_DEG.get(row.model_id)
        expected = SIZES_DEG["2026"] if size is None else (size, size)
        assert (row.min_size, row.max_size) == expected
        of = [float(size)] if size else list(SIZES_DEG["2020"])
        assert older[row.model_id]["size_range"] == of
