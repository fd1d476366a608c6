"""Demixing, the neuropil share and the correction: planted values, solves written again, bad input."""

import numpy as np
import pytest

from allentk.data import Traces
from allentk.errors import DataError
from allentk.responses.traces import correct_neuropil, demix, neuropil_r


def of(values, unit="F"):
    values = np.atleast_2d(values)
    return Traces(values, np.arange(values.shape[1]) / 30, np.arange(len(values)) + 10, unit)


def mixed(r, n_frames=4000, seed=0):
    rng = np.random.default_rng(seed)
    around = rng.normal(200, 20, (len(r), n_frames))
    cell = 300 + np.cumsum(rng.normal(0, 0.5, (len(r), n_frames)), axis=1)
    return of(cell + np.array(r)[:, None] * around), of(around)


def slow_error(f, n, r):
    """The error of one share by dense matrices."""
    errors = []
    for a, b in zip(np.split(f, 4), np.split(n, 4), strict=True):
        L = np.diff(np.eye(a.size), axis=0)
        rest = a - r * b
        smooth = np.linalg.solve(np.eye(a.size) + 0.05 * L.T @ L, rest)
        errors.append(np.sqrt(np.mean((smooth - rest) ** 2)) / abs(a.mean()))
    return float(np.mean(errors))


def test_planted_shares_come_back():
    planted = [0.0, 0.33, 0.7, 1.4, 2.6]
    found = neuropil_r(*mixed(planted))
    assert found["r"].tolist() == pytest.approx(planted, abs=0.005)
    assert found.columns.tolist() == ["cell", "r", "error", "notes"]
    assert not found["notes"].any()


def test_the_error_is_that_of_the_dense_solution_and_least_on_the_grid():
    f, n = mixed([0.5], 400)
    row = neuropil_r(f, n, quirks="published").iloc[0]
    assert row["error"] == pytest.approx(slow_error(f.values[0], n.values[0], row["r"]), rel=1e-12)
    around = [slow_error(f.values[0], n.values[0], row["r"] + d) for d in (-0.001, 0.001)]
    assert min(around) > row["error"]


def test_the_published_error_is_on_the_folds_that_chose():
    f, n = mixed([0.5], 400)
    ours, theirs = (neuropil_r(f, n, quirks=q).iloc[0] for q in ((), "same_fold"))
    assert ours["r"] == theirs["r"]
    assert ours["error"] > theirs["error"]


def test_normalising_weighs_the_folds_anew():
    rng = np.random.default_rng(1)
    around = rng.normal(200, 20, 4000) * np.repeat([1, 2, 3, 4], 1000)
    f = 500 + rng.normal(0, 3, 4000) + np.repeat([0.2, 0.9, 0.4, 1.2], 1000) * around
    shares = [neuropil_r(of(f), of(around), normalise=on)["r"][0] for on in (False, True)]
    assert shares[0] != shares[1]


def test_frames_left_over_are_not_used():
    f, n = mixed([0.5], 403)
    g = f.values.copy()
    g[0, 400:] = 1e6
    assert neuropil_r(f, n).equals(neuropil_r(of(g), n))


def test_a_share_without_end_and_missing_frames_are_noted():
    f, n = mixed([0.5, 0.5, 0.5], 400)
    values = f.values.copy()
    n = of(n.values * np.array([[1], [1], [1e-7]]))
    values[0, 7] = np.nan
    found = neuropil_r(of(values), n)
    assert np.isnan(found["r"]).tolist() == [True, False, True]
    assert found["notes"].tolist() == [
        "1 frames are not finite, the first is 7",
        "",
        "the error still falls at the largest share tried",
    ]


def test_correction_by_order_and_by_id():
    f, n = mixed([0.5, 0.25])
    share = neuropil_r(f, n).set_index("cell")["r"]
    straight = correct_neuropil(f, n, share.to_numpy())
    assert (correct_neuropil(f, n, share[::-1]).values == straight.values).all()
    assert (straight.values == f.values - share.to_numpy()[:, None] * n.values).all()
    with pytest.warns(UserWarning, match="cell 11: it has no neuropil share"):
        assert np.isnan(correct_neuropil(f, n, [0.5, np.nan]).values[1]).all()
    with pytest.raises(DataError, match="cell 11 has none"):
        correct_neuropil(f, n, share[:1])
    with pytest.raises(DataError, match="one share r per cell"):
        correct_neuropil(f, n, [0.5])


def test_traces_that_do_not_fit_are_refused():
    f, n = mixed([0.5])
    with pytest.raises(DataError, match="same cells and frames"):
        neuropil_r(f, of(n.values[:, 1:]))
    with pytest.raises(DataError, match="cannot be cut into 4 folds"):
        neuropil_r(of(f.values[:, :7]), of(n.values[:, :7]))
    with pytest.raises(DataError, match="unit 'F'"):
        neuropil_r(of(f.values, "dF/F"), n)


def scene(n_frames=20, seed=0):
    rng = np.random.default_rng(seed)
    masks = np.zeros((5, 12, 14), bool)
    for mask, (y, x) in zip(masks, [(0, 0), (2, 2), (3, 5), (8, 8), (8, 0)], strict=True):
        mask[y : y + 4, x : x + 4] = True
    movie = rng.integers(50, 400, (n_frames, 12, 14)).astype(np.uint16)
    means = np.stack([movie[:, mask].mean(axis=1) for mask in masks])
    return means, movie, masks


def slow_demix(means, movie, masks):
    """Every frame by a dense overlap of all masks."""
    flat, out = masks.reshape(len(masks), -1).astype(float), np.zeros(means.shape)
    for t, frame in enumerate(movie.reshape(len(movie), -1)):
        overlap = flat @ (flat * frame / means[:, t][:, None]).T
        out[:, t] = np.linalg.solve(overlap, means[:, t] * flat.sum(axis=1))
    return out


def test_demixing_is_the_dense_solution():
    means, movie, masks = scene()
    found = demix(of(means), movie, masks).values
    assert found == pytest.approx(slow_demix(means, movie, masks), rel=1e-12)
    assert found[3:] == pytest.approx(means[3:], rel=1e-12)  # masks alone keep their mean
    assert not np.allclose(found[0], means[0])


def test_blocks_of_frames_do_not_matter(monkeypatch):
    means, movie, masks = scene()
    whole = demix(of(means), movie, masks).values
    monkeypatch.setattr("allentk.responses.traces.demixing._BLOCK_VALUES", 500)
    assert (demix(of(means), movie, masks).values == whole).all()


def test_a_zero_trace_costs_its_group_and_as_published_the_frame():
    means, movie, masks = scene()
    movie[7][masks[3]] = 0
    means = np.stack([movie[:, mask].mean(axis=1) for mask in masks])
    with pytest.warns(UserWarning, match="in 1 frames, the first 7"):
        found = demix(of(means), movie, masks).values
    assert np.isnan(found[:, 7]).tolist() == [False, False, False, True, False]
    assert (demix(of(means), movie, masks, quirks="zero_frame").values[:, 7] == 0).all()


def test_masks_that_do_not_fit_are_refused():
    means, movie, masks = scene()
    with pytest.raises(DataError, match="masks must have shape"):
        demix(of(means), movie, masks[:, 1:])
    with pytest.raises(DataError, match="do not fit traces"):
        demix(of(means[:, 1:]), movie, masks)
    empty = masks.copy()
    empty[2] = False
    with pytest.raises(DataError, match="mask of cell 12 is empty"):
        demix(of(means), movie, empty)


def test_numbers_that_make_no_sense_are_refused():
    f, n = mixed([0.5], 400)
    for bad in (-0.25, np.nan, np.inf):
        with pytest.raises(DataError, match="smoothness must be a weight of 0 or more"):
            neuropil_r(f, n, smoothness=bad)
    for folds in (0, 2.0):
        with pytest.raises(DataError, match="n_folds must be a whole number"):
            neuropil_r(f, n, n_folds=folds)
    with pytest.raises(DataError, match="r: expected numbers"):
        correct_neuropil(f, n, ["a"])
    with pytest.warns(UserWarning, match="cell 10: it has no neuropil share"):
        assert np.isnan(correct_neuropil(f, n, [np.inf]).values).all()


def test_no_cells_are_demixed_to_none():
    none = Traces(np.empty((0, 3)), np.arange(3), [], "F")
    assert demix(none, np.ones((3, 2, 2)), np.ones((0, 2, 2))).values.shape == (0, 3)


def test_many_cells_on_few_pixels_are_demixed_in_short_blocks(monkeypatch):
    rng = np.random.default_rng(0)
    masks = rng.random((40, 3, 5)) < 0.6
    movie = rng.integers(50, 400, (64, 3, 5))
    means = np.stack([movie[:, mask].mean(axis=1) for mask in masks])
    held = []
    solve = np.linalg.solve
    monkeypatch.setattr(np.linalg, "solve", lambda a, b: held.append(len(a)) or solve(a, b))
    monkeypatch.setattr("allentk.responses.traces.demixing._BLOCK_VALUES", 8 * 40**2)
    demix(of(means), movie, masks)
    assert max(held) == 8
