"""The fast score against the plain one."""

import math

import numpy as np
import pytest

from allentk.data import Sweep
from allentk.fitting import explained_variance, reliability
from allentk.fitting.recording import groups, read
from allentk.fitting.spans import within
from allentk.fitting.trains import Scorer, TrainTable
from allentk.models import GLIFParameters
from allentk.simulation.glif import spike_steps

DURATION = 12.0


def trains(seed, n):
    rng = np.random.default_rng(seed)
    common = rng.uniform(0, DURATION, 90)
    return [np.sort(common + rng.normal(0, 0.006, 90)).clip(0, DURATION - 1e-3) for _ in range(n)]


@pytest.mark.parametrize("sigma", [0.004, 0.01, 0.02, 0.04])
@pytest.mark.parametrize("spans", [((0.0, DURATION),), ((0.0, 3.1), (5.2, DURATION))])
def test_the_fast_score_is_the_plain_one(sigma, spans):
    *trials, model = trains(1, 4)
    seen = sum(stop - start for start, stop in spans)
    cut = [trial[within(trial, spans)] for trial in (*trials, model)]
    table = TrainTable(trials, DURATION, spans, sigma_s=sigma)
    slow = [explained_variance(trial, cut[-1], seen, sigma_s=sigma) for trial in cut[:-1]]
    assert table.explained(model) == pytest.approx(slow, abs=1e-4)
    data = reliability(cut[:-1], seen, sigma_s=sigma)["data"]
    assert table.ratio(model) == pytest.approx(np.mean(slow) / data, abs=1e-4)


def test_bursts_are_scored_alike():
    burst = np.sort(np.concatenate([np.linspace(2, 2.2, 60), np.linspace(7, 7.1, 40)]))
    table = TrainTable([burst], DURATION, ((0.0, DURATION),), sigma_s=0.01)
    model = burst + 0.004
    assert table.explained(model)[0] == pytest.approx(
        explained_variance(burst, model, DURATION), abs=1e-4
    )


def test_silence_is_no_score():
    silent = TrainTable([np.empty(0)], DURATION, ((0.0, DURATION),), sigma_s=0.01)
    assert silent.empty
    half = TrainTable([np.array([1.0]), np.empty(0)], DURATION, ((0.0, DURATION),), sigma_s=0.01)
    assert half.explained(np.array([1.0])) == pytest.approx([1.0, 0.0], abs=1e-4)
    scores = half.explained(np.empty(0))
    assert scores[0] == pytest.approx(0.0)
    assert math.isnan(scores[1])


def test_stimuli_without_spikes_do_not_count():
    cell = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=20, t_ref_s=3e-3)
    current = np.full(20_000, 120.0)
    steps = spike_steps(cell, current, dt_s=1e-4)
    voltage = np.full(20_000, -70.0)
    for step in steps.tolist():
        voltage[step : step + 10] = [-50, -30, 0, 30, 20, 0, -30, -50, -60, -70][: 20_000 - step]
    loud = read(Sweep(voltage, current, 10_000.0, number=1))
    quiet = read(Sweep(np.full(20_000, -70.0), current / 10, 10_000.0, number=2))
    found = groups([loud, quiet])
    whole = [((0.0, 2.0),)] * 2
    both, one = Scorer(found, whole), Scorer(found[:1], whole[:1])
    assert both.ratio(cell) == pytest.approx(one.ratio(cell))
    assert both.evaluations == 1
    assert math.isnan(Scorer(found[1:], whole[1:]).ratio(cell))
    assert both.ratio(cell, dt_s=5e-5) == pytest.approx(both.ratio(cell), abs=0.05)
