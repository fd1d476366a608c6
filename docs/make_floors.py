"""Draw ``docs/floors.svg``, the picture of the floors, from the contract in setup.cfg.

python -m docs.make_floors
"""

from __future__ import annotations

import configparser
import re
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = Path(__file__).resolve().with_name("floors.svg")

#: What each room is, in as many words as fit into its box.
WORDS = {
    "cli": "one file per verb",
    "workflow": "the whole loop",
    "report": "scores to pages",
    "fitting": "sweeps to models",
    "benchmark": "metrics to scores",
    "simulation": "runs things",
    "api": "services to cache",
    "network": "what is connected",
    "io": "files to values",
    "features": "sweeps to numbers",
    "models": "equations",
    "responses": "traces to metrics",
    "data": "what things are",
    "atomic": "whole files",
    "config": "settings",
    "plain": "JSON's types",
    "progress": "one bar",
    "registry": "writers by name",
    "works": "what to cite",
    "errors": "what can go wrong",
}

#: The foreign library that a room alone may import.
DOORS = {
    "api": "requests",
    "io": "h5py, pynwb",
    "simulation": "neuron, nest",
    "fitting": "cma",
    "benchmark": "scikit-learn",
    "report": "matplotlib",
    "workflow": "dask",
}

_WIDTH, _HEIGHT, _GAP, _LEFT = 760, 46, 8, 20
_FILL = ("#e8f1f8", "#dbe9f4")


def floors() -> list[list[str]]:
    """Return the rooms of every floor, the highest first, as import-linter is told them."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    layers = config["importlinter:contract:floors"]["layers"].split("\n")
    return [re.findall(r"\w+", line) for line in layers if line.strip()]


def _box(x: float, y: float, width: float, room: str, fill: str) -> list[str]:
    middle = x + width / 2
    small = width < 160
    door = f" ({DOORS[room]})" if room in DOORS and not small else ""
    return [
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{_HEIGHT}" rx="4" fill="{fill}" '
        'stroke="#5b7f9c"/>',
        f'<text x="{middle:.0f}" y="{y + 19:.0f}" class="room">{escape(room)}</text>',
        f'<text x="{middle:.0f}" y="{y + 36:.0f}" class="words">'
        f"{escape(WORDS.get(room, '') + door)}</text>",
    ]


def page() -> str:
    """Return the picture as SVG."""
    levels = floors()
    height = len(levels) * (_HEIGHT + _GAP) + 58
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + 2 * _LEFT} {height}" '
        f'width="{_WIDTH + 2 * _LEFT}" height="{height}" role="img">',
        "<title>The floors of allentk</title>",
        "<style>text{font-family:DejaVu Sans,Verdana,Arial,sans-serif;text-anchor:middle;fill:#222}"
        ".room{font-size:14px;font-weight:bold}.words{font-size:11px;fill:#444}</style>",
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    y = 10.0
    for number, rooms in enumerate(levels):
        width = (_WIDTH - _GAP * (len(rooms) - 1)) / len(rooms)
        for place, room in enumerate(rooms):
            drawn += _box(_LEFT + place * (width + _GAP), y, width, room, _FILL[number % 2])
        y += _HEIGHT + _GAP
    drawn += [
        f'<text x="{_LEFT + _WIDTH / 2:.0f}" y="{y + 16:.0f}" class="words">A room imports from the floors '
        "below it, never from beside or above.</text>",
        f'<text x="{_LEFT + _WIDTH / 2:.0f}" y="{y + 33:.0f}" class="words">In brackets: the foreign '
        "library whose only door it is.</text>",
        "</svg>",
    ]
    return "\n".join(drawn) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
