"""What is simulated in place of the reconstructed axon: the rules that Allen's models were made with.

=========== =====================================================================================
"full"      the reconstructed axon
"stub"      two cylinders of 30 x 1 um and one segment each, in series, at the middle of the soma
"truncated" the same at the end of the soma, with the diameters of the reconstructed axon: that of its
            first section, and that of the first section whose middle is more than 60 um from the
            beginning of the soma along the tree (else the first one's again)
"none"      no axon: the passive fits that were published along with models had none
=========== =====================================================================================

All sections, the axon's too, have been divided into segments before the axon is replaced.

References
----------
Gouwens et al. 2018, Nature Communications 9:710 (stub); the released all-active models of the Allen
Cell Types Database (truncated).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal

import numpy as np

from allentk.errors import DataError
from allentk.models.frusta import segments
from allentk.models.sections import Section

__all__ = ["BEYOND_UM", "PIECE_UM", "STUB_UM", "Axon", "path_to_middle_um", "with_axon"]

Axon = Literal["stub", "truncated", "full", "none"]

#: Length of each of the two pieces that replace an axon, and their diameter in a stub, in um.
PIECE_UM: Final = 30.0
STUB_UM: Final = 1.0
#: A truncated axon's second piece is as wide as the first section beyond this path, in um.
BEYOND_UM: Final = 60.0

_AXON = 1


def with_axon(sections: Sequence[Section], axon: Axon) -> tuple[Section, ...]:
    """Replace the axon.

    Parameters
    ----------
    sections : sequence of Section
        What `allentk.models.sections.cut_into_sections` returned.
    axon : {"stub", "truncated", "full", "none"}
        The rule; see `allentk.models.axon`.

    Returns
    -------
    tuple of Section
        Without the reconstructed axon where it is replaced; the two new sections are the last.

    Raises
    ------
    DataError
        On an unknown rule, a truncated axon where there is none, or a dendrite that grows from the
        axon and would be left without a parent.
    """
    if axon == "full":
        return tuple(sections)
    if axon == "none":
        return _without_axon(sections)
    if axon == "stub":
        return _replaced(sections, (STUB_UM, STUB_UM), 0.5)
    if axon == "truncated":
        return _replaced(sections, _diameters_um(sections), 1.0)
    raise DataError(f"axon must be one of stub, truncated, full, none, got {axon!r}")


def path_to_middle_um(sections: Sequence[Section], *, origin_x: float) -> list[float]:
    """Return the distance of the middle of every section from a place on the first, along the tree.

    Parameters
    ----------
    sections : sequence of Section
        Sections; the first is the root.
    origin_x : float
        Place on the root, 0 to 1.
    """
    root = sections[0]
    found: dict[int, float] = {}

    def to(place: int, x: float) -> float:
        """Distance of a place on a section, walking up to where something is known."""
        above: list[tuple[int, float]] = []
        while place != 0 and place not in found:
            above.append((place, x))
            place, x = sections[place].parent, sections[place].parent_x
        begin = found[place] if place else 0.0
        here = (
            begin + x * sections[place].length_um if place else abs(x - origin_x) * root.length_um
        )
        for one, at in reversed(above):
            found[one] = here
            here += at * sections[one].length_um
        return here

    return [to(place, 0.5) for place in range(len(sections))]


def _diameters_um(sections: Sequence[Section]) -> tuple[float, float]:
    axon = [place for place, section in enumerate(sections) if section.kind == _AXON]
    if not axon:
        raise DataError(
            "a truncated axon takes its diameters from the reconstructed one, and there is none; "
            "take axon='stub'"
        )
    far = path_to_middle_um(sections, origin_x=0.0)
    second = next((place for place in axon if far[place] > BEYOND_UM), axon[0])
    return _middle_diameter_um(sections[axon[0]]), _middle_diameter_um(sections[second])


def _middle_diameter_um(section: Section) -> float:
    return float(segments([section]).diameter_um[section.n_segments // 2])


def _without_axon(sections: Sequence[Section]) -> tuple[Section, ...]:
    kept = [place for place, section in enumerate(sections) if section.kind != _AXON]
    new = {old: place for place, old in enumerate(kept)}
    for section in (sections[old] for old in kept):
        if section.parent >= 0 and section.parent not in new:
            raise DataError(
                f"{section.name} grows from {sections[section.parent].name}, which is taken away with "
                f"the axon; take axon='full', or mend the types of the reconstruction"
            )
    return tuple(replace(sections[old], parent=new.get(sections[old].parent, -1)) for old in kept)


def _replaced(
    sections: Sequence[Section], diameters_um: tuple[float, float], x: float
) -> tuple[Section, ...]:
    rest = _without_axon(sections)
    arc = np.array([0.0, PIECE_UM])
    first, second = (np.full(2, diameter) for diameter in diameters_um)
    return (
        *rest,
        Section("axon[0]", _AXON, 0, x, arc, first, 1),
        Section("axon[1]", _AXON, len(rest), 1.0, arc, second, 1),
    )
