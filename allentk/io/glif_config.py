"""Allen's ``neuron_config.json`` from parameters, and as a file; ``glif_reader`` reads it.

References
----------
Teeter et al. 2018, Nature Communications 9:709; the configuration files of the Cell Types Database.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from allentk.atomic import write_text
from allentk.io.glif_reader import LEVELS, read_glif
from allentk.models import GLIFParameters
from allentk.models.glif import ASC_LEVELS, RESET_LEVELS

__all__ = ["glif_config", "read_glif", "write_glif"]

_DT_S = 5e-5
_STEPS_TRIED = 20


def glif_config(parameters: GLIFParameters) -> dict[str, Any]:
    """Return the parameters as the content of Allen's ``neuron_config.json``, in SI units.

    Coefficients are 1. ``dt`` is a step of up to 5e-5 s of which the refractory time is a whole number.
    What `read_glif` read comes back to the last bit; parameters from elsewhere to within two bits.

    Examples
    --------
    >>> cell = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
    >>> glif_config(cell)["spike_cut_length"]
    60
    """
    p = parameters
    steps, dt_s = _whole_steps(p.t_ref_s)
    n_asc = len(p.asc_amp_pa)
    methods = next(names for names, level in LEVELS.items() if level == p.level)
    return {
        "type": "GLIF",
        "El": 0.0,
        "El_reference": _before(p.E_L_mv, 1e3),
        "dt": dt_s,
        "dt_multiplier": 10,
        "C": _before(p.C_pf, 1e12),
        "R_input": _before(p.R_mohm, 1e-6),
        "th_inf": _before(p.th_inf_mv, 1e3),
        "th_adapt": None,
        "spike_cut_length": steps,
        "asc_amp_array": [_before(x, 1e12) for x in p.asc_amp_pa],
        "asc_tau_array": list(p.asc_tau_s),
        "init_voltage": 0.0,
        "init_threshold": _before(p.th_inf_mv, 1e3),
        "init_AScurrents": [0.0] * n_asc,
        "extrapolation_method_name": "endpoints",
        "coeffs": {
            "th_inf": 1.0,
            "C": 1.0,
            "G": 1.0,
            "a": 1.0,
            "b": 1.0,
            "asc_amp_array": [1.0] * n_asc,
        },
        **_methods(p, methods),
    }


def _before(value: float, scale: float) -> float:
    """Return the number that times `scale` is `value`, to the last bit where there is one."""
    near = value / scale
    for near_by in (near, math.nextafter(near, math.inf), math.nextafter(near, -math.inf)):
        if near_by * scale == value:
            return near_by
    return near


def _whole_steps(t_ref_s: float) -> tuple[int, float]:
    """Return steps, and their length of up to 5e-5 s, whose product is `t_ref_s`."""
    fewest = max(math.ceil(t_ref_s / _DT_S - 1e-9), int(t_ref_s > 0))
    if fewest * _DT_S == t_ref_s:
        return fewest, _DT_S
    for steps in range(fewest, fewest + _STEPS_TRIED):
        dt_s = _before(t_ref_s, steps)
        if dt_s * steps == t_ref_s:
            return steps, dt_s
    return fewest, t_ref_s / fewest


def _methods(p: GLIFParameters, names: tuple[str, str, str]) -> dict[str, Any]:
    spike: dict[str, float] = {}
    reset: dict[str, float] = {}
    dynamics: dict[str, float] = {}
    if p.level in RESET_LEVELS:
        spike = {"a_spike": _before(p.th_spike_a_mv, 1e3), "b_spike": p.th_spike_b_per_s}
        reset = {"a": p.reset_a, "b": _before(p.reset_b_mv, 1e3)}
        dynamics = {
            **spike,
            "a_voltage": p.th_voltage_a_per_s,
            "b_voltage": p.th_voltage_b_per_s,
        }
    has_asc = p.level in ASC_LEVELS
    return {
        "AScurrent_dynamics_method": {"name": names[0], "params": {}},
        "AScurrent_reset_method": {
            "name": "sum" if has_asc else "none",
            "params": {"r": list(p.asc_r)} if has_asc else {},
        },
        "voltage_dynamics_method": {"name": "linear_forward_euler", "params": {}},
        "voltage_reset_method": {"name": names[1], "params": reset},
        "threshold_dynamics_method": {"name": names[2], "params": dynamics},
        "threshold_reset_method": {
            "name": "three_components" if spike else "inf",
            "params": spike,
        },
    }


def write_glif(
    parameters: GLIFParameters, path: str | os.PathLike[str], *, model_id: int | None = None
) -> Path:
    """Write Allen's ``neuron_config.json``; the file appears whole or not at all.

    Parameters
    ----------
    parameters : GLIFParameters
        What to write; see `glif_config` for how.
    path : path
        Where to; folders are made.
    model_id : int, optional
        Put the configuration under the id of a neuronal model, as the service sends it.

    Returns
    -------
    Path
        The file.
    """
    config = glif_config(parameters)
    document = config if model_id is None else {str(model_id): config}
    return write_text(path, json.dumps(document, indent=2, allow_nan=False) + "\n")
