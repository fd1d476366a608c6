"""Marker files of reconstructions: points that the tracer noted beside the branches.

The format is Vaa3D's: ``x, y, z, radius, shape, name, comment, red, green, blue``, separated by
commas, comments after ``#``. Coordinates are in um, one pixel of the image off those of the
reconstruction; the pixel is 0.1144 x 0.1144 x 0.28 um in all reconstructions of the database, and is
taken off here.
"""

from __future__ import annotations

import math
import os

import pandas as pd

from allentk.errors import FormatError
from allentk.io.columns import documented
from allentk.io.files import existing

__all__ = ["MARKERS", "MARKER_KINDS", "read_markers"]

#: What the names of markers mean, as AllenSDK's reader says; a third one, 30, is used in the files
#: without a published meaning.
MARKER_KINDS = {10: "cut dendrite", 20: "no reconstruction"}

#: Columns of a table of markers.
MARKERS = documented(
    """
    x_um | float | um | place, in the coordinates of the reconstruction
    y_um | float | um | place, in the coordinates of the reconstruction
    z_um | float | um | place, in the coordinates of the reconstruction
    name | int   |    | number that the tracer gave it: 10, 20, 30
    kind | text  |    | what the number means; the number itself where nobody published a meaning
    """
)
_PIXEL_UM = (0.1144, 0.1144, 0.28)
_FEWEST_WORDS = 6


def read_markers(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read the markers of a reconstruction.

    Parameters
    ----------
    path : path
        A ``reconstruction.marker``.

    Returns
    -------
    DataFrame
        One row per marker: x_um, y_um, z_um (as in the SWC file), name (10, 20, 30) and kind: 10 is
        ``"cut dendrite"``, a tip where the slice ends; 20 ``"no reconstruction"``, where tracing
        stopped although the branch goes on, usually the axon; the meaning of 30 is not published,
        so its kind is ``"30"``. No rows where there are no markers.

    Raises
    ------
    FormatError
        Names the line.

    References
    ----------
    Vaa3D's marker format; AllenSDK's ``core/swc.py`` for the two meanings and the pixel.
    """
    found = existing(path, "a marker file")
    try:
        lines = found.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise FormatError(f"{found}: expected a marker file, got no text ({error})") from error
    rows = []
    for number, line in enumerate(lines, 1):
        text = line.split("#", 1)[0].strip()
        if text:
            rows.append(_row(text, f"{found}, line {number}"))
    table = pd.DataFrame(rows, columns=["x_um", "y_um", "z_um", "name"])
    table = table.astype({"x_um": float, "y_um": float, "z_um": float, "name": "int64"})
    table["kind"] = [MARKER_KINDS.get(name, str(name)) for name in table["name"]]
    table["kind"] = table["kind"].astype("str")
    table.attrs = {"source": str(found)}
    return table


def _row(text: str, where: str) -> tuple[float, float, float, int]:
    words = [word.strip() for word in text.split(",")]
    if len(words) < _FEWEST_WORDS:
        raise FormatError(
            f"{where}: expected x, y, z, radius, shape, name... separated by commas, got {text[:60]!r}"
        )
    try:
        x, y, z = (float(word) - pixel for word, pixel in zip(words[:3], _PIXEL_UM, strict=True))
        name = int(words[5])
    except ValueError as error:
        raise FormatError(
            f"{where}: expected numbers for x, y, z and name, got {text[:60]!r}"
        ) from error
    if not all(map(math.isfinite, (x, y, z))):
        raise FormatError(f"{where}: expected finite x, y, z, got {text[:60]!r}")
    return x, y, z, name
