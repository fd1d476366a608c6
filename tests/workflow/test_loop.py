"""A cell that fails costs that cell; a step that cannot be done says why."""

import pytest

import allentk.api
from allentk import workflow
from allentk.errors import ConfigError, DataError, FormatError
from allentk.workflow import loop


@pytest.fixture
def services(tmp_path):
    return allentk.api.demo(cache_dir=tmp_path)


def test_a_cell_that_fails_costs_that_cell(services, monkeypatch):
    real = loop.study_cell
    said = []

    def studied(cells, specimen_id, **kwargs):
        if specimen_id == 900000002:
            raise FormatError("ephys.nwb: the file is cut off")
        return real(cells, specimen_id, **kwargs)

    monkeypatch.setattr(loop, "study_cell", studied)
    studies, left_out = loop._study_all(
        services.cells, [900000002, 900000004], (1,), 0, False, said.append
    )
    assert [study.specimen_id for study in studies] == [900000004]
    assert left_out == {900000002: "ephys.nwb: the file is cut off"}
    assert "900000002 is left out" in said[0]
    with pytest.raises(DataError, match="no spiny"):
        loop._network(studies, 100, 0)


def test_a_study_holds_what_the_report_needs(services):
    study = workflow.study_cell(services.cells, 900000001, levels=(1, 3), progress=False)
    assert study.excitatory
    assert study.model is study.fits[3].model_
    assert set(study.published) == {1, 3}
    assert study.features["specimen_id"] == 900000001
    assert "hold-out GLIF1 0." in repr(study)


def test_a_place_that_cannot_be_written_is_said_before_the_first_cell(services, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="something else stands in its place"):
        loop.run(
            services.cells,
            services.observatory,
            specimen_ids=[],
            session_id=0,
            out=tmp_path / "file" / "out",
        )
