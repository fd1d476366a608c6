"""Speed tuning: closed forms, a slow loop and recorded figures of the reference program."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import ks_2samp

from allentk.data import StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.warehouse.speed_bins import speed_bins
from allentk.responses.warehouse.speed_metrics import METRICS, QUIRKS
from allentk.responses.warehouse.speed_tuning import speed_curves, speed_tuning
from tests.responses.warehouse.noise_cells import running_session

TRACES, TABLE, SPEED = running_session()
DFF = TRACES.values
RUNNING = (SPEED, TRACES.time_s)


def test_figures_of_allensdk() -> None:
    """AllenSDK 2.16.2 get_speed_tuning(binsize=400) on this session (numpy 1.23.5, scipy 1.10.1)."""
    found = speed_tuning(TRACES, TABLE, running=RUNNING, bin_frames=400, quirks="published")
    recorded = {
        "speed_max_spontaneous_cm_s": [15.845315194704684, 0.19810693067407764, 15.845315194704684],
        "speed_min_spontaneous_cm_s": [0.19810693067407764, 15.845315194704684, 8.19866410799769],
        "p_speed_spontaneous": [2.2181566506622885e-59, 1.730491731976844e-60, 0.49314238571989133],
        "speed_max_stimulus_cm_s": [14.813192670971004, 0.20213882784802156, 8.15108676394789],
        "speed_min_stimulus_cm_s": [0.20213882784802156, 14.813192670971004, 8.245684655093765],
        "p_speed_stimulus": [3.194960181161362e-51, 9.114575345215278e-54, 0.4509058096712342],
    }
    for name, values in recorded.items():
        assert_allclose(found[name], values, rtol=1e-9)
    for name in ("spontaneous", "stimulus"):
        assert found[f"speed_modulated_{name}"].tolist() == [True, True, False]


def test_each_quirk_changes_a_number() -> None:
    mended = speed_tuning(TRACES, TABLE, running=RUNNING, bin_frames=400, n_shuffles=2)
    for quirk in QUIRKS:
        kept = speed_tuning(
            TRACES, TABLE, running=RUNNING, bin_frames=400, n_shuffles=2, quirks=quirk.name
        )
        column = "p_speed_spontaneous"
        assert (kept[column] != mended[column]).any(), quirk.name


def test_the_tested_frames_are_those_of_the_bin() -> None:
    found = speed_tuning(TRACES, TABLE, running=RUNNING, bin_frames=400, n_shuffles=2)
    quiet = np.zeros(SPEED.size, dtype=bool)
    quiet[500:3500] = quiet[7000:10_000] = True
    kept = quiet & np.isfinite(SPEED)
    order = np.flatnonzero(kept)[np.argsort(SPEED[kept])]
    rest = int((SPEED[kept] < 1).sum())
    bins = [order[:rest], *(order[a : a + 400] for a in range(rest, order.size - 399, 400))]
    means = [DFF[2, frames].mean() for frames in bins]
    speeds = [SPEED[frames].mean() for frames in bins]
    top, low = int(np.argmax(means)), int(np.argmin(means))
    tested = bins[top if speeds[top] > speeds[low] else low]
    expected = ks_2samp(DFF[2, tested], DFF[2, np.setdiff1d(order, tested)]).pvalue
    assert found["speed_max_spontaneous_cm_s"][2] == pytest.approx(speeds[top])
    assert_allclose(found["p_speed_spontaneous"][2], expected, rtol=1e-9)


def test_bins_are_those_of_a_loop() -> None:
    speed = np.array([5.0, 0.2, np.nan, 3.0, 1.0, 0.5, 9.0, 2.0])
    bins = speed_bins(speed, np.arange(8), 2)
    assert bins.edges.tolist() == [0, 2, 4, 6]
    assert_allclose(bins.speed_cm_s[:, 0], [0.35, 1.5, 4.0])
    assert_allclose(bins.of(10 * speed)[:, 1], 10 * np.array([0.15, 0.5, 1.0]) / np.sqrt(2))


def test_shuffled_means_scatter_as_sampling_says() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 9000))
    bins = speed_bins(np.repeat([0.0, 5.0], 4500), np.arange(9000), 900)
    means = bins.shuffled_means(values, 50, 3)
    assert means.shape == (40, 50, 6)
    # without replacement: (1/n) (1 - n/N) of the variance
    assert means[..., 1].var() == pytest.approx(values.var() / 900 * 0.9, rel=0.1)
    whole = (means * np.diff(bins.edges)).sum(axis=-1)
    assert_allclose(whole, values.sum(axis=1)[:, None].repeat(50, 1), atol=1e-9)


def test_a_seed_gives_the_same_and_curves_give_the_means() -> None:
    once, again = (
        speed_tuning(TRACES, TABLE, running=RUNNING, bin_frames=400, n_shuffles=20, seed=4)
        for _ in range(2)
    )
    assert once.equals(again)
    curves = speed_curves(TRACES, TABLE, running=RUNNING, ids=[1], bin_frames=400)
    spontaneous = curves[curves["condition"] == "spontaneous"]
    top = spontaneous["speed_cm_s"][spontaneous["response"].idxmax()]
    assert top == once["speed_max_spontaneous_cm_s"][0]
    assert {m.name for m in METRICS} == set(once.columns) - {"cell", "notes"}


def test_bad_cells_are_noted_and_no_cells_are_no_rows() -> None:
    values = DFF.copy()
    values[1, 600] = np.nan
    held = Traces(values, TRACES.time_s, [1, 2, 3])
    found = speed_tuning(held, TABLE, running=RUNNING, bin_frames=400, n_shuffles=2)
    assert found["notes"].tolist() == ["", "missing frames in the spontaneous condition", ""]
    assert np.isnan(found["p_speed_spontaneous"][1])
    assert found["p_speed_stimulus"][1] < 1e-9
    assert len(speed_tuning(TRACES, TABLE, running=RUNNING, ids=[], n_shuffles=2)) == 0


def test_an_animal_at_rest_has_one_bin() -> None:
    still = np.full(SPEED.size, 0.1)
    found = speed_tuning(TRACES, TABLE, running=(still, TRACES.time_s), n_shuffles=2)
    assert found["p_speed_spontaneous"].isna().all()
    assert found["notes"].str.contains("one bin of speed").all()
    assert not found["speed_modulated_spontaneous"].any()


def test_epochs_beyond_the_recording_are_cut_with_a_warning() -> None:
    rows = TABLE.table.assign(stop_frame=[3500, 99_000])
    with pytest.warns(UserWarning, match="1 of 2 spontaneous epochs .* epoch 1"):
        speed_tuning(TRACES, StimulusTable(rows), running=RUNNING, n_shuffles=2)


def test_bad_input_is_named() -> None:
    with pytest.raises(DataError, match="on the clock of the traces"):
        speed_tuning(TRACES, TABLE, running=(SPEED, TRACES.time_s + 1))
    with pytest.raises(DataError, match="two equally long lines"):
        speed_tuning(TRACES, TABLE, running=(SPEED[1:], TRACES.time_s))
    with pytest.raises(DataError, match="no rows named 'spontaneous'"):
        speed_tuning(TRACES, TABLE.where(stimulus="flashes"), running=RUNNING)
    with pytest.raises(DataError, match="no frame of the spontaneous condition has a speed"):
        speed_tuning(TRACES, TABLE, running=(SPEED * np.nan, TRACES.time_s))
    with pytest.raises(DataError, match="bin_frames must be a whole number from 1"):
        speed_tuning(TRACES, TABLE, running=RUNNING, bin_frames=0)
    with pytest.raises(
        DataError, match=r"bins of 1 frames make .* expected 1 to 1000; give a larger"
    ):
        speed_tuning(TRACES, TABLE, running=RUNNING, bin_frames=1)
    with pytest.raises(DataError, match="n_shuffles must be a whole number from 1"):
        speed_tuning(TRACES, TABLE, running=RUNNING, n_shuffles=0)


def test_an_animal_that_never_rests_has_no_bin_of_rest() -> None:
    rng = np.random.default_rng(0)
    speed = 20 + 20 * rng.random(SPEED.size)
    follows = Traces((speed + rng.normal(size=speed.size))[None], TRACES.time_s, [1])
    running = (speed, TRACES.time_s)
    found = speed_tuning(follows, TABLE, running=running, n_shuffles=20)
    assert found[["speed_modulated_spontaneous", "speed_modulated_stimulus"]].all(axis=None)
    assert found["speed_min_spontaneous_cm_s"][0] < found["speed_max_spontaneous_cm_s"][0]
    curves = speed_curves(follows, TABLE, running=running)
    assert curves["response"].notna().all()
    with pytest.raises(DataError, match="give a smaller bin_frames"):
        speed_tuning(follows, TABLE, running=running, bin_frames=50_000, n_shuffles=2)


def test_a_missing_frame_among_the_fastest_is_said() -> None:
    values = DFF.copy()
    quiet = np.r_[500:3500, 7000:10_000]
    values[1, quiet[np.nanargmax(SPEED[quiet])]] = np.nan
    held = Traces(values, TRACES.time_s, [1, 2, 3])
    found = speed_tuning(held, TABLE, running=RUNNING, bin_frames=400, n_shuffles=2)
    assert found["notes"].tolist() == ["", "missing frames in the spontaneous condition", ""]


def test_curves_of_no_cells_have_their_columns() -> None:
    none, some = (speed_curves(TRACES, TABLE, running=RUNNING, ids=ids) for ids in ([], [1]))
    assert list(none) == list(some)
    assert len(none) == 0
