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
    ],
)
def test_spike_trains_refuse(times, ids, message):
    with pytest.raises(DataError, match=message):
        SpikeTrains(times, ids, 2)


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
    ],
)
def test_stimulus_table_refuses(columns, message):
    with pytest.raises(DataError, match=message):
        StimulusTable(presentations(**columns))
    with pytest.raises(DataError, match="missing columns"):
        StimulusTable(presentations().drop(columns="stimulus"))


def test_traces():
    traces = Traces(np.zeros((2, 3)), [0.0, 0.1, 0.2], [11, 12])
    assert traces.to_dataframe().shape == (3, 2)
    with pytest.raises(DataError, match=r"\(2, 3\), got \(3, 2\)"):
        Traces(np.zeros((3, 2)), [0.0, 0.1, 0.2], [11, 12])
    with pytest.raises(DataError, match="rise"):
        Traces(np.zeros((2, 2)), [0.0, 0.0], [11, 12])


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
