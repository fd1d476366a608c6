"""Two compartmental cells of simple, SYNTHETIC shape, for ``recipes.tutorial8``.

Conductances and passive values are those published of two perisomatic models of the Allen Cell Types
Database, 472363762 (Scnn1a) and 472912177 (Pvalb), Gouwens et al. 2018, Nature Communications 9:710. Their
reconstructions are not carried: a few straight branches stand in for them, so that these are not the
published cells, and fire otherwise.
"""

from __future__ import annotations

import numpy as np

from allentk.data import Morphology
from allentk.models import BiophysicalModel, BiophysicalParameters, SectionParameters

__all__ = ["synthetic_cells"]

_SOURCE = "SYNTHETIC shape, parameters of model {} (Gouwens et al. 2018)"

#: Branches: type, direction from the soma, length and radius, um.
_BASAL = [(3, (np.cos(a), np.sin(a), 0.0), 160.0, 0.6) for a in np.linspace(3.4, 6.0, 5)]
_APICAL = [(4, (0.0, 1.0, 0.0), 320.0, 0.9)]
_ROUND = [
    (3, (np.cos(a), np.sin(a), 0.0), 160.0, 0.5)
    for a in np.linspace(0.0, 2 * np.pi, 7, endpoint=False)
]


def synthetic_cells() -> dict[str, BiophysicalModel]:
    """Return the excitatory and the inhibitory stand-in, by the names of the populations.

    Examples
    --------
    >>> synthetic_cells()["PV1"]
    <BiophysicalModel: perisomatic, axon 'stub', soma axon dend, 57 nodes, SYNTHETIC>
    """
    return {
        "Scnn1a": BiophysicalModel(_SCNN1A, _shape(_BASAL + _APICAL, 6.0, "Scnn1a")),
        "PV1": BiophysicalModel(_PV1, _shape(_ROUND, 6.0, "PV1")),
    }


def _shape(
    branches: list[tuple[int, tuple[float, float, float], float, float]], soma_um: float, name: str
) -> Morphology:
    """Return a soma with straight branches, a node every 20 um."""
    types, places, radii, parents = [1], [np.zeros(3)], [soma_um], [-1]
    for kind, direction, length, radius in branches:
        before = 0
        for away in np.arange(20.0, length + 1, 20.0):
            parents.append(before)
            before = len(types)
            types.append(kind)
            places.append(away * np.array(direction))
            radii.append(radius)
    return Morphology(
        np.arange(1, len(types) + 1),
        np.array(types),
        np.array(places),
        np.array(radii),
        np.array(parents),
        source=f"SYNTHETIC {name}",
    )


def _passive(ra: float, cm: float, g_pas: float, e_pas: float) -> SectionParameters:
    return SectionParameters(ra_ohm_cm=ra, cm_uf_per_cm2=cm, g_pas=g_pas, e_pas_mv=e_pas)


_SCNN1A = BiophysicalParameters(
    kind="perisomatic",
    v_init_mv=-92.4991,
    axon="stub",
    source=_SOURCE.format(472363762),
    sections={
        "soma": SectionParameters(
            ra_ohm_cm=138.28,
            cm_uf_per_cm2=1.0,
            g_pas=5.71881e-06,
            e_pas_mv=-92.4991,
            ena_mv=53.0,
            ek_mv=-107.0,
            mechanisms={
                "Im": {"gbar": 0.00120212},
                "Ih": {"gbar": 4.12226e-05},
                "NaTs": {"gbar": 0.98229},
                "Nap": {"gbar": 0.000209349},
                "K_P": {"gbar": 0.0517584},
                "K_T": {"gbar": 0.000731607},
                "SK": {"gbar": 0.00019222},
                "Kv3_1": {"gbar": 0.0572648},
                "Ca_HVA": {"gbar": 0.000535997},
                "Ca_LVA": {"gbar": 0.00700613},
                "CaDynamics": {"gamma": 0.00125108, "decay_s": 0.717917},
            },
        ),
        "axon": _passive(138.28, 1.0, 0.000457388, -92.4991),
        "dend": _passive(138.28, 2.12, 3.23933e-06, -92.4991),
        "apic": _passive(138.28, 2.12, 9.58619e-05, -92.4991),
    },
)

_PV1 = BiophysicalParameters(
    kind="perisomatic",
    v_init_mv=-95.5371,
    axon="stub",
    source=_SOURCE.format(472912177),
    sections={
        "soma": SectionParameters(
            ra_ohm_cm=143.65,
            cm_uf_per_cm2=2.16,
            g_pas=0.000267055,
            e_pas_mv=-95.5371,
            ena_mv=53.0,
            ek_mv=-107.0,
            mechanisms={
                "Ih": {"gbar": 5.11629e-05},
                "NaV": {"gbar": 0.0585202},
                "Kd": {"gbar": 0.000311925},
                "Kv2like": {"gbar": 0.0510602},
                "Kv3_1": {"gbar": 0.650761},
                "K_T": {"gbar": 0.0333859},
                "Im_v2": {"gbar": 0.00775049},
                "SK": {"gbar": 0.00273401},
                "Ca_HVA": {"gbar": 0.00056479},
                "Ca_LVA": {"gbar": 0.00321148},
                "CaDynamics": {"gamma": 0.00772044, "decay_s": 0.0203002},
            },
        ),
        "axon": _passive(143.65, 2.16, 0.000662464, -95.5371),
        "dend": _passive(143.65, 2.16, 9.80198e-06, -95.5371),
    },
)
