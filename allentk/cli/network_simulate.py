"""What ``allentk network run DIR`` simulates, prints and writes."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from allentk.atomic import prepared, write_text
from allentk.cli.messages import count, hush, say
from allentk.cli.network_words import many, room_for, size
from allentk.cli.output import Output, plain, text_table
from allentk.data import NetworkResponse, StimulusTable
from allentk.errors import ConfigError
from allentk.network import Network
from allentk.network.sonata_ids import sonata_ids
from allentk.network.sonata_read import read_network
from allentk.simulation import simulate
from allentk.simulation.ranks import is_first_rank
from allentk.workflow.network_estimates import machine_bytes, run_bytes
from allentk.workflow.network_files import check_engine, write_response
from allentk.workflow.network_stimuli import named_stimulus

__all__ = ["Asked", "run_saved"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is asked for.

    Parameters
    ----------
    stimulus : str
        Name of a stimulus, or a CSV file.
    shown : mapping
        Its options, as ``named_stimulus`` takes them.
    backend : {"auto", "glif", "nest", "neuron"}
        The engine.
    seed : int
        Draws the order of presentations and the input.
    record : collection of str
        What is kept besides spikes.
    split : str, optional
        Column by which nodes of another program's file become populations.
    engine : mapping
        Options of the engine; None is not given.
    """

    stimulus: str
    shown: Mapping[str, Any]
    backend: str
    seed: int
    record: Collection[str]
    split: str | None
    engine: Mapping[str, Any]


def run_saved(path: Path, out: Path | None, asked: Asked, output: Output) -> None:
    """Read a network, show it a stimulus, write what it answers, and print the rates.

    Of several processes that were started together, the first speaks and writes.
    """
    first = is_first_rank()
    if not first:
        hush(click.get_current_context())
    folder = out or _beside(path)
    if asked.backend != "auto":
        check_engine(asked.backend)
    shown = named_stimulus(asked.stimulus, asked.shown, seed=asked.seed)
    ids = sonata_ids(path, split=asked.split)
    network = read_network(path, split=asked.split)
    engine = asked.backend
    if engine == "auto":
        engine = "neuron" if network.compartmental else "glif"
        check_engine(engine)
    if first:
        _check_free(folder, path)
        prepared(folder)
    _announce(network, shown, engine, asked.record)
    given = {name: value for name, value in asked.engine.items() if value is not None}
    record = ("spikes", *asked.record)
    response = simulate(network, shown, backend=engine, seed=asked.seed, record=record, **given)
    if first:
        document = _document(path, asked, response)
        write_response(response, folder, ids)
        text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
        write_text(folder / "run.json", text + "\n")
        _print(response, document, output)
    say(f"Spikes (SONATA) and tables are in {folder}.")


def _beside(path: Path) -> Path:
    """Return where a run goes that is told no place: beside the network, under its name."""
    home = path.resolve()
    home = home if home.is_dir() else home.parent
    return Path(f"{home.name}-run")


def _check_free(folder: Path, path: Path) -> None:
    home = path.resolve()
    if folder.resolve() == (home if home.is_dir() else home.parent):
        raise ConfigError(
            f"{folder}: the run needs a folder of its own, beside the network; name another"
        )


def _announce(network: Network, shown: StimulusTable, engine: str, record: Collection[str]) -> None:
    from allentk.network import Replay

    say(f"Network: {network!r}")
    sources = [p.source for p in network.populations if p.virtual]
    if sources and all(isinstance(source, Replay) for source in sources):
        say("Note: all its inputs are recorded spikes; of the stimulus, only the length matters.")
    memory = _run_bytes(network, engine)
    say(f"Expected: about {size(memory)} of memory on the engine {engine}.")
    room_for(memory, machine_bytes())
    kept = f", and {count(len(record), 'record')}" if record else ""
    say(f"Simulating {shown.duration_s:.4g} s of {many(len(shown), 'presentation')}{kept} ...")


def _run_bytes(network: Network, engine: str) -> int:
    n_synapses = sum(int(p.n_synapses.sum(dtype="int64")) for p in network.projections)
    compartmental = sum(len(p) for p in network.populations if p.compartmental)
    return run_bytes(engine, network.n_edges, n_synapses, network.n_cells, compartmental)


def _document(path: Path, asked: Asked, response: NetworkResponse) -> dict[str, Any]:
    document: dict[str, Any] = plain(
        {
            "network": str(path),
            "stimulus": asked.stimulus,
            "options": {k: v for k, v in asked.shown.items() if v is not None},
            "seed": asked.seed,
            "duration_s": response.duration_s,
            "rates": response.rates_hz().to_dict("records"),
            "provenance": dict(response.provenance),
        }
    )
    return document


def _print(response: NetworkResponse, document: dict[str, Any], output: Output) -> None:
    if output.form == "json":
        output.document(document)
        return
    rates = response.rates_hz()
    cpu = float(response.provenance.get("cpu_s", math.nan))
    told = f"Mean rates over {response.duration_s:.4g} s ({response.provenance.get('engine')}"
    told += f", {cpu:.3g} CPU s)" if math.isfinite(cpu) else ")"
    output.table(rates, to_read=f"{told}\n{text_table(rates)}")
