"""allentk fit glif."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from allentk.cli import fit as cli_fit
from allentk.cli import fit_many as verb
from allentk.cli.pools import pools
from allentk.data import SweepSet
from allentk.errors import FitError
from allentk.fitting import GLIFFitter, fit_levels
from allentk.fitting.levels import LEVELS
from allentk.io import read_glif
from allentk.workflow import fit_batch
from allentk.workflow import fit_levels as levels_of
from tests.workflow.conftest import noise_cell, write_noise_cell

QUICK = ("--max-evaluations", "0")


@pytest.fixture(scope="session")
def noise():
    """Return a short recording of noise of a known cell."""
    about = {"specimen_id": 485909730, "dendrite_type": "spiny", "synthetic": True}
    return SweepSet(list(noise_cell()), source="a known cell (synthetic)", metadata=about)


@pytest.fixture
def fit(run, cells, noise, tmp_path):
    """Fit the known cell without a search, into a folder."""
    cells.recording = noise

    def fitted(*arguments, out=tmp_path / "out"):
        return run("fit", "glif", "--demo", "485909730", *QUICK, "--out", out, *arguments)

    return fitted


def test_the_model_is_the_librarys(fit, noise, tmp_path):
    result = fit("--levels", "1", "--json")
    assert result.exit_code == 0
    expected = GLIFFitter(1, max_evaluations=0, progress=False).fit(noise)
    model = read_glif(tmp_path / "out" / "glif1" / "neuron_config.json")
    assert model.C_pf == pytest.approx(expected.model_.C_pf)
    assert model.th_inf_mv == pytest.approx(expected.model_.th_inf_mv)
    document = json.loads(result.stdout)
    assert document == json.loads((tmp_path / "out" / "scores.json").read_text())
    assert document["synthetic"] is True
    assert document["dendrite_type"] == "spiny"
    (level,) = document["levels"]
    assert level["ratio"] == pytest.approx(expected.score(noise))
    assert level["held_out"] is True
    assert level["file"] == "glif1/neuron_config.json"


def test_all_levels_are_fitted_at_once_and_one_is_chosen(fit, noise, tmp_path):
    result = fit("--json")
    assert result.exit_code == 0
    found = fit_levels(noise, max_evaluations=0, progress=False)
    document = json.loads(result.stdout)
    assert document["chosen"] == found.chosen
    for row in document["levels"]:
        expected = found.fits[row["level"]]
        assert row["chosen"] is (row["level"] == found.chosen)
        assert row["cv_score"] == pytest.approx(expected.cv_score)
        assert row["aic"] == pytest.approx(expected.aic)
    assert len(pools(excitatory=[tmp_path / "out"], inhibitory=[tmp_path / "out"]).excitatory) == 1


def test_scores_to_read_and_to_go_on_with(fit, noise, tmp_path):
    result = fit("--levels", "1,3")
    assert result.exit_code == 0
    text = " ".join(result.stdout.split())
    for heading in ("hold-out ratio", "data's reliability", "cross-validated", "AIC", "BIC"):
        assert heading in text
    chosen = fit_levels(noise, (1, 3), max_evaluations=0, progress=False).chosen
    (marked,) = [line for line in result.stdout.splitlines() if "  chosen  " in line][1:]
    assert marked.split()[0] == str(chosen)
    assert f"GLIF {chosen} is chosen: it predicts best what was held out" in text
    assert "The smallest AIC has GLIF" in text
    assert "stopped, direct: every number came from" in text
    assert f"Models and scores are in {tmp_path / 'out'}." in result.stderr
    table = pd.read_csv(tmp_path / "out" / "scores.csv")
    assert table["level"].tolist() == [1, 3]
    assert table["synthetic"].all()


def test_what_was_not_held_out_is_not_called_so(fit, noise, cells):
    cells.recording = noise.where(stimulus="Noise 1")
    result = fit("--levels", "1")
    assert result.exit_code == 0
    assert "hold-out" not in result.stdout
    assert "nothing was held out" in " ".join(result.stdout.split())


def test_stimuli_may_have_other_names(fit, noise, cells, tmp_path):
    names = {"Noise 1": "pink", "Noise 2": "frozen"}
    own = [replace(sweep, stimulus=names[sweep.stimulus]) for sweep in noise]
    cells.recording = SweepSet(own, source="mine", metadata=noise.metadata)
    named = fit("--levels", "1", "--train", "pink", "--test", "frozen")
    assert "hold-out ratio" in named.stdout
    plain = fit("--levels", "1,3")
    assert plain.stderr.count("No sweep is named 'Noise 1' or 'Noise 2'") == 1
    assert "Note, GLIF 1, 3: No sweep" in plain.stderr
    assert "no sweeps of both --train and --test" in plain.stdout
    alone = fit("--levels", "1", "--train", "pink", "--test", "fruzen")
    assert "or --test" in alone.stderr
    assert "nothing was held out: there is no score" in alone.stdout


def test_a_level_that_there_is_not_is_said_before_anything_is_read(run):
    result = run("fit", "glif", "none.nwb", "--levels", "1,4-7")
    assert result.exit_code == 2
    assert "GLIF levels are 1 to 5, got 6, 7" in result.stderr


def test_levels_are_those_of_the_library():
    assert cli_fit.LEVELS == LEVELS


def test_a_place_that_cannot_be_written_is_said_before_the_fit(run, cells, tmp_path, monkeypatch):
    monkeypatch.setattr(levels_of, "fit_levels", None)
    (tmp_path / "file").touch()
    result = run("fit", "glif", "--demo", "485909730", "--out", tmp_path / "file" / "out")
    assert result.exit_code == 1
    assert "something else stands in its place" in result.stderr


def test_without_folds_the_bic_chooses(fit, monkeypatch):
    real = fit_levels

    def unfolded(*args, **options):
        found = real(*args, **options)
        fits = {k: replace(each, cv_score=float("nan")) for k, each in found.fits.items()}
        return type(found)(fits, {}, found.levels)

    monkeypatch.setattr(levels_of, "fit_levels", unfolded)
    result = fit("--levels", "1,3")
    assert "is chosen: it has the smallest BIC; the recording is too short" in result.stdout


def test_a_recording_that_cannot_be_fitted_says_so_of_each_level(fit, recording, cells, tmp_path):
    short = recording.where(stimulus="Long Square", number=[0])
    cells.recording = SweepSet([short[0]], source="one step", metadata=recording.metadata)
    result = fit("--levels", "1,3", "--csv")
    assert result.exit_code == 1
    assert "GLIF 1, not fitted: " in result.stderr
    assert "Scores are in " in result.stderr
    assert result.stderr.endswith("Error: 2 of 2 levels were not fitted: GLIF 1, GLIF 3\n")
    assert len(result.stdout.splitlines()) == 3
    assert not list(tmp_path.glob("out/glif*"))


def test_a_level_that_fails_costs_that_level(fit, monkeypatch, tmp_path):
    real = fit_levels

    def without_three(*args, **options):
        found = real(*args, **options)
        return type(found)({1: found.fits[1]}, {3: FitError("too few")}, found.levels)

    monkeypatch.setattr(levels_of, "fit_levels", without_three)
    result = fit("--levels", "1,3")
    assert result.exit_code == 1
    assert "GLIF 3, not fitted: too few" in result.stderr
    assert result.stderr.endswith("Error: 1 of 2 levels were not fitted: GLIF 3\n")
    assert "GLIF 1 is chosen" in result.stdout
    assert [path.name for path in tmp_path.glob("out/glif*")] == ["glif1"]


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
    def refuse(*args, **options):
        raise FitError("too short")

    monkeypatch.setattr(levels_of, "fit_levels", refuse)
    result = fit("--figure")
    assert result.exit_code == 1
    assert result.stdout == ""


def test_the_published_pipeline(fit, monkeypatch):
    asked = []

    def published(self, sweeps):
        asked.append((self.level, self.method))
        (self.result_,) = fit_levels(sweeps, (1,), max_evaluations=0, progress=False).fits.values()
        return self

    monkeypatch.setattr(GLIFFitter, "fit", published)
    result = fit("--levels", "1-2", "--method", "teeter2018")
    assert asked == [(1, "teeter2018"), (2, "teeter2018")]
    assert "No level is chosen" in result.stdout


def test_the_fit_is_drawn(fit, tmp_path):
    result = fit("--levels", "1,3", "--figure")
    assert result.exit_code == 0
    drawn = (tmp_path / "out" / "fit.svg").read_text()
    assert drawn.startswith("<?xml")
    for text in ("SYNTHETIC", "is chosen", "Noise 2, not used for the fit"):
        assert text in drawn


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1-5", (1, 2, 3, 4, 5)),
        ("1,3", (1, 3)),
        ("1-3, 5", (1, 2, 3, 5)),
        ("3,1-3", (3, 1, 2)),
    ],
)
def test_levels_are_numbers_and_ranges(fit, monkeypatch, given, expected):
    asked = []

    def keep(sweeps, levels, **options):
        asked.append(levels)
        raise FitError("kept")

    monkeypatch.setattr(levels_of, "fit_levels", keep)
    fit("--levels", given)
    assert asked == [expected]


@pytest.mark.parametrize("given", ["one", "1;3", "", "3-1", "1-", "1-9999999999"])
def test_what_are_no_levels(fit, given):
    result = fit("--levels", given)
    assert result.exit_code == 2
    assert "expected numbers such as 1-5 or 1,3" in result.stderr


def test_voltage_clamp_says_why(run, nwb1):
    result = run("fit", "glif", nwb1(sweeps=()))
    assert result.exit_code == 1
    assert "none of the 1 sweeps was recorded in current clamp" in result.stderr


def test_the_folder_is_named_after_the_cell(run, cells, noise, tmp_path, monkeypatch):
    cells.recording = noise
    monkeypatch.chdir(tmp_path)
    assert run("fit", "glif", "--demo", "485909730", *QUICK, "--levels", "1").exit_code == 0
    assert (tmp_path / "glif-485909730" / "scores.csv").is_file()


# Many cells.


@pytest.fixture
def many(run, tmp_path, monkeypatch):
    """Fit what a list names, level 1 alone and without a search, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for name, resistance in (("a", 150.0), ("b", 250.0)):
        write_noise_cell(tmp_path / f"{name}.nwb", resistance)

    def fitted(listed, *arguments):
        (tmp_path / "cells.csv").write_text(listed)
        return run("fit", "glif", "--cells", "cells.csv", *QUICK, "--levels", "1", *arguments)

    return fitted


def test_a_list_becomes_one_table(many, tmp_path):
    result = many("a.nwb\nb.nwb\nc.nwb\n", "--jobs", "1")
    assert result.exit_code == 0
    assert "Not fitted, c.nwb: " in result.stderr
    assert "2 cells fitted (synthetic). Models and fits.csv are in glif-cells." in result.stderr
    assert "1 of 3 cells not fitted; what to do is in fits_errors.csv." in result.stderr
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["source", "a.nwb", "b.nwb"]
    table = pd.read_csv(tmp_path / "glif-cells" / "fits.csv")
    assert table["source"].tolist() == ["a.nwb", "b.nwb", "c.nwb"]
    assert table["chosen"].tolist() == [True, True, False]
    errors = pd.read_csv(tmp_path / "glif-cells" / "fits_errors.csv")
    assert errors["recording"].tolist() == ["c.nwb"]
    again = many("a.nwb\nb.nwb\n", "--jobs", "1")
    assert "2 cells fitted (synthetic), 2 of them by an earlier run." in again.stderr


def test_a_lost_level_of_a_list_is_told(many, monkeypatch):
    def without_three(*args, **options):
        found = fit_levels(*args, **options)
        return replace(found, fits={1: found.fits[1]}, errors={3: FitError("too few spikes")})

    monkeypatch.setattr(levels_of, "fit_levels", without_three)
    result = many("a.nwb\nc.nwb\n", "--jobs", "1", "--levels", "1,3")
    assert "1 level of these cells not fitted; why is under error in fits.csv." in result.stderr


def test_a_list_as_json(many):
    result = many("# mine\nrecording\na.nwb\n", "--jobs", "1", "--json", "--out", "fits")
    document = json.loads(result.stdout)
    assert (document["n_cells"], document["levels"], document["synthetic"]) == (1, [1], True)
    assert document["fits"][0]["file"] == "a/glif1/neuron_config.json"


def test_no_cell_fitted(many):
    result = many("".join(f"nowhere-{n}.nwb\n" for n in range(12)), "--jobs", "1")
    assert result.exit_code == 1
    assert result.stderr.count("Not fitted, ") == 10
    assert "... and 2 more, in fits_errors.csv." in result.stderr
    assert "no cell was fitted; 12 failed" in result.stderr


def test_specimens_of_a_list_come_from_the_service(many, cells, tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "fetch", lambda specimen_id, *, what: {"sweeps": tmp_path / "a.nwb"})
    result = many("specimen_id\n485909730\n", "--demo", "--jobs", "1")
    assert result.exit_code == 0
    table = pd.read_csv(tmp_path / "glif-cells" / "fits.csv")
    assert table["specimen_id"].tolist() == [485909730]


def test_a_cluster_is_asked_by_its_address(many, monkeypatch):
    asked = {}

    def keep(named, **options):
        asked.update(options, named=named)
        return fit_batch.fit_many(named, **{**options, "client": None, "jobs": 1})

    monkeypatch.setattr(verb, "fit_many", keep)
    result = many("a.nwb\n", "--dask", "tcp://host:8786", "--no-resume", "--seed", "3")
    assert result.exit_code == 0
    assert (asked["client"], asked["resume"], asked["seed"]) == ("tcp://host:8786", False, 3)
    assert asked["named"] == ["a.nwb"]


def test_an_interrupted_list_says_how_to_go_on(many, monkeypatch):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(verb, "fit_many", interrupted)
    result = many("a.nwb\n")
    assert result.exit_code == 130
    assert "Interrupted. The same command goes on from here." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name one recording, ID or FILE, or a list of them by --cells FILE"),
        (("a.nwb", "--cells", "cells.csv"), "name one recording"),
        (("a.nwb", "--jobs", "2"), "--jobs is of many recordings"),
        (("a.nwb", "--dask", "tcp://host:1"), "--dask is of many recordings"),
        (("--cells", "cells.csv", "--figure"), "--figure is of one recording"),
        (("--cells", "cells.csv", "--jobs", "2", "--dask", "tcp://host:1"), "not both"),
    ],
)
def test_options_that_do_not_go_together(run, arguments, message):
    result = run("fit", "glif", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
