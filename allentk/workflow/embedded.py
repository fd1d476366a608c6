"""The loop on the embedded cassette: offline, from a synthetic recording to a report."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import allentk.api
from allentk.workflow.loop import run
from allentk.workflow.result import LoopResult

__all__ = ["demo"]


def demo(
    *,
    out: str | os.PathLike[str] = "allentk-demo",
    seed: int = 0,
    cache_dir: str | Path | None = None,
    progress: bool | None = None,
    say: Callable[[str], None] | None = None,
) -> LoopResult:
    """Walk the whole loop on the embedded demo, without a network.

    The recordings are synthetic; they come from recorded answers of the services' own shape and pass
    through the same code as real ones.

    Parameters
    ----------
    out : path
        Folder of the report, tables and models.
    seed : int
        Seed of fits, network and input.
    cache_dir : path, optional
        Cache folder; the demo keeps to a corner of its own in it.
    progress : bool, optional
        Show progress bars; by default on a terminal.
    say : callable, optional
        Is told each step in one line.

    Returns
    -------
    LoopResult
    """
    services = allentk.api.demo(cache_dir=cache_dir)
    ids = [int(cell) for cell in services.cells.cells()["id"]]
    session = int(services.observatory.sessions()["id"].iloc[0])
    return run(
        services.cells,
        services.observatory,
        specimen_ids=ids,
        session_id=session,
        seed=seed,
        out=out,
        progress=progress,
        say=say,
    )
