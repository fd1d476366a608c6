"""Models of cells as components of a SONATA circuit, for NEST, NEURON and back.

========================== ============================= ==========================================
our model                  ``model_template``            component
========================== ============================= ==========================================
GLIF with currents         ``nest:glif_psc``             JSON with NEST's parameters
GLIF with double alphas    ``nest:glif_psc_double_alpha`` the same
GLIF level 1, 1 mV, jumps  ``nrn:IntFire1``              JSON with ``tau`` and ``refrac`` in seconds
biophysical                ``ctdb:Biophys1.hoc``         fit (JSON) and reconstruction (SWC)
========================== ============================= ==========================================

A cell that NEST would refuse is kept as ``allentk:glif``, which only allentk reads.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from allentk.atomic import write_text
from allentk.errors import DataError, FormatError
from allentk.io import nest_parameters, nest_refusals, read_biophysical, read_swc
from allentk.io.allen_models import write_biophysical
from allentk.io.json_fields import load_json, number, numbers
from allentk.io.swc import write_swc
from allentk.models import BiophysicalModel, GLIFParameters
from allentk.network.projection import Receptor

__all__ = [
    "FOLDERS",
    "INTFIRE_R_MOHM",
    "TEMPLATES",
    "Component",
    "ReadGLIF",
    "biophysical_of",
    "glif_of",
    "receptors_of",
    "swc_name",
    "unknown_model",
    "write_biophysical_component",
    "write_glif_component",
    "write_intfire_component",
]

#: Folders of components below ``components``, as the configuration calls them.
FOLDERS = {
    "point_neuron_models_dir": "point_neuron_models",
    "synaptic_models_dir": "synaptic_models",
    "biophysical_neuron_models_dir": "biophysical_neuron_models",
    "morphologies_dir": "morphologies",
    "mechanisms_dir": "mechanisms",
}
#: Resistance of an ``IntFire1`` that is read, which has none: only ``tau = R C`` counts.
INTFIRE_R_MOHM = 100.0

#: Models of cells that are written and read.
TEMPLATES = (
    "nrn:IntFire1",
    "nest:glif_psc",
    "nest:glif_psc_double_alpha",
    "allentk:glif",
    "ctdb:Biophys1.hoc",
)

_PROCESSING = {"stub": "aibs_perisomatic", "full": "fullaxon", "truncated": "aibs_allactive"}
_AXONS = {
    "aibs_perisomatic": "stub",
    "fullaxon": "full",
    "aibs_allactive": "truncated",
}

#: Columns of a row of ``node_types.csv`` that say what the model is.
Component = dict[str, str]


def write_glif_component(
    model: GLIFParameters, receptors: Sequence[Receptor], folder: Path, name: str
) -> Component:
    """Write the component of a GLIF cell for NEST, with the time constants of its receptors."""
    template = "nest:glif_psc"
    if nest_refusals(model):
        warnings.warn(
            f"{name}: NEST would refuse this cell ({'; '.join(nest_refusals(model))}); it is written as "
            f"'allentk:glif', which only allentk reads",
            UserWarning,
            stacklevel=2,
        )
        template, document = "allentk:glif", model.to_dict()
    elif any(one.slow_amplitude for one in receptors):
        template = "nest:glif_psc_double_alpha"
        document = nest_parameters(model) | {
            "tau_syn_fast": [one.tau_s * 1e3 for one in receptors],
            "tau_syn_slow": [(one.tau_slow_s or one.tau_s) * 1e3 for one in receptors],
            "amp_slow": [one.slow_amplitude for one in receptors],
        }
    else:
        document = nest_parameters(model)
        if receptors:
            document["tau_syn"] = [one.tau_s * 1e3 for one in receptors]
    file = f"{name}.json"
    text = json.dumps(document, indent=2, allow_nan=False) + "\n"
    write_text(folder / FOLDERS["point_neuron_models_dir"] / file, text)
    return {"model_type": "point_neuron", "model_template": template, "dynamics_params": file}


def write_intfire_component(model: GLIFParameters, folder: Path, name: str) -> Component:
    """Write the component of NEURON's ``IntFire1``."""
    file = f"{name}.json"
    document = {"tau": model.tau_m_s, "type": "NEURON_IntFire1", "refrac": model.t_ref_s}
    text = json.dumps(document, indent=2) + "\n"
    write_text(folder / FOLDERS["point_neuron_models_dir"] / file, text)
    return {"model_type": "point_neuron", "model_template": "nrn:IntFire1", "dynamics_params": file}


def write_biophysical_component(model: BiophysicalModel, folder: Path, name: str) -> Component:
    """Write fit and reconstruction of a biophysical cell."""
    fit, swc = f"{name}_fit.json", f"{name}.swc"
    write_biophysical(model.parameters, folder / FOLDERS["biophysical_neuron_models_dir"] / fit)
    write_swc(model.morphology, folder / FOLDERS["morphologies_dir"] / swc)
    return {
        "model_type": "biophysical",
        "model_template": "ctdb:Biophys1.hoc",
        "dynamics_params": fit,
        "morphology": swc,
        "model_processing": _PROCESSING[str(model.parameters.axon)],
    }


def swc_name(named: str | None) -> str | None:
    """Return the file of the reconstruction that a table names, which may leave out its ending."""
    if named is None or named.lower().endswith(".swc"):
        return named
    return f"{named}.swc"


def biophysical_of(
    fit: Path, swc: Path, processing: str | None, conditions: dict[str, float], where: str
) -> BiophysicalModel:
    """Read a biophysical cell; `conditions` (``v_init_mv``, ``celsius``) stand over its fit's.

    Raises
    ------
    FormatError
        Where the axon is treated in a way that allentk does not know, or a file is damaged.
    """
    known = processing is None or processing in _AXONS
    if not known:
        raise FormatError(
            f"{where}: model_processing {processing!r} is unknown; expected one of {', '.join(_AXONS)}"
        )
    axon = _AXONS[processing] if processing else "full"
    try:
        parameters = read_biophysical(fit, axon=axon)
        return BiophysicalModel(
            replace(parameters, **cast("dict[str, Any]", conditions)), read_swc(swc)
        )
    except DataError as error:
        raise FormatError(f"{where}: {error}") from error


@dataclass(frozen=True, slots=True)
class ReadGLIF:
    """A point neuron as read: its model, and (fast, slow, amplitude) of each receptor, in seconds."""

    model: GLIFParameters
    receptors: tuple[tuple[float, float | None, float], ...] = ()


def glif_of(template: str, path: Path, where: str) -> ReadGLIF:
    """Read a point neuron.

    Raises
    ------
    FormatError
        Where the model is not one that allentk can simulate; it is named.
    """
    document = load_json(path, "parameters of a point neuron")
    if not isinstance(document, Mapping):
        raise FormatError(f"{path}: expected an object, got {document!r:.60}")
    try:
        if template == "nrn:IntFire1":
            return ReadGLIF(_intfire(document, str(path)))
        if template in ("nest:glif_psc", "nest:glif_psc_double_alpha"):
            return ReadGLIF(_glif(document, str(path)), receptors_of(document, str(path)))
        if template == "allentk:glif":
            return ReadGLIF(GLIFParameters.from_dict(document))
    except (DataError, ZeroDivisionError) as error:
        raise FormatError(f"{where}: {path.name}: {error}") from error
    raise unknown_model(template, where)


def unknown_model(template: Any, where: str) -> FormatError:
    """Return the error for a model that allentk cannot simulate."""
    return FormatError(
        f"{where}: the model {template!r} is not one that allentk can simulate; expected one of "
        f"{', '.join(TEMPLATES)}. allentk.read_sonata reads the tables of any circuit"
    )


def _intfire(document: Any, where: str) -> GLIFParameters:
    tau, refractory = number(document, "tau", where=where), number(document, "refrac", where=where)
    return GLIFParameters(
        level=1,
        C_pf=round(tau / INTFIRE_R_MOHM * 1e6, 9),
        R_mohm=INTFIRE_R_MOHM,
        E_L_mv=0.0,
        th_inf_mv=1.0,
        t_ref_s=refractory,
        source=f"IntFire1 {Path(where).name}",
    )


def receptors_of(document: Any, where: str) -> tuple[tuple[float, float | None, float], ...]:
    """Return the fast and slow time constant (s) and the slow amplitude of every receptor."""
    if "tau_syn_fast" in document:
        columns = [
            numbers(document, one, where=where)
            for one in ("tau_syn_fast", "tau_syn_slow", "amp_slow")
        ]
        if len({len(one) for one in columns}) > 1:
            raise FormatError(
                f"{where}: tau_syn_fast, tau_syn_slow and amp_slow must be equally long, got "
                f"{[len(one) for one in columns]}"
            )
        return tuple(
            (fast / 1e3, slow / 1e3 if amplitude else None, amplitude)
            for fast, slow, amplitude in zip(*columns, strict=True)
        )
    if "tau_syn" in document:
        return tuple((tau / 1e3, None, 0.0) for tau in numbers(document, "tau_syn", where=where))
    return ()


#: Level by NEST's three switches: spike-dependent threshold, after-spike currents, adapting threshold.
_LEVELS = {
    (False, False, False): 1,
    (True, False, False): 2,
    (False, True, False): 3,
    (True, True, False): 4,
    (True, True, True): 5,
}


def _glif(document: Any, where: str) -> GLIFParameters:
    switches = tuple(
        bool(document.get(one, False))
        for one in ("spike_dependent_threshold", "after_spike_currents", "adapting_threshold")
    )
    if switches not in _LEVELS:
        raise FormatError(f"{where}: no GLIF level has the switches {switches}")
    value = {
        name: number(document, name, where=where) for name in ("C_m", "g", "E_L", "V_th", "t_ref")
    }
    reset = number({"V_reset": value["E_L"], **document}, "V_reset", where=where)
    if reset != value["E_L"]:
        raise FormatError(
            f"{where}: V_reset is {reset:g} mV and E_L {value['E_L']:g}; the models reset to rest"
        )
    level = _LEVELS[switches]
    made: dict[str, Any] = {}
    if level in (2, 4, 5):
        made |= {
            "reset_a": number(document, "voltage_reset_fraction", where=where),
            "reset_b_mv": number(document, "voltage_reset_add", where=where),
            "th_spike_a_mv": number(document, "th_spike_add", where=where),
            "th_spike_b_per_s": number(document, "th_spike_decay", where=where) * 1e3,
        }
    if level in (3, 4, 5):
        made |= {
            "asc_amp_pa": numbers(document, "asc_amps", where=where),
            "asc_tau_s": tuple(1e-3 / k for k in numbers(document, "asc_decay", where=where)),
            "asc_r": numbers(document, "asc_r", where=where),
        }
    if level == 5:
        made |= {
            "th_voltage_a_per_s": number(document, "th_voltage_index", where=where) * 1e3,
            "th_voltage_b_per_s": number(document, "th_voltage_decay", where=where) * 1e3,
        }
    return GLIFParameters(
        level=level,
        C_pf=value["C_m"],
        R_mohm=1e3 / value["g"],
        E_L_mv=value["E_L"],
        th_inf_mv=value["V_th"] - value["E_L"],
        t_ref_s=value["t_ref"] / 1e3,
        source=f"NEST {Path(where).name}",
        **made,
    )
