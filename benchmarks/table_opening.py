"""How fast the large tables open: from the service's answer, and from the stored columns.

Run ``python benchmarks/table_opening.py``; it writes ``benchmarks/results/table_opening.md``. The rows
are made up (SYNTHETIC) in the shape and number of the published tables: 2331 cells, and 63,000 cells
of the Observatory with their metrics. CPU seconds of this process, best of five, files in the page
cache; "opened" is what a new process pays after its imports.
"""

import json
import tempfile
import time
from pathlib import Path

import numpy as np

from allentk.api import BrainObservatory, CellTypes, queries, rma
from allentk.api.answers import envelope
from allentk.api.cell_columns import CELLS
from allentk.api.exchange import Response
from allentk.api.observatory_columns import METRICS

RESULTS = Path(__file__).parent / "results" / "table_opening.md"
LINES = ["Rorb-IRES2-Cre", "Pvalb-IRES-Cre", "Sst-IRES-Cre", "Cux2-CreERT2", None]
SPECIES = ["Mus musculus", "Homo Sapiens"]


class Service:
    """Answers from a table of bodies by URL, and says nothing of anything else."""

    synthetic, source, namespace = True, "made up (synthetic)", ""

    def __init__(self):
        self.bodies = {}

    def get(self, request):
        """Answer."""
        body = self.bodies[request.url]
        return Response(200, {"content-length": str(len(body))}, request.url, iter([body]), int)


def value(kind, random, number):
    """Make up one value of a kind; a tenth is missing, as in the published tables."""
    if kind == "id":
        return 300_000_000 + number
    if random.random() < 0.1:
        return None
    return {
        "int": lambda: int(random.integers(0, 10**6)),
        "float": lambda: float(random.normal()),
        "bool": lambda: bool(random.integers(0, 2)),
        "text": lambda: f"{LINES[random.integers(0, 4)]};{random.integers(0, 400)}",
        "list": lambda: [{"name": "a"}],
    }[kind]()


def made_up(columns, n_rows, extra=None):
    """Return rows that these columns can be taken from."""
    random = np.random.default_rng(0)
    keys = {field.key: field.kind for field in columns.values()}
    rows = []
    for number in range(n_rows):
        row = {}
        for key, kind in keys.items():
            first, *rest = key.split(".")
            made = value(kind, random, number)
            for part in reversed(rest):
                made = {part: made}
            row[first] = made
        rows.append(row | (extra(random) if extra else {}))
    return rows


def places(random):
    """Return the keys of a cell's place, of which a column is put together."""
    return {f"csl__{axis}": float(random.normal()) for axis in "xyz"}


def cpu_s(function, repeats=5):
    """Return the least CPU time of a call."""
    best = float("inf")
    for _ in range(repeats):
        began = time.process_time()
        function()
        best = min(best, time.process_time() - began)
    return best


def paged(service, query, rows):
    """Put rows at the service in pages."""
    for start in range(0, len(rows), query.page):
        page = rows[start : start + query.page]
        document = json.loads(envelope(page)) | {"start_row": start, "total_rows": len(rows)}
        service.bodies[rma.query_url(query, start_row=start)] = json.dumps(document).encode()


def measured(name, folder, open_table):
    """Measure the first opening (asked, checked, parsed, stored), parsing, and loading."""
    first = cpu_s(open_table, repeats=1)
    stored = next((folder / ".tables").rglob("*.npz"))

    def parsed():
        stored.unlink(missing_ok=True)
        open_table()

    from_answer, from_columns = cpu_s(parsed, repeats=2), cpu_s(open_table)
    table = open_table()
    answer = next(folder.rglob("*.json"), None)
    sizes = f"{answer.stat().st_size / 1e6:.1f} | {stored.stat().st_size / 1e6:.1f}"
    print(f"{name}: {len(table)} rows, parsed {from_answer:.3f} s, opened {from_columns:.3f} s")
    return (
        f"| {name} | {len(table)} x {table.shape[1]} | {sizes} | {first:.2f} | {from_answer:.3f} | "
        f"{from_columns:.3f} |"
    )


def cells_row(folder):
    """Measure the table of cells."""
    service = Service()
    service.bodies[rma.query_url(queries.cells())] = envelope(made_up(CELLS, 2331, places))
    return measured(
        "cells()",
        folder,
        lambda: CellTypes(cache_dir=folder, transport=service, progress=False).cells(),
    )


def metrics_row(folder):
    """Measure the table of metrics."""
    service = Service()
    paged(service, queries.cell_metrics(), made_up(METRICS, 63_000))
    return measured(
        "cell_metrics()",
        folder,
        lambda: BrainObservatory(cache_dir=folder, transport=service, progress=False).cell_metrics(
            include_failed=True
        ),
    )


def main():
    """Measure both tables and write the result."""
    lines = [
        "# How fast the large tables open",
        "",
        "Rows are made up (SYNTHETIC). CPU seconds; written by `benchmarks/table_opening.py`.",
        "",
        "| table | size | answer, MB | columns, MB | asked and stored, s | parsed, s | opened, s |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in (cells_row, metrics_row):
        with tempfile.TemporaryDirectory() as folder:
            lines.append(row(Path(folder)))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
