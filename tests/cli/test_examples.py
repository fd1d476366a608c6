"""The examples of the help pages that need neither network nor files run as they stand."""

import json
import shlex

import click
import pytest

from allentk.cli.group import Verb
from allentk.cli.main import cli


def examples(group=cli):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, Verb):
            yield from command.examples
        else:
            yield from examples(command)


#: All but those that name a folder of the user's own.
OFFLINE = [
    line
    for line in examples()
    if "--demo" in line or ("cache" in line and "cache import" not in line)
]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("line", OFFLINE)
def test_an_example_runs(run, line):
    result = run(*shlex.split(line)[1:])
    assert result.exit_code == 0, result.stderr
    assert result.stdout
    if "--demo" in line and "cache" not in line:
        assert "synthetic" in result.stderr


def test_every_data_verb_has_an_example_on_the_demo():
    verbs = {line.split()[1] for line in OFFLINE}
    assert {"cells", "fetch", "sweeps", "features", "fit"} <= verbs


def test_the_demos_cells_fit_the_next_verbs(run):
    rows = json.loads(run("cells", "--demo", "--json").stdout)
    assert all(row["synthetic"] is True for row in rows)
    sweeps = json.loads(run("sweeps", "--demo", rows[0]["id"], "--json").stdout)
    assert {"Long Square", "Noise 1", "Noise 2"} <= {row["stimulus"] for row in sweeps}
    row = json.loads(run("features", "--demo", rows[0]["id"], "--json").stdout)
    assert row["specimen_id"] == rows[0]["id"]
    assert row["synthetic"] is True
    assert row["sweep_errors"] == []


def test_the_live_service_offline_with_an_empty_cache(run, tmp_path):
    for verb in (
        ("cells",),
        ("fetch", "1"),
        ("sweeps", "1"),
        ("features", "1"),
        ("fit", "glif", "1"),
        ("observatory", "sessions"),
        ("observatory", "cells"),
        ("observatory", "metrics", "1"),
        ("observatory", "plot", "1"),
    ):
        result = run(*verb, "--offline", "--cache-dir", tmp_path / "empty")
        assert result.exit_code == 1
        assert "not in the cache" in result.stderr
        assert "--demo" in result.stderr or verb[0] == "fetch"
