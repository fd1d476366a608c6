"""What follows a spike, on voltages drawn with a ruler."""

import numpy as np
import pytest

from allentk.features.detect import detect
from allentk.features.shape import shapes

RATE = 50_000.0
MS = round(RATE / 1000)


def drawn(*corners):
    """Two equal spikes; the corners of (ms later, mV) lie between them, from -60 mV at the first's end."""
    path = [(50.0, -50.0), (0.5, 30.0), (0.9, -60.0), *corners, (1.0, -50.0), (0.5, 30.0)]
    path += [(0.9, -60.0), (20.0, -50.0)]
    times = np.cumsum([0.0, *(later for later, _ in path)])
    clock = np.arange(round(times[-1] * MS) + 1) / MS
    return np.interp(clock, times, [-50.0, *(level for _, level in path)])


def first_shape(*corners):
    """Shape of the first of two spikes, and the voltage."""
    voltage = drawn(*corners)
    slope = np.diff(voltage) * RATE * 1e-3
    last = voltage.size - 1
    spikes = detect(voltage, slope, RATE, (0, last))
    assert spikes.peak.size == 2
    return shapes(voltage, slope, lambda _: slope, RATE, last, spikes)[0], voltage


def test_a_spike_has_ended_at_a_hundredth_of_its_downstroke():
    """After a fall of 100 V/s one of 10 V/s still belongs to the spike, one of 0.5 V/s does not."""
    shape, voltage = first_shape((0.5, -65.0), (2.0, -66.0), (5.0, -66.0), (10.0, -50.0))
    assert voltage[shape.fast_trough] == pytest.approx(-65.0, abs=0.1)
    assert voltage[shape.trough] == pytest.approx(-66.0, abs=0.1)


AFTER = (5.0, -63.0), (20.0, -50.0)


@pytest.mark.parametrize(
    ("corners", "accepted"),
    [
        # 2 V/s for 1 ms, then down: an afterdepolarisation.
        ([(0.5, -60.0), (1.0, -58.0), *AFTER], True),
        # 0.8 V/s is enough, 0.3 V/s is not.
        ([(0.5, -60.0), (2.5, -58.0), *AFTER], True),
        ([(0.5, -60.0), (4.0, -58.8), *AFTER], False),
        # It begins less than 2 ms after the fast trough.
        ([(1.5, -60.0), (1.0, -58.0), *AFTER], True),
        ([(2.5, -60.0), (1.0, -58.0), *AFTER], False),
        # It rises by at most 10 mV, and is there after 5 ms.
        ([(0.5, -60.0), (2.0, -51.0), *AFTER], True),
        ([(0.5, -60.0), (2.0, -49.0), *AFTER], False),
        ([(0.5, -60.0), (4.0, -56.0), *AFTER], True),
        ([(0.5, -60.0), (5.0, -55.0), *AFTER], False),
        # What follows lies at least 0.5 mV lower.
        ([(0.5, -60.0), (1.0, -58.0), (2.0, -58.7), (20.0, -50.0)], True),
        ([(0.5, -60.0), (1.0, -58.0), (2.0, -58.3), (20.0, -50.0)], False),
    ],
)
def test_an_afterdepolarisation(corners, accepted):
    shape, voltage = first_shape(*corners)
    assert (shape.adp is not None) == accepted
    if accepted:
        assert voltage[shape.adp] == pytest.approx(corners[1][1], abs=0.1)
        assert voltage[shape.slow_trough] == pytest.approx(corners[2][1], abs=0.1)
        assert shape.isi_type == "detour"


@pytest.mark.parametrize(("depth", "kind"), [(0.7, "detour"), (0.3, "direct")])
def test_a_slow_trough_lies_half_a_millivolt_below_the_fast_one(depth, kind):
    shape, voltage = first_shape((5.0, -60.0 - depth), (20.0, -50.0))
    assert shape.isi_type == kind
    assert (shape.slow_trough is not None) == (kind == "detour")
    if kind == "detour":
        assert voltage[shape.slow_trough] == pytest.approx(-60.0 - depth, abs=0.05)


def test_the_last_spike_has_no_slow_trough():
    voltage = drawn((5.0, -63.0), (20.0, -50.0))
    voltage[-15 * MS :] -= np.linspace(0, 20, 15 * MS)
    slope = np.diff(voltage) * RATE * 1e-3
    last = voltage.size - 1
    spikes = detect(voltage, slope, RATE, (0, last))
    first, final = shapes(voltage, slope, lambda _: slope, RATE, last, spikes)
    assert first.slow_trough is not None
    assert final.isi_type == "detour"
    assert final.slow_trough is None
    assert final.adp is None


def test_width_at_half_height():
    """Half way from peak to fast trough; where that lies below threshold, half way to the threshold."""
    shape, _ = first_shape((5.0, -60.0), (20.0, -50.0))
    up, down = 80 / 0.5, 90 / 0.9
    assert shape.width / MS == pytest.approx(45 / up + 45 / down, abs=0.06)
    # To -140 mV by the same slope of 100 V/s; from -50 mV half way is -10 mV, not -55 mV.
    deep, _ = first_shape((0.8, -140.0), (5.0, -140.0), (20.0, -50.0))
    assert deep.width / MS == pytest.approx(40 / up + 40 / down, abs=0.06)


def test_a_spike_without_an_end_is_clipped():
    """Its fall goes on to the end of the window."""
    voltage = np.concatenate(
        [np.full(2500, -50.0), np.linspace(-50, 30, 25), np.linspace(30, -90, 60)]
    )
    slope = np.diff(voltage) * RATE * 1e-3
    last = voltage.size - 1
    (shape,) = shapes(
        voltage, slope, lambda _: slope, RATE, last, detect(voltage, slope, RATE, (0, last))
    )
    assert shape.clipped
    assert shape.fast_trough is None
