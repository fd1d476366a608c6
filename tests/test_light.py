"""Importing the package loads nothing heavy."""

import subprocess
import sys

import pytest

HEAVY = ("numpy", "pandas", "requests", "scipy", "sklearn", "matplotlib", "numba", "h5py", "pynwb")


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import allentk", ()),
        ("import allentk.errors, allentk.config", ()),
        ("import allentk.features", ("numpy",)),
    ],
)
def test_import_is_light(code, allowed):
    heavy = [name for name in HEAVY if name not in allowed]
    check = f"{code}; import sys; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
