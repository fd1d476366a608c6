"""The explicit package list of setup.cfg names every folder that is a package."""

import configparser
import re
from pathlib import Path

import allentk

ROOT = Path(__file__).resolve().parents[1]


def test_package_list_is_complete():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    folders = {
        ".".join(init.parent.relative_to(ROOT).parts)
        for init in (ROOT / "allentk").rglob("__init__.py")
    }
    assert listed == folders | {"allentk.cassettes"}
    assert (ROOT / "cassettes" / "__init__.py").is_file()


def test_type_checkers_see_the_names_that_are_loaded_on_use():
    listed = set(re.findall(r" as (\w+)", (ROOT / "allentk" / "__init__.pyi").read_text()))
    assert listed == set(allentk.__all__)
