"""Receptive fields of the 2020 paper: a slow loop, chance, and bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from allentk.data import StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.paper2020.locally_sparse_noise import NOISE_METRICS, locally_sparse_noise

N = 600
RNG = np.random.default_rng(6)
TEMPLATE = RNG.choice([0, 127, 255], p=[0.02, 0.96, 0.02], size=(N, 8, 14))
START = 300 + 8 * np.arange(N)
FRAMES = START[-1] + 100
ROWS = pd.DataFrame(
    {
        "start_frame": [20, *START],
        "stop_frame": [290, *(START + 7)],
        "stimulus": ["spontaneous"] + N * ["locally_sparse_noise_8deg"],
        "frame": [np.nan, *RNG.permutation(N)],
    }
)
ROWS["start_s"], ROWS["stop_s"] = ROWS["start_frame"] / 30, ROWS["stop_frame"] / 30
TABLE = StimulusTable(ROWS)
SHOWN = TEMPLATE[ROWS["frame"][1:].astype(int)]


def _events() -> Traces:
    values = np.where(RNG.random((2, FRAMES)) < 0.002, RNG.random((2, FRAMES)), 0.0)
    lit = np.flatnonzero(SHOWN[:, 5, 9] == 0)
    values[0, START[lit] + 7] = 0.8
    return Traces(values, np.arange(FRAMES) / 30, [4, 9], "events")


EVENTS = _events()
VALUES = EVENTS.values  # noqa: PD011


def test_the_field_is_that_of_a_loop() -> None:
    found = locally_sparse_noise(EVENTS, TABLE, template=TEMPLATE)
    null = np.array([VALUES[:, f : f + 10].mean(axis=1) for f in range(20, 281)])
    for cell in (0, 1):
        trials = np.array([VALUES[cell, f + 2 : f + 12].mean() for f in START])
        p = np.array([(null[:, cell] >= trial).mean() for trial in trials])
        for side, value in (("on", 255), ("off", 0)):
            share = np.array(
                [[(p[SHOWN[:, r, c] == value] < 0.05).mean() for c in range(14)] for r in range(8)]
            )
            # a quarter of 12 trials is not near: the windows drawn at random move p by 0.004
            assert found[f"best_fraction_{side}"][cell] == pytest.approx(share.max(), abs=1e-9)
            assert found[f"rf_{side}"][cell] == (share > 0.25).any()
            assert found[f"n_pixels_{side}"][cell] == (share > 0.25).sum()
    assert found["rf_off"][0]
    assert found["rf_peak_off_x_deg"][0] == pytest.approx(9 * 9.3)
    assert found["rf_peak_off_y_deg"][0] == pytest.approx(5 * 9.3)
    assert {m.name for m in NOISE_METRICS} == set(found.columns) - {"cell", "notes"}


def test_a_template_of_contrasts_is_the_same_template() -> None:
    found = locally_sparse_noise(EVENTS, TABLE, template=TEMPLATE)
    contrasts = np.sign(TEMPLATE - 127).astype(float)
    again = locally_sparse_noise(EVENTS, TABLE, template=contrasts)
    pd.testing.assert_frame_equal(found, again)


def test_a_silent_cell_has_no_field() -> None:
    quiet = Traces(np.zeros((1, FRAMES)), EVENTS.time_s, [1], "events")
    row = locally_sparse_noise(quiet, TABLE, template=TEMPLATE).iloc[0]
    assert not row["responsive"]
    assert row["best_fraction_on"] == 0
    assert row["notes"] == "no significant trial"


def test_without_spontaneous_activity_nothing_is_known() -> None:
    noise = TABLE.where(stimulus="locally_sparse_noise_8deg")
    found = locally_sparse_noise(EVENTS, noise, template=TEMPLATE)
    assert found["responsive"].isna().all()
    assert found["best_fraction_on"].isna().all()
    assert found["notes"].str.contains("no spontaneous activity").all()
    given = locally_sparse_noise(EVENTS, noise, template=TEMPLATE, spontaneous=TABLE)
    assert given["responsive"].notna().all()


def test_missing_frames_and_presentations_outside() -> None:
    values = VALUES.copy()
    values[1, START[3] + 4] = np.nan
    cut = Traces(values[:, :-150], EVENTS.time_s[:-150], EVENTS.ids, "events")
    with pytest.warns(UserWarning, match="presentations lie outside"):
        found = locally_sparse_noise(cut, TABLE, template=TEMPLATE)
    assert found["notes"][0] == ""
    assert "NaN frames" in found["notes"][1]


def test_a_silent_cell_is_said_though_some_pixels_are_never_lit() -> None:
    silent = Traces(0 * VALUES, EVENTS.time_s, EVENTS.ids, "events")
    never = TEMPLATE.copy()
    never[:, 0, 0] = 127
    found = locally_sparse_noise(silent, TABLE, template=never)
    assert (found["notes"] == "no significant trial").all()


def test_bad_input_is_named() -> None:
    with pytest.raises(DataError, match='unit "events"'):
        locally_sparse_noise(Traces(VALUES, EVENTS.time_s, [4, 9]), TABLE, template=TEMPLATE)
    with pytest.raises(DataError, match="fraction below 1"):
        locally_sparse_noise(EVENTS, TABLE, template=TEMPLATE, responsive_above=25)
    assert len(locally_sparse_noise(EVENTS, TABLE, template=TEMPLATE, ids=[])) == 0
