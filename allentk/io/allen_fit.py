"""What a fit of a biophysical model says, in both dialects: checked, and in our units."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from allentk.errors import DataError, FormatError
from allentk.models.biophysical import (
    SECTIONS,
    BiophysicalParameters,
    SectionParameters,
)

__all__ = ["OWN", "RENAMED", "fit_parameters"]

#: Key of a fit under which allentk keeps what the format cannot say.
OWN = "allentk"
#: Parameters whose name or unit differs in the file: its name -> ours, and its unit in ours.
RENAMED = {
    "decay": ("decay_s", 1e3),
    "depth": ("depth_um", 1.0),
    "minCai": ("min_cai_mM", 1.0),
    "vshift": ("vshift_mv", 1.0),
}
_PASSIVE = {"g_pas": "g_pas", "e_pas": "e_pas_mv", "cm": "cm_uf_per_cm2", "Ra": "ra_ohm_cm"}


def fit_parameters(fit: Any, axon: str | None, kind: str, where: str) -> BiophysicalParameters:
    """Return the parameters of a fit.

    Parameters
    ----------
    fit : object
        What the JSON file holds.
    axon : str, optional
        Which axon they are for, where the caller says so.
    kind : str
        ``"perisomatic"`` or ``"all-active"`` where a manifest says so; by default all-active where
        there is a channel outside the soma.
    where : str
        Names the fit in messages.

    Raises
    ------
    FormatError
        Where a value is missing, occurs twice, is no number, or belongs to nothing known.
    DataError
        Where nobody says which axon an all-active fit is for.
    """
    if not isinstance(fit, Mapping) or "genome" not in fit:
        there = (
            ", ".join(map(str, list(fit)[:8])) if isinstance(fit, Mapping) else type(fit).__name__
        )
        raise FormatError(f"{where}: expected a fit with 'genome' and 'conditions', got {there}")
    own = fit.get(OWN, {})
    if not isinstance(own, Mapping):
        raise FormatError(f"{where}: expected {OWN!r} to be an object, got {own!r:.60}")
    conditions = _first(fit, "conditions", where)
    fitting = _first(fit, "fitting", where)
    sections = _sections(fit, conditions, where)
    kind = str(own.get("kind") or kind or _kind(sections))
    v_init = _number(conditions, "v_init", where)
    if axon is None:
        axon = _axon(own, kind, v_init, where)
    try:
        return BiophysicalParameters(
            kind=kind,
            sections=sections,
            v_init_mv=v_init,
            celsius=_number(conditions, "celsius", where),
            junction_potential_mv=_number(fitting, "junction_potential", where),
            axon=axon,
            training_sweeps=_sweeps(fitting, where),
            source=where,
        )
    except DataError as error:
        raise FormatError(f"{where}: {error}") from error


def _kind(sections: Mapping[str, SectionParameters]) -> str:
    active = any(one.mechanisms for name, one in sections.items() if name != "soma")
    return "all-active" if active else "perisomatic"


def _axon(own: Mapping[str, Any], kind: str, v_init_mv: float, where: str) -> str | None:
    """Return which axon the file is for, or raise where nobody can know."""
    if "axon" in own:
        recorded = own["axon"]
        return None if recorded is None else str(recorded)
    if kind == "perisomatic":
        return "stub"
    likely = "truncated" if v_init_mv == -90 else "stub"
    raise DataError(
        f"{where}: an all-active fit does not say which axon its parameters are for, and with the "
        f"wrong one the model may not fire at all. Pass axon='truncated' for the database's first "
        f"release (v_init -90 mV), axon='stub' for the fits of Nandi et al. 2022 (v_init -80 mV), or "
        f"axon='full' for your own with the whole axon. This one has v_init {v_init_mv:g} mV, so "
        f"probably axon={likely!r}"
    )


def _sections(
    fit: Mapping[str, Any], conditions: Mapping[str, Any], where: str
) -> dict[str, SectionParameters]:
    """Return every section that the fit has values for."""
    passive, mechanisms = _genome(fit, where)
    shared, by_section = _block(fit, where)
    reversals = _reversals(conditions, where)
    sections = {}
    for name in {**passive, **mechanisms}:
        values = {**shared, **by_section.get(name, {}), **passive.get(name, {})}
        if missing := sorted(set(_PASSIVE.values()) - set(values)):
            raise FormatError(f"{where}: section {name!r} has no {', '.join(missing)}")
        try:
            sections[name] = SectionParameters(
                **values, **reversals.get(name, {}), mechanisms=mechanisms.get(name, {})
            )
        except DataError as error:
            raise FormatError(f"{where}, section {name!r}: {error}") from error
    return sections


def _block(
    fit: Mapping[str, Any], where: str
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Return the values of ``passive`` for all sections, and by section."""
    block = _first(fit, "passive", where)
    shared = {}
    if "ra" in block:
        shared["ra_ohm_cm"] = _number(block, "ra", where)
    if "e_pas" in block:
        shared["e_pas_mv"] = _number(block, "e_pas", where)
    by_section = {
        _section(one, where): {"cm_uf_per_cm2": _number(one, "cm", where)}
        for one in _objects(block, "cm", where)
    }
    return shared, by_section


def _genome(
    fit: Mapping[str, Any], where: str
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, dict[str, float]]]]:
    """Return passive values by section, and mechanisms with theirs by section."""
    passive: dict[str, dict[str, float]] = {}
    mechanisms: dict[str, dict[str, dict[str, float]]] = {}
    for gene in _objects(fit, "genome", where):
        section, value = _section(gene, where), _number(gene, "value", where)
        name, mechanism = str(gene.get("name")), str(gene.get("mechanism") or "")
        if mechanism:
            place = mechanisms.setdefault(section, {}).setdefault(mechanism, {})
            ours, per_unit = _named(name, mechanism, where)
            value /= per_unit
        else:
            place = passive.setdefault(section, {})
            ours = _PASSIVE.get(name, "")
        if not ours:
            raise FormatError(
                f"{where}: genome has {name!r} of mechanism {mechanism!r} in {section!r}, which is "
                f"not known; without a mechanism there are {', '.join(_PASSIVE)}"
            )
        if ours in place:
            raise FormatError(f"{where}: genome has {name!r} of section {section!r} twice")
        place[ours] = value
    return passive, mechanisms


def _named(name: str, mechanism: str, where: str) -> tuple[str, float]:
    parameter, found, rest = name.partition(f"_{mechanism}")
    if not found or rest:
        raise FormatError(
            f"{where}: expected a name such as gbar_{mechanism} in genome, got {name!r}"
        )
    return RENAMED.get(parameter, (parameter, 1.0))


def _reversals(conditions: Mapping[str, Any], where: str) -> dict[str, dict[str, float]]:
    return {
        _section(one, where): {
            f"{ion}_mv": _number(one, ion, where) for ion in ("ena", "ek") if ion in one
        }
        for one in _objects(conditions, "erev", where)
    }


def _objects(holder: Mapping[str, Any], name: str, where: str) -> Iterator[Mapping[str, Any]]:
    listed = holder.get(name, [])
    if not isinstance(listed, list) or not all(isinstance(one, Mapping) for one in listed):
        raise FormatError(f"{where}: expected {name!r} to be a list of objects, got {listed!r:.60}")
    yield from listed


def _first(fit: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    found = list(_objects(fit, name, where))
    if len(found) != 1:
        raise FormatError(f"{where}: expected one object in {name!r}, got {len(found)}")
    return found[0]


def _section(holder: Mapping[str, Any], where: str) -> str:
    name = holder.get("section")
    if name not in SECTIONS:
        raise FormatError(f"{where}: expected a section ({', '.join(SECTIONS)}), got {name!r}")
    return str(name)


def _number(holder: Mapping[str, Any], name: str, where: str) -> float:
    """Return a number, which may be written as text."""
    value = holder.get(name)
    try:
        number = math.nan if isinstance(value, bool) or value is None else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise FormatError(f"{where}: expected {name!r} to be a number, got {value!r:.60}")
    return number


def _sweeps(fitting: Mapping[str, Any], where: str) -> tuple[int, ...]:
    listed = fitting.get("sweeps", [])
    if not isinstance(listed, list) or not all(isinstance(one, int) for one in listed):
        raise FormatError(f"{where}: expected numbers of sweeps in 'fitting', got {listed!r:.60}")
    return tuple(listed)
