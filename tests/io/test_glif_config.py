"""GLIF configurations: units, coefficients, levels, nesting, and the way back."""

import copy
import json

import numpy as np
import pytest

from allentk.errors import FormatError
from allentk.io import glif_config, read_glif, write_glif
from allentk.models import GLIFParameters

BASE = {"C_pf": 81.9, "R_mohm": 302.5, "E_L_mv": -67.3, "th_inf_mv": 23.5, "t_ref_s": 0.00995}
ASC = {"asc_amp_pa": (-13.8, -512.0), "asc_tau_s": (0.1, 1 / 300), "asc_r": (1.0, 0.9)}
RESET = {"reset_a": 1.11, "reset_b_mv": -3.8, "th_spike_a_mv": 4.9, "th_spike_b_per_s": 88.0}
VOLTAGE = {"th_voltage_a_per_s": 7.05, "th_voltage_b_per_s": 30.1}
LEVELS = {1: {}, 2: RESET, 3: ASC, 4: RESET | ASC, 5: RESET | ASC | VOLTAGE}
CELLS = {level: GLIFParameters(level=level, **BASE, **more) for level, more in LEVELS.items()}


def same(one, other):
    for name, value in one.to_dict().items():
        if name != "source":
            assert other.to_dict()[name] == pytest.approx(value, rel=1e-12), name


@pytest.mark.parametrize("level", range(1, 6))
def test_round_trip(tmp_path, level):
    path = write_glif(CELLS[level], tmp_path / "model" / "neuron_config.json")
    again = read_glif(path)
    assert again.level == level
    same(CELLS[level], again)
    assert again.source == str(path)


@pytest.mark.parametrize("t_ref_s", [0.0, 1e-15, 1e-5, 0.003, 0.0030123, 0.00995])
def test_the_refractory_time_comes_back_exactly(t_ref_s):
    cell = GLIFParameters(level=1, **{**BASE, "t_ref_s": t_ref_s})
    config = glif_config(cell)
    assert isinstance(config["spike_cut_length"], int)
    assert 0 < config["dt"] <= 5e-5 * (1 + 1e-9)
    assert read_glif(config).t_ref_s == t_ref_s


def test_what_was_read_comes_back_to_the_last_bit():
    rng = np.random.default_rng(4)
    for _ in range(300):
        config = glif_config(CELLS[5])
        for name in ("C", "R_input", "th_inf", "El_reference"):
            config[name] *= rng.uniform(0.5, 2)
        config["asc_amp_array"] = rng.normal(0, 3e-11, 2).tolist()
        config["spike_cut_length"] = int(rng.integers(1, 400))
        config["dt"] = float(rng.choice([5e-5, 5e-6, 1e-4]))
        config["voltage_reset_method"]["params"] = {"a": rng.uniform(), "b": rng.normal(0, 0.01)}
        config["coeffs"]["th_inf"] = rng.uniform(0.6, 1.8)
        once = read_glif(config)
        assert read_glif(glif_config(once)) == once


def test_a_published_step_stays_what_it_is():
    config = {**glif_config(CELLS[1]), "spike_cut_length": 39, "dt": 5e-5}
    again = glif_config(read_glif(config))
    assert (again["spike_cut_length"], again["dt"]) == (39, 5e-5)


def test_nested_under_the_id_as_the_service_sends_it(tmp_path):
    path = write_glif(CELLS[4], tmp_path / "neuron_config.json", model_id=566283950)
    assert list(json.loads(path.read_text())) == ["566283950"]
    same(CELLS[4], read_glif(path))
    assert read_glif(path).source == f"{path}: 566283950"


def test_units_and_coefficients():
    config = glif_config(CELLS[5])
    assert config["C"] == pytest.approx(81.9e-12)
    assert config["El_reference"] == pytest.approx(-0.0673)
    config.update(spike_cut_length=60, dt=5e-5, asc_amp_array=[-1e-11, 2e-11])
    config["coeffs"] = {
        "th_inf": 0.5,
        "C": 2.0,
        "G": 4.0,
        "a": 3.0,
        "b": 0.5,
        "asc_amp_array": [2.0, 3.0],
    }
    cell = read_glif(config)
    assert cell.th_inf_mv == pytest.approx(23.5 / 2)
    assert cell.C_pf == pytest.approx(81.9 * 2)
    assert cell.R_mohm == pytest.approx(302.5 / 4)
    assert cell.th_voltage_a_per_s == pytest.approx(7.05 * 3)
    assert cell.th_voltage_b_per_s == pytest.approx(30.1 / 2)
    assert cell.asc_amp_pa == pytest.approx((-20.0, 60.0))
    assert cell.t_ref_s == pytest.approx(0.003)


def test_a_published_lower_level_carries_unused_numbers():
    config = glif_config(CELLS[1])
    config.update(asc_amp_array=[-1e-11, 1e-11], asc_tau_array=[0.1, 0.003])
    assert read_glif(config).asc_amp_pa == ()


@pytest.mark.parametrize(
    "wrap",
    [
        lambda c: {"12345": c},
        lambda c: {"566282032": {"neuron_config": c}},
        lambda c: [c],
        lambda c: {"success": True, "msg": [{"id": 3, "config": c}]},
    ],
)
def test_a_nested_configuration_is_found(wrap):
    same(CELLS[3], read_glif(wrap(glif_config(CELLS[3]))))


def test_several_levels_need_a_choice():
    document = {f"GLIF{n}": {"neuron_config": glif_config(c)} for n, c in CELLS.items()}
    assert read_glif(document, level=4).level == 4
    with pytest.raises(
        FormatError, match=r"5 GLIF configurations \(GLIF1\.neuron_config, .*level="
    ):
        read_glif(document)
    del document["GLIF2"]
    with pytest.raises(FormatError, match=r"no GLIF 2 here; there are levels \[1, 3, 4, 5\]"):
        read_glif(document, level=2)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("C",), "big", r"'C' must be a number, got 'big'"),
        (("C",), -1e-10, r"C_pf must be positive"),
        (("El_reference",), None, r"the field 'El_reference' is missing"),
        (("dt",), None, r"the field 'dt' is missing"),
        (("El",), -0.07, r"El is -0\.07 V.*relative to rest"),
        (("asc_amp_array",), [1e-12, True], r"'asc_amp_array' must be a number, got True"),
        (("coeffs",), None, r"'coeffs' must be an object, got None"),
        (("coeffs", "G"), 0, r"'coeffs\.G' must not be 0"),
        (("AScurrent_reset_method", "params"), None, r"'params' must be an object, got None"),
        (("AScurrent_reset_method",), "sum", r"'AScurrent_reset_method' must be an object"),
        (("AScurrent_reset_method", "params"), {"r": "ab"}, r"params\.r' must be a number"),
        (("C",), 10**400, r"'C' is too large"),
        (("dt",), 0, r"'dt' must be positive, got 0\.0; the refractory time is \d+ steps of it"),
        (("asc_tau_array",), [0.1], r"must be equally long"),
        (("coeffs", "asc_amp_array"), [1.0, 1.0, 1.0], r"2 after-spike currents, but 3"),
        (("voltage_reset_method", "params", "a"), None, r"'voltage_reset_method\.params\.a'"),
        (("threshold_dynamics_method", "name"), "odd", r"odd .*none of the five GLIF levels"),
    ],
)
def test_a_fault_names_the_field(path, value, said):
    config = copy.deepcopy(glif_config(CELLS[5]))
    node = config
    for name in path[:-1]:
        node = node[name]
    node[path[-1]] = value
    with pytest.raises(FormatError, match=said):
        read_glif({"model 7": config})


def test_no_refractory_time_needs_no_step():
    assert read_glif({**glif_config(CELLS[1]), "spike_cut_length": 0, "dt": 0}).t_ref_s == 0


@pytest.mark.parametrize("given", [None, (1, 2), 5, b"neuron_config.json"])
def test_what_is_neither_path_nor_document(given):
    with pytest.raises(FormatError, match=r"expected the path of a GLIF neuron_config\.json"):
        read_glif(given)


def test_a_document_without_end():
    document = {"neuron_config": glif_config(CELLS[1])}
    for _ in range(500):
        document = {"a": document}
    with pytest.raises(FormatError, match=r"no GLIF configuration here"):
        read_glif(document)


@pytest.mark.parametrize(
    "written", ["[" * 100_000, '{"C": ' + "1" * 5000 + "}"], ids=["deep", "long number"]
)
def test_json_that_python_refuses(tmp_path, written):
    path = tmp_path / "odd.json"
    path.write_text(written)
    with pytest.raises(FormatError, match=r"odd\.json: .*this is not JSON"):
        read_glif(path)


def test_files_that_are_no_configuration(tmp_path):
    path = tmp_path / "bad.json"
    path.write_text("<html>")
    with pytest.raises(FormatError, match=r"bad\.json: .*this is not JSON"):
        read_glif(path)
    path.write_text(json.dumps({"success": False, "msg": "Data access error"}))
    with pytest.raises(FormatError, match=r"no GLIF configuration here.*object with success, msg"):
        read_glif(path)
    with pytest.raises(FormatError, match=r"there is no such file"):
        read_glif(tmp_path / "none.json")
