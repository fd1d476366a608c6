"""What a two-photon session says of itself, as numbers where the file has words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

__all__ = ["OLDEST_PIPELINE", "SESSION_METADATA", "typed_metadata"]

#: What `typed_metadata` adds, with units.
SESSION_METADATA = {
    "age_days": "age of the mouse on the day of the session, days",
    "imaging_depth_um": "depth of the field of view below the surface of the brain, um",
    "excitation_nm": "wavelength of the laser, nm",
    "cre_line": "the driver line that chooses the cells, as in the table of sessions",
    "reporter_line": "the line that carries the indicator, as in the table of sessions",
    "session_start": "when the session began, as the microscope's clock said",
    "device": "the microscope",
    "device_name": "which of them",
    "fov_um": "width and height of the field of view, um",
    "fov_px": "width and height of the field of view, pixels",
    "pipeline_version": "version of the pipeline that wrote the file",
}

#: The version of a pipeline that did not yet name it.
OLDEST_PIPELINE = "0.9"
_DEVICE = re.compile(r"(?P<device>.+?)\.\s+(?P<name>\S+)\s+Please")
_FOV = re.compile(r"(\d+)\s*x\s*(\d+)\s*microns\s*\((\d+)\s*x\s*(\d+)\s*pixels\)")


def typed_metadata(said: Mapping[str, Any], device: str = "") -> dict[str, Any]:
    """Return what can be read from the words of a file; what cannot is left out.

    Parameters
    ----------
    said : mapping
        ``age``, ``imaging_depth``, ``excitation_lambda``, ``genotype``, ``session_start_time`` and
        ``fov``, each where the file has it.
    device : str
        What the file says of the microscope.

    Returns
    -------
    dict
        Keys of `SESSION_METADATA`.

    Examples
    --------
    >>> typed_metadata({"age": "104 days", "imaging_depth": "175 microns"})
    {'age_days': 104, 'imaging_depth_um': 175}
    """
    found = {
        "age_days": _leading(said.get("age"), "day"),
        "imaging_depth_um": _leading(said.get("imaging_depth"), "micron"),
        "excitation_nm": _leading(said.get("excitation_lambda"), "nanometer"),
        "cre_line": _line(said.get("genotype"), r".*Cre"),
        "reporter_line": _line(said.get("genotype"), r"Ai\d"),
        "session_start": _time(said.get("session_start_time")),
        **_device(device),
        **_field_of_view(said.get("fov")),
    }
    return {name: value for name, value in found.items() if value is not None}


def _leading(written: Any, unit: str) -> int | None:
    """Return the whole number before a unit."""
    number = re.match(rf"(\d+)(?:\.0+)?\s*{unit}", str(written or ""))
    return int(number[1]) if number else None


def _line(genotype: Any, pattern: str) -> str | None:
    """Return the first line of a genotype whose name begins like this, without its alleles."""
    lines = (alleles.strip().split("/")[0] for alleles in str(genotype or "").split(";"))
    return next((line for line in lines if re.match(pattern, line)), None)


def _time(written: Any) -> datetime | None:
    """Return the moment that is written as C's ctime does, or in any way that pandas reads."""
    try:
        return datetime.strptime(str(written), "%a %b %d %H:%M:%S %Y")
    except ValueError:
        moment = pd.to_datetime(str(written or ""), errors="coerce")
    return None if pd.isna(moment) else moment.to_pydatetime()


def _device(written: str) -> dict[str, str]:
    parts = _DEVICE.match(written)
    if parts:
        return {"device": parts["device"], "device_name": parts["name"]}
    return {"device": written} if written else {}


def _field_of_view(written: Any) -> dict[str, tuple[int, int]]:
    parts = _FOV.match(str(written or ""))
    if parts is None:
        return {}
    width_um, height_um, width_px, height_px = map(int, parts.groups())
    return {"fov_um": (width_um, height_um), "fov_px": (width_px, height_px)}
