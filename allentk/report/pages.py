"""What a report is made of: one value per cell, and one each for network and session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from allentk.data import Morphology, NetworkResponse, StimulusTable, SweepSet, Traces
from allentk.fitting import GLIFFitter
from allentk.models import GLIFParameters

__all__ = ["CellPage", "NetworkPage", "ObservatoryPage"]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class CellPage:
    """One cell: its recording, its features and the models fitted to it.

    Parameters
    ----------
    specimen_id : int
        Id of the cell.
    name : str
        Name of the cell.
    sweeps : SweepSet
        The recording; ``metadata["synthetic"]`` marks a made-up one.
    features : Series
        What ``features.cell`` returns.
    fits : mapping of int to GLIFFitter
        Fitted models by level.
    scores : mapping of int to mapping
        What ``GLIFFitter.evaluate`` returns, by level.
    published : mapping of int to GLIFParameters
        The service's own models of the cell, by level.
    dendrite_type : str
        ``"spiny"``, ``"aspiny"`` or ``"sparsely spiny"``: chooses the published range; empty where
        unknown.
    morphology : Morphology, optional
        The cell's shape.
    """

    specimen_id: int
    name: str
    sweeps: SweepSet
    features: pd.Series[Any]
    fits: Mapping[int, GLIFFitter] = field(default_factory=dict)
    scores: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    published: Mapping[int, GLIFParameters] = field(default_factory=dict)
    dendrite_type: str = ""
    morphology: Morphology | None = None

    @property
    def synthetic(self) -> bool:
        """Whether the recording says that it is made up."""
        return bool(self.sweeps.metadata.get("synthetic", False))

    def __repr__(self) -> str:
        return f"<CellPage {self.name}: {len(self.sweeps)} sweeps, GLIF levels {sorted(self.fits)}>"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class NetworkPage:
    """One simulated network and its response.

    Parameters
    ----------
    network_summary : DataFrame or mapping
        Populations and edges: one table, or several by name, with single values between them.
    response : NetworkResponse
        Its spikes, and what it was shown.
    metrics : DataFrame
        What ``responses.drifting_gratings`` returns for the response.
    """

    network_summary: pd.DataFrame | Mapping[str, Any]
    response: NetworkResponse
    metrics: pd.DataFrame

    def __repr__(self) -> str:
        return f"<NetworkPage: {self.response!r}>"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class ObservatoryPage:
    """One recorded session of the Brain Observatory.

    Parameters
    ----------
    session : mapping or str
        Metadata of the session, or its name; ``session["synthetic"]`` marks a made-up one.
    metrics : DataFrame
        What ``responses.drifting_gratings`` returns for the traces.
    traces : Traces
        dF/F of its cells.
    stimulus_table : StimulusTable
        The drifting gratings shown.
    """

    session: Mapping[str, Any] | str
    metrics: pd.DataFrame
    traces: Traces
    stimulus_table: StimulusTable

    @property
    def name(self) -> str:
        """Name of the session for people."""
        if isinstance(self.session, str):
            return self.session
        for key in ("name", "session_id", "ophys_experiment_id", "id"):
            if self.session.get(key):
                return str(self.session[key])
        return "session"

    @property
    def synthetic(self) -> bool:
        """Whether the session says that it is made up."""
        if isinstance(self.session, str):
            return "synthetic" in self.session.lower()
        return bool(self.session.get("synthetic", False))

    def __repr__(self) -> str:
        return f"<ObservatoryPage {self.name}: {self.traces!r}>"
