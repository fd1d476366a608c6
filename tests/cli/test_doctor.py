"""allentk doctor."""

import json
import sys
from http.client import BadStatusLine
from importlib import metadata
from urllib import error, request

import pytest

from allentk.cli import check_engines, check_packages, check_places
from allentk.errors import MissingExtraError
from allentk.simulation.biophysical import compiling, mechanisms


def found(run, *arguments):
    result = run("doctor", "--json", *arguments)
    return result, {row["what"]: row for row in json.loads(result.stdout)}


def test_all_is_well_here(run, tmp_path):
    result, rows = found(run, "--offline", "--cache-dir", tmp_path)
    assert result.exit_code == 0
    assert rows["numpy"]["found"] == metadata.version("numpy")
    assert rows["engine glif"]["found"] == rows["engine reduced"]["found"] == "built in"
    assert rows["cache"]["found"] == f"{tmp_path}, 0.00 GB"
    assert rows["service"]["found"] == "not tried: offline"
    assert rows["channels for NEURON"]["status"] in {"ok", "note"}  # as there is a compiler or not
    assert "problem" not in {row["status"] for row in rows.values()}


def test_offline_by_the_environment(run, monkeypatch):
    monkeypatch.setenv("ALLENTK_OFFLINE", "1")
    _, rows = found(run)
    assert rows["service"]["found"] == "not tried: offline"


def test_a_cache_that_cannot_be_written(run, tmp_path, monkeypatch):
    def refused(**options):
        raise PermissionError(13, "Permission denied", str(options["dir"]))

    monkeypatch.setattr(check_places.tempfile, "TemporaryFile", refused)
    result, rows = found(run, "--offline", "--cache-dir", tmp_path / "new")
    assert result.exit_code == 1
    assert rows["cache"]["status"] == "problem"
    assert "ALLENTK_CACHE_DIR" in rows["cache"]["advice"]
    assert result.stderr == "Error: to mend: cache\n"


def test_a_new_cache_is_looked_at_without_being_made(run, tmp_path):
    _, rows = found(run, "--offline", "--cache-dir", tmp_path / "a" / "b")
    assert rows["cache"]["status"] == "ok"
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_cache(run, tmp_path):
    (tmp_path / "file").touch()
    result, rows = found(run, "--offline", "--cache-dir", tmp_path / "file" / "cache")
    assert result.exit_code == 1
    assert rows["cache"]["found"].endswith(f"{tmp_path / 'file'} is a file")


def test_settings_that_nobody_reads(run, monkeypatch):
    monkeypatch.setenv("ALLENTK_CONFIG", "/none/of/this.toml")
    monkeypatch.setenv("ALLENTK_JOB", "2")
    monkeypatch.delenv("ALLENTK_SHARED", raising=False)
    _, rows = found(run, "--offline")
    assert rows["configuration"]["status"] == rows["environment"]["status"] == "note"
    assert rows["configuration"]["found"] == "/none/of/this.toml: no such file; defaults"
    assert rows["environment"]["advice"] == "is ALLENTK_JOBS meant?"


def test_other_places(run, tmp_path, monkeypatch):
    monkeypatch.setenv("ALLENTK_SHARED_CACHE", str(tmp_path / "shared"))
    monkeypatch.setenv("ALLENTK_ALLENSDK_CACHE", str(tmp_path / "boc"))
    result, rows = found(run, "--offline")
    assert result.exit_code == 1
    assert rows["shared cache"]["status"] == "problem"
    assert rows["AllenSDK cache"]["status"] == "note"
    (tmp_path / "shared" / ".records").mkdir(parents=True)
    (tmp_path / "boc").mkdir()
    (tmp_path / "boc" / "manifest.json").write_text('{"manifest": [{"key": "BASEDIR"}]}')
    result, rows = found(run, "--offline")
    assert result.exit_code == 0
    assert rows["shared cache"]["status"] == rows["AllenSDK cache"]["status"] == "ok"


def channels(run):
    row = found(run, "--offline")[1]["channels for NEURON"]
    return row["status"], row["found"], row["advice"]


def test_whether_cells_can_run_in_neuron(run, monkeypatch, tmp_path):
    pytest.importorskip("neuron")
    monkeypatch.setenv("ALLENTK_MECHANISMS_DIR", str(tmp_path))
    monkeypatch.setattr(compiling, "missing_tools", lambda: ())
    status, text, advice = channels(run)
    assert (status, advice) == ("ok", "")
    assert text.startswith("not compiled yet; the first run")
    monkeypatch.setattr(compiling, "missing_tools", lambda: ("make", "g++"))
    status, text, advice = channels(run)
    assert (status, text) == ("note", "not compiled, and there is no make and no g++")
    assert advice == f"to run cells in NEURON: {compiling.how_to_install()}"
    monkeypatch.setattr(mechanisms, "compiled_library", lambda: tmp_path / "libnrnmech.so")
    assert channels(run) == ("ok", f"compiled: {tmp_path / 'libnrnmech.so'}", "")
    assert list(tmp_path.iterdir()) == []


def test_without_neuron(run, monkeypatch):
    def none():
        raise MissingExtraError("NEURON is not installed: pip install neuron")

    monkeypatch.setattr(mechanisms, "_neuron", none)
    status, text, advice = channels(run)
    assert (status, text) == ("note", "there is no NEURON; the other engines need none")
    assert "pip install neuron" in advice


@pytest.fixture
def needs(monkeypatch):
    """Say what the package needs."""

    def say(*lines):
        monkeypatch.setattr(check_packages.metadata, "requires", lambda _: list(lines))

    return say


def test_a_missing_package(run, needs):
    needs("numpy>=2.0", "no-such-thing>=1; python_version >= '3.11'")
    result, rows = found(run, "--offline")
    assert result.exit_code == 1
    assert rows["numpy"]["status"] == "ok"
    assert rows["no-such-thing"]["advice"] == "pip install no-such-thing"
    assert result.stderr == "Error: to mend: no-such-thing\n"


def test_a_missing_extra_is_a_note(run, needs):
    needs('no-such-engine>=9; platform_system != "Windows" and extra == "big"')
    result, rows = found(run, "--offline")
    assert result.exit_code == 0
    assert rows["no-such-engine"]["status"] == "note"
    assert 'pip install "allentk[big]"' in rows["no-such-engine"]["advice"]


def test_a_package_that_is_too_old(run, needs):
    needs("numpy>=999.1", "click>=8", "dask>=9999; extra == 'dask'")
    result, rows = found(run, "--offline")
    assert result.exit_code == 1
    assert rows["numpy"]["found"] == f"{metadata.version('numpy')}, older than 999.1"
    assert rows["numpy"]["advice"] == 'pip install --upgrade "numpy>=999.1"'
    assert (rows["click"]["status"], rows["dask"]["status"]) == ("ok", "note")
    assert result.stderr == "Error: to mend: numpy\n"


@pytest.mark.parametrize(
    ("older", "newer"), [("1.9", "1.10"), ("2.0rc1", "2.0.1"), ("4", "4.0.1"), ("0.2.2", "0.3")]
)
def test_versions_are_compared_as_numbers(older, newer):
    assert check_packages._release(older) < check_packages._release(newer)


def test_versions_may_differ_in_zeros():
    assert check_packages._release("9.0") == check_packages._release("9.0.0+local")


def test_what_is_not_made_for_windows_is_not_missed_there(run, needs, monkeypatch):
    needs('no-such-engine>=9; platform_system != "Windows"')
    _, rows = found(run, "--offline")
    assert rows["no-such-engine"]["status"] == "problem"
    monkeypatch.setattr(check_packages.platform, "system", lambda: "Windows")
    _, rows = found(run, "--offline")
    assert "no-such-engine" not in rows


def test_tools_of_developers_are_left_out(run, needs):
    needs("no-such-checker; extra == 'test'")
    _, rows = found(run, "--offline")
    assert "no-such-checker" not in rows


def test_what_allentk_needs_is_read_from_its_own_metadata():
    asked = check_packages.requirements()
    needed = {one.name for one in asked if not one.extra}
    assert {"numpy", "pandas", "h5py", "requests", "click"} <= needed
    assert ("nest-simulator", "nest") in [(one.name, one.extra) for one in asked]


def test_an_engine_that_cannot_be_loaded(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "allentk.simulation", None)
    result, rows = found(run, "--offline")
    assert result.exit_code == 1
    assert rows["engines"]["status"] == "problem"


def test_engines_of_others(run, monkeypatch):
    monkeypatch.setattr(check_engines.importlib.util, "find_spec", lambda name: None)
    result, rows = found(run, "--offline")
    assert result.exit_code == 0
    assert rows["engine nest"]["status"] == rows["engine neuron"]["status"] == "note"
    assert 'pip install "allentk[nest]"' in rows["engine nest"]["advice"]


def test_an_engine_that_pip_knows_nothing_of(run, monkeypatch, needs):
    def none(name):
        raise metadata.PackageNotFoundError(name)

    needs("numpy")
    monkeypatch.setattr(check_engines.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(check_engines, "_FOREIGN", {"neuron": "no-such-a", "nest": "no-such-b"})
    _, rows = found(run, "--offline")
    assert rows["engine nest"]["found"] == "found, of unknown version"


def test_compilers_and_mpi(run, monkeypatch, tmp_path):
    monkeypatch.setattr(check_engines.sys, "prefix", str(tmp_path))
    monkeypatch.setattr(check_engines.sys, "base_prefix", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("CXX", raising=False)
    _, rows = found(run, "--offline")
    assert rows["compilers"]["status"] == rows["MPI"]["status"] == "note"
    assert rows["compilers"]["found"].startswith("no make and no bash and no g++")
    assert "mpiexec: none" in rows["MPI"]["found"]
    assert "pip install mpich" in rows["MPI"]["advice"]
    for name in ("bin/make", "bin/bash", "bin/g++", "bin/mpiexec", "lib/libmpi.so.12"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("CXX", "g++ -std=c++17")
    _, rows = found(run, "--offline")
    assert rows["compilers"]["found"] == f"make at {tmp_path}/bin/make, g++ -std=c++17"
    assert rows["MPI"]["status"] == "ok"
    assert rows["MPI"]["found"] == f"{tmp_path}/bin/mpiexec with {tmp_path}/lib/libmpi.so.12"


def test_the_size_of_the_cache(run, tmp_path):
    (tmp_path / "cell_types").mkdir()
    with (tmp_path / "cell_types" / "large.nwb").open("wb") as file:
        file.truncate(2_500_000_000)
    (tmp_path / "again").symlink_to(tmp_path / "cell_types", target_is_directory=True)
    _, rows = found(run, "--offline", "--cache-dir", tmp_path)
    assert rows["cache"]["found"] == f"{tmp_path}, 2.50 GB"


def test_a_full_disk(run, monkeypatch):
    monkeypatch.setattr(check_places, "_ROOM_GB", 1e9)
    _, rows = found(run, "--offline")
    assert rows["free disk"]["status"] == "note"
    assert "keep" in rows["free disk"]["advice"]


class Answer:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (Answer(), "ok", "api.brain-map.org answers"),
        (error.HTTPError("u", 503, "busy", {}, None), "note", "answers 503"),
        (error.URLError("no route"), "note", "cannot be reached (no route)"),
        (TimeoutError("timed out"), "note", "cannot be reached (timed out)"),
        (BadStatusLine("no web"), "note", "cannot be reached (no web)"),
    ],
)
def test_the_service(run, monkeypatch, answer, status, text):
    def opened(address, timeout):
        assert address.startswith("https://")
        assert timeout < 10
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(request, "urlopen", opened)
    result, rows = found(run)
    assert result.exit_code == 0
    asked = [row for what, row in rows.items() if what.startswith("service")]
    assert [row["status"] for row in asked] == [status] * 3
    assert text in rows["service"]["found"]
    assert bool(rows["service"]["advice"]) is (status == "note")


def test_a_setting_that_makes_no_sense(run, monkeypatch):
    monkeypatch.setenv("ALLENTK_JOBS", "many")
    result = run("doctor", "--offline")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ALLENTK_JOBS: expected a whole number")
