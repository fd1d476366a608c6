"""SYNTHETIC recordings of published GLIF models that fire by escape noise, on Allen's protocols."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allentk.data import Sweep, SweepSet
from allentk.models import GLIFParameters
from allentk.simulation.glif import spike_steps
from benchmarks._glif_recording_kernels import escape_glif

__all__ = ["recording"]

Array = NDArray[np.float64]

RATE_HZ = 20_000.0
#: Width of the escape noise in mV and its time at threshold in s; noise of the recording in mV.
ESCAPE, NOISE_MV = (0.6, 0.004), 0.05
EPOCHS = (0.75, 1.0, 1.25)  # of rheobase
SILENCE_S, EPOCH_S, FADE_S = 5.0, 3.0, 0.1
TRAIN, TEST = 3, 2


def pink(rheobase_pa: float, seed: int) -> Array:
    """Return three epochs of one noise about parts of rheobase: 1 to 100 Hz, amplitude 1 / sqrt(f)."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(EPOCH_S * RATE_HZ)) / RATE_HZ
    frequency = np.arange(1, 101)
    phase = rng.uniform(0, 2 * np.pi, frequency.size)
    waves = np.sin(2 * np.pi * frequency[:, None] * t + phase[:, None])
    wave = (waves / np.sqrt(frequency)[:, None]).sum(axis=0)
    wave = 1 + 0.2 * (wave - wave.mean()) / wave.std()
    silence = np.zeros(round(SILENCE_S * RATE_HZ))
    parts = [silence]
    for part in EPOCHS:
        parts += [part * rheobase_pa * wave, silence]
    return np.concatenate(parts)


def _steps(
    amplitude_pa: float, starts_s: tuple[float, ...], length_s: float, total_s: float
) -> Array:
    current = np.zeros(round(total_s * RATE_HZ))
    for start in starts_s:
        current[round(start * RATE_HZ) : round((start + length_s) * RATE_HZ)] = amplitude_pa
    return current


def _drawn(voltage: Array, spikes: NDArray[np.int64], n_ref: int, model: GLIFParameters) -> Array:
    """Draw an action potential into every refractory time: up to 30 mV and back to the reset."""
    out = voltage + model.E_L_mv
    up = max(min(round(0.0004 * RATE_HZ), n_ref // 3), 2)
    for k in spikes.tolist():
        end = min(k + n_ref + 1, out.size - 1)
        low, back = float(out[k]), float(out[end])
        rise = low + (30.0 - low) * np.sin(np.linspace(0, np.pi / 2, up + 1)[1:])
        fall = back + (30.0 - back) * (1 + np.cos(np.linspace(0, np.pi, max(end - k - up, 1)))) / 2
        shape = np.concatenate([rise, fall])[: out.size - k - 1]
        out[k + 1 : k + 1 + shape.size] = shape
    return out


def _run(model: GLIFParameters, current: Array, rng: np.random.Generator) -> Array:
    voltage, spikes = np.empty(current.size), np.empty(20_000, dtype=np.int64)
    n_ref = max(round(model.t_ref_s * RATE_HZ), 1)
    count = escape_glif(
        current,
        1 / RATE_HZ,
        (model.R_mohm, model.C_pf, model.th_inf_mv, n_ref),
        (model.reset_a, model.reset_b_mv),
        (model.th_spike_a_mv, model.th_spike_b_per_s),
        (model.th_voltage_a_per_s, model.th_voltage_b_per_s),
        np.array(model.asc_amp_pa, dtype=float),
        np.array(model.asc_tau_s, dtype=float),
        ESCAPE,
        rng.exponential(size=20_001),
        voltage,
        spikes,
    )
    drawn = _drawn(voltage, spikes[:count], n_ref, model)
    return drawn + NOISE_MV * rng.normal(size=current.size)


def _rheobase_pa(model: GLIFParameters) -> float:
    """Return the smallest step of 1 s that makes a spike, which a moving threshold raises."""
    if model.level != 5:
        return model.rheobase_pa
    low, high = 0.5 * model.rheobase_pa, 20 * model.rheobase_pa
    while high - low > 0.01 * low:
        middle = (low + high) / 2
        fires = spike_steps(model, np.full(10_000, middle), dt_s=1e-4).size > 0
        low, high = (low, middle) if fires else (middle, high)
    return high


def recording(model: GLIFParameters, seed: int) -> SweepSet:
    """Return the sweeps of one cell: noise 1 and 2, short squares, triples, a long square."""
    rng = np.random.default_rng(seed)
    rheobase = _rheobase_pa(model)
    pulse = rheobase / (1 - np.exp(-0.003 / model.tau_m_s))
    noise = [("Noise 1", pink(rheobase, 1))] * TRAIN + [("Noise 2", pink(rheobase, 2))] * TEST
    squares = [
        ("Short Square", _steps(part * pulse, (1.02,), 0.003, 2.0), part * pulse)
        for part in (0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3)
        for _ in range(2)
    ]
    triples = [
        (
            "Short Square - Triple",
            _steps(1.4 * pulse, (2.02, 2.02 + gap, 2.02 + 2 * gap), 0.003, 3.0),
            1.4 * pulse,
        )
        for gap in (0.010, 0.015, 0.022, 0.033, 0.05, 0.075, 0.11)
        for _ in range(2)
    ]
    steps = [
        ("Long Square", _steps(part * rheobase, (1.02,), 1.0, 2.5), part * rheobase)
        for part in (-0.5, 0.3, 0.5, 0.7, 0.85)
    ]
    given = [(name, current, float("nan")) for name, current in noise] + squares + triples + steps
    sweeps = []
    for number, (name, current, amplitude) in enumerate(given):
        on = np.flatnonzero(current)
        sweeps.append(
            Sweep(
                _run(model, current, rng),
                current,
                RATE_HZ,
                number=number,
                stimulus=name,
                amplitude_pa=amplitude,
                start_s=on[0] / RATE_HZ,
                stop_s=(on[-1] + 1) / RATE_HZ,
                source="SYNTHETIC escape-noise cell",
            )
        )
    return SweepSet(sweeps, source="SYNTHETIC escape-noise cell", metadata={"synthetic": True})
