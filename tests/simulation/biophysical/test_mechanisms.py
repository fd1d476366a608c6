"""How the mechanisms are compiled, with a compiler that only pretends."""

import os
import re
import signal
import stat
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from allentk.errors import ConfigError, DataError, MissingExtraError, SimulationError
from allentk.models.known_mechanisms import MECHANISMS
from allentk.simulation.biophysical import compiling, mechanisms
from allentk.simulation.biophysical.mechanisms import (
    CONDUCTANCE,
    JUMP_CELL,
    mechanism_library,
    mechanism_name,
    missing,
)

#: Channels and pool, and what networks need besides.
EVERYTHING = {*MECHANISMS, CONDUCTANCE, JUMP_CELL}
#: What stands for nrnivmodl. It counts how often it ran, and writes the library in two halves.
TOOL = """
import os, pathlib, sys, time
here = pathlib.Path.cwd()
with open({runs!r}, "a") as runs:
    runs.write(f"{{os.getpid()}} {{len(list(here.glob('*.mod')))}}\\n")
folder = here / "x86_64"
folder.mkdir()
with open(folder / "libnrnmech.so", "w") as library:
    library.write("half ")
    library.flush()
    time.sleep({seconds})
    library.write("whole")
print("so it said")
sys.exit({status})
"""


@pytest.fixture
def place(monkeypatch, tmp_path):
    """Return a cache folder of the test's own."""
    folder = tmp_path / "a cache"
    monkeypatch.setenv("ALLENTK_MECHANISMS_DIR", str(folder))
    return folder


@pytest.fixture
def pretend(monkeypatch, tmp_path):
    """Return a function that puts a tool in the place of nrnivmodl, and the list of its runs."""
    pytest.importorskip("neuron")
    runs = tmp_path / "runs"

    def put(*, seconds=0.0, status=0, text=TOOL):
        tool = tmp_path / "nrnivmodl"
        tool.write_text(text.format(runs=str(runs), seconds=seconds, status=status))
        monkeypatch.setattr(compiling, "_nrnivmodl", lambda _: tool)
        return runs

    return put


#: Another process that asks for the library, with the same tool.
ASK = """
import sys, pathlib
from allentk.simulation.biophysical import compiling, mechanisms
compiling._nrnivmodl = lambda _: pathlib.Path(sys.argv[1])
print("asking", flush=True)
print(mechanisms.mechanism_library().read_text())
"""


def asking(tool):
    return subprocess.Popen(
        [sys.executable, "-c", ASK, str(tool)], stdout=subprocess.PIPE, text=True
    )


def test_every_mechanism_has_a_source_of_its_name():
    assert {path.stem for path in mechanisms.SOURCES.glob("*")} == EVERYTHING
    for name, one in MECHANISMS.items():
        source = (mechanisms.SOURCES / f"{name}.mod").read_text(encoding="ascii")
        assert re.search(rf"^ +SUFFIX {mechanism_name(name)}$", source, re.MULTILINE)
        assert re.search(r"^ +THREADSAFE$", source, re.MULTILINE)
        # what cannot be checked, or not be run in threads
        assert not re.search(r"\b(VERBATIM|TABLE|GLOBAL|POINTER)\b", source)
        # who is quoted stands in the table of known mechanisms
        for author in one.reference.split(";"):
            assert author.strip() in " ".join(source.split())


def test_names_have_a_prefix():
    assert mechanism_name("CaDynamics") == "atk_CaDynamics"
    with pytest.raises(DataError, match="unknown mechanism 'hh'"):
        mechanism_name("hh")


def test_what_an_interpreter_lacks_is_named():
    interpreter = SimpleNamespace(atk_NaTs=object(), atk_Ih=object())
    assert set(missing(interpreter)) == EVERYTHING - {"NaTs", "Ih"}


def test_asking_loads_no_neuron():
    code = "import sys, allentk.simulation.biophysical.mechanisms; print('neuron' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_library_is_compiled_once(place, pretend):
    runs = pretend()
    first = mechanism_library()
    assert first.read_text() == "half whole"
    assert first.parent.parent == place
    assert mechanism_library() == first
    assert [line.split()[1] for line in runs.read_text().splitlines()] == [str(len(EVERYTHING))]
    assert {path.name for path in first.parent.iterdir()} - {".lock"} == {"libnrnmech.so"}


def test_the_cache_folder_holds_it_where_no_other_is_named(monkeypatch, tmp_path, pretend):
    pretend()
    monkeypatch.delenv("ALLENTK_MECHANISMS_DIR", raising=False)
    monkeypatch.setenv("ALLENTK_CACHE_DIR", str(tmp_path / "all"))
    assert mechanism_library().parents[1] == tmp_path / "all" / "mechanisms"


def test_other_sources_or_another_neuron_are_another_library(place, pretend, monkeypatch, tmp_path):
    pretend()
    seen = {mechanism_library()}
    copied = tmp_path / "mechanisms"
    copied.mkdir()
    for source in mechanisms.SOURCES.glob("*.mod"):
        (copied / source.name).write_bytes(source.read_bytes())
    monkeypatch.setattr(mechanisms, "SOURCES", copied)
    assert mechanism_library() in seen
    (copied / "Ih.mod").write_text((copied / "Ih.mod").read_text() + "\n")
    seen.add(mechanism_library())
    monkeypatch.setattr(mechanisms.platform, "machine", lambda: "abacus")
    seen.add(mechanism_library())
    monkeypatch.setattr(mechanisms, "_FORMAT", "another")
    seen.add(mechanism_library())

    class Older:
        version = "8.2.7"

    monkeypatch.setattr(mechanisms, "_neuron", Older)
    seen.add(mechanism_library())
    assert len(seen) == 5
    assert "neuron-8.2.7-" in mechanism_library().parent.name


def test_only_our_own_sources_are_compiled(place, pretend, monkeypatch, tmp_path):
    runs = pretend()
    copied = tmp_path / "mechanisms"
    copied.mkdir()
    for source in mechanisms.SOURCES.glob("*.mod"):
        (copied / source.name).write_bytes(source.read_bytes())
    (copied / "stranger.mod").write_text("NEURON { SUFFIX stranger }")
    monkeypatch.setattr(mechanisms, "SOURCES", copied)
    mechanism_library()
    assert runs.read_text().split()[1] == str(len(EVERYTHING))


def test_two_processes_at_once_get_one_whole_library(place, pretend, tmp_path):
    runs = pretend(seconds=1.0)
    both = [asking(tmp_path / "nrnivmodl") for _ in range(2)]
    said = [one.communicate(timeout=60)[0] for one in both]
    assert said == ["asking\nhalf whole\n"] * 2
    assert len(runs.read_text().splitlines()) == 1


def test_what_a_killed_process_left_is_not_taken(place, pretend, tmp_path):
    runs = pretend(seconds=60.0)
    process = asking(tmp_path / "nrnivmodl")
    deadline = time.monotonic() + 60
    while not list(place.glob("*/.build-*/x86_64/libnrnmech.so")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.communicate()
    os.kill(int(runs.read_text().split()[0]), signal.SIGKILL)
    assert not list(place.glob("*/libnrnmech.so"))
    pretend()
    library = mechanism_library()
    assert library.read_text() == "half whole"
    assert {path.name for path in library.parent.iterdir()} - {".lock"} == {"libnrnmech.so"}


def test_a_tool_that_fails_is_quoted(place, pretend):
    pretend(status=3)
    with pytest.raises(SimulationError, match=r"(?s)status 3\. A C\+\+ compiler.*so it said"):
        mechanism_library()
    assert not list(place.glob("*/libnrnmech.so"))
    assert not list(place.glob("*/.build-*"))


def test_a_tool_that_makes_nothing_is_told_of(place, pretend):
    pretend(text="print('nothing to do')")
    with pytest.raises(SimulationError, match=r"(?s)no library.*nothing to do"):
        mechanism_library()


def test_a_tool_that_takes_too_long_is_stopped(place, pretend, monkeypatch, tmp_path):
    started = []

    class Noted(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            started.append(self)

    pretend(seconds=60.0)
    monkeypatch.setattr(compiling.subprocess, "Popen", Noted)
    with pytest.raises(SimulationError, match=r"more than 0\.5 s"):
        compiling.compile_mechanisms(tmp_path, mechanisms._neuron(), limit_s=0.5)
    assert [one.returncode for one in started] == [-signal.SIGKILL]


def tools_on_the_path(monkeypatch, tmp_path, *names):
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CXX", raising=False)


@pytest.mark.parametrize(
    ("there", "named"),
    [(("bash", "g++"), "make"), (("bash", "make"), r"g\+\+"), (("bash",), r"make and g\+\+")],
)
def test_missing_tools_are_named(place, pretend, monkeypatch, tmp_path, there, named):
    pretend()
    tools_on_the_path(monkeypatch, tmp_path, *there)
    with pytest.raises(SimulationError, match=f"{named} not found; NEURON needs .* install"):
        mechanism_library()


@pytest.mark.parametrize(
    ("system", "advice"),
    [("darwin", "xcode-select --install"), ("linux", r"apt install make g\+\+")],
)
def test_the_advice_is_the_systems(place, pretend, monkeypatch, tmp_path, system, advice):
    pretend()
    tools_on_the_path(monkeypatch, tmp_path)
    monkeypatch.setattr(sys, "platform", system)
    with pytest.raises(SimulationError, match=advice):
        mechanism_library()


def test_any_compiler_that_is_there_is_taken(monkeypatch, tmp_path):
    tools_on_the_path(monkeypatch, tmp_path, "make", "bash", "clang++")
    monkeypatch.setattr(compiling.sysconfig, "get_config_var", lambda _: "g++ -pthread")
    assert compiling._environment()["CXX"] == "clang++"
    monkeypatch.setenv("CXX", "icpx")
    with pytest.raises(SimulationError, match="icpx not found"):
        compiling._environment()


def test_the_environment_does_not_change_the_library(monkeypatch):
    for name in ("CFLAGS", "NRNHOME", "MAKEFLAGS"):
        monkeypatch.setenv(name, "-O0")
    environment = compiling._environment()
    assert not {"CFLAGS", "NRNHOME", "MAKEFLAGS"} & environment.keys()
    assert environment["LC_ALL"] == "C"


def test_without_neuron_the_way_out_is_told(place, monkeypatch):
    def none(name):
        raise mechanisms.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(mechanisms.importlib.metadata, "distribution", none)
    with pytest.raises(MissingExtraError, match=r"pip install neuron .* backend='reduced'"):
        mechanism_library()


def test_a_neuron_without_its_tool_is_told_of(place, monkeypatch, tmp_path):
    class Bare:
        version = "9.9"
        files = ()

    monkeypatch.setattr(compiling.sysconfig, "get_path", lambda _: str(tmp_path))
    with pytest.raises(SimulationError, match=r"NEURON 9\.9 is installed without its tool"):
        compiling._nrnivmodl(Bare())


def test_the_tool_is_the_one_of_this_neuron():
    pytest.importorskip("neuron")
    tool = compiling._nrnivmodl(mechanisms._neuron())
    assert tool.is_file()
    assert os.access(tool, os.X_OK)
    assert ".data" not in tool.parts


def test_a_folder_that_may_not_be_written_to(tmp_path, pretend, monkeypatch):
    pretend()
    blocked = tmp_path / "a file"
    blocked.write_text("")
    monkeypatch.setenv("ALLENTK_MECHANISMS_DIR", str(blocked))
    with pytest.raises(ConfigError, match="cannot write"):
        mechanism_library()


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root may write")
def test_a_folder_without_rights(tmp_path, pretend, monkeypatch):
    pretend()
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(stat.S_IRUSR | stat.S_IXUSR)
    monkeypatch.setenv("ALLENTK_MECHANISMS_DIR", str(closed))
    with pytest.raises(ConfigError, match="no permission"):
        mechanism_library()


def test_a_full_disk_is_told_of(place, pretend, monkeypatch):
    pretend()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mechanisms.shutil, "copyfile", full)
    with pytest.raises(ConfigError, match="the disk is full"):
        mechanism_library()


def test_a_filesystem_without_locks_still_compiles(place, pretend, monkeypatch):
    import filelock

    def none(*_, **__):
        raise OSError(38, "Function not implemented")

    pretend()
    monkeypatch.setattr(filelock.FileLock, "acquire", none)
    assert mechanism_library().read_text() == "half whole"


def test_waiting_for_another_process_has_an_end(place, pretend, monkeypatch):
    import filelock

    pretend()
    monkeypatch.setattr(mechanisms, "_WAIT_S", 0.1)
    folder = place / mechanisms._key()
    folder.mkdir(parents=True)
    with filelock.FileLock(folder / ".lock"), pytest.raises(SimulationError, match=r"for 0\.1 s"):
        mechanism_library()
