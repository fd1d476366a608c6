"""dF/F, noise and filtered events: closed forms, loops written again, and AllenSDK's figures."""

import numpy as np
import pytest

from allentk.data import Traces
from allentk.errors import DataError
from allentk.responses.traces import (
    METRICS,
    QUIRKS,
    dff,
    dff_windowed_mode,
    filtered_events,
    noise_std,
)


def of(values, unit="F", rate_hz=30.0):
    values = np.atleast_2d(values)
    return Traces(values, np.arange(values.shape[1]) / rate_hz, np.arange(len(values)) + 10, unit)


def noisy(n_cells=2, n_frames=1500, seed=0, level=300.0, std=8.0):
    return np.random.default_rng(seed).normal(level, std, (n_cells, n_frames))


def loop_noise_std(x):
    """The same by hand, zeros beyond the ends."""
    padded = np.concatenate([np.zeros(15), x, np.zeros(15)])
    x = x - np.array([np.median(padded[i : i + 31]) for i in range(x.size)])
    x = x[x < 1.5 * abs(x.min())]
    std = 1.4826 * np.median(abs(x - np.median(x)))
    x = x[abs(x) < 2.5 * std]
    return 1.4826 * np.median(abs(x - np.median(x)))


def test_published_dff_is_the_loop_to_the_last_bit():
    x = noisy(1)[0]
    padded = np.concatenate([np.zeros(250), x, np.zeros(250)])
    baseline = np.array([np.median(padded[i : i + 501]) for i in range(x.size)])
    d = (x - baseline) / np.maximum(baseline, loop_noise_std(x))
    padded = np.concatenate([np.zeros(50), d, np.zeros(50)])
    trend = np.array([np.median(padded[i : i + 101]) for i in range(x.size)])
    wanted = d - np.minimum(trend, 2.5 * loop_noise_std(d))
    ours = dff(of(x), long_window=501, quirks="published").values[0]
    assert (ours == wanted).all()


def test_single_precision_is_kept():
    values = noisy().astype(np.float32)
    assert dff(of(values), long_window=501).values.dtype == np.float32


def test_zeros_beyond_the_ends_inflate_the_first_minutes_and_the_mended_edges_do_not():
    """observatory figure: 300 +- 8 has the published baseline 268.8 at the first frame, 12 % too low."""
    traces = of(noisy(8, 12_000))
    published = dff(traces, short_window=1, quirks="zero_edges").values
    mended = dff(traces, short_window=1).values
    # A short window of one frame takes min(d, 2.5 s) off, which leaves peaks alone: use the long baseline.
    assert not np.array_equal(published, mended)
    flat = of(noisy(8, 12_000))
    first = {q: _baseline_ratio(flat, q) for q in ((), "zero_edges")}
    assert first["zero_edges"] == pytest.approx(300 / 268.8, abs=0.01)
    assert first[()] == pytest.approx(1.0, abs=0.005)


def _baseline_ratio(traces, quirks):
    from allentk.responses.traces.running_median import edges_of, running_median

    how = edges_of("mirror", quirks)
    starts = [running_median(x, 5401, how)[0] for x in traces.values]
    return float(300 / np.mean(starts))


def test_nearest_takes_the_first_value_for_the_baseline():
    x = noisy(1)[0]
    mirrored, nearest = (
        dff(of(x), long_window=501, edges=e).values[0] for e in ("mirror", "nearest")
    )
    assert abs(nearest[0]) < 1e-12
    assert abs(mirrored[0]) > 1e-5
    assert np.allclose(mirrored[300:-300], nearest[300:-300], atol=0.02)


def test_noise_is_that_of_the_loop_and_scales():
    values = noisy(3)
    assert noise_std(of(values), quirks="published") == pytest.approx(
        [loop_noise_std(x) for x in values], abs=1e-13
    )
    assert noise_std(of(3 * values)) == pytest.approx(3 * noise_std(of(values)), rel=1e-12)


def test_noise_does_not_see_transients():
    values = noisy(1, 20_000)
    quiet = noise_std(of(values))[0]
    bright = values.copy()
    bright[0, ::200] += 200
    assert noise_std(of(bright))[0] == pytest.approx(quiet, rel=0.03)


def test_a_cell_with_a_missing_frame_is_told_of_and_the_others_are_computed():
    values = noisy(3)
    values[1, 700] = np.nan
    with pytest.warns(
        UserWarning, match=r"1 of 3 cells get NaN: cell 11: 1 frames .* first is 700"
    ):
        found = dff(of(values), long_window=501).values
    assert np.isnan(found[1]).all()
    assert np.isfinite(found[[0, 2]]).all()


def test_a_flat_cell_has_no_noise_and_no_dff():
    values = noisy(2)
    values[0] = 5.0
    with pytest.warns(UserWarning, match="cell 10: it has no noise"):
        assert np.isnan(dff(of(values), long_window=501).values[0]).all()


@pytest.mark.parametrize("step", [dff, dff_windowed_mode])
def test_short_traces_and_other_units_are_refused(step):
    with pytest.raises(DataError, match=r"have 1500 frames, but a window of 54"):
        step(of(noisy()))
    with pytest.raises(DataError, match="expected traces of unit 'F', got 'events'"):
        step(of(noisy(), "events"))
    assert step(of(np.empty((0, 9000)))).n_cells == 0


def test_words_and_windows_are_checked():
    with pytest.raises(DataError, match="edges is"):
        dff(of(noisy()), long_window=501, edges="zero")
    with pytest.raises(DataError, match="odd number"):
        dff(of(noisy()), long_window=500)
    with pytest.raises(DataError, match="no quirk"):
        dff(of(noisy()), long_window=501, quirks="zeros")


def loop_mode_dff(x, mode_window, mean_window):
    """The running mode of whole numbers, ties to what it was, by counting every window anew."""
    half, whole, n = mode_window // 2, np.rint(x).astype(int), x.size
    mode, out = None, []
    for i in range(n):
        inside = whole[max(i - half + 1, 0) : i + half + 1]
        counts = np.bincount(inside, minlength=whole.max() + 1)
        best = counts.max()
        if mode is None or counts[mode] < best:
            mode = counts.argmax()
        out.append(mode)
    half = mean_window // 2
    mean = np.array([np.mean(out[max(i - half + 1, 0) : i + half + 1]) for i in range(n)])
    return (x - mean) / mean


def test_windowed_mode_of_two_levels():
    """A baseline of 100 with transients is 100, whatever the transients."""
    x = np.full(400, 100.0)
    x[::5] = 180.0
    found = dff_windowed_mode(of(x), mode_window=40, mean_window=20).values[0]
    assert found[::5] == pytest.approx(np.full(80, 0.8))
    assert found[1::5] == pytest.approx(np.zeros(80), abs=1e-15)


def test_windowed_mode_is_near_the_loop():
    x = np.repeat(np.random.default_rng(3).integers(90, 110, 60), 12).astype(float)
    found = dff_windowed_mode(of(x), mode_window=40, mean_window=30).values[0]
    assert np.median(abs(found - loop_mode_dff(x, 40, 30))) < 0.02


def test_the_first_mean_is_counted_one_short_as_published():
    x = np.full((1, 400), 100.0)
    ours, theirs = (
        dff_windowed_mode(of(x), mode_window=40, mean_window=20, quirks=q).values[0]
        for q in ((), "published")
    )
    assert ours == pytest.approx(np.zeros(400), abs=1e-15)
    # frame 0 sums 11 frames and divides by 10
    assert theirs[0] == pytest.approx(100 / 110 - 1)
    assert theirs[10:] == pytest.approx(np.zeros(390), abs=1e-15)


def test_a_huge_span_is_refused_before_it_is_counted():
    x = noisy(1)
    x[0, 3] = 1e12
    with pytest.raises(DataError, match="cell 10 spans"):
        dff_windowed_mode(of(x), mode_window=40, mean_window=20)


def test_filtered_events_are_half_a_gaussian():
    x = np.zeros((1, 60))
    x[0, 10] = 2.0
    weights = np.exp(-0.5 * (np.arange(20) / 2) ** 2)
    wanted = np.zeros(60)
    wanted[10:30] = 2 * weights / weights.sum()
    found = filtered_events(of(x, "events", 31.0)).values[0]
    assert found == pytest.approx(wanted, abs=1e-12)
    assert not found[:10].any()


def test_every_step_and_quirk_is_explained():
    assert all(m.formula and m.source and m.definition == "traces" for m in METRICS)
    assert len({q.name for q in QUIRKS}) == len(QUIRKS)


def test_a_baseline_that_follows_every_frame_leaves_no_noise_and_is_told_of():
    with pytest.warns(UserWarning, match=r"2 of 2 cells .* above its baseline has no noise"):
        found = dff(of(noisy(2)), long_window=1)
    assert np.isnan(found.values).all()
