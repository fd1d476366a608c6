"""Run one benchmark in this process, with its page in another folder and some constants smaller.

    python -m benchmarks._run NAME FOLDER {"RUNS": 1} [arguments of the benchmark]

A benchmark names its page by constants of its module, so that these are what is replaced.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

__all__ = ["RESULTS", "moved", "run"]

RESULTS = Path(__file__).parent / "results"


def moved(module: ModuleType, folder: Path) -> None:
    """Let the pages of a module lie in another folder."""
    for name, value in list(vars(module).items()):
        if isinstance(value, Path) and value.parent == RESULTS:
            setattr(module, name, folder / value.name)


def run(name: str, folder: Path, smaller: Mapping[str, object], arguments: list[str]) -> int:
    """Import a benchmark, replace its constants, and let it run with arguments.

    Raises
    ------
    ValueError
        If the module has no such constant: the short form would not be short.
    """
    module = importlib.import_module(f"benchmarks.{name}")
    unknown = [constant for constant in smaller if not hasattr(module, constant)]
    if unknown:
        raise ValueError(
            f"benchmarks.{name} has no {', '.join(unknown)}: see benchmarks/_registry.py"
        )
    for constant, value in smaller.items():
        setattr(module, constant, value)
    folder.mkdir(parents=True, exist_ok=True)
    moved(module, folder)
    sys.argv = [str(module.__file__), *arguments]
    return int(module.main() or 0)


if __name__ == "__main__":
    raise SystemExit(
        run(sys.argv[1], Path(sys.argv[2]), ast.literal_eval(sys.argv[3]), sys.argv[4:])
    )
