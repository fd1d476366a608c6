"""The demo's cells answer the client's further questions: shapes, models, markers."""

import pytest

from allentk.api import demo
from allentk.errors import DataError
from cassettes.make.truth import CELLS

IDS = [cell.specimen_id for cell in CELLS]


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    return demo(cache_dir=tmp_path_factory.mktemp("cache")).cells


def test_shapes_are_those_of_the_reconstructions(cells):
    table = cells.morphology_features().set_index("specimen_id")
    assert list(table.index) == IDS
    for specimen, row in table.iterrows():
        shape = cells.morphology(specimen)
        assert row["number_nodes"] == shape.n_nodes
        assert row["total_length"] == pytest.approx(shape.segment_length_um.sum(), rel=1e-8)
        # Every branch point has two children, so tips, stems and branch points are one sum.
        assert row["number_tips"] == row["number_stems"] + row["number_bifurcations"] - 1
        assert row["number_branches"] == row["number_tips"] + row["number_bifurcations"] - 1
        assert row["max_euclidean_distance"] <= row["max_path_distance"]


def test_features_side_by_side(cells):
    table = cells.all_features()
    assert table["specimen_id"].tolist() == IDS
    assert table.attrs["synthetic"]
    assert table[["ri", "total_length"]].notna().all().all()


def test_models_are_those_of_the_table_of_cells(cells):
    counts = cells.cells().set_index("id")["has_glif"]
    for cell in CELLS:
        assert counts[cell.specimen_id] == bool(cell.published)
        if cell.published:
            table = cells.models(cell.specimen_id)
            assert table["level"].tolist() == list(cell.published)
            assert set(table["kind"]) == {"GLIF"}
            assert cells.glif(cell.specimen_id, level=3).source.endswith(
                f"glif/{table['id'].iloc[-1]}_neuron_config.json"
            )
        else:
            with pytest.raises(DataError, match="has no models of it"):
                cells.models(cell.specimen_id)


def test_what_the_demo_says_it_has_not(cells):
    with pytest.raises(DataError, match="has no markers of it"):
        cells.markers(IDS[0])
    with pytest.raises(DataError, match="no published perisomatic model"):
        cells.biophysical(IDS[0])
    assert not cells.cells()["has_biophysical"].any()
