"""CPU times of two programs in turns, each in a process and an environment of its own.

Both processes stay alive, so that imports count for neither, and a change in the load of the
machine meets both alike.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

__all__ = ["Asked", "median_ratio", "pairs", "processor", "versions"]

#: The loop of a process: a line names a question, the answer is the CPU time that it took.
_LOOP = """
import json, sys, time
for line in sys.stdin:
    ask = asked[json.loads(line)]
    start = time.process_time()
    ask()
    print("\\n@" + json.dumps(time.process_time() - start), flush=True)
"""


class Asked:
    """A process that answers named questions; leave it by ``with``.

    Parameters
    ----------
    python : str
        The interpreter; its environment is what is measured.
    setup : str
        Source that imports what is needed and makes ``asked``, a dict of functions by name.
    arguments : sequence of str
        ``sys.argv[1:]`` of the source.
    """

    def __init__(self, python: str, setup: str, arguments: Sequence[str] = ()) -> None:
        self._process = subprocess.Popen(
            [python, "-c", setup + _LOOP, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )

    def __enter__(self) -> Asked:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def cpu_s(self, question: str) -> float:
        """Return the CPU seconds of one answer, of all threads and system calls together."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("@"):
                return float(json.loads(line[1:]))
        raise RuntimeError(f"the process ended at {question!r} with {self._process.wait()}")


def pairs(
    ours: tuple[Asked, str], theirs: tuple[Asked, str], runs: int
) -> tuple[list[float], list[float]]:
    """Return CPU seconds of both, in turns; which is first changes from run to run."""
    times: tuple[list[float], list[float]] = ([], [])
    for process, question in (ours, theirs):
        process.cpu_s(question)
    for run in range(runs):
        for which in (0, 1) if run % 2 else (1, 0):
            process, question = (ours, theirs)[which]
            times[which].append(process.cpu_s(question))
    return times


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the pairs' ratios."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def processor() -> str:
    """Return the name of the processor."""
    try:
        found = Path("/proc/cpuinfo").read_text().split("model name", 1)[1].split("\n")[0]
    except (OSError, IndexError):
        return platform.processor() or "unknown processor"
    return found.strip("\t :")


def versions(python: str, packages: Sequence[str]) -> str:
    """Return the versions of Python and of packages in an environment."""
    ask = (
        "import platform, sys; from importlib.metadata import version as v;"
        "print('Python', platform.python_version() + ',', ', '.join(f'{n} {v(n)}' for n in "
        "sys.argv[1:]))"
    )
    said = subprocess.run(
        [python or sys.executable, "-c", ask, *packages],
        capture_output=True,
        text=True,
        check=True,
    )
    return said.stdout.strip()
