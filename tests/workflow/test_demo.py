"""The main job, as the README's command runs it, with every socket shut."""

import json
import socket

import pandas as pd
import pytest
from click.testing import CliRunner

from allentk.cli.main import cli
from allentk.io import read_glif
from cassettes.make.truth import CELLS


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The folder that ``allentk demo`` leaves, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:

        def shut(*_, **__):
            raise AssertionError("the demo touched the network")

        for name in ("connect", "connect_ex", "bind", "sendto"):
            patch.setattr(socket.socket, name, shut)
        patch.setattr(socket, "getaddrinfo", shut)
        patch.setenv("ALLENTK_CACHE_DIR", str(folder / "cache"))
        done = CliRunner().invoke(cli, ["demo", "--out", str(folder / "out")])
    assert done.exit_code == 0, done.output
    return folder / "out", done


def test_it_says_where_the_report_is(demo):
    folder, done = demo
    assert done.stdout.strip() == str(folder / "report.html")


def test_the_report_is_whole_and_says_that_it_is_synthetic(demo):
    folder, _ = demo
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert 100_000 < len(text) < 4_000_000
    assert "SYNTHETIC" in text
    for cell in CELLS:
        assert cell.name in text
    for title in ("Summary", "Fits", "Network", "Observatory session", "Provenance"):
        assert title in text
    assert 'src="http' not in text
    assert "<script" not in text


def test_the_fits_explain_noise_they_have_not_seen(demo):
    folder, _ = demo
    fits = pd.read_csv(folder / "fits.csv").set_index(["specimen_id", "level"])
    assert len(fits) == 2 * len(CELLS)
    for cell in CELLS:
        assert fits.loc[(cell.specimen_id, 1), "ratio"] > 0.6
        if cell.truth is not None:
            assert fits.loc[(cell.specimen_id, 3), "ratio"] > 0.8
            model = read_glif(folder / "models" / f"{cell.specimen_id}_glif3_neuron_config.json")
            assert model.E_L_mv == pytest.approx(cell.truth.E_L_mv, abs=0.5)
            assert model.R_mohm == pytest.approx(cell.truth.R_mohm, rel=0.2)
            assert model.C_pf == pytest.approx(cell.truth.C_pf, rel=0.3)


def test_the_network_is_alive_and_scored(demo):
    folder, _ = demo
    metrics = pd.read_csv(folder / "network_metrics.csv")
    assert len(metrics) >= 1000
    rates = metrics.groupby("population")["mean_rate_hz"].mean()
    assert set(rates.index) == {"L4 Exc", "L4 PV"}
    assert ((rates > 0.2) & (rates < 40)).all()
    scores = pd.read_csv(folder / "benchmark.csv")
    scored = scores[scores["scored"]]
    assert set(scored["population"]) == {"L4 Exc", "L4 PV"}
    assert (scored["S"] > 0.3).all()
    assert (scores[scores["n_data"] < 15]["S"].isna()).all()


def test_the_session_is_measured_by_the_same_code(demo):
    folder, _ = demo
    session = pd.read_csv(folder / "observatory_metrics.csv")
    network = pd.read_csv(folder / "network_metrics.csv", nrows=1)
    shared = {"osi_vector", "dsi_vector", "osi_pair", "dsi_pair", "preferred_direction_deg"}
    assert shared <= set(session) & set(network)
    assert len(session) == 40


def test_its_tables_can_be_scored_again(demo, tmp_path):
    folder, _ = demo
    out = tmp_path / "again.html"
    done = CliRunner().invoke(cli, ["benchmark", "run", str(folder), "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)
    assert out.stat().st_size > 20_000
