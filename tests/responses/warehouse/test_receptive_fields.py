"""Receptive fields: closed forms, slow loops and recorded figures of the reference program."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import chi2

from allentk.data import StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.warehouse.locally_sparse_noise import NOISE_COLUMNS, locally_sparse_noise
from allentk.responses.warehouse.receptive_field import receptive_fields
from allentk.responses.warehouse.receptive_field_chi2 import chi2_maps, neighbourhoods
from allentk.responses.warehouse.receptive_field_events import detected_events, event_windows
from allentk.responses.warehouse.receptive_field_gaussians import (
    Gaussian,
    components,
    fitted_gaussians,
    overlap_index,
)
from allentk.responses.warehouse.receptive_field_kernels import blurred, gaussian_misfit
from allentk.responses.warehouse.receptive_field_metrics import METRICS, QUIRKS
from allentk.responses.warehouse.receptive_field_null import (
    _blur_matrix,
    event_maps,
    holm_sidak,
)
from tests.responses.warehouse.noise_cells import CELLS, noise_table, noise_template, noise_traces

TEMPLATE = noise_template()
TABLE = noise_table()
TRACES = noise_traces(TEMPLATE)
DFF = TRACES.values  # noqa: PD011
QUICK = {"template": TEMPLATE, "n_shuffles": 2000}


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    return locally_sparse_noise(TRACES, TABLE, **QUICK)


def test_fields_are_found_where_they_are(found: pd.DataFrame) -> None:
    for row, side, other in ((0, "on", "off"), (1, "off", "on")):
        y, x, _ = CELLS[row]
        assert found[f"rf_center_{side}_x_deg"][row] == pytest.approx(4.65 * x, abs=1.0)
        assert found[f"rf_center_{side}_y_deg"][row] == pytest.approx(4.65 * y, abs=1.0)
        assert np.isnan(found[f"rf_area_{other}_deg2"][row])
        assert found["rf_chi2_p"][row] < 1e-10
        assert found["responsive"][row]
        assert other in found["notes"][row]
        # 3 x 3 pixels of 4.65 degrees, widened by the blur of 4.65 degrees
        assert 13.95**2 < found[f"rf_area_{side}_deg2"][row] < 2 * 13.95**2


def test_a_cell_without_a_field_has_none(found: pd.DataFrame) -> None:
    nothing = found.iloc[2]
    assert nothing.filter(like="rf_area").isna().all()
    assert nothing["rf_chi2_p"] > 0.5
    assert not nothing["responsive"]
    assert nothing["notes"] == "no significant on or off subfield"


def test_every_metric_is_a_column_and_every_column_a_metric(found: pd.DataFrame) -> None:
    assert tuple(found.columns) == NOISE_COLUMNS
    assert {m.name for m in METRICS} == set(NOISE_COLUMNS) - {"cell", "notes"}


def test_a_cell_does_not_depend_on_the_others(found: pd.DataFrame) -> None:
    alone = locally_sparse_noise(TRACES, TABLE, ids=[101], **QUICK)
    pd.testing.assert_frame_equal(alone, found.iloc[[1]].reset_index(drop=True))


def test_shuffles_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(3)
    lit = rng.random((60, 2 * 16 * 6)) < 0.05
    events = rng.random((2, 60)) < 0.2
    maps = event_maps(events, lit, (16, 6), pixel_deg=4.65, n_shuffles=50, seed=1)
    down, across = _blur_matrix(16, 4.65), _blur_matrix(6, 4.65)
    blur = np.array([(down @ t.reshape(2, 16, 6) @ across.T).ravel() for t in lit.astype(float)])
    for cell, hit in enumerate(events):
        random, below = np.random.RandomState(1), np.zeros(lit.shape[1])
        for _ in range(50):
            size = hit.sum() + int(np.round(0.1 * hit.sum() * random.randn()))
            drawn = random.choice(60, size=size, replace=False)
            below += blur[drawn].mean(axis=0) < blur[hit].mean(axis=0) - 1e-12
        assert_array_equal(maps.p_values[cell].ravel(), 1 - below / 50)
        assert_allclose(maps.weights[cell].ravel(), blur[hit].sum(axis=0), atol=1e-12)


def test_chance_finds_fields_about_as_often_as_alpha() -> None:
    rng = np.random.default_rng(8)
    lit = np.hstack([TEMPLATE.reshape(1500, -1) > 127, TEMPLATE.reshape(1500, -1) < 127])
    events = np.zeros((60, 1500), dtype=bool)
    for cell in events:
        cell[rng.choice(1500, 90, replace=False)] = True
    maps = event_maps(events, lit, (16, 28), pixel_deg=4.65, n_shuffles=10_000, seed=1)
    assert (maps.p_values < 0.05).mean() == pytest.approx(0.05, abs=0.01)
    # p may be 0 with the published null, which tells a field from nothing by 1 in 10,000 shuffles
    wrong = sum((holm_sidak(p) < 0.05).any() for p in maps.p_values)
    assert wrong <= 10


def test_blur_keeps_the_sum_and_is_a_gaussian_of_one_pixel() -> None:
    for n, pixel in ((28, 4.65), (14, 9.3)):
        matrix = _blur_matrix(n, pixel)
        middle = matrix[:, n // 2]
        places = np.arange(n) - n // 2
        assert middle.sum() == pytest.approx(1, abs=1e-12)
        assert (places * middle).sum() == pytest.approx(0, abs=1e-9)
        # the blur, the line between pixels and their width, in pixels
        variance = (4.65 / pixel) ** 2 + 1 / 6 + 1 / 12
        assert (places**2 * middle).sum() == pytest.approx(variance, rel=0.03)
    spot = np.zeros((1, 16, 28))
    spot[0, 5, 9] = 1
    matrices = _blur_matrix(16, 4.65), _blur_matrix(28, 4.65)
    whole = blurred(spot, matrices[0], matrices[1].T.copy())
    assert_allclose(whole[0], np.outer(matrices[0][:, 5], matrices[1][:, 9]), atol=1e-15)


def test_holm_sidak_is_that_of_a_loop() -> None:
    p = np.random.default_rng(0).random(30) ** 3
    worst, expected = 0.0, np.empty(30)
    for rank, i in enumerate(np.argsort(p)):
        worst = max(worst, 1 - (1 - p[i]) ** (30 - rank))
        expected[i] = worst
    assert_allclose(holm_sidak(p), expected, atol=1e-14)
    assert_array_equal(holm_sidak(np.array([0.0, 1.0])), [0.0, 1.0])


def test_events_are_those_of_a_loop() -> None:
    trace = DFF[0]
    start = TABLE.table["start_frame"].to_numpy()
    windows = event_windows(start, start + 7)
    assert_array_equal(windows, start + 1)
    assert_array_equal(event_windows(np.array([3, 10]), np.array([10, 17])), [4, 12])
    late = np.full(trace.size, np.nan)
    for i in range(3, trace.size):
        late[i] = (trace[i - 3] + 2 * trace[i - 2] + trace[i - 1]) / 4
    x = np.array([late[w + 3] - late[w] for w in windows])
    y = np.array([max(late[w + 3 + k] - late[w + k] for k in (2, 3, 4)) for w in windows])
    x0, y0 = x - np.median(x), y - np.median(y)
    sx, sy = (np.percentile(abs(v), 100 * (chi2.cdf(1, 1))) for v in (x0, y0))
    quiet = np.sqrt((x0 / sx) ** 2 + (y0 / sy) ** 2) < 4
    inverse = np.linalg.inv(np.cov(x0[quiet], y0[quiet]))
    noise = max(4 * sx + np.median(x), 4 * sy + np.median(y))
    expected = [
        np.array([a, b]) @ inverse @ np.array([a, b]) > 16
        and q > 0.05
        and p < q
        and late[w + 9] > noise / 2
        for a, b, p, q, w in zip(x0, y0, x, y, windows, strict=True)
    ]
    events, note = detected_events(trace, windows)
    assert_array_equal(events, expected)
    assert note == ""
    assert events.sum() > 50


def test_even_events_have_no_field_and_a_pixel_of_its_own_has() -> None:
    shape = (16, 28)
    shown = np.full((2, *shape), 40.0)
    near = neighbourhoods(np.zeros((1, 448), dtype=bool), shape)
    assert near[8 * 28 + 14].sum() == 49
    even = chi2_maps(shown[None] / 10, shown, near, pixel_deg=4.65, floor=False)
    assert_allclose(even, 1.0)
    one = shown[None] / 10
    one[0, 0, 5, 9] += 100
    p = chi2_maps(one, shown, near, pixel_deg=4.65, floor=False)[0]
    assert p[5, 9] < 1e-20
    assert (p[abs(np.arange(16) - 5) > 4] > 0.99).all()


def test_a_pixel_that_was_never_lit_is_left_out() -> None:
    shown = np.full((2, 16, 28), 40.0)
    shown[:, 5, 9] = 0
    near = neighbourhoods(np.zeros((1, 448), dtype=bool), (16, 28))
    p = chi2_maps(shown[None] / 10, shown, near, pixel_deg=4.65, floor=False)
    assert (p > 0.9).all()


def test_chi2_is_that_of_a_loop() -> None:
    rng = np.random.default_rng(2)
    shape = (8, 6)
    shown, counts = rng.integers(20, 60, (2, *shape)), rng.integers(0, 9, (1, 2, *shape))
    lit = rng.random((30, 48)) < 0.05
    near = neighbourhoods(lit, shape)
    # with pixels of a step no line is drawn between them: the smoothing is scipy's own
    from scipy.ndimage import gaussian_filter

    smooth = np.stack([gaussian_filter(side.astype(float), 0.75) for side in counts[0]])
    p = chi2_maps(counts.astype(float), shown.astype(float), near, pixel_deg=1.1625, floor=False)
    for pixel in (0, 20, 47):
        inside = near[pixel].reshape(shape)
        found, trials = smooth[:, inside], shown[:, inside]
        expected = trials * found.sum() / trials.sum()
        raw = chi2.sf(((found - expected) ** 2 / expected).sum(), 2 * inside.sum() - 1)
        corrected = 1 - (1 - raw) ** (48 / inside.sum())
        assert p[0].ravel()[pixel] == pytest.approx(corrected, rel=1e-11)


def test_neighbours_lit_together_are_left_out() -> None:
    lit = np.zeros((1, 448), dtype=bool)
    lit[0, [8 * 28 + 14, 8 * 28 + 15]] = True
    near = neighbourhoods(lit, (16, 28))
    assert near[8 * 28 + 14].sum() == 48
    assert near[0].sum() == 16


@pytest.mark.parametrize("widths", [(9.0, 5.0, 20.0), (3.0, 14.0, -50.0), (0.04, 7.0, 10.0)])
def test_misfit_is_the_sum_over_the_map(widths: tuple[float, float, float]) -> None:
    data = np.random.default_rng(1).random((75, 131))
    one = Gaussian(4.0, 60.3, 30.7, *widths, (75, 131))
    u, v, turn = widths
    cos, sin = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    y, x = np.arange(75)[:, None] - 30.7, np.arange(131) - 60.3
    expected = 4 * np.exp(
        -(((y * cos - x * sin) / u) ** 2) / 2 - ((y * sin + x * cos) / v) ** 2 / 2
    )
    assert_allclose(one.values(), expected, atol=1e-12)
    a = cos**2 / u**2 + sin**2 / v**2
    b = sin * cos * (1 / v**2 - 1 / u**2)
    c = sin**2 / u**2 + cos**2 / v**2
    misfit = gaussian_misfit(data, 4.0, 30.7, 60.3, a, b, c)
    assert misfit == pytest.approx(((expected - data) ** 2).sum(), rel=1e-10)


def test_a_seed_is_one_of_numpys_first_generator() -> None:
    with pytest.raises(DataError, match="seed must be a whole number from 0 to 4,294,967,295"):
        receptive_fields(TRACES, TABLE, TEMPLATE, n_shuffles=2, seed=2**32)


def test_a_gaussian_is_fitted_back() -> None:
    y, x = np.mgrid[:16, :28] * 4.65
    weights = 10 * np.exp(-(((y - 37.2) / 9) ** 2 + ((x - 60.45) / 12) ** 2) / 2)
    parts, n = components(weights > 0.05)
    (one,) = fitted_gaussians(weights, parts, n, 4.65)
    assert n == 1
    assert one.center_x_deg == pytest.approx(60.45, abs=0.3)
    assert one.center_y_deg == pytest.approx(37.2, abs=0.3)
    # the line between pixels widens it by (4.65^2)/6
    expected = np.pi * 1.5**2 * np.sqrt(81 + 3.6) * np.sqrt(144 + 3.6)
    assert one.area_deg2 == pytest.approx(expected, rel=0.05)
    assert overlap_index(one, one) == pytest.approx(1.0)
    assert components(np.eye(3, dtype=bool))[1] == 1


def test_patterns_shown_in_another_order_give_the_same_field() -> None:
    order = np.random.default_rng(4).permutation(len(TEMPLATE))
    place = np.argsort(order)
    shown = StimulusTable(TABLE.table.assign(frame=place))
    same = locally_sparse_noise(TRACES, shown, template=TEMPLATE[order], n_shuffles=300)
    straight = locally_sparse_noise(TRACES, TABLE, template=TEMPLATE, n_shuffles=300)
    pd.testing.assert_frame_equal(same, straight)
    quirk = locally_sparse_noise(
        TRACES, shown, template=TEMPLATE[order], n_shuffles=300, quirks="chi2_template_order"
    )
    assert quirk["rf_chi2_p"][0] > 0.01 > same["rf_chi2_p"][0]


def test_the_floor_changes_a_small_p(found: pd.DataFrame) -> None:
    floor = locally_sparse_noise(TRACES, TABLE, quirks=["chi2_floor"], **QUICK)
    assert found["rf_chi2_p"][0] < 1e-20 < 1e-16 < floor["rf_chi2_p"][0] < 1e-13
    assert {quirk.name for quirk in QUIRKS} == {"chi2_floor", "chi2_template_order"}


def test_percent_is_understood_and_fluorescence_is_not() -> None:
    percent = Traces(100 * DFF, TRACES.time_s, TRACES.ids, "dF/F %")
    few = {"template": TEMPLATE, "n_shuffles": 50, "ids": [100]}
    pd.testing.assert_frame_equal(
        locally_sparse_noise(percent, TABLE, **few), locally_sparse_noise(TRACES, TABLE, **few)
    )
    with pytest.raises(DataError, match="expected Traces in 'dF/F', got traces in 'F'"):
        locally_sparse_noise(Traces(DFF, TRACES.time_s, TRACES.ids, "F"), TABLE, **few)


def test_presentations_outside_are_left_out_with_a_warning(found: pd.DataFrame) -> None:
    short = Traces(DFF[:, :8000], TRACES.time_s[:8000], TRACES.ids)
    with pytest.warns(UserWarning, match=r"507 of 1500 presentations .* presentation 993"):
        part = locally_sparse_noise(short, TABLE, template=TEMPLATE, n_shuffles=50)
    assert 0 < part["n_events"][0] < found["n_events"][0]


def test_bad_traces_cost_their_cell_only() -> None:
    values = np.vstack([DFF[0], np.ones(TRACES.time_s.size), DFF[0]])
    values[2, 3000:3100] = np.nan
    held = Traces(values, TRACES.time_s, [1, 2, 3])
    rows = locally_sparse_noise(held, TABLE, template=TEMPLATE, n_shuffles=50)
    assert rows["n_events"][1] == 0
    assert rows["notes"][1].startswith("a flat trace")
    assert rows["rf_chi2_p"][1] == 1.0
    assert "presentations with missing frames" in rows["notes"][2]
    assert rows["rf_center_on_x_deg"][2] == pytest.approx(rows["rf_center_on_x_deg"][0], abs=1)


def test_no_cells_are_no_rows() -> None:
    empty = locally_sparse_noise(TRACES, TABLE, ids=[], template=TEMPLATE)
    assert list(empty.columns) == list(NOISE_COLUMNS)
    assert len(empty) == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"template": TEMPLATE[0]}, "an array \\(patterns, rows, columns\\)"),
        ({"template": TEMPLATE[:100]}, "presentation 100 shows frame 100.0, but the template has"),
        ({"template": TEMPLATE, "ids": [7]}, "no cell with id 7"),
        ({"template": TEMPLATE, "quirks": "old"}, "no quirk 'old'"),
        ({"template": TEMPLATE, "n_shuffles": 0}, "n_shuffles must be a whole number"),
        ({"template": TEMPLATE, "alpha": 1.0}, "alpha must lie between 0 and 1"),
        ({"template": TEMPLATE, "pixel_deg": -1}, "pixel_deg must be a positive number"),
        ({"template": TEMPLATE, "stimulus": "flashes"}, "no presentations of 'flashes'"),
    ],
)
def test_bad_input_is_named(options: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        locally_sparse_noise(TRACES, TABLE, **options)


def test_two_noises_must_be_chosen_from() -> None:
    rows = TABLE.table
    rows["stimulus"] = np.where(np.arange(1500) < 700, "locally_sparse_noise_4deg", "x")
    rows.loc[700:, "stimulus"] = "locally_sparse_noise_8deg"
    both = StimulusTable(rows)
    with pytest.raises(DataError, match="choose one with stimulus="):
        locally_sparse_noise(TRACES, both, template=TEMPLATE)
    fields = receptive_fields(
        TRACES, both, TEMPLATE, stimulus="locally_sparse_noise_4deg", n_shuffles=20
    )
    assert fields[0].events.size == 700


def test_figures_of_allensdk() -> None:
    """AllenSDK 2.16.2 on these cells, 2000 shuffles of seed 1 (numpy 1.23.5, scipy 1.10.1)."""
    recorded = {
        "events": [105, 104, 4],
        "significant": [[21, 0], [0, 21], [0, 0]],
        "p_sums": [[250.867, 262.092], [269.3205, 237.6295]],
        "weights": [
            [8.31016001976599, 1.9119526887689382],
            [1.8500308776084784, 8.344735551965371],
        ],
        "chi2_p": [1.9984014443252818e-15, 2.1094237467877974e-15, 0.9999999999999994],
        "fits": [
            (8.92061475102086, 41.823739649047106, 23.137405587244405, 292.4743619148881),
            (8.770282931463827, 83.76460097726945, 46.45642186113325, 288.3234895844426),
        ],
    }
    fields = receptive_fields(TRACES, TABLE, TEMPLATE, n_shuffles=2000, quirks="published")
    both = [(field.on, field.off) for field in fields]
    assert [int(field.events.sum()) for field in fields] == recorded["events"]
    assert [[int((s.parts > 0).sum()) for s in pair] for pair in both] == recorded["significant"]
    # The third cell's few events tie with shuffles, which rounding alone decides in AllenSDK.
    assert_allclose(
        [[s.p_values.sum() for s in pair] for pair in both[:2]], recorded["p_sums"], rtol=1e-12
    )
    assert_allclose(
        [[s.weights.max() for s in pair] for pair in both[:2]], recorded["weights"], rtol=1e-12
    )
    assert_allclose([field.min_chi2_p for field in fields], recorded["chi2_p"], atol=1e-12)
    fits = [
        (g.height, g.center_x_deg, g.center_y_deg, g.area_deg2)
        for g in (both[0][0].largest, both[1][1].largest)
        if g is not None
    ]
    assert_allclose(fits, recorded["fits"], rtol=1e-6)


def test_distance_and_overlap_of_both_subfields() -> None:
    values = DFF[:2].max(axis=0, keepdims=True)  # a cell with both fields
    both = locally_sparse_noise(Traces(values, TRACES.time_s, [1]), TABLE, **QUICK).iloc[0]
    dx = both["rf_center_on_x_deg"] - both["rf_center_off_x_deg"]
    dy = both["rf_center_on_y_deg"] - both["rf_center_off_y_deg"]
    assert both["rf_distance_deg"] == pytest.approx(np.hypot(dx, dy))
    assert both["rf_distance_deg"] == pytest.approx(4.65 * np.hypot(5, 9), rel=0.05)
    assert 0 <= both["rf_overlap_index"] < 1
    assert both["notes"] == ""
