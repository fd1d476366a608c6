"""The warehouse's natural movies, and rows of real cells as published."""

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
    with pytest.warns(UserWarning, match="left out 1 of 5 presentations"):
        warehouse.natural_movie(given, movie_table(5))


#: Rows of real cells as AllenSDK prints them: experiments 502376461 and 510938357.
DG_ROW = {"osi": 1.202353, "dsi": 0.358697, "cv_os": 1.0, "cv_ds": 0.358697, "ori": 180.0}
NS_ROW = {"time_to_peak": 0.3317, "image_selectivity": 0.553542}
SG_ROW = {"time_to_peak": 0.43121, "osi": 0.893034, "cv_os": 0.816515}


def test_a_published_row_of_drifting_gratings_follows_from_its_indices():
    """With cv_os 1 the cell answers two opposite directions; the others make osi more than 1."""
    null = (1 - DG_ROW["dsi"]) / (1 + DG_ROW["dsi"])
    orthogonal = (1 - DG_ROW["osi"]) / (1 + DG_ROW["osi"])
    assert orthogonal < 0
    level = np.full(8, 100.0)
    level[[0, 2, 4, 6]] += [null, orthogonal, 1.0, orthogonal]
    level[1::2] -= 0.5
    table = pd.DataFrame({"orientation_deg": np.arange(0.0, 360, 45)})
    start = 40 + 90 * np.arange(8)
    table = table.assign(
        temporal_frequency_hz=2.0,
        stimulus="drifting_gratings",
        start_frame=start,
        stop_frame=start + 60,
        start_s=start / 30,
        stop_s=(start + 60) / 30,
    )
    trace = np.full(800, 100.0)
    for at, value in zip(start, level, strict=True):
        trace[at : at + 60] = value
    given = Traces([trace], np.arange(800) / 30, [517425074], "F")
    (row,) = warehouse.drifting_gratings(given, StimulusTable(table), quirks="published").to_dict(
        "records"
    )
    assert row["preferred_direction_deg"] == DG_ROW["ori"]
    assert row["osi"] == pytest.approx(DG_ROW["osi"], rel=1e-9)
    assert row["dsi"] == pytest.approx(DG_ROW["dsi"], rel=1e-9)
    assert row["g_osi"] == pytest.approx(DG_ROW["cv_os"], rel=1e-9)
    assert row["g_dsi"] == pytest.approx(DG_ROW["cv_ds"], rel=1e-6)
    mended = warehouse.drifting_gratings(given, StimulusTable(table))
    assert mended["osi"].item() == 1.0


def test_published_times_to_peak_are_whole_frames():
    for row in (SG_ROW, NS_ROW):
        frames = row["time_to_peak"] / 0.03317
        assert frames == pytest.approx(round(frames), abs=0.002)
        assert 0 < round(frames) < 35
    assert 0 < SG_ROW["cv_os"] < 1
    assert -1 < NS_ROW["image_selectivity"] < 1
