"""Temporal filters of the lateral geniculate nucleus: differences of two cosine bumps in log time.

References
----------
Billeh et al. 2020, Neuron 106:388 (LGN classes of mouse, from recordings of Durand et al. 2016, J
Neurosci 36:12144). The weights, peaks and delays are the fitted figures in the LGN model templates of the
Brain Modeling Toolkit (bmtk, BSD-3-Clause); the spontaneous rates are means over the cells of its LGN
tables that prefer the temporal frequency of the class. Log-time bumps: Pillow et al. 2005, J Neurosci
25:11003. The cells of two subunits follow the equations and figures of bmtk's LGN cells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.errors import DataError

__all__ = [
    "FILTER_CLASSES",
    "KERNEL_MS",
    "V1_CLASSES",
    "FilterClass",
    "TwoSubunitClass",
    "cosine_bumps",
]

#: Length of a temporal kernel, in steps of 1 ms.
KERNEL_MS = 600

#: Offset of the logarithm, and half the width of a bump in log time, as in bmtk.
_OFFSET_MS = 0.3
_SPACING = math.log((200 + _OFFSET_MS) / (100 + _OFFSET_MS))

Array = NDArray[np.float64]


def _unit(columns: Array) -> Array:
    scaled: Array = columns / np.linalg.norm(columns, axis=0)
    return scaled


def cosine_bumps(peaks_ms: tuple[float, float], delays_ms: tuple[int, int]) -> Array:
    """Return two raised cosines of log time, each of unit sum of squares.

    Parameters
    ----------
    peaks_ms : (float, float)
        Time of each peak after its delay, ms.
    delays_ms : (int, int)
        Shift of each bump, whole ms.

    Returns
    -------
    ndarray, shape (KERNEL_MS, 2)
        One value per ms of the past.
    """
    log_time = np.log(np.arange(KERNEL_MS) + _OFFSET_MS)[:, None] - np.log(np.array(peaks_ms))
    phase = np.clip(log_time * (math.pi / (2 * _SPACING)), -math.pi, math.pi)
    bumps = _unit((np.cos(phase) + 1) / 2)
    shifted = np.zeros_like(bumps)
    for column, delay in enumerate(delays_ms):
        shifted[delay:, column] = bumps[: KERNEL_MS - delay, column]
    return _unit(shifted)


@dataclass(frozen=True, slots=True)
class FilterClass:
    """One class of LGN cells.

    Parameters
    ----------
    name : str
        Such as ``sON_TF4``: sustained, ON, of preferred temporal frequency 4 Hz.
    sign : int
        1 for ON (answers to light), -1 for OFF.
    weights : (float, float)
        Of the first and the second bump; the kernel is their weighted sum, in Hz per unit contrast and ms.
    peaks_ms, delays_ms : (float, float), (int, int)
        See ``cosine_bumps``.
    spontaneous_hz : float
        Rate on a gray screen.

    Raises
    ------
    DataError
        On a sign other than 1 or -1, a peak that is not positive, or a delay outside the kernel.
    """

    name: str
    sign: int
    weights: tuple[float, float]
    peaks_ms: tuple[float, float]
    delays_ms: tuple[int, int]
    spontaneous_hz: float

    def __post_init__(self) -> None:
        if self.sign not in (1, -1) or min(self.peaks_ms) <= 0 or self.spontaneous_hz < 0:
            raise DataError(
                f"LGN class {self.name!r}: sign must be 1 or -1, peaks_ms positive and spontaneous_hz "
                f"not negative, got {self.sign}, {self.peaks_ms}, {self.spontaneous_hz}"
            )
        if not all(0 <= delay < KERNEL_MS for delay in self.delays_ms):
            raise DataError(
                f"LGN class {self.name!r}: delays_ms must lie in 0..{KERNEL_MS - 1}, got "
                f"{self.delays_ms}"
            )

    @property
    def sustained(self) -> bool:
        """Whether the class is a sustained one."""
        return self.name.startswith("s")

    def kernel(self) -> Array:
        """Return the temporal kernel with its sign, one value per ms of the past, ``(KERNEL_MS,)``."""
        combined: Array = cosine_bumps(self.peaks_ms, self.delays_ms) @ np.array(self.weights)
        return self.sign * combined


def _classes() -> dict[str, FilterClass]:
    rows = (
        ("sON_TF1", (1.0000, -0.4462), (56.526, 137.441), (0, 15), 5.20),
        ("sON_TF2", (4.2823, -1.4275), (31.208, 137.062), (0, 5), 3.53),
        ("sON_TF4", (3.5940, -1.8146), (30.759, 58.358), (0, 25), 8.25),
        ("sON_TF8", (3.7053, -1.7538), (12.941, 28.278), (0, 25), 1.77),
        ("sOFF_TF1", (2.1142, -1.2215), (54.481, 127.921), (0, 5), 3.95),
        ("sOFF_TF2", (3.1826, -1.1407), (19.846, 92.024), (0, 25), 4.53),
        ("sOFF_TF4", (3.2298, -1.6588), (22.246, 56.100), (0, 15), 3.68),
        ("sOFF_TF8", (3.2506, -1.6838), (18.034, 51.215), (0, 15), 3.62),
        ("sOFF_TF15", (10.0000, -3.2606), (4.736, 21.597), (0, 5), 5.08),
        ("tON_TF8", (4.2185, -2.4050), (8.525, 23.247), (0, 0), 2.60),
        ("tOFF_TF4", (3.3460, -2.1820), (29.158, 59.363), (0, 15), 3.94),
        ("tOFF_TF8", (4.2185, -2.4050), (8.525, 23.247), (0, 0), 2.44),
        ("tOFF_TF15", (3.4417, -2.1156), (8.270, 19.991), (0, 0), 1.05),
    )
    return {
        name: FilterClass(name, 1 if "ON" in name else -1, weights, peaks, delays, rate)
        for name, weights, peaks, delays, rate in rows
    }


#: The classes, by name.
FILTER_CLASSES = _classes()


@dataclass(frozen=True, slots=True)
class TwoSubunitClass:
    """A class of cells with an OFF subunit, which dominates, and an ON subunit beside it.

    Each subunit adds its linear answer to half the spontaneous rate and is rectified on its own; the rate
    is the sum. Delays are such that each kernel first crosses zero at a given time.

    Parameters
    ----------
    name : str
        Such as ``sONsOFF_001``.
    off, on : FilterClass
        Whose kernels the subunits have, but for sign, delay and amplitude.
    off_crossing_ms, on_crossing_ms : float
        When each kernel, after its first peak, falls below zero; the time to peak of the response to a
        step.
    separation_deg : float
        From the OFF to the ON subunit, along the cell's axis.
    spontaneous_hz : float
        Rate on a gray screen.
    max_off_hz, max_on_hz : float
        Highest rates of the recorded cells, which set the amplitude of OFF against that of ON.
    off_factor : float
        A further factor on the first term of that amplitude.

    Raises
    ------
    DataError
        Where a kernel would have to come earlier than without delay, or never crosses zero.

    Examples
    --------
    >>> V1_CLASSES["sONsOFF_001"].kernels().shape, V1_CLASSES["sONsOFF_001"].spontaneous_hz
    ((2, 600), 4.0)
    """

    name: str
    off: FilterClass
    on: FilterClass
    off_crossing_ms: float
    on_crossing_ms: float
    separation_deg: float
    spontaneous_hz: float
    max_off_hz: float
    max_on_hz: float
    off_factor: float = 1.0

    @property
    def sign(self) -> int:
        """0: neither ON nor OFF."""
        return 0

    @property
    def sustained(self) -> bool:
        """Whether the subunit that dominates is a sustained one."""
        return self.off.sustained

    def kernels(self) -> Array:
        """Return the kernels of the OFF and the ON subunit, signed, shape ``(2, KERNEL_MS)``."""
        off, off_area = self._delayed(self.off, self.off_crossing_ms)
        on, on_area = self._delayed(self.on, self.on_crossing_ms)
        excess = self.spontaneous_hz * (self.max_off_hz - self.max_on_hz)
        ratio = self.max_off_hz / self.max_on_hz
        amplitude = self.off_factor * ratio * on_area / off_area + excess / (
            self.max_on_hz * off_area
        )
        return np.stack([-amplitude * off, on])

    def _delayed(self, of: FilterClass, crossing_ms: float) -> tuple[Array, float]:
        """Return a kernel without its sign that crosses zero in time, and its sum up to there."""
        plain = of.sign * of.kernel()
        peak = int(plain.argmax())
        below = plain[peak:] < 0
        if not below.any():
            raise DataError(
                f"LGN class {self.name!r}: the kernel of {of.name} never crosses zero after its peak; give "
                f"a second bump of the other sign"
            )
        crossing = peak + int(below.argmax())
        wait = crossing_ms - crossing
        if wait < 0:
            raise DataError(
                f"LGN class {self.name!r}: the kernel of {of.name} crosses zero at {crossing} ms, after "
                f"the {crossing_ms} ms that are asked for"
            )
        delays = tuple(int(delay + wait) for delay in of.delays_ms)
        delayed = cosine_bumps(of.peaks_ms, (delays[0], delays[1])) @ np.array(of.weights)
        return delayed, float(plain[:crossing].sum())


def _v1_classes() -> dict[str, FilterClass | TwoSubunitClass]:
    on, sustained, transient = (FILTER_CLASSES[n] for n in ("sON_TF4", "sOFF_TF4", "tOFF_TF8"))
    single = {name: c for name, c in FILTER_CLASSES.items() if name != "tON_TF8"}
    double = (
        TwoSubunitClass("sONsOFF_001", sustained, on, 115.0, 121.0, 6.0, 4.0, 35.0, 21.0),
        TwoSubunitClass("sONtOFF_001", transient, on, 64.8, 93.5, 4.0, 5.5, 46.0, 31.0, 0.7),
    )
    return {**single, **{c.name: c for c in double}}


#: The 14 classes of the V1 models, by name: 12 of one subunit and 2 of two.
V1_CLASSES = _v1_classes()
