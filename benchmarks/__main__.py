"""Run the comparisons with other programs, or list them.

    python -m benchmarks                       what each measures, and its own command
    python -m benchmarks --all                 all of them (make bench): hours
    python -m benchmarks --only feature_speed  one, or several
    python -m benchmarks --quick               short forms (make bench-quick): minutes, pages in --out
    python -m benchmarks --summary             the one table again, from the pages that are there

The environments of other programs are built where they are missing, from pinned requirements.
"""

from __future__ import annotations

import argparse
import ast
import os
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks._bench import Plan, UnreadyError, command, go
from benchmarks._peers import ENVIRONMENTS, PEERS
from benchmarks._registry import BENCHMARKS, Benchmark
from benchmarks._run import RESULTS
from benchmarks._summary import recorded, write_runs, write_summary

_HERE = Path(__file__).parent


def lines() -> list[str]:
    """Return one line of what, and one of how, for each benchmark."""
    out = []
    for path in sorted(_HERE.glob("[!_]*.py")):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        commands = [line for line in text.splitlines() if line.strip().startswith("python -m")]
        out += [
            f"{path.stem}: {text.splitlines()[0]}",
            *(commands or [f"    python -m benchmarks.{path.stem} --help"]),
        ]
    return out


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [one.name for one in BENCHMARKS]
    parser.add_argument("--all", action="store_true", help="run every benchmark")
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help="run these")
    parser.add_argument("--quick", action="store_true", help="run short forms")
    parser.add_argument("--list", action="store_true", help="list what there is (the default)")
    parser.add_argument("--dry-run", action="store_true", help="show commands, run nothing")
    parser.add_argument("--summary", action="store_true", help="write the table from the pages")
    parser.add_argument(
        "--out", type=Path, help="folder of pages (benchmarks/results; --quick: new)"
    )
    parser.add_argument(
        "--environments", type=Path, default=ENVIRONMENTS, help="folder of the peers"
    )
    parser.add_argument(
        "--shared", type=Path, default=os.environ.get("ALLENTK_SHARED"), help="folder of real data"
    )
    parser.add_argument(
        "--peer",
        action="append",
        default=[],
        metavar="NAME=PYTHON",
        help=f"an interpreter that is there already, for {', '.join(PEERS)}",
    )
    return parser


def _given(pairs: Sequence[str], parser: argparse.ArgumentParser) -> dict[str, Path]:
    """Return the interpreters that were named."""
    found = {}
    for pair in pairs:
        name, _, python = pair.partition("=")
        if name not in PEERS or not Path(python).is_file():
            parser.error(f"--peer {pair}: expected NAME=PYTHON, NAME one of {', '.join(PEERS)}")
        found[name] = Path(python).absolute()
    return found


def _chosen(only: Sequence[str] | None, quick: bool) -> list[Benchmark]:
    """Return what to run, in the order of the registry."""
    return [
        one
        for one in BENCHMARKS
        if (only is None or one.name in only) and not (quick and one.quick is None)
    ]


def _out(asked: argparse.Namespace, parser: argparse.ArgumentParser) -> Path:
    """Return the folder of pages; short forms never write over those of the project."""
    if not asked.quick:
        return Path(asked.out or RESULTS).absolute()
    if asked.out is None and asked.dry_run:
        return Path(tempfile.gettempdir()) / "allentk-bench-new"
    out = Path(asked.out or tempfile.mkdtemp(prefix="allentk-bench-"))
    if out.resolve() == RESULTS.resolve():
        parser.error("--quick does not write over benchmarks/results; give another --out")
    return out.absolute()


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks; 1 where a benchmark failed."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.list or not (asked.all or asked.only or asked.quick or asked.summary):
        sys.stdout.write("\n".join(lines()) + "\n")
        return 0
    chosen = _chosen(asked.only, asked.quick)
    if asked.only and not chosen:
        parser.error(f"no short form of {', '.join(asked.only)}")
    out = _out(asked, parser)
    if asked.summary:
        write_runs(out, recorded(out).values())
        sys.stdout.write(f"{write_summary(out)}\n")
        return 0
    shared = Path(asked.shared).absolute() if asked.shared else None
    if asked.quick and not asked.only and shared is None:
        chosen = [one for one in chosen if not one.needs_data(quick=True)]
    given = _given(asked.peer, parser)
    plan = Plan(out, asked.environments.absolute(), shared, given, asked.quick)
    if asked.dry_run:
        return _show(chosen, plan)
    failed = [run for run in go(chosen, plan) if run.failure]
    sys.stdout.write(f"{out / 'summary.md'}\n")
    return 1 if failed else 0


def _show(chosen: Sequence[Benchmark], plan: Plan) -> int:
    for peer in [name for name in PEERS if any(name in one.peers(plan.quick) for one in chosen)]:
        if peer not in plan.given:
            sys.stdout.write(f"{peer}: {plan.environments / peer} from {' '.join(PEERS[peer])}\n")
    for one in chosen:
        try:
            said = shlex.join(command(one, plan))
        except UnreadyError as error:
            said = str(error)
        sys.stdout.write(f"{one.name} ({one.minutes} min): {said}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
