"""Whose definition of a metric is computed: found by name, loaded on use."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, Literal

import pandas as pd
from numpy.typing import ArrayLike

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.networks import per_population, presentations_of

__all__ = [
    "DEFINITIONS",
    "STIMULI",
    "accepts",
    "definition_module",
    "definitions_of",
    "measured",
    "stimuli_of",
]

#: Name of a definition, and the module with its functions, ``METRICS`` and ``QUIRKS``.
DEFINITIONS = {
    "trial-mean": "allentk.responses.trial_mean",
    "warehouse": "allentk.responses.warehouse",
    "paper2020": "allentk.responses.paper2020",
    "neuropixels": "allentk.responses.neuropixels",
    "layer4": "allentk.responses.model_papers.layer4",
    "v1-2026": "allentk.responses.model_papers.v1_2026",
}

#: Definitions of traces alone, and of spikes alone; the others are of both.
_OF_ONE = {
    "traces": ("warehouse", "paper2020"),
    "spikes": ("neuropixels", "layer4", "v1-2026"),
}

#: What can be shown; a function of this name in ``allentk.responses`` and in a definition's module.
STIMULI = (
    "drifting_gratings",
    "static_gratings",
    "natural_scenes",
    "natural_movie",
    "locally_sparse_noise",
    "flashes",
    "gabors",
    "moving_bars",
    "contrast_tuning",
    "dot_motion",
    "spontaneous",
)


def definition_module(definition: str) -> ModuleType:
    """Return the module of a definition.

    Raises
    ------
    DataError
        For an unknown name; names those there are.

    Examples
    --------
    >>> definition_module("trial-mean").__name__
    'allentk.responses.trial_mean'
    """
    if not isinstance(definition, str) or definition not in DEFINITIONS:
        raise DataError(
            f"responses: no definition {definition!r}; there are {', '.join(map(repr, DEFINITIONS))}"
        )
    return import_module(DEFINITIONS[definition])


def stimuli_of(definition: str) -> tuple[str, ...]:
    """Return the stimuli that a definition measures.

    Examples
    --------
    >>> stimuli_of("layer4")
    ('drifting_gratings', 'spontaneous')
    """
    module = definition_module(definition)
    return tuple(name for name in STIMULI if _function(module, name) is not None)


def definitions_of(signal: Literal["traces", "spikes"]) -> tuple[str, ...]:
    """Return the definitions that measure traces, or spikes.

    Examples
    --------
    >>> definitions_of("traces")
    ('trial-mean', 'warehouse', 'paper2020')
    """
    (other,) = _OF_ONE.keys() - {signal}
    return tuple(name for name in DEFINITIONS if name not in _OF_ONE[other])


def accepts(stimulus: str, definition: str, option: str) -> bool:
    """Whether the function of a definition for a stimulus takes an option.

    Raises
    ------
    DataError
        Where the definition is unknown or has no such stimulus.

    Examples
    --------
    >>> accepts("locally_sparse_noise", "trial-mean", "template")
    True
    """
    return option in inspect.signature(_chosen(stimulus, definition)).parameters


def _function(module: ModuleType, stimulus: str) -> Callable[..., pd.DataFrame] | None:
    found: Any = getattr(module, stimulus, None)
    return found if inspect.isfunction(found) else None


def measured(
    stimulus: str,
    responses: Traces | SpikeTrains | NetworkResponse,
    table: StimulusTable | None,
    definition: str,
    *,
    ids: ArrayLike | None = None,
    running: object = None,
    quirks: str | Iterable[str] = (),
    options: Mapping[str, Any],
) -> pd.DataFrame:
    """Measure a stimulus by a definition; of a network, in every population.

    Raises
    ------
    DataError
        Where the definition is unknown, has no such stimulus or takes no such option, and whatever its
        function raises.

    Examples
    --------
    >>> gray = StimulusTable(pd.DataFrame({"start_s": [0.0], "stop_s": [2.0], "stimulus": "spontaneous"}))
    >>> measured("spontaneous", SpikeTrains([0.1], [0], 1), gray, "trial-mean", options={})["cell"].tolist()
    [0]
    """
    function = _chosen(stimulus, definition)
    asked = quirks if isinstance(quirks, str) else tuple(() if quirks is None else quirks)
    given = {"running": running, "quirks": asked, **options}
    takes = _options(function, stimulus, definition, given)
    shown = presentations_of(responses, table)
    if isinstance(responses, NetworkResponse):
        if ids is not None:
            raise DataError(f"{stimulus}: ids= chooses cells of one population; give spikes")
        found = per_population(
            stimulus, responses, shown, lambda trains: function(trains, shown, **takes)
        )
    else:
        found = function(responses, shown, ids=ids, **takes)
    # A table that leaves the session still says whose metrics these are.
    found.attrs["definition"] = definition
    return found


def _chosen(stimulus: str, definition: str) -> Callable[..., pd.DataFrame]:
    function = _function(definition_module(definition), stimulus)
    if function is None:
        others = [name for name in DEFINITIONS if stimulus in stimuli_of(name)]
        raise DataError(
            f"{stimulus}: the definition {definition!r} has no such stimulus; it measures "
            f"{', '.join(stimuli_of(definition)) or 'none'}; {stimulus} is measured by "
            f"{', '.join(map(repr, others)) or 'none'}"
        )
    return function


def _options(
    function: Callable[..., Any], stimulus: str, definition: str, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the options that a function takes; an option that nobody gave is left out."""
    named = inspect.signature(function).parameters.values()
    # Cells are chosen by the ids= of the call, so that no option may choose others.
    known = [p.name for p in named if p.kind is p.KEYWORD_ONLY and p.name != "ids"]
    said = {name: value for name, value in given.items() if name in known}
    for name, value in given.items():
        unsaid = value is None if name == "running" else name == "quirks" and not value
        if name not in known and not unsaid:
            raise DataError(
                f"{stimulus}: the definition {definition!r} takes no {name}=; it takes "
                f"{', '.join(known)}"
            )
    needed = [p.name for p in named if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    missing = [name for name in needed if name not in said]
    if missing:
        raise DataError(f"{stimulus}: the definition {definition!r} needs {missing[0]}=")
    return said
