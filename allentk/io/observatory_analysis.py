"""What the Observatory itself computed of a session: the ``*_analysis.h5`` files.

Under ``/analysis`` they hold, depending on the kind of session::

    peak                            table: the metrics of every cell
    stim_table_<s>                  table: the presentations, in two-photon frames
    mean_sweep_response_<s>         table: presentations x cells
    sweep_response_<s>              pickled objects; not read
    response_<s>, mean_response_<s>, receptive_field_<s>                       arrays
    noise_corr_<s>, signal_corr_<s>, rep_similarity_<s>, binned_dx_sp...      arrays
    locally_sparse_noise.../<cell>/...                                        arrays in folders

where ``<s>`` is dg, sg, ns, nm1, nm2, nm3, lsn, lsn4 or lsn8.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.errors import DataError, FormatError
from allentk.io.hdf5 import contents, member, open_hdf5
from allentk.io.observatory_tables import frame_kind, read_frame

__all__ = ["SessionAnalysis", "read_analysis"]

_WHAT = "an analysis file of the Observatory"
_FOLDER = "analysis"


def read_analysis(path: str | os.PathLike[str]) -> SessionAnalysis:
    """Open an analysis file; tables and arrays are read when they are asked for.

    Parameters
    ----------
    path : path
        The ``*_analysis.h5`` file.

    Raises
    ------
    FormatError
        Where it is missing, no HDF5, cut off, or has no ``/analysis``.
    """
    with open_hdf5(path, _WHAT) as file:
        group = member(file, _FOLDER)
        if not isinstance(group, h5py.Group):
            held = ", ".join(list(file)[:10]) or "nothing"
            raise FormatError(
                f"{path}: expected {_WHAT}, but there is no /{_FOLDER} (the file holds {held}). A "
                f"session is opened by read_session"
            )
        names = tuple(sorted(group))
    return SessionAnalysis(str(Path(path).absolute()), names)


@dataclass(frozen=True, slots=True, repr=False)
class SessionAnalysis:
    """What the Observatory computed of a session; holds the path, and reads what is asked for.

    Parameters
    ----------
    path : str
        The file.
    names : tuple of str
        What it holds.
    """

    path: str
    names: tuple[str, ...]

    def contents(self) -> pd.DataFrame:
        """Return one row per name: ``name``, ``kind`` (table, array or folder) and ``shape``."""
        with open_hdf5(self.path, _WHAT) as file:
            rows = [(name, *_described(member(file[_FOLDER], name))) for name in self.names]
        return pd.DataFrame(rows, columns=["name", "kind", "shape"])

    def table(self, name: str = "peak") -> pd.DataFrame:
        """Return a table.

        Parameters
        ----------
        name : str
            Such as ``"peak"``: the metrics, one row per cell in the order of the session's traces.

        Returns
        -------
        DataFrame
            Columns of text are pickled in these files and are left out; ``attrs["left_out"]`` names
            them.

        Raises
        ------
        DataError
            Where there is no such table; names those there are.
        FormatError
            Where it cannot be read.
        """
        with open_hdf5(self.path, _WHAT) as file:
            return read_frame(self._item(file, name, "table"), self.path)

    def array(self, name: str) -> NDArray[Any]:
        """Return an array.

        Parameters
        ----------
        name : str
            Such as ``"response_dg"``, or a path inside a folder.

        Raises
        ------
        DataError
            Where there is no such array; names those there are.
        FormatError
            Where it holds no numbers.
        """
        with open_hdf5(self.path, _WHAT) as file:
            held = self._item(file, name, "array")
            if held.dtype.kind not in "fiub":
                raise FormatError(f"{self.path}: {held.name}: expected numbers, got {held.dtype}")
            return np.asarray(contents(held))

    def folder(self, name: str) -> list[str]:
        """Return what is in a folder.

        Raises
        ------
        DataError
            Where there is no such folder.
        """
        with open_hdf5(self.path, _WHAT) as file:
            return [f"{name}/{part}" for part in self._item(file, name, "folder")]

    def _item(self, file: h5py.File, name: str, kind: str) -> Any:
        item = member(file, f"{_FOLDER}/{name}")
        if item is None or _described(item)[0] != kind:
            there = [n for n in self.names if _described(member(file[_FOLDER], n))[0] == kind]
            other = f" (it is of the kind {_described(item)[0]!r})" if item is not None else ""
            raise DataError(
                f"{self.path}: no {kind} {name!r} in this file{other}; there are "
                f"{', '.join(there) or 'none'}"
            )
        return item

    def __repr__(self) -> str:
        return f"<SessionAnalysis {Path(self.path).name}: {', '.join(self.names) or 'nothing'}>"


def _described(item: Any) -> tuple[str, tuple[int, ...] | None]:
    if isinstance(item, h5py.Dataset):
        return "array", item.shape
    if frame_kind(item):
        axes = [member(item, name) for name in ("axis1", "axis0", "index")]
        lengths = [axis.shape[0] for axis in axes if isinstance(axis, h5py.Dataset)]
        return "table", tuple(lengths)
    return "folder", None
