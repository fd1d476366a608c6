"""Every figure has what it promises: panels, labels, curves with the right values."""

import base64
import math
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest

from allentk.data import NetworkResponse, SpikeTrains, SweepSet
from allentk.report import sweep_figure
from allentk.report.figures import canvas, cumulative, image, marked, thinned
from allentk.report.fit_figures import holdout, holdout_figure
from allentk.report.network_figures import (
    aligned_figure,
    raster_figure,
    raster_span,
    tuning_figure,
)
from allentk.report.observatory_figures import selectivity_figure, session_figure
from allentk.report.range_figures import range_figure
from allentk.report.ranges import FEATURES, load_ranges
from allentk.report.score_figures import distribution_figure, score_figure
from allentk.report.tuning import aligned_curves
from tests.report.conftest import sweep


def labels(axes):
    return axes.get_legend_handles_labels()[1]


def titles(figure):
    return [axes.get_title("left") for axes in figure.axes]


def test_thinned_keeps_extremes_in_order():
    rng = np.random.default_rng(0)
    y = rng.standard_normal(10_000)
    x, thin = thinned(np.arange(y.size), y, bins=100)
    assert thin.size == 200
    assert (np.diff(x) >= 0).all()
    pieces = y.reshape(100, 100)
    assert np.sort(thin.reshape(100, 2), axis=1)[:, 0].tolist() == pieces.min(axis=1).tolist()
    assert np.sort(thin.reshape(100, 2), axis=1)[:, 1].tolist() == pieces.max(axis=1).tolist()
    assert y[x.astype(int)].tolist() == thin.tolist()


def test_thinned_leaves_out_nan_and_keeps_short_traces():
    x, y = thinned([0, 1, 2], [1.0, math.nan, 3.0])
    assert x.tolist() == [0, 2]
    assert y.tolist() == [1, 3]


def test_cumulative_of_nothing():
    x, share = cumulative([])
    assert x.size == share.size == 0


def test_a_small_figure_is_svg_and_a_full_one_png():
    small, _ = canvas(3.0, 2.0)
    kept = image(small)
    assert kept.uri.startswith("data:image/svg+xml;base64,")
    assert (kept.width, kept.height) == (300, 200)
    body = base64.b64decode(kept.uri.partition(",")[2])
    assert b"<svg" in body
    assert b"<script" not in body
    full, axes = canvas(3.0, 2.0)
    axes[0, 0].plot(*np.random.default_rng(0).standard_normal((2, 20_000)), ".")
    drawn = base64.b64decode(image(full).uri.partition(",")[2])
    assert drawn.startswith(b"\x89PNG")
    assert len(drawn) < 1_000_000


def test_settings_are_left_alone(cell):
    before = dict(mpl.rcParams)
    image(sweep_figure(cell.sweeps[3]))
    assert dict(mpl.rcParams) == before


def test_pyplot_is_not_used():
    code = (
        "import sys; from allentk.report.figures import canvas, image; image(canvas(3, 2)[0]); "
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0


def test_the_mark_of_made_up_data():
    figure, _ = canvas(4.0, 2.0)
    assert marked(figure, False).texts == []
    assert [text.get_text() for text in marked(figure, True).texts] == ["SYNTHETIC"]


def test_range_figure_places_cells():
    ranges = load_ranges().of
    values = {name: ranges["spiny"][name].q50 for name in FEATURES}
    far = {name: ranges["spiny"][name].q95 + 1e3 for name in FEATURES}
    figure = range_figure({"a": values, "b": far}, {"a": "spiny", "b": "spiny"}, ranges)
    first = figure.axes[0]
    assert titles(figure)[: len(FEATURES)] == [name for name, _, _ in FEATURES.values()]
    assert first.get_xlabel() == "mV"
    bar, median, inside, outside = first.lines
    rest = ranges["spiny"]["vrest"]
    assert bar.get_xdata() == pytest.approx([rest.q05, rest.q95])
    assert median.get_xdata()[0] == inside.get_xdata()[0] == rest.q50
    assert outside.get_xdata() == pytest.approx([rest.q95 + 1e3])


def test_holdout_figure_has_a_row_per_trial_and_model(cell):
    held = holdout(cell.sweeps, cell.fits)
    assert [train.size for train in held.trials_s] == [5, 4]
    figure = holdout_figure(held, synthetic=True)
    voltage, raster, current = figure.axes
    assert labels(voltage) == ["data, sweep 6", "GLIF3"]
    assert [tick.get_text() for tick in raster.get_yticklabels()] == ["trial 1", "trial 2", "GLIF3"]
    drawn = [len(c.get_segments()) for c in raster.collections]
    assert drawn == [5, 4, held.models[3].spike_times_s.size]
    assert current.get_xlabel() == "time (s)"
    assert figure.texts[0].get_text() == "SYNTHETIC"


def test_the_stretch_is_about_the_median_spike(cell):
    long = SweepSet(
        [sweep(1, "Noise 2", 100.0, [0.4, 3.0, 5.5], duration_s=6.0)], source="long recording"
    )
    held = holdout(long, cell.fits)
    middle = held.trials_s[0][1]
    assert held.span_s == pytest.approx((middle - 0.75, middle + 0.75))


def test_no_holdout_without_fits_or_stimulus(cell):
    assert holdout(cell.sweeps, {}) is None
    assert holdout(cell.sweeps.where(stimulus="Long Square"), cell.fits) is None


def test_raster_shows_presentations_and_rates(network):
    figure = raster_figure(network.response)
    raster, rates = figure.axes
    assert [text.get_text() for text in raster.texts] == [
        "grating 0°, 2 Hz",
        "grating 45°, 2 Hz",
        "grating 90°, 2 Hz",
        "grating 135°, 2 Hz",
    ]
    names = [tick.get_text() for tick in raster.get_yticklabels()]
    assert names == ["e4\n20 of 20", "i4\n6 of 6"]
    assert labels(rates) == ["e4", "i4"]
    assert rates.get_ylabel() == "mean rate (Hz)"
    start, stop = raster_span(network.response)
    trains = network.response.spikes["i4"]
    counted = ((trains.times_s >= start) & (trains.times_s < stop)).sum()
    time, rate = rates.lines[1].get_data()
    assert rate.sum() * 6 * (time[1] - time[0]) == pytest.approx(counted)


def test_tuning_figure_has_one_panel_per_cell(network):
    response = network.response
    rows = network.metrics.head(2)
    figure = tuning_figure([("L4 Exc", response.spikes["e4"], rows)], response.presentations)
    assert titles(figure) == [
        f"L4 Exc, cell {row.cell}, 2 Hz: OSI {row.osi_vector:.2f}" for row in rows.itertuples()
    ]
    curve = figure.axes[0].lines[0]
    assert curve.get_ydata() == pytest.approx([10, 4, 1, 1, 2, 1, 1, 4])
    assert figure.axes[0].get_xlabel() == "direction (°)"


def test_aligned_figure_closes_the_circle(network):
    response = network.response
    curves = {"L4 Exc": aligned_curves(response.spikes["e4"], response.presentations, range(20))}
    axes = aligned_figure(curves, "rate (Hz)").axes[0]
    x, y = axes.lines[0].get_data()
    assert x.tolist() == [-180, -135, -90, -45, 0, 45, 90, 135, 180]
    assert y == pytest.approx([2, 1, 1, 4, 10, 4, 1, 1, 2])
    assert axes.get_title("left") == "L4 Exc, 20 cells"
    assert axes.get_ylabel() == "rate (Hz)"


def test_many_populations_are_drawn_apart(network):
    names = [f"population {k}" for k in range(17)]
    trains = SpikeTrains(np.linspace(0.1, 1.9, 400), np.arange(400) % 200, 200)
    figure = raster_figure(NetworkResponse(dict.fromkeys(names, trains), 2.0, None, {}))
    raster, rates = figure.axes
    assert len({(line.get_color(), line.get_linestyle()) for line in rates.lines}) == 17
    assert raster.get_yticklabels()[0].get_text() == "population 0\n23 of 200"
    response = network.response
    curve = aligned_curves(response.spikes["e4"], response.presentations, range(1))
    panels = aligned_figure(dict.fromkeys(names, curve), "rate (Hz)")
    panels.canvas.draw()  # warns where a panel has no room
    assert [axes.get_title("left") for axes in panels.axes][:17] == [f"{n}, 1 cell" for n in names]
    assert min(axes.get_window_extent().width for axes in panels.axes) > 100


def test_session_figure(observatory):
    figure = session_figure(
        observatory.traces, observatory.stimulus_table, observatory.metrics, synthetic=True
    )
    assert titles(figure)[0].startswith("Cell 101: OSI ")
    assert figure.axes[0].get_ylabel() == "dF/F"
    assert figure.axes[0].get_xlabel() == "time from onset (s), 1 trial"
    mean = figure.axes[3].lines[0]
    assert mean.get_ydata() == pytest.approx([0.4, *[0.05] * 7])


def test_selectivity_figure(observatory):
    axes = selectivity_figure(observatory.metrics, ["osi_vector", "dsi_vector"]).axes
    assert axes[0].get_xlabel() == "Orientation selectivity, OSI (vector)"
    median = observatory.metrics["osi_vector"].median()
    assert axes[0].get_title("left") == f"3 cells, median {median:.2f}"
    assert axes[0].lines[0].get_ydata()[-1] == 1


def test_score_figure(result):
    figure = score_figure(result.table)
    scored = result.table[result.table["scored"]]
    assert titles(figure) == ["peak rate", "OSI (vector)"]
    noise, score = ([a.lines[k].get_xdata()[0] for a in figure.axes] for k in (0, 1))
    assert noise == pytest.approx(list(1 - scored["noise_floor"]))
    assert score == pytest.approx(list(scored["S"]))
    bars = [a.patches[0].get_width() for a in figure.axes]
    assert bars == pytest.approx(list(scored["ceiling"]))


def test_distribution_figure(result):
    figure = distribution_figure(result, "peak_rate_hz")
    scored, small = figure.axes
    row = result.table[result.table["scored"]].iloc[0]
    assert titles(figure) == [
        f"L4 Exc: S {row['S']:.2f} of {row['ceiling']:.2f}",
        "L4 PV: unscored",
    ]
    data, model, median_data, median_model = scored.lines
    assert labels(scored)[:2] == ["data", "model"]
    assert data.get_xdata() == pytest.approx(
        result.reference.quantiles("peak_rate_hz", "L4 Exc").to_numpy()
    )
    assert model.get_xdata() == pytest.approx([10.0] * 21)
    assert median_data.get_xdata()[0] == row["median_data"]
    assert median_model.get_xdata()[0] == row["median_model"]
    assert scored.get_xlabel() == "peak rate (Hz)"
    assert small.get_xlim() == scored.get_xlim()
