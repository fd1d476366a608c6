import pytest

from allentk.config import config_path, settings
from allentk.errors import ConfigError


def test_order_is_argument_environment_file_default(monkeypatch, tmp_path):
    file = tmp_path / "config.toml"
    file.write_text(f'cache_dir = "{tmp_path}/file"\njobs = 3\noffline = true\n')
    monkeypatch.setenv("ALLENTK_CONFIG", str(file))
    monkeypatch.setenv("ALLENTK_CACHE_DIR", str(tmp_path / "environment"))
    found = settings()
    assert (found.cache_dir.name, found.jobs, found.offline) == ("environment", 3, True)
    assert settings(cache_dir=tmp_path / "argument", offline=False).cache_dir.name == "argument"
    assert config_path() == file


def test_defaults(monkeypatch):
    monkeypatch.delenv("ALLENTK_CACHE_DIR")
    found = settings()
    assert found.cache_dir.name == "allentk"
    assert not found.offline
    assert found.jobs >= 1


@pytest.mark.parametrize(("name", "value"), [("JOBS", "0"), ("JOBS", "x"), ("OFFLINE", "maybe")])
def test_nonsense_names_the_variable(monkeypatch, name, value):
    monkeypatch.setenv(f"ALLENTK_{name}", value)
    with pytest.raises(ConfigError, match=f"ALLENTK_{name}.*{value}"):
        settings()


def test_a_broken_file_is_named(monkeypatch, tmp_path):
    file = tmp_path / "config.toml"
    file.write_text("jobs = [")
    monkeypatch.setenv("ALLENTK_CONFIG", str(file))
    with pytest.raises(ConfigError, match=r"config\.toml is not valid TOML"):
        settings()
    monkeypatch.setenv("ALLENTK_CONFIG", str(tmp_path))
    with pytest.raises(ConfigError, match="cannot read"):
        settings()
