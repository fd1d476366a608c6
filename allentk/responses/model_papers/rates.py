"""What the models' papers share: they measure spikes alone."""

from __future__ import annotations

from allentk.data import SpikeTrains
from allentk.errors import DataError

__all__ = ["spikes_only"]


def spikes_only(responses: object, definition: str) -> SpikeTrains:
    """Return `responses`.

    Raises
    ------
    DataError
        For traces and anything else that is no spike trains.

    Examples
    --------
    >>> spikes_only(SpikeTrains([0.1], [0], 1), "layer4")
    <SpikeTrains: 1 spikes of 1 cells>
    """
    if isinstance(responses, SpikeTrains):
        return responses
    unit = getattr(responses, "unit", "")
    raise DataError(
        f"responses: the definition {definition!r} measures spikes in Hz, got a "
        f"{type(responses).__name__}{f' in {unit}' if unit else ''}; give SpikeTrains, or choose "
        f"another definition"
    )
