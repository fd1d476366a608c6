"""allentk network build, info and validate, on networks of some cells."""

import errno
import json
import shutil

import h5py
import pandas as pd
import pytest

from allentk import read_network
from allentk.network import recipes

SMALL = ("--scale", "0.002", "--quiet")


@pytest.fixture(scope="module")
def network():
    return recipes.layer4(0.002)


@pytest.fixture(scope="module")
def built(network, tmp_path_factory):
    """The layer 4 model with 90 cells."""
    folder = tmp_path_factory.mktemp("built") / "net"
    network.save(folder)
    return folder


def test_the_network_is_the_recipes(run, tmp_path):
    options = ("--variant", "RL", "--instance", "2", "--rule", "density", "--json")
    result = run("network", "build", "layer4", *SMALL, *options, "-o", tmp_path / "net")
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    wanted = recipes.layer4(0.002, "RL", 2, rule="density")
    document = json.loads(result.stdout)
    assert document["n_edges"] == wanted.n_edges
    read = read_network(document["config"])
    pd.testing.assert_frame_equal(read.connections(), wanted.connections())
    pd.testing.assert_frame_equal(pd.DataFrame(document["populations"]), wanted.summary())


def test_what_it_takes_and_what_the_whole_has(run, tmp_path):
    result = run("network", "build", "layer4", "--scale", "0.002", "--json", "-o", tmp_path / "net")
    first, *_, last = result.stderr.splitlines()
    assert first.startswith("Expected: 90 cells, 12,000 virtual nodes, about ")
    assert "of memory" in first
    assert "on disk" in first
    assert last.endswith(f"allentk network info {tmp_path / 'net'}")
    document = json.loads(result.stdout)
    assert document["expected"]["n_edges"] == pytest.approx(document["n_edges"], rel=0.05)
    all_of = {row["target"]: row for row in document["full_scale"] if row["source"] == "all"}
    # by the published probabilities, a cell of the core has about 490 connections from the layer
    assert all_of["Rorb"]["full_scale"] == pytest.approx(490, rel=0.05)
    assert all_of["Rorb"]["ratio"] < 0.2


def test_a_folder_that_is_there_is_kept(run, tmp_path):
    words = ("network", "build", "tutorial8", "-o", tmp_path / "net", "-q")
    assert run(*words).exit_code == 0
    before = (tmp_path / "net" / "allentk.json").read_bytes()
    result = run(*words, "--seed", "9")
    assert result.exit_code == 1
    assert "--overwrite" in result.stderr
    assert (tmp_path / "net" / "allentk.json").read_bytes() == before
    assert run(*words, "--seed", "9", "--overwrite").exit_code == 0
    assert read_network(tmp_path / "net").name.endswith("seed 9")


def test_nothing_but_a_network_is_replaced(run, tmp_path):
    (tmp_path / "letters").write_text("dear")
    result = run("network", "build", "tutorial8", "-o", tmp_path, "--overwrite")
    assert result.exit_code == 1
    assert "no circuit_config.json" in result.stderr
    assert (tmp_path / "letters").read_text() == "dear"


def test_a_full_disk_leaves_nothing(run, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(h5py.Group, "create_dataset", full)
    result = run("network", "build", "tutorial8", "-o", tmp_path / "net")
    assert result.exit_code == 1
    assert "the disk is full" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("tutorial8", "--scale", "0.1"), "has no option 'scale'"),
        (("layer4", "--variant", "XX"), "LL, LR, RL, RR"),
        (("layer4", "--scale", "2"), "0.001..1"),
        (("v1", "--instance", "1"), "has no option 'instance'"),
        (("v1", "--variant", "billeh2020", "--scale", "0.001"), "tables"),
        (("layer4", "--scale", "0.002", "--cells", "nowhere"), "there is no folder 'nowhere'"),
    ],
)
def test_what_a_recipe_cannot_take(run, tmp_path, words, told):
    result = run("network", "build", *words, "-o", tmp_path / "net")
    assert result.exit_code == 1
    assert told in result.stderr
    assert not (tmp_path / "net").exists()


def test_published_cells_are_not_there_offline(run, cells, tmp_path):
    options = ("--cells", "allen", "--offline")
    result = run("network", "build", "tutorial8", *options, "-o", tmp_path / "net")
    assert result.exit_code == 1
    assert "not in the cache" in result.stderr


def test_a_patch_of_the_demos_cells(run, cells, tmp_path):
    result = run("network", "build", "patch", "--scale", "0.05", "-o", tmp_path / "net", "--csv")
    assert result.exit_code == 0, result.stderr
    assert "SYNTHETIC" in result.stderr
    assert [line.split(",")[2] for line in result.stdout.splitlines()[1:3]] == ["48", "12"]


def test_info_counts_what_is_there(run, built, network):
    result = run("network", "info", built, "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["n_cells"] == 90
    assert document["n_virtual"] == 12000
    assert document["n_edges"] == network.n_edges
    assert document["n_synapses"] == int(network.connections()["n_synapses"].sum())
    there = [path for path in built.rglob("*") if path.is_file()]
    assert document["disk_bytes"] == sum(path.stat().st_size for path in there)
    assert set(document["run_bytes"]) == {"glif", "nest"}
    shown = run("network", "info", built).stdout
    assert "written by allentk: 90 cells, 12,000 virtual nodes" in shown
    assert "... and 43 smaller ones" in shown
    assert len(run("network", "info", built, "--csv").stdout.splitlines()) == 64


def test_info_of_nothing(run, tmp_path):
    result = run("network", "info", tmp_path / "none")
    assert result.exit_code == 1
    assert "there is no such file" in result.stderr


def test_a_good_network_is_valid(run, tmp_path):
    recipes.tutorial8().save(tmp_path / "net")
    result = run("network", "validate", tmp_path / "net")
    assert result.exit_code == 0
    assert result.stdout == f"{tmp_path / 'net'}: 0 FATAL, 0 WARNING, 0 INFO\n"


def test_a_missing_file_is_fatal(run, tmp_path):
    broken = tmp_path / "net"
    recipes.tutorial8().save(broken)
    (broken / "network" / "PV1_nodes.h5").unlink()
    result = run("network", "validate", broken / "circuit_config.json", "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["valid"] is False
    assert document["counts"]["FATAL"] >= 1
    assert "PV1_nodes.h5" in document["findings"][0]["where"]
    shutil.rmtree(broken)
    result = run("network", "validate", broken)
    assert result.exit_code == 1
    assert result.stdout.startswith("FATAL ")
