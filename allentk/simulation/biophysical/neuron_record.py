"""What can be recorded from a cell in NEURON, by name.

=============================== =================================================================
name                            what
=============================== =================================================================
``voltage_mv dend[3](0.5)``     membrane voltage at a place; ``dend[3](0.5)`` alone means the same
``cai_mM``                      calcium inside; also ``cai``
``ina_ma_per_cm2``              current of all channels of an ion, outwards; also of ``ik``, ``ica``
``NaTs.m``, ``SK.ik``           a state or another variable of a mechanism
=============================== =================================================================

Without a place everything but the voltage is of the middle of the soma; with one, ``"cai_mM
apic[0](0.2)"``, of the segment that the place lies in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from allentk.errors import SimulationError
from allentk.models.known_mechanisms import MECHANISMS
from allentk.simulation.biophysical.mechanisms import mechanism_name
from allentk.simulation.biophysical.neuron_cell import NeuronCell

__all__ = ["references", "state_names"]

_VARIABLES = {
    "voltage_mv": "v",
    "cai_mM": "cai",
    "ina_ma_per_cm2": "ina",
    "ik_ma_per_cm2": "ik",
    "ica_ma_per_cm2": "ica",
}
_SHORT = {"cai": "cai_mM", "v": "voltage_mv"}
_MIDDLE = "soma[0](0.5)"


def state_names(record: str | Collection[str]) -> dict[str, tuple[str, str]]:
    """Return what to record: key in the response -> (variable, place).

    ``"spikes"`` are always there and no state.

    Raises
    ------
    SimulationError
        On a name that is none of those.

    Examples
    --------
    >>> state_names(("spikes", "cai", "dend[3](0.5)"))
    {'cai_mM': ('cai_mM', 'soma[0](0.5)'), 'voltage_mv dend[3](0.5)': ('voltage_mv', 'dend[3](0.5)')}
    """
    names = (record,) if isinstance(record, str) else record
    found = {}
    for name in names:
        if name == "spikes":
            continue
        what, _, place = name.strip().partition(" ")
        if what.endswith(")") and not place:
            what, place = "voltage_mv", what
        what = _SHORT.get(what, what)
        mechanism, dot, variable = what.partition(".")
        known = mechanism in MECHANISMS and variable if dot else what in _VARIABLES
        if not known or (what == "voltage_mv" and not place):
            raise SimulationError(
                f"cannot record {name!r}; there are spikes, {', '.join(_VARIABLES)}, a place such as "
                f"'dend[3](0.5)', and variables of mechanisms such as 'NaTs.m'; all but spikes may "
                f"have a place, as in 'cai_mM apic[0](0.2)', and a voltage must (the soma's is there)"
            )
        found[f"{what} {place}" if place else what] = (what, place or _MIDDLE)
    return found


def references(
    cell: NeuronCell, names: Mapping[str, tuple[str, str]]
) -> dict[str, tuple[Any, Any]]:
    """Return where NEURON keeps each of them: key -> (reference, section).

    Raises
    ------
    SimulationError
        Where the cell has no such place, or the place no such mechanism, ion or variable.
    """
    return {key: _reference(cell, *wanted) for key, wanted in names.items()}


def _reference(cell: NeuronCell, what: str, place: str) -> tuple[Any, Any]:
    segment = cell.segment(place)
    mechanism, dot, variable = what.partition(".")
    name = f"{variable}_{mechanism_name(mechanism)}" if dot else _VARIABLES[what]
    try:
        return getattr(segment, f"_ref_{name}"), segment.sec
    except (AttributeError, NameError) as error:
        there = ", ".join(_there(segment))
        raise SimulationError(
            f"cannot record {what!r} at {place}: there are {there} ({error})"
        ) from error


def _there(segment: Any) -> Iterator[str]:
    """Name what can be recorded at a segment."""
    ions = {"cai_mM": "ca_ion"} | {f"i{one}_ma_per_cm2": f"{one}_ion" for one in ("na", "k", "ca")}
    yield "voltage_mv"
    for name, ion in ions.items():
        if hasattr(segment, ion):
            yield name
    for name in MECHANISMS:
        suffix = mechanism_name(name)
        for variable in dir(getattr(segment, suffix, None)):
            if not variable.startswith("_") and hasattr(segment, f"_ref_{variable}_{suffix}"):
                yield f"{name}.{variable}"
