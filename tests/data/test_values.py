import pickle

import numpy as np
import pandas as pd
import pytest

from allentk.data import (
    LongSquare,
    Morphology,
    NetworkResponse,
    Noise,
    Ramp,
    Response,
    ShortSquare,
    SpikeTrains,
    StimulusTable,
    Traces,
    TripleShortSquare,
    Zero,
)
from allentk.errors import DataError


def test_long_square_is_where_it_says():
    current = LongSquare(amplitude_pa=270, start_s=1.02, duration_s=1.0).current_pa(10_000)
    assert np.flatnonzero(current)[[0, -1]].tolist() == [10_200, 20_199]
    assert set(current) == {0.0, 270.0}


def test_other_stimuli():
    assert np.count_nonzero(ShortSquare(amplitude_pa=1).current_pa(100_000)) == 300
    assert np.count_nonzero(TripleShortSquare(amplitude_pa=1).current_pa(100_000)) == 900
    assert Ramp(amplitude_pa=100, duration_s=4).current_pa(1000).max() == pytest.approx(
        100, abs=0.1
    )
    assert not Zero().current_pa(1000).any()


def test_noise_is_allens():
    stimulus = Noise(amplitude_pa=100, seed=3)
    current = stimulus.current_pa(2000)
    assert current.size == 58_000
    for epoch, fraction in enumerate((0.75, 1.0, 1.25)):
        first = round((5 + 8 * epoch) * 2000)
        part = current[first : first + 6000]
        assert part.mean() == pytest.approx(100 * fraction, rel=1e-12)
        assert part.std() / part.mean() == pytest.approx(0.2, rel=1e-12)
    power = np.abs(np.fft.rfft(stimulus.waveform(2000) - 1)) ** 2
    frequency = np.fft.rfftfreq(6000, 1 / 2000)
    assert power[frequency > 100.5].max() < 1e-9 * power.max()
    assert power[np.isclose(frequency, 1)] / power[np.isclose(frequency, 100)] == pytest.approx(100)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (LongSquare, {"duration_s": -1}),
        (Ramp, {"amplitude_pa": np.nan}),
        (TripleShortSquare, {"interval_s": 0.001}),
    ],
)
def test_stimuli_refuse_nonsense(kind, wrong):
    with pytest.raises(DataError, match=next(iter(wrong))):
        kind(**wrong)
    with pytest.raises(DataError, match="sampling_rate_hz"):
        Zero().current_pa(0)


def test_spike_trains():
    trains = SpikeTrains.from_lists([[0.3, 0.1], [], [0.2]])
    assert trains.of(0).tolist() == [0.1, 0.3]
    assert trains.counts([[0.0, 0.2], [0.1, 0.31]]).tolist() == [[1, 2], [0, 0], [0, 1]]
    assert trains.rates_hz(0, 0.5).tolist() == [4.0, 0.0, 2.0]
    assert trains.subset([2, 0]).of(0).tolist() == [0.2]
    assert len(trains.to_dataframe()) == len(trains) == 3
    assert SpikeTrains([], [], 2).counts([[0, 1]]).tolist() == [[0], [0]]


@pytest.mark.parametrize(
    ("times", "ids", "message"),
    [
        ([0.2, 0.1], [0, 0], "sorted"),
        ([0.1], [5], "0..1"),
        ([0.1], [0, 1], "equally long"),
        ([np.nan], [0], "finite"),
        ([0.1, 0.2], [0.7, 1.9], r"ids: expected whole numbers up to 2\*\*53, got 0\.7"),
        ([0.1], [np.nan], r"ids: expected whole numbers .* got nan"),
        ([0.1], [2.0**60], "ids: expected whole numbers"),
        ([0.1], np.array([2**63], dtype=np.uint64), "ids: expected whole numbers"),
        ([0.1], ["a"], "ids: expected numbers"),
    ],
)
def test_spike_trains_refuse(times, ids, message):
    with pytest.raises(DataError, match=message):
        SpikeTrains(times, ids, 2)


@pytest.mark.parametrize("n_cells", [-1, 2.5, None])
def test_spike_trains_refuse_a_number_of_cells(n_cells):
    with pytest.raises(DataError, match="n_cells must be a whole number"):
        SpikeTrains([], [], n_cells)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda t: t.of(99), r"no cell 99; the 2 cells are 0\.\.1"),
        (lambda t: t.of(-1), "no cell -1"),
        (lambda t: t.subset([-1]), "no cell -1"),
        (lambda t: t.subset([0, 5]), "no cell 5"),
        (lambda t: t.subset([0.5]), "whole numbers"),
        (lambda t: t.subset([1, 1]), "named twice"),
        (lambda t: t.counts([1, 2, 3]), r"shape \(n_intervals, 2\), got \(3,\)"),
        (lambda t: t.rates_hz(1, 1), r"expected an interval in s, got 1\.\.1"),
    ],
)
def test_spike_trains_know_their_cells(ask, message):
    with pytest.raises(DataError, match=message):
        ask(SpikeTrains([0.1], [1], 2))


def test_no_intervals_and_no_cells():
    assert SpikeTrains([0.1], [0], 1).counts([]).shape == (1, 0)
    assert SpikeTrains([0.1], [0], 1).subset([]).n_cells == 0


def presentations(**columns):
    return pd.DataFrame({"start_s": [0.0, 2.0], "stop_s": [1.0, 3.0], "stimulus": "x"} | columns)


def test_stimulus_table():
    table = StimulusTable(presentations(orientation_deg=[0.0, 45.0]))
    assert len(table.where(orientation_deg=45.0)) == 1
    assert table.duration_s == 3.0
    assert table.table["contrast"].isna().all()
    assert table.intervals_s.tolist() == [[0, 1], [2, 3]]
    with pytest.raises(DataError, match="no column 'colour'"):
        table.where(colour="red")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"stop_s": [2.5, 3.0]}, "row 1 starts at 2.0 s, before row 0 ends"),
        ({"stop_s": [0.0, 3.0]}, "row 0 ends at 0.0 s, not after"),
        ({"start_s": ["a", "b"]}, "row 0: start_s must be a number .*, got 'a'"),
        ({"start_s": ["null", 2.0]}, "row 0 ends at 1.0 s, not after its start nan"),
        ({"stop_s": [1.0, np.inf]}, "row 1: stop_s is infinite"),
        ({"contrast": [0.8, "high"]}, "row 1: contrast must be a number .*, got 'high'"),
        ({"orientation_deg": [0.0, np.inf]}, "row 1: orientation_deg is infinite"),
    ],
)
def test_stimulus_table_refuses(columns, message):
    with pytest.raises(DataError, match=message):
        StimulusTable(presentations(**columns))
    with pytest.raises(DataError, match="missing columns"):
        StimulusTable(presentations().drop(columns="stimulus"))
    with pytest.raises(DataError, match=r"expected a DataFrame with the columns .*, got NoneType"):
        StimulusTable(None)
    with pytest.raises(DataError, match="the column 'stop_s' is there twice"):
        StimulusTable(pd.concat([presentations(), presentations()[["stop_s"]]], axis=1))


def test_stimulus_table_takes_null_for_no_value():
    table = StimulusTable(presentations(orientation_deg=["null", "90"], contrast=["0.8", "null"]))
    assert table.table["orientation_deg"].isna().tolist() == [True, False]
    assert table.table["orientation_deg"].iloc[1] + 1 == 91.0
    assert table.table["contrast"].iloc[0] == 0.8


def test_stimulus_table_cannot_be_changed():
    mine = presentations()
    table = StimulusTable(mine)
    shown = table.table
    shown["start_s"] = [9.0, 10.0]
    mine.loc[0, "start_s"] = -5.0
    assert table.intervals_s.tolist() == [[0, 1], [2, 3]]
    assert pickle.loads(pickle.dumps(table)).intervals_s.tolist() == [[0, 1], [2, 3]]
    with pytest.raises(AttributeError):
        table.table = mine


def test_stimulus_table_chooses_by_lists_and_functions():
    rows = pd.DataFrame(
        {
            "start_s": np.arange(6.0),
            "stop_s": np.arange(6.0) + 0.5,
            "stimulus": ["g", "g", "g", "blank", "spontaneous", "g"],
            "contrast": [0.1, 0.8, 0.5, np.nan, 0.8, np.nan],
        }
    )
    table = StimulusTable(rows)

    def starts(**conditions):
        return table.where(**conditions).table["start_s"].tolist()

    assert starts(contrast=[0.1, 0.5]) == [0, 2]
    assert starts(contrast=lambda c: c > 0.4) == [1, 2, 4]
    assert starts(contrast=0.1, keep_blanks=True) == [0, 3, 4, 5]
    assert starts(stimulus="g", contrast=0.8, keep_blanks=True) == [1, 3, 4, 5]
    assert starts(stimulus="g", contrast=0.8) == [1]


def test_traces():
    traces = Traces(np.zeros((2, 3)), [0.0, 0.1, 0.2], [11, 12])
    assert traces.to_dataframe().shape == (3, 2)
    with pytest.raises(DataError, match=r"\(2, 3\), got \(3, 2\)"):
        Traces(np.zeros((3, 2)), [0.0, 0.1, 0.2], [11, 12])
    with pytest.raises(DataError, match="rise"):
        Traces(np.zeros((2, 2)), [0.0, 0.0], [11, 12])
    with pytest.raises(DataError, match="finite"):
        Traces(np.zeros((1, 1)), [np.nan], [11])
    with pytest.raises(DataError, match="Traces: ids: expected whole numbers"):
        Traces(np.zeros((1, 1)), [0.0], [11.5])


def test_response_becomes_a_sweep():
    response = Response(
        [-70.0] * 5, [1.0] * 5, 0.01, [0.02], [1], states={"threshold_mv": [-50.0] * 5}
    )
    sweep = response.to_sweep(4)
    assert (sweep.number, sweep.sampling_rate_hz) == (4, 100.0)
    assert list(response.to_dataframe())[-1] == "threshold_mv"
    assert "1 spikes" in repr(response)
    with pytest.raises(DataError, match="equally long"):
        Response([1.0], [1.0, 2.0], 0.1, [], [])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dt_s": 0.0}, r"dt_s must be positive, got 0\.0"),
        (
            {"states": {"threshold_mv": [1.0]}},
            r"voltage_mv and threshold_mv must be .*equally long",
        ),
        ({"spike_times_s": [0.1]}, r"spike_times_s and spike_steps must be"),
        ({"voltage_mv": [[1.0, 2.0]], "current_pa": [[1.0, 2.0]]}, "one-dimensional"),
    ],
)
def test_response_refuses(change, message):
    given = {"voltage_mv": [1.0, 2.0], "current_pa": [1.0, 2.0], "dt_s": 0.1}
    with pytest.raises(DataError, match=message):
        Response(**{**given, "spike_times_s": [], "spike_steps": [], **change})


def test_network_response_needs_time():
    for duration in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(DataError, match="duration_s must be positive"):
            NetworkResponse({}, duration)


def test_network_response_counts():
    response = NetworkResponse({"L4 Exc": SpikeTrains([0.1, 0.2], [0, 1], 2)}, 0.5)
    assert response.rates_hz().loc[0, "mean_rate_hz"] == 2.0
    assert "2 spikes" in repr(response)


def tree(parent=(-1, 0, 1), types=(1, 3, 3), radius=(5, 1, 1)):
    return Morphology([1, 2, 3], types, [[0, 0, 0], [0, 10, 0], [0, 10, 5]], radius, parent)


def test_morphology():
    cell = tree()
    assert cell.total_length_um == pytest.approx(15.0)
    assert cell.root == 0
    assert cell.of_type([3]).tolist() == [1, 2]
    assert cell.to_dataframe()["parent_id"].tolist() == [-1, 1, 2]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"parent": (-1, -1, 1)}, "second root"),
        ({"types": (3, 3, 3)}, "no soma"),
        ({"parent": (-1, 2, 1)}, "never reaches a root"),
        ({"radius": (5, 0, 1)}, "radius positive"),
    ],
)
def test_morphology_refuses(wrong, message):
    with pytest.raises(DataError, match=message):
        tree(**wrong)
