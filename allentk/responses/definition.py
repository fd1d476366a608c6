"""What a metric of a response is: its formula, and who defined it so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from allentk.errors import DataError

__all__ = ["Metric", "ResponseQuirk", "chosen", "entries"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One column of a table of responses under one definition.

    Parameters
    ----------
    stimulus : str
        What was shown, such as ``"drifting_gratings"``.
    name : str
        The column.
    definition : str
        Whose it is: ``"trial-mean"``, ``"warehouse"``, ``"paper2020"``, ``"neuropixels"``...
    unit : str
        Unit of the values; ``"1"`` for a pure number, ``""`` for words.
    formula : str
        What is computed, from what it is computed included where it is not plain.
    excluded : str
        When a cell has no value (NaN) or is left out; empty where never.
    source : str
        The paper, file or class that defines it.
    """

    stimulus: str
    name: str
    definition: str
    unit: str
    formula: str
    excluded: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class ResponseQuirk:
    """A defect of a published program that changes numbers; off unless asked for by name.

    Parameters
    ----------
    name : str
        The word for ``quirks=``.
    definition, stimulus : str
        What it touches.
    published : str
        What the published program does.
    mended : str
        What is done without the quirk.
    """

    name: str
    definition: str
    stimulus: str
    published: str
    mended: str


def chosen(quirks: str | Iterable[str], known: tuple[ResponseQuirk, ...]) -> frozenset[str]:
    """Return the names of the quirks asked for: none, some by name, or ``"published"`` for all.

    Raises
    ------
    DataError
        For a name that is not known.

    Examples
    --------
    >>> sorted(chosen((), ()))
    []
    """
    names = [quirk.name for quirk in known]
    if quirks == "published":
        return frozenset(names)
    asked = [quirks] if isinstance(quirks, str) else list(quirks)
    unknown = [name for name in asked if name not in names]
    if unknown:
        raise DataError(
            f'quirks: no quirk {unknown[0]!r}; there are {", ".join(names) or "none"}, or "published" '
            f"for all of them"
        )
    return frozenset(asked)


def entries(definition: str, stimulus: str, text: str, source: str) -> Iterable[Metric]:
    """Return the metrics written down as ``column | unit | formula | excluded``, one a line.

    A line that is set in deeper than by four goes on with the one before.

    Examples
    --------
    >>> [metric.unit for metric in entries("mine", "flashes", "on_rate_hz | Hz | mean |", "")]
    ['Hz']
    """
    for line in text.replace("\n        ", " ").splitlines():
        if line.strip():
            name, unit, formula, excluded = (part.strip() for part in line.split("|"))
            yield Metric(stimulus, name, definition, unit, formula, excluded, source)
