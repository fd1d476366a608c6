"""Published tables and recorded models go through the Cell Types client as live answers would."""

import csv
import json

import numpy as np
import pytest

from allentk import features
from allentk.api import CellTypes, queries
from allentk.api.exchange import Response
from allentk.api.rma import file_url, query_url
from allentk.fitting.biophysical.all_active_bounds import all_active_genes, choose_all_active_style
from allentk.fitting.biophysical.bounds import choose_style, gene_set, template
from allentk.fitting.biophysical.passive import default_passive
from allentk.io import read_nwb, read_swc
from cassettes.make.shapes import morphology_features


class Recorded:
    """A transport that gives recorded rows in the service's envelope, and recorded files."""

    source, synthetic, namespace = "recorded answers", False, ""

    def __init__(self):
        self.bodies = {}

    def answer(self, query, rows):
        envelope = {"success": True, "id": 0, "start_row": 0, "msg": rows}
        self.bodies[query_url(query)] = json.dumps(envelope).encode()

    def file(self, identity, body):
        self.bodies[file_url(identity)] = body

    def get(self, request):
        body = self.bodies[request.url]
        headers = {"content-length": str(len(body))}
        return Response(200, headers, request.url, iter([body]), lambda: None)


@pytest.fixture
def service():
    return Recorded()


@pytest.fixture
def cells(service, tmp_path):
    return CellTypes(cache_dir=tmp_path, transport=service, progress=False)


def table(path):
    """Read a published CSV as the service's JSON would have it."""
    with path.open(newline="") as file:
        return [{k: plain(v) for k, v in row.items() if k} for row in csv.DictReader(file)]


def plain(text):
    if text in ("", "True", "False"):
        return {"": None, "True": True, "False": False}[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


@pytest.fixture
def published(shared, service):
    folder = shared / "cell_types"
    service.answer(queries.cells(), table(folder / "cell_types_specimen_details_2331.csv"))
    service.answer(queries.ephys_features(), table(folder / "ephys_features_2333.csv"))
    service.answer(queries.morphology_features(), table(folder / "morphology_features_402.csv"))


def test_cells_with_models(cells, published):
    # Counts of the table itself; 238 and 107 models are of 250 cells.
    assert len(cells.cells(has_glif=True)) == 1217
    assert len(cells.cells(has_glif=False)) == 1114
    biophysical = cells.cells(has_biophysical=True)
    assert len(biophysical) == 250
    assert biophysical["has_perisomatic"].sum() == 238
    assert biophysical["has_all_active"].sum() == 107
    assert (biophysical["has_perisomatic"] | biophysical["has_all_active"]).all()
    assert len(cells.cells(has_biophysical=True, species="Homo Sapiens")) > 0


def test_a_human_cell_from_the_list_to_the_bounds_of_its_fit(cells, published, shared):
    human = cells.cells(species="Homo Sapiens")
    assert len(human) == 411
    modelled = human[human["has_biophysical"]]
    chosen = modelled.iloc[0]
    row = cells.ephys_features().set_index("specimen_id").loc[chosen["id"]]
    assert 10 < row["ri"] < 500
    recording = read_nwb(shared / "recordings" / "nwb" / "ramp_human_IN1_2018_03_20_0005_a.nwb")
    measured = features.cell(recording)
    assert measured["threshold_v_ramp"] < measured["peak_v_ramp"]
    # Any reconstruction will do: bounds ask it for its sections alone.
    swc = read_swc(shared / "cell_types" / "cell_313862022" / "313862022_m.swc")
    style = choose_style(chosen["dendrite_type"], human=True)
    perisomatic = gene_set(
        style, template(swc, v_rest_mv=row["vrest"] - 14, passive=default_passive(spiny=True))
    )
    high = {gene.name: gene.high for gene in perisomatic}
    assert style == "human"
    assert high["gbar_NaV"] == 5.0
    whole = {g.name: g for g in all_active_genes(choose_all_active_style("spiny", human=True), 2)}
    names = ("gbar_NaV", "gbar_NaV_axon", "gbar_NaV_dend", "gbar_NaV_apic")
    assert [whole[name].high for name in names] == [5.0, 10.0, 0.1, 0.1]


def test_402_reconstructions(cells, published):
    found = cells.morphology_features()
    assert found.shape == (402, 28)
    assert found["specimen_id"].is_unique
    assert found["neuron_reconstruction_type"].value_counts().to_dict() == {
        "dendrite-only": 252,
        "full": 150,
    }
    # A tree: the tips that branch points and stems leave open.
    tips = found["number_bifurcations"] + found["number_stems"]
    assert np.median(np.abs(found["number_tips"] - tips)) <= 1
    assert (found["max_euclidean_distance"] <= found["max_path_distance"]).all()
    # The pixel that markers are off by.
    for axis, size in zip("xyz", (0.1144, 0.1144, 0.28), strict=True):
        assert set(found[f"scale_factor_{axis}"]) == {size}


def test_features_side_by_side(cells, published):
    merged = cells.all_features()
    assert merged["specimen_id"].is_unique
    assert len(merged) == 402
    assert merged.shape[1] == 56 + 28 - 1
    assert merged["ri"].notna().all()
    every = cells.all_features(require_reconstruction=False)
    assert len(every) == 2333
    assert every["total_length"].notna().sum() == 402


@pytest.mark.parametrize(
    ("name", "specimen", "model", "fit"),
    [
        ("cell_313862022", 313862022, 473465456, "473465456_fit.json"),
        ("cell_320207387", 320207387, 329321704, "329321704_fit.json"),
    ],
)
def test_a_recorded_model_with_its_files(shared, service, cells, name, specimen, model, fit):
    folder = shared / "cell_types" / name
    recorded = json.loads((folder / "neuronal_model.json").read_text())
    rows = recorded if isinstance(recorded, list) else [recorded]
    service.answer(queries.models(specimen), rows)
    service.answer(queries.model_files(model), rows)
    service.answer(queries.reconstruction(specimen), [rows[0]["specimen"]])
    service.answer(
        queries.sweep_table(specimen), json.loads((folder / "ephys_sweeps.json").read_text())
    )
    links = {
        file["id"]: path
        for file, path in (
            (rows[0]["well_known_files"][0], folder / fit),
            (
                rows[0]["specimen"]["neuron_reconstructions"][0]["well_known_files"][0],
                next(folder.glob("*.swc")),
            ),
        )
    }
    for identity, path in links.items():
        service.file(identity, path.read_bytes())
    assert cells.models(specimen)["files"].tolist() == [[fit]]
    found = cells.biophysical(specimen)
    assert found.id == model
    assert found.parameters.kind == "perisomatic"
    assert len(found.mechanism_files) == 16
    assert {"Kv3_1.mod", "NaTs.mod", "CaDynamics.mod"} <= set(found.mechanism_files)
    assert set(found.parameters.training_sweeps) <= set(found.sweep_numbers)
    reconstruction = rows[0]["specimen"]["neuron_reconstructions"][0]
    assert found.morphology.n_nodes == reconstruction["number_nodes"]
    mechanisms = {name.removesuffix(".mod") for name in found.mechanism_files}
    assert set(found.parameters.sections["soma"].mechanisms) <= mechanisms


@pytest.mark.parametrize("specimen", [313862022, 320207387])
def test_the_demos_measures_are_the_services(shared, specimen):
    folder = shared / "cell_types" / f"cell_{specimen}"
    recorded = json.loads((folder / "neuronal_model.json").read_text())
    row = (recorded if isinstance(recorded, list) else [recorded])[0]
    published = row["specimen"]["neuron_reconstructions"][0]
    measured = morphology_features(specimen, 1, read_swc(next(folder.glob("*.swc"))))
    told = [
        name
        for name, value in measured.items()
        if value is not None and name not in ("id", "tags", "neuron_reconstruction_type")
    ]
    assert len(told) == 18
    for name in told:
        assert measured[name] == pytest.approx(published[name], rel=1e-5), name
