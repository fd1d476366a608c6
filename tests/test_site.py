"""The site shows every command and public name, with units, and its new calls exist."""

import ast
import importlib
import inspect
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

import allentk
from allentk.cli.main import cli
from allentk.io import OphysSession
from docs import docstrings, make_background, make_cli, make_floors, make_reference

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
HOME = make_reference.homes()
ROOMS = make_reference.rooms()

#: A word by which a reader knows the unit of a number, or that it has none.
UNITS = re.compile(
    r"\b(s|ms|seconds?|Hz|kHz|mV|V|pA|nA|pF|MOhm|Ohm|nS|uS|um|mm|mm2|mm3|cm|degrees?|deg|cpd|cycles?|"
    r"mM|cm/s|V/s|days?|bytes?|MB|dF/F|samples?|frames?|pixels?|rows?|ids?|numbers? of|how many|count|"
    r"counts|share|shares|fraction|ratio|factor|probability|chance|correlation|index|weight|weights|"
    r"scale|tolerance|tolerances|score|scores|step size|cost|costs|unit|units|radians|values?|"
    r"spikes|Standard deviation|times|vectors?|contrast|matrix|0 to 1|between 0 and 1|percentile)\b",
    re.IGNORECASE,
)
ENDS = (
    *("_s", "_ms", "_hz", "_mv", "_pa", "_na", "_pf", "_mohm", "_um", "_deg", "_cpd", "_us", "_ns"),
    *(
        "_rad",
        "_per_cm2",
        "_mM",
        "_days",
        "_seconds",
        "_per_s",
        "_per_mm2",
        "_per_mm3",
        "_celsius",
        "_kb",
        "_mb",
    ),
)
NUMERIC = re.compile(r"\b(float|(array_like|ndarray)(?! of (int|bool|str|object)))\b")
#: Names that say that the number has no unit, or is a label.
BARE = re.compile(r"(^n_\w+|\w*(fraction|ratio|share|factor)(_\w+)?|conditions|ids|seed|images)$")


def named_in_code(text):
    """Yield dotted calls and names of allentk in code spans."""
    for span in re.findall(r"`([^`]+)`", text):
        try:
            yield ast.parse(span.replace("data_set", "x"), mode="eval").body
        except SyntaxError:
            continue


def everything():
    for room in ROOMS:
        for name, value in make_reference.public(room).items():
            if HOME.get(id(value)) == f"{room}.{name}":
                yield f"{room}.{name}", value


def unexplained(value):
    """Yield numeric parameters and returns of a docstring that say no unit."""
    parts = docstrings.sections(value)
    for title in ("Parameters", "Returns"):
        for entry in docstrings.entries(parts.get(title, "")):
            if not NUMERIC.search(entry.kind):
                continue
            names = [one.strip() for one in entry.name.split(",")]
            if entry.name and all(one.endswith(ENDS) or BARE.match(one) for one in names):
                continue
            if not UNITS.search(f"{entry.kind} {entry.said} {parts[''] if not entry.name else ''}"):
                yield f"{entry.name or 'return'} : {entry.kind}"


def methods(value):
    yield value
    if inspect.isclass(value):
        for name, one in vars(value).items():
            if not name.startswith("_") and inspect.isroutine(one):
                yield one


def test_every_public_name_is_in_the_reference():
    told = "\n".join(make_reference.page(room, HOME) for room in ROOMS)
    assert set(ROOMS) >= {"allentk", "allentk.features", "allentk.responses.warehouse"}
    for room in ROOMS:
        for name in make_reference.public(room):
            assert re.search(rf"(^   |\* :\w+:?\w*:`|py:data:: ){name}\b", told, re.MULTILINE), name


def test_what_documents_import_has_a_page_of_the_reference():
    pattern = re.compile(r"(?:from|import) (allentk[\w.]*)")
    pages = [ROOT / "README.md", *DOCS.glob("*.md"), *(DOCS / "gallery").glob("*.py")]
    inside = {"allentk.api.client", "allentk.api.exchange", "allentk.api.rma", "allentk.api.tables"}
    inside |= {"allentk.responses.definitions", "allentk.api.cell_columns"}  # for who extends
    asked = {name for page in pages for name in pattern.findall(page.read_text(encoding="utf-8"))}
    assert asked
    assert not sorted(asked - set(ROOMS) - inside)


def test_every_constant_is_explained():
    for room in ROOMS:
        for name, said in make_reference.constants(room).items():
            assert said or name == "__version__", f"{room}.{name} has no #: comment above it"


@pytest.mark.parametrize("room", ROOMS)
def test_numbers_have_units(room):
    lacking = [
        f"{name} {what.partition(' : ')[0]}"
        for name, value in everything()
        if name.rpartition(".")[0] == room
        for one in methods(value)
        for what in unexplained(one)
    ]
    assert not lacking


def test_the_test_of_units_can_fail():
    def lacking(gain):
        """Do it.

        Parameters
        ----------
        gain : float
            The gain.
        """

    assert list(unexplained(lacking)) == ["gain : float"]


def test_every_command_and_option_is_on_the_page_of_commands():
    page = make_cli.page()
    found = list(make_cli.commands())
    assert len(found) > 25
    for name, command, _ in found:
        text = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
        for option in command.params:
            if not getattr(option, "hidden", False) and option.opts[0].startswith("-"):
                assert option.opts[0] in text, (name, option.opts)


def test_background_pages_name_every_column_score_and_mechanism():
    from allentk.features import CELL_COLUMNS
    from allentk.features.spike_table import SPIKE_COLUMNS
    from allentk.models.known_mechanisms import MECHANISMS

    features = make_background.features_page()
    assert all(f"| `{name}` |" in features for name in (*CELL_COLUMNS, *SPIKE_COLUMNS))
    assert all(f"| `{name}` |" in make_background.mechanisms_page() for name in MECHANISMS)
    scores = make_background.scores_page()
    names = {
        name for room in make_background.SCORES for name in importlib.import_module(room).__all__
    }
    assert all(f".{name}`" in scores for _, name, _ in make_background.scores())
    assert {"explained_variance", "gamma_coincidence", "ks_distance"} <= names


def test_the_picture_of_the_floors_is_of_today():
    assert make_floors.PAGE.read_text(encoding="utf-8") == make_floors.page()
    assert {room for floor in make_floors.floors() for room in floor} <= set(make_floors.WORDS)


def stands_for(node):
    """Return what a chain of names and calls stands for, where it begins with something of ours."""
    begin = {
        "atk": allentk,
        "allentk": allentk,
        "cells": allentk.CellTypes,
        "observatory": allentk.BrainObservatory,
        "pixels": allentk.Neuropixels,
        "session": OphysSession,
        "sweeps": allentk.SweepSet,
        "network": allentk.Network,
        "response": allentk.NetworkResponse,
    }
    if isinstance(node, ast.Name):
        return begin[node.id]
    if isinstance(node, ast.Call):
        called = stands_for(node.func)
        return {"sweep": allentk.Sweep}.get(getattr(called, "__name__", ""), called)
    if isinstance(node, ast.Subscript):
        return allentk.SpikeTrains
    value = stands_for(node.value)
    if inspect.ismodule(value) and not hasattr(value, node.attr):
        return importlib.import_module(f"{value.__name__}.{node.attr}")
    if node.attr in getattr(value, "__annotations__", {}):
        return None
    return getattr(value, node.attr)


def new_calls():
    for line in (DOCS / "moving.md").read_text(encoding="utf-8").split("\n"):
        if line.startswith("| ") and "` |" in line:
            yield from named_in_code(line.split(" | ")[-1])


@pytest.mark.parametrize("call", [ast.unparse(node) for node in new_calls()])
def test_every_new_call_exists_and_takes_its_arguments(call):
    node = ast.parse(call, mode="eval").body
    value = stands_for(node.func if isinstance(node, ast.Call) else node)
    if not isinstance(node, ast.Call):
        return
    given = [None] * len(node.args)
    if inspect.isfunction(value) and "self" in inspect.signature(value).parameters:
        given = [None, *given]
    options = {keyword.arg: None for keyword in node.keywords}
    inspect.signature(value).bind(*given, **options)


QUICK = [
    line.partition("#")[0].strip()
    for line in (DOCS / "quickstart.md").read_text(encoding="utf-8").split("\n")
    if line.startswith("allentk ")
]


@pytest.mark.parametrize("line", QUICK)
def test_every_command_of_the_quickstart_runs(line, monkeypatch, tmp_path):
    monkeypatch.setenv("ALLENTK_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("ALLENTK_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, shlex.split(line)[1:])
    assert result.exit_code == 0, result.output


def test_the_site_asks_nobody():
    for path in (DOCS / "conf.py", *(DOCS / "_static").glob("*.css")):
        text = path.read_text(encoding="utf-8")
        assert "intersphinx" not in text
        assert "http" not in text
    conf = (DOCS / "conf.py").read_text(encoding="utf-8")
    assert '"write_computation_times": False' in conf  # that page loads scripts from elsewhere
