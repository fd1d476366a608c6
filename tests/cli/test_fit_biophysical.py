"""allentk fit biophysical."""

import json
import re

import pandas as pd
import pytest

from allentk import report
from allentk.errors import ConfigError
from allentk.fitting.biophysical.objective import Objective
from allentk.fitting.biophysical.verdict import verdict
from allentk.io import read_biophysical_model, write_nwb, write_swc
from tests.fitting.biophysical.small_cell import morphology, recording, targets

QUICK = ("--max-evaluations", "12")
FILES = {
    "manifest.json",
    "fit.json",
    "reconstruction.swc",
    "verdict.json",
    "verdict.csv",
    "result.json",
    "report.html",
    "history.jsonl",
}


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """Return the folder of a recording, a reconstruction and targets of the synthetic cell."""
    folder = tmp_path_factory.mktemp("cell")
    write_nwb(recording(), folder / "cell.nwb")
    write_swc(morphology(), folder / "cell.swc")
    targets().save(folder / "targets.json")
    return folder


@pytest.fixture
def no_page(monkeypatch):
    """Leave the page empty, which takes longer than the tiny search."""

    def empty(_result, path, **_options):
        path.touch()
        return path

    monkeypatch.setattr(report, "write_biophysical_report", empty)


@pytest.fixture
def fit(run, files, tmp_path):
    """Fit the synthetic cell with a tiny search, into a folder."""

    def fitted(*arguments, of="cell.nwb", out=tmp_path / "out"):
        where = ("--swc", files / "cell.swc", "--dendrite-type", "spiny", "--out", out)
        return run("fit", "biophysical", files / of, *where, *QUICK, *arguments)

    return fitted


def test_a_recording_becomes_a_judged_model_in_a_folder(fit, tmp_path):
    result = fit("--figure", "--json")
    assert result.exit_code == 0, result.stderr
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {*FILES, "fit.svg"}
    document = json.loads(result.stdout)
    assert document == json.loads((out / "verdict.json").read_text(encoding="utf-8"))
    assert next(iter(document)) == "held_out"
    assert document["synthetic"] is True
    assert (document["kind"], document["style"]) == ("perisomatic", "pyramidal")
    model = read_biophysical_model(out)
    assert model.parameters.axon == "stub"
    again = verdict(model, targets()).to_dict()
    assert again["held_out"] == pytest.approx(document["held_out"], nan_ok=True)
    table = pd.read_csv(out / "verdict.csv")
    assert table["use"].tolist()[0] == "held out"
    assert table["synthetic"].all()
    assert "is synthetic" in result.stderr
    assert f"report.html are in {out}." in result.stderr
    kept = json.loads((out / "result.json").read_text(encoding="utf-8"))
    assert len(kept["hall_of_fame"]) >= 1
    assert "history" not in kept


def test_what_was_held_out_is_printed_first(fit, no_page):
    result = fit()
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("On the held-out steps")
    assert any(line.split() == ["held", "out", "training"] for line in lines)
    assert "models evaluated; stopped, budget: " in result.stdout
    assert "raise --max-evaluations to look further" in result.stdout
    assert fit("--csv", "--quiet").stdout.startswith("amplitude_pa,use,n_recorded,n_model,")


def test_targets_in_a_file_do_without_a_recording(fit, no_page, tmp_path):
    result = fit("--train", "single", of="targets.json")
    assert result.exit_code == 0, result.stderr
    document = json.loads((tmp_path / "out" / "verdict.json").read_text(encoding="utf-8"))
    # The file says what to train on.
    assert document["training"]["n_steps"] == len(targets().training)


class Interrupting:
    """Ctrl-C at a generation."""

    def __init__(self, at):
        self.at, self.seen, self.real = at, 0, Objective.costs

    def __call__(self, objective, candidates):
        self.seen += 1
        if self.seen == self.at:
            raise KeyboardInterrupt
        return self.real(objective, candidates)


def test_an_interrupted_fit_is_written_and_goes_on(fit, no_page, monkeypatch, tmp_path):
    longer = ("--max-evaluations", "40")
    whole = fit(*longer, "--json", out=tmp_path / "whole")
    broken = tmp_path / "broken"
    stop = Interrupting(at=2)
    with monkeypatch.context() as patch:
        patch.setattr(Objective, "costs", lambda *given: stop(*given))
        first = fit(*longer, "--json", out=broken)
    assert first.exit_code == 130
    assert json.loads(first.stdout)["reason"].startswith("interrupted")
    assert "The same command goes on from here." in first.stderr
    assert {path.name for path in broken.iterdir()} == FILES
    second = fit(*longer, "--json", out=broken)
    assert second.exit_code == 0
    assert "Going on from" in second.stderr
    told = [json.loads(each.stdout) for each in (whole, second)]
    assert told[0] == told[1]
    fitted = [(tmp_path / name / "fit.json").read_text() for name in ("whole", "broken")]
    assert fitted[0] == fitted[1]


def test_a_history_of_another_search_is_refused_and_can_be_left(fit, no_page, tmp_path):
    assert fit().exit_code == 0
    other = fit("--seed", "1")
    assert other.exit_code == 1
    assert "history of another search" in other.stderr
    assert "--no-resume" in other.stderr
    mine = tmp_path / "out" / "history_of_mine.jsonl"
    mine.write_text("not of the search")
    anew = fit("--seed", "1", "--no-resume")
    assert anew.exit_code == 0
    assert mine.exists()
    assert json.loads((tmp_path / "out" / "verdict.json").read_text())["seed"] == 1


def test_what_is_no_matter_of_the_history_does_not_advise_to_leave_it(fit, monkeypatch):
    from allentk.cli import fit_biophysical

    def killed(cell, folder, **options):
        raise ConfigError("a process was killed. A search with history= goes on where it was")

    monkeypatch.setattr(fit_biophysical, "fit_cell", killed)
    result = fit()
    assert result.exit_code == 1
    assert "a process was killed" in result.stderr
    assert "--no-resume" not in result.stderr


def test_the_demo_brings_its_own_reconstruction(run, no_page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("fit", "biophysical", "--demo", "900000001", "--max-evaluations", "5")
    assert result.exit_code == 0, result.stderr
    document = json.loads((tmp_path / "biophysical-900000001" / "verdict.json").read_text())
    assert document["synthetic"] is True
    assert set(document["explained_variance"]) == {"Noise 1", "Noise 2"}
    assert "900000001 is synthetic" in result.stderr


def test_a_human_cell_is_fitted_as_one(fit, no_page, tmp_path):
    assert fit("--human", of="targets.json").exit_code == 0
    document = json.loads((tmp_path / "out" / "verdict.json").read_text())
    assert document["style"] == "human"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--budget", "soon"), 2, "expected a time such as 90s, 10m or 1h, got 'soon'"),
        (("--budget", "0s"), 2, "expected a time"),
        (("--style", "baroque"), 1, "style must be one of"),
        (("--kind", "quantum"), 2, "quantum"),
        (("--swc", "there-is-none.swc"), 1, "there-is-none.swc"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(fit, arguments, code, said):
    result = fit(*arguments)
    assert result.exit_code == code
    assert said in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


def test_a_file_needs_a_reconstruction(run, files):
    result = run("fit", "biophysical", files / "cell.nwb", *QUICK)
    assert result.exit_code == 1
    assert re.search(r"needs the cell's reconstruction, an SWC file \(--swc FILE\)", result.stderr)
    assert run("fit", "biophysical").exit_code == 2


def test_a_budget_is_read_in_seconds_minutes_and_hours(fit, monkeypatch, tmp_path):
    from allentk.cli import fit_biophysical

    asked = []

    def stop(cell, folder, **options):
        asked.append(options["max_seconds"])
        raise KeyboardInterrupt

    monkeypatch.setattr(fit_biophysical, "fit_cell", stop)
    for text in ("90s", "10m", "1.5 h"):
        assert fit("--budget", text).exit_code == 130
    assert asked == [90.0, 600.0, 5400.0]
    assert not (tmp_path / "out" / "fit.json").exists()
