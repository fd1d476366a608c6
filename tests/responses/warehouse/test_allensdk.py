"""Tables that AllenSDK 2.16.2 made of two small SYNTHETIC sessions come back with the published quirks.

The sessions are `session_a(10)` and `session_b(10)` of `benchmarks._observatory_sessions`, seed 0; numpy
1.23.5, scipy 1.10.1. `benchmarks.warehouse_parity` writes the figures, by ``--record``. Those of locally
sparse noise are in `test_receptive_fields`.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from allentk.responses import warehouse
from benchmarks._observatory_sessions import session_a, session_b
from benchmarks.warehouse_parity import FEW, MOVIES, paired

RECORDED = json.loads((Path(__file__).parent / "allensdk.json").read_text())


@pytest.fixture(scope="module")
def sessions():
    return session_a(FEW), session_b(FEW)


def tables(name, sessions, quirks):
    session = sessions[name in ("static_gratings", "natural_scenes")]
    table = session.table(name)
    if name in MOVIES:
        return warehouse.natural_movie(session.dff(), table, quirks=quirks), {}
    make = getattr(warehouse, name)
    found = make(session.traces(), table, running=session.running, quirks=quirks)
    columns = (
        "orientation_deg",
        "temporal_frequency_hz",
        "spatial_frequency_cpd",
        "phase",
        "frame",
    )
    rows = table.table[table.table["stimulus"] == name]
    return found, {c: np.unique(rows[c].dropna()) for c in columns if c in rows}


def recorded(name):
    return {f"peak_{key}": np.array(value, float) for key, value in RECORDED[name].items()}


@pytest.mark.parametrize("name", [name for name in RECORDED if name not in MOVIES])
def test_conditions(name, sessions):
    found, axes = tables(name, sessions, "published")
    compared = 0
    for column, ours, theirs in paired(name, found, axes, recorded(name)):
        # The incomplete beta function of scipy 1.10.1 is off by 2e-12.
        tolerance = 5e-12 if column.startswith("ptest") else 1e-12
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=0, err_msg=column)
        compared += 1
    assert compared == len(RECORDED[name])
    assert np.isfinite(found["p_run_modulation"]).any() or name == "static_gratings"


@pytest.mark.parametrize("name", list(MOVIES))
def test_movies(name, sessions):
    found, _ = tables(name, sessions, "published")
    theirs = recorded(name)
    for ours, column in (("reliability", "response_reliability"), ("peak_frame", "peak")):
        np.testing.assert_allclose(
            found[ours], theirs[f"peak_{column}_{MOVIES[name]}"], rtol=1e-12, err_msg=column
        )


def test_without_the_quirks_the_numbers_are_others(sessions):
    for name, column in (("drifting_gratings", "osi"), ("static_gratings", "sf_selectivity")):
        plain, published = (
            tables(name, sessions, quirks)[0][column] for quirks in ((), "published")
        )
        assert not np.allclose(plain, published, equal_nan=True)
