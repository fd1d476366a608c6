import json
import math

import pytest

from allentk.errors import DataError
from allentk.models import GLIFParameters

BASE = {"C_pf": 100, "R_mohm": 200, "E_L_mv": -70, "th_inf_mv": 20, "t_ref_s": 0.003}


def test_derived_numbers():
    cell = GLIFParameters(level=1, **BASE)
    assert cell.threshold_mv == -50
    assert cell.tau_m_s == pytest.approx(0.02)
    assert cell.rheobase_pa == pytest.approx(100)


def test_round_trip_through_json():
    cell = GLIFParameters(level=3, asc_amp_pa=(-10, -100), asc_tau_s=(0.1, 0.003), **BASE)
    assert cell.asc_r == (1.0, 1.0)
    assert GLIFParameters.from_dict(json.loads(json.dumps(cell.to_dict()))) == cell


@pytest.mark.parametrize(
    ("level", "wrong", "message"),
    [
        (6, {}, "level must be 1 to 5"),
        (1, {"asc_amp_pa": (1.0,), "asc_tau_s": (0.1,)}, "GLIF 1 has no asc_amp_pa"),
        (3, {"reset_a": 0.5}, "GLIF 3 has no reset_a"),
        (4, {"th_voltage_a_per_s": 1.0}, "GLIF 4 has no th_voltage_a_per_s"),
        (1, {"C_pf": 0}, "C_pf must be positive"),
        (1, {"R_mohm": math.nan}, "R_mohm must be finite"),
        (1, {"t_ref_s": -1}, "t_ref_s must not be negative"),
        (2, {"th_spike_b_per_s": -50.0}, "th_spike_b_per_s must not be negative"),
        (5, {"th_voltage_b_per_s": -20.0}, "th_voltage_b_per_s must not be negative"),
        (3, {"asc_amp_pa": (1.0,)}, "equally long"),
        (3, {"asc_amp_pa": (1.0,), "asc_tau_s": (0.0,)}, "asc_tau_s must be positive"),
    ],
)
def test_refuses(level, wrong, message):
    with pytest.raises(DataError, match=message):
        GLIFParameters(level=level, **(BASE | wrong))


def test_from_dict_names_what_is_wrong():
    with pytest.raises(DataError, match="unknown parameters \\['colour'\\]"):
        GLIFParameters.from_dict(BASE | {"level": 1, "colour": "red"})
    with pytest.raises(DataError, match="C_pf"):
        GLIFParameters.from_dict({"level": 1})


@pytest.mark.parametrize("amplitudes", [["x"], 3.0, [[1.0, 2.0]]])
def test_after_spike_currents_must_be_numbers(amplitudes):
    with pytest.raises(DataError, match="asc_amp_pa must be numbers, one for each after-spike"):
        GLIFParameters.from_dict(BASE | {"level": 3, "asc_amp_pa": amplitudes, "asc_tau_s": [0.1]})


def test_a_level_is_a_whole_number():
    assert repr(GLIFParameters(level=1.0, **BASE)).startswith("<GLIFParameters: GLIF1 LIF,")
    with pytest.raises(DataError, match="level must be 1 to 5, got True"):
        GLIFParameters(level=True, **BASE)
