"""Where the responses of a session, what was shown, its running and its templates come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable, Traces
from allentk.errors import AllenTKError, DataError
from allentk.responses.definitions import accepts, measured
from allentk.responses.networks import cells_of_network
from allentk.responses.side_by_side import kind_of
from allentk.responses.trials import cells_of

__all__ = ["Source"]

_OF_DFF = ("natural_movie", "locally_sparse_noise")


@dataclass(frozen=True, slots=True)
class Source:
    """What is measured, by which definition.

    Parameters
    ----------
    session : Traces, SpikeTrains, NetworkResponse or a session
        What was recorded or simulated.
    kind : {"values", "ophys", "ecephys"}
        Which of these it is.
    definition : str
        By which it is measured.
    events : callable, optional
        Returns the events of an ophys session, which its file does not hold.
    """

    session: Any
    kind: str
    definition: str
    events: Callable[[], Traces] | None = None
    _held: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, responses: Any, definition: str, *, events: Callable[[], Traces] | None = None
    ) -> Source:
        """Look what `responses` are.

        Raises
        ------
        DataError
            Where they are nothing that can be measured.
        """
        kind = "values"
        if hasattr(responses, "dff") and hasattr(responses, "stimulus_table"):
            kind = "ophys"
        elif hasattr(responses, "unit_ids") and hasattr(responses, "stimulus_presentations"):
            kind = "ecephys"
        elif not isinstance(responses, NetworkResponse):
            cells_of(responses, None)
        return cls(responses, kind, definition, events)

    def measure(
        self,
        name: str,
        table: StimulusTable | Callable[[], StimulusTable],
        *,
        running: object = None,
        quirks: str | Iterable[str] = (),
        options: Mapping[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Measure the stimulus of a name.

        Raises
        ------
        AllenTKError
            Where it cannot be measured.
        """
        kind = kind_of(name)
        given = dict(options or {})
        if "template" not in given and accepts(kind, self.definition, "template"):
            given |= self._template(name)
        if not accepts(kind, self.definition, "running"):
            running = None
        elif running is None:
            running = self._running()
        return measured(
            kind,
            self._signal(kind),
            table() if callable(table) else table,
            self.definition,
            running=running,
            quirks=quirks,
            options=given,
        )

    def tables(self) -> dict[str, Any]:
        """Return what a session was shown, by name; read when called."""
        if self.kind == "values":
            raise DataError(
                "cell_metrics: give what was shown, such as {'drifting_gratings': table}; only a "
                "session says it itself"
            )
        read = (
            self.session.stimulus_table
            if self.kind == "ophys"
            else self.session.stimulus_presentations
        )
        return {name: (lambda name=name: read(name)) for name in self.session.stimuli}

    def _signal(self, stimulus: str) -> Traces | SpikeTrains | NetworkResponse:
        which = "spikes"
        if self.kind == "values":
            found: Traces | SpikeTrains | NetworkResponse = self.session
            return found
        if self.kind == "ophys":
            which = self._which(stimulus)
        if which not in self._held:
            self._held.clear()  # one copy of the traces at a time
            read: Any = self.events if which == "events" else getattr(self.session, which)
            self._held[which] = read()
        kept: Traces | SpikeTrains = self._held[which]
        return kept

    def _which(self, stimulus: str) -> str:
        if self.definition == "paper2020":
            if self.events is None:
                raise DataError(
                    "the definition paper2020 is of events, which a session file does not hold; give them "
                    "(measure_session(events=...), --events FILE)"
                )
            return "events"
        # AllenSDK takes dF/F for movies and for the fields of noise, and fluorescence elsewhere.
        raw = self.definition == "warehouse" and stimulus not in _OF_DFF
        return "fluorescence" if raw else "dff"

    def _running(self) -> object:
        if self.kind == "values":
            return None
        try:
            return self.session.running_speed()
        except AllenTKError:
            return None  # not measured in every session

    def _template(self, name: str) -> dict[str, Any]:
        if self.kind != "ophys":
            return {}
        return {"template": self.session.stimulus_template(name).read()}

    def cells(self) -> pd.DataFrame:
        """Return the cells as rows, as ``side_by_side`` takes them."""
        if self.kind == "ecephys":
            return pd.DataFrame({"cell": np.arange(len(self.session.unit_ids))})
        if self.kind == "ophys":
            return pd.DataFrame(
                {"cell": np.asarray(self.session.cell_specimen_ids, dtype=np.int64)}
            )
        if isinstance(self.session, NetworkResponse):
            return cells_of_network(self.session)
        return pd.DataFrame({"cell": cells_of(self.session, None)[1]})

    def named(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return `table` with the ids of units in place of the numbers of trains."""
        if self.kind == "ecephys":
            return table.assign(cell=np.asarray(self.session.unit_ids)[table["cell"]])
        return table
