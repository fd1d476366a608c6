"""Spikes of real recordings against the answers of a reference program (IPFX 2.1.2)."""

import json
import math

import numpy as np
import pytest

from allentk import features
from allentk.data import Sweep

ALLEN = [
    "509881736_sweep_39",
    "518290966_sweep_57",
    "532355382_sweep_33",
    "534524026_sweep_29",
    "566517779_sweep_46",
    "567399060_sweep_38",
]
EXACT = ("threshold_index", "peak_index", "upstroke_index")


def golden(shared, name):
    return json.loads((shared / "recordings" / "golden" / f"{name}.json").read_text())["sweeps"]


def allen_sweep(shared, name):
    with np.load(shared / "recordings" / "allen" / f"cell_{name}.npz") as data:
        return (
            Sweep(data["v_mV"], data["i_pA"], 1 / float(data["dt_s"]), source=name),
            float(data["t0_s"]),
        )


@pytest.mark.parametrize("name", ALLEN)
def test_every_spike_of_the_allen_sweeps(shared, name):
    sweep, t0 = allen_sweep(shared, name)
    (expected,) = golden(shared, f"allen_cells_mackelab__cell_{name}")
    start, end = expected["window"]
    table = features.spikes(sweep, start_s=start - t0, end_s=end - t0)
    assert len(table) == len(expected["spikes"]) > 0
    for row, wanted in zip(table.to_dict("records"), expected["spikes"], strict=True):
        for column, value in wanted.items():
            if column in EXACT:
                assert row[column] == value
            elif isinstance(value, float) and not column.endswith("_t"):
                assert row[column] == pytest.approx(value, rel=1e-6), column
            elif isinstance(value, float):
                assert row[column] + t0 == pytest.approx(value, abs=1e-9), column
            elif isinstance(value, str | bool):
                assert row[column] == value, column
            else:
                assert value is None
                assert row[column] is None or math.isnan(row[column]), column
