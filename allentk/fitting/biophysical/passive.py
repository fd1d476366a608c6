"""Axial resistivity, membrane capacitance and resistance from short pulses of current.

Three variants are fitted to the mean responses, and one is chosen:

=======  ==========================================================
variant  what is fitted
=======  ==========================================================
1        Ri (10 to 1000 Ohm cm), Cm and Rm, uniform
2        Cm and Rm, with Ri 100 Ohm cm
3        as 1, through an electrode (`Electrode`)
=======  ==========================================================

Where fit 2 is better than fit 1: the better one of 2 and 3. Else, where Cm of 1 and 3 differ by more than
10 %: the better one of these. Else fit 1. The error is the sum of the mean squared errors of both
polarities, in mV2.

What models take from it is Ri and Cm only; the leak is fitted again with the channels. A spiny cell's Cm
is that of its dendrites with the membrane of their spines: soma and axon get 1 uF/cm2 and the dendrites
what is left.

References
----------
Gouwens et al. 2018, Nature Communications 9:710 (methods: passive parameters).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from allentk.data import Morphology, Sweep, SweepSet
from allentk.errors import FitError
from allentk.fitting.biophysical.passive_modes import Electrode, PassiveModes
from allentk.fitting.biophysical.passive_responses import PassiveResponses, passive_responses
from allentk.models.axon import Axon
from allentk.models.compartments import Compartments, compartments
from allentk.models.frozen import Frozen
from allentk.models.sections import MAX_LENGTH_UM

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "BOUNDS",
    "PassiveFit",
    "PassiveVariant",
    "choose_variant",
    "default_passive",
    "passive_fit",
]

Array = NDArray[np.float64]

#: Least and largest Ri (Ohm cm), Cm (uF/cm2) and Rm (Ohm cm2).
BOUNDS: Final = ((10.0, 1000.0), (0.1, 20.0), (100.0, 1e6))
FIXED_RI_OHM_CM: Final = 100.0
CM_DIFFERS: Final = 0.1
_STARTS = ((100.0, 1.0, 1e4), (200.0, 2.0, 3e3), (50.0, 0.7, 4e4), (400.0, 3.0, 2e3))
_NEAR_BOUND = 1e-3  # in logarithms
_DENDRITES = ("dend", "apic")


@dataclass(frozen=True, slots=True)
class PassiveVariant:
    """One fit.

    Parameters
    ----------
    variant : int
        1, 2 or 3; see `allentk.fitting.biophysical.passive`.
    ri_ohm_cm, cm_uf_per_cm2, rm_ohm_cm2 : float
        Axial resistivity, membrane capacitance and membrane resistance.
    error : float
        Sum of the mean squared errors of both polarities in mV2.
    at_bound : tuple of str
        Which of them ended at a bound.
    """

    variant: int
    ri_ohm_cm: float
    cm_uf_per_cm2: float
    rm_ohm_cm2: float
    error: float
    at_bound: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PassiveFit:
    """Result of the passive fit.

    Parameters
    ----------
    variants : tuple of PassiveVariant
        All fits; empty where there was nothing to fit.
    chosen : PassiveVariant
        The one that is used; its variant is 0 where there was nothing to fit.
    reason : str
        Why it was chosen.
    ra_ohm_cm : float
        Axial resistivity of a model in Ohm cm.
    cm_by_section : mapping
        Membrane capacitance of a model by kind of section in uF/cm2.
    window_s : (float, float)
        First and last time of what was fitted; NaN where nothing was.
    axon : str
        The axon that was used.
    notes : tuple of str
        What was left out, and which parameters ended at a bound.
    """

    variants: tuple[PassiveVariant, ...]
    chosen: PassiveVariant
    reason: str
    ra_ohm_cm: float
    cm_by_section: Mapping[str, float]
    window_s: tuple[float, float] = (math.nan, math.nan)
    axon: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "cm_by_section", Frozen(self.cm_by_section))

    @property
    def variant(self) -> int:
        """The variant that was chosen."""
        return self.chosen.variant

    @property
    def error(self) -> float:
        """Its error in mV2."""
        return self.chosen.error

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per variant."""
        import pandas as pd

        names = ["variant", "ri_ohm_cm", "cm_uf_per_cm2", "rm_ohm_cm2", "error"]
        rows = [[getattr(one, name) for name in names] for one in self.variants]
        table = pd.DataFrame(rows, columns=names)
        return table.assign(chosen=table["variant"] == self.variant)


def default_passive(*, spiny: bool) -> PassiveFit:
    """Return the values for a cell without a capacitance check: Ra 100, Cm 1, spiny dendrites 2.

    Parameters
    ----------
    spiny : bool
        Whether the dendrites have spines.

    Examples
    --------
    >>> dict(default_passive(spiny=True).cm_by_section)
    {'soma': 1.0, 'axon': 1.0, 'dend': 2.0, 'apic': 2.0}
    """
    cm = {"soma": 1.0, "axon": 1.0, **dict.fromkeys(_DENDRITES, 2.0 if spiny else 1.0)}
    none = PassiveVariant(0, FIXED_RI_OHM_CM, cm["dend"], math.nan, math.nan)
    return PassiveFit((), none, "nothing to fit: the usual values", FIXED_RI_OHM_CM, cm)


def passive_fit(
    sweeps: SweepSet | Sweep | Iterable[Sweep] | PassiveResponses,
    morphology: Morphology,
    *,
    spiny: bool,
    bridge_mohm: float | None = None,
    electrode_pf: float = 1.0,
    axon: Axon = "stub",
    max_length_um: float = MAX_LENGTH_UM,
) -> PassiveFit:
    """Fit the passive membrane of a cell.

    Parameters
    ----------
    sweeps : SweepSet, Sweep, iterable of Sweep, or PassiveResponses
        Its sweeps, of which the capacitance check is used, or their averages.
    morphology : Morphology
        Its reconstruction.
    spiny : bool
        Whether its dendrites have spines.
    bridge_mohm : float, optional
        Resistance of the electrode in MOhm; where nobody knows it there is no fit 3.
    electrode_pf : float
        Capacitance of the electrode in pF, for fit 3.
    axon, max_length_um
        How the reconstruction is cut; see `compartments`. The defaults are those of the models that the
        values are for. Published fits had ``axon="none"``, ``max_length_um=math.inf``: a segment for every
        section.

    Returns
    -------
    PassiveFit

    Raises
    ------
    FitError
        Where there is no capacitance check, its responses are not mirror images, they leave no
        capacitance for the dendrites, or a spiny cell has none.

    Examples
    --------
    >>> from allentk.fitting.biophysical.passive_modes import Pulse
    >>> cell = Morphology([1, 2], [1, 3], [[0, 0, 0], [0, 300, 0]], [6, 1], [-1, 0])
    >>> modes = PassiveModes.of(compartments(cell, axon="stub"))
    >>> time, pulse = np.arange(0, 0.05, 2e-5), Pulse(200, 0.002, 0.0005)
    >>> v = modes.response(pulse, time, ri_ohm_cm=150, cm_uf_per_cm2=1.5, rm_ohm_cm2=8000)
    >>> fit = passive_fit(PassiveResponses(time, v, -v, pulse), cell, spiny=False)
    >>> round(fit.ra_ohm_cm), round(fit.cm_by_section["dend"], 3), round(fit.chosen.rm_ohm_cm2)
    (150, 1.5, 8000)
    """
    given = sweeps if isinstance(sweeps, PassiveResponses) else passive_responses(sweeps)
    tree = compartments(morphology, axon=axon, max_length_um=max_length_um)
    fitted = _Problem.of(given, PassiveModes.of(tree))
    first = fitted.best(1, _STARTS)
    variants = [first, fitted.best(2, _STARTS)]
    if bridge_mohm is not None and bridge_mohm > 0:
        # The electrode changes little, so that the search begins where fit 1 ended.
        start = (first.ri_ohm_cm, first.cm_uf_per_cm2, first.rm_ohm_cm2)
        electrode = Electrode(bridge_mohm, electrode_pf)
        variants.append(fitted.best(3, (start,), electrode))
    chosen, reason = choose_variant(variants)
    bounds = [
        f"fit {one.variant}: {name} at its bound" for one in variants for name in one.at_bound
    ]
    return PassiveFit(
        variants=tuple(variants),
        chosen=chosen,
        reason=reason,
        ra_ohm_cm=chosen.ri_ohm_cm,
        cm_by_section=_by_section(chosen.cm_uf_per_cm2, tree, spiny),
        window_s=given.window_s,
        axon=axon,
        notes=(*given.notes, *bounds),
    )


@dataclass(frozen=True, slots=True)
class _Problem:
    """What is fitted to.

    The squared errors of both polarities sum to twice those of the mean response, (up - down) / 2, and what
    no passive model can explain: half the mean square of their sum.
    """

    responses: PassiveResponses
    modes: PassiveModes
    time_s: Array
    mean_mv: Array
    unexplained: float

    @classmethod
    def of(cls, responses: PassiveResponses, modes: PassiveModes) -> _Problem:
        first, last = responses.window_s
        half = 0.25 * (responses.time_s[1] - responses.time_s[0])
        keep = (responses.time_s >= first - half) & (responses.time_s <= last + half)
        up, down = responses.up_mv[keep], responses.down_mv[keep]
        rest = float(np.mean((up + down) ** 2) / 2)
        return cls(responses, modes, responses.time_s[keep], (up - down) / 2, rest)

    def best(
        self,
        variant: int,
        starts: Sequence[tuple[float, float, float]],
        electrode: Electrode | None = None,
    ) -> PassiveVariant:
        """Return the best of the fits from all starts."""
        free = slice(1, None) if variant == 2 else slice(None)

        def parameters(logs: Array) -> Array:
            return np.append(FIXED_RI_OHM_CM, np.exp(logs)) if variant == 2 else np.exp(logs)

        def residuals(logs: Array) -> Array:
            ri, cm, rm = parameters(logs)
            found = self.modes.response(
                self.responses.pulse,
                self.time_s,
                ri_ohm_cm=ri,
                cm_uf_per_cm2=cm,
                rm_ohm_cm2=rm,
                electrode=electrode,
            )
            return found - self.mean_mv

        low, high = np.log(BOUNDS)[free].T
        fits = [
            least_squares(
                residuals, np.log(start)[free], bounds=(low, high), xtol=1e-10, ftol=1e-12
            )
            for start in starts
        ]
        best = min(fits, key=lambda fit: float(fit.cost))
        ri, cm, rm = parameters(best.x)
        error = 2 * float(np.mean(best.fun**2)) + self.unexplained
        names = ("Ri", "Cm", "Rm")[free]
        near = (best.x < low + _NEAR_BOUND) | (best.x > high - _NEAR_BOUND)
        bound = tuple(name for name, there in zip(names, near, strict=True) if there)
        return PassiveVariant(variant, float(ri), float(cm), float(rm), error, bound)


def choose_variant(variants: Sequence[PassiveVariant]) -> tuple[PassiveVariant, str]:
    """Return the variant that is used, and why.

    Parameters
    ----------
    variants : sequence of PassiveVariant
        Fits 1 and 2, and 3 where there is one.

    Examples
    --------
    >>> fits = [PassiveVariant(1, 200, 2, 3e3, 7e-4), PassiveVariant(2, 100, 1.8, 3e3, 9e-4)]
    >>> choose_variant(fits)[1]
    "fit 1 is better than fit 2; there is no fit 3, as the electrode's resistance is unknown"
    """
    first, second = variants[:2]
    third = variants[2] if len(variants) > 2 else None
    missing = "" if third else "; there is no fit 3, as the electrode's resistance is unknown"
    if second.error < first.error:
        if third and third.error <= second.error:
            return third, "fit 2 is better than fit 1, and fit 3 is better than fit 2"
        return second, f"fit 2, with Ri fixed, is the best{missing}"
    if third and abs(first.cm_uf_per_cm2 - third.cm_uf_per_cm2) / first.cm_uf_per_cm2 > CM_DIFFERS:
        better = min(first, third, key=lambda one: one.error)
        return (
            better,
            f"Cm of fits 1 and 3 differ by more than 10 %; fit {better.variant} is better",
        )
    if third:
        return first, "fit 1 is better than fit 2, and fit 3 has its Cm to 10 %"
    return first, f"fit 1 is better than fit 2{missing}"


def _by_section(cm_uf_per_cm2: float, tree: Compartments, spiny: bool) -> dict[str, float]:
    area = tree.area_by_kind_um2
    if not spiny:
        return dict.fromkeys(area, cm_uf_per_cm2)
    dendrites = sum(area.get(name, 0.0) for name in _DENDRITES)
    smooth = tree.total_area_um2 - dendrites
    if not dendrites:
        raise FitError("the reconstruction has no dendrites that could be spiny; take spiny=False")
    if not cm_uf_per_cm2 * tree.total_area_um2 > smooth:
        raise FitError(
            f"a capacitance of {cm_uf_per_cm2:.3g} uF/cm2 leaves nothing for spiny dendrites, with 1 "
            f"uF/cm2 on {smooth:.0f} um2 of soma and axon and {dendrites:.0f} um2 of dendrites; is the "
            f"reconstruction of this cell, and the current in pA?"
        )
    rest = (cm_uf_per_cm2 * tree.total_area_um2 - smooth) / dendrites
    return {name: rest if name in _DENDRITES else 1.0 for name in area}
