"""Biophysical models as the Allen Institute publishes them, in both dialects of their JSON.

What the fit says and what becomes of it::

    passive[0].ra, e_pas, cm[]             Ohm cm, mV, uF/cm2; for all sections, or by section
    genome[] with mechanism ""             g_pas S/cm2, e_pas, cm, Ra: of one section
    genome[] with a mechanism              gbar S/cm2, gamma, decay ms -> decay_s, depth um...
    conditions[0].celsius, v_init, erev[]  degrees C, mV, and ena, ek in mV by section
    fitting[0].junction_potential, sweeps  mV, and the sweeps it was fitted to

Perisomatic fits have passive values in ``passive``, all-active ones in ``genome``, with every value
as text. A file written here has one more key, ``"allentk"``, with what the format cannot say: the
model's kind and which axon its parameters are for. Old fits carry a recipe in NEURON's language
(``axon_morph``); it is never run.

References
----------
Gouwens et al. 2018, Nature Communications 9:710; Nandi et al. 2022, Cell Reports 40:111176.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from allentk.atomic import write_text
from allentk.errors import DataError
from allentk.io.allen_fit import OWN, RENAMED, fit_parameters
from allentk.io.allen_manifest import find_model
from allentk.io.json_fields import load_json
from allentk.models.biophysical import AXONS, BiophysicalParameters

__all__ = ["biophysical_config", "read_biophysical", "write_biophysical"]

_WRITTEN = {ours: (name, per_unit) for name, (ours, per_unit) in RENAMED.items()}


def read_biophysical(
    path_or_dict: str | os.PathLike[str] | Mapping[str, Any], *, axon: str | None = None
) -> BiophysicalParameters:
    """Read the parameters of a biophysical model.

    Parameters
    ----------
    path_or_dict : path or mapping
        A folder with a ``manifest.json`` or one fit, a manifest, a fit (``..._fit.json``), or what a
        fit holds.
    axon : {"stub", "truncated", "full"}, optional
        Which axon the parameters are for; see `allentk.models.biophysical`. By default what the file
        says where allentk wrote it, and ``"stub"`` for perisomatic models, which all were fitted
        so. All-active files do not say, and there is no default for them.

    Returns
    -------
    BiophysicalParameters
        In mV, seconds, S/cm2, uF/cm2 and Ohm cm. The reconstruction is a file of its own: see
        `find_model` and `read_swc`.

    Raises
    ------
    FormatError
        Where there is no fit, or it lacks a value, has one twice, or names something unknown.
    DataError
        Where `axon` is needed, or is none of the three.

    Examples
    --------
    >>> from allentk.models import SectionParameters
    >>> soma = SectionParameters(ra_ohm_cm=100, cm_uf_per_cm2=1, g_pas=1e-4, e_pas_mv=-80,
    ...                          mechanisms={"NaTs": {"gbar": 1.1}})
    >>> cell = BiophysicalParameters(kind="perisomatic", sections={"soma": soma}, v_init_mv=-80)
    >>> read_biophysical(biophysical_config(cell), axon="stub").sections["soma"].mechanisms
    {'NaTs': {'gbar': 1.1}}
    """
    if axon is not None and axon not in AXONS:
        raise DataError(f"axon must be one of {', '.join(AXONS)}, got {axon!r}")
    if isinstance(path_or_dict, Mapping):
        return fit_parameters(path_or_dict, axon, "", "biophysical model")
    found = find_model(path_or_dict)
    return fit_parameters(load_json(found.fit, "a fit"), axon, found.kind, str(found.fit))


def biophysical_config(parameters: BiophysicalParameters) -> dict[str, Any]:
    """Return the parameters as the content of a fit, in the dialect of their kind.

    ``"allentk"`` holds the kind and the axon; readers of the published format pass over it.
    """
    p = parameters
    perisomatic = p.kind == "perisomatic"
    soma = p.sections["soma"]
    passive: dict[str, Any] = {"ra": soma.ra_ohm_cm}
    if perisomatic:
        passive["cm"] = [{"section": n, "cm": one.cm_uf_per_cm2} for n, one in p.sections.items()]
        passive["e_pas"] = soma.e_pas_mv
    return {
        "passive": [passive],
        "fitting": [
            {"junction_potential": p.junction_potential_mv, "sweeps": list(p.training_sweeps)}
        ],
        "conditions": [{"celsius": p.celsius, "v_init": p.v_init_mv, "erev": list(_erev(p))}],
        "genome": [
            {
                "section": section,
                "name": name,
                "value": value if perisomatic else repr(value),
                "mechanism": mechanism,
            }
            for section, name, value, mechanism in _genes(p, perisomatic)
        ],
        OWN: {"kind": p.kind, "axon": p.axon},
    }


def _erev(p: BiophysicalParameters) -> Iterator[dict[str, Any]]:
    for name, one in p.sections.items():
        known = {
            ion: value
            for ion, value in (("ena", one.ena_mv), ("ek", one.ek_mv))
            if value is not None
        }
        if known:
            yield {"section": name, **known}


def _genes(p: BiophysicalParameters, perisomatic: bool) -> Iterator[tuple[str, str, float, str]]:
    """Yield what ``genome`` says: mechanisms, and passive values that ``passive`` does not say."""
    soma = p.sections["soma"]
    for section, one in p.sections.items():
        for mechanism, given in one.mechanisms.items():
            for ours, value in given.items():
                name, per_unit = _WRITTEN.get(ours, (ours, 1.0))
                yield section, f"{name}_{mechanism}", float(value * per_unit), mechanism
        yield section, "g_pas", float(one.g_pas), ""
        if not perisomatic:
            yield section, "cm", float(one.cm_uf_per_cm2), ""
        if not perisomatic or one.e_pas_mv != soma.e_pas_mv:
            yield section, "e_pas", float(one.e_pas_mv), ""
        if not perisomatic or one.ra_ohm_cm != soma.ra_ohm_cm:
            yield section, "Ra", float(one.ra_ohm_cm), ""


def write_biophysical(parameters: BiophysicalParameters, path: str | os.PathLike[str]) -> Path:
    """Write the parameters as a fit; the file appears whole or not at all.

    Parameters
    ----------
    parameters : BiophysicalParameters
        What to write; see `biophysical_config` for how.
    path : path
        Where to; folders are made.

    Returns
    -------
    Path
        The file.
    """
    text = json.dumps(biophysical_config(parameters), indent=2, allow_nan=False)
    return write_text(path, text + "\n")
