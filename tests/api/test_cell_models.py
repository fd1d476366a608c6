"""Models, markers and morphology features of the Cell Types Database, from made-up answers."""

import json
from dataclasses import replace

import pytest

from allentk.api import CellTypes, queries
from allentk.api.cell_columns import EPHYS_FEATURES, MORPHOLOGY_FEATURES, SWEEPS
from allentk.api.rma import file_url, query_url
from allentk.api.transport import Offline
from allentk.errors import DataError, IntegrityError, OfflineError, ServiceError
from allentk.io import biophysical_config
from allentk.models import BiophysicalModel, BiophysicalParameters, SectionParameters

PERISOMATIC, ALL_ACTIVE = 329230710, 491455321
GLIF_3 = 395310475


@pytest.fixture
def cells(replies, tmp_path):
    return CellTypes(transport=replies, cache_dir=tmp_path, progress=False)


@pytest.fixture
def answer(replies, envelope):
    """Let the service answer a query with rows, or a file's URL with bytes."""

    def give(what, rows):
        if isinstance(rows, bytes):
            replies.bodies[file_url(what)] = rows
        else:
            replies.bodies[query_url(what)] = envelope(rows)

    return give


def file_of(identity, kind, path):
    return {
        "id": identity,
        "download_link": f"/api/v2/well_known_file_download/{identity}",
        "path": path,
        "well_known_file_type": {"name": kind},
    }


def model(identity, template, name, files=()):
    mods = ("Ih.mod", "SK.mod", "README.txt")
    return {
        "id": identity,
        "specimen_id": 5,
        "name": f"{name}_cell",
        "neuronal_model_template_id": template,
        "neuronal_model_template": {
            "id": template,
            "name": name,
            "well_known_files": [
                file_of(1, "BiophysicalModelDescription", f"/external/{mod}") for mod in mods
            ],
        },
        "well_known_files": list(files),
    }


def fit_bytes(kind="perisomatic", v_init=-80.0):
    soma = SectionParameters(
        ra_ohm_cm=100,
        cm_uf_per_cm2=1,
        g_pas=1e-4,
        e_pas_mv=v_init,
        mechanisms={"NaTs": {"gbar": 1.1}},
    )
    other = soma if kind == "all-active" else replace(soma, mechanisms={})
    sections = {"soma": soma, "axon": other, "dend": other}
    cell = BiophysicalParameters(
        kind=kind, sections=sections, v_init_mv=v_init, training_sweeps=[46]
    )
    published = biophysical_config(cell)
    del published["allentk"]
    return json.dumps(published).encode()


@pytest.fixture
def with_models(answer):
    """Give cell 5 a GLIF model, two perisomatic ones and an all-active one."""
    files = {
        21: file_of(121, "NeuronalModelParameters", "/prod1/21_fit.json"),
        24: file_of(124, "NeuronalModelParameters", "/prod1/24_fit.json"),
        23: file_of(123, "NeuronalModelParameters", "/prod1/23_fit.json"),
    }
    rows = [
        model(23, ALL_ACTIVE, "Biophysical - all active", [files[23]]),
        model(22, GLIF_3, "3 LIF + Afterspike Currents (LIF-ASC)"),
        model(24, PERISOMATIC, "Biophysical - perisomatic", [files[24]]),
        model(21, PERISOMATIC, "Biophysical - perisomatic", [files[21]]),
        model(20, 7, "a new kind"),
    ]
    answer(queries.models(5), rows)
    for identity, file in files.items():
        answer(queries.model_files(identity), [{"id": identity, "well_known_files": [file]}])
    answer(121, b"never asked for")
    answer(124, fit_bytes())
    answer(123, fit_bytes("all-active", -90.0))
    swc = file_of(8, "3DNeuronReconstruction", "/prod1/cell_m.swc")
    answer(queries.reconstruction(5), [{"neuron_reconstructions": [{"well_known_files": [swc]}]}])
    answer(8, b"1 1 0 0 0 5 -1\n2 3 0 10 0 1 1\n")
    sweep = dict.fromkeys(SWEEPS) | {"specimen_id": 5}
    answer(
        queries.sweep_table(5),
        [sweep | {"id": 9, "sweep_number": 47}, sweep | {"id": 8, "sweep_number": 46}],
    )


def test_every_model_of_a_cell(cells, with_models, replies):
    table = cells.models(5)
    assert table["id"].tolist() == [22, 23, 21, 24, 20]
    assert table["kind"].tolist()[:4] == ["GLIF", "all-active", "perisomatic", "perisomatic"]
    assert table["kind"].isna().tolist() == [False] * 4 + [True]
    assert table["level"].tolist()[0] == 3
    assert table["level"].isna().tolist() == [False] + [True] * 4
    assert table["template"].tolist()[1] == "Biophysical - all active"
    assert table["files"].tolist() == [[], ["23_fit.json"], ["21_fit.json"], ["24_fit.json"], []]
    assert set(table["specimen_id"]) == {5}
    assert table.attrs == {"source": "the test's own service", "synthetic": True}
    cells.models(5)
    assert len(replies.asked) == 1
    cells.models(5, refresh=True)
    assert len(replies.asked) == 2


def test_a_perisomatic_model_and_all_that_belongs_to_it(cells, with_models, replies, tmp_path):
    found = cells.biophysical(5)
    folder = tmp_path / "cell_types" / "specimen_5"
    assert (found.id, found.specimen_id, found.name) == (24, 5, "Biophysical - perisomatic_cell")
    assert (found.parameters.kind, found.parameters.axon) == ("perisomatic", "stub")
    assert found.parameters.sections["soma"].mechanisms == {"NaTs": {"gbar": 1.1}}
    assert found.parameters.training_sweeps == (46,)
    assert found.morphology.total_length_um == 10.0
    assert found.sweep_numbers == (46, 47)
    assert found.mechanism_files == ("Ih.mod", "SK.mod")
    assert found.fit == folder / "biophysical" / "24_fit.json"
    assert found.reconstruction == folder / "reconstruction.swc"
    assert (
        repr(found)
        == "<PublishedBiophysicalModel 24 of specimen 5: perisomatic, 2 nodes, 2 sweeps>"
    )
    assert not any(url.endswith("/1") for url in replies.asked)  # no .mod file was downloaded
    again = CellTypes(cache_dir=tmp_path, transport=Offline(synthetic=True)).biophysical(5)
    assert again.parameters == found.parameters


def test_an_all_active_model_needs_to_be_told_its_axon(cells, with_models):
    with pytest.raises(DataError, match=r"axon='truncated' for .*probably axon='truncated'"):
        cells.biophysical(5, "all-active")
    found = cells.biophysical(5, kind="all-active", axon="truncated")
    assert (found.parameters.kind, found.parameters.axon) == ("all-active", "truncated")


def test_a_model_that_can_be_simulated(cells, with_models):
    published = cells.biophysical(5)
    runnable = cells.biophysical_model(5)
    assert isinstance(runnable, BiophysicalModel)
    assert runnable.parameters == published.parameters
    assert runnable.sections == ("soma", "axon", "dend")
    with pytest.raises(DataError, match=r"axon='truncated' for"):
        cells.biophysical_model(5, kind="all-active")
    assert cells.biophysical_model(5, kind="all-active", axon="stub").parameters.axon == "stub"


def test_fetching_biophysical_models(cells, with_models, tmp_path):
    folder = tmp_path / "cell_types" / "specimen_5" / "biophysical"
    assert cells.fetch(5, what="biophysical") == {
        "all-active": folder / "23_fit.json",
        "perisomatic": folder / "24_fit.json",
    }


def test_a_model_there_is_not(cells, answer):
    answer(queries.models(5), [model(22, GLIF_3, "GLIF")])
    with pytest.raises(DataError, match=r"no published perisomatic model; .* are: none at all"):
        cells.biophysical(5)
    with pytest.raises(DataError, match="kind must be one of perisomatic, all-active"):
        cells.biophysical(5, "glif")
    assert cells.fetch(5, what="biophysical") == {}
    answer(queries.models(6), [])
    with pytest.raises(DataError, match=r"specimen 6: .* has no models of it"):
        cells.models(6)


def test_a_model_whose_file_is_missing_or_no_fit(cells, answer):
    answer(queries.models(5), [model(21, PERISOMATIC, "Biophysical - perisomatic")])
    answer(queries.model_files(21), [])
    with pytest.raises(ServiceError, match="has no file of it"):
        cells.biophysical(5)
    file = file_of(121, "NeuronalModelParameters", "/prod1/21_fit.json")
    answer(queries.model_files(21), [{"id": 21, "well_known_files": [file]}])
    answer(121, b"<html>out of order</html>")
    with pytest.raises(IntegrityError, match="expected JSON, got"):
        cells.biophysical(5)


def test_models_without_an_id_are_not_kept(cells, answer):
    answer(queries.models(5), [model(None, GLIF_3, "GLIF")])
    with pytest.raises(ServiceError, match="'id' of row 0"):
        cells.models(5)
    assert cells.cache.entries() == []


def test_models_of_another_cell_are_not_kept(cells, answer):
    answer(queries.models(5), [model(22, GLIF_3, "GLIF") | {"specimen_id": 6}])
    with pytest.raises(ServiceError, match=r"of this cell only, got some of \[6\]"):
        cells.models(5)
    assert cells.cache.entries() == []


MARKERS = b"##x,y,z,radius,shape,name,comment, color_r,color_g,color_b\n10.1144,5.1144,1.28,0,1,10,,0,0,0\n"


@pytest.fixture
def with_markers(answer):
    """Give a cell a marker file of these bytes, or none."""

    def give(body):
        files = [file_of(31, "3DNeuronMarker", "/prod1/cell.marker")] if body else []
        answer(queries.markers(5), [{"neuron_reconstructions": [{"well_known_files": files}]}])
        if body:
            answer(31, body)

    return give


def test_markers(cells, with_markers, tmp_path):
    with_markers(MARKERS)
    table = cells.markers(5)
    assert table[["x_um", "y_um", "z_um"]].to_numpy().tolist() == [pytest.approx([10.0, 5.0, 1.0])]
    assert table["kind"].tolist() == ["cut dendrite"]
    assert table.attrs == {"source": "the test's own service", "synthetic": True}
    path = tmp_path / "cell_types" / "specimen_5" / "reconstruction.marker"
    assert cells.fetch(5, what="markers") == {"markers": path}


def test_a_cell_without_markers(cells, with_markers):
    with_markers(None)
    with pytest.raises(DataError, match="has no markers of it"):
        cells.markers(5)
    with_markers(b"1 1 0 0 0 5 -1\n")
    with pytest.raises(IntegrityError, match=r"markers of specimen 5.*it was not kept"):
        cells.markers(5)
    assert cells.cache.entries() == []


def features(columns, **values):
    return dict.fromkeys(columns) | values


def test_morphology_features(cells, answer):
    answer(
        queries.morphology_features(),
        [
            features(
                MORPHOLOGY_FEATURES,
                id=7,
                specimen_id=5,
                neuron_reconstruction_type="full",
                total_length=2759.2,
                number_tips=26,
                max_branch_order=10.0,
                tags="3D Neuron Reconstruction morphology",
            )
        ],
    )
    table = cells.morphology_features()
    assert list(table.columns) == sorted(MORPHOLOGY_FEATURES)
    assert table.shape == (1, 28)
    assert table.loc[0, "total_length"] == 2759.2
    assert (table.loc[0, "number_tips"], table.loc[0, "max_branch_order"]) == (26, 10)
    assert table["hausdorff_dimension"].isna().all()


def test_features_side_by_side(cells, answer):
    def ephys(identity, specimen):
        return features(EPHYS_FEATURES, id=identity, specimen_id=specimen, ri=200.0 + specimen)

    def shape(identity, specimen, length):
        return features(MORPHOLOGY_FEATURES, id=identity, specimen_id=specimen, total_length=length)

    answer(queries.ephys_features(), [ephys(1, 6), ephys(2, 5)])
    answer(
        queries.morphology_features(), [shape(12, 5, 30.0), shape(11, 5, 20.0), shape(13, 4, 9.0)]
    )
    merged = cells.all_features()
    assert merged.shape == (1, 56 + 28 - 1)
    assert merged.columns[0] == "specimen_id"
    row = merged.iloc[0]
    assert (row["specimen_id"], row["id_ephys"], row["id_morphology"]) == (5, 2, 12)
    assert (row["ri"], row["total_length"]) == (205.0, 30.0)
    assert merged.attrs == {"source": "the test's own service", "synthetic": True}
    every = cells.all_features(require_reconstruction=False)
    assert every["specimen_id"].tolist() == [6, 5]
    assert every["total_length"].isna().tolist() == [True, False]


def test_every_column_says_what_it_means():
    from allentk.api import cell_columns

    for name in cell_columns.__all__:
        for column, field in getattr(cell_columns, name).items():
            assert field.meaning, (name, column)


def test_offline_names_the_expression(tmp_path):
    offline = CellTypes(cache_dir=tmp_path, offline=True)
    for ask, command in (
        (lambda: offline.models(5), r"allentk.CellTypes\(\).models\(5\)"),
        (lambda: offline.biophysical(5), r"allentk.CellTypes\(\).models\(5\)"),
        (lambda: offline.markers(5), r"allentk.CellTypes\(\).markers\(5\)"),
        (offline.morphology_features, r"allentk.CellTypes\(\).morphology_features\(\)"),
    ):
        with pytest.raises(OfflineError, match=command):
            ask()
