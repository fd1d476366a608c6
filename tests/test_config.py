import math
import os
from pathlib import Path

import pytest

from allentk.config import config_path, settings, unknown_variables
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


def test_compiled_mechanisms_lie_in_the_cache_or_where_one_says(monkeypatch, tmp_path):
    monkeypatch.delenv("ALLENTK_MECHANISMS_DIR", raising=False)
    assert settings(cache_dir=tmp_path).mechanisms_dir == tmp_path / "mechanisms"
    monkeypatch.setenv("ALLENTK_MECHANISMS_DIR", "~/compiled")
    assert settings(cache_dir=tmp_path).mechanisms_dir == Path.home() / "compiled"
    assert settings(mechanisms_dir=tmp_path).mechanisms_dir == tmp_path


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


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("ofline = true", "no setting 'ofline', did you mean 'offline'\\?"),
        ('Cache-Dir = "/tmp"', "no setting 'Cache-Dir', did you mean 'cache_dir'\\?"),
        ("[network]", "no setting 'network'; there are cache_dir, mechanisms_dir, offline, jobs"),
    ],
)
def test_a_misspelt_name_in_the_file_is_refused(monkeypatch, tmp_path, line, says):
    (tmp_path / "config.toml").write_text(line)
    monkeypatch.setenv("ALLENTK_CONFIG", str(tmp_path / "config.toml"))
    with pytest.raises(ConfigError, match=rf"config\.toml: there is {says}"):
        settings()


def test_the_file_may_have_a_mark_of_its_encoding_and_must_be_text(monkeypatch, tmp_path):
    file = tmp_path / "config.toml"
    monkeypatch.setenv("ALLENTK_CONFIG", str(file))
    file.write_bytes(b"\xef\xbb\xbfjobs = 3")
    assert settings().jobs == 3
    file.write_bytes(b"cache_dir = '\xe4'")
    with pytest.raises(ConfigError, match="cannot read"):
        settings()


def test_the_file_may_lie_at_home(monkeypatch):
    monkeypatch.setenv("ALLENTK_CONFIG", "~/mine.toml")
    assert config_path() == Path.home() / "mine.toml"


@pytest.mark.parametrize("jobs", ["2.5", "inf", "true", "99999999"])
def test_jobs_are_a_whole_number_in_the_file_too(monkeypatch, tmp_path, jobs):
    (tmp_path / "config.toml").write_text(f"jobs = {jobs}")
    monkeypatch.setenv("ALLENTK_CONFIG", str(tmp_path / "config.toml"))
    with pytest.raises(ConfigError, match="jobs: expected a whole number"):
        settings()


def test_jobs_may_be_a_whole_float():
    assert settings(jobs=4.0).jobs == 4


def test_a_misspelt_variable_is_found(monkeypatch):
    monkeypatch.setenv("ALLENTK_OFLINE", "1")
    monkeypatch.setenv("ALLENTK_OF_THE_LAB", "1")
    found = unknown_variables()
    assert (found["ALLENTK_OFLINE"], found["ALLENTK_OF_THE_LAB"]) == ("ALLENTK_OFFLINE", "")
    assert "ALLENTK_CACHE_DIR" not in found


def test_other_places(monkeypatch, tmp_path):
    monkeypatch.setenv("ALLENTK_SHARED_CACHE", os.pathsep.join(["/a", "/b"]))
    file = tmp_path / "config.toml"
    file.write_text('allensdk_cache = ["~/boc", "/d"]\n')
    monkeypatch.setenv("ALLENTK_CONFIG", str(file))
    found = settings()
    assert found.shared_cache == (Path("/a"), Path("/b"))
    assert found.allensdk_cache == (Path.home() / "boc", Path("/d"))
    assert settings(shared_cache=Path("/c")).shared_cache == (Path("/c"),)
    assert settings(shared_cache=["/c", Path("/d")]).shared_cache == (Path("/c"), Path("/d"))
    monkeypatch.setenv("ALLENTK_SHARED_CACHE", "")
    assert settings().shared_cache == ()


def test_ages_and_limits(monkeypatch):
    assert (settings().max_age_days, settings().time_limit_s) == (30.0, 21600.0)
    monkeypatch.setenv("ALLENTK_MAX_AGE_DAYS", "Never")
    monkeypatch.setenv("ALLENTK_TIME_LIMIT_S", "60")
    assert (settings().max_age_days, settings().time_limit_s) == (math.inf, 60.0)
    assert settings(max_age_days=0).max_age_days == 0


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("max_age_days", "-1", "days, or 'never', at least 0"),
        ("max_age_days", "a week", "days"),
        ("max_age_days", "nan", "days"),
        ("max_age_days", True, "days"),
        ("time_limit_s", "0", "seconds, at least 1"),
        ("shared_cache", 7, "a folder or several"),
        ("allensdk_cache", [7], "a folder or several"),
    ],
)
def test_nonsense_in_the_other_settings(name, value, says):
    with pytest.raises(ConfigError, match=f"{name}: expected {says}"):
        settings(**{name: value})
