"""Settings for every test: no user configuration, a cache of its own."""

import os

import pytest


@pytest.fixture(autouse=True)
def own_settings(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> None:
    """Keep tests away from the user's cache and configuration."""
    # Compiling takes a minute or two: once for all runs and all workers, under a name of its own.
    if "ALLENTK_MECHANISMS_DIR" not in os.environ:
        compiled = pytestconfig.rootpath / ".pytest_cache" / "mechanisms"
        monkeypatch.setenv("ALLENTK_MECHANISMS_DIR", str(compiled))
    folder = tmp_path_factory.getbasetemp() / "settings"
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv("ALLENTK_CACHE_DIR", str(folder / "cache"))
    monkeypatch.setenv("ALLENTK_CONFIG", str(folder / "none.toml"))
    for name in (
        "OFFLINE",
        "JOBS",
        "SHARED_CACHE",
        "ALLENSDK_CACHE",
        "MAX_AGE_DAYS",
        "TIME_LIMIT_S",
    ):
        monkeypatch.delenv(f"ALLENTK_{name}", raising=False)
