"""Where the responses of a session, what was shown, its running and its templates come from."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError, FormatError
from allentk.responses.definitions import accepts, definition_module, definitions_of, measured
from allentk.responses.networks import cells_of_network
from allentk.responses.side_by_side import kind_of
from allentk.responses.trials import cells_of

__all__ = ["Source"]

_OF_DFF = ("natural_movie", "locally_sparse_noise")

#: Of a two-photon session: definition -> the signal that it is of.
_SIGNALS = {
    "trial-mean": "dF/F",
    "warehouse": "corrected fluorescence (movies and noise: dF/F)",
    "paper2020": "events",
}


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
    ids : tuple of int, optional
        Cells or units; by default all.
    events : Traces, optional
        The events of an ophys session, which its file does not hold.
    """

    session: Any
    kind: str
    definition: str
    ids: tuple[int, ...] | None = None
    events: Traces | None = None
    _held: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        responses: Any,
        definition: str,
        *,
        ids: ArrayLike | None = None,
        events: Traces | None = None,
    ) -> Source:
        """Look what `responses` are, and whether the definition is of such.

        Raises
        ------
        DataError
            Where they are nothing that can be measured, or nothing of which the definition is; for an
            unknown definition; for events that are missing, or are given and not measured.
        """
        definition_module(definition)
        wanted = None if ids is None else _wanted(ids)
        source = cls(responses, _kind(responses), definition, wanted, events)
        traces = source.kind == "ophys" or isinstance(responses, Traces)
        fitting = definitions_of("traces" if traces else "spikes")
        if definition not in fitting:
            raise DataError(
                f"{source.name}: the definition {definition!r} is of {'spikes' if traces else 'traces'}, "
                f"and these are {'traces' if traces else 'spikes'}; choose one of {', '.join(fitting)}"
            )
        of_events = source.kind == "ophys" and definition == "paper2020"
        if of_events and events is None:
            raise DataError(
                f"{source.name}: the definition paper2020 is of events, which a session's file does not "
                f"hold; give them (cell_metrics(events=...), --events FILE)"
            )
        if events is not None and not of_events:
            raise DataError(
                f"{source.name}: events are given, which only the definition paper2020 of a two-photon "
                f"session is of; leave them out"
            )
        return source

    @property
    def name(self) -> str:
        """What is measured, for messages: the session's file where there is one."""
        return str(getattr(self.session, "path", "cell_metrics"))

    @property
    def signal(self) -> str:
        """What is measured: ``"dF/F"``, ``"events"``, ``"spikes"``..."""
        if self.kind == "ophys":
            return _SIGNALS[self.definition]
        return self.session.unit if isinstance(self.session, Traces) else "spikes"

    @property
    def synthetic(self) -> bool:
        """Whether what is measured says that it is made up."""
        return bool(getattr(self.session, "synthetic", False))

    def measure(
        self,
        name: str,
        table: StimulusTable | Callable[[], StimulusTable],
        *,
        spontaneous: StimulusTable | Callable[[], StimulusTable] | None = None,
        running: object = None,
        quirks: str | Iterable[str] = (),
        options: Mapping[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Measure the stimulus of a name; `spontaneous` is when nothing was shown, if that is known.

        Raises
        ------
        AllenTKError
            Where it cannot be measured.
        """
        kind = kind_of(name)
        given = dict(options or {})
        if "template" not in given and accepts(kind, self.definition, "template"):
            given |= self._template(name)
        if spontaneous is not None and accepts(kind, self.definition, "spontaneous"):
            given = {"spontaneous": _read(spontaneous), **given}
        if not accepts(kind, self.definition, "running"):
            running = None
        elif running is None:
            running = self._running()
        return measured(
            kind,
            self._signal(kind),
            _read(table),
            self.definition,
            ids=None if self.kind == "ecephys" else self.ids,  # whose trains are read by them
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
            self._held[which] = self._read(which)
        kept: Traces | SpikeTrains = self._held[which]
        return kept

    def _read(self, which: str) -> Any:
        if which == "events":
            return self.events
        if which == "spikes":
            return self.session.spikes(self.ids)
        return getattr(self.session, which)()

    def _which(self, stimulus: str) -> str:
        if self.definition == "paper2020":
            return "events"
        # AllenSDK takes dF/F for movies and for the fields of noise, and fluorescence elsewhere.
        raw = self.definition == "warehouse" and stimulus not in _OF_DFF
        return "fluorescence" if raw else "dff"

    def _running(self) -> object:
        if self.kind == "values":
            return None
        try:
            return self.session.running_speed()
        except DataError:
            return None  # not measured in every session
        except FormatError as error:
            warnings.warn(f"running is left out: {error}", UserWarning, stacklevel=2)
            return None

    def _template(self, name: str) -> dict[str, Any]:
        if self.kind != "ophys":
            return {}
        return {"template": self.session.stimulus_template(name).read()}

    def cells(self) -> pd.DataFrame:
        """Return the cells as rows, as ``side_by_side`` takes them."""
        if isinstance(self.session, NetworkResponse):
            return cells_of_network(self.session)
        if self.kind == "ecephys":
            return pd.DataFrame({"cell": np.arange(self._units.size)})
        if self.kind == "values":
            return pd.DataFrame({"cell": cells_of(self.session, self.ids)[1]})
        cells = self.session.cell_specimen_ids if self.ids is None else self.ids
        return pd.DataFrame({"cell": np.asarray(cells, dtype=np.int64)})

    @property
    def _units(self) -> NDArray[np.int64]:
        units = self.session.unit_ids if self.ids is None else self.ids
        return np.asarray(units, dtype=np.int64)

    def named(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return `table` with the ids of units in place of the numbers of trains."""
        if self.kind == "ecephys":
            return table.assign(cell=self._units[table["cell"]])
        return table

    def said(self, cells: pd.Series[int]) -> dict[str, Any]:
        """Return what a table of all stimuli says beside its cells: whose metrics, and where units are."""
        told: dict[str, Any] = {"definition": self.definition}
        if self.synthetic:
            told["synthetic"] = True
        if self.kind == "ecephys":
            told |= self._places(cells)
        return told

    def _places(self, cells: pd.Series[int]) -> dict[str, Any]:
        try:
            units = self.session.units().set_index("unit_id")
        except FormatError:  # not every laboratory's file has a table of channels
            return {}
        column = "structure_acronym"
        return {column: units[column].reindex(cells).to_numpy()} if column in units else {}


def _read(table: StimulusTable | Callable[[], StimulusTable]) -> StimulusTable:
    return table() if callable(table) else table


def _wanted(ids: ArrayLike) -> tuple[int, ...]:
    given = np.asarray(ids).ravel()
    if given.size and given.dtype.kind not in "iu":
        raise DataError(f"cell_metrics: ids must be whole numbers, got {given[:5].tolist()}")
    wanted = tuple(given.tolist())
    twice = [one for one, count in Counter(wanted).items() if count > 1]
    if twice:
        raise DataError(f"cell_metrics: ids has {twice[0]} twice; name every cell once")
    return wanted


def _kind(responses: Any) -> str:
    if hasattr(responses, "dff") and hasattr(responses, "stimulus_table"):
        return "ophys"
    if hasattr(responses, "unit_ids") and hasattr(responses, "stimulus_presentations"):
        return "ecephys"
    if isinstance(responses, Traces | SpikeTrains | NetworkResponse):
        return "values"
    where = getattr(responses, "path", "cell_metrics")
    raise DataError(
        f"{where}: expected Traces or SpikeTrains, a NetworkResponse, an OphysSession or an "
        f"EcephysSession, got a {type(responses).__name__}; take its traces or spikes, and tables "
        f"of what was shown"
    )
