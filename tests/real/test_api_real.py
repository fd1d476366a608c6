"""Recorded answers of api.brain-map.org go through the same code as live ones."""

import csv
import json

import pytest

from allentk.api import BrainObservatory, CellTypes, queries
from allentk.api.exchange import Response
from allentk.api.links import file_link
from allentk.api.rma import Query, query_url, rows


class Recorded:
    """A transport that gives recorded rows, in the service's envelope."""

    source, synthetic, namespace = "recorded answers", False, ""

    def __init__(self, answers):
        self.answers = answers

    def get(self, request):
        answer = self.answers[request.url]
        if isinstance(answer, list):
            answer = {"success": True, "id": 0, "start_row": 0, "msg": answer}
        body = json.dumps(answer).encode()
        return Response(200, {}, request.url, iter([body]), lambda: None)


def load(path):
    return json.loads(path.read_text())


def table(path):
    """Read a published CSV as the service's JSON would have it."""
    with path.open(newline="") as file:
        return [
            {name: json_value(text) for name, text in row.items() if name}
            for row in csv.DictReader(file)
        ]


def json_value(text):
    if text in ("", "True", "False"):
        return {"": None, "True": True, "False": False}[text]
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


@pytest.fixture
def client(tmp_path):
    def make(kind, answers):
        by_url = {query_url(query): answer for query, answer in answers}
        return kind(cache_dir=tmp_path, transport=Recorded(by_url), progress=False)

    return make


def test_an_envelope_whose_count_is_inflated_by_includes(shared):
    recorded = load(shared / "api" / "rma_472451419_response.json")
    query = Query("NeuronalModel", criteria="[id$eq472451419]")
    found = rows(
        Recorded({query_url(query): recorded}), query, what="model", command="-", progress=False
    )
    assert recorded["total_rows"] == 9440
    assert [row["id"] for row in found] == [472451419]
    in_specimen = [row["specimen"] for row in found]
    assert (
        file_link(in_specimen, "ephys_result", "well_known_files", kind="NWBDownload")
        == "/api/v2/well_known_file_download/491198851"
    )
    assert (
        file_link(
            in_specimen,
            "neuron_reconstructions",
            "well_known_files",
            kind="3DNeuronReconstruction",
        )
        == "/api/v2/well_known_file_download/491459173"
    )
    assert (
        file_link(found, "well_known_files", kind="NeuronalModelParameters")
        == "/api/v2/well_known_file_download/497235805"
    )
    assert file_link(found, "well_known_files", kind="NWBOphys") is None


@pytest.mark.parametrize("model", [314804042, 329321704, 473465456])
def test_recorded_models_have_the_links_that_are_looked_for(shared, model):
    found = load(shared / "api" / f"rma_neuronal_model_{model}.json")
    for path, kind in (
        (("specimen", "neuron_reconstructions", "well_known_files"), "3DNeuronReconstruction"),
        (("well_known_files",), "NeuronalModelParameters"),
    ):
        assert file_link(found, *path, kind=kind).startswith("/api/v2/well_known_file_download/")


def test_216_containers(shared, client):
    recorded = load(shared / "api" / "boc_experiment_containers_216.json")
    observatory = client(BrainObservatory, [(queries.containers(), recorded)])
    found = observatory.containers(include_failed=True)
    assert len(found) == 216
    assert len(observatory.containers()) == 181
    assert set(found["targeted_structure"]) == {
        "VISp",
        "VISl",
        "VISal",
        "VISpm",
        "VISam",
        "VISrl",
    }
    # The passed ones by line and area, as counted independently for the project's notes.
    passed = observatory.containers(cre_line="Cux2-CreERT2")
    counts = passed["targeted_structure"].value_counts()
    assert [counts[f"VIS{area}"] for area in ("al", "am", "l", "p", "pm", "rl")] == [
        11,
        6,
        13,
        16,
        13,
        3,
    ]
    assert found["cre_line"].str.contains("Cre").all()
    assert found["reporter_line"].str.startswith("Ai").all()
    assert found["imaging_depth"].between(100, 700).all()
    assert not found["tags"].map(lambda tags: any("tissuecyte" in tag for tag in tags)).any()


def test_sessions_made_of_the_recorded_containers(shared, client):
    recorded = load(shared / "api" / "boc_experiment_containers_216.json")
    sessions = [
        session
        | {name: container[name] for name in ("specimen", "targeted_structure")}
        | {"experiment_container": {"failed": container["failed"]}}
        for container in recorded
        for session in container["ophys_experiments"]
    ]
    observatory = client(BrainObservatory, [(queries.sessions(), sessions)])
    found = observatory.sessions(include_failed=True)
    assert len(found) == len(sessions) > 600
    assert found["acquisition_age_days"].between(50, 400).all()
    with_gratings = observatory.sessions(stimulus="drifting_gratings", include_failed=True)
    assert set(with_gratings["session_type"]) == {"three_session_A"}


def test_the_metrics_of_a_container(shared, client):
    recorded = table(shared / "observatory" / "apicam_cell_metrics_511510753.csv")
    observatory = client(
        BrainObservatory,
        [(queries.cell_metrics(), {"success": True, "total_rows": 47, "msg": recorded})],
    )
    found = observatory.cell_metrics()
    assert found.shape == (47, 60)
    assert set(found["experiment_container_id"]) == {511510753}
    assert found["osi_sg"].max() == pytest.approx(1.978, abs=5e-4)
    assert found["run_mod_dg"].min() == pytest.approx(-8.94, abs=5e-3)
    assert found["all_stim"].dtype == "boolean"


def test_2331_cells(shared, client):
    recorded = table(shared / "cell_types" / "cell_types_specimen_details_2331.csv")
    cells = client(CellTypes, [(queries.cells(), recorded)])
    found = cells.cells()
    assert len(found) == 2331
    assert len(cells.cells(species="Homo Sapiens")) == 411
    assert len(cells.cells(structure="VISp", species="Mus musculus")) == 1585
    assert len(cells.cells(layer=4)) == 567
    assert len(cells.cells(has_reconstruction=True)) == 338 + 299
    assert len(cells.cells(dendrite_type="aspiny", transgenic_line="Pvalb-IRES-Cre")) > 100
    assert found["reporter_status"].value_counts().to_dict() == {"positive": 1815, "negative": 105}


def test_2333_cells_of_ephys_features(shared, client):
    path = shared / "cell_types" / "ephys_features_2333.csv"
    cells = client(CellTypes, [(queries.ephys_features(), table(path))])
    found = cells.ephys_features()
    with path.open(newline="") as file:
        assert list(found.columns) == next(csv.reader(file))
    assert found.shape == (2333, 56)
    assert found["vrest"].between(-95, -40).all()
    assert not found["has_burst"].any()


@pytest.mark.parametrize(
    ("name", "specimen"),
    [
        ("ephys_sweeps_464212183.json", 464212183),
        ("ephys_sweeps_565871768.json", 565871768),
        ("cell_313862022/ephys_sweeps.json", 313862022),
        ("cell_320207387/ephys_sweeps.json", 320207387),
    ],
)
def test_sweep_tables(shared, client, name, specimen):
    recorded = load(shared / "cell_types" / name)
    cells = client(CellTypes, [(queries.sweep_table(specimen), recorded)])
    found = cells.sweep_table(specimen)
    assert found.shape == (len(recorded), 22)
    assert set(recorded[0]) == set(found.columns)
    assert found["sweep_number"].is_monotonic_increasing
    assert {"Long Square", "Noise 1"} <= set(found["stimulus_name"])
