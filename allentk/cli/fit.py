"""``allentk fit``: recordings to models."""

from __future__ import annotations

from pathlib import Path

import click

from allentk.cli.group import Verb
from allentk.cli.messages import manners, say
from allentk.cli.output import Output, output_options
from allentk.cli.source import Source, is_id, source_options
from allentk.errors import FitError


@click.group()
def fit() -> None:
    """Fit a neuron model to a recording: fit glif."""


def _levels(_context: click.Context, _parameter: click.Parameter, given: str) -> tuple[int, ...]:
    try:
        return tuple(dict.fromkeys(int(level) for level in given.split(",")))
    except ValueError:
        raise click.BadParameter(f"expected numbers such as 1,3, got {given!r}") from None


@fit.command(
    cls=Verb,
    examples=(
        "allentk fit glif --demo 900000001 --levels 1",
        "allentk fit glif recording.nwb --levels 1,3 --out my-cell",
    ),
)
@click.argument("recording", metavar="ID|FILE")
@click.option(
    "--levels",
    default="1,3",
    show_default=True,
    callback=_levels,
    help="GLIF levels: 1 leaky integrate-and-fire, 3 with after-spike currents.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the models and scores (default: glif-ID or glif-FILE here).",
)
@click.option("--seed", default=0, show_default=True, help="Draws the candidates of the search.")
@click.option(
    "--max-evaluations",
    default=400,
    show_default=True,
    type=click.IntRange(min=0),
    help="Candidates the search simulates; 0 for regressions alone, which is quick.",
)
@output_options
@source_options
@manners
def glif(
    recording: str,
    levels: tuple[int, ...],
    out: Path | None,
    seed: int,
    max_evaluations: int,
    source: Source,
    output: Output,
) -> None:
    """Fit GLIF neurons to the noise sweeps of a recording.

    ID is a specimen ID, FILE an NWB file. Fitted on the sweeps named "Noise 1" and scored on those
    named "Noise 2". The score is the share of the variance of the smoothed spike train (10 ms) that
    the model explains, relative to what the cell's own mean explains; "reliability" is what one trial
    of the cell explains of another, on the same scale.

    Writes glif1/neuron_config.json and so on, in Allen's format, scores.csv and scores.json.
    """
    from allentk.cli.fitting import fit_levels, table_to_read, write_scores

    sweeps = source.sweeps(recording)
    if "note" in sweeps.metadata:
        raise FitError(sweeps.metadata["note"])
    folder = out or Path(f"glif-{recording if is_id(recording) else Path(recording).stem}")
    folder.mkdir(parents=True, exist_ok=True)
    scores = fit_levels(sweeps, levels, folder=folder, seed=seed, max_evaluations=max_evaluations)
    document = write_scores(scores, sweeps, folder)
    if output.form == "json":
        output.document(document)
    else:
        output.table(scores, to_read=table_to_read(scores))
    failed = scores[scores["file"].isna()]
    say(f"{'Scores' if len(failed) == len(scores) else 'Models and scores'} are in {folder}.")
    if len(failed):
        names = ", ".join(f"GLIF {level}" for level in failed["level"])
        raise click.ClickException(
            f"{len(failed)} of {len(scores)} levels were not fitted: {names}"
        )
