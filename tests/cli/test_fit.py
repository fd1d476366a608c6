"""allentk fit glif."""

import json

import pandas as pd
import pytest

from allentk.data import SweepSet
from allentk.errors import FitError
from allentk.fitting import GLIFFitter
from allentk.io import read_glif

QUICK = ("--max-evaluations", "0")


@pytest.fixture
def fit(run, cells, tmp_path):
    """Fit the known cell without a search, into a folder."""

    def fitted(*arguments, out=tmp_path / "out"):
        return run("fit", "glif", "--demo", "485909730", *QUICK, "--out", out, *arguments)

    return fitted


def test_the_model_is_the_librarys(fit, recording, tmp_path):
    result = fit("--levels", "1", "--json")
    assert result.exit_code == 0
    expected = GLIFFitter(1, max_evaluations=0).fit(recording)
    model = read_glif(tmp_path / "out" / "glif1" / "neuron_config.json")
    assert model.C_pf == pytest.approx(expected.model_.C_pf)
    assert model.th_inf_mv == pytest.approx(expected.model_.th_inf_mv)
    document = json.loads(result.stdout)
    assert document == json.loads((tmp_path / "out" / "scores.json").read_text())
    assert document["synthetic"] is True
    assert document["dendrite_type"] == "spiny"
    (level,) = document["levels"]
    assert level["ratio"] == pytest.approx(expected.score(recording))
    assert level["held_out"] is True
    assert level["file"] == "glif1/neuron_config.json"


def test_scores_to_read_and_to_go_on_with(fit, tmp_path):
    result = fit()
    assert result.exit_code == 0
    assert "hold-out ratio" in result.stdout
    assert "data's reliability" in result.stdout
    assert "stopped, direct: every number came from a regression" in result.stdout
    assert f"Models and scores are in {tmp_path / 'out'}." in result.stderr
    table = pd.read_csv(tmp_path / "out" / "scores.csv")
    assert table["level"].tolist() == [1, 3]
    assert table["synthetic"].all()


def test_what_was_not_held_out_is_not_called_so(fit, recording, cells):
    cells.recording = recording.where(stimulus="Noise 1")
    result = fit("--levels", "1")
    assert result.exit_code == 0
    assert "hold-out" not in result.stdout
    assert "nothing was held out" in " ".join(result.stdout.split())


def test_a_level_that_fails_costs_that_level(fit, recording, cells, tmp_path):
    short = recording.where(stimulus="Long Square", number=[0])
    cells.recording = SweepSet([short[0]], source="one step", metadata=recording.metadata)
    result = fit("--levels", "1,3", "--csv")
    assert result.exit_code == 1
    assert "GLIF 1, not fitted: " in result.stderr
    assert "Scores are in " in result.stderr
    assert result.stderr.endswith("Error: 2 of 2 levels were not fitted: GLIF 1, GLIF 3\n")
    assert len(result.stdout.splitlines()) == 3
    assert not list(tmp_path.glob("out/glif*"))


def test_a_model_without_a_score_is_kept(fit, monkeypatch, tmp_path):
    def evaluate(self, sweeps):
        raise FitError("no spikes")

    monkeypatch.setattr(GLIFFitter, "evaluate", evaluate)
    result = fit("--levels", "1")
    assert result.exit_code == 0
    assert "GLIF 1, not scored: no spikes" in result.stderr
    assert "direct" in result.stdout
    assert (tmp_path / "out" / "glif1" / "neuron_config.json").is_file()


def test_nothing_is_printed_to_read_where_nothing_was_fitted(fit, monkeypatch):
    def refuse(self, sweeps):
        raise FitError("too short")

    monkeypatch.setattr(GLIFFitter, "fit", refuse)
    result = fit()
    assert result.exit_code == 1
    assert result.stdout == ""


def test_a_level_that_is_not_fitted(fit):
    result = fit("--levels", "5")
    assert result.exit_code == 1
    assert "GLIFFitter fits the levels (1, 3), got 5" in result.stderr


@pytest.mark.parametrize("given", ["one", "1;3", ""])
def test_levels_are_numbers(fit, given):
    result = fit("--levels", given)
    assert result.exit_code == 2
    assert "expected numbers such as 1,3" in result.stderr


def test_voltage_clamp_says_why(run, nwb1):
    result = run("fit", "glif", nwb1(sweeps=()))
    assert result.exit_code == 1
    assert "none of the 1 sweeps was recorded in current clamp" in result.stderr


def test_the_folder_is_named_after_the_cell(run, cells, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("fit", "glif", "--demo", "485909730", *QUICK, "--levels", "1").exit_code == 0
    assert (tmp_path / "glif-485909730" / "scores.csv").is_file()
