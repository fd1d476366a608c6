"""Files of biophysical models: both dialects, the folder's layout, and what is refused."""

import copy
import json
from dataclasses import replace

import pytest

from allentk.errors import DataError, FormatError
from allentk.io import biophysical_config, find_model, read_biophysical, write_biophysical


def gene(section, name, value, mechanism=""):
    return {"section": section, "name": name, "value": value, "mechanism": mechanism}


PERISOMATIC = {
    "passive": [
        {
            "ra": 120.0,
            "cm": [{"section": "soma", "cm": 1.0}, {"section": "dend", "cm": 2.5}],
            "e_pas": -84.5,
        }
    ],
    "axon_morph": [{"delete_axon": ["forsec axonal{delete_section()}"]}],
    "fitting": [{"junction_potential": -14.0, "sweeps": [46, 47]}],
    "conditions": [
        {
            "celsius": 34.0,
            "erev": [{"ena": 53.0, "section": "soma", "ek": -107.0}],
            "v_init": -84.5,
        }
    ],
    "genome": [
        gene("soma", "gbar_NaTs", 1.125, "NaTs"),
        gene("soma", "gamma_CaDynamics", 0.0004, "CaDynamics"),
        gene("soma", "decay_CaDynamics", 998.99266101400383, "CaDynamics"),
        gene("soma", "g_pas", 0.0009),
        gene("dend", "g_pas", 0.00016),
    ],
}


def active(section, **passive):
    values = {"g_pas": "1e-4", "e_pas": "-83.5", "cm": "3.7", "Ra": "117.5"} | passive
    return [gene(section, name, value) for name, value in values.items()]


ALL_ACTIVE = {
    "passive": [{"ra": 117.5}],
    "fitting": [{"junction_potential": -14.0, "sweeps": []}],
    "conditions": [
        {
            "celsius": 34,
            "erev": [{"ena": 53, "section": s, "ek": -107} for s in ("soma", "axon")],
            "v_init": -80,
        }
    ],
    "genome": [
        *active("soma"),
        *active("axon", cm="5.1", Ra="134.5"),
        gene("axon", "gbar_NaTa_t", "4.98", "NaTa_t"),
        gene("soma", "gbar_K_Tst", "0.05", "K_Tst"),
    ],
}


def changed(document, *path_and_value):
    *path, last, value = path_and_value
    whole = copy.deepcopy(document)
    place = whole
    for step in path:
        place = place[step]
    place[last] = value
    return whole


def test_a_perisomatic_fit():
    cell = read_biophysical(PERISOMATIC)
    assert (cell.kind, cell.axon, cell.training_sweeps) == ("perisomatic", "stub", (46, 47))
    assert (cell.v_init_mv, cell.celsius, cell.junction_potential_mv) == (-84.5, 34.0, -14.0)
    soma, dend = cell.sections["soma"], cell.sections["dend"]
    assert (soma.ra_ohm_cm, soma.cm_uf_per_cm2, soma.g_pas) == (120.0, 1.0, 0.0009)
    assert (dend.ra_ohm_cm, dend.cm_uf_per_cm2, dend.g_pas) == (120.0, 2.5, 0.00016)
    assert (soma.ena_mv, soma.ek_mv) == (53.0, -107.0)
    assert (dend.ena_mv, dend.ek_mv, dend.e_pas_mv) == (None, None, -84.5)
    assert soma.mechanisms["NaTs"] == {"gbar": 1.125}
    assert soma.value("CaDynamics", "decay_s") == pytest.approx(0.998992661014)
    assert dend.mechanisms == {}


def test_an_all_active_fit_of_text():
    cell = read_biophysical(ALL_ACTIVE, axon="truncated")
    assert (cell.kind, cell.axon) == ("all-active", "truncated")
    axon = cell.sections["axon"]
    assert (axon.ra_ohm_cm, axon.cm_uf_per_cm2, axon.ena_mv) == (134.5, 5.1, 53.0)
    assert axon.mechanisms == {"NaTa_t": {"gbar": 4.98}}


@pytest.mark.parametrize(("v_init", "likely"), [(-80, "stub"), (-90, "truncated")])
def test_which_axon_an_all_active_fit_is_for_is_not_guessed(v_init, likely):
    fit = changed(ALL_ACTIVE, "conditions", 0, "v_init", v_init)
    with pytest.raises(DataError) as caught:
        read_biophysical(fit)
    for part in ("axon='truncated' for", "axon='stub' for", "axon='full'", f"axon={likely!r}"):
        assert part in str(caught.value)
    with pytest.raises(DataError, match="axon must be one of stub, truncated, full"):
        read_biophysical(fit, axon="none")


@pytest.mark.parametrize(
    ("document", "axon"),
    [(PERISOMATIC, None), (PERISOMATIC, "full"), (ALL_ACTIVE, "stub"), (ALL_ACTIVE, "truncated")],
)
def test_what_is_written_comes_back_with_its_axon(tmp_path, document, axon):
    cell = read_biophysical(document, axon=axon)
    path = write_biophysical(cell, tmp_path / "model" / "7_fit.json")
    for source in (path, path.parent):
        again = read_biophysical(source)
        assert again.source == str(path)
        assert replace(again, source=cell.source) == cell


def test_what_the_published_dialect_cannot_say_is_kept_too(tmp_path):
    cell = read_biophysical(PERISOMATIC)
    dend = replace(cell.sections["dend"], ra_ohm_cm=80.0, e_pas_mv=-70.0)
    for other in (
        replace(cell, sections={"soma": cell.sections["soma"], "dend": dend}),
        replace(cell, kind="all-active", axon=None),
    ):
        again = read_biophysical(write_biophysical(other, tmp_path / "fit.json"))
        assert replace(again, source=cell.source) == other


def test_the_published_dialects_are_written():
    perisomatic = biophysical_config(read_biophysical(PERISOMATIC))
    assert perisomatic["passive"] == PERISOMATIC["passive"]
    assert perisomatic["fitting"] == PERISOMATIC["fitting"]
    assert perisomatic["conditions"] == PERISOMATIC["conditions"]
    assert {tuple(one.items()) for one in perisomatic["genome"]} == {
        tuple(one.items()) for one in PERISOMATIC["genome"]
    }
    written = biophysical_config(read_biophysical(ALL_ACTIVE, axon="stub"))
    assert written["allentk"] == {"kind": "all-active", "axon": "stub"}
    assert all(isinstance(one["value"], str) for one in written["genome"])
    assert set(written["passive"][0]) == {"ra"}


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({}, "expected a fit with 'genome' and 'conditions', got"),
        (changed(PERISOMATIC, "allentk", 3), "expected 'allentk' to be an object"),
        (changed(PERISOMATIC, "genome", {}), "expected 'genome' to be a list of objects"),
        (changed(PERISOMATIC, "genome", []), "a model needs a soma"),
        (changed(PERISOMATIC, "passive", []), "expected one object in 'passive', got 0"),
        (changed(PERISOMATIC, "passive", 0, "ra", "x"), "expected 'ra' to be a number, got 'x'"),
        (changed(PERISOMATIC, "passive", 0, "ra", True), "expected 'ra' to be a number, got True"),
        (changed(PERISOMATIC, "passive", 0, "ra", 10**400), "expected 'ra' to be a number"),
        (changed(PERISOMATIC, "passive", 0, "ra", -1), "ra_ohm_cm must be positive"),
        (changed(PERISOMATIC, "passive", 0, "cm", []), "'soma' has no cm_uf_per_cm2"),
        (
            changed(PERISOMATIC, "conditions", 0, "erev", 0, "section", "glob"),
            r"expected a section \(soma, axon, dend, apic\), got 'glob'",
        ),
        (
            changed(PERISOMATIC, "conditions", 0, "v_init", None),
            "'v_init' to be a number, got None",
        ),
        (changed(PERISOMATIC, "fitting", 0, "sweeps", "46"), "expected numbers of sweeps"),
        (changed(PERISOMATIC, "fitting", 0, {}), "'junction_potential' to be a number"),
        (changed(PERISOMATIC, "genome", 0, "name", "gbar_NaT"), "a name such as gbar_NaTs"),
        (
            changed(PERISOMATIC, "genome", 0, gene("soma", "gbar_NaX", 1.0, "NaX")),
            "unknown mechanism 'NaX'; there are CaDynamics",
        ),
        (
            changed(PERISOMATIC, "genome", 0, gene("soma", "gmax_NaTs", 1.0, "NaTs")),
            "NaTs has no parameter 'gmax'",
        ),
        (changed(PERISOMATIC, "genome", 0, gene("soma", "g_leak", 1.0)), "genome has 'g_leak'"),
        (
            changed(PERISOMATIC, "genome", 4, gene("soma", "g_pas", 1.0)),
            "'g_pas' of section 'soma' twice",
        ),
        (changed(PERISOMATIC, "allentk", {"axon": "long"}), "axon must be one of"),
    ],
)
def test_a_fit_that_is_none(document, why):
    with pytest.raises(FormatError, match=why):
        read_biophysical(document)


MANIFEST = {
    "biophys": [{"model_file": ["manifest.json", "7_fit.json"]}],
    "runs": [{"sweeps": [46, 8, 7]}],
    "neuron": [{"hoc": ["stdgui.hoc", "import3d.hoc"]}],
    "manifest": [
        {"type": "dir", "spec": ".", "key": "BASEDIR"},
        {"type": "dir", "spec": "work", "key": "WORKDIR", "parent": "BASEDIR"},
        {"type": "file", "spec": "cell.swc", "key": "MORPHOLOGY"},
        {"type": "file", "spec": "cell.marker", "key": "MARKER"},
        {"type": "dir", "spec": "modfiles", "key": "MODFILE_DIR"},
        {"type": "file", "format": "NWB", "spec": "7.nwb", "key": "stimulus_path"},
        {"parent_key": "WORKDIR", "type": "file", "spec": "7.nwb", "key": "output"},
    ],
}


@pytest.fixture
def folder(tmp_path):
    """Make a model's folder from a manifest."""

    def make(manifest=MANIFEST, fit=PERISOMATIC):
        (tmp_path / "7_fit.json").write_text(json.dumps(fit))
        (tmp_path / "manifest.json").write_text(json.dumps(manifest))
        (tmp_path / "modfiles").mkdir(exist_ok=True)
        (tmp_path / "modfiles" / "Ih.mod").write_text("never read")
        return tmp_path

    return make


def test_a_folder_with_a_manifest(folder):
    where = folder()
    found = find_model(where)
    assert found.fit == where / "7_fit.json"
    assert found.morphology == where / "cell.swc"
    assert found.marker == where / "cell.marker"
    assert found.recording == where / "7.nwb"
    assert found.sweeps == (7, 8, 46)
    assert [path.name for path in found.mechanisms] == ["Ih.mod"]
    for source in (where, where / "manifest.json"):
        assert read_biophysical(source).source == str(where / "7_fit.json")


def test_a_manifest_may_say_the_kind_and_the_sweeps_by_type(folder):
    where = folder(
        MANIFEST
        | {
            "biophys": [
                {
                    "model_type": "Biophysical - all active",
                    "model_file": ["manifest.json", "7_fit.json"],
                }
            ],
            "runs": [{"sweeps_by_type": {"Long Square": [9, 5], "Ramp": [2]}}],
        }
    )
    found = find_model(where)
    assert (found.kind, found.sweeps) == ("all-active", (2, 5, 9))
    with pytest.raises(DataError, match="which axon"):
        read_biophysical(where)
    assert read_biophysical(where, axon="full").kind == "all-active"


def test_a_manifest_that_calls_an_all_active_fit_perisomatic(folder):
    entry = {"model_type": "Biophysical - perisomatic", "model_file": "7_fit.json"}
    where = folder(MANIFEST | {"biophys": [entry]}, ALL_ACTIVE)
    with pytest.raises(FormatError, match="is it all-active"):
        read_biophysical(where)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"biophys": 3}, "expected 'biophys' to be a list"),
        ({"biophys": [{"model_file": ["manifest.json"]}]}, "expected one fit"),
        ({"biophys": [{"model_file": ["a.json", "b.json"]}]}, "expected one fit"),
        ({"biophys": [{"model_file": "../../7_fit.json"}]}, "it was not followed"),
        ({"biophys": [{"model_file": "gone.json"}]}, "gone.json"),
        ({"runs": [{"sweeps": ["7"]}]}, "expected numbers of sweeps"),
        ({"manifest": [{"key": "MORPHOLOGY"}]}, "expected 'key' and 'spec'"),
        ({"manifest": [{"key": "MORPHOLOGY", "spec": "/etc/passwd"}]}, "it was not followed"),
        ({"manifest": [{"key": "MORPHOLOGY", "spec": "../x.swc"}]}, "it was not followed"),
    ],
)
def test_a_manifest_that_is_none(folder, changes, why):
    where = folder(MANIFEST | changes)
    with pytest.raises(FormatError, match=why):
        read_biophysical(where)


def test_a_folder_without_a_manifest(tmp_path):
    with pytest.raises(FormatError, match=r"expected a manifest\.json, or one fit"):
        find_model(tmp_path)
    (tmp_path / "fit.json").write_text(json.dumps(PERISOMATIC))
    (tmp_path / "sweeps.json").write_text("[]")
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "cell.swc").write_text("1 1 0 0 0 5 -1\n")
    assert find_model(tmp_path).morphology == tmp_path / "cell.swc"
    (tmp_path / "other_fit.json").write_text(json.dumps(ALL_ACTIVE))
    with pytest.raises(FormatError, match=r"got fit\.json, other_fit\.json; name the file"):
        read_biophysical(tmp_path)
    with pytest.raises(FormatError, match="this is not JSON"):
        read_biophysical(tmp_path / "broken.json")
    with pytest.raises(FormatError, match="there is no such file"):
        read_biophysical(tmp_path / "gone.json")
