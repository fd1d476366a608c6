"""allentk demo: what is asked of the loop, and what is printed."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from allentk.errors import DataError


@pytest.fixture
def asked(monkeypatch):
    """Put a loop that does nothing in place of the loop; returns what it was asked."""
    import allentk

    kept = {}
    module = ModuleType("allentk.workflow")

    def demo(*, out, seed, cache_dir, say):
        kept.update(out=out, seed=seed, cache_dir=cache_dir)
        if seed < 0:
            raise DataError("a negative seed")
        say("cell 1")
        return SimpleNamespace(report=out / "report.html")

    module.demo = demo
    monkeypatch.setitem(sys.modules, "allentk.workflow", module)
    monkeypatch.setattr(allentk, "workflow", module, raising=False)
    return kept


def test_steps_on_stderr_and_the_report_on_stdout(run, asked):
    result = run("demo")
    assert result.exit_code == 0
    assert result.stdout == f"{Path('allentk-demo/report.html')}\n"
    assert "cell 1\n" in result.stderr
    assert asked == {"out": Path("allentk-demo"), "seed": 0, "cache_dir": None}


def test_options_reach_the_loop(run, asked, tmp_path):
    result = run("demo", "--out", tmp_path, "--seed", 3, "--cache-dir", tmp_path / "c", "--quiet")
    assert result.stderr == ""
    assert asked == {"out": tmp_path, "seed": 3, "cache_dir": tmp_path / "c"}


def test_an_error_is_a_sentence(run, asked):
    result = run("demo", "--seed", "-1")
    assert result.exit_code == 1
    assert result.stderr == "Error: a negative seed\n"


def test_the_folder_is_a_folder(run, asked, tmp_path):
    (tmp_path / "file").touch()
    assert run("demo", "--out", tmp_path / "file").exit_code == 2
