"""Errors, notes, and what goes where."""

import errno
import json
import logging
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from allentk import progress
from allentk.cli import source
from allentk.cli.group import LazyGroup
from allentk.cli.main import cli
from allentk.errors import AllenTKError, FormatError, OfflineError


def failing(monkeypatch, error):
    def sweeps(self, recording):
        raise error

    monkeypatch.setattr(source.Source, "sweeps", sweeps)


def test_an_error_of_ours_is_one_sentence(run, monkeypatch):
    failing(monkeypatch, FormatError("cell.nwb: expected this, got that"))
    result = run("sweeps", "cell.nwb")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "Error: cell.nwb: expected this, got that\n"


def test_verbose_shows_the_traceback_too(run, monkeypatch):
    failing(monkeypatch, FormatError("what"))
    result = run("sweeps", "cell.nwb", "-v")
    assert result.exit_code == 1
    assert result.stderr.startswith("Traceback (most recent call last)")
    assert result.stderr.endswith("\nError: what\n")


def test_what_the_system_refuses_is_one_sentence(run, monkeypatch):
    failing(monkeypatch, OSError(errno.ENOSPC, "No space left on device", "out/spikes.csv"))
    result = run("sweeps", "cell.nwb")
    assert result.exit_code == 1
    assert result.stderr == "Error: out/spikes.csv: No space left on device\n"


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), OSError(errno.EIO, "odd", "x")])
def test_an_unexpected_error_stays_a_traceback(run, monkeypatch, error):
    failing(monkeypatch, error)
    assert run("sweeps", "cell.nwb").exception is error


def test_who_interrupts_is_told_so(run, monkeypatch):
    failing(monkeypatch, KeyboardInterrupt())
    result = run("sweeps", "cell.nwb", "-q")
    assert result.exit_code == 130
    assert (result.stdout, result.stderr) == ("", "\nInterrupted.\n")


def test_a_wrong_option_says_how_to_go_on(run):
    result = run("features", "--sweep", "x")
    assert result.exit_code == 2
    assert "--sweeps" in result.stderr


def test_an_unknown_verb(run):
    result = run("feature")
    assert result.exit_code == 2
    assert "No such command 'feature'. Did you mean 'features'?" in result.stderr


def test_a_verb_like_no_other(run):
    result = run("quux")
    assert result.exit_code == 2
    assert result.stderr.endswith("No such command 'quux'.\n")


def test_json_or_csv(run, cells):
    result = run("cells", "--demo", "--json", "--csv")
    assert result.exit_code == 2
    assert "not both" in result.stderr


def test_quiet_leaves_stderr_empty_and_ends_with_the_command(run, cells):
    loud = run("cells", "--demo")
    assert loud.stderr
    quiet = run("cells", "--demo", "--quiet")
    assert quiet.stderr == ""
    assert quiet.stdout == loud.stdout
    assert progress.quiet is False


def test_verbose_shows_the_log_and_ends_with_the_command(run, monkeypatch):
    log = logging.getLogger("allentk")

    def sweeps(self, recording):
        log.debug("looked at %s", recording)
        raise AllenTKError("enough")

    monkeypatch.setattr(source.Source, "sweeps", sweeps)
    assert "DEBUG allentk: looked at cell.nwb" in run("sweeps", "cell.nwb", "-v").stderr
    assert "looked" not in run("sweeps", "cell.nwb").stderr
    assert log.handlers == []


def test_offline_with_an_empty_cache(run, cells, tmp_path):
    result = run("sweeps", "485909730", "--offline", "--cache-dir", tmp_path / "empty")
    assert result.exit_code == 1
    assert result.stdout == ""
    first, second = result.stderr.splitlines()
    assert first == f"Error: not in the cache {tmp_path / 'empty'}, and offline is True"
    assert second.startswith("Add --demo to try this")


def test_the_demo_is_not_advised_to_who_runs_it(run, cells, monkeypatch):
    failing(monkeypatch, OfflineError("the demo has no cell 1"))
    assert run("sweeps", "1", "--demo").stderr.splitlines() == ["Error: the demo has no cell 1"]
    assert "Add --demo" in run("sweeps", "1").stderr


def test_a_reader_that_leaves_is_no_error():
    code = (
        "import click, sys; from allentk.cli.group import LazyGroup\n"
        "group = LazyGroup(verbs={'fill': ('__main__:fill', 'Fill.')})\n"
        "@click.command()\n"
        "def fill():\n"
        "    for _ in range(100_000): click.echo('a line of text')\n"
        "sys.modules['__main__'].fill = fill\n"
        "group(['fill'])"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert writer.stdout.readline() == "a line of text\n"
    writer.stdout.close()
    assert writer.stderr.read() == ""
    writer.stderr.close()
    writer.wait(timeout=60)


def test_a_group_without_verbs_is_empty():
    result = CliRunner().invoke(LazyGroup(), ["x"])
    assert result.exit_code == 2
    assert isinstance(cli, click.Group)


def test_stdout_of_json_is_json_alone(run, cells):
    result = run("cells", "--demo", "--json")
    assert [row["id"] for row in json.loads(result.stdout)] == [485909730, 2, 3]
    assert "3 cells" in result.stderr
