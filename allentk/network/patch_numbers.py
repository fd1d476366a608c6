"""The numbers of ``recipes.patch``, and where they come from.

Strengths are in thresholds per Hz (see ``wiring``). They, the background and the spread of the rates were
chosen for the demo's cells: they hold the network asynchronous and bring the rates and selectivities of
its cells near those recorded in mouse V1 (layer 4, Visual Coding Neuropixels; Siegle et al. 2021, Nature
592:86).

References
----------
Probabilities, fall-off with distance, weights by orientation, retinotopy: Billeh et al. 2020, Neuron
106:388. PV to excitatory cells nearly all at distance 0, density: Arkhipov et al. 2018, PLoS Computational
Biology 14:e1006535. Time constants (the slower of the two measured components) and latencies: Campagnola et
al. 2022, Science 375:eabj5861, as tabulated in the biorealistic V1 model (AllenInstitute, BSD-3-Clause).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from allentk.network.edge_values import Conduction, LikeToLike
from allentk.network.projection import Receptor
from allentk.network.rules import Gaussian, Tuning
from allentk.network.wiring import Afferent, Recurrent

__all__ = [
    "AFFERENT",
    "BACKGROUND",
    "DENSITY_PER_MM2",
    "EXC",
    "EXCITATORY_SHARE",
    "LGN_NAME",
    "LGN_PITCH_DEG",
    "PV",
    "RECURRENT",
    "Background",
]

#: Names of the populations; those of cells are classes of the reference data.
EXC, PV, LGN_NAME = "L4 Exc", "L4 PV", "LGN"

EXCITATORY_SHARE = 0.8

#: Cells per square millimetre: the column of the layer 4 model.
DENSITY_PER_MM2 = 20_000.0

#: Distance between LGN cells. Closer ones give cells with like fields less noise in common.
LGN_PITCH_DEG = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """Background synapses, and the spontaneous rates they are set to give.

    Parameters
    ----------
    median_hz, spread : float
        Lognormal distribution of the rates over cells: median, and deviation of the logarithm.
    weight : float
        Of a background spike, thresholds per Hz.
    receptor : Receptor
        Time course.
    """

    median_hz: float
    spread: float
    weight: float
    receptor: Receptor

    @property
    def mean_hz(self) -> float:
        """Mean of the rates."""
        return self.median_hz * math.exp(self.spread**2 / 2)


_TO_EXC, _TO_PV = Receptor(tau_s=2.45e-3, sign=1), Receptor(tau_s=2.2e-3, sign=1)

#: Conduction along the cortex, um per second.
_SPEED = 0.3e6

RECURRENT = {
    (EXC, EXC): Recurrent(
        chance=Gaussian(0.40, 114.0, tuning=Tuning(1.0, 0.5)),
        like_to_like=LikeToLike(1.0, 30.0),
        strength=0.012,
        delays_s=Conduction(1.48e-3, _SPEED),
        receptor=_TO_EXC,
    ),
    (EXC, PV): Recurrent(
        chance=Gaussian(0.59, 92.0),
        strength=0.025,
        delays_s=Conduction(1.13e-3, _SPEED),
        receptor=_TO_PV,
    ),
    (PV, EXC): Recurrent(
        chance=Gaussian(0.90, 95.0),
        strength=0.09,
        delays_s=Conduction(0.96e-3, _SPEED),
        receptor=Receptor(tau_s=4.5e-3, sign=-1),
    ),
    (PV, PV): Recurrent(
        chance=Gaussian(0.54, 120.0),
        strength=0.05,
        delays_s=Conduction(1.01e-3, _SPEED),
        receptor=Receptor(tau_s=3.5e-3, sign=-1),
    ),
}

AFFERENT = {
    EXC: Afferent(strength=0.07, spread=0.4, delay_s=1.7e-3, receptor=_TO_EXC),
    PV: Afferent(strength=0.06, spread=0.3, delay_s=1.7e-3, receptor=_TO_PV),
}

# The recorded medians are 2.1 and 8.9 Hz; simulated PV cells come out above what the closed form says, and
# gratings excite them more than the recorded ones.
BACKGROUND = {
    EXC: Background(median_hz=2.2, spread=0.95, weight=4e-4, receptor=_TO_EXC),
    PV: Background(median_hz=6.4, spread=0.85, weight=5e-4, receptor=_TO_PV),
}
