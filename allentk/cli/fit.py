"""``allentk fit``: recordings to models."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from allentk.cli.group import Verb
from allentk.cli.messages import manners
from allentk.cli.output import Output, output_options
from allentk.cli.source import Source, is_id, source_options

#: How models are fitted; the names of ``GLIFFitter``.
METHODS = ("allentk", "teeter2018")

#: GLIF levels, as ``allentk.fitting.levels`` has them.
LEVELS = (1, 2, 3, 4, 5)

_PIECE = re.compile(r"\s*([0-9]+)\s*(?:-\s*([0-9]+)\s*)?", re.ASCII)

#: What biophysical models are fitted; the names of ``BiophysicalFitter``.
KINDS = ("perisomatic", "all-active")

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([smh])", re.ASCII)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}

#: Longest range of levels that is written out to be refused by name.
_LONGEST = 100


@click.group()
def fit() -> None:
    """Fit a neuron model to a recording: fit glif, fit biophysical."""


def _levels(_context: click.Context, _parameter: click.Parameter, given: str) -> tuple[int, ...]:
    pieces = [_PIECE.fullmatch(piece) for piece in given.split(",")]
    levels: list[int] = []
    for piece in pieces:
        first, last = (int(piece[1]), int(piece[2] or piece[1])) if piece else (1, 0)
        if not 0 <= last - first < _LONGEST:
            raise click.BadParameter(f"expected numbers such as 1-5 or 1,3, got {given!r}")
        levels += range(first, last + 1)
    if unknown := [level for level in levels if level not in LEVELS]:
        told = f"GLIF levels are {LEVELS[0]} to {LEVELS[-1]}, got {', '.join(map(str, unknown))}"
        raise click.BadParameter(told)
    return tuple(dict.fromkeys(levels))


@fit.command(
    cls=Verb,
    examples=(
        "allentk fit glif --demo 900000001 --levels 1-5",
        "allentk fit glif recording.nwb --levels 1,3 --out my-cell --figure",
        'allentk fit glif recording.nwb --train "pink noise" --test "frozen noise"',
        "allentk fit glif recording.nwb --method teeter2018",
        "allentk fit glif --cells cells.csv --levels 1-5 --jobs 4 --out my-fits",
        "allentk fit glif --cells cells.csv --dask tcp://10.0.0.1:8786 --out my-fits",
    ),
)
@click.argument("recording", metavar="ID|FILE", required=False)
@click.option(
    "--levels",
    default="1-5",
    show_default=True,
    callback=_levels,
    help="GLIF levels, such as 1-3,5. 1: leaky integrate-and-fire; 2: with reset rules; 3: with "
    "after-spike currents; 4: with both; 5: also a threshold that follows the voltage.",
)
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default=METHODS[0],
    show_default=True,
    help="teeter2018 is the published pipeline, to compare with; it chooses no level.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the models and scores (default: glif-ID or glif-FILE here).",
)
@click.option(
    "--train",
    metavar="NAME",
    default="Noise 1",
    show_default=True,
    help="Stimulus to fit on, as allentk sweeps shows it.",
)
@click.option(
    "--test",
    metavar="NAME",
    default="Noise 2",
    show_default=True,
    help="Stimulus to score on, kept from the fit.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0, 2**32 - 2),
    help="Draws the candidates of the search.",
)
@click.option(
    "--max-evaluations",
    default=400,
    show_default=True,
    type=click.IntRange(min=0),
    help="Candidates the search simulates; 0 for regressions alone, which is quick. Of no effect on "
    "teeter2018.",
)
@click.option("--figure", is_flag=True, help="Also draw the fit: fit.svg in the folder.")
@click.option(
    "--cells",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Fit many: a text or CSV file with a specimen ID or an NWB file per line.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="With --cells: processes to fit in; the numbers are the same (default: the setting jobs, as "
    "allentk doctor shows it).",
)
@click.option(
    "--dask",
    metavar="ADDRESS",
    help="With --cells: fit on the Dask cluster of this scheduler, such as tcp://host:8786; files must "
    "lie under the same path there.",
)
@click.option(
    "--resume/--no-resume",
    default=True,
    show_default=True,
    help="With --cells: take what an earlier run with this --out finished from its journal.",
)
@output_options
@source_options
@manners
def glif(
    recording: str | None,
    source: Source,
    output: Output,
    out: Path | None,
    figure: bool,
    cells: Path | None,
    jobs: int | None,
    dask: str | None,
    resume: bool,
    **options: Any,
) -> None:
    """Fit GLIF neurons to the noise sweeps of a recording, or of many.

    ID is a specimen ID, FILE an NWB file. Fitted on the sweeps of --train and scored on those of --test;
    a recording with sweeps of neither name is fitted to, and scored on, all that last 0.5 s or more. The
    score is the share of the variance of the smoothed spike train (10 ms) that
    the model explains, relative to what the cell's own mean explains; "reliability" is what one trial
    of the cell explains of another, on the same scale. The level that predicts best what was held out
    of the training sweeps is chosen and marked.

    Writes glif1/neuron_config.json and so on, in Allen's format, scores.csv and scores.json.

    With --cells each cell has such a folder in --out, and fits.csv has a row per cell and level. A
    cell that fails costs that cell and is in fits_errors.csv; the exit code is 1 only where none was
    fitted. fits.csv.journal.jsonl has a line per finished cell, written as it ends, so that the same
    command goes on where it was interrupted. Delete it at any time.
    """
    if (recording is None) == (cells is None):
        raise click.UsageError("name one recording, ID or FILE, or a list of them by --cells FILE")
    if cells is not None:
        from allentk.cli.fit_many import fit_list

        if figure:
            raise click.UsageError("--figure is of one recording, without --cells")
        if jobs is not None and dask is not None:
            raise click.UsageError("give --jobs or --dask, not both")
        folder = out or Path(f"glif-{cells.stem}")
        fit_list(cells, source, output, folder, jobs=jobs, client=dask, resume=resume, **options)
        return
    assert recording is not None
    for name, given in (("jobs", jobs), ("dask", dask)):
        if given is not None:
            raise click.UsageError(f"--{name} is of many recordings; list them by --cells FILE")
    from allentk.cli.fitting import fit_one

    folder = out or Path(f"glif-{recording if is_id(recording) else Path(recording).stem}")
    fit_one(source.sweeps(recording), folder, output, figure=figure, **options)


def _budget(_context: click.Context, _parameter: click.Parameter, given: str) -> float:
    piece = _DURATION.fullmatch(given.strip())
    seconds = float(piece[1]) * _SECONDS[piece[2]] if piece else 0.0
    if not seconds > 0:
        raise click.BadParameter(f"expected a time such as 90s, 10m or 1h, got {given!r}")
    return seconds


@fit.command(
    cls=Verb,
    examples=(
        "allentk fit biophysical --demo 900000001 --max-evaluations 40 --budget 20s",
        "allentk fit biophysical 479704527 --budget 10m --jobs 2",
        "allentk fit biophysical recording.nwb --swc cell.swc --dendrite-type spiny --out my-model",
        "allentk fit biophysical targets.json --swc cell.swc --train single --figure",
    ),
)
@click.argument("recording", metavar="ID|FILE")
@click.option(
    "--swc",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The cell's reconstruction; of an ID it is fetched.",
)
@click.option(
    "--budget",
    "max_seconds",
    metavar="TIME",
    default="10m",
    show_default=True,
    callback=_budget,
    help="Time to search, such as 90s, 10m or 1h, with that of earlier runs which it goes on from.",
)
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default=KINDS[0],
    show_default=True,
    help="perisomatic: channels at the soma, passive dendrites; minutes. all-active: channels "
    "everywhere; hours.",
)
@click.option(
    "--style",
    metavar="NAME",
    default="auto",
    show_default=True,
    help="Channels and bounds: pyramidal, fast-spiking, human, or the published f6, f9, f12, f13; auto "
    "goes by dendrites and spike width.",
)
@click.option(
    "--train",
    type=click.Choice(("curve", "single")),
    default="curve",
    show_default=True,
    help="curve: several steps, the others are held out. single: the one step of the published "
    "models, which over-fits.",
)
@click.option(
    "--dendrite-type",
    type=click.Choice(("spiny", "aspiny", "sparsely spiny")),
    help="Where the recording or the database does not say.",
)
@click.option("--human", is_flag=True, help="The cell is of a human; an ID says so itself.")
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0, 2**31 - 1),
    help="Draws the candidates of the search.",
)
@click.option(
    "--max-evaluations",
    default=60_000,
    show_default=True,
    type=click.IntRange(min=1),
    help="Models to evaluate at most, whatever the time.",
)
@click.option(
    "--jobs",
    "n_jobs",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Processes; the same models are evaluated in less time.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for model, verdict and report (default: biophysical-ID or biophysical-FILE here).",
)
@click.option(
    "--resume/--no-resume",
    default=True,
    show_default=True,
    help="Go on from the history of an earlier run with this --out.",
)
@click.option("--figure", is_flag=True, help="Also write the figure of the report: fit.svg.")
@output_options
@source_options
@manners
def biophysical(recording: str, source: Source, output: Output, **options: Any) -> None:
    """Fit a biophysical model to a recording and a reconstruction.

    ID is a specimen ID, whose recording and reconstruction are fetched; FILE is an NWB file, or a JSON
    file of targets, with --swc. The model is fitted to some of the long squares and judged on all of
    them: the steps that it was not fitted to are told first.

    Writes the model in Allen's format (manifest.json, fit.json, reconstruction.swc), verdict.json and
    verdict.csv, result.json with bounds and hall of fame, and report.html. history.jsonl has a line per
    generation, so that the same command goes on where it was interrupted; Ctrl-C keeps the best so far.
    Needs no NEURON and no compiler.
    """
    from allentk.cli.fit_biophysical import fit_one

    fit_one(recording, source, output, **options)
