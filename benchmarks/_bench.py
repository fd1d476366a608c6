"""Run benchmarks one after the other, each in a process, and go on where one fails."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks._peers import ENVIRONMENTS, PeerError, environment, interpreter
from benchmarks._registry import Benchmark
from benchmarks._run import RESULTS
from benchmarks._summary import Run, ran, recorded, unreadable, write_runs, write_summary

__all__ = ["Plan", "UnreadyError", "command", "go"]

ROOT = Path(__file__).resolve().parents[1]


class UnreadyError(Exception):
    """A benchmark cannot start: what it needs is missing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Where things lie for a run of benchmarks.

    Attributes
    ----------
    out : Path
        Folder of the pages.
    environments : Path
        Folder of the peers' environments, of logs and of files kept between runs.
    shared : Path or None
        Folder of real data.
    given : mapping of str to Path
        Interpreters of peers that are there already; others are built.
    quick : bool
        The short form.
    """

    out: Path = RESULTS
    environments: Path = ENVIRONMENTS
    shared: Path | None = None
    given: Mapping[str, Path] = field(default_factory=dict)
    quick: bool = False

    def python_of(self, peer: str) -> Path:
        """Return where a peer's interpreter is, or will be."""
        return self.given.get(peer, interpreter(self.environments / peer))


def command(one: Benchmark, plan: Plan) -> list[str]:
    """Return the command line of a benchmark.

    Raises
    ------
    UnreadyError
        If it needs real data and nobody said where they are.
    """
    if one.needs_data(plan.quick) and plan.shared is None:
        raise UnreadyError(
            "needs the folder of real data: give --shared FOLDER or set ALLENTK_SHARED"
        )
    places = {name: shlex.quote(str(plan.python_of(name))) for name in one.peers(plan.quick)}
    places["shared"] = shlex.quote(str(plan.shared))
    places["work"] = shlex.quote(str(plan.environments / "work" / one.name))
    text = one.quick if plan.quick else one.arguments
    smaller = dict(one.smaller) if plan.quick else {}
    begin = [sys.executable, "-m", "benchmarks._run", one.name, str(plan.out), repr(smaller)]
    return [*begin, *shlex.split((text or "").format(**places))]


def perform(one: Benchmark, plan: Plan) -> Run:
    """Build what is missing, run, and return the record; failures are in it, not raised."""
    start = time.perf_counter()
    log = plan.environments / "logs" / f"{one.name}.log"
    try:
        line = command(one, plan)
        for peer in one.peers(plan.quick):
            if peer not in plan.given:
                environment(peer, plan.environments)
        failure = _logged(line, log, plan) or unreadable(plan.out / f"{one.name}.md")
    except (UnreadyError, PeerError) as error:
        failure = str(error)
    return ran(plan.out, one.name, (time.perf_counter() - start) / 60, failure)


def _logged(line: list[str], log: Path, plan: Plan) -> str:
    """Run a command with its output in a file; return why it failed, "" where it did not."""
    for folder in (log.parent, plan.environments / "work", plan.out):
        folder.mkdir(parents=True, exist_ok=True)
    said = {} if plan.shared is None else {"ALLENTK_SHARED": str(plan.shared)}
    with log.open("w", encoding="utf-8") as file:
        file.write(shlex.join(line) + "\n")
        file.flush()
        done = subprocess.run(
            line,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
            cwd=ROOT,
            env={**os.environ, **said},
        )
    if not done.returncode:
        return ""
    last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1]
    return f"ended with {done.returncode}: {last[:200]} ({log.name})"


def go(chosen: Sequence[Benchmark], plan: Plan) -> list[Run]:
    """Run benchmarks in turn and write the table; it is written anew after each of them."""
    done = []
    for at, one in enumerate(chosen, 1):
        about = "" if plan.quick else f", about {one.minutes} min"
        sys.stdout.write(f"{at} of {len(chosen)}: {one.name}{about}\n")
        sys.stdout.flush()
        run = perform(one, plan)
        done.append(run)
        write_runs(plan.out, (recorded(plan.out) | {one.name: run}).values())
        write_summary(plan.out)
        said = f"FAILED, {run.failure}" if run.failure else f"{run.minutes} min"
        sys.stdout.write(f"    {said}\n")
    return done
