"""The oldest versions that setup.cfg allows, as a list that pip installs.

``python -m tests.release.bounds > tests/release/oldest.txt`` writes it anew.
"""

import configparser
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LISTED = ROOT / "tests" / "release" / "oldest.txt"

_HEAD = """\
# The oldest versions that setup.cfg allows, on Python 3.11. Made by python -m tests.release.bounds.
# pip install -r tests/release/oldest.txt && pip install --no-deps -e . && pytest
"""
#: Extras that the tests need nothing of.
_LEFT_OUT = ("docs",)
#: What the oldest versions ask for without saying so: Matplotlib 3.9 warns with a newer one.
_WITH_THEM = ("pyparsing==3.1.0",)
_BOUND = re.compile(r"([A-Za-z0-9._-]+(?:\[[a-z]+\])?)\s*>=([0-9.]+)\s*(;.*)?")


def requirements() -> list[str]:
    """Return every requirement line of setup.cfg but those of left-out extras."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    extras = config["options.extras_require"]
    blocks = [config["options"]["install_requires"]]
    blocks += [text for name, text in extras.items() if name not in _LEFT_OUT]
    return [line for block in blocks for line in block.split("\n") if line and line[0] != "#"]


def pinned(line: str) -> str:
    """Return a requirement at its lower bound.

    Raises
    ------
    ValueError
        Where it has no lower bound.
    """
    bound = _BOUND.fullmatch(line)
    if bound is None:
        raise ValueError(f"setup.cfg: expected 'name >=version', got {line!r}")
    return f"{bound[1]}=={bound[2]}{bound[3] or ''}"


def oldest() -> str:
    """Return the whole list."""
    return (
        _HEAD + "\n".join(sorted({pinned(line) for line in requirements()} | {*_WITH_THEM})) + "\n"
    )


if __name__ == "__main__":
    print(oldest(), end="")
