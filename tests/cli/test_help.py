"""Every verb is listed, has help and examples that can be run, and costs nothing to list."""

import re
import shlex
import subprocess
import sys

import click
import pytest

from allentk.cli.group import Verb
from allentk.cli.main import VERBS, cli

HEAVY = ("numpy", "pandas", "requests", "scipy", "sklearn", "matplotlib", "numba", "h5py")


def walk(group=cli, path=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from walk(command, (*path, name))


COMMANDS = dict(walk())
LEAVES = {path: command for path, command in COMMANDS.items() if not hasattr(command, "commands")}


def test_the_verbs_of_the_contract_are_there():
    wanted = "demo cells fetch sweeps features fit network benchmark observatory cache doctor"
    assert " ".join(VERBS) == wanted
    below = {path for path in LEAVES if len(path) == 2}
    assert below == {
        ("fit", "biophysical"),
        ("fit", "glif"),
        ("network", "build"),
        ("network", "info"),
        ("network", "run"),
        ("network", "validate"),
        ("benchmark", "run"),
        ("benchmark", "references"),
        ("observatory", "sessions"),
        ("observatory", "cells"),
        ("observatory", "metrics"),
        ("observatory", "plot"),
        ("cache", "ls"),
        ("cache", "path"),
        ("cache", "verify"),
        ("cache", "prune"),
        ("cache", "import"),
    }


@pytest.mark.parametrize("name", VERBS)
def test_the_listed_line_is_the_commands_own(name):
    assert COMMANDS[(name,)].help.splitlines()[0] == VERBS[name][1]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_has_one_line_first(path, run):
    result = run(*path, "--help")
    assert result.exit_code == 0
    line, below = COMMANDS[path].help.partition("\n")[::2]
    assert line.endswith(".")
    assert len(line) < 80
    assert not below or below.startswith("\n")
    assert line in " ".join(result.stdout.split())


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_option_is_explained(path):
    for parameter in LEAVES[path].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_the_examples_can_be_parsed(path, run, tmp_path, monkeypatch):
    command = LEAVES[path]
    assert isinstance(command, Verb)
    assert command.examples
    shown = run(*path, "--help").stdout
    monkeypatch.chdir(tmp_path)
    for name in ("my-fits", "spiny", "aspiny"):
        (tmp_path / name).mkdir()
    (tmp_path / "aspiny" / "neuron_config.json").touch()
    for example in command.examples:
        assert "\nExamples:\n" in shown
        assert f"  {example}\n" in shown
        words = shlex.split(example)
        assert words[: len(path) + 1] == ["allentk", *path]
        command.make_context(path[-1], words[len(path) + 1 :])


def test_all_verbs_are_on_the_first_page(run):
    page = run("--help").stdout
    assert re.findall(r"^  ([a-z]+)  ", page.partition("Verbs:")[2], re.MULTILINE) == list(VERBS)


def test_the_first_page_loads_nothing_heavy():
    code = (
        "import sys; from allentk.cli.main import cli; cli(['--help'], standalone_mode=False); "
        f"print([m for m in {HEAVY!r} if m in sys.modules]); "
        "print([m for m in sys.modules if m.startswith('allentk.cli.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    heavy, ours = done.stdout.splitlines()[-2:]
    assert heavy == "[]"
    assert set(re.findall(r"allentk\.cli\.\w+", ours)) == {"allentk.cli.group", "allentk.cli.main"}


def test_python_m_allentk():
    done = subprocess.run(
        [sys.executable, "-m", "allentk", "--version"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert re.fullmatch(r"allentk, version \d+\.\d+\.\S+\n", done.stdout)
