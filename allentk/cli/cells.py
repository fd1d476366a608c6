"""``allentk cells``: the table of cells."""

from __future__ import annotations

from typing import Any

import click

from allentk.cli.group import Verb
from allentk.cli.messages import count, manners, say
from allentk.cli.output import Output, output_options
from allentk.cli.source import Source, source_options

#: What is shown to read; --csv and --json give every column.
SHOWN = (
    "id",
    "species",
    "structure_area_abbrev",
    "structure_layer_name",
    "transgenic_line",
    "dendrite_type",
    "reconstruction_type",
    "name",
)


@click.command(
    cls=Verb,
    examples=(
        "allentk cells --demo",
        "allentk cells --demo --dendrite-type aspiny --csv",
        'allentk cells --species "Mus musculus" --structure VISp --layer 4',
    ),
)
@click.option("--species", help='"Mus musculus" or "Homo Sapiens".')
@click.option("--structure", metavar="ABBREVIATION", help="Brain area, such as VISp.")
@click.option("--layer", metavar="NAME", help="Cortical layer, such as 4 or 2/3.")
@click.option("--line", metavar="NAME", help="Transgenic line, such as Rorb-IRES2-Cre.")
@click.option("--dendrite-type", metavar="TYPE", help="spiny, aspiny or sparsely spiny.")
@click.option("--has-reconstruction", is_flag=True, help="Only cells with a morphology.")
@output_options
@source_options
@manners
def cells(
    source: Source, output: Output, line: str | None, has_reconstruction: bool, **filters: Any
) -> None:
    """List the cells of the Cell Types Database.

    One row per cell; "id" is the specimen ID that the other verbs take. To read, the main columns
    are shown; --csv and --json give all of them.
    """
    service = source.cell_types()
    table = service.cells(
        transgenic_line=line, has_reconstruction=True if has_reconstruction else None, **filters
    )
    if service.synthetic:
        table = table.assign(synthetic=True)
    shown = table[[name for name in (*SHOWN, "synthetic") if name in table]]
    output.table(table, to_read=shown)
    say(f"{count(len(table), 'cell')}.")
