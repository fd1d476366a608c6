"""The warehouse's natural movies."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from allentk.data import StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses import warehouse

LENGTH = 45


def movie_table(n_repeats=4, name="natural_movie_one"):
    frame = np.tile(np.arange(LENGTH), n_repeats)
    start = 10 + np.arange(frame.size)
    rows = {"frame": frame, "start_s": start / 30, "stop_s": (start + 1) / 30, "stimulus": name}
    return StimulusTable(pd.DataFrame(rows).assign(start_frame=start, stop_frame=start + 1))


def traces(n_repeats=4, seed=0, n_cells=4):
    rng = np.random.default_rng(seed)
    n = 20 + LENGTH * n_repeats
    values = rng.normal(size=(n_cells, n))
    once = rng.normal(size=(n_cells, LENGTH))
    values[:, 10 : 10 + LENGTH * n_repeats] += np.tile(once, n_repeats)
    return Traces(values, np.arange(n) / 30, np.arange(n_cells), "dF/F")


def by_hand(trace, n_repeats):
    repeats = trace[10 : 10 + LENGTH * n_repeats].reshape(n_repeats, LENGTH)
    pairs = [(i, j) for i in range(n_repeats) for j in range(i + 1, n_repeats)]
    mean = repeats.mean(axis=0)
    return mean.argmax(), np.mean([stats.pearsonr(repeats[i], repeats[j])[0] for i, j in pairs])


def test_reliability_as_written_out():
    given = traces()
    out = warehouse.natural_movie(given, movie_table())
    for row, trace in zip(out.itertuples(), given.values, strict=True):
        peak, reliability = by_hand(trace, 4)
        assert row.peak_frame == peak
        assert row.reliability == pytest.approx(reliability, rel=1e-10)


def test_ten_repeats_are_counted_where_asked():
    given, table = traces(12), movie_table(12)
    plain = warehouse.natural_movie(given, table)["reliability"]
    quirky = warehouse.natural_movie(given, table, quirks="repeats_10")["reliability"]
    assert plain[0] == pytest.approx(by_hand(next(iter(given.values)), 12)[1])
    assert quirky[0] == pytest.approx(by_hand(next(iter(given.values)), 10)[1])


def test_cells_and_tables_that_lack_something():
    given = traces()
    values = np.array(given.values)
    values[0], values[1, 12] = 0.0, np.nan
    out = warehouse.natural_movie(Traces(values, given.time_s, given.ids, "dF/F"), movie_table())
    assert np.isnan(out["reliability"][0])
    assert out["notes"][1].startswith("1 of 4 repeats left out")
    assert np.isfinite(out["reliability"][1])
    with pytest.raises(DataError, match="expected traces of unit 'dF/F'"):
        warehouse.natural_movie(Traces(values, given.time_s, given.ids, "F"), movie_table())
    with pytest.raises(DataError, match="two repeats or more"):
        warehouse.natural_movie(given, movie_table(1))
    with pytest.warns(UserWarning, match="1 of 5 presentations lie outside"):
        warehouse.natural_movie(given, movie_table(5))
    short = Traces(values[:, :80], given.time_s[:80], given.ids, "dF/F")
    with pytest.warns(UserWarning, match="3 of 4 presentations lie outside"):
        once = warehouse.natural_movie(short, movie_table())
    assert once["notes"][2] == "one repeat: no reliability"
    assert once["reliability"].isna().all()
