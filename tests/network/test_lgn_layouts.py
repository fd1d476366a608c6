"""LGN cells of the V1 and the layer 4 models, and where the cortex sees."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from allentk.data import StimulusTable
from allentk.errors import DataError
from allentk.network import Population, visual
from allentk.network.lgn_layer4 import layer4_kernel, layer4_lgn
from allentk.network.lgn_v1 import V1_LGN_COUNTS, v1_lgn
from allentk.network.visual_field import (
    angle_to_linear,
    layer4_field_deg,
    linear_to_angle,
    v1_field_deg,
)


def test_v1_has_its_cells_in_every_tile():
    lgn, nodes = v1_lgn(seed=1)
    assert len(nodes) == lgn.n_nodes == 17_400
    assert nodes["cell_class"].value_counts().to_dict() == {
        name: 150 * count for name, count in V1_LGN_COUNTS.items()
    }
    tile = (nodes["x_deg"] + 120) // 16 * 10 + (nodes["y_deg"] + 60) // 12
    assert (tile.value_counts() == 116).all()
    assert tile.nunique() == 150
    two = nodes["cell_class"].isin(["sONsOFF_001", "sONtOFF_001"])
    assert nodes["tuning_angle_deg"].notna().equals(two)
    assert set(nodes.loc[two, "sigma_deg"]) == {2.0, 3.0}
    sizes = 3 * nodes.loc[~two, "sigma_deg"]
    assert sizes.between(2, 9).all()
    # the mean of a triangle is that of its corners
    assert sizes.mean() == pytest.approx((2 + 3 + 9) / 3, abs=0.05)
    Population("lgn", (), nodes, lgn)


def test_a_part_of_v1_is_a_part_of_the_whole():
    _, whole = v1_lgn(seed=3, variant="2020")
    _, some = v1_lgn(seed=3, variant="2020", within_deg=(20.0, 10.0))
    near = whole[(whole["x_deg"].abs() <= 20) & (whole["y_deg"].abs() <= 10)]
    pd.testing.assert_frame_equal(near.reset_index(drop=True), some)
    assert whole["sigma_deg"].max() > 9 / 3
    with pytest.raises(DataError, match="no cell lies within"):
        v1_lgn(within_deg=(0.001, 0.001))
    with pytest.raises(DataError, match="variant must be one of"):
        v1_lgn(variant="2019")


def test_jitter_varies_the_kernels_a_little():
    near = (16.0, 12.0)
    plain, nodes = v1_lgn(within_deg=near, seed=2)
    varied, same = v1_lgn(within_deg=near, seed=2, jitter=0.025)
    pd.testing.assert_frame_equal(nodes, same)
    shown = visual.drifting_gratings(n_repeats=1, gap_s=0.0)
    one, other = (lgn.rates_hz(shown, 0.0, 1.0) for lgn in (plain, varied))
    change = np.abs(one - other).mean(axis=1) / np.ptp(one, axis=1)
    assert 0.001 < np.median(change) < 0.05


def test_layer4_has_three_kinds():
    filters, nodes = layer4_lgn()
    assert filters.n_nodes == len(nodes) == 9000
    assert (nodes["cell_class"].value_counts() == 3000).all()
    assert filters.cell.size == 12_000
    assert filters.spontaneous_hz.min() >= 4.5 * 0.9
    assert filters.spontaneous_hz.max() <= 4.5 * 1.1
    assert nodes["separation_deg"].dropna().between(3.5, 5.0).all()
    assert nodes["separation_deg"].count() == 3000
    Population("lgn", (), nodes, filters)
    with pytest.raises(DataError, match="n_per_class"):
        layer4_lgn(n_per_class=0)


def test_layer4_kernels_are_balanced():
    kernel = layer4_kernel(np.array([0.038]))[0]
    for t in (0, 10, 40, 100):
        kt = 0.038 * t
        assert kernel[t] == pytest.approx(kt * math.exp(-kt) * (1 - kt**2 / 6), abs=1e-12)
    # its integral to infinity is (1 - 3!/6) / k
    assert abs(kernel.sum()) < 0.005 * kernel[kernel > 0].sum()


def test_layer4_rates_are_those_of_its_equations():
    """A square-wave grating, stripe by stripe; gray before."""
    filters, nodes = layer4_lgn(n_per_class=2, seed=9)
    direction, cpd, frequency = 30.0, 0.05, 4.0
    row = {
        "start_s": 0.1, "stop_s": 0.6, "stimulus": "drifting_gratings", "contrast": 0.8,
        "orientation_deg": direction, "temporal_frequency_hz": frequency,
        "spatial_frequency_cpd": cpd, "phase": 0.0, "waveform": "square",
    }  # fmt: skip
    found = filters.rates_hz(StimulusTable(pd.DataFrame([row])), 0.0, 0.7)
    angle = math.radians(direction)
    time = np.arange(700) * 1e-3
    on = (time > 0.1 - 1e-9) & (time < 0.6 - 1e-9)
    for cell, node in nodes.iterrows():
        sigma, answers = node["sigma_deg"], []
        both = node["cell_class"] == "transient_ON_OFF"
        signs = (1, -1) if both else ((-1,) if node["cell_class"] == "transient_OFF" else (1,))
        unit = np.flatnonzero(filters.cell == cell)
        for k, sign in zip(unit, signs, strict=True):
            shift = -sign * node["separation_deg"] / 2 if both else 0.0
            axis = math.radians(node["tuning_angle_deg"]) if both else 0.0
            x, y = node["x_deg"] + shift * math.cos(axis), node["y_deg"] + shift * math.sin(axis)
            middle = x * math.cos(angle) + y * math.sin(angle)
            # heights 1.2 and 0.2 of round Gaussians, over their integral
            centre, surround = 1.2 * sigma**2, -0.2 * (2 * sigma) ** 2
            # white from an even edge to the next, black from there on
            order = np.arange(-80, 81)
            edges = (order / 2 + frequency * (time[:, None] - 0.1)) / cpd - middle
            shares = centre * np.diff(ndtr(edges / sigma)) + surround * np.diff(
                ndtr(edges / (2 * sigma))
            )
            light = (shares * np.where(order[:-1] % 2 == 0, 1, -1)).sum(axis=1)
            seen = np.where(on, 0.8 * light / (centre + surround), 0.0)
            kernel = filters.kernels[filters.kernel[k]]
            drive = abs(filters.gain[k]) * np.convolve(seen, kernel)[:700]
            answers.append(filters.base_hz[k] + sign * drive)
        rate = sum(np.maximum(answer, 0) for answer in answers)
        if both:
            rate = np.maximum(rate - filters.base_hz[unit[0]], 0)
        assert found[cell] == pytest.approx(rate, abs=1e-9)
        assert np.ptp(rate) > 1.0


def test_layer4_gain_is_the_published_scaling():
    """Per gray level of 127.5 for a contrast of 1, and per pixel of 1 / 0.8 linear degrees."""
    filters, nodes = layer4_lgn(seed=5)
    first = np.searchsorted(filters.cell, np.arange(9000))
    scaling = np.abs(filters.gain[first]) * 0.8**2 / 127.5
    mean = pd.Series(scaling).groupby(nodes["cell_class"]).mean()
    assert mean["transient_ON"] == pytest.approx(0.0051, rel=0.01)
    assert mean["transient_OFF"] == pytest.approx(0.0051, rel=0.01)
    assert mean["transient_ON_OFF"] == pytest.approx(0.003, rel=0.01)
    assert np.ptp(scaling[:3000]) / 0.0051 == pytest.approx(0.2, abs=0.005)


def test_linear_degrees():
    angle = np.array([-60.0, 0.0, 30.0])
    assert linear_to_angle(angle_to_linear(angle)) == pytest.approx(angle)
    assert angle_to_linear(45.0) == pytest.approx(180 / math.pi)


def test_the_cortex_sees():
    x, y = v1_field_deg([100.0], [-100.0])
    assert x == pytest.approx(math.tan(math.radians(7.0)) * 180 / math.pi)
    assert y == pytest.approx(-math.tan(math.radians(4.0)) * 180 / math.pi)
    x, y = v1_field_deg([100.0], [-100.0], linear=False)
    assert (x[0], y[0]) == pytest.approx((7.0, -4.0))
    x, y = layer4_field_deg([846.2843753216345], [-846.2843753216345])
    assert (x[0], y[0]) == pytest.approx((70.0, -35.0))
