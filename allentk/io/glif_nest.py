"""GLIF parameters for NEST's ``glif_psc``, and which of them NEST would refuse.

===== ========================= ==================== ==================
level spike_dependent_threshold after_spike_currents adapting_threshold
===== ========================= ==================== ==================
1     no                        no                   no
2     yes                       no                   no
3     no                        yes                  no
4     yes                       yes                  no
5     yes                       yes                  yes
===== ========================= ==================== ==================

NEST counts in ms, mV (absolute), nS, pF and pA. It resets from the voltage before the crossing step,
where Allen's models take the one after it, rounds a refractory time up to whole steps, and lets a cell
that starts again above its threshold fire without end.

References
----------
NEST 3.10, models/glif_psc.
"""

from __future__ import annotations

import math
from typing import Any

from allentk.errors import SimulationError
from allentk.models import GLIFParameters
from allentk.models.glif import ASC_LEVELS, RESET_LEVELS

__all__ = ["nest_parameters", "nest_refusals"]


def nest_refusals(parameters: GLIFParameters) -> list[str]:
    """Return why NEST would not take a cell; empty where it would.

    Returns
    -------
    list of str
        What NEST asks for and what the cell has, one reason each.

    Examples
    --------
    >>> cell = GLIFParameters(level=2, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=20, t_ref_s=3e-3,
    ...                       reset_a=1.1, th_spike_b_per_s=80)
    >>> nest_refusals(cell)
    ['voltage_reset_fraction must lie within 0 and 1, got 1.1']
    """
    p = parameters
    found = []
    if not p.t_ref_s > 0:
        found.append(f"t_ref must be positive, got {p.t_ref_s * 1e3:g} ms")
    if not p.th_inf_mv > 0:
        found.append(
            f"V_th must lie above V_reset, which is the resting potential, got {p.threshold_mv:g} mV "
            f"and {p.E_L_mv:g} mV"
        )
    if p.level in ASC_LEVELS and not p.asc_amp_pa:
        found.append("asc_amps must hold a current: without one NEST crashes")
    if not all(0 <= kept <= 1 for kept in p.asc_r):
        found.append(f"asc_r must lie within 0 and 1, got {', '.join(f'{x:g}' for x in p.asc_r)}")
    if p.level in RESET_LEVELS:
        found += _reset_refusals(p)
    if p.level == 5:
        found += _voltage_refusals(p)
    return found


def _reset_refusals(p: GLIFParameters) -> list[str]:
    found = []
    if not 0 <= p.reset_a <= 1:
        found.append(f"voltage_reset_fraction must lie within 0 and 1, got {p.reset_a:g}")
    if not p.th_spike_b_per_s > 0:
        found.append(f"th_spike_decay must be positive, got {p.th_spike_b_per_s:g} per s")
    return found


def _voltage_refusals(p: GLIFParameters) -> list[str]:
    decay, leak = p.th_voltage_b_per_s, 1 / p.tau_m_s
    if not decay > 0:
        return [f"th_voltage_decay must be positive, got {decay:g} per s"]
    if math.isclose(decay, leak, rel_tol=1e-9):
        return [f"th_voltage_decay must differ from g / C_m, got {decay:g} per s for both"]
    return []


def nest_parameters(parameters: GLIFParameters) -> dict[str, Any]:
    """Return a cell as NEST's ``glif_psc`` takes it.

    Parameters
    ----------
    parameters : GLIFParameters
        A cell of any level.

    Returns
    -------
    dict
        For ``nest.Create("glif_psc", params=...)``, and for BMTK's ``nest:glif_psc``.

    Raises
    ------
    SimulationError
        Where NEST would refuse the cell; it says why.

    Examples
    --------
    >>> cell = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=20, t_ref_s=3e-3)
    >>> mapped = nest_parameters(cell)
    >>> mapped["g"], mapped["V_th"], mapped["t_ref"]
    (5.0, -50, 3.0)
    """
    p = parameters
    refusals = nest_refusals(p)
    if refusals:
        raise SimulationError(
            f"GLIF {p.level}{f' ({p.source})' if p.source else ''}: NEST's glif_psc would refuse this "
            f"cell: {'; '.join(refusals)}. Mend the parameters, or run it with allentk.simulate"
        )
    mapped: dict[str, Any] = {
        "V_m": p.E_L_mv,
        "E_L": p.E_L_mv,
        "V_reset": p.E_L_mv,
        "V_th": p.threshold_mv,
        "C_m": p.C_pf,
        "g": 1e3 / p.R_mohm,
        "t_ref": p.t_ref_s * 1e3,
        "spike_dependent_threshold": p.level in RESET_LEVELS,
        "after_spike_currents": p.level in ASC_LEVELS,
        "adapting_threshold": p.level == 5,
    }
    if p.level in RESET_LEVELS:
        mapped |= {
            "voltage_reset_fraction": p.reset_a,
            "voltage_reset_add": p.reset_b_mv,
            "th_spike_add": p.th_spike_a_mv,
            "th_spike_decay": p.th_spike_b_per_s * 1e-3,
        }
    if p.level in ASC_LEVELS:
        mapped |= {
            "asc_init": [0.0] * len(p.asc_amp_pa),
            "asc_amps": list(p.asc_amp_pa),
            "asc_decay": [1e-3 / tau for tau in p.asc_tau_s],
            "asc_r": list(p.asc_r),
        }
    if p.level == 5:
        mapped |= {
            "th_voltage_index": p.th_voltage_a_per_s * 1e-3,
            "th_voltage_decay": p.th_voltage_b_per_s * 1e-3,
        }
    return mapped
