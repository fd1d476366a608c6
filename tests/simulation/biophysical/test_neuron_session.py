"""NEURON in a process that is not ours alone."""

import os
import subprocess
import sys

import pytest

from allentk.errors import DataError, MissingExtraError, SimulationError
from allentk.simulation.biophysical import neuron_session
from allentk.simulation.biophysical.mechanisms import mechanism_library
from allentk.simulation.biophysical.neuron_session import neuron, session

pytest.importorskip("neuron")

SETTINGS = ("celsius", "dt", "secondorder", "cai0_ca_ion", "cao0_ca_ion")


def settings(h):
    cvode = h.CVode()
    scale = cvode.atolscale("cai")
    return [getattr(h, name) for name in SETTINGS] + [
        cvode.active(), cvode.atol(), cvode.rtol(), cvode.maxstep(), scale
    ]  # fmt: skip


def disturb(h):
    cvode = h.CVode()
    cvode.active(1)
    cvode.atol(1e-7)
    cvode.maxstep(3)
    cvode.atolscale("cai", 1e-3)
    h.celsius, h.secondorder, h.cai0_ca_ion = 20.0, 2, 1e-3


def test_settings_are_put_back():
    h = neuron()
    before = settings(h)
    with session() as inside:
        disturb(inside)
    assert settings(h) == before
    with pytest.raises(DataError, match="on purpose"):
        fail()
    assert settings(h) == before


def fail():
    with session() as h:
        disturb(h)
        raise DataError("on purpose")


def test_sections_do_not_outlive_a_session():
    h = neuron()
    kept = []
    for _ in range(20):
        with session() as inside:
            kept.append(inside.Section(name="ours"))
    assert len(list(h.allsec())) == 0


def test_another_model_is_put_back():
    h = neuron()
    theirs = h.Section(name="theirs")
    theirs.insert("hh")
    h.finitialize(-65)
    theirs(0.5).v = -12.0
    theirs(0.5).hh.m = 0.25
    h.t = 3.0
    with pytest.warns(UserWarning, match="already holds a model of 1 sections"):
        run_along(theirs)
    assert (theirs(0.5).v, theirs(0.5).hh.m, h.t) == (-12.0, 0.25, 3.0)
    assert [section.name() for section in h.allsec()] == ["theirs"]
    h.delete_section(sec=theirs)


def run_along(theirs):
    with session() as h:
        h.Section(name="ours")
        h.finitialize(-80)
        h.fadvance()
        assert theirs(0.5).v != -12.0


def run(code, folder, **environment):
    """Run a program in a folder, without a display; the library is there, so that nothing is said."""
    mechanism_library()
    settings = {
        k: v for k, v in os.environ.items() if k not in ("DISPLAY", "NEURON_MODULE_OPTIONS")
    }
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=settings | {"PYTHONPATH": os.getcwd()} | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )


LOAD = """
import os
from allentk.simulation.biophysical.neuron_session import neuron
h = neuron()
assert hasattr(h, "atk_NaTs")
assert os.environ.get("NEURON_MODULE_OPTIONS") == {options!r}
"""


def test_a_library_in_the_current_folder_is_not_loaded(tmp_path):
    """NEURON would load it at import, and say that it cannot: it is no library."""
    (tmp_path / "x86_64").mkdir()
    (tmp_path / "x86_64" / "libnrnmech.so").write_text("code that nobody asked for")
    plain = run("import neuron", tmp_path)
    done = run(LOAD.format(options=None), tmp_path)
    assert (done.stdout, done.stderr) == ("", "")
    if "x86_64" not in plain.stderr:
        pytest.skip("this NEURON looks elsewhere")


def test_code_in_the_current_folder_is_not_run(tmp_path):
    """NEURON looks for the files that it loads in the current folder first."""
    trap = 'system("touch trapped")\n'
    (tmp_path / "import3d").mkdir()
    for name in ("import3d", "import3d/import3d_sec", "import3d/read_swc", "stdlib", "stdrun"):
        (tmp_path / f"{name}.hoc").write_text(trap)
    run("from neuron import h\nh.load_file('import3d.hoc')", tmp_path)
    assert (tmp_path / "trapped").is_file(), "the trap must work where nobody looks out"
    (tmp_path / "trapped").unlink()
    later = "assert hasattr(h, 'Import3d_SWC_read')\nh.load_file('import3d.hoc')\n"
    run(LOAD.format(options=None) + later + "assert os.getcwd() == os.path.realpath('.')", tmp_path)
    assert not (tmp_path / "trapped").exists()


def test_neuron_loads_quietly_and_beside_settings_of_ones_own(tmp_path):
    own = "-nogui"
    done = run(LOAD.format(options=own), tmp_path, NEURON_MODULE_OPTIONS=own)
    assert (done.stdout, done.stderr) == ("", "")
    before = "import os\nos.environ['NEURON_MODULE_OPTIONS'] = '-nogui'\nimport neuron\n"
    done = run(before + LOAD.format(options=own), tmp_path)
    assert (done.stdout, done.stderr) == ("", "")


def test_importing_allentk_loads_no_neuron(tmp_path):
    code = "import sys, allentk.simulation.biophysical.simulate\nassert 'neuron' not in sys.modules"
    run(code, tmp_path)


def test_a_library_that_neuron_cannot_load_is_named(monkeypatch, tmp_path):
    library = tmp_path / "libnrnmech.so"
    library.write_text("no library")
    monkeypatch.setattr(neuron_session, "mechanism_library", lambda: library)
    monkeypatch.setattr(neuron_session, "missing", lambda _: ("NaTs",))
    with pytest.raises(SimulationError, match=r"libnrnmech\.so, but does not know NaTs"):
        neuron.__wrapped__()


def test_neuron_that_is_not_installed(monkeypatch, tmp_path):
    monkeypatch.setattr(neuron_session, "mechanism_library", lambda: tmp_path)
    monkeypatch.setitem(sys.modules, "neuron", None)
    with pytest.raises(MissingExtraError, match="backend='reduced'"):
        neuron.__wrapped__()
