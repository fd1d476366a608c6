"""Traces of a two-photon session, in the layouts of the old and of the new pipeline.

Before version 2.0 the pipeline did not unmix overlapping masks, and kept neuropil elsewhere::

    from 2.0    P/Fluorescence/imaging_plane_1_neuropil_response/{data, r}
                P/Fluorescence/imaging_plane_1_demixed_signal/data      corrected = demixed - r neuropil
    before      P/Fluorescence/imaging_plane_1/{neuropil_traces, r}     corrected = raw - r neuropil

What a file holds says which it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from allentk.errors import DataError, FormatError
from allentk.io.hdf5 import member, numbers, numeric
from allentk.io.observatory_layout import PIPELINE, RAW

__all__ = ["KINDS", "Places", "neuropil_share", "places", "trace_values"]

#: Kinds of fluorescence.
KINDS = ("corrected", "raw", "demixed", "neuropil")

_RESPONSE = f"{PIPELINE}/Fluorescence/imaging_plane_1_neuropil_response"
_DEMIXED = f"{PIPELINE}/Fluorescence/imaging_plane_1_demixed_signal"


@dataclass(frozen=True, slots=True)
class Places:
    """Where a file keeps its fluorescence.

    Parameters
    ----------
    raw, neuropil, share : str
        Paths of the raw traces, of the neuropil, and of its share r in the raw traces.
    demixed : str
        Path of the unmixed traces; empty where the pipeline did not unmix.
    """

    raw: str
    neuropil: str
    share: str
    demixed: str

    @property
    def base(self) -> str:
        """Path of the traces that neuropil is subtracted from."""
        return self.demixed or self.raw

    def of(self, kind: str, where: str) -> str:
        """Return the path of a kind of fluorescence that is kept as it is.

        Raises
        ------
        DataError
            On an unknown kind, or one that this file's pipeline did not make.
        """
        if kind not in KINDS:
            raise DataError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
        path = {"raw": self.raw, "neuropil": self.neuropil, "demixed": self.demixed}.get(kind, "")
        if path:
            return path
        raise DataError(
            f"{where}: this session has no {kind} fluorescence: its pipeline, before 2.0, did not "
            f"unmix overlapping masks. Take 'raw', or 'corrected', which is raw minus r times "
            f"neuropil"
        )


def places(file: h5py.File) -> Places:
    """Return where a file keeps its fluorescence, by what it holds."""
    old = f"{RAW}/neuropil_traces"
    if member(file, old) is not None and member(file, _RESPONSE) is None:
        return Places(f"{RAW}/data", old, f"{RAW}/r", "")
    return Places(f"{RAW}/data", f"{_RESPONSE}/data", f"{_RESPONSE}/r", f"{_DEMIXED}/data")


def neuropil_share(file: h5py.File, path: str, *, n_cells: int, where: str) -> NDArray[np.float64]:
    """Return r, the share of neuropil in the traces of every cell.

    Raises
    ------
    FormatError
        Where there is none, or not one per cell.
    """
    share = numbers(file, path, where, ndim=1)
    if share.size != n_cells:
        raise FormatError(
            f"{where}: /{path}: expected one share for each of {n_cells} cells, got {share.size}"
        )
    return share.astype(float)


def trace_values(
    file: h5py.File,
    path: str,
    clock: str,
    rows: NDArray[np.int64] | None,
    *,
    n_cells: int,
    where: str,
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return traces and their time stamps.

    Parameters
    ----------
    file : h5py.File
        The session's file.
    path, clock : str
        Where the traces and the time stamps are.
    rows : ndarray of int or None
        Which cells, in this order; all of them for None.
    n_cells : int
        Cells in the session.
    where : str
        The file, for messages.

    Returns
    -------
    ndarray, shape (n_rows, n_frames)
        float32 where the file keeps float32, else float64; read-only, so that a value that holds it
        need not copy it.
    ndarray, shape (n_frames,)
        Seconds; read-only too.

    Raises
    ------
    FormatError
        Where shapes disagree, or there are no numbers.
    """
    data = numeric(file, path, where, ndim=2)
    times = numbers(file, clock, where, ndim=1)
    if data.shape[0] != n_cells:
        raise FormatError(
            f"{where}: /{path}: expected {n_cells} cells by frames, got shape {data.shape}"
        )
    # The clock of fluorescence and of dF/F may differ by one frame.
    if abs(data.shape[1] - times.size) > 1 or times.size == 0:
        raise FormatError(
            f"{where}: /{path}: {data.shape[1]} frames, but {times.size} time stamps; they may "
            f"differ by one. Fetch the file again"
        )
    n_frames = min(data.shape[1], times.size)
    values = _rows(data, rows, n_frames)
    clocked = (times if times.size == n_frames else times[:n_frames].copy()).astype(
        float, copy=False
    )
    values.flags.writeable = clocked.flags.writeable = False
    return values, clocked


def _rows(data: h5py.Dataset, rows: NDArray[np.int64] | None, n_frames: int) -> NDArray[Any]:
    kept = np.float32 if data.dtype.itemsize == 4 and data.dtype.kind == "f" else np.float64
    if rows is not None:
        values = np.empty((rows.size, n_frames), dtype=kept)
        for place, row in enumerate(rows):
            values[place] = data[row, :n_frames]
        return values
    # Reading all at once is faster than reading the same as a selection.
    whole = data[()] if n_frames == data.shape[1] else data[:, :n_frames]
    return np.asarray(whole, dtype=kept)
