"""What is published is whole; ``make release`` builds it and looks at the real thing."""

import re
import zipfile

import pytest

from tests.release import bounds, contents
from tests.release.__main__ import wheel_faults


def test_the_wheel_carries_every_file_of_the_packages():
    assert contents.present() - contents.shipped() == set()


def test_the_wheel_carries_what_the_demo_and_the_engines_read():
    names = contents.shipped()
    assert "allentk/cassettes/demo/index.json" in names
    assert "allentk/py.typed" in names
    for pattern, least in [
        (r"allentk/cassettes/demo/bodies/.+", 20),
        (r"allentk/models/mechanisms/.+\.mod", 20),
        (r"allentk/report/templates/.+\.j2", 1),
        (r"allentk/network/recipes/tables/.+\.csv", 3),
        (r"allentk/benchmark/references/.+\.json", 3),
    ]:
        assert len([name for name in names if re.fullmatch(pattern, name)]) >= least, pattern
    assert not [name for name in names if "/make/" in name]


def test_the_wheel_is_not_too_large():
    # Recordings hardly shrink: what they weigh on disk is nearly what they weigh in the wheel.
    folder = contents.ROOT / "cassettes"
    weight = sum(path.stat().st_size for path in (folder / "demo").rglob("*") if path.is_file())
    assert weight < contents.LARGEST_WHEEL


def test_the_oldest_versions_are_those_of_setup_cfg():
    assert bounds.LISTED.read_text(encoding="utf-8") == bounds.oldest()


def test_a_requirement_without_a_lower_bound_is_refused():
    assert bounds.pinned('a-b[c] >=1.2; x != "y"') == 'a-b[c]==1.2; x != "y"'
    for line in ("numpy", "numpy >1", "numpy >=2,<3"):
        with pytest.raises(ValueError, match="expected 'name >=version'"):
            bounds.pinned(line)


def test_a_file_that_a_wheel_lacks_or_has_too_much_is_named(tmp_path):
    wheel = tmp_path / "allentk-0-py3-none-any.whl"
    names = sorted(contents.shipped())
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in [*names[1:], "allentk-0.dist-info/METADATA", "allentk/secret.txt"]:
            archive.writestr(name, "")
    assert wheel_faults(wheel) == [
        f"wheel lacks {names[0]}",
        "wheel should not carry allentk/secret.txt",
    ]
