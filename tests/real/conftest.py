"""Real recordings, models and tables: found by ALLENTK_SHARED, or beside the checkout."""

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).resolve().parents[3] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data; a test that needs it skips where nobody said where it is."""
    named = os.environ.get("ALLENTK_SHARED")
    folder = Path(named or BESIDE) / "data"
    if folder.is_dir():
        return folder
    if named:
        pytest.fail(f"ALLENTK_SHARED={named} has no folder 'data'")
    pytest.skip(f"real data not found at {folder}; ALLENTK_SHARED names another place")
