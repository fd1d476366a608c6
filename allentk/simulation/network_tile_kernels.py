"""A tile of GLIF neurons that get synaptic input at every step, compiled. Units are mV, pA, s.

The neurons of a tile belong to one population. Its state, `x` from `at` on, is a number of rows of one flat
array, and so are its constants, `c` from `of` on, which tiles of equal neurons share; rows of an
after-spike or alpha current begin at `asc` or `port`. How far one row lies from the next is known when the
code is compiled, so that the compiler sees that they do not overlap and computes several neurons at once.
To that end places are unsigned, and what a refractory cell keeps is chosen by factors of 0 and 1. What
arrives lies in `ring`, the input rows of a tile side by side. Voltages are relative to rest.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from allentk.simulation.noise_kernels import FAST

__all__ = [
    "ASC_CONSTANTS",
    "ASC_STATE",
    "CELL_CONSTANTS",
    "CELL_STATE",
    "PORT_CONSTANTS",
    "PORT_STATE",
    "TILE",
    "above",
    "adapt",
    "adapt_to_after_spike",
    "adapt_to_alpha",
    "adapted",
    "add_after_spike",
    "add_alpha",
    "add_double",
    "add_jumps",
    "add_two_after_spike",
    "add_two_alphas",
    "begin",
    "finite",
    "held",
    "restart",
    "restart_after_spike",
    "settle",
    "settle_plain",
]

Array = NDArray[np.float64]
Place = np.uint64

#: Neurons of a tile.
TILE = 64
#: State of a tile: rows of the cells, of every after-spike current, of every alpha current.
CELL_STATE = ("v", "ths", "thv", "silent", "current", "drive", "next_v", "next_thv")
ASC_STATE = ("asc",)
PORT_STATE = ("rise", "flow")
#: Constants of a tile, from ``glif_propagator``; `scale` is e / tau times the relative peak.
CELL_CONSTANTS = (
    "leak", "th_inf", "ths_decay", "thv_decay", "thv_of_v", "thv_of_current", "n_ref", "reset_a", "reset_b",
    "ths_add", "ths_keep",
)  # fmt: skip
ASC_CONSTANTS = ("decay", "push", "of_thv", "amp", "keep")
PORT_CONSTANTS = ("decay", "slide", "of_flow", "of_rise", "scale")


def _places(names: tuple[str, ...]) -> tuple[np.uint64, ...]:
    """Return where every row begins, and where the next group of rows does."""
    return tuple(np.uint64(TILE * row) for row in range(len(names) + 1))


_N = np.uint64(TILE)
_V, _THS, _THV, _SILENT, _CURRENT, _DRIVE, _NEXT, _NEXT_T, _ = _places(CELL_STATE)
_A, _NEXT_A = _places(ASC_STATE)
_RISE, _FLOW, _NEXT_P = _places(PORT_STATE)
_LEAK, _TH, _SS, _TT, _TV, _TI, _REF, _RA, _RB, _SA, _SK, _ = _places(CELL_CONSTANTS)
_AD, _AP, _AT, _AMP, _KEEP, _NEXT_AC = _places(ASC_CONSTANTS)
_PD, _SLIDE, _OF_FLOW, _OF_RISE, _SCALE, _NEXT_PC = _places(PORT_CONSTANTS)


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def begin(x: Array, at: Place, c: Array, of: Place) -> None:
    """Start a step: what leak and the injected current make of the voltage."""
    for k in range(_N):
        i = at + k
        x[_NEXT + i] = c[_LEAK + of + k] * x[_V + i] + x[_DRIVE + i]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def add_after_spike(x: Array, at: Place, asc: Place, c: Array, of: Place) -> None:
    """Add one after-spike current, and let it decay where the cell is not refractory."""
    for k in range(_N):
        i, j, m = at + k, asc + k, of + k
        awake, asleep = (0.0, 1.0) if x[_SILENT + i] > 0 else (1.0, 0.0)
        x[_NEXT + i] += c[_AP + m] * x[_A + j]
        x[_A + j] *= asleep + awake * c[_AD + m]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def add_two_after_spike(x: Array, at: Place, asc: Place, c: Array, of: Place) -> None:
    """Add two after-spike currents."""
    for k in range(_N):
        i, j, m, n = at + k, asc + k, of + k, of + _NEXT_AC + k
        a, b = x[_A + j], x[_NEXT_A + _A + j]
        awake, asleep = (0.0, 1.0) if x[_SILENT + i] > 0 else (1.0, 0.0)
        x[_NEXT + i] += c[_AP + m] * a + c[_AP + n] * b
        x[_A + j] = (asleep + awake * c[_AD + m]) * a
        x[_NEXT_A + _A + j] = (asleep + awake * c[_AD + n]) * b


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def add_alpha(
    x: Array, at: Place, port: Place, c: Array, of: Place, ring: Array, slot: Place
) -> None:
    """Add one alpha current, which what has arrived makes rise, and take it over the step."""
    for k in range(_N):
        j, m = port + k, of + k
        rise, flow = x[_RISE + j] + c[_SCALE + m] * ring[slot + k], x[_FLOW + j]
        ring[slot + k] = 0.0
        x[_NEXT + at + k] += c[_OF_FLOW + m] * flow + c[_OF_RISE + m] * rise
        x[_FLOW + j] = c[_PD + m] * flow + c[_SLIDE + m] * rise
        x[_RISE + j] = c[_PD + m] * rise


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def add_double(
    x: Array, at: Place, port: Place, c: Array, of: Place, ring: Array, slot: Place
) -> None:
    """Add two alpha currents that rise together."""
    for k in range(_N):
        j, i, m, n = port + k, port + _NEXT_P + k, of + k, of + _NEXT_PC + k
        given, flow, slow = ring[slot + k], x[_FLOW + j], x[_FLOW + i]
        ring[slot + k] = 0.0
        rise, climb = x[_RISE + j] + c[_SCALE + m] * given, x[_RISE + i] + c[_SCALE + n] * given
        pushed = c[_OF_FLOW + m] * flow + c[_OF_RISE + m] * rise
        x[_NEXT + at + k] += pushed + (c[_OF_FLOW + n] * slow + c[_OF_RISE + n] * climb)
        x[_FLOW + j] = c[_PD + m] * flow + c[_SLIDE + m] * rise
        x[_RISE + j] = c[_PD + m] * rise
        x[_FLOW + i] = c[_PD + n] * slow + c[_SLIDE + n] * climb
        x[_RISE + i] = c[_PD + n] * climb


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def add_two_alphas(
    x: Array, at: Place, port: Place, c: Array, of: Place, ring: Array, slot: Place
) -> None:
    """Add the alpha currents of two input rows."""
    for k in range(_N):
        j, i, m, n = port + k, port + _NEXT_P + k, of + k, of + _NEXT_PC + k
        here, there = slot + k, slot + _N + k
        flow, slow = x[_FLOW + j], x[_FLOW + i]
        rise = x[_RISE + j] + c[_SCALE + m] * ring[here]
        climb = x[_RISE + i] + c[_SCALE + n] * ring[there]
        ring[here] = 0.0
        ring[there] = 0.0
        pushed = c[_OF_FLOW + m] * flow + c[_OF_RISE + m] * rise
        x[_NEXT + at + k] += pushed + (c[_OF_FLOW + n] * slow + c[_OF_RISE + n] * climb)
        x[_FLOW + j] = c[_PD + m] * flow + c[_SLIDE + m] * rise
        x[_RISE + j] = c[_PD + m] * rise
        x[_FLOW + i] = c[_PD + n] * slow + c[_SLIDE + n] * climb
        x[_RISE + i] = c[_PD + n] * climb


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def add_jumps(x: Array, at: Place, ring: Array, slot: Place) -> None:
    """Move the voltage at the end of the step by what has arrived then."""
    for k in range(_N):
        x[_NEXT + at + k] += ring[slot + k]
        ring[slot + k] = 0.0


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def adapt(x: Array, at: Place, c: Array, of: Place) -> None:
    """Start to take the voltage-dependent threshold over the step, before anything else is."""
    for k in range(_N):
        i, m = at + k, of + k
        slow = c[_TT + m] * x[_THV + i] + c[_TV + m] * x[_V + i]
        x[_NEXT_T + i] = slow + c[_TI + m] * x[_CURRENT + i]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def adapt_to_alpha(x: Array, at: Place, port: Place, c: Array, of: Place) -> None:
    """Let the threshold see an alpha current at the begin of the step."""
    for k in range(_N):
        x[_NEXT_T + at + k] += c[_TI + of + k] * x[_FLOW + port + k]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def adapt_to_after_spike(x: Array, at: Place, asc: Place, c: Array, of: Place) -> None:
    """Let the threshold see an after-spike current."""
    for k in range(_N):
        x[_NEXT_T + at + k] += c[_AT + of + k] * x[_A + asc + k]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def adapted(x: Array, at: Place) -> None:
    """Take over the new threshold where the cell is not refractory."""
    for i in range(at, at + _N):
        awake, asleep = (0.0, 1.0) if x[_SILENT + i] > 0 else (1.0, 0.0)
        x[_THV + i] = asleep * x[_THV + i] + awake * x[_NEXT_T + i]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def settle_plain(x: Array, at: Place, c: Array, of: Place) -> int:
    """End a step of cells whose threshold stands still; return whether one of them crossed it.

    A refractory cell started below its threshold, and both stand still.
    """
    crossed = 0
    for k in range(_N):
        i = at + k
        silent = x[_SILENT + i]
        awake, asleep = (0.0, 1.0) if silent > 0 else (1.0, 0.0)
        v = awake * x[_NEXT + i] + asleep * x[_V + i]
        crossed |= v > c[_TH + of + k]
        x[_V + i] = v
        x[_SILENT + i] = silent - 1.0 if silent > 0 else 0.0
    return crossed


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def settle(x: Array, at: Place, c: Array, of: Place) -> int:
    """End a step of cells of any level; return whether one of them crossed its threshold."""
    crossed = 0
    for k in range(_N):
        i, m = at + k, of + k
        silent = x[_SILENT + i]
        awake, asleep = (0.0, 1.0) if silent > 0 else (1.0, 0.0)
        v = awake * x[_NEXT + i] + asleep * x[_V + i]
        ths = (asleep + awake * c[_SS + m]) * x[_THS + i]
        crossed |= v > c[_TH + m] + ths + x[_THV + i]
        x[_V + i] = v
        x[_THS + i] = ths
        x[_SILENT + i] = silent - 1.0 if silent > 0 else 0.0
    return crossed


@njit(cache=True, nogil=True, error_model="numpy", boundscheck=False)
def above(x: Array, i: Place, c: Array, m: Place) -> bool:
    """Return whether one cell is above its threshold."""
    return bool(x[_V + i] > c[_TH + m] + x[_THS + i] + x[_THV + i])


@njit(cache=True, nogil=True, error_model="numpy", boundscheck=False)
def restart(x: Array, i: Place, c: Array, m: Place) -> None:
    """Apply the rules of a spike to one cell."""
    x[_V + i] = c[_RA + m] * x[_V + i] + c[_RB + m]
    x[_THS + i] = c[_SK + m] * x[_THS + i] + c[_SA + m]
    x[_SILENT + i] = c[_REF + m]


@njit(cache=True, nogil=True, error_model="numpy", boundscheck=False)
def restart_after_spike(x: Array, asc: Place, c: Array, m: Place) -> None:
    """Apply the rule of a spike to one after-spike current of one cell."""
    x[_A + asc] = c[_AMP + m] + c[_KEEP + m] * x[_A + asc]


@njit(cache=True, nogil=True, error_model="numpy", boundscheck=False)
def held(x: Array, port: Place, n_ports: int) -> float:
    """Return the synaptic current of one cell at the begin of a step, pA."""
    total = 0.0
    for _ in range(n_ports):
        total += x[_FLOW + port]
        port += _NEXT_P
    return total


@njit(cache=True, nogil=True, error_model="numpy", boundscheck=False)
def finite(x: Array, at: Place) -> int:
    """Return the first neuron whose voltage is not finite, or -1."""
    wrong = 0
    for i in range(at, at + _N):
        wrong |= not abs(x[_V + i]) < 1e300
    if wrong:
        for k in range(TILE):
            if not abs(x[_V + at + np.uint64(k)]) < 1e300:
                return k
    return -1
