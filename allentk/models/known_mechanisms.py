"""The ion channels and the calcium pool that Allen's biophysical models are made of, by name.

Only names, parameters and their defaults: the equations are no part of this table.

References
----------
Gouwens et al. 2018, Nature Communications 9:710, and Nandi et al. 2022, Cell Reports 40:111176, for
the set; each mechanism names the paper that its kinetics come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from allentk.errors import DataError
from allentk.models.frozen import Frozen

__all__ = ["MECHANISMS", "POOL", "UNITS", "Mechanism", "mechanism"]

#: The mechanism that is a calcium pool and no channel.
POOL = "CaDynamics"

#: Unit of every parameter a mechanism can have.
UNITS: Mapping[str, str] = Frozen(
    {
        "gbar": "S/cm2",
        "vshift_mv": "mV",
        "gamma": "1",
        "decay_s": "s",
        "depth_um": "um",
        "min_cai_mM": "mM",
    }
)


@dataclass(frozen=True, slots=True)
class Mechanism:
    """What is known of one mechanism.

    Parameters
    ----------
    name : str
        Its name in Allen's files.
    ion : str
        What it carries: ``"na"``, ``"k"``, ``"ca"``; empty where it is not specific.
    defaults : mapping
        Every parameter it has, and the value where a file gives none; units are in `UNITS`.
    reference : str
        Where its kinetics come from.
    """

    name: str
    ion: str
    defaults: Mapping[str, float]
    reference: str


_KOLE = "Kole, Hallermann and Stuart 2006"
_KORNGREEN = "Korngreen and Sakmann 2000"
_COLBERT = "Colbert and Pan 2002"
_MAGISTRETTI = "Magistretti and Alonso 1999"
_CHANNELS = (
    ("Ih", "", _KOLE),
    ("Im", "k", "Adams et al. 1982"),
    ("Im_v2", "k", "Vervaeke et al. 2006"),
    ("K_P", "k", _KORNGREEN),
    ("K_Pst", "k", _KORNGREEN),
    ("K_T", "k", _KORNGREEN),
    ("K_Tst", "k", _KORNGREEN),
    ("Kd", "k", "Foust et al. 2011"),
    ("KdT", "k", "Foust et al. 2011"),
    ("Kv2like", "k", "Keren et al. 2005; Liu and Bean 2014"),
    ("Kv3_1", "k", "EMBO Journal 11:2473 (1992)"),
    ("Kv3_1T", "k", "EMBO Journal 11:2473 (1992)"),
    ("SK", "k", "Kohler et al. 1996"),
    ("Ca_HVA", "ca", "Reuveni et al. 1993"),
    ("Ca_LVA", "ca", "Avery and Johnston 1996; Randall 1997"),
    ("NaTa", "na", _COLBERT),
    ("NaTa_t", "na", _COLBERT),
    ("NaTs", "na", _COLBERT),
    ("NaTs2_t", "na", _COLBERT),
    ("NaV", "na", "Carter et al. 2012"),
    ("NaV2", "na", "Carter et al. 2012"),
    ("Nap", "na", _MAGISTRETTI),
    ("Nap_Et2", "na", _MAGISTRETTI),
)
_GBAR = {"NaV": 0.015, "NaV2": 0.015, "SK": 1e-6}
_SHIFTED = ("K_P", "K_T", "Kv3_1")


def _known() -> Iterator[Mechanism]:
    for name, ion, reference in _CHANNELS:
        defaults = {"gbar": _GBAR.get(name, 1e-5)}
        if name in _SHIFTED:
            defaults["vshift_mv"] = 0.0
        yield Mechanism(name, ion, Frozen(defaults), reference)
    pool = {"gamma": 0.05, "decay_s": 0.08, "depth_um": 0.1, "min_cai_mM": 1e-4}
    yield Mechanism(POOL, "ca", Frozen(pool), "Destexhe et al. 1994")


#: Every mechanism by name.
MECHANISMS: Mapping[str, Mechanism] = Frozen({one.name: one for one in _known()})


def mechanism(name: str) -> Mechanism:
    """Return a mechanism by its name.

    Raises
    ------
    DataError
        Where it is not known; lists those that are.

    Examples
    --------
    >>> mechanism("SK").ion
    'k'
    """
    if name not in MECHANISMS:
        raise DataError(f"unknown mechanism {name!r}; there are {', '.join(sorted(MECHANISMS))}")
    return MECHANISMS[name]
