"""What the loop found."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from allentk.benchmark import BenchmarkResult
from allentk.data import NetworkResponse
from allentk.io import OphysSession
from allentk.network import Network
from allentk.workflow.cell import CellStudy

__all__ = ["LoopResult"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class LoopResult:
    """Everything the loop found.

    Parameters
    ----------
    studies : tuple of CellStudy
        One entry per cell that could be measured and fitted.
    left_out : dict of int to str
        Why each of the other cells was left out.
    network : Network
        The network of the fitted cells.
    response : NetworkResponse
        Its responses.
    metrics : DataFrame
        One row per cell of the network, under the reference's conditions.
    session : OphysSession
        The Observatory session.
    session_metrics : DataFrame
        One row per cell of the session, by the same code.
    benchmark : BenchmarkResult
        The network against the reference.
    folder, report : Path
        Where everything was written.
    provenance : dict
        Seeds, sources, versions, whether real or synthetic.
    """

    studies: tuple[CellStudy, ...]
    left_out: dict[int, str]
    network: Network
    response: NetworkResponse
    metrics: pd.DataFrame
    session: OphysSession
    session_metrics: pd.DataFrame
    benchmark: BenchmarkResult
    folder: Path
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def report(self) -> Path:
        """The report."""
        return self.folder / "report.html"

    def __repr__(self) -> str:
        return (
            f"<LoopResult: {len(self.studies)} cells fitted, {len(self.metrics)} simulated, report in "
            f"{self.report}>"
        )
