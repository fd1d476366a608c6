"""The stages of a fit one by one, each against an answer that is known."""

import math
from dataclasses import replace

import numpy as np
import pytest

from allentk.data import Noise, Sweep
from allentk.errors import FitError
from allentk.fitting import passive as passive_stage
from allentk.fitting.coordinates import STEP, Coordinates
from allentk.fitting.passive import fit_passive
from allentk.fitting.recording import groups, read
from allentk.fitting.refine import refine
from allentk.fitting.refractory import DEFAULT_S, fit_refractory
from allentk.models import GLIFParameters

RATE = 10_000.0


def spiking(times_s):
    """Rest at -70 mV, and spikes of 100 mV."""
    voltage = np.full(30_000, -70.0)
    for time in times_s:
        first = round(time * RATE)
        voltage[first : first + 20] = np.interp(np.arange(20), [0, 5, 15, 20], [-70, 30, -75, -70])
    return read(Sweep(voltage, np.zeros(voltage.size), RATE))


@pytest.mark.parametrize("n_spikes", [0, 1, 4])
def test_few_spikes_have_the_published_median(n_spikes):
    times = [0.5 + 0.4 * i for i in range(n_spikes)]
    assert DEFAULT_S == 0.0038
    assert fit_refractory([spiking(times)]) == pytest.approx(0.0038)


def test_the_refractory_time_is_no_longer_than_an_interval():
    trial = spiking([0.5, 0.9])
    short = type(trial)(
        **{name: getattr(trial, name) for name in trial.__slots__}
        | {"spike_times_s": np.array([0.5, 0.5025])}
    )
    assert fit_refractory([short]) == pytest.approx(0.0025)


def test_a_spike_that_does_not_end_is_no_longer_than_an_interval():
    """Six depolarised steps: after a threshold the voltage never falls below it."""
    voltage = np.repeat(np.linspace(-60.0, 20.0, 7), 30)
    voltage = np.concatenate([np.full(6000, -60.0), voltage, np.full(6000, 20.0)])
    trial = read(Sweep(voltage, np.zeros(voltage.size), RATE))
    steps = 0.6 + 0.003 * np.arange(1, 7)
    given = replace(trial, spike_times_s=steps, threshold_mv=np.full(6, -60.0))
    assert fit_refractory([given]) == pytest.approx(0.003)


def noisy(seed=0, *, number=0, extra_pa=0.0, start_s=math.nan, **kwargs):
    """A passive membrane of 200 MOhm and 20 ms that rests at -70 mV, under noise from `start_s` on."""
    current = Noise(amplitude_pa=160.0, seed=seed).current_pa(RATE)[:80_000]
    rng = np.random.default_rng(number)
    current = current + extra_pa * rng.choice([-1.0, 1.0], current.size)
    voltage, p = np.empty(current.size), math.exp(-1 / RATE / 0.02)
    v = 0.0
    for k, i in enumerate(current.tolist()):
        v = p * v + (1 - p) * 0.2 * i
        voltage[k] = v
    stop = math.nan if math.isnan(start_s) else current.size / RATE
    return Sweep(
        voltage - 70.0, current, RATE, number=number, start_s=start_s, stop_s=stop, **kwargs
    )


@pytest.mark.parametrize(("extra_pa", "n_groups"), [(1.0, 1), (5.0, 2)])
def test_trials_of_one_stimulus_differ_by_less_than_a_picoampere(extra_pa, n_groups):
    """Averaged over the 5 samples of a bin, noise of 1 pA is 0.45 pA, and of 5 pA 2.2 pA."""
    found = groups([read(noisy()), read(noisy(number=1, extra_pa=extra_pa))])
    assert len(found) == n_groups
    assert sum(len(group.trials) for group in found) == 2


def test_another_length_is_another_stimulus():
    sweep = noisy()
    cut = Sweep(sweep.voltage_mv[:50_000], sweep.current_pa[:50_000], RATE, number=1)
    assert len(groups([read(sweep), read(cut)])) == 2


def test_the_rest_is_what_comes_before_the_stimulus():
    """The first 10 % are left out; where a spike comes first it ends there."""
    voltage = np.full(20_000, -70.0)
    voltage[:900] = -40.0
    voltage[10_000:] = -60.0
    trial = read(Sweep(voltage, np.zeros(20_000), RATE, start_s=1.0, stop_s=1.5))
    assert trial.rest_mv == pytest.approx(-70.0)
    assert trial.quiet_until_s == 1.0
    assert math.isnan(read(Sweep(voltage, np.zeros(20_000), RATE)).rest_mv)
    voltage[5000:5005] = [-60.0, -20.0, 20.0, 30.0, -75.0]
    early = read(Sweep(voltage, np.zeros(20_000), RATE, start_s=1.0, stop_s=1.5))
    assert early.quiet_until_s == pytest.approx(0.5, abs=3e-4)


def rectified(sweep):
    """The membrane opens above -46 mV and hardly rises any more; three spikes from about -42 mV."""
    voltage = np.array(sweep.voltage_mv)
    voltage -= 0.9 * np.clip(voltage + 46.0, 0, None)
    for first in np.flatnonzero(voltage > -45.8)[[100, 4000, 8000]].tolist():
        voltage[first : first + 12] = [-44, -42, -10, 20, 30, 10, -20, -40, -60, -65, -68, -70]
    return read(Sweep(voltage, sweep.current_pa, RATE, start_s=sweep.start_s, stop_s=sweep.stop_s))


def test_the_membrane_is_measured_where_it_is_passive():
    trial = rectified(noisy(start_s=1.0))
    assert trial.spike_times_s.size == 3
    assert (trial.voltage_mv > -46).mean() > 0.1
    found = fit_passive([trial])
    assert found.R_mohm == pytest.approx(200.0, rel=0.03)
    assert found.tau_s == pytest.approx(0.02, rel=0.03)


def test_a_smaller_part_is_tried_where_a_larger_is_not_passive(monkeypatch):
    asked = []

    def regress(trials, part):
        asked.append(part)
        return (1.1, 0.1, 0.0) if part > 0.4 else (math.exp(-5e-4 / 0.02), 0.005, -2.0)

    monkeypatch.setattr(passive_stage, "_regress", regress)
    assert fit_passive([read(noisy())]).tau_s == pytest.approx(0.02)
    assert asked == [0.8, 0.5, 0.3]
    monkeypatch.setattr(passive_stage, "_regress", lambda trials, part: (1.1, 0.1, 0.0))
    with pytest.raises(FitError, match="no passive membrane"):
        fit_passive([read(noisy())])


class Climbing:
    """A score that rises a little with the threshold, 0.001 for each step of the search."""

    evaluations = 0

    def ratio(self, model, sigma_s=0.01):
        self.evaluations += 1
        return 0.5 + 0.001 * math.log(model.th_inf_mv / 20.0) / STEP


def test_the_refinement_is_pulled_to_its_start():
    """What rises by 0.001 x and is pulled back by 0.01 x^2 is best at x = 0.05, by 0.001 x^2 at 0.5."""
    start = GLIFParameters(
        level=1, C_pf=100.0, R_mohm=200.0, E_L_mv=-70.0, th_inf_mv=20.0, t_ref_s=0.003
    )
    scorer = Climbing()
    strong, weak = refine(
        scorer, Coordinates(start, 0.0), seed=0, max_evaluations=600, pulls=(0.01, 0.001)
    )
    for found, x in ((strong, 0.05), (weak, 0.5)):
        assert math.log(found.model.th_inf_mv / 20.0) / STEP == pytest.approx(x, abs=0.03)
        assert found.model.R_mohm == pytest.approx(200.0, rel=0.02)
        assert found.rows[-1][1] == pytest.approx(Climbing().ratio(found.model), abs=1e-12)
    assert [found.pull for found in (strong, weak)] == [0.01, 0.001]
    counts = [count for count, _ in weak.rows]
    assert counts == sorted(counts)
    assert counts[-1] == scorer.evaluations


def test_a_refinement_never_ends_worse_than_it_began():
    """Where every move costs, the model stays."""
    start = GLIFParameters(
        level=1, C_pf=100.0, R_mohm=200.0, E_L_mv=-70.0, th_inf_mv=20.0, t_ref_s=0.003
    )

    class Flat:
        evaluations = 0

        def ratio(self, model, sigma_s=0.01):
            return 0.5 if model == start else 0.1

    (found,) = refine(Flat(), Coordinates(start, 0.0), seed=0, max_evaluations=60, pulls=(0.01,))
    assert found.model == start
