"""Cells to models, models to a network, the network's responses against the Observatory's."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from allentk import responses
from allentk.api import BrainObservatory, CellTypes
from allentk.atomic import prepared
from allentk.benchmark import Benchmark
from allentk.errors import AllenTKError, DataError
from allentk.network import Network, recipes, visual
from allentk.simulation import simulate
from allentk.workflow.cell import CellStudy, study_cell
from allentk.workflow.output import write_all
from allentk.workflow.result import LoopResult

__all__ = ["run"]

Say = Callable[[str], None]


def run(
    cells: CellTypes,
    observatory: BrainObservatory,
    *,
    specimen_ids: Sequence[int],
    session_id: int,
    levels: Sequence[int] = (1, 3),
    n_cells: int = 1200,
    reference: str = "v1-neuropixels",
    seed: int = 0,
    out: str | os.PathLike[str] = "allentk-loop",
    progress: bool | None = None,
    say: Say | None = None,
) -> LoopResult:
    """Walk the whole loop and write its report.

    Parameters
    ----------
    cells : CellTypes
        The service of the cells.
    observatory : BrainObservatory
        The service of the session.
    specimen_ids : sequence of int
        Cells to fit; at least one with spiny and one with aspiny dendrites.
    session_id : int
        A two-photon session with drifting gratings.
    levels : sequence of int
        GLIF levels to fit; the network is made of the highest.
    n_cells : int
        Cells of the network.
    reference : str
        What the network is compared with; see ``allentk.benchmark.load_reference``.
    seed : int
        Seed of fits, network and input.
    out : path
        Folder of the report, tables and models.
    progress : bool, optional
        Show progress bars; by default on a terminal.
    say : callable, optional
        Is told each step in one line.

    Returns
    -------
    LoopResult

    Raises
    ------
    AllenTKError
        Where a step cannot be done at all. A cell that fails costs that cell and is listed.
    ConfigError
        Where `out` cannot be written, before anything is done.
    DataError
        Where no excitatory or no inhibitory cell is left.

    Examples
    --------
    >>> run(CellTypes(), BrainObservatory(), specimen_ids=[464212183, 471087830],
    ...     session_id=502376461)  # doctest: +SKIP
    """
    tell, folder = say or _silent, prepared(out)
    studies, left_out = _study_all(cells, specimen_ids, levels, seed, progress, tell)
    network = _network(studies, n_cells, seed)
    tell(f"Network of {len(studies)} fitted cells: {network!r}")
    response = simulate(network, visual.drifting_gratings(seed=seed), seed=seed, progress=progress)
    rates = ", ".join(
        f"{r.population} {r.mean_rate_hz:.1f} Hz" for r in response.rates_hz().itertuples()
    )
    tell(f"It looked at gratings for {response.duration_s:.0f} s; mean rates: {rates}.")
    session = observatory.session(session_id)
    tell(f"Observatory session {session_id}: {len(session.cell_specimen_ids)} cells.")
    scored = Benchmark("drifting_gratings", reference=reference).score(response)
    result = LoopResult(
        studies=tuple(studies),
        left_out=left_out,
        network=network,
        response=response,
        metrics=scored.model_table,
        session=session,
        session_metrics=responses.drifting_gratings(
            session.dff(), session.stimulus_table("drifting_gratings")
        ),
        benchmark=scored,
        folder=folder,
        provenance={
            "seed": seed,
            "cells": cells.source,
            "observatory": observatory.source,
            "synthetic": cells.synthetic or observatory.synthetic,
            **{f"cell {cell} left out": why for cell, why in left_out.items()},
        },
    )
    write_all(result)
    tell(f"Report: {result.report}")
    return result


def _silent(_: str) -> None:
    """Tell nobody."""


def _told_cell(study: CellStudy) -> str:
    ratios = ", ".join(f"GLIF{k} {v['ratio']:.2f}" for k, v in study.scores.items())
    return (
        f"Cell {study.specimen_id} ({study.dendrite_type}): {len(study.sweeps)} sweeps; explained "
        f"variance of held-out noise, as a share of the data's own: {ratios}."
    )


def _study_all(
    cells: CellTypes,
    specimen_ids: Sequence[int],
    levels: Sequence[int],
    seed: int,
    progress: bool | None,
    tell: Say,
) -> tuple[list[CellStudy], dict[int, str]]:
    studies, left_out = [], {}
    for specimen_id in specimen_ids:
        try:
            study = study_cell(cells, specimen_id, levels=levels, seed=seed, progress=progress)
        except AllenTKError as error:
            left_out[specimen_id] = str(error)
            tell(f"Cell {specimen_id} is left out: {error}")
        else:
            studies.append(study)
            tell(_told_cell(study))
    return studies, left_out


def _network(studies: Sequence[CellStudy], n_cells: int, seed: int) -> Network:
    kinds = {kind: [s.model for s in studies if s.excitatory is kind] for kind in (True, False)}
    for kind, models in kinds.items():
        if not models:
            raise DataError(
                f"no {'spiny (excitatory)' if kind else 'aspiny (inhibitory)'} cell is left among "
                f"{[s.specimen_id for s in studies]}; name at least one more specimen"
            )
    return recipes.patch(kinds[True], kinds[False], n_cells=n_cells, seed=seed)
