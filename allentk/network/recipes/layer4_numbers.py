"""The numbers of ``recipes.layer4``, and where they come from.

Counts, geometry, chances of connection, time constants, places, LGN fields and background are the figures
published with Arkhipov et al. 2018, PLoS Computational Biology 14:e1006535 (AllenInstitute/
arkhipov2018_layer4: ``SI_1/connectcells.py``, ``SI_2/generate_system_*.py``). Weights are those of the file
that is published, ``SI_1/example_1/syn_data_for_example_1.json``; the files of the four systems of the
paper (names ending in sd278, sd285, sd287 and sd282) are not, so that every variant here has the same
weights before the like-to-like factor.

The point models are published GLIF models of level 3 (Teeter et al. 2018, Nature Communications 9:709;
thresholds with their coefficient, refractory time ``spike_cut_length`` x 5e-5 s): of the very cells of
the biophysical models where they exist, else of another cell of the same line.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from allentk.models import GLIFParameters
from allentk.network.rules import Linear, Tuning
from allentk.network.synapses import Synapse

__all__ = [
    "BACKGROUND",
    "CORE_SHARE",
    "DELAY_S",
    "DENSITY_PER_UM3",
    "FIELDS",
    "GLIF",
    "HEIGHT_UM",
    "INT_FIRE",
    "KINDS",
    "LGN",
    "N_SYNAPSES",
    "POINT_STRENGTH",
    "SEEDS",
    "SYNAPSES",
    "VARIANTS",
    "WAVES",
    "WEIGHTS_L_SIGMA_DEG",
    "Background",
    "Fields",
    "Kind",
    "Weights",
    "full_radius_um",
]

#: Names of the virtual populations: thalamus, and the rest of the brain.
LGN, WAVES = "LGN", "background"

#: Factors on weights that let a core of point cells fire: ours, chosen at a scale of 0.02, not published.
POINT_STRENGTH: Mapping[tuple[str, str], float] = MappingProxyType(
    {("lgn", "inh"): 0.3, ("inh", "exc"): 0.5}
)

#: Seeds of the three instances of the model.
SEEDS = {1: 150, 2: 5, 3: 12345}

#: Cells per cubic micrometre, and the height of the cylinder.
DENSITY_PER_UM3, HEIGHT_UM = 2e-4, 100.0

#: Share of the cells, and so of the area, that is the core of biophysical cells.
CORE_SHARE = 10 / 45

DELAY_S = 0.002

#: Weights of "L" fall off with the difference in orientation d as exp(-(d / this)^2).
WEIGHTS_L_SIGMA_DEG = 50.0


@dataclass(frozen=True, slots=True)
class Weights:
    """Weight of one synapse from every kind of source: uS, or shares of the threshold of IntFire1."""

    lgn: float
    exc: float
    waves: float
    inh: float


@dataclass(frozen=True, slots=True)
class Kind:
    """One population: cells at full scale, what they are, and the weights of their synapses.

    `specimen` is the cell of the biophysical model in the Allen Cell Types Database, `fit` and `swc` its
    published files; LIF cells have none.
    """

    name: str
    n: int
    excitatory: bool
    weights: Weights
    specimen: int = 0
    fit: str = ""
    swc: str = ""

    @property
    def core(self) -> bool:
        """Whether the cells are the biophysical ones of the core."""
        return bool(self.fit)

    @property
    def cell_class(self) -> str:
        """Class of cells in the reference data."""
        return "L4 Exc" if self.excitatory else "L4 PV"


KINDS = (
    Kind("Scnn1a", 3700, True, Weights(20e-5, 64e-5, 15e-5, 180e-5),
         395830185, "472363762_fit.json", "Scnn1a_473845048_m.swc"),
    Kind("Rorb", 3300, True, Weights(25e-5, 55e-5, 15e-5, 180e-5),
         314804042, "473863510_fit.json", "Rorb_325404214_m.swc"),
    Kind("Nr5a1", 1500, True, Weights(25e-5, 72e-5, 19e-5, 180e-5),
         318808427, "473863035_fit.json", "Nr5a1_471087815_m.swc"),
    Kind("PV1", 800, False, Weights(150e-5, 350e-5, 220e-5, 200e-5),
         330080937, "472912177_fit.json", "Pvalb_470522102_m.swc"),
    Kind("PV2", 700, False, Weights(150e-5, 270e-5, 130e-5, 200e-5),
         318331342, "473862421_fit.json", "Pvalb_469628681_m.swc"),
    Kind("LIF_exc", 29750, True, Weights(22.5e-3, 19e-3, 15e-3, 90e-3)),
    Kind("LIF_inh", 5250, False, Weights(30e-3, 43e-3, 50e-3, 22.5e-3)),
)  # fmt: skip


def full_radius_um() -> float:
    """Return the radius of the whole model, 846 um."""
    return math.sqrt(sum(kind.n for kind in KINDS) / (DENSITY_PER_UM3 * HEIGHT_UM * math.pi))


_TO_EXC, _TO_INH = Linear(1.0, 160.0), Linear(1.0, 160.0)
_LIKE = {
    (True, True): Linear(0.34, 300.0, tuning=Tuning(1.0, 0.5)),
    (True, False): Linear(0.26, 300.0),
    (False, True): _TO_EXC,
    (False, False): _TO_INH,
}
_RANDOM = {
    (True, True): Linear(0.255, 300.0),
    (True, False): Linear(0.255, 300.0),
    (False, True): _TO_EXC,
    (False, False): _TO_INH,
}

#: Variant -> chance of a connection by whether source and target excite, and whether weights are like to
#: like. The first letter is of the connections, the second of the weights; L is like to like, R random.
VARIANTS = {
    "LL": (_LIKE, True),
    "LR": (_LIKE, False),
    "RL": (_RANDOM, True),
    "RR": (_RANDOM, False),
}

_DENDRITES, _ALL = ("dend", "apic"), ("soma", "dend", "apic")

#: (source, target excites) -> conductance and place; sources "lgn", "exc", "waves" and "inh".
SYNAPSES = {
    ("lgn", True): Synapse(1e-3, 3e-3, 0.0, sections=_DENDRITES, distance_um=(0, 150)),
    ("exc", True): Synapse(1e-3, 3e-3, 0.0, sections=_DENDRITES, distance_um=(30, 150)),
    ("waves", True): Synapse(1e-3, 3e-3, 0.0, sections=_DENDRITES, distance_um=(30, 150)),
    ("inh", True): Synapse(2.7e-3, 15e-3, -70.0, sections=_ALL, distance_um=(0, 50)),
    ("lgn", False): Synapse(0.1e-3, 0.5e-3, 0.0, sections=("soma", "dend")),
    ("exc", False): Synapse(0.1e-3, 0.5e-3, 0.0, sections=("soma", "dend")),
    ("waves", False): Synapse(0.1e-3, 0.5e-3, 0.0, sections=("soma", "dend")),
    ("inh", False): Synapse(0.2e-3, 8e-3, -70.0, sections=("soma", "dend")),
}

#: Synapses of every connection between cells of the layer, both ends included.
N_SYNAPSES = (3, 7)


def _int_fire(tau_s: float) -> GLIFParameters:
    """Return NEURON's IntFire1 as a GLIF model: a threshold of 1, jumps of that scale."""
    return GLIFParameters(
        level=1, C_pf=tau_s * 1e4, R_mohm=100.0, E_L_mv=0.0, th_inf_mv=1.0, t_ref_s=0.003,
        source="IntFire1 of the layer 4 model, Arkhipov et al. 2018",
    )  # fmt: skip


#: The LIF cells, by whether they excite: time constants of 24 and 7 ms.
INT_FIRE = {True: _int_fire(0.024), False: _int_fire(0.007)}


def _glif(
    specimen: int,
    *,
    C: float,
    R: float,
    E_L: float,
    th: float,
    t_ref: float,
    asc: tuple[float, float],
    tau: tuple[float, float],
) -> GLIFParameters:
    return GLIFParameters(
        level=3, C_pf=C, R_mohm=R, E_L_mv=E_L, th_inf_mv=th, t_ref_s=t_ref, asc_amp_pa=asc,
        asc_tau_s=tau, source=f"Allen Cell Types Database, specimen {specimen}, Teeter et al. 2018",
    )  # fmt: skip


#: Point models of the cells of the core. Rorb and PV2 have no published GLIF model of their cell.
GLIF = {
    "Scnn1a": _glif(395830185, C=104.72, R=259.056, E_L=-77.9644, th=29.3729, t_ref=4.7e-3,
                    asc=(-4.1518, -172.9), tau=(1 / 3, 0.01)),
    "Rorb": _glif(478586425, C=82.3504, R=161.251, E_L=-76.9332, th=31.5014, t_ref=3.65e-3,
                  asc=(-4.5107, -232.723), tau=(1 / 3, 0.01)),
    "Nr5a1": _glif(318808427, C=68.1404, R=253.924, E_L=-76.1692, th=35.2867, t_ref=2.4e-3,
                   asc=(-13.0089, -200.008), tau=(1 / 3, 0.01)),
    "PV1": _glif(330080937, C=42.4577, R=202.187, E_L=-81.6423, th=33.6699, t_ref=1.8e-3,
                 asc=(-7.20766, -68.1323), tau=(0.1, 0.01)),
    "PV2": _glif(477490421, C=69.8639, R=99.9996, E_L=-70.3841, th=28.3328, t_ref=1.2e-3,
                 asc=(-3.29619, -32.1295), tau=(1 / 3, 0.01)),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Which filters a cell listens to, in linear degrees.

    Parameters
    ----------
    apart_deg, width_deg, aspect : (float, float)
        Of excitatory cells: distance between the centres of the ON and the OFF subfield, their width along
        the preferred direction, and their length over their width. The field of ON/OFF filters between
        them is half as wide as they are apart, and as long as they are wide.
    most : int
        Filters of every class that an excitatory cell listens to, at most; drawn from those in its field.
    angle_deg : float
        ON/OFF filters differ in orientation from the cell by up to this.
    round_widths : float
        An inhibitory cell listens in a circle of this diameter, in widths.
    most_round : int
        Filters of every class that it listens to, at most.
    n_synapses : int
        Synapses of every connection.
    """

    apart_deg: tuple[float, float] = (10.0, 11.0)
    width_deg: tuple[float, float] = (6.0, 8.0)
    aspect: tuple[float, float] = (2.8, 3.0)
    most: int = 8
    angle_deg: float = 15.0
    round_widths: float = 2.5
    most_round: int = 15
    n_synapses: int = 30


FIELDS = Fields()


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """The rest of the brain: sources that fire while a plane wave passes over them.

    Parameters
    ----------
    n : int
        Sources.
    side_um : float
        Of the square where they are, evenly.
    rate_hz : (float, float)
        Rate while a wave passes, drawn evenly per source.
    up_s, between_s : (float, float)
        Length of a wave and of the pause after it at a place, drawn evenly per wave.
    length_um : float
        Length of a wave of mean duration, from which the speed of all follows.
    reach_um : float
        A cell listens to sources up to this far away.
    sources : (int, int)
        How many, both ends included.
    n_synapses : dict
        Synapses of a connection and their chances.
    """

    n: int = 3000
    side_um: float = 1800.0
    rate_hz: tuple[float, float] = (5.0, 15.0)
    up_s: tuple[float, float] = (0.2, 1.2)
    between_s: tuple[float, float] = (0.25, 1.75)
    length_um: float = 2000.0
    reach_um: float = 150.0
    sources: tuple[int, int] = (18, 23)
    n_synapses: tuple[tuple[int, float], ...] = (
        (1, 0.8),
        (2, 0.05),
        (4, 0.05),
        (8, 0.05),
        (16, 0.05),
    )


BACKGROUND = Background()
