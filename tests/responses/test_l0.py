"""L0 events: the exact dynamic programme, closed forms, the search for the penalty, bad input."""

import numpy as np
import pytest

from allentk.data import Traces
from allentk.errors import DataError
from allentk.responses.traces import events, filtered_events, fit_l0, half_life_s, noise_std


def calcium(jumps, gamma):
    out = np.zeros(len(jumps))
    for t, jump in enumerate(jumps):
        out[t] = jump + (gamma * out[t - 1] if t else 0)
    return out


def exact_cost(y, gamma, penalty):
    """Every cut of every beginning, each piece by least squares that is not negative."""
    best = [-penalty]
    for t in range(1, y.size + 1):
        costs = []
        for s in range(t):
            decay = gamma ** np.arange(t - s)
            level = max(y[s:t] @ decay, 0.0) / (decay @ decay)
            costs.append(best[s] + 0.5 * np.sum((y[s:t] - level * decay) ** 2) + penalty)
        best.append(min(costs))
    return best[-1]


def dff_of(values, rate_hz=30.0):
    values = np.atleast_2d(values)
    return Traces(values, np.arange(values.shape[1]) / rate_hz, np.arange(len(values)) + 10)


def recording(n_frames=3000, half_life=0.315, noise=0.05, size=1.0, seed=0, rate=0.01):
    rng = np.random.default_rng(seed)
    gamma = 2 ** (-1 / (30 * half_life))
    jumps = size * (rng.random(n_frames) < rate)
    return calcium(jumps, gamma) + rng.normal(0, noise, n_frames), jumps


@pytest.mark.parametrize("seed", range(8))
def test_the_fit_costs_what_the_exact_programme_says(seed):
    rng = np.random.default_rng(seed)
    gamma, penalty = rng.choice([0.4, 0.9, 0.97]), rng.choice([0.0, 0.01, 0.05, 0.3, 2.0])
    y = calcium(0.5 * rng.poisson(0.1, 60), gamma) + rng.normal(0, 0.2, 60)
    fit = fit_l0(y, gamma, penalty)
    assert fit.cost == pytest.approx(exact_cost(y, gamma, penalty), abs=1e-10)
    # the calcium is what costs that: it decays but at the jumps, and is not negative
    steps = fit.calcium[1:] - gamma * fit.calcium[:-1]
    assert steps[fit.jumps[1:] == 0] == pytest.approx(0, abs=1e-12)
    assert (fit.calcium >= 0).all()


def test_old_starts_stand_for_each_other():
    """With so fast a decay most starts are old: the cost is still the exact one."""
    y = np.random.default_rng(5).normal(0, 0.2, 100)
    y[60] += 2
    for penalty in (0.1, 1.0, 10.0):
        assert fit_l0(y, 0.2, penalty).cost == pytest.approx(exact_cost(y, 0.2, penalty), abs=1e-10)


def test_without_noise_the_jumps_come_back():
    jumps = np.zeros(300)
    jumps[[20, 25, 140]] = [1.0, 0.5, 2.0]
    found = fit_l0(calcium(jumps, 0.9), 0.9, 1e-3).events
    assert found == pytest.approx(jumps, abs=1e-9)


def quick_exact_cost(y, gamma, penalty):
    """As `exact_cost`, all starts at once and none ever dropped."""
    a, b, decay = np.zeros(y.size), np.zeros(y.size), np.ones(y.size)
    best = np.zeros(y.size + 1)
    best[0] = -penalty
    for t, value in enumerate(y):
        a[: t + 1] += value * decay[: t + 1]
        b[: t + 1] += decay[: t + 1] ** 2
        decay[: t + 1] *= gamma
        best[t + 1] = np.min(best[: t + 1] - np.maximum(a[: t + 1], 0) ** 2 / (2 * b[: t + 1]))
        best[t + 1] += penalty
    return best[-1] + 0.5 * np.sum(y**2)


@pytest.mark.parametrize("half_life", [0.1, 0.315, 0.649])
@pytest.mark.parametrize("penalty", [0.005, 0.02, 0.1, 1.0, 5.0, 1e5])
def test_a_long_trace_costs_what_the_exact_programme_says(half_life, penalty):
    y, _ = recording(2500, half_life, noise=0.08, size=0.4, rate=0.02)
    gamma = 2 ** (-1 / (30 * half_life))
    assert fit_l0(y, gamma, penalty).cost == pytest.approx(
        quick_exact_cost(y, gamma, penalty), rel=1e-10
    )


def test_no_event_is_within_the_noise_and_large_ones_are_found():
    y, jumps = recording()
    traces = dff_of(y)
    found = events(traces, half_life_s=0.315)
    assert found.unit == "events"
    sizes = found.values[found.values > 0]
    assert sizes.min() >= 2 * noise_std(traces)[0]
    large = np.flatnonzero(found.values[0] > 0.5)
    assert set(np.flatnonzero(jumps)) - {0} <= {t + d for t in large for d in (-1, 0, 1)}
    assert large.size == pytest.approx(jumps.sum(), abs=2)


def test_the_penalty_is_the_least_that_will_do():
    y, _ = recording()
    gamma = 2 ** (-1 / (30 * 0.315))
    threshold = 2 * noise_std(dff_of(y))[0]
    found = events(dff_of(y), half_life_s=0.315).values[0]
    grid = np.arange(1, 100) * 2e-3
    fits = [fit_l0(y, gamma, p).events for p in grid]
    good = [e[e > 0].min() >= threshold for e in fits]
    first = good.index(True)
    assert 0 < first < len(grid) - 1
    assert (fits[first - 1] > 0).sum() >= (found > 0).sum() >= (fits[first] > 0).sum()


def test_the_published_search_is_another():
    """Its middle is half the width of the interval: it ends elsewhere, with events too small."""
    y, _ = recording(1500, size=0.3, noise=0.1, rate=0.05)
    ours = events(dff_of(y), half_life_s=0.315).values
    theirs = events(dff_of(y), half_life_s=0.315, quirks="half_width_middle").values
    assert (ours > 0).sum() != (theirs > 0).sum()


def test_thirty_frames_a_second_as_published():
    y, _ = recording()
    traces = dff_of(y, rate_hz=60.0)
    thirty = events(traces, half_life_s=0.315, quirks="thirty_hz").values
    assert thirty == pytest.approx(events(dff_of(y), half_life_s=0.315).values, abs=1e-9)
    assert not np.allclose(thirty, events(traces, half_life_s=0.315).values)


@pytest.mark.parametrize(
    ("genotype", "seconds"),
    [
        ("Cux2-CreERT2/wt;Camk2a-tTA/wt;Ai93(TITL-GCaMP6f)/Ai93", 0.239),
        ("Emx1-IRES-Cre/wt;Ai96(RCL-GCaMP6s)/wt", 0.436),
        ("Camk2a-tTA/wt;tetO-GCaMP6s/wt", 0.348),
        ("Slc17a7-IRES2-Cre/wt;Camk2a-tTA/wt;Ai94(TITL-GCaMP6s)/wt", 0.649),
        ("Cux2-CreERT2/wt;Ai162/wt", 0.649),
        ("Rorb-IRES2-Cre/wt;Camk2a-tTA/wt;Ai93(TITL-GCaMP6f)/wt", 0.315),
        ("Vip-IRES-Cre/wt;Ai148(TIT2L-GC6f-ICL-tTA2)/wt", 0.315),
    ],
)
def test_half_lives_of_lines(genotype, seconds):
    assert half_life_s(genotype) == seconds


def test_an_unknown_genotype_is_told_of():
    with pytest.warns(UserWarning, match="none of those known; 0.315 s is taken"):
        assert half_life_s("C57BL/6J") == 0.315


def test_cells_that_cannot_be_measured_are_told_of():
    y = np.stack([recording(seed=s)[0] for s in range(3)])
    y[0, 5], y[2] = np.nan, 1.0
    with pytest.warns(
        UserWarning, match="2 of 3 cells get NaN: cell 10: 1 frames .* cell 12: it has no noise"
    ):
        found = events(dff_of(y), half_life_s=0.315).values
    assert np.isnan(found).all(axis=1).tolist() == [True, False, True]


def test_bad_input_is_refused():
    traces = dff_of(recording(200)[0])
    with pytest.raises(DataError, match="either the genotype"):
        events(traces)
    with pytest.raises(DataError, match="half_life_s must be a positive number"):
        events(traces, half_life_s=0.0)
    with pytest.raises(DataError, match="expected traces of unit 'dF/F', got 'F'"):
        events(Traces(traces.values, traces.time_s, traces.ids, "F"), half_life_s=0.3)
    with pytest.raises(DataError, match="one noise per cell"):
        events(traces, half_life_s=0.3, noise=[1, 2])
    for bad in ((1.0, 0.1), (0.9, -1.0), (0.9, np.nan)):
        with pytest.raises(DataError, match="gamma must lie"):
            fit_l0([1.0, 2.0], *bad)
    with pytest.raises(DataError, match="finite values"):
        fit_l0([1.0, np.nan], 0.9, 0.1)
    assert fit_l0([], 0.9, 0.1).events.size == 0


def test_noise_without_bound_is_none():
    traces = dff_of(recording(200)[0])
    with pytest.warns(UserWarning, match="it has no noise"):
        assert np.isnan(events(traces, half_life_s=0.3, noise=[np.inf]).values).all()


def test_filters_that_make_no_sense_are_refused():
    one = Traces([[0.0, 1, 0, 0]], np.arange(4) / 31, [1], "events")
    for bad in ({"scale_s": 0.0}, {"scale_s": np.nan}, {"n_taps": 0}, {"n_taps": 2.5}):
        with pytest.raises(DataError, match="must be a"):
            filtered_events(one, **bad)
    with pytest.raises(DataError, match="two frames or more"):
        filtered_events(Traces([[1.0]], [0.0], [1], "events"))
