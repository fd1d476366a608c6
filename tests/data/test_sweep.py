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


def test_reprs_say_what_it_is():
    sweeps = SweepSet([sweep(1, stimulus="Ramp", amplitude_pa=20.0)], source="a.nwb")
    assert "1 Ramp" in repr(sweeps)
    assert "20 pA" in repr(sweeps[0])
    assert "<svg" in sweeps[0]._repr_html_()
    assert "<table" in sweeps._repr_html_()
