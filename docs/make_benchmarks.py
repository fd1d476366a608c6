"""Write ``docs/benchmarks.md`` and its figures from the results in ``benchmarks/results``.

python -m docs.make_benchmarks
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from allentk.atomic import write_text
from allentk.report.figures import COLOURS, Figure, canvas, marked, styled
from benchmarks._pages import Page, number, read_page
from benchmarks._run import RESULTS
from benchmarks._summary import COLUMNS, failures

PAGE = Path(__file__).resolve().with_name("benchmarks.md")
FIGURES = PAGE.with_name("_static")
SHOWN = ("room", "what", "size", "beside", "ours_cpu_s", "peer_cpu_s", "ratio", "memory", "date")

#: Pages that measured the same as a room of `benchmarks.growth`, by the size of that room.
OPEN = {
    "neurons": "benchmarks/results/population_speed.md",
    "edges": "benchmarks/results/network_build.md",
}
_COLOURS = {"allentk": "blue", "Brian2": "green"}

Points = dict[str, list[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Growth:
    """A figure: CPU seconds by size, of each program; `apart` are points of another measurement."""

    name: str
    title: str
    size: str
    points: Points
    apart: Points = field(default_factory=dict)
    about: str = ""

    @property
    def digest(self) -> str:
        """What tells its numbers from others."""
        told = json.dumps([self.title, self.points, self.apart], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"growth_{self.name}.svg"


def _page(name: str) -> Page | None:
    path = RESULTS / f"{name}.md"
    return read_page(path) if path.exists() else None


def growths() -> list[Growth]:
    """Return the figures of the pages that are there."""
    return [*_measured(), *_sampling(), *_balanced()]


def _measured() -> Iterator[Growth]:
    """Return the rooms of `benchmarks.growth`, with what other pages say of the same in open circles."""
    others = {"neurons": ("GLIF neurons", _neurons()), "edges": ("Edges of a network", _edges())}
    page = _page("growth")
    for table in page.having("size", "allentk, s") if page else ():
        points: Points = {}
        for row in table.rows:
            for program, column in (("allentk", "allentk, s"), (row["other"], "other, s")):
                if program:
                    one = (number(row["size"]), number(row[column]))
                    points.setdefault(program, []).append(one)
        size = table.rows[0]["size"].split(" ", 1)[1]
        _, apart = others.pop(size, ("", {}))
        about = f"Open circles: `{OPEN[size]}`, another run." if apart else ""
        yield Growth(size, table.heading, size, points, apart, about)
    for size, (title, points) in others.items():
        if points:
            yield Growth(size, title, size, points, about=f"From `{OPEN[size]}`.")


def _edges() -> Points:
    """Return networks built and saved by both programs."""
    points: Points = {}
    if (page := _page("network_build")) is not None:
        for row in page.one("program", "both, s").rows:
            program = row["program"].split(",")[0]
            points.setdefault(program, []).append((number(row["edges"]), number(row["both, s"])))
    return points


def _neurons() -> Points:
    """Return a second of GLIF5 in double precision: 10,000 steps, from million neuron steps a second."""
    points: Points = {}
    if (page := _page("population_speed")) is None:
        return points
    rows = [r for r in page.one("peer", "times").rows if r["allentk runs"] == "one, float64"]
    for row in rows:
        n, program = number(row["neurons"]), row["peer"].split(",")[0]
        points.setdefault(program, []).append((n, n / 100 / number(row["peer (2)"])))
    alone = page.one("models", "type").rows[0]
    sizes = ("1,000", "10,000", "100,000")
    ours = [(number(n), number(n) / 100 / number(alone[f"{n}, 1"])) for n in sizes]
    return {"allentk": ours, **points}


def _sampling() -> Iterator[Growth]:
    """Return a sweep of 2 s by its samples."""
    if (page := _page("feature_speed")) is None:
        return
    points: Points = {}
    for row in page.one("sampling", "allentk, ms").rows:
        if row["what"].endswith("one row of the sweep"):
            samples = 2e3 * number(row["sampling"])
            points.setdefault("allentk", []).append((samples, number(row["allentk, ms"]) / 1e3))
            points.setdefault(row["beside"], []).append((samples, number(row["other, ms"]) / 1e3))
    yield Growth("samples", "Features of a sweep by its sampling", "samples", points)


def _balanced() -> Iterator[Growth]:
    """Return a second of a balanced network by its edges."""
    if (page := _page("network_nest")) is None:
        return
    points: Points = {}
    for table in page.having("", "NEST / allentk"):
        cells, inputs = (number(part) for part in table.heading.split(", ")[:2])
        row = next(row for row in table.rows if row[""].startswith("per biological second"))
        for program in ("allentk", "NEST"):
            points.setdefault(program, []).append((cells * inputs, number(row[program])))
    yield Growth("balanced", "A second of a balanced network", "edges", points)


@styled
def figure(one: Growth) -> Figure:
    """Draw CPU seconds against size, both logarithmic."""
    drawn, axes = canvas(4.6, 3.1)
    ax = axes[0, 0]
    for program in [*one.points, *(p for p in one.apart if p not in one.points)]:
        colour, points = COLOURS[_COLOURS.get(program, "vermilion")], one.points.get(program, [])
        x, y = zip(*points, strict=True) if points else ((), ())
        ax.plot(x, y, "-o", color=colour, markersize=4, label=program)
        x, y = zip(*one.apart.get(program, [(math.nan, math.nan)]), strict=True)
        ax.plot(x, y, "o", color=colour, markersize=6, markerfacecolor="none")
    ax.set(xscale="log", yscale="log", xlabel=one.size, ylabel="CPU seconds", title=one.title)
    ax.grid(visible=True, color=COLOURS["pale"], linewidth=0.5)
    ax.legend(loc="upper left")
    return marked(drawn, synthetic=True)


@styled
def svg(one: Growth) -> str:
    """Return a figure as SVG, which says what numbers it was drawn from."""
    out = io.StringIO()
    said = {"Date": None, "Creator": None, "Description": f"numbers {one.digest}"}
    figure(one).savefig(out, format="svg", metadata=said)
    return out.getvalue()


def _power(points: list[tuple[float, float]]) -> str:
    """Return by what power time grows between the two largest sizes; "" of one size."""
    if len(points) < 2:
        return ""
    (x0, y0), (x1, y1) = sorted(points)[-2:]
    return f"{math.log(y1 / y0) / math.log(x1 / x0):.2f}"


def _grown(one: Growth) -> list[str]:
    rows = []
    for program, points in one.points.items():
        (small, first), (large, last) = min(points), max(points)
        ends = f"{small:,.0f}: {first:.3g} s | {large:,.0f}: {last:.3g} s"
        rows.append(f"| {program} | {ends} | {_power(points)} |")
    head = f"| program | smallest, {one.size} | largest | power between the two largest |"
    text = [
        f"### {one.title}",
        "",
        f"![{one.title}: CPU seconds by {one.size}](_static/{one.file})",
        "",
    ]
    return [*text, head, "|---|---|---|---|", *rows, "", *([one.about, ""] if one.about else [])]


def page() -> str:
    """Return the page as Markdown."""
    with (RESULTS / "summary.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    where = [f"{row['machine'] or 'machine not noted'}; {row['versions']}" for row in rows]
    told = list(dict.fromkeys(where))
    lines = [
        "# Benchmarks",
        "",
        "Made by `python -m docs.make_benchmarks` from `benchmarks/results/summary.csv`. `make bench` runs",
        "every comparison again, `make bench-quick` short forms of some in a few minutes; either builds",
        "the environments of other programs from pinned requirements.",
        "",
        "CPU seconds, of runs in turns where there is another program; the ratio is its time over that of",
        "allentk, above 1 where allentk takes less. Machines were busy: compare within a row. Rows without",
        "another program are allentk alone. The last column names the page in `benchmarks/results` that",
        "says what was measured, the number before it the machine and the versions below the table.",
        "",
        f"| {' | '.join(COLUMNS[name] for name in SHOWN)} | where | page |",
        "|" + "---|" * (len(SHOWN) + 2),
    ]
    for row, at in zip(rows, where, strict=True):
        cells = [row[name].replace("|", "\\|") for name in SHOWN]
        cells += [str(told.index(at) + 1), f"`{row['page']}`"]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", *(f"{k}. {said}" for k, said in enumerate(told, 1)), ""]
    lines += failures(RESULTS)
    lines += ["## How time grows with size", ""]
    lines += ["A power of 1 is time in proportion to size; below 1 a fixed cost still weighs.", ""]
    for one in growths():
        lines += _grown(one)
    return "\n".join(lines)


def write() -> Path:
    """Write the page and its figures."""
    for one in growths():
        write_text(FIGURES / one.file, svg(one))
    return write_text(PAGE, page())


if __name__ == "__main__":
    print(write())
