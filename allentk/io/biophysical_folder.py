"""A whole biophysical cell in one folder: its parameters and its reconstruction.

::

    manifest.json        names the other two
    fit.json             parameters, in the dialect of their kind
    reconstruction.swc   the cell as it was traced, with its axon
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from allentk.atomic import write_text
from allentk.errors import FormatError
from allentk.io.allen_manifest import MODEL_TYPES, ModelFiles, find_model
from allentk.io.allen_models import read_biophysical, write_biophysical
from allentk.io.swc import read_swc, write_swc
from allentk.models import BiophysicalModel

__all__ = ["read_biophysical_model", "write_biophysical_model"]

_FIT, _SWC, _MANIFEST = "fit.json", "reconstruction.swc", "manifest.json"


def read_biophysical_model(
    folder_or_manifest: str | os.PathLike[str],
    *,
    axon: str | None = None,
    morphology: str | os.PathLike[str] | None = None,
) -> BiophysicalModel:
    """Read a biophysical cell: its parameters and its reconstruction.

    Parameters
    ----------
    folder_or_manifest : path
        A folder with a ``manifest.json``, or with one fit and one SWC file; or the manifest or the
        fit itself.
    axon : {"stub", "truncated", "full"}, optional
        Which axon the parameters are for; see `read_biophysical` for what holds without it.
    morphology : path, optional
        The SWC file, where it lies elsewhere or the folder has several.

    Returns
    -------
    BiophysicalModel

    Raises
    ------
    FormatError
        Where there is no fit or no reconstruction, or more than one; see `read_biophysical` and
        `read_swc`.
    DataError
        Where `axon` is needed, or the reconstruction has a section that the fit has no parameters for.

    Examples
    --------
    >>> model = read_biophysical_model("cell_472450023")  # doctest: +SKIP
    >>> allentk.simulate(model, allentk.LongSquare(amplitude_pa=50))  # doctest: +SKIP
    <Response: 3 spikes in 2.52 s>
    """
    found = find_model(folder_or_manifest)
    swc = _reconstruction(found) if morphology is None else Path(morphology)
    # Through the folder and not through the fit: the manifest may say of which kind the model is.
    return BiophysicalModel(read_biophysical(folder_or_manifest, axon=axon), read_swc(swc))


def _reconstruction(found: ModelFiles) -> Path:
    if found.morphology is not None:
        if found.morphology.is_file():
            return found.morphology
        raise FormatError(
            f"{found.morphology}: the manifest names this reconstruction, but there is no such file; "
            f"fetch it, or give morphology="
        )
    there = sorted(path.name for path in found.fit.parent.glob("*.swc"))
    raise FormatError(
        f"{found.fit.parent}: expected one reconstruction beside {found.fit.name}, got "
        f"{', '.join(there) or 'no SWC file'}; give morphology="
    )


def write_biophysical_model(model: BiophysicalModel, folder: str | os.PathLike[str]) -> Path:
    """Write a biophysical cell as a folder that `read_biophysical_model` reads back.

    Every file appears whole or not at all, the manifest last.

    Parameters
    ----------
    model : BiophysicalModel
        What to write.
    folder : path
        Where to; it is made where it is not there.

    Returns
    -------
    Path
        The manifest.
    """
    where = Path(folder)
    write_swc(model.morphology, where / _SWC)
    write_biophysical(model.parameters, where / _FIT)
    return write_text(where / _MANIFEST, json.dumps(_manifest(model), indent=2) + "\n")


def _manifest(model: BiophysicalModel) -> dict[str, Any]:
    return {
        "biophys": [
            {
                "model_file": [_MANIFEST, _FIT],
                "model_type": MODEL_TYPES[model.parameters.kind],
            }
        ],
        "manifest": [
            {"key": "BASEDIR", "type": "dir", "spec": "."},
            {"key": "MORPHOLOGY", "type": "file", "spec": _SWC, "parent_key": "BASEDIR"},
        ],
    }
