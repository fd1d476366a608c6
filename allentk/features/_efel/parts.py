"""How features are made of others: the first value, the difference of neighbours, the change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from allentk.features._efel.trace import Array, Indices, Trace

__all__ = [
    "Feature",
    "Measure",
    "Values",
    "change",
    "difference",
    "drop",
    "found",
    "inverse",
    "nth",
    "one",
]

#: What a feature gives: values, or None where it cannot be measured.
Values = Array | Indices | None
Measure = Callable[[Trace], Values]


@dataclass(frozen=True, slots=True)
class Feature:
    """What measures a name, its unit, its definition, and how it differs from eFEL where it does."""

    measure: Measure
    unit: str
    definition: str
    difference: str = ""


def one(value: float) -> Array:
    """Return one value as an array."""
    return np.array([value], dtype=np.float64)


def found(values: Array | Indices) -> Values:
    """Return the values, or None where there are none."""
    return values if values.size else None


def nth(measure: Measure, which: int) -> Measure:
    """Return the feature that is one value of another, counted from 0; -1 is the last."""

    def measured(trace: Trace) -> Values:
        values = measure(trace)
        if values is None or values.size <= max(which, 0):
            return None
        return values[[which]]

    return measured


def inverse(measure: Measure) -> Measure:
    """Return the feature that is the rate in Hz of a time in ms."""

    def measured(trace: Trace) -> Values:
        values = measure(trace)
        return None if values is None or not values.all() else 1000.0 / values

    return measured


def difference(measure: Measure) -> Measure:
    """Return the feature that is every value less the one before."""

    def measured(trace: Trace) -> Values:
        values = measure(trace)
        return None if values is None or values.size < 2 else np.diff(values)

    return measured


def change(measure: Measure) -> Measure:
    """Return the feature that is every later value's difference to the first, over the first."""

    def measured(trace: Trace) -> Values:
        values = measure(trace)
        if values is None or values.size < 2 or values[0] == 0:
            return None
        changes: Array = (values[1:] - values[0]) / values[0]
        return changes

    return measured


def drop(measure: Measure, first: int, second: int) -> Measure:
    """Return the feature that is one value less another, both counted from 0, -1 the last."""

    def measured(trace: Trace) -> Values:
        values = measure(trace)
        if values is None or values.size < (3 if {first, second} == {1, -1} else 2):
            return None
        return one(float(values[first] - values[second]))

    return measured
