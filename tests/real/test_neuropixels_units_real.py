"""A real session's table of units: its names, and what the rules leave of it."""

import numpy as np
import pandas as pd
import pytest

from allentk.responses.neuropixels import ALLEN_NAMES, RULES, included


@pytest.fixture(scope="module")
def units(shared):
    return pd.read_csv(shared / "neuropixels" / "visual_units_session_737581020.csv")


def test_every_measure_has_its_name(units):
    assert set(ALLEN_NAMES["units"].values()) <= set(units.columns)
    ours = {theirs: name for name, theirs in ALLEN_NAMES["units"].items()}
    renamed = units.rename(columns=ours)
    assert renamed["unit"].is_unique
    assert 0.3 < renamed["waveform_duration_ms"].median() < 0.7
    assert 50 < renamed["amplitude_uv"].median() < 300
    assert renamed["structure"].str.startswith("VIS").all()


def test_the_rules_leave_a_sensible_share(units):
    of_units = [rule for rule in RULES["siegle2021"] if rule.column in units]
    assert [rule.column for rule in of_units] == ["snr"]
    keep = included(units, of_units)
    assert 0.9 < keep.mean() <= 1.0
    np.testing.assert_array_equal(keep, units["snr"].to_numpy() > 1)
    default = included(units, "default")
    assert 0.3 < default.mean() <= 1.0
    assert (units["amplitude_cutoff"][default] <= 0.1).all()
