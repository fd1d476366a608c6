"""``allentk network info``: what is in a saved network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from allentk.cli.group import Verb
from allentk.cli.messages import count, manners
from allentk.cli.output import Output, output_options, text_table

if TYPE_CHECKING:
    from allentk.workflow.network_facts import NetworkFacts

__all__ = ["info"]

#: Files and projections that are shown to read; --json has them all.
_SHOWN, _PROJECTIONS = 12, 20

_EXTRAS = {
    "n_background": "background input",
    "n_currents": "current clamp",
    "n_inputs": "recorded input",
    "n_reports": "report",
}


@click.command(
    cls=Verb,
    examples=("allentk network info my-network", "allentk network info my-network --json"),
)
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@output_options
@manners
def info(folder: Path, output: Output) -> None:
    """Show what is in a saved network: cells, edges, files, memory.

    DIR is a folder of "allentk network build", or a SONATA circuit or simulation configuration of any
    program. --csv prints the projections.
    """
    from allentk.workflow.network_facts import network_facts

    facts = network_facts(folder)
    if output.form == "json":
        output.document(facts.to_dict())
    else:
        output.table(facts.projections, to_read=_to_read(facts))


def _to_read(facts: NetworkFacts) -> str:
    from allentk.cli.network_words import many, size

    by = "allentk" if facts.ours else "another program"
    nodes = facts.populations.drop(columns=["n_cells", "n_compartmental"]).round({"in_degree": 1})
    files = facts.files.sort_values("bytes", ascending=False)
    shown = files.head(_SHOWN).assign(size=[size(n) for n in files["bytes"].head(_SHOWN)])
    lines = [
        f"{facts.name}, written by {by}: {many(facts.n_cells, 'cell')}, "
        f"{many(facts.n_virtual, 'virtual node')}, {many(facts.n_edges, 'edge')} of "
        f"{many(facts.n_synapses, 'synapse')}",
        "",
        text_table(nodes),
    ]
    if len(facts.projections):
        lines += ["", _projections(facts)]
    there = [count(n, _EXTRAS[name]) for name, n in facts.extras.items() if n]
    if there:
        lines += ["", f"Beside them: {', '.join(there)}"]
    more = f", the largest {_SHOWN}" if len(files) > _SHOWN else ""
    lines += [
        "",
        f"{len(files)} files, {size(files['bytes'].sum())}{more}",
        text_table(shown[["file", "size"]]),
        "",
        "Memory of a run, about: "
        + ", ".join(f"{size(facts.run_bytes(one))} ({one})" for one in facts.engines),
    ]
    return "\n".join(lines)


def _projections(facts: NetworkFacts) -> str:
    table = facts.projections.sort_values("n_edges", ascending=False, kind="stable")
    lines = [text_table(table.head(_PROJECTIONS).round({"in_degree": 1}))]
    if len(table) > _PROJECTIONS:
        lines.append(f"... and {len(table) - _PROJECTIONS} smaller ones; --csv has all")
    return "\n".join(lines)
