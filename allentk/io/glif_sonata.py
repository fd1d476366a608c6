"""A GLIF cell as a point-neuron component of a SONATA circuit, for NEST through BMTK's PointNet.

References
----------
Dai et al. 2020, "The SONATA data format for efficient description of large-scale network models",
PLoS Computational Biology 16:e1007696; BMTK 1.2, PointNet.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from allentk.atomic import write_text
from allentk.errors import SimulationError
from allentk.io.glif_nest import nest_parameters
from allentk.models import GLIFParameters

__all__ = ["write_sonata_component"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def write_sonata_component(
    parameters: GLIFParameters, folder: str | os.PathLike[str], *, name: str
) -> dict[str, str]:
    """Write the file of a cell's dynamics and return the attributes of its node type.

    Parameters
    ----------
    parameters : GLIFParameters
        A cell of any level.
    folder : path
        The circuit's ``point_neuron_models_dir``; made where missing.
    name : str
        Stem of the file: letters, digits, dots, dashes and underscores.

    Returns
    -------
    dict
        ``model_type``, ``model_template`` and ``dynamics_params``, for a row of ``node_types.csv``.

    Raises
    ------
    SimulationError
        Where NEST would refuse the cell, or the name cannot be that of a file.

    Examples
    --------
    >>> import tempfile
    >>> cell = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=20, t_ref_s=3e-3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_sonata_component(cell, folder, name="pv_1")["dynamics_params"]
    'pv_1.json'
    """
    if not _NAME.fullmatch(name):
        raise SimulationError(
            f"a component's name must be letters, digits, dots, dashes and underscores, got {name!r}"
        )
    mapped = nest_parameters(parameters)
    path = Path(folder) / f"{name}.json"
    write_text(path, json.dumps(mapped, indent=2, allow_nan=False) + "\n")
    return {
        "model_type": "point_neuron",
        "model_template": "nest:glif_psc",
        "dynamics_params": path.name,
    }
