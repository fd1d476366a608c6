"""A whole synthetic recording: the protocols of the Cell Types Database, one sweep after another."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.data import LongSquare, Noise, Ramp, ShortSquare, Stimulus, TripleShortSquare
from cassettes.make.neurons import escape_glif, wang_buzsaki
from cassettes.make.truth import SEED, Cell

__all__ = ["COUNT_MV", "COUNT_PA", "RATE_HZ", "Recorded", "record"]

Array = NDArray[np.float64]

#: Stated here and in the files: 25 kHz, voltage in counts of 1/16 mV, current in counts of 1/2 pA.
RATE_HZ, COUNT_MV, COUNT_PA = 25_000.0, 0.0625, 0.5
RECORDING_NOISE_MV = 0.03
TEST_PULSE_PA, TEST_PULSE_START_S, TEST_PULSE_S = 10.0, 0.03, 0.07


@dataclass(frozen=True)
class Recorded:
    """One sweep: counts as they are stored, and what is known of it."""

    number: int
    name: str
    code: str
    clamp: str
    amplitude: float
    start_s: float
    duration_s: float
    counts_v: NDArray[np.int16]
    counts_i: NDArray[np.int16]
    spikes: NDArray[np.int64]
    shared_stimulus: str


def _protocols(cell: Cell) -> Iterator[tuple[str, str, Stimulus]]:
    """Name, code and stimulus of every current-clamp sweep, in order."""
    rheobase = 10.0 * math.ceil(cell.rheobase_pa / 10)
    ramp_s = math.ceil(rheobase / 25.0) + 1.5
    yield "Ramp", "C1RP25PR1S", Ramp(amplitude_pa=25.0 * ramp_s, duration_s=ramp_s)
    blip = 10.0 * math.ceil(_blip_pa(cell) / 10)
    for amplitude in (0.6 * blip, blip, 1.1 * blip):
        short = ShortSquare(amplitude_pa=float(round(amplitude)), tail_s=0.48)
        yield "Short Square", "C1SSFINEST", short
    low = [-90.0, -70.0, -50.0, -30.0, -10.0]
    high = [rheobase + step for step in (-20, -10, 0, 10, 20, 40, 50, 80)]
    for amplitude in [*low, *high]:
        yield "Long Square", "C1LSFINEST", LongSquare(amplitude_pa=amplitude, tail_s=0.48)
    one, two = (Noise(amplitude_pa=rheobase, seed=SEED + k) for k in (1, 2))
    for name, stimulus in (("1", one), ("2", two), ("1", one), ("2", two), ("1", one)):
        yield f"Noise {name}", f"C1NSSEED_{name}", stimulus
    for interval in (0.007, 0.02):
        triple = TripleShortSquare(amplitude_pa=1.2 * blip, interval_s=interval, tail_s=0.48)
        yield "Short Square - Triple", "C2SSTRIPLE", triple


def _blip_pa(cell: Cell) -> float:
    """Return the current in pA that lifts the cell to its threshold within 3 ms."""
    if cell.truth is None:
        return 300.0
    model = cell.truth
    return model.rheobase_pa / (1 - math.exp(-0.003 / model.tau_m_s)) * 1.12


def record(cell: Cell, numbers: set[int] | None = None) -> Iterator[Recorded]:
    """Record the cell's sweeps, or only those of the given numbers."""
    if numbers is None or 0 in numbers:
        yield _seal_test(cell)
    for number, (name, code, stimulus) in enumerate(_protocols(cell), start=1):
        if numbers is None or number in numbers:
            yield _current_clamp(cell, number, name, code, stimulus)


def _rng(cell: Cell, number: int) -> np.random.Generator:
    return np.random.default_rng([SEED, cell.specimen_id, number])


def _seal_test(cell: Cell) -> Recorded:
    """Record a voltage-clamp sweep: the answer of a 2 GOhm seal to a step of 10 mV."""
    n = round(0.2 * RATE_HZ)
    command = np.zeros(n)
    command[round(0.03 * RATE_HZ) : round(0.1 * RATE_HZ)] = 10.0
    current = command / 2.0 + 0.5 * _rng(cell, 0).standard_normal(n)
    return Recorded(
        0,
        "Test",
        "EXTPCllATT",
        "voltage",
        10.0,
        0.03,
        0.07,
        np.round(command / COUNT_MV).astype(np.int16),
        np.round(current / COUNT_PA).astype(np.int16),
        np.empty(0, dtype=np.int64),
        "",
    )


def _current_clamp(cell: Cell, number: int, name: str, code: str, stimulus: Stimulus) -> Recorded:
    current = stimulus.current_pa(RATE_HZ)
    first = round(TEST_PULSE_START_S * RATE_HZ)
    current[first : first + round(TEST_PULSE_S * RATE_HZ)] += TEST_PULSE_PA
    counts_i = np.round(current / COUNT_PA).astype(np.int16)
    injected: Array = counts_i.astype(float) * COUNT_PA
    rng = _rng(cell, number)
    if cell.truth is None:
        voltage, spikes = wang_buzsaki(injected, 1 / RATE_HZ, rng)
    else:
        above, spikes = escape_glif(cell.truth, injected, 1 / RATE_HZ, rng)
        voltage = _painted(cell, above + cell.truth.E_L_mv, spikes)
    voltage += RECORDING_NOISE_MV * rng.standard_normal(voltage.size)
    return Recorded(
        number,
        name,
        code,
        "current",
        stimulus.amplitude_pa,
        stimulus.start_s,
        stimulus.duration_s,
        np.round(voltage / COUNT_MV).astype(np.int16),
        counts_i,
        spikes,
        name if isinstance(stimulus, Noise) else "",
    )


def _painted(cell: Cell, voltage: Array, spikes: NDArray[np.int64]) -> Array:
    """Paint a spike into each refractory time, in which a GLIF model has no voltage."""
    assert cell.truth is not None
    n = round(cell.truth.t_ref_s * RATE_HZ)
    rise = max(round(cell.rise_ms * 1e-3 * RATE_HZ), 4)
    fall = min(max(round(cell.fall_ms * 1e-3 * RATE_HZ), 6), n - rise - 2)
    for spike in spikes:
        threshold, reset = voltage[spike], cell.truth.E_L_mv
        trough = reset - 2.0
        up = threshold + (cell.peak_mv - threshold) * _ease(rise)
        down = cell.peak_mv + (trough - cell.peak_mv) * _ease(fall)
        back = trough + (reset - trough) * _ease(n - rise - fall)
        shape = np.concatenate([up, down, back])[: voltage.size - spike - 1]
        voltage[spike + 1 : spike + 1 + shape.size] = shape
    return voltage


def _ease(n: int) -> Array:
    """Return a smooth way from 0 to 1 in n samples."""
    return 0.5 - 0.5 * np.cos(np.pi * np.arange(1, n + 1) / n)
