"""Tables, saved runs and networks to a benchmark, one model or several."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from allentk.benchmark import Benchmark, BenchmarkResult, Comparison, Reference, compare
from allentk.data import NetworkResponse, StimulusTable
from allentk.errors import ConfigError, DataError, FormatError
from allentk.network import visual
from allentk.network.sonata_read import read_network
from allentk.simulation import simulate
from allentk.workflow.network_files import check_engine
from allentk.workflow.saved_runs import is_run, read_run
from allentk.workflow.table_files import TABLES, read_parquet

__all__ = ["Protocol", "benchmark_models", "model_of", "reference_stimulus"]

Say = Callable[[str], None]
PathLike = str | os.PathLike[str]

#: A presentation of the Observatory's drifting gratings and the gray after it, seconds.
_SHOWN_S, _GAP_S = 2.0, 1.0

#: Gray per trial where a reference is of spontaneous activity, seconds.
_GRAY_S = 10.0


@dataclass(frozen=True, slots=True)
class Protocol:
    """How a network is shown what the reference's cells were shown, and what is told of saved runs.

    Parameters
    ----------
    trials : int
        Presentations of every grating; the Observatory has 15.
    seed : int
        Draws their order and the network's input.
    backend : {"auto", "glif", "nest", "neuron"}
        The engine.
    split : str, optional
        Column by which nodes of another program's file become populations.
    network, presentations : path, optional
        Of a saved run: its network, and what was shown, where the run does not say.
    definition : str, optional
        By which definition spikes are measured, see ``Benchmark``.
    """

    trials: int = 15
    seed: int = 0
    backend: str = "auto"
    split: str | None = None
    network: PathLike | None = None
    presentations: PathLike | None = None
    definition: str | None = None


def benchmark_models(
    models: Mapping[str, PathLike],
    *,
    reference: str | Reference | pd.DataFrame = "v1-neuropixels",
    by: str | None = None,
    metrics: Sequence[str] | None = None,
    protocol: Protocol | None = None,
    say: Say | None = None,
) -> BenchmarkResult | Comparison:
    """Score a model, or set several beside each other.

    Parameters
    ----------
    models : mapping of str to path
        By name: a table of cells, a saved run, or a saved network, which is simulated.
    reference : str, Reference or DataFrame
        A name, a file of cells, or what ``Benchmark`` takes.
    by : str, optional
        By what the cells of a file of the user's own are sorted into classes.
    metrics : sequence of str, optional
        Which; by default all of the reference.
    protocol : Protocol, optional
        How networks are simulated.
    say : callable, optional
        Is told each step in one line.

    Returns
    -------
    BenchmarkResult or Comparison
        The latter for more than one model.

    Raises
    ------
    ConfigError
        Without a model.
    AllenTKError
        Where a model cannot be read, simulated or scored.

    Examples
    --------
    >>> benchmark_models({"mine": "metrics.csv"}).summary()  # doctest: +SKIP
    """
    if not models:
        raise ConfigError("benchmark: there is no model; name a table, a saved run or a network")
    asked = protocol or Protocol()
    benchmark = Benchmark(reference=reference, by=by, metrics=metrics, definition=asked.definition)
    found = {name: model_of(path, benchmark, asked, say=say) for name, path in models.items()}
    if len(found) == 1:
        return benchmark.score(next(iter(found.values())))
    return compare(found, benchmark)


def model_of(
    path: PathLike, benchmark: Benchmark, protocol: Protocol, *, say: Say | None = None
) -> Path | pd.DataFrame | NetworkResponse:
    """Return what is scored: a table as it is, or a network's response, read or simulated.

    Raises
    ------
    FormatError
        Where `path` is none of these.
    ConfigError
        For a definition where there is only a table.
    """
    tell = say or _silent
    home = Path(path)
    table = _table_in(home)
    if table is not None:
        if protocol.definition is not None:
            raise ConfigError(
                f"{table}: a table is taken as it was measured; a definition is for spikes, so leave it out"
            )
        tell(f"{home}: the table of cells {table}.")
        return read_parquet(table) if table.suffix.lower() == ".parquet" else table
    if is_run(home) or (protocol.presentations is not None and home.is_file()):
        tell(f"{home}: a saved run; its spikes are measured.")
        return read_run(
            home,
            network=protocol.network,
            presentations=protocol.presentations,
            split=protocol.split,
        )
    return _simulated(home, benchmark.reference, protocol, tell)


def _table_in(home: Path) -> Path | None:
    """Return the table at a path, or that ``network run`` or ``demo`` left in a folder."""
    if home.name.lower().endswith(TABLES):
        return home
    for name in ("network_metrics.csv", "metrics.csv"):
        if (home / name).is_file():
            return home / name
    return None


def _simulated(home: Path, reference: Reference, protocol: Protocol, tell: Say) -> NetworkResponse:
    if not home.exists():
        raise FormatError(
            f"{home}: there is no such file or folder; expected a table of cells ({', '.join(TABLES)}), a "
            f"folder of allentk network run, or a saved network"
        )
    if home.is_dir() and not list(home.glob("*.json")):
        raise FormatError(
            f"{home}: expected metrics.csv, or spikes.h5, or the configuration of a network; there is "
            f"none in it. allentk network run writes metrics.csv or spikes.h5"
        )
    shown = reference_stimulus(reference, protocol)
    network = read_network(home, split=protocol.split)
    engine = protocol.backend
    if engine == "auto":
        engine = "neuron" if network.compartmental else "glif"
    check_engine(engine)
    tell(f"{home}: a network, {network!r}.")
    tell(
        f"Simulating {shown.duration_s:.4g} s of {len(shown)} presentations as of {reference.name} "
        f"({protocol.trials} trials, seed {protocol.seed}, engine {engine}) ..."
    )
    return simulate(network, shown, backend=engine, seed=protocol.seed)


def reference_stimulus(reference: Reference, protocol: Protocol) -> StimulusTable:
    """Return what the cells of a reference were shown, for a network.

    Raises
    ------
    DataError
        For a stimulus of which no network is shown here.

    Examples
    --------
    >>> from allentk.benchmark import load_reference
    >>> reference_stimulus(load_reference("v1-neuropixels"), Protocol(trials=2))
    <StimulusTable: 18 presentations (16 drifting_gratings, 2 blank)>
    """
    if reference.stimulus == "spontaneous":
        return visual.gray(_GRAY_S * protocol.trials)
    if reference.stimulus != "drifting_gratings":
        raise DataError(
            f"the reference {reference.name!r} is of {reference.stimulus}, which is not shown to networks "
            f"here; simulate it (allentk network run) and give the table of metrics"
        )
    told: Any = reference.conditions
    given = {k: told[k] for k in ("contrast", "spatial_frequency_cpd") if k in told}
    if "temporal_frequency_hz" in told:
        given["temporal_frequencies_hz"] = (told["temporal_frequency_hz"],)
    return visual.drifting_gratings(
        n_repeats=protocol.trials,
        duration_s=_SHOWN_S,
        gap_s=_GAP_S,
        seed=protocol.seed,
        **given,
    )


def _silent(_: str) -> None:
    """Tell nobody."""
