"""A bad sweep costs itself, never the cell, and the table says which and why. All voltages synthetic."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allentk import features
from allentk.data import SWEEP_COLUMNS, Sweep, SweepSet
from allentk.data.uniform import from_samples
from allentk.errors import AllenTKError, DataError, FeatureError, FormatError
from tests.features.waveforms import BASE_MV, START_S, STOP_S, TIMES_S, changed, recording

RATE = 1e4


def set_of(*made):
    """A set whose sweeps are made when they are read, as those of a file are."""
    rows = [
        dict.fromkeys(SWEEP_COLUMNS, math.nan)
        | {"number": number, "clamp": "current", "stimulus": "Long Square", "code": ""}
        for number in range(len(made))
    ]
    return SweepSet(pd.DataFrame(rows), lambda number: made[number](), source="cell")


def good():
    return recording(RATE)


def nan_inside():
    def spoil(voltage, _current):
        voltage[500] = math.nan

    return changed(spoil)


def nan_in_the_step():
    def spoil(voltage, _current):
        voltage[5000:] = math.nan

    return changed(spoil)


def infinite():
    def spoil(voltage, _current):
        voltage[500] = math.inf

    return changed(spoil)


def ends_in_the_step():
    usual = recording(RATE)
    return Sweep(
        usual.voltage_mv[:5000], usual.current_pa[:5000], RATE, start_s=START_S, stop_s=STOP_S
    )


def voltage_clamp():
    return recording(RATE, clamp="voltage")


def unreadable():
    raise FormatError("cell: the data of sweep 1 are damaged")


BAD = {
    nan_inside: "not finite at 0.050000 s",
    nan_in_the_step: "not finite at 0.500000 s",
    infinite: "not finite at 0.050000 s",
    ends_in_the_step: "does not lie inside the sweep of 0.5 s",
    voltage_clamp: "voltage-clamp",
    unreadable: "sweep 1 are damaged",
    lambda: Sweep(np.full(5000, np.nan), np.zeros(5000), RATE): "0 finite samples",
    lambda: Sweep([-70.0] * 3, [0.0] * 3, RATE): "3 finite samples",
    lambda: from_samples([0, 2, 1], [0, 0, 0], [0, 0, 0]): "times must not decrease",
}


@pytest.mark.parametrize(("bad", "why"), BAD.items())
def test_a_bad_sweep_costs_itself_and_the_table_says_why(bad, why):
    made = set_of(good, bad, good)
    table = features.table(made)
    assert table["number"].tolist() == [0, 1, 2]
    assert table["error"].iloc[[0, 2]].tolist() == ["", ""]
    assert why in table["error"].iloc[1]
    assert table["n_spikes"].iloc[[0, 2]].tolist() == [4, 4]
    assert math.isnan(table["n_spikes"].iloc[1])
    row, alone = features.cell(made), features.cell(set_of(good, good))
    assert [failure["number"] for failure in row.attrs["errors"]] == [1]
    assert why in row.attrs["errors"][0]["error"]
    measured = [name for name in features.CELL_COLUMNS if not name.startswith("rheobase")]
    assert [(n, row[n]) for n in measured if row[n] == row[n]] == [
        (n, alone[n]) for n in measured if alone[n] == alone[n]
    ]


@pytest.mark.parametrize("stimulus", ["Short Square", "Ramp"])
def test_a_bad_short_square_or_ramp_costs_itself(stimulus):
    made = set_of(good, unreadable, nan_inside, good, voltage_clamp)
    made = SweepSet(made.table.assign(stimulus=stimulus), made.sweep, source="cell")
    row = features.cell(made)
    assert [failure["number"] for failure in row.attrs["errors"]] == [1, 2, 4]
    protocol = stimulus.lower().replace(" ", "_")
    assert row[f"peak_t_{protocol}"] == pytest.approx(TIMES_S[0], abs=1e-4)


def test_all_kinds_of_bad_sweeps_at_once():
    row = features.cell(set_of(*BAD, good))
    assert [failure["number"] for failure in row.attrs["errors"]] == list(range(len(BAD)))
    assert row["rheobase_sweep_number"] == len(BAD)


def test_a_cell_of_bad_sweeps_only_says_the_first_reason():
    with pytest.raises(FeatureError, match=r"cell: no long square.*0 finite samples"):
        features.cell(set_of(lambda: Sweep(np.full(5000, np.nan), np.zeros(5000), RATE)))


def test_a_bad_sweep_is_an_error_of_its_own_where_it_is_asked_for_alone():
    for bad in BAD:
        with pytest.raises(AllenTKError):
            features.sweep(bad())
    with pytest.raises(DataError, match="sweep 0: the stimulus window"):
        ends_in_the_step()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    size=st.integers(0, 3000),
    rate=st.sampled_from([4e3, 1e4, 2e4, 5e4, 2e5]),
    sigma_mv=st.sampled_from([0.0, 1.0, 30.0, 1e3, 1e150]),
    window=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    tail=st.integers(0, 400),
    stimulus=st.sampled_from(["Long Square", "Short Square", "Ramp", ""]),
    amplitude=st.sampled_from([-50.0, 0.0, 50.0, math.nan]),
)
def test_whatever_the_sweep_the_table_has_its_row(
    seed, size, rate, sigma_mv, window, tail, stimulus, amplitude
):
    """Noise that is all spikes, windows at the very edges, tails of NaN: a row or a reason."""
    rng = np.random.default_rng(seed)
    voltage = BASE_MV + sigma_mv * rng.standard_normal(size)
    voltage[size - min(tail, size // 2) :] = math.nan
    measured = size - min(tail, size // 2) - 1
    start, stop = (max(part * measured, 0) / rate for part in sorted(window))
    odd = Sweep(
        voltage,
        10 * rng.standard_normal(size),
        rate,
        stimulus=stimulus,
        amplitude_pa=amplitude,
        start_s=start,
        stop_s=stop,
    )
    usual = recording(RATE, number=1)
    table = features.table(SweepSet([odd, usual]))
    assert (table["error"].iloc[0] == "") == (table["n_spikes"].iloc[0] >= 0)
    assert table["error"].iloc[1] == ""
    assert table["latency"].iloc[1] == features.sweep(usual)["latency"]
    failed = features.cell(SweepSet([odd, usual])).attrs["errors"]
    assert {failure["number"] for failure in failed} <= {0}
