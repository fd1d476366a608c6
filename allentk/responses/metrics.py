"""Every column of every definition, and every quirk, in one place."""

from __future__ import annotations

from importlib import import_module

from allentk.responses.definition import Metric, ResponseQuirk
from allentk.responses.definitions import DEFINITIONS

__all__ = ["FURTHER", "all_metrics", "all_quirks"]

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
