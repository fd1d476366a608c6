"""What the figures of features draw: the numbers of the tables, at their places, under their names."""

import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from allentk import features
from allentk.data import Morphology, Sweep, SweepSet
from allentk.report import feature_figure, figures, sweep_figure
from allentk.report.cells import cells_section
from allentk.report.quality_panel import limits_text, used
from tests.report.conftest import RATE, cell_page, recording, sweep

TRAIN = [0.2, 0.3, 0.4]
TAU_S, REST, DOWN, SAG = 0.02, -70.0, -20.0, 4.0


def labels(axes):
    return axes.get_legend_handles_labels()[1]


def lines(axes):
    """The drawn lines of a panel by their label."""
    return {line.get_label(): line for line in axes.lines}


def panels(figure):
    return {axes.get_title("left"): axes for axes in figure.axes}


def texts(axes):
    return [text.get_text() for text in axes.texts]


def told(figure):
    """The legend of the whole figure."""
    (legend,) = figure.legends
    return [text.get_text() for text in legend.get_texts()]


def relaxing(amplitude_pa, number=1, sag_mv=0.0):
    """A step from 0.2 to 0.8 s: one exponential, and a sag that comes on from 0.6 to 0.7 s."""
    time = np.arange(round(1.0 * RATE)) / RATE
    inside = (time >= 0.2) & (time < 0.8)
    depth = DOWN * amplitude_pa / -100.0
    voltage = REST + np.where(inside, depth * (1 - np.exp(-(time - 0.2) / TAU_S)), 0.0)
    voltage += np.where(inside, sag_mv * np.clip((time - 0.6) / 0.1, 0.0, 1.0), 0.0)
    return Sweep(
        voltage,
        np.where(inside, amplitude_pa, 0.0),
        RATE,
        number=number,
        stimulus="Long Square",
        amplitude_pa=amplitude_pa,
        start_s=0.2,
        stop_s=0.8,
    )


def whole():
    """A recording of all protocols, with steps that relax."""
    return SweepSet(
        [
            relaxing(-50.0, 1),
            relaxing(-90.0, 2, SAG),
            sweep(3, "Long Square", 100.0, TRAIN[:1]),
            sweep(4, "Long Square", 150.0, TRAIN),
            sweep(5, "Short Square", 20.0, TRAIN[:1]),
            sweep(6, "Ramp", 30.0, TRAIN[1:2]),
        ]
    )


@pytest.fixture(scope="module")
def sweeps():
    return whole()


@pytest.fixture(scope="module")
def summary(sweeps):
    return panels(feature_figure(sweeps))


@pytest.fixture(scope="module")
def table(sweeps):
    return features.table(sweeps.where(stimulus="Long Square")).set_index("number")


@pytest.fixture(scope="module")
def row(sweeps):
    return features.cell(sweeps)


def quality_table():
    nan, inf = math.nan, math.inf
    rows = [
        (4, "vm_delta_mv", 0.5, "mV", 0.0, 1.0, True, "fine"),
        (5, "vm_delta_mv", 1.5, "mV", 0.0, 1.0, False, "above"),
        (6, "vm_delta_mv", nan, "mV", 0.0, 1.0, None, "a ramp"),
        (7, "integrity", nan, "", nan, nan, False, "no test pulse"),
        (None, "seal_gohm", 2.0, "GOhm", 1.0, inf, True, "fine"),
        (None, "blowout_mv", nan, "mV", -10.0, 10.0, True, "no sweep"),
    ]
    table = pd.DataFrame(rows, columns=list("ncvulhpr"))
    table.columns = ["number", "criterion", "value", "unit", "low", "high", "passed", "reason"]
    return table.astype({"number": "Int64", "passed": "boolean"})


# The figure of a sweep


def test_sweep_figure_has_its_panels():
    figure = sweep_figure(sweep(4, "Long Square", 150.0, TRAIN))
    assert isinstance(figure, Figure)
    voltage, current, spike = figure.axes
    assert voltage.get_title("left") == "Sweep 4: Long Square, 150 pA"
    assert voltage.get_ylabel() == "voltage (mV)"
    assert (current.get_xlabel(), current.get_ylabel()) == ("time (s)", "current (pA)")
    assert spike.get_title("left") == "Spike 1 of 3"
    assert spike.get_xlabel() == "time from threshold (ms)"


@pytest.mark.parametrize("point", ["threshold", "peak", "fast_trough", "trough"])
def test_sweep_figure_marks_every_spike(point):
    given = sweep(4, "Long Square", 150.0, TRAIN)
    spikes = features.spikes(given)
    marks = lines(sweep_figure(given).axes[0])[point.replace("_", " ")]
    known = spikes[spikes[f"{point}_t"].notna()]
    assert len(known) >= 2
    assert marks.get_xdata() == pytest.approx(known[f"{point}_t"].to_numpy(float))
    assert marks.get_ydata() == pytest.approx(known[f"{point}_v"].to_numpy(float))


def test_every_measured_point_is_drawn_and_named():
    given = sweep(4, "Long Square", 150.0, TRAIN)
    nan = math.nan
    spikes = features.spikes(given).head(1)
    start = float(spikes["threshold_t"].iloc[0])
    places = {"adp": 0.002, "slow_trough": 0.0035}
    for name, after in places.items():
        spikes = spikes.assign(**{f"{name}_t": start + after, f"{name}_v": -71.0})
    figure = sweep_figure(given, spikes)
    assert told(figure)[:8] == [
        "threshold",
        "upstroke",
        "peak",
        "downstroke",
        "fast trough",
        "ADP",
        "slow trough",
        "trough",
    ]
    assert told(figure)[8].startswith("width, ")
    drawn = lines(figure.axes[2])
    for name in ("upstroke", "downstroke"):
        expected = 1e3 * (float(spikes[f"{name}_t"].iloc[0]) - start)
        assert drawn[name].get_xdata() == pytest.approx([expected])
        assert drawn[name].get_ydata() == pytest.approx([float(spikes[f"{name}_v"].iloc[0])])
    assert drawn["ADP"].get_xdata() == pytest.approx([2.0])
    assert "ADP" not in told(sweep_figure(given, spikes.assign(adp_t=nan, adp_v=nan)))


def test_the_width_lies_at_half_height_between_the_flanks():
    given = sweep(4, "Long Square", 150.0, TRAIN)
    spike = features.spikes(given).iloc[1]
    drawn = lines(sweep_figure(given, zoom=1).axes[2])
    (name,) = (label for label in drawn if label.startswith("width"))
    x, y = drawn[name].get_data()
    half = (spike["peak_v"] + spike["fast_trough_v"]) / 2
    assert y == pytest.approx([half, half])
    on_trace = np.interp(x / 1e3 + spike["threshold_t"], given.time_s, given.voltage_mv)
    assert on_trace == pytest.approx([half, half])
    # The table counts whole samples between the flanks.
    assert abs((x[1] - x[0]) / 1e3 - spike["width"]) <= 2 / RATE
    assert name == f"width, {1e3 * spike['width']:.2f} ms"


def test_the_width_is_over_the_threshold_where_the_trough_is_deep():
    given = sweep(4, "Long Square", 150.0, TRAIN)
    spikes = features.spikes(given).head(1).assign(fast_trough_v=-300.0)
    y = lines(sweep_figure(given, spikes).axes[2])
    (bar,) = (line for name, line in y.items() if name.startswith("width"))
    half = (spikes["peak_v"].iloc[0] + spikes["threshold_v"].iloc[0]) / 2
    assert bar.get_ydata() == pytest.approx([half, half])


def test_a_spike_that_does_not_come_down_has_no_width():
    given = sweep(4, "Long Square", 150.0, TRAIN)
    spikes = features.spikes(given).head(1).assign(fast_trough_t=math.nan, fast_trough_v=math.nan)
    assert not any(name.startswith("width") for name in told(sweep_figure(given, spikes)))


def test_points_beyond_the_panel_are_told():
    given = sweep(4, "Long Square", 150.0, TRAIN)
    spikes = features.spikes(given).head(1)
    late = float(spikes["threshold_t"].iloc[0]) + 0.0505
    figure = sweep_figure(given, spikes.assign(slow_trough_t=late, slow_trough_v=-72.0))
    assert "slow trough 50.5 ms →" in texts(figure.axes[2])[0]


def test_the_stimulus_window_is_shaded():
    shaded = sweep_figure(sweep(4, "Long Square", 150.0, TRAIN)).axes
    for axes in shaded[:2]:
        (window,) = axes.patches
        assert (window.get_x(), window.get_x() + window.get_width()) == pytest.approx((0.1, 0.5))
    unknown = sweep_figure(Sweep([-70.0] * 5000, [0.0] * 5000, RATE))
    assert not unknown.axes[0].patches


def test_the_legend_is_outside_the_traces():
    figure = sweep_figure(sweep(4, "Long Square", 150.0, TRAIN))
    assert all(axes.get_legend() is None for axes in figure.axes)
    figure.draw_without_rendering()
    (legend,) = figure.legends
    below = legend.get_window_extent().y1
    assert all(axes.get_window_extent().y0 > below for axes in figure.axes)


def test_zoom_chooses_the_spike():
    given = sweep(4, "Long Square", 150.0, TRAIN)
    assert sweep_figure(given, zoom=1).axes[2].get_title("left") == "Spike 2 of 3"
    assert sweep_figure(given, zoom=9).axes[2].get_title("left") == "Spike 3 of 3"
    assert len(sweep_figure(given, zoom=None).axes) == 2


def test_sweep_figure_takes_spikes_or_none_at_all():
    given = sweep(4, "Long Square", 150.0, TRAIN)
    one = features.spikes(given, start_s=0.35, end_s=0.5)
    assert lines(sweep_figure(given, one).axes[0])["peak"].get_xdata().size == 1
    bare = sweep_figure(given, pd.DataFrame())
    assert len(bare.axes[0].lines) == 1
    assert bare.legends == []
    clamped = sweep_figure(Sweep(given.voltage_mv, given.current_pa, RATE, clamp="voltage"))
    assert len(clamped.axes[0].lines) == 1
    assert clamped.axes[0].get_title("left") == "Sweep 0: unknown stimulus"


def test_a_sweep_that_cannot_be_measured_is_drawn():
    voltage = np.full(5000, -70.0)
    voltage[100] = math.nan
    figure = sweep_figure(Sweep(voltage, np.zeros(5000), RATE))
    assert len(figure.axes[0].lines) == 1
    gone = Sweep(voltage, np.full(5000, -50.0), RATE, amplitude_pa=-50.0, start_s=0.1, stop_s=0.45)
    assert len(sweep_figure(gone).axes) == 2


def test_a_hyperpolarising_step_has_its_levels():
    given = relaxing(-100.0, sag_mv=SAG)
    figure = sweep_figure(given, synthetic=True)
    voltage, _, onset = figure.axes
    drawn = lines(voltage)
    assert drawn["baseline"].get_data()[0] == pytest.approx([0.1, 0.2])
    assert drawn["baseline"].get_data()[1] == pytest.approx([REST, REST])
    assert drawn["steady state"].get_data()[0] == pytest.approx([0.7, 0.8])
    assert drawn["steady state"].get_data()[1] == pytest.approx([REST + DOWN + SAG] * 2)
    assert drawn["peak deflection"].get_ydata() == pytest.approx([REST + DOWN])
    sag = features.sweep(given)["sag"]
    assert sag == pytest.approx(SAG / -DOWN, abs=0.005)
    assert onset.get_title("left") == f"Onset: time constant 20.0 ms, sag {sag:.3f}"
    assert [text.get_text() for text in figure.texts] == ["SYNTHETIC"]


def test_the_fit_of_the_time_constant_lies_on_the_exponential():
    onset = sweep_figure(relaxing(-100.0)).axes[2]
    t, v = lines(onset)["fit of the time constant"].get_data()
    assert v == pytest.approx(REST + DOWN * (1 - np.exp(-t / (1e3 * TAU_S))), abs=1e-3)
    # It begins where a tenth of the deflection has passed.
    assert t[0] == pytest.approx(-1e3 * TAU_S * math.log(0.9), abs=1e3 / RATE)


def test_a_step_without_a_time_constant_has_no_fit():
    figure = sweep_figure(sweep(1, "Long Square", -50.0))
    assert figure.axes[2].get_title("left").startswith("Onset: time constant – ms")
    assert "fit of the time constant" not in told(figure)


# The summary of a cell


def test_the_summary_has_its_panels(summary):
    assert [name for name in summary if name] == [
        "Long squares up to rheobase",
        "Hero sweep 4, 150 pA: 3 spikes",
        "f–I curve",
        "Resistance and sag",
        "Time constant 20.0 ms",
        "First spike at rheobase",
        "First spikes, aligned",
        "Phase plane",
        "Features",
    ]


def test_the_family_goes_up_to_rheobase(summary):
    family = summary["Long squares up to rheobase"]
    assert len(family.lines) == 4  # three sweeps, and the line of the legend
    assert labels(family) == ["rheobase, 100 pA"]


def test_the_rate_is_one_over_the_interval(sweeps):
    figure = feature_figure(sweeps)
    (rate,) = (axes for axes in figure.axes if axes.get_ylabel() == "1 / ISI (Hz)")
    assert rate.lines[0].get_xdata() == pytest.approx(TRAIN[1:], abs=3 / RATE)
    assert rate.lines[0].get_ydata() == pytest.approx([10.0, 10.0])
    assert "adaptation 0.000, latency" in texts(rate)[0]


def test_the_fi_points_are_the_rates_of_the_table(summary, table, row):
    drawn = lines(summary["f–I curve"])
    up = table[table["amplitude_pa"] > 0]
    assert drawn["long squares"].get_xdata() == pytest.approx(up["amplitude_pa"].to_numpy(float))
    assert drawn["long squares"].get_ydata() == pytest.approx(up["avg_rate"].to_numpy(float))
    (x, y) = drawn[f"slope {row['f_i_curve_slope']:.3f} Hz/pA"].get_data()
    assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(row["f_i_curve_slope"])
    # Two points: the line passes through both.
    assert y == pytest.approx(up["avg_rate"].to_numpy(float))
    for name, number in (("rheobase, 100 pA", 3), ("hero, 150 pA", 4)):
        at = (drawn[name].get_xdata()[0], drawn[name].get_ydata()[0])
        assert at == (table.loc[number, "amplitude_pa"], table.loc[number, "avg_rate"])


def test_the_resistance_is_the_slope_of_its_line(summary, table, row):
    drawn = lines(summary["Resistance and sag"])
    down = table.loc[[2, 1]]
    assert drawn["peak"].get_xdata() == pytest.approx([-90.0, -50.0])
    assert drawn["peak"].get_ydata() == pytest.approx(down["peak_deflect"].to_numpy(float))
    assert drawn["steady state"].get_ydata() == pytest.approx([REST - 18 + SAG, REST - 10])
    x, y = drawn["200 MΩ"].get_data()
    assert 1e3 * (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(row["ri"])
    assert row["ri"] == pytest.approx(200, rel=1e-6)
    assert row["sag"] == pytest.approx(SAG / 18, abs=0.005)
    assert f"sag {row['sag']:.3f} at −88.0 mV" in drawn


def test_the_resistance_of_steady_states_runs_through_them(sweeps):
    row = features.cell(sweeps)
    row["ri"] = 100.0
    row.attrs["definition"] = "allentk"
    drawn = lines(panels(feature_figure(sweeps, features=row))["Resistance and sag"])
    x, y = drawn["100 MΩ"].get_data()
    assert y == pytest.approx(np.interp(x, [-90, -50, 0], [-84, -80, -75]), abs=1e-3)


def test_the_time_constant_is_drawn_on_its_steps(summary):
    axes = summary["Time constant 20.0 ms"]
    fits = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert len(fits) == 2
    for line, depth in zip(fits, (-18.0, -10.0), strict=True):
        t, v = line.get_data()
        assert v == pytest.approx(REST + depth * (1 - np.exp(-t / (1e3 * TAU_S))), abs=1e-3)
    assert labels(axes) == ["fit of the time constant"]


def test_first_spikes_are_aligned_at_their_threshold(summary, sweeps):
    axes = summary["First spikes, aligned"]
    assert labels(axes) == ["rheobase", "short square", "ramp"]
    assert len({line.get_linestyle() for line in axes.lines}) == 3
    for name, number in (("rheobase", 3), ("short square", 5), ("ramp", 6)):
        t, v = lines(axes)[name].get_data()
        spike = features.spikes(sweeps.sweep(number), start_s=0.15).iloc[0]
        assert np.interp(0, t, v) == pytest.approx(spike["threshold_v"], abs=0.1)
        assert v.max() == pytest.approx(spike["peak_v"])


def test_the_phase_plane_reaches_the_upstroke(summary, sweeps):
    curve = summary["Phase plane"].lines[0]
    spike = features.spikes(sweeps.sweep(3)).iloc[0]
    assert curve.get_ydata().max() == pytest.approx(spike["upstroke"], rel=1e-3)
    assert curve.get_ydata().min() == pytest.approx(spike["downstroke"], rel=1e-3)


def test_the_main_features_stand_in_a_table(summary, row):
    written = texts(summary["Features"])
    at = written.index("input resistance")
    assert written[at : at + 3] == ["input resistance", f"{row['ri']:.0f}", "MΩ"]
    at = written.index("rheobase")
    assert written[at : at + 3] == ["rheobase", "100", "pA"]


def test_the_quality_panel_places_values_by_their_limits(sweeps):
    figure = feature_figure(sweeps, quality=quality_table())
    axes = panels(figure)["Quality: 2 of 6 checks failed"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == [
        "vm delta",
        "integrity",
        "seal",
        "blowout",
    ]
    points = {
        (line.get_marker(), *map(float, line.get_xydata()[0]))
        for line in axes.lines
        if len(line.get_xdata()) == 1
    }
    assert points == {("o", 0.5, 0.0), ("X", 1.5, 0.0), ("o", 0.5, 2.0)}
    assert texts(axes) == [
        "≤ 1 mV  ✗ 1 of 2",
        "✗ 1 of 1: no test pulse",
        "≥ 1 GΩ  ✓ 1",
        "−10 to 10 mV  ✓ 1, not measured",
    ]
    assert labels(axes) == ["passed", "failed", "not judged"]


def test_the_quality_panel_says_where_nothing_was_judged(sweeps):
    none = panels(feature_figure(sweeps, quality=quality_table().head(0)))
    assert texts(none["Quality"]) == ["nothing was checked"]
    only = quality_table().iloc[[2]]
    axes = panels(feature_figure(sweeps, quality=only))["Quality: 0 of 1 check failed"]
    assert texts(axes) == ["≤ 1 mV  – not judged, not measured"]


def test_the_share_of_a_limit():
    nan, inf = math.nan, math.inf
    assert used(0.14, 0.0, 0.07) == pytest.approx(2.0)
    assert used(15.25, 1.0, 20.0) == pytest.approx(0.5)
    assert used(2.0, 1.0, inf) == 0.5
    assert used(0.0, 1.0, inf) == inf
    assert math.isnan(used(1.0, nan, nan))
    assert math.isnan(used(1.0, 2.0, 2.0))
    assert math.isnan(used(1.0, 0.0, 0.0))
    assert (limits_text(0.0, 0.07), limits_text(nan, nan)) == ("≤ 0.07", "")


def test_the_shape_is_drawn(sweeps):
    xyz = [[0, 0, 0], [0, -10, 0], [10, 0, 0]]
    shape = Morphology([1, 2, 3], [1, 4, 3], xyz, [5, 1, 1], [-1, 0, 0])
    axes = panels(feature_figure(sweeps, morphology=shape))["Shape"]
    assert labels(axes) == ["basal", "apical"]
    assert axes.get_xlabel() == "x (µm)"
    assert axes.yaxis_inverted()
    alone = Morphology([1], [1], [[0, 0, 0]], [5], [-1])
    assert panels(feature_figure(sweeps, morphology=alone))["Shape"].get_legend() is None


def test_made_up_data_are_marked(sweeps):
    assert [t.get_text() for t in feature_figure(sweeps, synthetic=True).texts] == ["SYNTHETIC"]
    assert feature_figure(sweeps).texts == []


# What is missing


def test_a_recording_of_other_protocols_says_so():
    chirp = SweepSet([Sweep([-70.0] * 2000, [0.0] * 2000, RATE, number=1, stimulus="Chirp")])
    drawn = panels(feature_figure(chirp))
    for name in ("Long squares up to rheobase", "Hero sweep", "f–I curve", "Time constant"):
        said = " ".join(texts(drawn[name])[0].split())
        assert said == "no long square was recorded; there are: Chirp"
    assert "made a spike" in texts(drawn["Phase plane"])[0]
    assert "–" in texts(drawn["Features"])


def test_an_empty_recording_says_so():
    drawn = panels(feature_figure(SweepSet([])))
    assert "there are: no sweeps" in " ".join(texts(drawn["f–I curve"])[0].split())


def test_long_squares_that_cannot_be_measured_are_told():
    voltage = np.full(2000, -70.0)
    voltage[10] = math.nan
    broken = SweepSet([Sweep(voltage, np.zeros(2000), RATE, number=1, stimulus="Long Square")])
    said = " ".join(texts(panels(feature_figure(broken))["Hero sweep"])[0].split())
    assert said == "none of the long squares could be measured"


def test_steps_of_one_side_leave_the_other_empty(sweeps):
    down = panels(feature_figure(sweeps.where(number=[1, 2])))
    assert "no depolarising long square" in " ".join(texts(down["f–I curve"])[0].split())
    assert "made a spike" in texts(down["First spike at rheobase"])[0]
    assert "Largest step: sweep 1, −50 pA: 0 spikes" in down
    up = panels(feature_figure(sweeps.where(number=[3])))
    assert "no hyperpolarising" in " ".join(texts(up["Resistance and sag"])[0].split())
    assert "no hyperpolarising" in " ".join(texts(up["Time constant"])[0].split())
    (rate,) = (a for a in up.values() if a.get_title("left").startswith("Largest"))
    assert rate.get_title("left") == "Largest step: sweep 3, 100 pA: 1 spike"


def test_protocols_without_a_spike_are_told_apart_from_missing_ones():
    few = SweepSet([sweep(3, "Long Square", 100.0, TRAIN), sweep(6, "Ramp", 30.0)])
    assert labels(panels(feature_figure(few))["First spikes, aligned"]) == [
        "rheobase",
        "short square: not recorded",
        "ramp: no spike",
    ]


def test_a_short_square_whose_threshold_is_not_passed_is_left_out(sweeps):
    row = features.cell(sweeps)
    row["threshold_v_short_square"] = 500.0
    drawn = panels(feature_figure(sweeps, features=row))["First spikes, aligned"]
    assert "short square: no spike" in labels(drawn)


def test_steps_without_a_time_constant_say_so():
    drawn = panels(feature_figure(recording()))
    assert "no step gave a time constant" in texts(drawn["Time constant"])[0]


# The section of the report


def test_every_cell_has_its_summary(monkeypatch):
    monkeypatch.setattr(figures, "_svg", lambda _: b"<svg/>")
    section = cells_section([cell_page(sweeps=whole(), name="a cell")])
    (picture,) = (block for block in section.blocks if block.kind == "picture")
    assert "Rheobase 100 pA" in picture.alt
    assert "input resistance 200 MΩ" in picture.alt
    assert "quality checks failed" in picture.alt
    assert picture.caption.startswith("Sweeps of a cell. Read it from top to bottom")
    synthetic = cells_section([cell_page()])
    (picture,) = (block for block in synthetic.blocks if block.kind == "picture")
    assert picture.alt.startswith("Synthetic sweeps of SYNTHETIC-cell")


def test_the_figure_of_a_sweep_follows_the_definition():
    given = sweep(4, "Long Square", 150.0, TRAIN)
    for definition in ("allen", "allentk"):
        width = 1e3 * features.spikes(given, definition=definition)["width"].iloc[0]
        said = told(sweep_figure(given, definition=definition))
        assert f"width, {width:.2f} ms" in said


def test_the_summary_follows_the_definition_of_the_cell(sweeps):
    for definition in ("allen", "allentk"):
        row = features.cell(sweeps, definition=definition)
        for figure in (
            feature_figure(sweeps, features=row),
            feature_figure(sweeps, definition=definition),
        ):
            drawn = lines(panels(figure)["Resistance and sag"])
            assert f"{row['ri']:.0f} MΩ" in drawn
