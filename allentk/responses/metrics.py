"""Every column of every definition, and every quirk, in one place."""

from __future__ import annotations

from importlib import import_module

from allentk.responses.definition import Metric, ResponseQuirk
from allentk.responses.definitions import DEFINITIONS, definition_module
from allentk.responses.side_by_side import kind_of

__all__ = ["FURTHER", "all_metrics", "all_quirks", "described"]

#: Packages with metrics that belong to no definition of a stimulus.
FURTHER = ("allentk.responses.populations", "allentk.responses.traces")


def _gathered(name: str) -> list[object]:
    found: list[object] = []
    for module in (*DEFINITIONS.values(), *FURTHER):
        found += getattr(import_module(module), name, ())
    return found


def all_metrics() -> tuple[Metric, ...]:
    """Return the columns of all definitions.

    Examples
    --------
    >>> next(metric.unit for metric in all_metrics() if metric.name == "preferred_direction_deg")
    'deg'
    """
    return tuple(metric for metric in _gathered("METRICS") if isinstance(metric, Metric))


def all_quirks() -> tuple[ResponseQuirk, ...]:
    """Return the quirks of all definitions; none of them is on unless asked for."""
    return tuple(quirk for quirk in _gathered("QUIRKS") if isinstance(quirk, ResponseQuirk))


def described(definition: str, stimulus: str) -> dict[str, Metric]:
    """Return unit, formula and source of the columns of a stimulus under a definition.

    Columns that the definition does not describe are missing.

    Parameters
    ----------
    definition : str
        One of ``allentk.responses.DEFINITIONS``.
    stimulus : str
        Its name in a recording, such as ``"natural_movie_three"``.

    Raises
    ------
    DataError
        For an unknown definition, and a stimulus that is not measured.

    Examples
    --------
    >>> described("warehouse", "drifting_gratings")["preferred_direction_deg"].unit
    'deg'
    """
    known: tuple[Metric, ...] = getattr(definition_module(definition), "METRICS", ())
    kind = kind_of(stimulus)
    return {one.name: one for one in known if one.definition == definition and one.stimulus == kind}
