"""Which engines can run here, and what they need besides: compilers, compiled channels, MPI."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from allentk.cli.finding import Finding

__all__ = ["engines"]

#: Engines that are programs of their own, and the package that each comes in.
_FOREIGN = {"neuron": "neuron", "nest": "nest-simulator"}
_ADVICE = {
    "neuron": "pip install neuron (Linux and macOS; on Windows in WSL) to run cells in NEURON",
    "nest": 'pip install "allentk[nest]" (Linux) or conda install -c conda-forge nest-simulator',
}


def engines() -> Iterator[Finding]:
    """Look at every engine, then at what NEURON compiles and runs in parallel with."""
    try:
        simulation = importlib.import_module("allentk.simulation")
    except ImportError as problem:
        yield Finding("engines", "problem", str(problem), "pip install --force-reinstall allentk")
        return
    for name in simulation.BACKENDS:
        if name in _FOREIGN:
            yield _foreign(name)
        elif name != "auto":
            yield Finding(f"engine {name}", "ok", "built in")
    yield _compilers()
    yield _mechanisms()
    yield _mpi()


def _foreign(name: str) -> Finding:
    what = f"engine {name}"
    if importlib.util.find_spec(name) is None:
        return Finding(what, "note", "not installed; optional", _ADVICE[name])
    try:
        return Finding(what, "ok", metadata.version(_FOREIGN[name]))
    except metadata.PackageNotFoundError:
        # conda and builds of one's own leave no record that pip would.
        return Finding(what, "ok", "found, of unknown version")


def _compilers() -> Finding:
    from allentk.simulation.biophysical.compiling import (
        compiler,
        how_to_install,
        missing_tools,
    )

    name = "compilers"
    if absent := missing_tools():
        found = f"no {' and no '.join(absent)}; only cells in NEURON need them"
        return Finding(name, "note", found, f"to run cells in NEURON: {how_to_install()}")
    return Finding(name, "ok", f"make at {shutil.which('make')}, {compiler()}")


def _mechanisms() -> Finding:
    """Look whether biophysical cells can run in NEURON; every other engine needs no compiler."""
    from allentk.errors import MissingExtraError
    from allentk.simulation.biophysical.compiling import how_to_install, missing_tools
    from allentk.simulation.biophysical.mechanisms import compiled_library

    name = "channels for NEURON"
    try:
        library = compiled_library()
    except MissingExtraError as problem:
        return Finding(
            name, "note", "there is no NEURON; the other engines need none", str(problem)
        )
    if library is not None:
        return Finding(name, "ok", f"compiled: {library}")
    if absent := missing_tools():
        found = f"not compiled, and there is no {' and no '.join(absent)}"
        return Finding(name, "note", found, f"to run cells in NEURON: {how_to_install()}")
    return Finding(name, "ok", "not compiled yet; the first run in NEURON does, in about a minute")


def _mpi() -> Finding:
    from allentk.simulation.biophysical.neuron_ranks import mpi_library

    beside = str(Path(sys.prefix) / "bin")
    launcher = shutil.which("mpiexec") or shutil.which("mpiexec", path=beside)
    library = mpi_library()
    if launcher and library:
        return Finding("MPI", "ok", f"{launcher} with {library}")
    found = f"mpiexec: {launcher or 'none'}, library: {library or 'none'}; optional"
    advice = "pip install mpich, to share a network of NEURON cells among processes"
    return Finding("MPI", "note", found, advice)
