"""Running NEURON's compiler of mechanisms, and clear words where it cannot run."""

from __future__ import annotations

import importlib.metadata
import os
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

from allentk.errors import SimulationError

__all__ = ["compile_mechanisms", "compiler", "how_to_install", "missing_tools"]

#: The longest that compiling may take, in seconds; a slow machine under load takes a few minutes.
LIMIT_S = 1500.0
#: How many of its last lines are shown where it fails.
_LINES = 25
_COMPILERS = ("g++", "clang++", "c++")
#: What would change the library, or point NEURON's tools at another NEURON.
_UNSET = (
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "MAKEFLAGS",
    "MAKEFILES",
    "MFLAGS",
    "MAKELEVEL",
    "MODLUNIT",
    "NRNHOME",
    "NRNHOME_EXEC",
    "NEURONHOME",
    "CORENRNHOME",
    "NMODLHOME",
)


def compile_mechanisms(
    build: Path, distribution: importlib.metadata.Distribution, *, limit_s: float = LIMIT_S
) -> str:
    """Compile all sources that lie in a folder with the tool of a NEURON; return what it said.

    Parameters
    ----------
    build : Path
        The folder; the library is in a folder in it, named by the platform.
    distribution : importlib.metadata.Distribution
        NEURON as it is installed.
    limit_s : float
        The longest it may take, in seconds.

    Raises
    ------
    SimulationError
        Where a tool is missing, or compiling failed or took too long.
    """
    environment = _environment()
    # Through this Python, as the first line of a script may be too long for the system.
    command = [sys.executable, str(_nrnivmodl(distribution)), "."]
    process = subprocess.Popen(  # noqa: S603 - NEURON's own tool, on our own sources
        command,
        cwd=build,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired as error:
        raise SimulationError(
            f"mechanisms: compiling took more than {limit_s:g} s and was stopped; is the machine "
            f"busy, or its disk? Try again"
        ) from error
    finally:
        _end(process)
    if process.returncode:
        last = "\n".join(output.splitlines()[-_LINES:])
        raise SimulationError(
            f"mechanisms: {shlex.join(command)} failed with status {process.returncode}. A C++ "
            f"compiler with C++17 is needed ({how_to_install()}). Its last lines:\n{last}"
        )
    return output


def _end(process: subprocess.Popen[str]) -> None:
    """End what is still running of the compiler and of those it called, as after Ctrl-C."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _nrnivmodl(distribution: importlib.metadata.Distribution) -> Path:
    """Return the tool that came with this NEURON, whatever else the PATH has."""
    listed = [one for one in distribution.files or () if one.name == "nrnivmodl"]
    scripts = [Path(str(one.locate())).resolve() for one in listed if one.parent.name == "bin"]
    beside = Path(sysconfig.get_path("scripts")) / "nrnivmodl"
    # The one in its .data folder needs an environment that the one among the scripts makes.
    places = [*(one for one in scripts if ".data" not in one.parts), beside]
    found = next((one for one in places if one.is_file()), None)
    if found is None:
        raise SimulationError(
            f"mechanisms: NEURON {distribution.version} is installed without its tool nrnivmodl; "
            f"looked for {', '.join(str(one) for one in places)}. "
            f"pip install --force-reinstall neuron"
        )
    return found


def _environment() -> dict[str, str]:
    """Return the environment to compile in.

    Raises
    ------
    SimulationError
        Where a tool is missing; names it and how to install it.
    """
    if absent := missing_tools():
        raise SimulationError(
            f"mechanisms: {' and '.join(absent)} not found; NEURON needs them to compile the channels, "
            f"once. To install: {how_to_install()}"
        )
    kept = {name: value for name, value in os.environ.items() if name not in _UNSET}
    return kept | {"LC_ALL": "C", "CXX": str(compiler())}


def missing_tools() -> tuple[str, ...]:
    """Return the names of the programs that compiling needs and this machine does not have."""
    absent = tuple(name for name in ("make", "bash") if shutil.which(name) is None)
    if compiler() is None:
        absent += (os.environ.get("CXX", "g++"),)
    return absent


def compiler() -> str | None:
    """Return the command of the C++ compiler; None where it is not there."""
    if "CXX" in os.environ:
        candidates = [os.environ["CXX"]]
    else:
        # The one that Python was built with may be on another machine.
        candidates = [str(sysconfig.get_config_var("CXX") or ""), *_COMPILERS]
    for one in candidates:
        words = shlex.split(one)
        if words and shutil.which(words[0]) is not None:
            return one
    return None


def how_to_install() -> str:
    """Return the command that installs them on this system."""
    if sys.platform == "darwin":
        return "macOS: xcode-select --install"
    return "Debian, Ubuntu: apt install make g++; Fedora: dnf install make gcc-c++"
