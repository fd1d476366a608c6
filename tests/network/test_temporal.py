"""Kernels of all 14 classes, against the equations written out here."""

import math
from dataclasses import replace

import numpy as np
import pytest

from allentk.errors import DataError
from allentk.network.temporal import FILTER_CLASSES, V1_CLASSES, TwoSubunitClass

SINGLE = [name for name in V1_CLASSES if name.count("O") == 1]
DOUBLE = {
    # dominant class, times of the zero crossings (OFF, ON), spontaneous, highest rates (OFF, ON), factor
    "sONsOFF_001": ("sOFF_TF4", 115.0, 121.0, 4.0, 35.0, 21.0, 1.0),
    "sONtOFF_001": ("tOFF_TF8", 64.8, 93.5, 5.5, 46.0, 31.0, 0.7),
}


def bump(peak, delay, n=600):
    """One raised cosine of log time, sample by sample, of unit sum of squares, moved by its delay."""
    db = math.log(200.3) - math.log(100.3)
    values = [0.0] * n
    for t in range(n):
        angle = (math.log(t + 0.3) - math.log(peak)) * math.pi / (2 * db)
        values[t] = (math.cos(max(-math.pi, min(math.pi, angle))) + 1) / 2
    values = [0.0] * delay + values[: n - delay]
    size = math.sqrt(sum(v * v for v in values))
    return np.array([v / size for v in values])


def weighted(of, wait=0):
    pairs = zip(of.weights, of.peaks_ms, of.delays_ms, strict=True)
    return sum(w * bump(peak, delay + wait) for w, peak, delay in pairs)


def test_there_are_fourteen_classes():
    assert len(V1_CLASSES) == 14
    assert len(SINGLE) == 12
    assert set(V1_CLASSES) - set(SINGLE) == set(DOUBLE)


@pytest.mark.parametrize("name", SINGLE)
def test_kernels_of_one_subunit(name):
    of = V1_CLASSES[name]
    sign = -1 if "OFF" in name else 1
    assert of.kernel() == pytest.approx(sign * weighted(of), abs=1e-9)


@pytest.mark.parametrize("name", DOUBLE)
def test_kernels_of_two_subunits(name):
    dominant, off_ms, on_ms, spont, max_off, max_on, factor = DOUBLE[name]
    areas, kernels = [], []
    for of, crossing_ms in (
        (FILTER_CLASSES[dominant], off_ms),
        (FILTER_CLASSES["sON_TF4"], on_ms),
    ):
        plain = weighted(of)
        crossing = next(t for t in range(int(plain.argmax()), 600) if plain[t] < 0)
        areas.append(plain[:crossing].sum())
        # delays are cut to whole ms, each on its own
        parts = zip(of.weights, of.peaks_ms, of.delays_ms, strict=True)
        wait = crossing_ms - crossing
        kernels.append(sum(w * bump(peak, int(delay + wait)) for w, peak, delay in parts))
    off_area, on_area = areas
    amplitude = -factor * (max_off / max_on) * (on_area / off_area) - spont * (max_off - max_on) / (
        max_on * off_area
    )
    found = V1_CLASSES[name].kernels()
    assert found[0] == pytest.approx(amplitude * kernels[0], abs=1e-9)
    assert found[1] == pytest.approx(kernels[1], abs=1e-9)
    for kernel, crossing_ms in ((-found[0], off_ms), (found[1], on_ms)):
        falls = int(kernel.argmax()) + int((kernel[int(kernel.argmax()) :] < 0).argmax())
        assert falls == int(crossing_ms)
    assert V1_CLASSES[name].spontaneous_hz == spont


def test_a_step_of_white_drives_off_and_on_to_their_highest_rates():
    """What sets the amplitude: of a step the two responses have the ratio of the recorded rates."""
    of = V1_CLASSES["sONsOFF_001"]
    off, on = of.kernels()
    half = of.spontaneous_hz / 2
    off_peak, on_peak = (-off).cumsum().max() + 2 * half, on.cumsum().max() + 2 * half
    assert off_peak / on_peak == pytest.approx(35 / 21, rel=0.01)
    assert (-off).cumsum().argmax() == pytest.approx(115, abs=1)


def test_a_kernel_cannot_come_before_its_time():
    on, off = FILTER_CLASSES["sON_TF4"], FILTER_CLASSES["sOFF_TF1"]
    early = TwoSubunitClass("x", off, on, 10.0, 121.0, 6.0, 4.0, 35.0, 21.0)
    with pytest.raises(DataError, match="crosses zero at"):
        early.kernels()
    assert (early.sign, early.sustained) == (0, True)


def test_a_kernel_that_never_crosses_zero_has_no_time_to_peak():
    double = V1_CLASSES["sONsOFF_001"]
    upright = replace(double.on, weights=(1.0, 0.5))
    with pytest.raises(DataError, match="never crosses zero"):
        replace(double, on=upright).kernels()
