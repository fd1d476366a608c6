"""allentk network run, on a network of 40 cells."""

import json

import pandas as pd
import pytest

from allentk import responses, simulate
from allentk.io import read_glif, write_glif
from allentk.models import GLIFParameters
from allentk.network import recipes, visual

MODELS = {
    "spiny": GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-72, th_inf_mv=22, t_ref_s=0.004),
    "aspiny": GLIFParameters(level=1, C_pf=60, R_mohm=150, E_L_mv=-68, th_inf_mv=20, t_ref_s=0.002),
}
SMALL = ("--cells", "40", "--repeats", "1", "--seed", "3")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return {name: write_glif(model, folder / f"{name}.json") for name, model in MODELS.items()}


@pytest.fixture
def network(run, files, tmp_path):
    """Run a network of two models into a folder."""

    def ran(*arguments):
        models = ("--excitatory", files["spiny"], "--inhibitory", files["aspiny"])
        return run("network", "run", *models, *SMALL, "--out", tmp_path / "out", *arguments)

    return ran


def test_the_tables_are_the_librarys(network, files, tmp_path):
    result = network("--json", "--quiet")
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    document = json.loads(result.stdout)
    assert document == json.loads((tmp_path / "out" / "run.json").read_text())
    assert document["synthetic"] is False
    built = recipes.patch(
        [read_glif(files["spiny"])], [read_glif(files["aspiny"])], n_cells=40, seed=3
    )
    response = simulate(built, visual.drifting_gratings(n_repeats=1, seed=3), seed=3)
    table = response.presentations.where(temporal_frequency_hz=2.0, keep_blanks=True)
    expected = responses.drifting_gratings(response, table)
    metrics = pd.read_csv(tmp_path / "out" / "metrics.csv").fillna({"notes": ""})
    pd.testing.assert_frame_equal(metrics, expected, check_dtype=False)
    spikes = pd.read_csv(tmp_path / "out" / "spikes.csv")
    counts = spikes.groupby("population").size()
    for population, trains in response.spikes.items():
        assert counts[population] == len(trains)
    presentations = pd.read_csv(tmp_path / "out" / "presentations.csv")
    assert len(presentations) == 18
    rates = {row["population"]: row["mean_rate_hz"] for row in document["rates"]}
    assert rates["L4 Exc"] == pytest.approx(counts["L4 Exc"] / 32 / document["duration_s"])


def test_to_read(network, tmp_path):
    result = network()
    assert "Mean rates over 27.0 s (models)" in result.stdout
    assert "medians over cells" in result.stdout
    assert "Models: 1 excitatory and 1 inhibitory from " in result.stderr
    assert f"Tables are in {tmp_path / 'out'}." in result.stderr


def test_benchmark_reads_what_it_wrote(network, run, tmp_path):
    network("--quiet")
    result = run("benchmark", "run", tmp_path / "out", "--json")
    assert result.exit_code == 0
    assert any(row["scored"] for row in json.loads(result.stdout))


def test_without_models_the_demos_synthetic_ones(run, cells, tmp_path):
    result = run("network", "run", *SMALL, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert "Models: SYNTHETIC, 1 excitatory and 1 inhibitory from a test" in result.stderr
    assert "(synthetic models)" in result.stdout
    assert pd.read_csv(tmp_path / "out" / "metrics.csv")["synthetic"].all()
    assert json.loads((tmp_path / "out" / "run.json").read_text())["synthetic"] is True


def test_models_that_are_not_there(run, tmp_path):
    result = run("network", "run", "--models", tmp_path / "none")
    assert result.exit_code == 2
    assert "does not exist" in result.stderr


def test_a_folder_that_cannot_be_made_is_told_before_the_simulation(run, files, tmp_path):
    models = ("--excitatory", files["spiny"], "--inhibitory", files["aspiny"])
    result = run("network", "run", *models, "--out", files["spiny"] / "below")
    assert result.exit_code == 1
    assert "Simulating" not in result.stderr
    assert "Not a directory" in result.stderr.splitlines()[-1]


def test_one_class_alone(run, files):
    result = run("network", "run", "--excitatory", files["spiny"])
    assert result.exit_code == 1
    assert "there is no inhibitory model" in result.stderr


def test_too_few_cells(run, files):
    result = run("network", "run", "--excitatory", files["spiny"], "--cells", "3")
    assert result.exit_code == 2
    assert "x>=20" in result.stderr
