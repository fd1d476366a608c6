import pytest
from numpy.testing import assert_allclose

from allentk.errors import ConfigError, DataError
from allentk.io import write_biophysical_model
from allentk.models import BiophysicalModel, BiophysicalParameters, SectionParameters
from allentk.workflow.network_recipes import _models_in, build_recipe, check_place


def model(g_pas, morphology):
    passive = SectionParameters(ra_ohm_cm=100, cm_uf_per_cm2=1, g_pas=g_pas, e_pas_mv=-80)
    sections = {"soma": passive, "axon": passive, "dend": passive}
    parameters = BiophysicalParameters(
        sections=sections, kind="perisomatic", axon="stub", v_init_mv=-80.0
    )
    return BiophysicalModel(parameters, morphology)


@pytest.fixture
def morphology():
    from allentk.data import Morphology

    xyz = [[0, 0, 0], [0, 30, 0], [0, 60, 0]]
    return Morphology([1, 2, 3], [1, 3, 3], xyz, [6, 1, 1], [-1, 0, 1])


def test_biophysical_models_of_a_folder_are_named_by_its_folders(tmp_path, morphology):
    for name, g_pas in (("exc", 1e-5), ("i4Pvalb", 2e-5)):
        write_biophysical_model(model(g_pas, morphology), tmp_path / name)
    found = _models_in(tmp_path)
    assert list(found) == ["exc", "i4Pvalb"]
    assert_allclose([one.parameters.sections["soma"].g_pas for one in found.values()], [1e-5, 2e-5])


def test_a_folder_without_models_says_what_was_expected(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ConfigError, match="a folder of a biophysical model for each of 'exc'"):
            build_recipe("v1", {"cells": "biophysical", "models": folder})


def test_models_are_for_biophysical_cells_only(tmp_path, morphology):
    write_biophysical_model(model(1e-5, morphology), tmp_path / "exc")
    with pytest.raises(DataError, match="cells='biophysical'"):
        build_recipe("v1", {"models": tmp_path, "scale": 0.001})


def test_a_file_above_the_place_is_said_before_the_network_is_built(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"file/a/b: .*file is a file"):
        check_place(tmp_path / "file" / "a" / "b")
    check_place(tmp_path / "a" / "b")
