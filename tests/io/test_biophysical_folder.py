"""Whole biophysical cells in folders; the cells are synthetic."""

import json

import numpy as np
import pytest

from allentk.data import Morphology
from allentk.errors import ConfigError, DataError, FormatError
from allentk.io import (
    find_model,
    read_biophysical_model,
    write_biophysical,
    write_biophysical_model,
    write_swc,
)
from allentk.models import BiophysicalModel, BiophysicalParameters, SectionParameters

PASSIVE = SectionParameters(ra_ohm_cm=100, cm_uf_per_cm2=1, g_pas=1e-4, e_pas_mv=-80)
SOMA = SectionParameters(
    ra_ohm_cm=100, cm_uf_per_cm2=1, g_pas=1e-4, e_pas_mv=-80, ena_mv=53, ek_mv=-107,
    mechanisms={"NaTs": {"gbar": 1.1}, "CaDynamics": {"gamma": 0.01, "decay_s": 0.3}},
)  # fmt: skip
CELL = Morphology(
    [3, 7, 8], [1, 3, 2], [[0, 0, 0], [0, 10.25, 0], [0, 0, 0.1]], [5, 1 / 3, 1], [-1, 0, 0]
)


def model(kind="perisomatic", axon="stub"):
    sections = {"soma": SOMA, "axon": PASSIVE, "dend": PASSIVE}
    return BiophysicalModel(
        BiophysicalParameters(kind=kind, v_init_mv=-80, axon=axon, sections=sections), CELL
    )


@pytest.mark.parametrize(
    ("kind", "axon"), [("perisomatic", "stub"), ("all-active", "truncated"), ("all-active", "full")]
)
def test_what_is_written_reads_back(tmp_path, kind, axon):
    written = model(kind, axon)
    manifest = write_biophysical_model(written, tmp_path / "cell")
    found = find_model(tmp_path / "cell")
    assert (found.fit.name, found.morphology.name) == ("fit.json", "reconstruction.swc")
    assert found.kind == kind
    for place in (tmp_path / "cell", manifest):
        again = read_biophysical_model(place)
        assert again.parameters.to_dict() | {"source": ""} == written.parameters.to_dict()
        for name in ("id", "type", "xyz_um", "radius_um", "parent"):
            np.testing.assert_array_equal(getattr(again.morphology, name), getattr(CELL, name))


def test_the_axon_can_be_named(tmp_path):
    write_biophysical_model(model(), tmp_path)
    assert read_biophysical_model(tmp_path, axon="full").parameters.axon == "full"


def test_a_fit_that_does_not_say_its_axon(tmp_path):
    write_biophysical_model(model("all-active", "full"), tmp_path)
    fit = json.loads((tmp_path / "fit.json").read_text())
    del fit["allentk"]
    (tmp_path / "fit.json").write_text(json.dumps(fit))
    with pytest.raises(DataError, match="which axon"):
        read_biophysical_model(tmp_path)


def test_which_reconstruction(tmp_path):
    write_biophysical(model().parameters, tmp_path / "one_fit.json")
    with pytest.raises(
        FormatError, match=r"expected one reconstruction .* got no SWC file; give morph"
    ):
        read_biophysical_model(tmp_path)
    first = write_swc(CELL, tmp_path / "a.swc")
    assert read_biophysical_model(tmp_path).morphology.n_nodes == 3
    write_swc(CELL, tmp_path / "b.swc")
    with pytest.raises(FormatError, match=r"got a\.swc, b\.swc; give morphology="):
        read_biophysical_model(tmp_path)
    assert read_biophysical_model(tmp_path, morphology=first).morphology.source == str(first)


def test_a_file_that_is_not_there_is_told_of_once(tmp_path):
    with pytest.raises(FormatError, match=r"there is no such file") as caught:
        read_biophysical_model(tmp_path / "none.json")
    assert "not JSON" not in str(caught.value)


def test_folders_named_like_a_fit_are_passed_over(tmp_path):
    write_biophysical(model().parameters, tmp_path / "one_fit.json")
    write_swc(CELL, tmp_path / "a.swc")
    (tmp_path / "results.json").mkdir()
    assert read_biophysical_model(tmp_path).morphology.n_nodes == 3


def renamed(folder, spec):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["manifest"][1]["spec"] = spec
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("spec", ["a\0.swc", "a" * 5000, "loop.swc"])
def test_names_that_are_none(tmp_path, spec):
    write_biophysical_model(model(), tmp_path)
    (tmp_path / "loop.swc").symlink_to("loop.swc")
    renamed(tmp_path, spec)
    with pytest.raises(FormatError, match=r"manifest\.json") as caught:
        read_biophysical_model(tmp_path)
    assert len(str(caught.value)) < 500


def test_nothing_outside_the_folder_is_read(tmp_path):
    write_swc(CELL, tmp_path / "outside.swc")
    write_biophysical_model(model(), tmp_path / "cell")
    (tmp_path / "cell" / "link.swc").symlink_to(tmp_path / "outside.swc")
    for spec in ("../outside.swc", str(tmp_path / "outside.swc"), "link.swc"):
        renamed(tmp_path / "cell", spec)
        with pytest.raises(FormatError, match="expected files inside its folder"):
            read_biophysical_model(tmp_path / "cell")


def test_a_reconstruction_that_was_not_fetched(tmp_path):
    write_biophysical_model(model(), tmp_path)
    (tmp_path / "reconstruction.swc").unlink()
    with pytest.raises(
        FormatError, match=r"reconstruction\.swc: the manifest names .* no such file"
    ):
        read_biophysical_model(tmp_path)


def test_a_failed_write_leaves_the_last_model(tmp_path, monkeypatch):
    write_biophysical_model(model(), tmp_path)
    before = (tmp_path / "manifest.json").read_bytes()

    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", broken)
    monkeypatch.setattr("pathlib.Path.replace", broken)
    with pytest.raises(ConfigError, match="disk is full"):
        write_biophysical_model(model("all-active", "full"), tmp_path)
    assert (tmp_path / "manifest.json").read_bytes() == before
    assert read_biophysical_model(tmp_path).parameters.kind == "perisomatic"
