"""Every example in a docstring and in the documents runs."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import allentk
from docs import make_metrics, make_quirks, make_tables
from docs.make_tables import TABLES

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(allentk.__path__, "allentk.")
    if not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name):
    failed, _ = doctest.testmod(
        importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert failed == 0


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))])
def test_document_examples(path, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    failed, _ = doctest.testfile(
        str(path), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert failed == 0


def test_every_public_name_is_there_and_explained():
    for name in allentk.__all__:
        value = getattr(allentk, name)
        assert isinstance(value, str) or value.__doc__, name


def test_the_repo_speaks_of_the_project_alone():
    foreign = "/work" + "/"
    texts = [p for p in ROOT.rglob("*.md") if not {".venv", ".environments"} & {*p.parts}]
    assert texts
    assert not [p for p in texts if foreign in p.read_text()]


def test_every_column_of_every_table_is_explained():
    for title, _, columns in TABLES:
        unexplained = [name for name, column in columns.items() if not column.meaning]
        assert not unexplained, title


@pytest.mark.parametrize("made", [make_tables, make_quirks, make_metrics])
def test_made_pages_are_of_today(made):
    assert made.PAGE.read_text(encoding="utf-8") == made.page()


def test_every_benchmark_says_what_it_measures():
    from benchmarks.__main__ import lines

    told = [line.split(": ", 1) for line in lines() if not line.startswith(" ")]
    files = {path.stem for path in (ROOT / "benchmarks").glob("[!_]*.py")}
    assert {name for name, *_ in told} == files
    assert all(len(line) == 2 and line[1].endswith(".") for line in told)
