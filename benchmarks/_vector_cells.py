"""SYNTHETIC cells for the parity of feature vectors: a conductance-based neuron under each protocol."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from allentk.data import Sweep, SweepSet
from allentk.progress import track

__all__ = ["cells", "chirps"]

Array = NDArray[np.float64]

RATE_HZ = 50_000.0
START_S = 1.02
ALL_PA = np.arange(-110.0, 221.0, 20.0)


def _exprel(x: Array, y: float) -> Array:
    return x / np.expm1(x / y)


def _kinetics(v: Array) -> list[tuple[Array, Array]]:
    """Return steady state and time constant (ms) of m, h, n, of a slow potassium and an h current."""
    u = v + 58.0000001
    a, b = 0.32 * _exprel(13 - u, 4), 0.28 * _exprel(u - 40, 5)
    c, d = 0.128 * np.exp((17 - u) / 18), 4 / (1 + np.exp((40 - u) / 5))
    e, f = 0.032 * _exprel(15 - u, 5), 0.5 * np.exp((10 - u) / 40)
    slow = 400 / (3.3 * np.exp((v + 35) / 20) + np.exp(-(v + 35) / 20))
    gates = [(x / (x + y), 1 / (x + y)) for x, y in ((a, b), (c, d), (e, f))]
    adapting = (1 / (1 + np.exp(-(v + 35) / 10)), slow)
    return [*gates, adapting, (1 / (1 + np.exp((v + 85) / 8)), np.full_like(v, 40.0))]


def simulate(current_pa: Array, adaptation_ns: Array) -> Array:
    """Return voltages (mV) of 80 pF cells, shape (n_sweeps, n_samples); exponential Euler at 50 kHz."""
    v = np.full(current_pa.shape[0], -70.0)
    state = [steady for steady, _ in _kinetics(v)]
    out = np.empty_like(current_pa)
    settle = range(-round(0.3 * RATE_HZ), 0)
    dt_ms = 1e3 / RATE_HZ
    for k in track([*settle, *range(current_pa.shape[1])], "simulating"):
        state = [
            steady + (x - steady) * np.exp(-dt_ms / tau)
            for x, (steady, tau) in zip(state, _kinetics(v), strict=True)
        ]
        m, h, n, slow, hyper = state
        sodium, potassium = 5000 * m**3 * h, 1200 * n**4 + adaptation_ns * slow
        total = 6 + sodium + potassium + 3 * hyper
        injected = current_pa[:, k] if k >= 0 else 0.0
        rest = (6 * -72 + sodium * 50 + potassium * -90 + 3 * hyper * -40 + injected) / total
        v = rest + (v - rest) * np.exp(-dt_ms * total / 80)
        if k >= 0:
            out[:, k] = v
    return out


def _current(stimulus: str, amplitude: float, step_s: float) -> tuple[Array, float]:
    """Return a current with a test pulse, and when its stimulus ends."""
    t = np.arange(round((START_S + step_s + 0.6) * RATE_HZ)) / RATE_HZ
    stop = START_S + (0.003 if stimulus == "Short Square" else step_s)
    first, last = round(START_S * RATE_HZ), round(stop * RATE_HZ)
    current = np.where((t >= 0.02) & (t < 0.12), -20.0, 0.0)
    current[first:last] = amplitude
    if stimulus == "Ramp":
        current[first:last] = amplitude * (t[first:last] - START_S)
    return current, stop


Wanted = list[tuple[str, float]]


def _cell(
    long_squares: Iterable[float], short: Iterable[float] = (), ramps: Iterable[float] = ()
) -> Wanted:
    kinds = (("Long Square", long_squares), ("Short Square", short), ("Ramp", ramps))
    return [(kind, float(amplitude)) for kind, amplitudes in kinds for amplitude in amplitudes]


#: Name: sweeps, slow potassium conductance (nS), step (s), noise (mV), averaging of the sampling rate.
_SHORT = (600, 700, 800, 800, 800, 900)
_PLANS: dict[str, tuple[Wanted, float, float, float]] = {
    "plain": (_cell(ALL_PA, _SHORT, (200, 240)), 4.0, 1.0, 0.0),
    "noisy": (_cell(ALL_PA, (80, 400, 600, 600, 700, 700, 800), (200,)), 4.0, 1.0, 0.05),
    "gaps": (
        _cell((130, -93, -48, -52, 110, 90, 50, 50, 190, 190, 170.3), (500, 500, 600, 600), (220,)),
        4.0,
        1.0,
        0.05,
    ),
    "shifted": (_cell((-52, 10, 105, 115, 135, 175, 215), (700,), (250,)), 4.0, 1.0, 0.03),
    "one spike": (_cell((-110, -30, 50, 180, 200, 220, 240), (900,), (600,)), 60.0, 1.0, 0.02),
    "one level": (_cell((-90, 50, 110, 165), (700,), (220,)), 4.0, 1.0, 0.02),
    "no ramp": (_cell((-90, 50, 110, 130), (700,)), 4.0, 1.0, 0.02),
    "no adaptation": (_cell(ALL_PA, _SHORT, (200, 200)), 0.0, 1.0, 0.02),
    "0.6 s steps": (_cell(ALL_PA, _SHORT, (300,)), 4.0, 0.6, 0.02),
}


def _finer(values: Array, times: int) -> Array:
    """Interpolate linearly to a multiple of the sampling rate."""
    at = np.arange(values.size * times) / times
    return np.interp(at, np.arange(values.size), values)


def _sweep_set(
    wanted: Wanted, voltages: Iterable[Array], step_s: float, times: int = 1
) -> SweepSet:
    sweeps = []
    for number, ((stimulus, amplitude), voltage) in enumerate(zip(wanted, voltages, strict=True)):
        current, stop_s = _current(stimulus, amplitude, step_s)
        sweeps.append(
            Sweep(
                _finer(voltage, times) if times > 1 else voltage,
                np.repeat(current, times),
                RATE_HZ * times,
                number=number,
                stimulus=stimulus,
                amplitude_pa=amplitude,
                start_s=START_S,
                stop_s=stop_s,
            )
        )
    return SweepSet(sweeps, source="SYNTHETIC cell", metadata={"synthetic": True})


def _simulated(step_s: float) -> dict[str, SweepSet]:
    """Simulate all cells whose steps last so long in one go."""
    plans = {name: plan for name, plan in _PLANS.items() if plan[2] == step_s}
    currents = [_current(*one, step_s)[0] for plan in plans.values() for one in plan[0]]
    adaptation = [plan[1] for plan in plans.values() for _ in plan[0]]
    voltages = iter(simulate(np.array(currents), np.array(adaptation)))
    rng = np.random.default_rng(0)
    out = {}
    for name, (wanted, _, _, noise_mv) in plans.items():
        mine = [next(voltages) for _ in wanted]
        noisy = [v + noise_mv * rng.normal(size=v.size) for v in mine]
        out[name] = _sweep_set(wanted, noisy, step_s)
        if name == "plain":
            out["plain, at 200 kHz"] = _sweep_set(wanted, mine, step_s, times=4)
    return out


def cells() -> dict[str, SweepSet]:
    """Simulate every cell."""
    return {**_simulated(1.0), **_simulated(0.6)}


def chirps(rate_hz: float, n_sweeps: int = 2) -> SweepSet:
    """Return chirps of 20 s, 0.2 to 40 Hz, through a linear membrane with a resonance, and noise."""
    t = np.arange(round(22 * rate_hz)) / rate_hz
    since = t - 0.6
    on = (t >= 0.6) & (t < 20.6)
    phase = 2 * np.pi * (0.2 + (40 - 0.2) / 40 * since) * since
    current = np.where((t >= 0.02) & (t < 0.12), -20.0, 0.0) + np.where(on, 30 * np.sin(phase), 0.0)
    # 80 pF and 10 nS beside 8 nS behind a delay of 40 ms, as an h current has; rates per s.
    system = signal.cont2discrete(
        ([1 / 0.08, 25 / 0.08], [1, 125 + 25, 125 * 25 + 100 * 25]), 1 / rate_hz
    )
    response = signal.lfilter(system[0].ravel(), system[1], current)
    rng = np.random.default_rng(1)
    return SweepSet(
        [
            Sweep(
                -70 + response + 0.05 * rng.normal(size=t.size),
                current,
                rate_hz,
                number=number,
                stimulus="Chirp",
                start_s=0.6,
                stop_s=20.6,
            )
            for number in range(n_sweeps)
        ],
        source="SYNTHETIC chirps",
        metadata={"synthetic": True},
    )
