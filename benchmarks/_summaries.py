"""What each page of results says about CPU time: rows of the one table.

A function per page, because the pages differ. Times become CPU seconds, speeds the seconds of a stated
amount of work, and a ratio is always the other program's time over ours: above 1 where allentk takes less.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from benchmarks._pages import Page, number

__all__ = ["READERS", "Row"]

NONE = float("nan")


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement: CPU seconds of both (NaN where not measured), their ratio, memory in words."""

    what: str
    size: str
    beside: str
    ours_cpu_s: float
    peer_cpu_s: float = NONE
    ratio: float = NONE
    memory: str = ""


def _row(
    what: str,
    size: str,
    beside: str,
    ours: float,
    peer: float,
    ratio: float = NONE,
    memory: str = "",
) -> Row:
    return Row(what, size, beside, ours, peer, peer / ours if math.isnan(ratio) else ratio, memory)


def _middle(cell: str) -> float:
    """Return the middle of ``smallest - largest``."""
    return statistics.mean(number(part) for part in cell.split(" - "))


def feature_speed(page: Page) -> Iterator[Row]:
    """Return times per sweep."""
    for row in page.one("sampling", "allentk, ms").rows:
        ours, peer = (number(row[column]) / 1e3 for column in ("allentk, ms", "other, ms"))
        size = f"a sweep of 2 s at {row['sampling']}"
        yield _row(row["what"], size, row["beside"], ours, peer, number(row["times faster"]))


def nwb1_reading(page: Page) -> Iterator[Row]:
    """Return times of one sweep; the page's ratio is ours over theirs."""
    for row in page.one("allentk, ms", "ratio").rows:
        ours, peer = (number(row[column]) / 1e3 for column in ("allentk, ms", "other, ms"))
        size = "a sweep of 600,000 samples"
        yield _row(
            f"a Cell Types file: {row['what']}",
            size,
            row["beside"],
            ours,
            peer,
            1 / number(row["ratio"]),
        )


def observatory_reading(page: Page) -> Iterator[Row]:
    """Return times of a session; the page's ratio is ours over theirs."""
    for row in page.one("allentk, s", "ratio").rows:
        ours, peer = (number(row[column]) for column in ("allentk, s", "other, s"))
        what, size = row["what"], "200 cells x 115,471 frames"
        yield _row(what, size, row["beside"], ours, peer, 1 / number(row["ratio"]))


def table_opening(page: Page) -> Iterator[Row]:
    """Return times of ours alone."""
    for row in page.one("opened, s").rows:
        what = f"open the table {row['table']}"
        memory = f"columns {row['columns, MB']} MB"
        yield Row(what, row["size"], "", number(row["opened, s"]), memory=memory)


def glif_speed(page: Page) -> Iterator[Row]:
    """Turn million steps per second into times, the middle over the cells."""
    for row in page.one("level", "times, median").rows:
        ours, peer = (1 / _middle(row[column]) for column in ("allentk", "AllenSDK"))
        size = f"level {row['level']}, 1,000,000 steps"
        what = f"one GLIF neuron: {row['what']}"
        yield _row(what, size, "AllenSDK", ours, peer, number(row["times, median"]))


def population_speed(page: Page) -> Iterator[Row]:
    """Turn million neuron steps per second into times of a second of 10,000 steps."""
    more = re.search(r"- memory: (\d+ bytes for one more neuron)", page.text)
    memory = more[1] if more else ""
    for row in page.one("peer", "neurons", "times").rows:
        million = number(row["neurons"]) * 1e4 / 1e6
        ours, peer = million / number(row["allentk"]), million / number(row["peer (2)"])
        yield Row(
            f"many GLIF neurons: {row['allentk runs']}",
            f"{row['neurons']} neurons, 1 s",
            row["peer"],
            ours,
            peer,
            number(row["times"]),
            memory,
        )


def tree_speed(page: Page) -> Iterator[Row]:
    """Return the tree beside NEURON at one step, and the second-order tree beside CVODE."""
    pairs = (
        ("tree, fixed 0.025 ms", "NEURON, fixed 0.025 ms"),
        ("tree, second-order 0.025 ms", "NEURON, CVODE 1e-3"),
    )
    for table in page.having("run", "CPU s"):
        cpu = {row["run"]: number(row["CPU s"]) for row in table.rows}
        for ours, peer in pairs:
            yield _row(ours, f"{table.heading}, 2 s", peer, cpu[ours], cpu[peer])


def reduced_speed(page: Page) -> Iterator[Row]:
    """Return the medians over the cells, of each method."""
    rows = page.one("method", "reduced").rows
    for method in dict.fromkeys(row["method"] for row in rows):
        of = [row for row in rows if row["method"] == method]
        ours, peer, ratio = (
            statistics.median(number(row[column]) for row in of)
            for column in ("reduced", "NEURON", "times")
        )
        size = f"median of {len(of)} perisomatic cells, 1 s"
        yield _row(f"reduced, {method}", size, "NEURON", ours / 1e3, peer / 1e3, ratio)


def network_build(page: Page) -> Iterator[Row]:
    """Return both sizes; BMTK is measured at the smaller one."""
    rows = page.one("program", "both, s").rows
    theirs = {row["program"].split(",")[0]: row for row in rows}["BMTK"]
    said = re.search(r"(\d+) times the CPU time", page.text)
    for row in rows:
        program, cells = row["program"].split(", ", 1)
        if program != "allentk":
            continue
        paired = theirs["program"].endswith(cells)
        memory = f"{row['MB at peak']} MB"
        yield Row(
            "build and save a network",
            f"{cells}, {row['edges']} edges",
            "BMTK" if paired else "",
            number(row["both, s"]),
            number(theirs["both, s"]) if paired else NONE,
            number(said[1]) if said and paired else NONE,
            f"{memory}, BMTK {theirs['MB at peak']} MB" if paired else memory,
        )


def network_nest(page: Page) -> Iterator[Row]:
    """Return, of each network, its building, its first 100 ms, and a second."""
    for table in page.having("", "NEST / allentk"):
        by = {row[""]: row for row in table.rows}
        held = by["growth of memory, MB"]
        memory = f"{held['allentk']} MB, NEST {held['NEST']} MB"
        for name, row in by.items():
            if row is not held:
                yield _row(
                    f"a balanced network: {name.removesuffix(', CPU s')}",
                    table.heading,
                    "NEST",
                    number(row["allentk"]),
                    number(row["NEST"]),
                    number(row["NEST / allentk"]),
                    memory,
                )


def lgn_filternet(page: Page) -> Iterator[Row]:
    """Return times of 84 cells on a grating."""
    for row in page.one("FilterNet, s", "times").rows:
        yield _row(
            f"LGN cells on a grating: {row['allentk']}",
            "84 cells, 2 s",
            f"FilterNet, {row['FilterNet']}",
            number(row["allentk, s"]),
            number(row["FilterNet, s"]),
            number(row["times"]),
        )


def v1_build(page: Page) -> Iterator[Row]:
    """Return times of ours alone, built and saved."""
    for row in page.one("variant", "build, CPU s (wall)").rows:
        both = number(row["build, CPU s (wall)"]) + number(row["save, CPU s (wall)"])
        memory = f"{number(row['peak, GB (bar)']):g} GB"
        size = f"{row['variant']}: {row['cells']} cells"
        yield Row("build and save a V1 model", size, "", both, memory=memory)


def traces_speed(page: Page) -> Iterator[Row]:
    """Return a cell beside AllenSDK, and L0 events alone."""
    said = re.search(r"of \d+ cells? x ([\d,]+) frames", page.text)
    size = f"a cell of {said[1]} frames" if said else "a cell"
    for row in page.one("what", "AllenSDK, s", "ratio").rows:
        ours, peer = number(row["allentk, s"]), number(row["AllenSDK, s"])
        yield _row(row["what"], size, "AllenSDK", ours, peer, number(row["ratio"]))
    for table in page.having("what", "allentk, s"):
        if "AllenSDK, s" not in table.columns:
            for row in table.rows:
                yield Row(f"L0 events: {row['what']}", size, "", number(row["allentk, s"]))


def warehouse_speed(page: Page) -> Iterator[Row]:
    """Return times of tables of two-photon metrics."""
    held = "table of 200 cells"
    peaks = {
        row[held]: f"{row['peak over it, MB']} MB over the input of {row['input, MB']} MB"
        for table in page.having(held)
        for row in table.rows
    }
    for row in page.one("table", "AllenSDK, CPU s").rows:
        name = row["table"]
        yield _row(
            f"two-photon metrics: {name.replace('_', ' ')}",
            f"{row['cells']} cells",
            "AllenSDK",
            number(row["allentk, CPU s"]),
            number(row["AllenSDK, CPU s"]),
            number(row["times as fast"]),
            peaks.get(name, ""),
        )


def receptive_fields(page: Page) -> Iterator[Row]:
    """Return fields and speed tuning; the large session is ours alone."""
    for row in page.one("what", "allentk", "AllenSDK", "ratio").rows:
        what, size = row["what"].rsplit(", ", 1)
        peer = number(row["AllenSDK"])
        beside = "" if math.isnan(peer) else "AllenSDK"
        yield Row(what, size, beside, number(row["allentk"]), peer, number(row["ratio"]))


def neuropixels_speed(page: Page) -> Iterator[Row]:
    """Return times of tables of Neuropixels metrics."""
    said = re.search(r"(\d+) units, CPU seconds", page.text)
    size = f"{said[1]} units" if said else "some units"
    for row in page.one("table", "AllenSDK, s").rows:
        ours, peer = number(row["allentk, s"]), number(row["AllenSDK, s"])
        what = f"Neuropixels metrics: {row['table']}"
        yield _row(what, size, "AllenSDK", ours, peer, number(row["times faster"]))


def growth(page: Page) -> Iterator[Row]:
    """Return the largest size that both programs did."""
    for table in page.having("size", "allentk, s"):
        both = [row for row in table.rows if not math.isnan(number(row["other, s"]))]
        if not both:
            continue
        row = both[-1]
        yield _row(
            table.heading.lower(),
            row["size"],
            row["other"],
            number(row["allentk, s"]),
            number(row["other, s"]),
        )


READERS: Mapping[str, Callable[[Page], Iterator[Row]]] = {
    reader.__name__: reader
    for reader in (
        table_opening,
        nwb1_reading,
        observatory_reading,
        feature_speed,
        glif_speed,
        population_speed,
        tree_speed,
        reduced_speed,
        network_build,
        network_nest,
        lgn_filternet,
        v1_build,
        traces_speed,
        warehouse_speed,
        receptive_fields,
        neuropixels_speed,
        growth,
    )
}
