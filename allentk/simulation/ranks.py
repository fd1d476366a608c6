"""Processes that were started together, as by ``mpiexec -n 4``."""

from __future__ import annotations

import os
from collections.abc import Mapping

from allentk.errors import SimulationError

__all__ = ["is_first_rank", "launched_ranks"]

#: What launchers tell a process: its number, and how many there are.
_LAUNCHERS = (
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),  # Open MPI
    ("PMI_RANK", "PMI_SIZE"),  # MPICH, Intel MPI, Cray, srun --mpi=pmi2
    ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"),  # MVAPICH
    ("PMIX_RANK", "SLURM_STEP_NUM_TASKS"),  # srun --mpi=pmix
)


def launched_ranks(environment: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """Return the number of this process among those started together, and how many they are.

    Nothing is loaded: the launcher's own words in the environment are read.

    Raises
    ------
    SimulationError
        Where the launcher's words are no numbers.

    Examples
    --------
    >>> launched_ranks({"PMI_RANK": "1", "PMI_SIZE": "4"}), launched_ranks({})
    ((1, 4), (0, 1))
    """
    for rank, size in _LAUNCHERS:
        if rank in environment and size in environment:
            words = environment[rank], environment[size]
            if not (words[0].isdecimal() and words[1].isdecimal() and int(words[1]) > 0):
                raise SimulationError(
                    f"{rank}={words[0]!r} and {size}={words[1]!r} should be whole numbers, set by "
                    f"mpiexec; unset them to run in one process"
                )
            return int(words[0]), int(words[1])
    return 0, 1


def is_first_rank() -> bool:
    """Return whether this process is the one that writes files and speaks to people."""
    return launched_ranks()[0] == 0
