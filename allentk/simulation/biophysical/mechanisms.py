"""The mechanisms compiled for the NEURON that is installed, once for every user.

allentk brings its channels, and the synapses and point cells of its networks, as sources
(``allentk/models/mechanisms``), and NEURON runs only what was compiled for its own version. So the first
simulation compiles them, in a minute or less, into the setting ``mechanisms_dir`` (see
`allentk.config`). The place has the version of NEURON, the platform and a hash of the sources in its
name: another NEURON, or another allentk, has another library beside it.
Nothing else is ever compiled.

Nothing here loads NEURON.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.metadata
import logging
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from allentk.atomic import room
from allentk.config import settings
from allentk.errors import MissingExtraError, SimulationError
from allentk.models.known_mechanisms import MECHANISMS, mechanism
from allentk.simulation.biophysical.compiling import compile_mechanisms

__all__ = [
    "CONDUCTANCE",
    "JUMP_CELL",
    "PREFIX",
    "compiled_library",
    "mechanism_library",
    "mechanism_name",
    "missing",
]

log = logging.getLogger(__name__)

SOURCES = Path(__file__).parents[2] / "models" / "mechanisms"
PREFIX = "atk_"
#: What a network is made of besides cells with channels.
CONDUCTANCE, JUMP_CELL = "Conductance", "JumpCell"

#: Raised where the way of compiling changes, so that older libraries are not taken.
_FORMAT = "1"
_LIBRARIES = ("libnrnmech.so", "libnrnmech.dylib")
#: The longest that one process waits for another one to compile, in seconds.
_WAIT_S = 1800.0
#: What a filesystem answers that knows no locks.
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP)


def mechanism_name(name: str) -> str:
    """Return the name in NEURON of a mechanism that Allen's files call `name`.

    The prefix keeps it apart from a library of Allen's own that the same process may have loaded.

    Raises
    ------
    DataError
        Where there is no such mechanism.

    Examples
    --------
    >>> mechanism_name("NaTs")
    'atk_NaTs'
    """
    return PREFIX + mechanism(name).name


def missing(h: Any) -> tuple[str, ...]:
    """Return which mechanisms an interpreter does not have, by Allen's names.

    Parameters
    ----------
    h : hoc.HocObject
        ``neuron.h``. ``h.nrn_load_dll`` says nothing where a library is of another version; this
        tells.
    """
    return tuple(name for name in _names() if not hasattr(h, PREFIX + name))


def mechanism_library() -> Path:
    """Return the compiled library of all mechanisms; compile it where it is not in the cache.

    Processes that ask at the same time wait for the one that compiles.

    Returns
    -------
    Path
        What ``h.nrn_load_dll`` takes.

    Raises
    ------
    MissingExtraError
        Where NEURON is not installed.
    SimulationError
        Where make or a C++ compiler is missing, or compiling failed or took too long.
    ConfigError
        Where the cache folder has no room, or may not be written to.
    """
    folder = _home()
    found = _library_in(folder)
    if found is not None:
        return found
    with room(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder) as alone:
        # Another process may have compiled it while this one waited.
        return _library_in(folder) or _built(folder, sweep=alone)


def compiled_library() -> Path | None:
    """Return the library of all mechanisms where it has been compiled; None where it has not.

    Raises
    ------
    MissingExtraError
        Where NEURON is not installed.
    """
    return _library_in(_home())


def _home() -> Path:
    """Return where the library for this NEURON, this machine and these sources belongs."""
    # Whole, as NEURON is asked for it later and maybe from elsewhere.
    return settings().mechanisms_dir.absolute() / _key()


def _key() -> str:
    """Return what a library depends on, as the name of a folder."""
    hashed = hashlib.sha256(_FORMAT.encode())
    for source in _sources():
        hashed.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    version = _neuron().version
    return f"neuron-{version}-{sys.platform}-{platform.machine()}-{hashed.hexdigest()[:16]}"


def _sources() -> list[Path]:
    return [SOURCES / f"{name}.mod" for name in _names()]


def _names() -> list[str]:
    return sorted([*MECHANISMS, CONDUCTANCE, JUMP_CELL])


def _neuron() -> importlib.metadata.Distribution:
    for name in ("neuron", "neuron-nightly"):
        with suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.distribution(name)
    raise MissingExtraError(
        "NEURON is not installed: pip install neuron (Linux and macOS; on Windows in WSL). "
        "Single cells need none of it: backend='reduced' with channels in the soma alone, else 'tree'"
    )


def _library_in(folder: Path) -> Path | None:
    return next((one for name in _LIBRARIES if (one := folder / name).is_file()), None)


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Hold a folder against other processes; yield whether it could be held.

    Where the filesystem has no locks, two processes may compile the same. That costs time and nothing
    else, as a library appears whole or not at all.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / ".lock")
    try:
        with room(folder):
            try:
                lock.acquire(timeout=_WAIT_S)
            except (OSError, NotImplementedError) as error:
                if isinstance(error, OSError) and error.errno not in _NO_LOCKS:
                    raise
                log.info("mechanisms: no locks on this filesystem (%s): %s", error, folder)
    except Timeout as error:
        raise SimulationError(
            f"mechanisms: another process has been compiling them for {_WAIT_S:g} s in {folder}. Wait "
            f"for it; where none runs any more, delete that folder"
        ) from error
    try:
        yield lock.is_locked
    finally:
        lock.release()


def _built(folder: Path, *, sweep: bool) -> Path:
    """Compile aside, and move the library into place when it is whole."""
    if sweep:
        for left in folder.glob(".build-*"):
            shutil.rmtree(left, ignore_errors=True)
    # A warning, so that it is seen: otherwise the first run would seem to hang.
    log.warning("compiling the channels for NEURON, once; this takes a minute or two: %s", folder)
    with (
        room(folder),
        tempfile.TemporaryDirectory(dir=folder, prefix=".build-", ignore_cleanup_errors=True) as at,
    ):
        build = Path(at)
        for source in _sources():
            shutil.copyfile(source, build / source.name)
        output = compile_mechanisms(build, _neuron())
        made = next((one for name in _LIBRARIES for one in build.glob(f"*/{name}")), None)
        if made is None:
            raise SimulationError(
                f"mechanisms: nrnivmodl ended well and left no library; is this NEURON whole? "
                f"pip install --force-reinstall neuron. It said:\n{output}"
            )
        return made.replace(folder / made.name)
