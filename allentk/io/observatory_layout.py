"""Where a two-photon session keeps what, and saying so where it keeps nothing."""

from __future__ import annotations

from typing import Any

import h5py

from allentk.errors import DataError
from allentk.io.hdf5 import member

__all__ = ["DFF", "PIPELINE", "PLANE_MASKS", "PRESENTED", "RAW", "SEGMENTS", "WHAT", "optional"]

#: What such a file is called in messages.
WHAT = "a two-photon NWB file of the Observatory"
PIPELINE = "processing/brain_observatory_pipeline"
DFF = f"{PIPELINE}/DfOverF/imaging_plane_1"
RAW = f"{PIPELINE}/Fluorescence/imaging_plane_1"
SEGMENTS = f"{PIPELINE}/ImageSegmentation"
PLANE_MASKS = f"{SEGMENTS}/imaging_plane_1"
PRESENTED = "stimulus/presentation"


def optional(file: Any, path: str, where: str, *, what: str, step: str) -> h5py.Group:
    """Return a group that some sessions have and others have not.

    Parameters
    ----------
    file : h5py.File or h5py.Group
        Where to look.
    path : str
        The group.
    where : str
        The file, for messages.
    what : str
        What it holds, in words: ``"eye tracking"``.
    step : str
        What to do where there is none.

    Raises
    ------
    DataError
        Where the session has none; the file may be in order all the same.
    FormatError
        Where it is there, but damaged.
    """
    found = member(file, path)
    if isinstance(found, h5py.Group):
        return found
    raise DataError(f"{where}: this session has no {what} (there is no group /{path}). {step}")
