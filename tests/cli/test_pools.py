"""Which models a network is made of."""

import json

import pytest

from allentk.cli.pools import pools
from allentk.errors import ConfigError, DataError, FormatError
from allentk.io import write_glif
from allentk.models import GLIFParameters

BASE = {"R_mohm": 200.0, "E_L_mv": -72.0, "th_inf_mv": 22.0, "t_ref_s": 0.004}
LIF = GLIFParameters(level=1, C_pf=100.0, **BASE)
ASC = GLIFParameters(level=3, C_pf=90.0, **BASE, asc_amp_pa=(-8.0,), asc_tau_s=(0.1,), asc_r=(1.0,))


@pytest.fixture
def fitted(tmp_path):
    """Write the folder that fit glif leaves for one cell."""

    def write(name, dendrites, *, synthetic=False, levels=(1, 3), file=None):
        folder = tmp_path / "fits" / name
        rows = []
        for level in levels:
            model = LIF if level == 1 else ASC
            write_glif(model, folder / f"glif{level}" / "neuron_config.json")
            rows.append({"level": level, "file": file or f"glif{level}/neuron_config.json"})
        rows.append({"level": 5, "file": None})
        document = {"dendrite_type": dendrites, "synthetic": synthetic, "levels": rows}
        (folder / "scores.json").write_text(json.dumps(document))
        return tmp_path / "fits"

    return write


def test_fits_are_sorted_by_dendrites_and_the_highest_level_counts(fitted):
    fitted("one", "spiny")
    fitted("two", "spiny", levels=(1,))
    found = pools([fitted("three", "aspiny")])
    assert [model.level for model in found.excitatory] == [3, 1]
    assert [model.C_pf for model in found.inhibitory] == pytest.approx([90.0])
    assert found.synthetic is False


def test_one_synthetic_fit_makes_all_synthetic(fitted):
    fitted("one", "spiny", synthetic=True)
    found = pools([fitted("two", "aspiny")])
    assert found.synthetic is True
    assert str(found).startswith("SYNTHETIC, 1 excitatory and 1 inhibitory from ")


def test_files_and_folders_of_models(tmp_path):
    write_glif(LIF, tmp_path / "a" / "1_neuron_config.json")
    write_glif(ASC, tmp_path / "a" / "2_neuron_config.json")
    file = write_glif(ASC, tmp_path / "b.json")
    found = pools(excitatory=[tmp_path / "a"], inhibitory=[file, file])
    assert [model.level for model in found.excitatory] == [1, 3]
    assert len(found.inhibitory) == 2
    assert found.sources == [str(tmp_path / "a"), str(file), str(file)]


def test_a_fit_may_be_named_by_its_class(fitted):
    folder = fitted("one", None)
    found = pools(excitatory=[folder], inhibitory=[folder / "one" / "glif1" / "neuron_config.json"])
    assert [model.level for model in found.excitatory] == [3]
    assert [model.level for model in found.inhibitory] == [1]


def test_a_fit_whose_class_is_not_told(fitted):
    with pytest.raises(ConfigError, match=r"expected a spiny or aspiny cell.*--excitatory"):
        pools([fitted("one", None)])


def test_models_without_scores(tmp_path):
    write_glif(LIF, tmp_path / "neuron_config.json")
    with pytest.raises(ConfigError, match=r"with scores\.json.*--excitatory and --inhibitory"):
        pools([tmp_path])


def test_one_class_is_missing(fitted):
    with pytest.raises(ConfigError, match=r"no inhibitory model in .*--inhibitory.*aspiny"):
        pools([fitted("one", "spiny")])
    with pytest.raises(ConfigError, match=r"no excitatory model in .*--excitatory.*spiny"):
        pools([], inhibitory=[fitted("one", "spiny")])


def test_an_empty_folder(tmp_path):
    with pytest.raises(FormatError, match=r"expected a folder with neuron_config\.json"):
        pools(excitatory=[tmp_path])


@pytest.mark.parametrize("content", ["no json", "[]", '{"levels": 3, "synthetic": 1}', "{}"])
def test_scores_that_are_none(tmp_path, content):
    (tmp_path / "scores.json").write_text(content)
    with pytest.raises(FormatError, match="expected the scores of allentk fit glif"):
        pools([tmp_path])


def test_scores_name_no_file_outside_their_folder(fitted, tmp_path):
    write_glif(LIF, tmp_path / "elsewhere.json")
    with pytest.raises(FormatError, match="names a file outside its folder"):
        pools([fitted("one", "spiny", file="../../elsewhere.json")])


def test_the_demos_cells_without_a_model_are_left_out(cells, monkeypatch):
    def glif(specimen_id, level):
        assert level == 3
        if specimen_id == 2:
            raise DataError("no published GLIF 3")
        return ASC

    monkeypatch.setattr(cells, "glif", glif)
    found = pools()
    assert (found.excitatory, found.inhibitory) == ([ASC], [])
    assert found.synthetic is True
