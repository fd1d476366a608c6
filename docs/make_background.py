"""Write the background pages that are made of what the code reads: features, scores, mechanisms.

The build calls it; the pages are made anew every time and are not kept. python -m docs.make_background
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

from allentk.features import CELL_COLUMNS
from allentk.features.spike_table import SPIKE_COLUMNS
from allentk.models.known_mechanisms import MECHANISMS, UNITS
from docs.docstrings import entries, sections

FOLDER = Path(__file__).resolve().parent

#: Columns of ``features.spikes``: beginning of the name, unit and meaning.
SPIKE_MEANINGS = {
    "threshold": "the last sample before the upstroke with dV/dt at most 5 % of the sweep's mean upstroke",
    "clipped": "whether the voltage does not come back before the next spike or the end of the window",
    "peak": "the largest voltage of the spike",
    "trough": "the smallest voltage from the peak to the next threshold",
    "upstroke": "the largest dV/dt between threshold and peak",
    "downstroke": "the smallest dV/dt between peak and trough",
    "isi_type": "way to the next spike: detour where the voltage dips once more by 0.5 mV, else direct",
    "fast_trough": "the first sample after the downstroke with dV/dt back above 1 % of it",
    "adp": "the afterdepolarisation: a peak within 5 ms of the fast trough, at most 10 mV above it",
    "slow_trough": "of a detour, the smallest voltage after the afterdepolarisation or the fast trough",
    "width": "time above half height between fast trough, or threshold where that is higher, and peak",
    "upstroke_downstroke_ratio": "largest over smallest dV/dt, without sign",
}
_ENDS = {"_index": "sample", "_t": "s", "_v": "mV", "_i": "pA"}
_UNITS = {
    "clipped": "yes or no",
    "isi_type": "word",
    "upstroke": "V/s",
    "downstroke": "V/s",
    "width": "s",
    "upstroke_downstroke_ratio": "1",
}
_SAID = {
    "_index": "which sample that is",
    "_t": "when",
    "_v": "voltage there",
    "_i": "current there",
}

#: Modules whose public functions are scores.
SCORES = (
    "allentk.fitting.objectives",
    "allentk.fitting.scores",
    "allentk.fitting.scores_coincidence",
    "allentk.fitting.scores_voltage",
    "allentk.benchmark.distances",
)


def spike_columns() -> Iterator[tuple[str, str, str]]:
    """Yield name, unit and meaning of the columns of a spike table.

    Raises
    ------
    KeyError
        Where a column has no meaning here.
    """
    for name in SPIKE_COLUMNS:
        if name in _UNITS:
            yield name, _UNITS[name], SPIKE_MEANINGS[name]
            continue
        end = next(end for end in _ENDS if name.endswith(end))
        what = SPIKE_MEANINGS[name.removesuffix(end)]
        yield name, _ENDS[end], f"{what}: {_SAID[end]}"


def _table(rows: list[tuple[str, ...]], *titles: str) -> list[str]:
    lines = ["| " + " | ".join(titles) + " |", "|---" * len(titles) + "|"]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]


def features_page() -> str:
    """Return the page of the features, as Markdown."""
    spikes = [(f"`{name}`", unit, said) for name, unit, said in spike_columns()]
    cells = []
    for name, said in CELL_COLUMNS.items():
        meaning, _, unit = said.rpartition(", ")
        known = unit in ("s", "ms", "mV", "pA", "MOhm", "GOhm", "spikes/s per pA")
        cells.append((f"`{name}`", unit if known else "1", meaning if known else said))
    return "\n".join(
        [
            "# Features, by Allen's names",
            "",
            "Names, units and meanings are those of the published tables. The voltage passes a low-pass of 10 kHz",
            "first; where the published programs do what one would not expect, [quirks.md](quirks.md) says what is",
            "done about it. Source: IPFX 2.1 and AllenSDK 2.16 (Allen Institute), Gouwens et al. 2019, Nature",
            "Neuroscience 22:1182. Features by eFEL's names: [efel.md](efel.md).",
            "",
            "## One row per spike: `features.spikes`",
            "",
            *_table(spikes, "column", "unit", "meaning"),
            "## One row per cell: `features.cell`",
            "",
            "A spike's point in a column that ends with a protocol is that of the first spike, averaged over the",
            "sweeps of the protocol.",
            "",
            *_table(cells, "column", "unit", "meaning"),
        ]
    )


def scores() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield module, name and docstring of every score."""
    for room in SCORES:
        module = importlib.import_module(room)
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isfunction(value):
                yield room, name, sections(value)


def scores_page() -> str:
    """Return the page of the scores of fits and benchmarks, as Markdown."""
    lines = [
        "# Scores",
        "",
        "How a model is compared with what was recorded: of a cell, spikes and voltages; of a network, distributions",
        "of metrics. From the docstrings of the functions that compute them.",
        "",
    ]
    for room, name, said in scores():
        lines += [f"## {name}", "", f"`{room}.{name}`", ""]
        for part in ("", "Notes", "References"):
            if text := said.get(part):
                lines += ["```{eval-rst}", text.replace(".. [1] ", ""), "```", ""]
        given = [
            (f"`{one.name}`", one.kind, one.said) for one in entries(said.get("Parameters", ""))
        ]
        lines += _table(given, "takes", "type", "meaning") if given else []
    return "\n".join(lines)


def mechanisms_page() -> str:
    """Return the page of the mechanisms, as Markdown."""
    rows = [
        (
            f"`{one.name}`",
            one.ion or "none of its own",
            ", ".join(f"{name} {value:g} {UNITS[name]}" for name, value in one.defaults.items()),
            one.reference,
        )
        for one in MECHANISMS.values()
    ]
    return "\n".join(
        [
            "# Mechanisms",
            "",
            "The channels and the calcium pool of the published models, by Allen's names. The equations",
            "stand as functions in `allentk.models.channels` and as NMODL in `allentk/models/mechanisms`,",
            "both our own from the papers; a test holds the two to the same numbers. The current of a",
            "channel is $I = \\bar g\\, m^p h^q (V - E)$, in mA/cm2, with gates that go to",
            "$m_\\infty(V)$ with a time constant $\\tau(V)$ in ms. Set: Gouwens et al. 2018, Nature",
            "Communications 9:710; Nandi et al. 2022, Cell Reports 40:111176.",
            "",
            *_table(rows, "mechanism", "ion", "parameters and defaults", "kinetics from"),
        ]
    )


PAGES = {
    "feature_columns.md": features_page,
    "scores.md": scores_page,
    "mechanisms.md": mechanisms_page,
}


def write() -> list[Path]:
    """Write the pages."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
    return [FOLDER / name for name in PAGES]


if __name__ == "__main__":
    print(*write(), sep="\n")
