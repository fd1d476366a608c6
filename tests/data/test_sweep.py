import math
import pickle

import numpy as np
import pandas as pd
import pytest

from allentk.data import SWEEP_COLUMNS, Sweep, SweepSet
from allentk.errors import DataError


def sweep(number=0, **kwargs):
    return Sweep(np.full(1000, -70.0), np.zeros(1000), 1000.0, number=number, **kwargs)


def test_sweep_refuses_unequal_lengths():
    with pytest.raises(DataError, match=r"cell\.nwb: sweep 7: .*\(3,\) and \(4,\)"):
        Sweep([1, 2, 3], [1, 2, 3, 4], 10.0, number=7, source="cell.nwb")


def test_sweep_refuses_nan_inside_the_window_and_keeps_it_outside():
    voltage = np.full(1000, -70.0)
    voltage[900:] = np.nan
    kept = Sweep(voltage, np.zeros(1000), 1000.0, start_s=0.1, stop_s=0.5)
    assert math.isnan(kept.voltage_mv[-1])
    with pytest.raises(DataError, match=r"not finite at 0\.900000 s.*leave this sweep out"):
        Sweep(voltage, np.zeros(1000), 1000.0, start_s=0.1, stop_s=0.95)


@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, math.inf])
def test_sweep_refuses_a_rate_that_is_none(rate):
    with pytest.raises(DataError, match="sampling_rate_hz"):
        Sweep([1.0], [1.0], rate)


def test_sweep_refuses_a_window_outside():
    with pytest.raises(DataError, match="does not lie inside"):
        sweep(start_s=0.5, stop_s=3.0)


def test_arrays_are_read_only_and_the_callers_stays_writeable():
    mine = np.zeros(4)
    held = Sweep(mine, mine, 10.0)
    mine[0] = 5.0
    assert held.voltage_mv[0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        held.voltage_mv[0] = 1.0


def test_a_series_of_pandas_is_copied_too():
    mine = pd.Series(np.zeros(4))
    held = Sweep(mine, mine.to_numpy(), 10.0)
    mine.iloc[0] = 5.0
    assert (held.voltage_mv[0], held.current_pa[0]) == (0.0, 0.0)


def test_a_locked_view_of_a_writeable_array_is_copied():
    mine = np.zeros(4)
    view = mine[:]
    view.flags.writeable = False
    held = Sweep(view, view, 10.0)
    mine[0] = 5.0
    assert held.voltage_mv[0] == 0.0


def test_an_array_that_nobody_can_write_to_is_not_copied():
    mine = np.zeros(4)
    mine.flags.writeable = False
    assert Sweep(mine, mine, 10.0).voltage_mv is mine


@pytest.mark.parametrize("values", [["a"], [1j], [[1, 2], [3]], {"a": 1}])
def test_what_is_no_number_is_refused(values):
    with pytest.raises(DataError, match=r"sweep 0: voltage_mv: expected (real )?numbers"):
        Sweep(values, [0.0], 10.0)


def test_sweep_survives_pickling():
    again = pickle.loads(pickle.dumps(sweep(3, stimulus="Ramp")))
    assert (again.number, again.stimulus, again.n_samples) == (3, "Ramp", 1000)


def test_time_and_index_are_inverse():
    held = sweep()
    assert [held.index(t) for t in held.time_s[[0, 10, 999]]] == [0, 10, 999]
    assert held.duration_s == 1.0


def test_set_reads_each_sweep_when_asked():
    asked = []

    def read(number):
        asked.append(number)
        return sweep(number)

    table = pd.DataFrame({name: [0, 0, 0] for name in SWEEP_COLUMNS})
    table["number"] = [3, 5, 9]
    table["stimulus"] = ["Ramp", "Long Square", "Long Square"]
    sweeps = SweepSet(table, read)
    squares = sweeps.where(stimulus="Long Square")
    assert asked == []
    assert squares[1].number == 9
    assert asked == [9]
    assert len(sweeps.where(number=[3, 9])) == 2
    assert len(sweeps.where(number=lambda n: n > 3)) == 2


def test_set_refuses_duplicates_and_unknown_columns():
    with pytest.raises(DataError, match="sweep number 1 occurs more than once"):
        SweepSet([sweep(1), sweep(1)])
    with pytest.raises(DataError, match="no column 'protocol'"):
        SweepSet([sweep(1)]).where(protocol="Ramp")
    with pytest.raises(DataError, match="no sweep 4; there are 1, 2"):
        SweepSet([sweep(1), sweep(2)]).sweep(4)


def rows(**columns):
    table = pd.DataFrame({name: [0, 0, 0] for name in SWEEP_COLUMNS})
    return table.assign(number=[3, 5, 9], **columns)


def test_the_table_is_a_copy():
    sweeps = SweepSet(rows(), sweep)
    shown = sweeps.table
    shown.loc[0, "number"] = 99
    assert sweeps.numbers == [3, 5, 9]
    assert sweeps.table["number"].tolist() == [3, 5, 9]


def test_a_slice_is_a_set():
    sweeps = SweepSet(rows(), sweep)
    assert isinstance(sweeps[1:], SweepSet)
    assert sweeps[1:].numbers == [5, 9]
    assert sweeps[::-1].numbers == [9, 5, 3]
    assert sweeps[-1].number == 9
    assert len(sweeps[5:]) == 0


def test_a_set_survives_pickling():
    held = SweepSet(
        [sweep(1, stimulus="Ramp"), sweep(2)], source="a.nwb", metadata={"seal_gohm": 2}
    )
    assert held[0].number == 1
    again = pickle.loads(pickle.dumps(held))
    assert again.numbers == [1, 2]
    assert again.where(stimulus="Ramp")[0].n_samples == 1000
    assert (again.source, again.metadata) == ("a.nwb", {"seal_gohm": 2})
    part = pickle.loads(pickle.dumps(held.where(number=2)))
    assert part[0].number == 2


@pytest.mark.parametrize("numbers", [[3, np.nan, 9], [3, 5.5, 9], ["a", "b", "c"]])
def test_set_refuses_numbers_that_are_none(numbers):
    with pytest.raises(DataError, match="sweep numbers: expected"):
        SweepSet(rows().assign(number=numbers), sweep)


def test_set_refuses_what_is_no_sweep():
    with pytest.raises(DataError, match="a SweepSet is made of sweeps, got 1"):
        SweepSet([1])


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (np.array([3, 9]), [3, 9]),
        (range(4, 6), [5]),
        ({3}, [3]),
        (pd.Series([9]), [9]),
        (5.0, [5]),
        (lambda n: n > 3, [5, 9]),
    ],
)
def test_choosing_by_values_of_any_kind(wanted, numbers):
    assert SweepSet(rows(), sweep).where(number=wanted).numbers == numbers


def test_choosing_what_has_no_value():
    sweeps = SweepSet(rows(amplitude_pa=[10.0, np.nan, 20.0], code=["a", None, "b"]), sweep)
    assert sweeps.where(amplitude_pa=np.nan).numbers == [5]
    assert sweeps.where(amplitude_pa=None).numbers == [5]
    assert sweeps.where(code=[None, "b"]).numbers == [5, 9]


def test_names_from_a_file_are_no_html():
    bad = sweep(1, stimulus="<img src=x>")
    for page in (bad._repr_html_(), SweepSet([bad])._repr_html_()):
        assert "<img" not in page
        assert "&lt;img src=x&gt;" in page


def test_reprs_say_what_it_is():
    sweeps = SweepSet([sweep(1, stimulus="Ramp", amplitude_pa=20.0)], source="a.nwb")
    assert "1 Ramp" in repr(sweeps)
    assert "20 pA" in repr(sweeps[0])
    assert "<svg" in sweeps[0]._repr_html_()
    assert "<table" in sweeps._repr_html_()


@pytest.mark.parametrize("time_s", [math.nan, math.inf, -math.inf])
def test_a_time_that_is_none_has_no_sample(time_s):
    sweep = Sweep([-70.0] * 10, [0.0] * 10, 1e3, number=4)
    with pytest.raises(DataError, match=r"sweep 4: a time of .* stimulus window"):
        sweep.index(time_s)


def test_samples_at_any_times_make_a_sweep():
    """Steps of 25 and 75 us, as of a simulation; a line stays a line, a step a step."""
    time = 2.0 + np.cumsum(np.tile([25e-6, 75e-6], 1000))
    current = np.where(time >= 2.05, 40.0, 0.0)
    made = Sweep.from_samples(
        time, 1e3 * (time - 2.0) - 70, current, start_s=2.05, stop_s=2.1, number=7, stimulus="Ramp"
    )
    assert (made.number, made.stimulus, made.sampling_rate_hz) == (7, "Ramp", 4e4)
    first = made.metadata["first_time_s"]
    assert made.voltage_mv == pytest.approx(1e3 * (made.time_s + first - 2.0) - 70)
    assert made.start_s == pytest.approx(2.05 - first)
    assert set(made.current_pa) == {0.0, 40.0}
    assert made.current_pa[made.index(made.start_s) + 2] == 40.0
    assert made.metadata["resampled_from"]["n_samples"] == 2000
    even = Sweep.from_samples(made.time_s, made.voltage_mv, made.current_pa, sampling_rate_hz=4e4)
    assert "resampled_from" not in even.metadata
