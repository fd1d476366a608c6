"""Ask the real services every question, and report where their tables are not as documented.

    python -m benchmarks.live [--demo] [--out live-report.md]

Needs a network; ``--demo`` asks the embedded cassette instead. Ends with 1 where something is missing.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from allentk import __version__
from allentk.api import Live, Replay
from allentk.api.drift import drift
from allentk.api.embedded import demo_folder


def page(found: pd.DataFrame, source: str) -> str:
    """Return the report as Markdown."""
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    lines = [
        "# Are the services' tables as documented?",
        "",
        f"Asked {source} with allentk {__version__}, {when}.",
        "",
        "| table | rows | missing | undocumented | error |",
        "|---|---|---|---|---|",
    ]
    for row in found.to_dict("records"):
        told = [str(row[k]) for k in ("table", "rows", "missing", "undocumented", "error")]
        lines.append("| " + " | ".join(text.replace("|", "/") for text in told) + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Ask, write the report, and say whether something is missing."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--demo", action="store_true", help="ask the embedded cassette")
    parser.add_argument("--out", type=Path, default=Path("live-report.md"))
    chosen = parser.parse_args()
    transport = Replay(demo_folder()) if chosen.demo else Live()
    found = drift(transport)
    chosen.out.write_text(page(found, transport.source), encoding="utf-8")
    short = found.assign(error=found["error"].str.slice(0, 60))
    print(short[["table", "rows", "missing", "error"]].to_string(index=False))
    print(f"Report: {chosen.out}")
    return int((found[["missing", "error"]] != "").to_numpy().any())


if __name__ == "__main__":
    raise SystemExit(main())
