"""The way out to NEST and SONATA: units, flags, and what NEST refuses."""

import json
import re

import pytest

from allentk.errors import SimulationError
from allentk.io.glif_nest import nest_parameters, nest_refusals
from allentk.io.glif_sonata import write_sonata_component
from allentk.models import GLIFParameters

BASE = {"C_pf": 81.9, "R_mohm": 250.0, "E_L_mv": -67.5, "th_inf_mv": 23.5, "t_ref_s": 0.00395}
ASC = {"asc_amp_pa": (-13.8, -512.0), "asc_tau_s": (0.1, 1 / 300), "asc_r": (1.0, 0.9)}
RESET = {"reset_a": 0.4, "reset_b_mv": -3.8, "th_spike_a_mv": 4.9, "th_spike_b_per_s": 88.0}
VOLTAGE = {"th_voltage_a_per_s": 7.05, "th_voltage_b_per_s": 30.1}
LEVELS = {1: {}, 2: RESET, 3: ASC, 4: RESET | ASC, 5: RESET | ASC | VOLTAGE}
CELLS = {level: GLIFParameters(level=level, **BASE, **more) for level, more in LEVELS.items()}
FLAGS = ("spike_dependent_threshold", "after_spike_currents", "adapting_threshold")


def test_units_are_those_of_nest():
    mapped = nest_parameters(CELLS[5])
    expected = {
        "V_m": -67.5,
        "E_L": -67.5,
        "V_reset": -67.5,
        "V_th": -44.0,
        "C_m": 81.9,
        "g": 4.0,
        "t_ref": 3.95,
        "voltage_reset_fraction": 0.4,
        "voltage_reset_add": -3.8,
        "th_spike_add": 4.9,
        "th_spike_decay": 0.088,
        "asc_init": [0, 0],
        "asc_amps": [-13.8, -512.0],
        "asc_decay": [0.01, 0.3],
        "asc_r": [1.0, 0.9],
        "th_voltage_index": 0.00705,
        "th_voltage_decay": 0.0301,
    }
    assert set(mapped) == {*expected, *FLAGS}
    for name, value in expected.items():
        assert mapped[name] == pytest.approx(value, rel=1e-12), name


@pytest.mark.parametrize(
    ("level", "flags"), [(1, "000"), (2, "100"), (3, "010"), (4, "110"), (5, "111")]
)
def test_the_flags_say_the_level(level, flags):
    mapped = nest_parameters(CELLS[level])
    assert "".join(str(int(mapped[name])) for name in FLAGS) == flags
    assert ("asc_amps" in mapped) == (flags[1] == "1")
    assert ("th_spike_add" in mapped) == (flags[0] == "1")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reset_a": 1.01}, "voltage_reset_fraction must lie within 0 and 1, got 1.01"),
        ({"reset_a": -0.1}, "voltage_reset_fraction must lie within 0 and 1, got -0.1"),
        ({"t_ref_s": 0.0}, "t_ref must be positive, got 0 ms"),
        ({"th_inf_mv": 0.0}, "V_th must lie above V_reset.* -67.5 mV and -67.5 mV"),
        ({"asc_r": (1.2, 1.0)}, "asc_r must lie within 0 and 1, got 1.2, 1"),
        ({"asc_amp_pa": (), "asc_tau_s": (), "asc_r": ()}, "asc_amps must hold a current"),
        ({"th_spike_b_per_s": 0.0}, "th_spike_decay must be positive, got 0 per s"),
        ({"th_voltage_b_per_s": 0.0}, "th_voltage_decay must be positive, got 0 per s"),
        ({"C_pf": 80.0, "th_voltage_b_per_s": 50.0}, "must differ from g / C_m, got 50 per s"),
    ],
)
def test_a_cell_that_nest_refuses_is_named(change, said):
    cell = GLIFParameters(
        level=5, **(BASE | ASC | RESET | VOLTAGE | change), source="model 566282032"
    )
    assert len(nest_refusals(cell)) == 1
    with pytest.raises(SimulationError, match=rf"GLIF 5 \(model 566282032\): .*{said}"):
        nest_parameters(cell)


def test_every_reason_is_said():
    cell = GLIFParameters(level=4, **(BASE | ASC | RESET | {"reset_a": 2.0, "t_ref_s": 0.0}))
    assert len(nest_refusals(cell)) == 2
    with pytest.raises(SimulationError, match=r"t_ref.*; voltage_reset_fraction"):
        nest_parameters(cell)


def test_an_unused_rule_is_not_refused():
    assert all(nest_refusals(cell) == [] for cell in CELLS.values())


def test_a_component_is_a_file_and_a_row(tmp_path):
    row = write_sonata_component(CELLS[3], tmp_path / "models", name="478110866_glif3")
    assert row == {
        "model_type": "point_neuron",
        "model_template": "nest:glif_psc",
        "dynamics_params": "478110866_glif3.json",
    }
    written = json.loads((tmp_path / "models" / row["dynamics_params"]).read_text())
    assert written == nest_parameters(CELLS[3])


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".hidden", "a\n", "a b"])
def test_a_name_that_is_no_file_of_the_folder(tmp_path, name):
    with pytest.raises(SimulationError, match=re.escape(f"got {name!r}")):
        write_sonata_component(CELLS[1], tmp_path, name=name)
    assert list(tmp_path.iterdir()) == []


def test_a_refused_cell_leaves_no_file(tmp_path):
    cell = GLIFParameters(level=2, **(BASE | RESET | {"reset_a": 1.5}))
    with pytest.raises(SimulationError, match="would refuse"):
        write_sonata_component(cell, tmp_path, name="a")
    assert list(tmp_path.iterdir()) == []
