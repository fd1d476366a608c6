"""The Cell Types Database, from made-up answers."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from allentk.api import CellTypes, queries
from allentk.api.cell_columns import EPHYS_FEATURES, SWEEPS
from allentk.api.rma import file_url, query_url
from allentk.api.transport import Offline
from allentk.errors import DataError, FormatError, IntegrityError, OfflineError, ServiceError
from allentk.io import glif_config
from allentk.models import GLIFParameters

CELL = {
    "specimen__id": 5,
    "specimen__name": "Rorb-1",
    "specimen__hemisphere": "left",
    "donor__species": "Mus musculus",
    "donor__id": 50,
    "donor__disease_state": "",
    "structure_parent__acronym": "VISp",
    "structure_parent__id": 385,
    "structure__layer": "4",
    "line_name": "Rorb-IRES2-Cre",
    "cell_reporter_status": "positive",
    "tag__dendrite_type": "spiny",
    "tag__apical": "intact",
    "nr__reconstruction_type": "full",
    "csl__x": 9000.5,
    "csl__y": 1500,
    "csl__z": None,
    "csl__normalized_depth": None,
    "m__glif": 5,
    "m__biophys": 2,
    "m__biophys_perisomatic": 1,
    "m__biophys_all_active": 1,
}
HUMAN = CELL | {
    "specimen__id": 6,
    "donor__species": "Homo Sapiens",
    "donor__id": None,
    "donor__disease_state": "epilepsy",
    "structure_parent__acronym": "MTG",
    "structure__layer": "2/3",
    "line_name": "",
    "tag__dendrite_type": "aspiny",
    "nr__reconstruction_type": None,
    "m__glif": 0,
    "m__biophys": 0,
    "m__biophys_perisomatic": 0,
    "m__biophys_all_active": None,
}


@pytest.fixture
def cells(replies, tmp_path):
    return CellTypes(transport=replies, cache_dir=tmp_path, progress=False)


@pytest.fixture
def answer(replies, envelope):
    """Let the service answer a query with rows, or a file's URL with bytes."""

    def give(what, rows, **changes):
        if isinstance(rows, bytes):
            replies.bodies[file_url(what)] = rows
        else:
            replies.bodies[query_url(what)] = envelope(rows, **changes)

    return give


def offline(cells, tmp_path):
    return CellTypes(cache_dir=tmp_path, transport=Offline(synthetic=True))


def test_the_table_of_cells(cells, answer, tmp_path):
    answer(queries.cells(), [CELL, HUMAN, CELL])
    table = cells.cells()
    assert list(table.columns)[:4] == ["id", "name", "species", "structure_area_abbrev"]
    assert table["id"].tolist() == [5, 6]
    assert table["id"].dtype == np.int64
    assert table["donor_id"].dtype == "Int64"
    assert table["donor_id"].isna().tolist() == [False, True]
    assert table["transgenic_line"].isna().tolist() == [False, True]
    assert table["has_reconstruction"].tolist() == [True, False]
    assert table["has_reconstruction"].dtype == bool
    assert table["has_glif"].tolist() == [True, False]
    assert table["has_biophysical"].tolist() == [True, False]
    assert table["has_perisomatic"].tolist() == [True, False]
    assert table["has_all_active"].isna().tolist() == [False, True]
    soma = table.loc[0, "cell_soma_location"]
    assert soma[:2] == [9000.5, 1500.0]
    assert math.isnan(soma[2])
    assert table.attrs == {"source": "the test's own service", "synthetic": True}
    assert (tmp_path / "cell_types" / "cells.json").is_file()


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({}, [5, 6]),
        ({"species": "mus musculus"}, [5]),
        ({"species": ["Mus musculus", "Homo Sapiens"]}, [5, 6]),
        ({"structure": "MTG"}, [6]),
        ({"layer": 4}, [5]),
        ({"layer": ("2/3", 4)}, [5, 6]),
        ({"transgenic_line": "Rorb-IRES2-Cre"}, [5]),
        ({"dendrite_type": "aspiny", "layer": 4}, []),
        ({"reporter_status": "positive"}, [5, 6]),
        ({"has_reconstruction": True}, [5]),
        ({"has_reconstruction": False}, [6]),
        ({"has_glif": True}, [5]),
        ({"has_biophysical": False}, [6]),
        ({"structure": pd.Series(["MTG"])}, [6]),
    ],
)
def test_filters(cells, answer, filters, ids):
    answer(queries.cells(), [CELL, HUMAN])
    table = cells.cells(**filters)
    assert table["id"].tolist() == ids
    assert table.index.tolist() == list(range(len(ids)))


def test_a_value_that_occurs_nowhere(cells, answer):
    answer(queries.cells(), [CELL, HUMAN])
    with pytest.raises(
        DataError, match=r"no row has structure_area_abbrev V1; there are: MTG, VISp"
    ):
        cells.cells(structure="V1")
    with pytest.raises(DataError, match="no row has"):
        cells.cells(layer=[])


def test_a_table_is_asked_for_once_and_again_on_demand(cells, answer, replies, tmp_path):
    answer(queries.cells(), [CELL])
    assert cells.cells().shape[0] == 1
    answer(queries.cells(), [CELL, HUMAN])
    assert cells.cells().shape[0] == 1
    assert cells.cells(refresh=True).shape[0] == 2
    assert cells.cells().shape[0] == 2
    assert len(replies.asked) == 2
    assert offline(cells, tmp_path).cells()["id"].tolist() == [5, 6]


def test_a_table_may_be_changed_without_changing_the_next(cells, answer):
    answer(queries.cells(), [CELL])
    first = cells.cells()
    first["id"] = 7
    assert cells.cells()["id"].tolist() == [5]


@pytest.mark.parametrize(
    ("rows", "changes", "why"),
    [
        ([], {}, "no rows at all"),
        ("Data access error", {"success": False}, "Data access error"),
        ([{"specimen__id": 5}], {}, "row 0 lacks cell_reporter_status"),
        ([CELL | {"specimen__id": None}], {}, "'id' of row 0 to be of kind 'id'"),
        ([CELL | {"specimen__id": 5.5}], {}, "'id' of row 0"),
        ([CELL | {"specimen__id": True}], {}, "'id' of row 0"),
        ([CELL, CELL | {"csl__normalized_depth": "deep"}], {}, "'normalized_depth' of row 1"),
        ([CELL | {"csl__normalized_depth": True}], {}, "'normalized_depth'"),
        ([CELL | {"csl__y": "far"}], {}, "'cell_soma_location'"),
        ([CELL | {"line_name": ["a"]}], {}, "'transgenic_line'"),
    ],
)
def test_a_table_that_is_none_is_not_kept(cells, answer, tmp_path, rows, changes, why):
    answer(queries.cells(), rows, **changes)
    with pytest.raises(ServiceError, match=why):
        cells.cells()
    assert not (tmp_path / "cell_types").exists()
    answer(queries.cells(), [CELL])
    assert cells.cells()["id"].tolist() == [5]


def test_a_refresh_that_fails_keeps_the_old_table(cells, answer):
    answer(queries.cells(), [CELL])
    cells.cells()
    answer(queries.cells(), "Data access error", success=False)
    with pytest.raises(ServiceError):
        cells.cells(refresh=True)
    assert cells.cells()["id"].tolist() == [5]


def test_a_cached_table_that_was_changed(cells, answer, tmp_path):
    answer(queries.cells(), [CELL])
    cells.cells()
    path = tmp_path / "cell_types" / "cells.json"
    path.write_bytes(b"[" + path.read_bytes()[1:])
    assert cells.cache.verify() == {"cell_types/cells.json": "changed"}
    with pytest.raises(FormatError, match="refresh=True"):
        CellTypes(cache_dir=tmp_path, transport=Offline(synthetic=True)).cells()


def test_ephys_features(cells, answer):
    row = dict.fromkeys(EPHYS_FEATURES, 1.5) | {
        "id": 1,
        "specimen_id": 5,
        "rheobase_sweep_id": 10,
        "rheobase_sweep_number": 3,
        "thumbnail_sweep_id": None,
        "has_burst": False,
        "has_delay": None,
        "has_pause": "true",
        "tau": None,
    }
    answer(queries.ephys_features(), [row])
    table = cells.ephys_features()
    assert table.shape == (1, 56)
    assert list(table.columns) == sorted(table.columns)
    assert table["specimen_id"].tolist() == [5]
    assert table["thumbnail_sweep_id"].isna().all()
    assert table["has_burst"].tolist() == [False]
    assert table["has_pause"].tolist() == [True]
    assert table["has_delay"].isna().all()
    assert math.isnan(table.loc[0, "tau"])
    assert table.loc[0, "vrest"] == 1.5


def test_the_sweep_table(cells, answer, tmp_path):
    row = dict.fromkeys(SWEEPS) | {"id": 9, "specimen_id": 5, "stimulus_name": "Long Square"}
    answer(queries.sweep_table(5), [row | {"sweep_number": 8}, row | {"sweep_number": 7}])
    table = cells.sweep_table(5)
    assert table["sweep_number"].tolist() == [7, 8]
    assert table["num_spikes"].isna().all()
    assert table.shape[1] == 22
    path = cells.fetch(5, what="sweep_table")["sweep_table"]
    assert path == tmp_path / "cell_types" / "specimen_5" / "ephys_sweeps.json"


def recording_of(specimen, file):
    kinds = (("NWBUncompressed", 1), ("NWBDownload", file))
    files = [
        {
            "id": identity,
            "download_link": f"/api/v2/well_known_file_download/{identity}",
            "well_known_file_type": {"name": name},
        }
        for name, identity in kinds
    ]
    return [{"id": specimen, "ephys_result": {"well_known_files": files}}]


def test_sweeps(cells, answer, replies, nwb_file, tmp_path):
    answer(queries.recording(5), recording_of(5, 77))
    answer(77, nwb_file(5))
    sweeps = cells.sweeps(5)
    path = tmp_path / "cell_types" / "specimen_5" / "ephys.nwb"
    assert sweeps.source == str(path)
    assert sweeps.metadata["specimen_id"] == 5
    assert sweeps.metadata["synthetic"] is True
    assert sweeps[0].voltage_mv[0] == pytest.approx(-70.0)
    assert cells.fetch(np.int64(5), what=["sweeps"]) == {"sweeps": path}
    assert len(replies.asked) == 2
    assert len(offline(cells, tmp_path).sweeps(5)) == 1


def test_a_recording_of_another_cell(cells, answer, nwb_file):
    answer(queries.recording(6), recording_of(6, 77))
    answer(77, nwb_file(5))
    with pytest.raises(
        IntegrityError, match="expected specimen 6, but the file says it is specimen 5"
    ):
        cells.sweeps(6)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{"id": 9, "ephys_result": None}],
        [{"id": 9, "ephys_result": {"well_known_files": []}}],
        [{"id": 9, "ephys_result": {"well_known_files": [{"download_link": None}]}}],
    ],
)
def test_an_unknown_cell(cells, answer, rows):
    answer(queries.recording(9), rows)
    with pytest.raises(DataError, match=r"specimen 9: .* has no recording .*cells\(\) lists"):
        cells.sweeps(9)
    answer(queries.sweep_table(9), [])
    with pytest.raises(DataError, match="has no sweeps"):
        cells.sweep_table(9)
    answer(queries.glif_models(9), [])
    with pytest.raises(DataError, match="has no models"):
        cells.glif(9)
    assert cells.cache.entries() == []


@pytest.mark.parametrize("wrong", ["5", 5.0, None, True, -1])
def test_what_is_no_id(cells, wrong):
    for ask in (cells.sweeps, cells.morphology, cells.glif, cells.sweep_table, cells.fetch):
        with pytest.raises(DataError, match="a specimen id is a whole number"):
            ask(wrong)


def test_a_link_that_leads_elsewhere_is_not_followed(cells, answer, replies):
    rows = recording_of(5, 77)
    for file in rows[0]["ephys_result"]["well_known_files"]:
        file["download_link"] = "https://elsewhere.org/ephys.nwb"
    answer(queries.recording(5), rows)
    with pytest.raises(ServiceError, match="not followed"):
        cells.sweeps(5)
    assert len(replies.asked) == 1


def test_morphology(cells, answer):
    # The type is not always sent along, because the query already asks for it.
    files = [{"id": 8, "download_link": "/api/v2/well_known_file_download/8"}]
    answer(queries.reconstruction(5), [{"neuron_reconstructions": [{"well_known_files": files}]}])
    answer(8, b"1 1 0 0 0 5 -1\n2 3 0 10 0 1 1\n")
    assert cells.morphology(5).total_length_um == 10.0


def test_a_cell_without_reconstruction(cells, answer):
    answer(queries.reconstruction(5), [])
    with pytest.raises(DataError, match="has_reconstruction=True"):
        cells.morphology(5)


@pytest.fixture
def with_models(answer):
    """Give a cell GLIF models: (model id, level)."""
    templates = {level: template for template, level in queries.GLIF_TEMPLATES.items()}

    def give(models):
        listed = [
            {"id": identity, "neuronal_model_template_id": templates[level]}
            for identity, level in models
        ]
        listed.append({"id": 1, "neuronal_model_template_id": 329230710})
        answer(queries.glif_models(5), [{"id": 5, "neuronal_models": listed}])
        for identity, level in models:
            link = f"/api/v2/well_known_file_download/{identity + 1000}"
            files = [
                {
                    "download_link": link,
                    "well_known_file_type": {"name": "NeuronalModelParameters"},
                }
            ]
            answer(queries.glif_config(identity), [{"id": identity, "well_known_files": files}])
            answer(identity + 1000, glif_bytes(level, identity))

    return give


def glif_bytes(level, identity):

    asc = {"asc_amp_pa": (-5.0,), "asc_tau_s": (0.1,)} if level == 3 else {}
    model = GLIFParameters(
        level=level, C_pf=identity, R_mohm=200, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003, **asc
    )
    return json.dumps(glif_config(model)).encode()


def test_published_models(cells, with_models, replies, tmp_path):
    with_models([(21, 1), (23, 3), (22, 3)])
    model = cells.glif(5)
    assert model.level == 3
    assert model.C_pf == pytest.approx(23)
    assert cells.glif(5, 1).C_pf == pytest.approx(21)
    folder = tmp_path / "cell_types" / "specimen_5" / "glif"
    assert cells.fetch(5, what="glif") == {
        "glif1": folder / "21_neuron_config.json",
        "glif3": folder / "23_neuron_config.json",
    }
    assert len(replies.asked) == 5
    assert offline(cells, tmp_path).glif(5, level=1).level == 1


def test_a_level_there_is_not(cells, with_models):
    with_models([(21, 1), (23, 3)])
    with pytest.raises(DataError, match=r"no published GLIF 5; levels there are: 1, 3"):
        cells.glif(5, level=5)
    with_models([])
    with pytest.raises(DataError, match="level must be one of"):
        cells.glif(5, level=6)


def test_a_cell_without_models(cells, with_models):
    with_models([])
    with pytest.raises(DataError, match="levels there are: none at all"):
        cells.glif(5)
    assert cells.fetch(5, what="glif") == {}


def test_a_model_without_an_id_or_a_file(cells, answer, with_models):
    answer(
        queries.glif_models(5), [{"neuronal_models": [{"neuronal_model_template_id": 395310475}]}]
    )
    with pytest.raises(ServiceError, match="a model with an id"):
        cells.glif(5)
    assert cells.cache.entries() == []
    with_models([(23, 3)])
    answer(queries.glif_config(23), [])
    with pytest.raises(ServiceError, match="has no file of it"):
        cells.glif(5)


def test_fetch_knows_what_it_can(cells):
    with pytest.raises(
        DataError, match=r"some of sweeps, morphology, markers, sweep_table, glif, biophysical"
    ):
        cells.fetch(5, what=("sweeps", "brain"))


def test_offline_names_the_command(tmp_path):
    cells = CellTypes(cache_dir=tmp_path, offline=True)
    assert not cells.synthetic
    assert cells.source == "https://api.brain-map.org (offline)"
    for ask, command in (
        (lambda: cells.cells(), "allentk cells"),
        (lambda: cells.sweeps(464212183), "allentk fetch 464212183 --what sweeps"),
        (lambda: cells.glif(464212183), "allentk fetch 464212183 --what glif"),
        (lambda: cells.morphology(464212183), "allentk fetch 464212183 --what morphology"),
    ):
        with pytest.raises(OfflineError, match=command):
            ask()
    assert str(tmp_path) in repr(cells)


def test_the_environment_can_take_it_offline(monkeypatch):
    monkeypatch.setenv("ALLENTK_OFFLINE", "1")
    with pytest.raises(OfflineError, match="ALLENTK_OFFLINE"):
        CellTypes().cells()
    monkeypatch.delenv("ALLENTK_OFFLINE")
    assert CellTypes().source == "https://api.brain-map.org"


def test_fetching_a_morphology(cells, answer, tmp_path):
    files = [{"download_link": "/api/v2/well_known_file_download/8"}]
    answer(queries.reconstruction(5), [{"neuron_reconstructions": [{"well_known_files": files}]}])
    answer(8, b"1 1 0 0 0 5 -1\n")
    path = tmp_path / "cell_types" / "specimen_5" / "reconstruction.swc"
    assert cells.fetch(5, what="morphology") == {"morphology": path}
