"""Score a model's cells against a reference, metric by metric and class by class."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from os import PathLike

import numpy as np
import pandas as pd

from allentk.benchmark.cells import open_reference, read_model
from allentk.benchmark.metrics import by_class, numbers
from allentk.benchmark.reference import Reference
from allentk.benchmark.result import RESULT_COLUMNS, BenchmarkResult
from allentk.benchmark.score import score_row, unstated
from allentk.data import NetworkResponse, StimulusTable
from allentk.data._html import card, facts
from allentk.errors import DataError
from allentk.responses.conditions import conditions, gratings_where
from allentk.responses.definitions import STIMULI, definitions_of, measured, stimuli_of
from allentk.responses.networks import presentations_of

__all__ = ["Benchmark"]


class Benchmark:
    """Compare the metrics of a model's cells with those of recorded cells.

    Parameters
    ----------
    stimulus : str
        What both were shown; by default what the reference's cells were, and drifting gratings where
        that is a table of cells.
    reference : str, Reference, DataFrame or path
        The name of a reference that comes with allentk, a reference, or one's own table of cells, or its
        path: with the column ``population`` and metric columns, or as the Allen Institute and the model
        papers publish them (see ``read_cells``). Then the model is scored against the cells themselves.
    metrics : sequence of str, optional
        Metrics to score; by default all of the reference.
    by : str, optional
        Classes of a published table: ``"cell_type"``, ``"area"``, ``"cre"``, ``"layer"``,
        ``"cre+layer"`` or one of its columns.
    bootstrap, seed : int
        Draws of cells for the intervals of S, none for 0, and where their random numbers start.
    definition : str, optional
        By which definition a network's spikes are measured; by default that of the reference, with its
        quirks, where it is one of spikes, else ``"trial-mean"``. A table is taken as it is.

    Raises
    ------
    DataError
        For an unknown reference or metric, or one of another stimulus, no metric, a number of draws or a
        seed below 0, or a definition that does not measure spikes of this stimulus.

    Notes
    -----
    A class is scored when it has at least 15 cells on both sides, S = 1 - KS (Billeh et al. 2020, Neuron
    106:388). Read S beside its ceiling, what random halves of the data score against each other.

    Examples
    --------
    >>> import numpy as np
    >>> cells = pd.DataFrame({"population": "L4 Exc", "peak_rate_hz": np.linspace(0, 20, 50)})
    >>> result = Benchmark("drifting_gratings", reference="v1-neuropixels").score(cells)
    >>> result.table[result.table["scored"]][["metric", "population"]].to_numpy().tolist()
    [['peak_rate_hz', 'L4 Exc']]
    """

    def __init__(
        self,
        stimulus: str | None = None,
        *,
        reference: str | Reference | pd.DataFrame | PathLike[str] = "v1-neuropixels",
        metrics: Sequence[str] | None = None,
        by: str | None = None,
        bootstrap: int = 300,
        seed: int = 0,
        definition: str | None = None,
    ) -> None:
        self.by = by
        self.bootstrap = _whole("bootstrap", bootstrap, "a number of draws, 0 for none")
        self.seed = _whole("seed", seed, "a whole number from 0 on")
        self.reference = open_reference(reference, stimulus=stimulus, by=by)
        self.stimulus = self.reference.stimulus if stimulus is None else stimulus
        if isinstance(metrics, str) or not (metrics is None or isinstance(metrics, Iterable)):
            raise DataError(f"Benchmark: metrics must be a sequence of names, got {metrics!r}")
        # A metric that is named twice is scored once.
        self.metrics = self.reference.metrics if metrics is None else tuple(dict.fromkeys(metrics))
        if self.reference.stimulus != self.stimulus:
            raise DataError(
                f"Benchmark: the reference {self.reference.name!r} is of "
                f"{self.reference.stimulus!r}, not of {self.stimulus!r}"
            )
        if not self.metrics:
            raise DataError(
                f"Benchmark: no metric is asked for; the reference {self.reference.name!r} has "
                f"{self.reference.metrics}"
            )
        unknown = [metric for metric in self.metrics if metric not in self.reference.metrics]
        if unknown:
            raise DataError(
                f"Benchmark: the reference {self.reference.name!r} has no metric {unknown[0]!r}; "
                f"there are {self.reference.metrics}"
            )
        self.definition = definition
        if definition is not None and not self._measures(definition):
            fitting = [name for name in definitions_of("spikes") if self._measures(name)]
            raise DataError(
                f"Benchmark: the definition {definition!r} does not measure spikes of {self.stimulus}; "
                f"these do: {', '.join(fitting) or 'none'}"
            )

    def _measures(self, definition: str) -> bool:
        return definition in definitions_of("spikes") and self.stimulus in stimuli_of(definition)

    def score(self, table: pd.DataFrame | NetworkResponse | str | PathLike[str]) -> BenchmarkResult:
        """Compare the model's cells with the reference.

        Parameters
        ----------
        table : DataFrame, NetworkResponse or path
            A network's response, measured first as in ``measure``: it is ``model_table`` of the result.
            Or one row per cell: ``population`` in the reference's classes and metric columns. A table is
            taken as it is given: that it was measured under the reference's conditions, such as 2 Hz
            only, is for the caller to see to. ``attrs["definition"]`` may name whose definitions its
            columns are of. Or the path of such a table, or of one that ``read_cells`` knows.

        Returns
        -------
        BenchmarkResult
            Not compared, and ``reason`` says so: rates in Hz with dF/F, and selectivity of the one with
            that of the other.

        Raises
        ------
        DataError
            Without ``population``, or where the reference has none of the populations (of some, ``notes``
            of the result says which, and the rest is compared); for a response
            as in ``measure``; for anything else.
        """
        read: tuple[str, ...] = ()
        response: NetworkResponse | None = None
        if isinstance(table, str | PathLike | pd.DataFrame):
            opened = read_model(table, stimulus=self.stimulus, by=self.by)
            table, read = opened.table, opened.notes
        if isinstance(table, NetworkResponse):
            shown = self._shown(table)
            under = _under(shown, self.reference)
            if self.definition is not None:
                under = f"{under}; by the definition {self.definition!r}"
            response, table = table, self._measured(table, shown)
        else:
            under = _as_given(table, self.reference)
        cells = self._classes(table)
        elsewhere = self._elsewhere(cells)
        none = table.iloc[:0]
        rows = [
            score_row(
                self.reference, metric, name, cells.get(name, none), self.bootstrap, self.seed
            )
            for metric in self.metrics
            for name in self.reference.classes
        ]
        result = pd.DataFrame(rows, columns=list(RESULT_COLUMNS))
        notes = (
            *self.reference.notes,
            *read,
            *elsewhere,
            *unstated(self.reference, self.metrics, table),
        )
        return BenchmarkResult(result, self.reference, table.copy(), under, notes, response)

    def measure(self, response: NetworkResponse) -> pd.DataFrame:
        """Measure a network's cells under the conditions of the reference.

        Parameters
        ----------
        response : NetworkResponse
            With ``presentations``; of drifting gratings only those like the reference's count, and the
            blanks. A condition that the presentations do not state is taken to be the reference's.

        Returns
        -------
        DataFrame
            What the function of ``allentk.responses`` named as the stimulus returns for them, one row per
            cell: the table that ``score`` compares.

        Raises
        ------
        DataError
            Where the stimulus, or no grating of the reference's conditions, was shown, or it is not known
            what was; for a stimulus that is not measured, or an argument of another type.
        """
        return self._measured(response, self._shown(response))

    def _measured(self, response: NetworkResponse, shown: StimulusTable) -> pd.DataFrame:
        own = self.reference.definition
        named = self.definition or (own if self._measures(own) else "trial-mean")
        quirks = (self.reference.quirks or ()) if named == own else ()
        return measured(self.stimulus, response, shown, named, quirks=quirks, options={})

    def _shown(self, response: object) -> StimulusTable:
        """Return what counts of what a network was shown."""
        if not isinstance(response, NetworkResponse):
            raise DataError(
                f"Benchmark.measure: expected a NetworkResponse, got a {type(response).__name__}; "
                f"for recorded or imaged cells give score the table of responses.{self.stimulus} with a "
                f"column 'population'"
            )
        if self.stimulus not in stimuli_of("trial-mean"):
            raise DataError(
                f"Benchmark.measure: {self.stimulus!r} cannot be measured; these can: "
                f"{', '.join(STIMULI)}. Give score a table of metrics"
            )
        shown = presentations_of(response, None)
        if self.stimulus == "drifting_gratings":
            return gratings_where(shown, self.reference.conditions)
        return shown.where(keep_blanks=True, **self.reference.conditions)

    def __repr__(self) -> str:
        return f"<Benchmark: {self.stimulus}, {len(self.metrics)} metrics against {self.reference.name}>"

    def _repr_html_(self) -> str:
        told = {"metrics": self.metrics, "bootstrap": self.bootstrap, "seed": self.seed}
        return card(self, facts(told), self.reference._repr_html_())

    def _classes(self, table: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """Return the model's cells by class."""
        if "population" not in table:
            raise DataError(
                f"Benchmark.score: the table needs the column 'population', one of "
                f"{self.reference.classes}; got the columns {list(table.columns)[:30]}. Of cells of one "
                f"class, give table.assign(population={self.reference.classes[0]!r})"
            )
        return by_class(table)

    def _elsewhere(self, cells: dict[str, pd.DataFrame]) -> tuple[str, ...]:
        """Return what is to be said of cells in classes that the reference does not have."""
        unknown = {n: len(rows) for n, rows in cells.items() if n not in self.reference.classes}
        if not unknown:
            return ()
        names = ", ".join(f"{name!r} ({n} cells)" for name, n in unknown.items())
        if len(unknown) < len(cells):
            return (f"the reference has no class {names}: these cells are not compared",)
        raise DataError(
            f"Benchmark.score: the reference {self.reference.name!r} has no population {names}; "
            f"there are {self.reference.classes}. Rename the cells' population, or leave them "
            f"out of the table; Benchmark.measure gives that of a network's response"
        )


def _whole(name: str, value: object, wanted: str) -> int:
    if not isinstance(value, int | np.integer) or value < 0:
        raise DataError(f"Benchmark: {name} must be {wanted}, got {value!r}")
    return int(value)


def _under(shown: StimulusTable, reference: Reference) -> str:
    """Say what a network was measured with."""
    if reference.stimulus != "drifting_gratings":
        kinds_shown = shown.table["stimulus"].value_counts(sort=False).items()
        named = ", ".join(f"{n} of {name}" for name, n in kinds_shown)
        lasts = float((shown.table["stop_s"] - shown.table["start_s"]).sum())
        return f"presentations: {named}; {lasts:g} s in all"
    kinds = conditions(shown)
    stated = shown.table.iloc[kinds.trials].notna().any()
    said = [
        f"{name} {value:g}" + ("" if stated[name] else " (taken for granted, not stated)")
        for name, value in reference.conditions.items()
    ]
    of = f"with {', '.join(said)}" if said else "of all conditions shown"
    return f"{kinds.trials.size} gratings {of}, and {kinds.blank.size} blanks"


def _as_given(table: object, reference: Reference) -> str:
    """Say what is known of the conditions of a table."""
    if not isinstance(table, pd.DataFrame):
        raise DataError(
            f"Benchmark.score: expected a DataFrame with one row per cell or a NetworkResponse, got a "
            f"{type(table).__name__}; traces and spikes are measured first, by "
            f"responses.{reference.stimulus}"
        )
    said = "a table, taken as it is given"
    wanted = reference.conditions.get("temporal_frequency_hz")
    if wanted is None or "preferred_tf_hz" not in table:
        return said
    preferred = numbers(table["preferred_tf_hz"]).dropna()
    others = sorted({float(f) for f in preferred if not math.isclose(f, wanted, rel_tol=1e-6)})
    if not others:
        return said
    return (
        f"{said}: not under the reference's conditions, temporal_frequency_hz {wanted:g}, for it has "
        f"cells that prefer {', '.join(f'{f:g}' for f in others)} Hz"
    )
