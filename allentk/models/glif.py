"""Generalised leaky integrate-and-fire neurons: what the five levels are made of.

With V relative to rest, G = 1/R and T the threshold above rest::

    C dV/dt = I + sum_j A_j - G V           dA_j/dt = -A_j / tau_j
    dTs/dt  = -b_s Ts                       dTv/dt  = a_v V - b_v Tv
    T = th_inf + Ts + Tv                    spike where V > T

At a spike the cell is silent for ``t_ref_s`` and starts again with V = a V + b (levels 2, 4, 5) or
V = 0, with A_j = amp_j + r_j A_j exp(-t_ref / tau_j), and with Ts = a_s + Ts exp(-b_s t_ref).

===== ============================== ============================================
level name                           has
===== ============================== ============================================
1     LIF                            a threshold
2     LIF-R                          reset rule, spike-dependent threshold
3     LIF-ASC                        after-spike currents
4     LIF-R-ASC                      both
5     LIF-R-ASC-A                    both, and a voltage-dependent threshold
===== ============================== ============================================

References
----------
Teeter et al. 2018, "Generalized leaky integrate-and-fire models classify multiple neuron types",
Nature Communications 9:709.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from allentk.data._html import card, facts, says_synthetic, synthetic_end
from allentk.errors import DataError

__all__ = ["ASC_LEVELS", "RESET_LEVELS", "GLIFParameters"]

RESET_LEVELS = {2, 4, 5}
ASC_LEVELS = {3, 4, 5}
#: Names of the levels.
_NAMES = {1: "LIF", 2: "LIF-R", 3: "LIF-ASC", 4: "LIF-R-ASC", 5: "LIF-R-ASC-A"}
_RESET_FIELDS = ("reset_a", "reset_b_mv", "th_spike_a_mv", "th_spike_b_per_s")
_VOLTAGE_FIELDS = ("th_voltage_a_per_s", "th_voltage_b_per_s")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class GLIFParameters:
    """Parameters of one GLIF neuron.

    Parameters
    ----------
    level : int
        1 to 5.
    C_pf : float
        Capacitance in pF.
    R_mohm : float
        Input resistance in MOhm.
    E_L_mv : float
        Resting potential in mV (Allen's ``El_reference``); voltages below are relative to it.
    th_inf_mv : float
        Resting threshold above rest in mV, any coefficient applied.
    t_ref_s : float
        Refractory time in seconds (Allen's ``spike_cut_length`` times its ``dt``).
    asc_amp_pa, asc_tau_s, asc_r : tuple of float
        After-spike currents (levels 3 to 5): amplitude in pA at the end of the refractory time,
        time constant in seconds, and the fraction of the old current kept at a spike (1 where not
        given).
    reset_a, reset_b_mv : float
        Voltage after a spike, ``a V + b`` (levels 2, 4, 5).
    th_spike_a_mv, th_spike_b_per_s : float
        Step of the spike-dependent threshold in mV and its decay rate (levels 2, 4, 5).
    th_voltage_a_per_s, th_voltage_b_per_s : float
        Drive and decay rate of the voltage-dependent threshold (level 5).
    source : str
        Where the numbers come from.

    Raises
    ------
    DataError
        On a number that is not finite, a C, R or time constant that is not positive, a refractory time
        or decay rate that is negative, or a parameter that this level does not have.

    Examples
    --------
    >>> cell = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
    >>> cell.threshold_mv, round(cell.tau_m_s, 3)
    (-45, 0.02)
    """

    level: int
    C_pf: float
    R_mohm: float
    E_L_mv: float
    th_inf_mv: float
    t_ref_s: float
    asc_amp_pa: tuple[float, ...] = ()
    asc_tau_s: tuple[float, ...] = ()
    asc_r: tuple[float, ...] = ()
    reset_a: float = 0.0
    reset_b_mv: float = 0.0
    th_spike_a_mv: float = 0.0
    th_spike_b_per_s: float = 0.0
    th_voltage_a_per_s: float = 0.0
    th_voltage_b_per_s: float = 0.0
    source: str = ""

    def __post_init__(self) -> None:
        for name in ("asc_amp_pa", "asc_tau_s", "asc_r"):
            object.__setattr__(self, name, self._numbers(name))
        if self.asc_amp_pa and not self.asc_r:
            object.__setattr__(self, "asc_r", (1.0,) * len(self.asc_amp_pa))
        self._check_numbers()
        self._check_level()

    def _numbers(self, name: str) -> tuple[float, ...]:
        try:
            return tuple(float(x) for x in getattr(self, name))
        except (TypeError, ValueError) as error:
            raise DataError(
                f"GLIF: {name} must be numbers, one for each after-spike current: {error}"
            ) from error

    def _check_numbers(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            numbers = value if isinstance(value, tuple) else (value,)
            if field.name != "source" and not all(math.isfinite(x) for x in numbers):
                raise DataError(f"GLIF: {field.name} must be finite, got {value!r}")
        for name in ("C_pf", "R_mohm"):
            if not getattr(self, name) > 0:
                raise DataError(f"GLIF: {name} must be positive, got {getattr(self, name)}")
        for name in ("t_ref_s", "th_spike_b_per_s", "th_voltage_b_per_s"):
            if getattr(self, name) < 0:
                raise DataError(f"GLIF: {name} must not be negative, got {getattr(self, name)}")
        if any(tau <= 0 for tau in self.asc_tau_s):
            raise DataError(f"GLIF: asc_tau_s must be positive, got {self.asc_tau_s}")
        if not len(self.asc_amp_pa) == len(self.asc_tau_s) == len(self.asc_r):
            raise DataError(
                f"GLIF: asc_amp_pa, asc_tau_s and asc_r must be equally long, got "
                f"{len(self.asc_amp_pa)}, {len(self.asc_tau_s)} and {len(self.asc_r)}"
            )

    def _check_level(self) -> None:
        if isinstance(self.level, bool) or self.level not in range(1, 6):
            raise DataError(f"GLIF: level must be 1 to 5, got {self.level!r}")
        object.__setattr__(self, "level", int(self.level))
        foreign: list[str] = []
        if self.level not in ASC_LEVELS and self.asc_amp_pa:
            foreign.append("asc_amp_pa")
        if self.level not in RESET_LEVELS:
            foreign += [name for name in _RESET_FIELDS if getattr(self, name)]
        if self.level != 5:
            foreign += [name for name in _VOLTAGE_FIELDS if getattr(self, name)]
        if foreign:
            raise DataError(f"GLIF {self.level} has no {', '.join(foreign)}; set a level that has")

    @property
    def threshold_mv(self) -> float:
        """Resting threshold in mV, absolute."""
        return self.E_L_mv + self.th_inf_mv

    @property
    def tau_m_s(self) -> float:
        """Membrane time constant in seconds."""
        return self.R_mohm * self.C_pf * 1e-6

    @property
    def rheobase_pa(self) -> float:
        """Smallest steady current that reaches the resting threshold, in pA."""
        return self.th_inf_mv / self.R_mohm * 1e3

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as plain JSON types."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> GLIFParameters:
        """Build the parameters from what ``to_dict`` returned.

        Raises
        ------
        DataError
            On unknown or missing names.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise DataError(f"GLIF: unknown parameters {unknown}; expected {sorted(known)}")
        try:
            plain: dict[str, Any] = {
                k: tuple(v) if isinstance(v, list) else v for k, v in values.items()
            }
            return cls(**plain)
        except TypeError as error:
            raise DataError(f"GLIF: {error}") from error

    @property
    def synthetic(self) -> bool:
        """Whether its source says that it rests on made-up data."""
        return says_synthetic(self.source)

    def __repr__(self) -> str:
        return (
            f"<GLIFParameters: GLIF{self.level} {_NAMES[self.level]}, {self.C_pf:.4g} pF, "
            f"{self.R_mohm:.4g} MOhm, rest {self.E_L_mv:.4g} mV, threshold {self.threshold_mv:.4g} mV"
            f"{synthetic_end(self.synthetic)}>"
        )

    def _repr_html_(self) -> str:
        # What a level does not have is 0 or empty.
        has = {name: value for name, value in asdict(self).items() if value not in (0.0, (), "")}
        return card(self, facts(has), synthetic=self.synthetic)
