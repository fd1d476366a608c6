"""The developers' notes speak of files that there are, and of every floor."""

import configparser
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTES = sorted((ROOT / "docs" / "developers").glob("*.md"))
FLOORS = configparser.ConfigParser()
FLOORS.read(ROOT / "setup.cfg")

_PATH = re.compile(r"`([a-z_0-9]+(?:/[A-Za-z_0-9.*]+)+/?)`")


@pytest.mark.parametrize("note", NOTES, ids=lambda note: note.stem)
def test_every_path_leads_somewhere(note):
    lost = []
    for named in _PATH.findall(note.read_text(encoding="utf-8")):
        places = [f"{named}", f"allentk/{named}", f"allentk/{named}.py"]
        if not any(list(ROOT.glob(place.rstrip("/"))) for place in places):
            lost.append(named)
    assert not lost


def test_every_floor_has_a_note():
    layers = FLOORS["importlinter:contract:floors"]["layers"]
    index = (ROOT / "docs" / "developers" / "index.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| ([a-z, ]+) \|", index, re.MULTILINE))
    named = {name for line in told for name in line.split(", ")}
    assert set(re.findall(r"[a-z]+", layers)) <= named


def test_every_note_is_on_the_first_page():
    index = (ROOT / "docs" / "developers" / "index.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\(([a-z]+\.md)\)", index))
    assert linked == {note.name for note in NOTES} - {"index.md"}


@pytest.mark.parametrize(
    "note", [n for n in NOTES if n.stem != "index"], ids=lambda note: note.stem
)
def test_a_note_says_the_four_things(note):
    text = note.read_text(encoding="utf-8")
    for heading in ("**For.**", "**Seams.**", "**Testing.**", "**Must not.**"):
        assert heading in text
