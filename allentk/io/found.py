"""Series that belong to sweeps: what was found in a file, also where it cannot be used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import h5py

from allentk.errors import FormatError
from allentk.io.hdf5 import readable
from allentk.io.series import PATCH_CLAMP_KINDS, Series, describe, kind_of

__all__ = ["Found", "Pair", "look_at", "pair"]


@dataclass(frozen=True, slots=True)
class Found:
    """A series that belongs to a sweep.

    Parameters
    ----------
    number : int
        Number of the sweep.
    path : str
        Where the series is in the file.
    electrode : str
        Name of its electrode; empty where unknown.
    kind : str
        Its type, such as ``"CurrentClampSeries"``; empty where unknown.
    series : Series or None
        What its attributes say; None where it cannot be used.
    fault : str
        Why it cannot be used.
    doubtful : bool
        It may be no part of the sweep at all, such as a monitor of the current; it counts only
        where nothing else does.
    """

    number: int
    path: str
    electrode: str = ""
    kind: str = ""
    series: Series | None = None
    fault: str = ""
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """A response and its stimulus; `fault` says why they make no sweep."""

    response: Found
    stimulus: Found | None = None
    fault: str = ""


def look_at(group: h5py.Group, number: int, electrode: str, where: str, **span: Any) -> Found:
    """Return what a series is; where it cannot be used, `fault` says why.

    Parameters
    ----------
    group : h5py.Group
        The series.
    number : int
        Number of its sweep.
    electrode : str
        Name of its electrode; empty where unknown.
    where : str
        The file, for messages.
    **span
        `first` and `count`, as of `describe`.
    """
    path, kind = str(group.name), ""
    try:
        with readable(f"{where}: {path}"):
            kind = kind_of(group)
            series = describe(group, where, **span)
    except FormatError as error:
        doubtful = bool(kind) and kind not in PATCH_CLAMP_KINDS
        return Found(number, path, electrode, kind, None, str(error), doubtful)
    if series.contradicts_itself:
        fault = (
            f"{where}: {path}: its type is {kind}, but its unit {series.unit!r} is that of a "
            f"{series.quantity}; mend the one that is wrong"
        )
        return Found(number, path, electrode, kind, None, fault, doubtful=True)
    return Found(number, path, electrode, kind, series)


def pair(
    responses: Iterable[Found], stimuli: Iterable[Found], electrode: str | None, where: str
) -> list[Pair]:
    """Match every response with the stimulus of the same sweep.

    A sweep that cannot be matched is a pair with a fault.

    Raises
    ------
    FormatError
        Where several electrodes recorded and none was named, or none of that name.
    """
    recorded, presented = _by_number(responses), _by_number(stimuli)
    if electrode is not None:
        names = {found.electrode for several in recorded.values() for found in several}
        if electrode not in names:
            raise FormatError(
                f"{where}: nothing was recorded by {electrode!r}; there are {sorted(names)}"
            )
        recorded = {number: _of(electrode, several) for number, several in recorded.items()}
    return [
        _match(_sure(recorded[number]), _sure(presented.get(number, [])), where)
        for number in sorted(recorded)
        if recorded[number]
    ]


def _by_number(found: Iterable[Found]) -> Mapping[int, list[Found]]:
    by_number: dict[int, list[Found]] = defaultdict(list)
    for one in found:
        by_number[one.number].append(one)
    return dict(by_number)


def _of(electrode: str, found: list[Found]) -> list[Found]:
    """Return what an electrode recorded; else what it may have recorded, being unreadable."""
    own = [one for one in found if one.electrode == electrode]
    return own or [one for one in found if one.fault and not one.electrode]


def _sure(found: list[Found]) -> list[Found]:
    return [one for one in found if not one.doubtful] or found


def _match(responses: list[Found], stimuli: list[Found], where: str) -> Pair:
    first = responses[0]
    electrodes = sorted({found.electrode for found in responses if found.electrode})
    if len(electrodes) > 1:
        raise FormatError(
            f"{where}: sweep {first.number} was recorded by several electrodes "
            f"({', '.join(map(repr, electrodes))}); name one of them: "
            f"read_nwb(path, electrode=...)"
        )
    stimulus, fault = _partner(first, stimuli, where)
    if len(responses) > 1:
        fault = (
            f"{where}: sweep {first.number} is there {len(responses)} times, as "
            f"{' and '.join(found.path for found in responses)}; number the sweeps apart"
        )
    return Pair(first, stimulus, first.fault or fault)


def _partner(response: Found, candidates: list[Found], where: str) -> tuple[Found | None, str]:
    """Return the stimulus of a response, and why there is none although there should be one."""
    fitting = [found for found in candidates if not _holds_the_same(found, response)]
    if len(fitting) > 1:
        fitting = [c for c in fitting if c.electrode == response.electrode] or fitting
    if len(fitting) > 1:
        return fitting[0], (
            f"{where}: sweep {response.number} has several stimuli "
            f"({', '.join(found.path for found in fitting)}), and the electrode does not tell which"
        )
    if candidates and not fitting:
        return candidates[0], (
            f"{where}: sweep {response.number}: the unit of its stimulus {candidates[0].path} is of "
            f"the same kind as that of its response; mend the one that is wrong"
        )
    return (fitting[0], fitting[0].fault) if fitting else (None, "")


def _holds_the_same(one: Found, other: Found) -> bool:
    return (
        one.series is not None
        and other.series is not None
        and one.series.quantity == other.series.quantity
    )
