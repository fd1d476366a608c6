"""Write ``docs/tables.md``: every table of the services, with type, unit and meaning of its columns.

python -m docs.make_tables
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from allentk.api import (
    cell_columns,
    neuropixels_columns,
    observatory_columns,
    patch_seq_tables,
    visual_behavior_columns,
)
from allentk.api.tables import Field

PAGE = Path(__file__).resolve().with_name("tables.md")

#: Title of a section, what returns the table, and its columns.
TABLES: list[tuple[str, str, Mapping[str, Field]]] = [
    ("Cells", "CellTypes().cells()", cell_columns.CELLS),
    ("Electrophysiology features", "CellTypes().ephys_features()", cell_columns.EPHYS_FEATURES),
    ("Morphology features", "CellTypes().morphology_features()", cell_columns.MORPHOLOGY_FEATURES),
    ("Sweeps", "CellTypes().sweep_table(specimen_id)", cell_columns.SWEEPS),
    ("Models", "CellTypes().models(specimen_id)", cell_columns.MODELS),
    ("Containers", "BrainObservatory().containers()", observatory_columns.CONTAINERS),
    ("Sessions", "BrainObservatory().sessions()", observatory_columns.SESSIONS),
    ("Cell metrics", "BrainObservatory().cell_metrics()", observatory_columns.METRICS),
    (
        "Stimulus mappings",
        "BrainObservatory().stimulus_mappings()",
        observatory_columns.STIMULUS_MAPPINGS,
    ),
    ("Neuropixels sessions", "Neuropixels().sessions()", neuropixels_columns.SESSIONS),
    ("Neuropixels probes", "Neuropixels().probes()", neuropixels_columns.PROBES),
    ("Neuropixels channels", "Neuropixels().channels()", neuropixels_columns.CHANNELS),
    ("Neuropixels units", "Neuropixels().units()", neuropixels_columns.UNITS),
    (
        "Neuropixels metrics",
        "Neuropixels().unit_metrics(session_type)",
        neuropixels_columns.METRICS,
    ),
    *(
        (f"Visual Behavior ophys: {name}", f'VisualBehavior("ophys").table("{name}")', columns)
        for name, columns in visual_behavior_columns.OPHYS.items()
    ),
    *(
        (
            f"Visual Behavior Neuropixels: {name}",
            f'VisualBehavior("neuropixels").table("{name}")',
            columns,
        )
        for name, columns in visual_behavior_columns.NEUROPIXELS.items()
    ),
    ("Patch-seq files", "PatchSeq().files()", patch_seq_tables.FILES),
]


def page() -> str:
    """Return the page as Markdown."""
    lines = [
        "# Tables",
        "",
        "Made by `python -m docs.make_tables` from the columns the code reads.",
        "",
    ]
    for title, call, columns in TABLES:
        lines += [f"## {title}", "", f"`atk.{call}`", "", "| column | type | unit | meaning |"]
        lines.append("|---|---|---|---|")
        for name, column in columns.items():
            lines.append(f"| `{name}` | {column.kind} | {column.unit} | {column.meaning} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
