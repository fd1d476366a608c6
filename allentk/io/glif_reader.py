"""Reading Allen's ``neuron_config.json``: GLIF parameters in SI units, relative to rest.

What the file says and what becomes of it::

    C, R_input           F, Ohm, times coeffs.C and divided by coeffs.G     -> C_pf, R_mohm
    El, El_reference     0, and the resting potential in V                  -> E_L_mv
    th_inf               V above rest, times coeffs.th_inf                  -> th_inf_mv
    spike_cut_length, dt steps, s; their product                            -> t_ref_s
    asc_amp_array        A, times coeffs.asc_amp_array                      -> asc_amp_pa
    asc_tau_array        s                                                  -> asc_tau_s
    AScurrent_reset_method.params.r                                         -> asc_r
    voltage_reset_method.params.{a, b}              -, V                    -> reset_a, reset_b_mv
    threshold_dynamics_method.params.{a_spike, b_spike}       V, 1/s        -> th_spike_*
    threshold_dynamics_method.params.{a_voltage, b_voltage}   1/s, 1/s, times coeffs.{a, b}

The refractory time is kept in seconds, because counting it in steps of another ``dt`` makes it
shorter or longer.

References
----------
Teeter et al. 2018, Nature Communications 9:709; the configuration files of the Cell Types Database.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from allentk.errors import DataError, FormatError
from allentk.io.json_fields import field, load_json, number, numbers, section
from allentk.models import GLIFParameters
from allentk.models.glif import ASC_LEVELS, RESET_LEVELS

__all__ = ["LEVELS", "read_glif"]

_WHAT = "a GLIF neuron_config.json"
_MARKS = ("C", "R_input", "th_inf", "spike_cut_length", "voltage_reset_method")
_DEEPEST = 20  # a configuration lies at most this deep in a document

#: Level by (after-spike current dynamics, voltage reset, threshold dynamics).
LEVELS = {
    ("none", "zero", "inf"): 1,
    ("none", "v_before", "spike_component"): 2,
    ("exp", "zero", "inf"): 3,
    ("exp", "v_before", "spike_component"): 4,
    ("exp", "v_before", "three_components_exact"): 5,
}


def read_glif(
    path_or_dict: str | os.PathLike[str] | Mapping[str, Any] | list[Any],
    *,
    level: int | None = None,
) -> GLIFParameters:
    """Read Allen's GLIF configuration.

    Parameters
    ----------
    path_or_dict : path, mapping or list
        A ``neuron_config.json``, or what it holds. The configuration may lie deeper, under a model
        id or a key such as ``"neuron_config"``.
    level : int, optional
        Which one to take where the document holds configurations of several levels.

    Returns
    -------
    GLIFParameters
        In pF, MOhm, mV, pA and seconds; coefficients are applied.

    Raises
    ------
    FormatError
        Where the file is not JSON, holds no configuration or several that match, lacks a field, has
        something else in it than it should, or names a method that belongs to none of the five
        levels.

    Examples
    --------
    >>> from allentk.io import glif_config
    >>> cell = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
    >>> read_glif({"neuron_config": glif_config(cell)}).level
    1
    """
    if isinstance(path_or_dict, Mapping | list):
        document: Any = path_or_dict
        where = "GLIF configuration"
    elif isinstance(path_or_dict, str | os.PathLike):
        document, where = load_json(Path(path_or_dict), _WHAT), str(Path(path_or_dict))
    else:
        raise FormatError(f"expected the path of {_WHAT}, or what it holds, got {path_or_dict!r}")
    found = list(_configs(document, ""))
    if not found:
        raise FormatError(
            f"{where}: no GLIF configuration here; expected an object with {', '.join(_MARKS)}, "
            f"got {_outline(document)}"
        )
    if level is not None:
        matching = [(key, config) for key, config in found if _level(config, where) == level]
        if not matching:
            levels = sorted({_level(config, where) for _, config in found})
            raise FormatError(f"{where}: no GLIF {level} here; there are levels {levels}")
        found = matching
    if len(found) > 1:
        keys = ", ".join(key or "the document itself" for key, _ in found[:6])
        raise FormatError(
            f"{where}: {len(found)} GLIF configurations ({keys}{', ...' if len(found) > 6 else ''}); "
            f"pass level=, or hand over one of them"
        )
    key, config = found[0]
    return _parameters(config, f"{where}: {key}" if key else where)


def _configs(node: Any, key: str, depth: int = 0) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every configuration in a document, with the way to it."""
    if depth > _DEEPEST:
        return
    if isinstance(node, Mapping):
        if sum(mark in node for mark in _MARKS) >= len(_MARKS) - 1:
            yield key, node
            return
        parts = [(str(name), value) for name, value in node.items()]
    elif isinstance(node, list):
        parts = [(str(position), value) for position, value in enumerate(node)]
    else:
        return
    for name, value in parts:
        yield from _configs(value, f"{key}.{name}" if key else name, depth + 1)


def _outline(document: Any) -> str:
    if isinstance(document, Mapping):
        return f"an object with {', '.join(map(str, list(document)[:8])) or 'nothing'}"
    return f"{type(document).__name__}"


def _level(config: Mapping[str, Any], where: str) -> int:
    """Return the level that the methods of a configuration make up."""
    names = tuple(
        str(field(config, f"{what}_method", "name", where=where))
        for what in ("AScurrent_dynamics", "voltage_reset", "threshold_dynamics")
    )
    if names in LEVELS:
        return LEVELS[names]
    known = "; ".join(f"{level}: {', '.join(methods)}" for methods, level in LEVELS.items())
    raise FormatError(
        f"{where}: the methods {', '.join(names)} (after-spike currents, voltage reset, threshold) "
        f"are none of the five GLIF levels; expected one of {known}"
    )


def _coefficient(config: Mapping[str, Any], name: str, where: str) -> float:
    given = name in section(config, "coeffs", where)
    return number(config, "coeffs", name, where=where) if given else 1.0


def _rest_mv(config: Mapping[str, Any], where: str) -> float:
    rest = number(config, "El", where=where) if config.get("El") is not None else 0.0
    if abs(rest) > 1e-12:
        raise FormatError(
            f"{where}: El is {rest} V, but voltages must be relative to rest (El = 0), with the "
            f"resting potential in El_reference"
        )
    return number(config, "El_reference", where=where) * 1e3


def _resistance_mohm(config: Mapping[str, Any], where: str) -> float:
    factor = _coefficient(config, "G", where)
    if factor == 0:
        raise FormatError(f"{where}: 'coeffs.G' must not be 0; the resistance is divided by it")
    return number(config, "R_input", where=where) / factor * 1e-6


def _refractory_s(config: Mapping[str, Any], where: str) -> float:
    steps = number(config, "spike_cut_length", where=where)
    dt_s = number(config, "dt", where=where)
    if steps > 0 and not dt_s > 0:
        raise FormatError(
            f"{where}: 'dt' must be positive, got {dt_s}; the refractory time is {steps:g} steps of it"
        )
    return steps * dt_s


def _parameters(config: Mapping[str, Any], where: str) -> GLIFParameters:
    level = _level(config, where)
    values: dict[str, Any] = {
        "level": level,
        "C_pf": number(config, "C", where=where) * _coefficient(config, "C", where) * 1e12,
        "R_mohm": _resistance_mohm(config, where),
        "E_L_mv": _rest_mv(config, where),
        "th_inf_mv": number(config, "th_inf", where=where)
        * _coefficient(config, "th_inf", where)
        * 1e3,
        "t_ref_s": _refractory_s(config, where),
        "source": where,
    }
    if level in ASC_LEVELS:
        values |= _after_spike(config, where)
    if level in RESET_LEVELS:
        values |= _reset(config, level, where)
    try:
        return GLIFParameters(**values)
    except DataError as error:
        raise FormatError(f"{where}: {error}") from error


def _after_spike(config: Mapping[str, Any], where: str) -> dict[str, tuple[float, ...]]:
    amplitude = numbers(config, "asc_amp_array", where=where)
    factor: tuple[float, ...] = (1.0,) * len(amplitude)
    if "asc_amp_array" in section(config, "coeffs", where):
        factor = numbers(config, "coeffs", "asc_amp_array", where=where)
    if len(factor) == 1:
        factor *= len(amplitude)
    if len(factor) != len(amplitude):
        raise FormatError(
            f"{where}: {len(amplitude)} after-spike currents, but {len(factor)} coefficients"
        )
    kept: tuple[float, ...] = ()
    method = section(config, "AScurrent_reset_method", where)
    if "r" in section(method, "params", f"{where}: AScurrent_reset_method"):
        kept = numbers(config, "AScurrent_reset_method", "params", "r", where=where)
    return {
        "asc_amp_pa": tuple(a * f * 1e12 for a, f in zip(amplitude, factor, strict=True)),
        "asc_tau_s": numbers(config, "asc_tau_array", where=where),
        "asc_r": kept,
    }


def _reset(config: Mapping[str, Any], level: int, where: str) -> dict[str, float]:
    def method(name: str, *path: str) -> float:
        return number(config, f"{name}_method", "params", *path, where=where)

    values = {
        "reset_a": method("voltage_reset", "a"),
        "reset_b_mv": method("voltage_reset", "b") * 1e3,
        "th_spike_a_mv": method("threshold_dynamics", "a_spike") * 1e3,
        "th_spike_b_per_s": method("threshold_dynamics", "b_spike"),
    }
    if level == 5:
        for name in ("a", "b"):
            values[f"th_voltage_{name}_per_s"] = method(
                "threshold_dynamics", f"{name}_voltage"
            ) * _coefficient(config, name, where)
    return values
