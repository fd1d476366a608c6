"""Names of stimuli: the share of IPFX's stimulus ontology that gets the same name here.

Run ``python -m benchmarks.ontology_parity PYTHON``, where PYTHON is an interpreter that has ipfx. Only
counts and the codes that differ are written.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from allentk.data.ontology import stimulus_of
from benchmarks._paired import versions

RESULT = Path(__file__).parent / "results" / "ontology_parity.md"

_PEER = """
import json
from ipfx.stimulus import StimulusOntology
kinds = StimulusOntology.default().stimuli
print(json.dumps([[k.tags("name")[0][-1], k.tags("code")[0][1:]] for k in kinds]))
"""


def main() -> None:
    """Compare, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", help="an interpreter that has ipfx")
    options = parser.parse_args()
    said = subprocess.run([options.python, "-c", _PEER], capture_output=True, text=True, check=True)
    entries: list[tuple[str, list[str]]] = json.loads(said.stdout.splitlines()[-1])
    other = [
        (code, name, stimulus_of(code).name or "Unknown")
        for name, codes in entries
        for code in codes[-1:]
        if {stimulus_of(each).name or "Unknown" for each in codes} != {name}
    ]
    lines = [
        "# Names of stimuli: allentk beside IPFX",
        "",
        f"{len(entries) - len(other)} of {len(entries)} entries of IPFX's stimulus ontology get the "
        f"same name from their codes; a code without a name here counts as Unknown. Made by "
        f"`python -m benchmarks.ontology_parity PYTHON` with {versions(options.python, ['ipfx'])}.",
        "",
        "| code | IPFX | allentk |",
        "|---|---|---|",
        *(f"| {code} | {theirs} | {ours} |" for code, theirs, ours in sorted(other)),
    ]
    text = "\n".join(lines) + "\n"
    RESULT.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
