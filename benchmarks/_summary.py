"""The one table of all rooms, made from the pages of results, and the record of runs beside it.

``runs.csv`` says when each page was made, whether the last run of it failed, and by a digest which state of
the page that was; ``summary.csv`` and ``summary.md`` follow from it and from the pages alone.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime
from pathlib import Path

from allentk.atomic import write_text
from benchmarks._pages import Page, PageError, read_page
from benchmarks._registry import BENCHMARKS, Benchmark
from benchmarks._summaries import READERS, Row

__all__ = [
    "COLUMNS",
    "Line",
    "Run",
    "failures",
    "lines_of",
    "markdown",
    "ran",
    "recorded",
    "runs_of",
    "table_csv",
    "unreadable",
    "write_runs",
    "write_summary",
]

COLUMNS = {
    "room": "room",
    "what": "what",
    "size": "size",
    "beside": "beside",
    "ours_cpu_s": "allentk, CPU s",
    "peer_cpu_s": "other, CPU s",
    "ratio": "times less CPU",
    "memory": "memory",
    "versions": "versions",
    "machine": "machine",
    "date": "date",
    "page": "page",
}


@dataclass(frozen=True, slots=True)
class Run:
    """The last run of a benchmark: its day, wall minutes, why it failed, and the page's digest."""

    name: str
    date: str
    minutes: str = ""
    failure: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table with where it comes from."""

    room: str
    page: str
    date: str
    machine: str
    versions: str
    row: Row


def digest_of(page: Path) -> str:
    """Return what tells one state of a page from another; "" where there is none."""
    return hashlib.sha256(page.read_bytes()).hexdigest()[:12] if page.exists() else ""


def runs_of(folder: Path) -> dict[str, Run]:
    """Return the record of runs in a folder of results."""
    path = folder / "runs.csv"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["name"]: Run(**row) for row in csv.DictReader(file)}


def recorded(folder: Path) -> dict[str, Run]:
    """Return the record, with pages that changed without it dated by their files."""
    runs = runs_of(folder)
    for one in BENCHMARKS:
        page = folder / f"{one.name}.md"
        known, digest = runs.get(one.name), digest_of(page)
        if digest and (known is None or known.digest != digest):
            day = datetime.fromtimestamp(page.stat().st_mtime, UTC).date()
            runs[one.name] = Run(one.name, day.isoformat(), digest=digest)
    return runs


def ran(folder: Path, name: str, minutes: float, failure: str = "") -> Run:
    """Return the record of a run that ended now."""
    page = folder / f"{name}.md"
    before = runs_of(folder).get(name, Run(name, ""))
    if failure:  # the page, if there is one, is still that of the run before
        return replace(before, date=before.date or date.today().isoformat(), failure=failure)
    return Run(name, date.today().isoformat(), f"{minutes:.1f}", "", digest_of(page))


def write_runs(folder: Path, runs: Iterable[Run]) -> None:
    """Write the record, one line for each benchmark in the order of the registry."""
    by = {run.name: run for run in runs}
    out = io.StringIO()
    table = csv.DictWriter(out, [f.name for f in fields(Run)], lineterminator="\n")
    table.writeheader()
    table.writerows(asdict(by[one.name]) for one in BENCHMARKS if one.name in by)
    write_text(folder / "runs.csv", out.getvalue())


def lines_of(folder: Path) -> list[Line]:
    """Return the rows of all pages that are there and can be read, in the order of the rooms."""
    runs, found = runs_of(folder), []
    for one in BENCHMARKS:
        path = folder / f"{one.name}.md"
        if path.exists() and not unreadable(path):
            page, day = read_page(path), runs.get(one.name, Run(one.name, "")).date
            rows = READERS[one.name](page) if one.name in READERS else ()
            found += [_line(one, page, day, row) for row in rows]
    return found


def unreadable(path: Path) -> str:
    """Return why the times of a page cannot be read; "" where they can, or where it has none."""
    try:
        if path.stem in READERS:
            list(READERS[path.stem](read_page(path)))
    except (PageError, KeyError) as error:
        return f"its page cannot be read: {error}"
    return ""


def _line(one: Benchmark, page: Page, day: str, row: Row) -> Line:
    return Line(one.room, page.name, day, page.machine, page.versions, row)


def _cells(line: Line) -> dict[str, str]:
    row = line.row
    return {
        "room": line.room,
        "what": row.what,
        "size": row.size,
        "beside": row.beside,
        "ours_cpu_s": _figure(row.ours_cpu_s),
        "peer_cpu_s": _figure(row.peer_cpu_s),
        "ratio": _figure(row.ratio, 2),
        "memory": row.memory,
        "versions": line.versions,
        "machine": line.machine,
        "date": line.date,
        "page": line.page,
    }


def _figure(value: float, digits: int = 3) -> str:
    """Return a number with some digits and no exponent; "" for NaN."""
    if math.isnan(value):
        return ""
    if value == 0:
        return "0"
    after = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{after}f}"


def table_csv(lines: list[Line]) -> str:
    """Return the table as CSV, its columns named as in `COLUMNS`."""
    out = io.StringIO()
    table = csv.DictWriter(out, list(COLUMNS), lineterminator="\n")
    table.writeheader()
    table.writerows(_cells(line) for line in lines)
    return out.getvalue()


def markdown(lines: list[Line], folder: Path) -> str:
    """Return the page: the table, the versions under it, failures, and pages without times."""
    told = list(dict.fromkeys(line.versions for line in lines if line.versions))
    shown = {name: title for name, title in COLUMNS.items() if name != "page"}
    text = [
        "# All comparisons in one table",
        "",
        "CPU seconds, of runs in turns where there is another program; the ratio is its time over that of "
        "allentk, above 1 where allentk takes less. Machines were busy: compare within a row. Speeds were "
        "turned into seconds, ranges into their middle. What a row means exactly stands on the page that "
        "its first cell leads to. Made by `make bench`, or from pages that are there by "
        "`python -m benchmarks --summary`.",
        "",
        f"| {' | '.join(shown.values())} |",
        "|" + "---|" * len(shown),
    ]
    for line in lines:
        cells = _cells(line)
        cells["room"] = f"[{line.room}]({line.page}.md)"
        cells["versions"] = f"({told.index(line.versions) + 1})" if line.versions else ""
        text.append("| " + " | ".join(cells[name].replace("|", "\\|") for name in shown) + " |")
    text += ["", "Versions:", "", *(f"{k}. {said}" for k, said in enumerate(told, 1)), ""]
    return "\n".join(text + failures(folder) + _others(folder))


def failures(folder: Path) -> list[str]:
    """Return the lines that say which last runs failed and why; none where all went well."""
    failed = [run for run in runs_of(folder).values() if run.failure]
    if not failed:
        return []
    rows = [
        f"| {run.name} | {run.failure.replace('|', '/')} | {run.date if run.digest else 'never'} |"
        for run in failed
    ]
    head = ["| benchmark | why its last run failed | its numbers are of |", "|---|---|---|"]
    return ["## Failed", "", *head, *rows, ""]


def _others(folder: Path) -> list[str]:
    """List the pages that measure agreement or quality, and benchmarks that have no page."""
    pages, missing = [], []
    for one in BENCHMARKS:
        path = folder / f"{one.name}.md"
        if not path.exists():
            missing.append(f"`{one.name}`")
        elif one.name not in READERS:
            pages.append(f"- {one.room}: [{read_page(path).title}]({one.name}.md)")
    text = ["## Agreement and quality", "", "Pages about something else than time:", "", *pages, ""]
    return [*text, *([f"Not run yet: {', '.join(missing)}.", ""] if missing else [])]


def write_summary(folder: Path) -> Path:
    """Write ``summary.md`` and ``summary.csv`` of a folder of results."""
    lines = lines_of(folder)
    write_text(folder / "summary.csv", table_csv(lines))
    return write_text(folder / "summary.md", markdown(lines, folder))
