"""List the benchmarks: what each measures, and the command that rewrites its page of results.

python -m benchmarks
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

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


if __name__ == "__main__":
    sys.stdout.write("\n".join(lines()) + "\n")
