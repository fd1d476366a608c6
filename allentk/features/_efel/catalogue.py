"""Every name of eFEL that there is."""

from __future__ import annotations

from allentk.features._efel.names_after import AFTER
from allentk.features._efel.names_events import BURSTS, SPIKES
from allentk.features._efel.names_shape import HEIGHTS, SHAPES
from allentk.features._efel.names_subthreshold import SUBTHRESHOLD
from allentk.features._efel.parts import Feature

__all__ = ["CATALOGUE", "SECTIONS"]

#: Names by what they are about.
SECTIONS: dict[str, dict[str, Feature]] = {
    "Times of spikes": SPIKES,
    "Bursts": BURSTS,
    "Height of spikes": HEIGHTS,
    "Shape of spikes": SHAPES,
    "After a spike": AFTER,
    "Without spikes": SUBTHRESHOLD,
}

CATALOGUE: dict[str, Feature] = {
    name: feature for section in SECTIONS.values() for name, feature in section.items()
}
