"""``allentk network``: networks built, looked at, checked and simulated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from allentk.atomic import prepared
from allentk.cli.group import Verb
from allentk.cli.messages import manners, say
from allentk.cli.network_build import build
from allentk.cli.network_info import info
from allentk.cli.network_validate import validate
from allentk.cli.output import Output, output_options
from allentk.cli.source import cache_dir_option


@click.group()
def network() -> None:
    """Build, check and simulate networks: network build, info, validate, run."""


network.add_command(build)
network.add_command(info)
network.add_command(validate)

_MODELS = click.Path(exists=True, path_type=Path)

#: Options of a stimulus; of the patch alone; and of a saved network alone.
_SHOWN = (
    "duration_s",
    "gap_s",
    "directions_deg",
    "temporal_frequencies_hz",
    "spatial_frequency_cpd",
    "contrast",
)
_PATCH = ("models", "excitatory", "inhibitory", "n_cells", "cache_dir")
_SAVED = (
    "stimulus",
    "backend",
    *_SHOWN,
    "record",
    "split",
    "dt_s",
    "spike_threshold_mv",
    "jobs",
)


def _numbers(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> tuple[float, ...] | None:
    """Return numbers that are separated by commas."""
    if value is None:
        return None
    try:
        return tuple(float(one) for one in value.split(","))
    except ValueError:
        raise click.BadParameter(f"expected numbers separated by commas, got {value!r}") from None


@network.command(
    cls=Verb,
    examples=(
        "allentk network run my-network --stimulus drifting_gratings --backend glif -o my-run",
        "allentk network run my-network --stimulus spontaneous --duration 2 --record voltage_mv:PV1:0,1",
        "allentk network run my-eight --backend neuron --stimulus spontaneous --dt 0.0001",
        "allentk network run --cells 300 --repeats 1",
        "allentk network run --models my-fits --out my-network",
        "allentk network run --excitatory spiny --inhibitory aspiny/neuron_config.json",
    ),
)
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.option(
    "--stimulus",
    default="drifting_gratings",
    show_default=True,
    help="With DIR: drifting_gratings, static_gratings, flashes, moving_bars, looming, "
    "locally_sparse_noise, spontaneous, or a CSV file of presentations.",
)
@click.option(
    "--backend",
    type=click.Choice(["auto", "glif", "nest", "neuron"]),
    default="auto",
    show_default=True,
    help="With DIR: the engine; auto is neuron for cells with compartments, else glif.",
)
@click.option("--duration", "duration_s", type=float, help="With DIR: seconds of a presentation.")
@click.option("--gap", "gap_s", type=float, help="With DIR: seconds of gray between presentations.")
@click.option(
    "--directions",
    "directions_deg",
    callback=_numbers,
    metavar="NUMBERS",
    help="With DIR: directions (of static gratings, orientations), degrees, such as 0,90.",
)
@click.option(
    "--temporal-frequencies",
    "temporal_frequencies_hz",
    callback=_numbers,
    metavar="NUMBERS",
    help="With DIR: of drifting gratings, Hz, such as 2,4.",
)
@click.option(
    "--spatial-frequency",
    "spatial_frequency_cpd",
    type=float,
    help="With DIR: of drifting gratings, cycles per degree.",
)
@click.option("--contrast", type=click.FloatRange(0, 1), help="With DIR: 0 to 1.")
@click.option(
    "--record",
    multiple=True,
    help="With DIR: besides spikes, voltage_mv:POPULATION:NODE,NODE or rate_hz:POPULATION (repeatable).",
)
@click.option(
    "--split",
    help="With DIR of another program: column by which nodes become populations, such as pop_name.",
)
@click.option(
    "--dt", "dt_s", type=float, help="With DIR: time step, seconds (default: the engine's)."
)
@click.option(
    "--spike-threshold",
    "spike_threshold_mv",
    type=float,
    help="With DIR, neuron: a cell's spike, mV.",
)
@click.option(
    "--jobs", type=click.IntRange(min=1), help="With DIR, glif and nest: threads (default: 1)."
)
@click.option(
    "--models",
    type=_MODELS,
    multiple=True,
    help="Folder of fit glif, which says which cell is spiny (excitatory) or aspiny (inhibitory).",
)
@click.option(
    "--excitatory", type=_MODELS, multiple=True, help="neuron_config.json, or a folder of them."
)
@click.option("--inhibitory", type=_MODELS, multiple=True, help="Likewise, for inhibitory cells.")
@click.option(
    "--cells",
    "n_cells",
    default=1200,
    show_default=True,
    type=click.IntRange(min=20),
    help="Cells of the patch.",
)
@click.option(
    "--repeats",
    type=click.IntRange(min=1),
    help="Presentations of every condition (default: 3 of the patch's gratings, 1 with DIR).",
)
@click.option("--seed", default=0, show_default=True, help="Draws network and input.")
@click.option(
    "--out",
    "-o",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for spikes and tables (default: allentk-network, or the name of DIR with -run).",
)
@output_options
@cache_dir_option
@manners
def run(
    folder: Path | None,
    repeats: int | None,
    seed: int,
    out: Path | None,
    output: Output,
    **options: Any,
) -> None:
    """Simulate a saved network, or a patch of layer 4, on what it looks at.

    DIR is a folder of "allentk network build", or a SONATA configuration of any program. Writes spikes.h5
    and records as SONATA, with the populations and ids of DIR; rates.csv, presentations.csv and run.json.
    For cells with compartments "mpiexec -n 4 allentk network run DIR" takes four processes.

    Without DIR, a patch of layer 4 that looks at drifting gratings is built and simulated. Each model
    given with --models, --excitatory and --inhibitory (each may be repeated) stands for many of its
    cells; without any, the published models of the demo's synthetic cells are taken. Writes spikes.csv
    (time in s), presentations.csv (times in s, directions in degrees), metrics.csv (rates in Hz, one row
    per cell; "allentk benchmark run" reads it) and run.json.
    """
    _check_options(click.get_current_context(), saved=folder is not None)
    if folder is None:
        place = out or Path("allentk-network")
        _run_patch(place, output, seed=seed, repeats=repeats or 3, **_some(options, _PATCH))
        return
    from allentk.cli.network_simulate import Asked, run_saved

    shown = {"repeats": repeats, **_some(options, _SHOWN)}
    engine = {
        "dt_s": options["dt_s"],
        "spike_threshold_mv": options["spike_threshold_mv"],
        "n_threads": options["jobs"],
    }
    asked = Asked(
        seed=seed,
        shown=shown,
        engine=engine,
        **_some(options, ("stimulus", "backend", "record", "split")),
    )
    run_saved(folder, out, asked, output)


def _some(options: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: options[name] for name in names}


def _check_options(context: click.Context, *, saved: bool) -> None:
    """Refuse options of a patch with DIR, and those of a saved network without."""
    for parameter in context.command.params:
        name = str(parameter.name)
        if context.get_parameter_source(name) in (ParameterSource.DEFAULT, None):
            continue
        if name in (_PATCH if saved else _SAVED):
            told = (
                "is of the patch that is built without DIR"
                if saved
                else "needs DIR, a saved network"
            )
            raise click.UsageError(f"{parameter.opts[0]} {told}", context)


def _run_patch(
    out: Path,
    output: Output,
    *,
    models: tuple[Path, ...],
    excitatory: tuple[Path, ...],
    inhibitory: tuple[Path, ...],
    n_cells: int,
    repeats: int,
    seed: int,
    cache_dir: Path | None,
) -> None:
    from allentk.cli.networks import pools, simulate, table_to_read, write_run

    chosen = pools(models, excitatory, inhibitory, cache_dir=cache_dir)
    say(f"Models: {chosen}.")
    prepared(out)
    done = simulate(chosen, n_cells=n_cells, repeats=repeats, seed=seed)
    document = write_run(done, out)
    if output.form == "json":
        output.document(document)
    else:
        output.table(done.summary, to_read=table_to_read(done))
    say(f"Tables are in {out}.")
