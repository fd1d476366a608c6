"""Cross-validation sees nothing of what it holds out."""

from dataclasses import replace

import numpy as np
import pytest

from allentk.data import Noise, Sweep
from allentk.fitting.recording import BIN_S, Group, groups, read
from allentk.fitting.spans import FEWEST_SPIKES, folds, seen, within
from allentk.fitting.stages import prepared
from allentk.models import GLIFParameters
from allentk.simulation import simulate

RATE = 10_000.0
CELL = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-72, th_inf_mv=20, t_ref_s=4e-3)
SHAPE = np.concatenate([np.linspace(20, 90, 6), np.linspace(70, -5, 20)])


def sweep(number=1, *, seed=1, gain=1.3):
    current = Noise(amplitude_pa=gain * CELL.rheobase_pa, seed=seed).current_pa(RATE)[:140_000]
    voltage = np.array(simulate(CELL, current, sampling_rate_hz=RATE, dt_s=1e-4).voltage_mv)
    for step in simulate(CELL, current, sampling_rate_hz=RATE, dt_s=1e-4).spike_steps.tolist():
        part = SHAPE[: voltage.size - step]
        voltage[step : step + part.size] = CELL.E_L_mv + CELL.th_inf_mv + part
    voltage += 0.05 * np.random.default_rng(number).standard_normal(voltage.size)
    return Sweep(voltage, current, RATE, number=number)


@pytest.fixture(scope="module")
def noise():
    return groups([read(sweep(1)), read(sweep(2))])


def test_stretches_hold_equally_many_spikes(noise):
    parts = folds(noise, 4)
    spikes = np.concatenate([trial.spike_times_s for trial in noise[0].trials])
    counts = [int(within(spikes, part.held_out[0]).sum()) for part in parts]
    assert len(parts) == 4
    assert max(counts) - min(counts) <= 4
    assert sum(counts) == spikes.size


def test_what_is_held_out_is_not_fitted(noise):
    clock = np.arange(0, noise[0].duration_s, 1e-3)
    for part in folds(noise, 4):
        both = within(clock, part.train[0]).astype(int) + within(clock, part.held_out[0])
        assert (both == 1).all()


def test_few_spikes_make_fewer_parts(noise):
    trial = noise[0].trials[0]

    def with_spikes(n):
        some = replace(
            trial, spike_times_s=trial.spike_times_s[:n], threshold_mv=trial.threshold_mv[:n]
        )
        return [Group((some,), noise[0].current_pa)]

    assert folds(with_spikes(2 * FEWEST_SPIKES - 1), 4) == ()
    assert len(folds(with_spikes(2 * FEWEST_SPIKES), 4)) == 2
    assert folds(with_spikes(0), 4) == ()


def test_whole_stimuli_are_held_out_where_there_are_several():
    several = groups([read(sweep(n, seed=n)) for n in (1, 2, 3)])
    assert len(several) == 3
    parts = folds(several, 4)
    assert len(parts) == 3
    for place, part in enumerate(parts):
        assert part.train[place] == ()
        assert part.held_out[place] == ((0.0, several[place].duration_s),)
        assert [bool(spans) for spans in part.held_out].count(True) == 1


def test_a_fold_never_sees_what_is_held_out(noise):
    """Whatever was recorded there, the fit of the fold is the same to the last bit."""
    for part in folds(noise, 3):
        ((start, stop),) = part.held_out[0]
        other = []
        for trial in noise[0].trials:
            voltage = np.array(trial.sweep.voltage_mv)
            first, last = round(start * RATE) + 1, round(stop * RATE) - 1
            voltage[first:last] = np.random.default_rng(9).normal(-40, 10, last - first)
            bins = np.array(trial.voltage_mv)
            bins[int(start / BIN_S) + 1 : int(stop / BIN_S)] = -20.0
            keep = ~within(trial.spike_times_s, ((start, stop),))
            times = np.concatenate([trial.spike_times_s[keep], [(start + stop) / 2]])
            order = np.argsort(times)
            other.append(
                replace(
                    trial,
                    voltage_mv=bins,
                    spike_times_s=times[order],
                    threshold_mv=np.append(trial.threshold_mv[keep], 33.0)[order],
                    sweep=Sweep(voltage, trial.sweep.current_pa, RATE, number=trial.number),
                )
            )
        changed = [Group(tuple(other), noise[0].current_pa)]
        for level in (1, 5):
            a = prepared(noise, part.train, None).start(level)
            b = prepared(changed, part.train, None).start(level)
            assert a.scanned == b.scanned
            assert a.threshold == b.threshold


def test_all_is_seen_without_a_cut(noise):
    assert seen(noise[0], ((0.0, noise[0].duration_s),)) is noise[0]
