"""Two-photon sessions of the Allen Brain Observatory (Visual Coding), NWB 1.

With ``P`` for ``processing/brain_observatory_pipeline``, what is read is::

    P/DfOverF/imaging_plane_1/{data, timestamps}           dF/F, cells x frames, a fraction; seconds
    P/Fluorescence/imaging_plane_1/{data, timestamps}      raw fluorescence
    P/Fluorescence/imaging_plane_1_demixed_signal/data     after unmixing overlapping masks
    P/Fluorescence/imaging_plane_1_neuropil_response/{data, r}    neuropil and its share
    P/ImageSegmentation/{cell_specimen_ids, roi_ids}       ids in the order of the traces
    P/ImageSegmentation/imaging_plane_1/{roi_list, <roi>/img_mask}
    P/BehavioralTimeSeries/running_speed/{data, timestamps}       cm/s
    stimulus/presentation/<name>_stimulus/{data, features, frame_duration}
    general/..., session_description

Stimulus tables count two-photon frames; here they are turned into seconds by the time stamps.

References
----------
de Vries et al. 2020, Nature Neuroscience 23:138-151; the Allen Brain Observatory's technical papers.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import StimulusTable, Traces
from allentk.errors import DataError, FormatError
from allentk.io.hdf5 import dataset, open_hdf5, text, texts
from allentk.io.presentations import stimulus_rows

__all__ = ["OphysSession", "read_session"]

_WHAT = "a two-photon NWB file of the Observatory"
_PIPELINE = "processing/brain_observatory_pipeline"
_DFF = f"{_PIPELINE}/DfOverF/imaging_plane_1"
_RAW = f"{_PIPELINE}/Fluorescence/imaging_plane_1"
_NEUROPIL = f"{_PIPELINE}/Fluorescence/imaging_plane_1_neuropil_response"
_DEMIXED = f"{_PIPELINE}/Fluorescence/imaging_plane_1_demixed_signal"
_SEGMENTS = f"{_PIPELINE}/ImageSegmentation"
_RUNNING = f"{_PIPELINE}/BehavioralTimeSeries/running_speed"
_PRESENTED = "stimulus/presentation"

_METADATA = {
    "ophys_experiment_id": "general/session_id",
    "experiment_container_id": "general/experiment_container_id",
    "session_type": "general/session_type",
    "specimen_name": "general/specimen_name",
    "session_start_time": "session_start_time",
    "genotype": "general/subject/genotype",
    "sex": "general/subject/sex",
    "age": "general/subject/age",
    "targeted_structure": "general/optophysiology/imaging_plane_1/location",
    "imaging_depth": "general/optophysiology/imaging_plane_1/imaging depth",
    "indicator": "general/optophysiology/imaging_plane_1/indicator",
    "excitation_lambda": "general/optophysiology/imaging_plane_1/excitation_lambda",
    "fov": "general/fov",
}


def read_session(path: str | os.PathLike[str]) -> OphysSession:
    """Open a two-photon session; traces are read when they are asked for.

    Parameters
    ----------
    path : path
        The session's NWB file.

    Raises
    ------
    FormatError
        Where the file is missing, no HDF5, cut off, or holds no dF/F; names the file, what was
        found and the next step.
    """
    where = str(path)
    with open_hdf5(path, _WHAT) as file:
        if not isinstance(file.get(f"{_DFF}/data"), h5py.Dataset):
            held = ", ".join(list(file)[:10]) or "nothing"
            raise FormatError(
                f"{where}: expected {_WHAT}, but there is no /{_DFF}/data (the file holds {held}). A "
                f"patch-clamp recording is opened by read_nwb"
            )
        ids = _cell_ids(file, where)
        stimuli = _stimuli(file)
        metadata = _metadata(file)
    return OphysSession(str(Path(path).absolute()), ids, stimuli, metadata)


def _cell_ids(file: h5py.File, where: str) -> tuple[int, ...]:
    n_cells = int(file[f"{_DFF}/data"].shape[0])
    for name in ("cell_specimen_ids", "roi_ids"):
        held = file.get(f"{_SEGMENTS}/{name}")
        if isinstance(held, h5py.Dataset):
            ids = tuple(int(float(value)) for value in texts(held))
            if len(ids) != n_cells:
                raise FormatError(
                    f"{where}: {len(ids)} {name}, but dF/F of {n_cells} cells; the file is damaged"
                )
            return ids
    raise FormatError(f"{where}: /{_SEGMENTS} has neither cell_specimen_ids nor roi_ids")


def _stimuli(file: h5py.File) -> tuple[str, ...]:
    group = file.get(_PRESENTED)
    names = list(group) if isinstance(group, h5py.Group) else []
    return tuple(sorted(name.removesuffix("_stimulus") for name in names))


def _metadata(file: h5py.File) -> dict[str, Any]:
    description = text(file.get("session_description"))
    metadata: dict[str, Any] = {
        "format": f"NWB {text(file.get('nwb_version')).removeprefix('NWB-') or '1'}",
        "session_description": description,
        "synthetic": "synthetic" in description.lower(),
    }
    for key, name in _METADATA.items():
        written = text(file[name]) if name in file else ""
        if written:
            metadata[key] = int(written) if written.isdigit() else written
    return metadata


@dataclass(frozen=True, slots=True, repr=False)
class OphysSession:
    """A two-photon session; holds the path, so that it can be pickled and sent to workers.

    Parameters
    ----------
    path : str
        The file.
    cell_specimen_ids : tuple of int
        Ids of the cells in the order of the traces (ids of the masks in files without them).
    stimulus_names : tuple of str
        What was shown.
    metadata : dict
        ``format``, ``session_description``, ``synthetic`` and, where given, ``targeted_structure``,
        ``imaging_depth``, ``session_type``, ``specimen_name``...
    """

    path: str
    cell_specimen_ids: tuple[int, ...]
    stimulus_names: tuple[str, ...]
    metadata: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def stimuli(self) -> list[str]:
        """Names of the stimuli, such as ``"drifting_gratings"``."""
        return list(self.stimulus_names)

    def dff(self, *, ids: Sequence[int] | None = None) -> Traces:
        """Return dF/F as a fraction.

        Parameters
        ----------
        ids : sequence of int, optional
            Only these cells, in this order.

        Raises
        ------
        DataError
            On an id that is not in the session.
        FormatError
            Where the file can no longer be read.
        """
        with open_hdf5(self.path, _WHAT) as file:
            return self._traces(file, f"{_DFF}/data", f"{_DFF}/timestamps", ids, "dF/F")

    def fluorescence(self, kind: str = "corrected", *, ids: Sequence[int] | None = None) -> Traces:
        """Return fluorescence in the camera's units.

        Parameters
        ----------
        kind : {"corrected", "demixed", "raw", "neuropil"}
            ``"corrected"`` is demixed minus r times neuropil, as dF/F was made from.
        ids : sequence of int, optional
            Only these cells, in this order.

        Raises
        ------
        DataError
            On an unknown `kind`, or an id that is not in the session.
        FormatError
            Where the file does not hold it.
        """
        clock = f"{_RAW}/timestamps"
        paths = {
            "raw": f"{_RAW}/data",
            "demixed": f"{_DEMIXED}/data",
            "neuropil": f"{_NEUROPIL}/data",
        }
        if kind not in (*paths, "corrected"):
            raise DataError(f"kind must be one of corrected, {', '.join(paths)}, got {kind!r}")
        with open_hdf5(self.path, _WHAT) as file:
            if kind != "corrected":
                return self._traces(file, paths[kind], clock, ids, "F")
            demixed, times = self._values(file, paths["demixed"], clock, ids)
            neuropil, _ = self._values(file, paths["neuropil"], clock, ids)
            share = np.asarray(dataset(file, f"{_NEUROPIL}/r", self.path)[()], dtype=float)
        corrected = demixed - share[self._rows(ids)][:, None] * neuropil
        return self._as_traces(corrected, times, ids, "F", f"{_NEUROPIL}/r")

    def _rows(self, ids: Sequence[int] | None) -> NDArray[np.int64]:
        if ids is None:
            return np.arange(len(self.cell_specimen_ids))
        place = {cell: row for row, cell in enumerate(self.cell_specimen_ids)}
        unknown = [int(cell) for cell in ids if int(cell) not in place]
        if unknown:
            raise DataError(
                f"{self.path}: no cell {unknown[0]}; the {len(place)} cells are in "
                f"session.cell_specimen_ids"
            )
        return np.array([place[int(cell)] for cell in ids], dtype=np.int64)

    def _values(
        self, file: h5py.File, path: str, clock: str, ids: Sequence[int] | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        data, times = dataset(file, path, self.path), dataset(file, clock, self.path)
        if data.ndim != 2 or data.shape[0] != len(self.cell_specimen_ids):
            raise FormatError(
                f"{self.path}: /{path}: expected {len(self.cell_specimen_ids)} cells by frames, got "
                f"shape {data.shape}"
            )
        # The clock of fluorescence and of dF/F may differ by one frame.
        n_frames = min(data.shape[1], times.shape[0])
        if ids is None:
            values = data[:, :n_frames]
        else:
            values = np.array([data[row, :n_frames] for row in self._rows(ids)])
        return values.reshape(-1, n_frames).astype(float), times[:n_frames].astype(float)

    def _as_traces(
        self,
        values: NDArray[np.float64],
        times: NDArray[np.float64],
        ids: Sequence[int] | None,
        unit: str,
        path: str,
    ) -> Traces:
        cells = np.array(self.cell_specimen_ids, dtype=np.int64)[self._rows(ids)]
        try:
            return Traces(values, times, cells, unit)
        except DataError as error:
            raise FormatError(f"{self.path}: /{path}: {error}") from error

    def _traces(
        self, file: h5py.File, path: str, clock: str, ids: Sequence[int] | None, unit: str
    ) -> Traces:
        values, times = self._values(file, path, clock, ids)
        return self._as_traces(values, times, ids, unit, path)

    def stimulus_table(self, name: str = "drifting_gratings") -> StimulusTable:
        """Return the presentations of one stimulus, in seconds.

        Parameters
        ----------
        name : str
            One of `stimuli`.

        Returns
        -------
        StimulusTable
            In order of time. A blank sweep has ``"blank"`` for its stimulus. `stop_s` is the time
            of the last frame that the file counts to the presentation.

        Raises
        ------
        DataError
            Where this stimulus was not shown; names those that were.
        FormatError
            Where its table cannot be used.
        """
        if name not in self.stimulus_names:
            raise DataError(
                f"{self.path}: no stimulus {name!r} in this session; there are "
                f"{', '.join(self.stimulus_names) or 'none'}"
            )
        with open_hdf5(self.path, _WHAT) as file:
            folder = file[_PRESENTED]
            group = folder[f"{name}_stimulus" if f"{name}_stimulus" in folder else name]
            times = np.asarray(dataset(file, f"{_DFF}/timestamps", self.path)[()], dtype=float)
            rows = stimulus_rows(group, name, times, self.path)
        try:
            return StimulusTable(rows.sort_values("start_s", kind="stable"))
        except DataError as error:
            raise FormatError(f"{self.path}: {name}: {error}") from error

    def running_speed(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the running speed in cm/s, NaN where unknown, and its times in seconds."""
        with open_hdf5(self.path, _WHAT) as file:
            speed = dataset(file, f"{_RUNNING}/data", self.path)[()]
            times = dataset(file, f"{_RUNNING}/timestamps", self.path)[()]
        if speed.shape != times.shape:
            raise FormatError(
                f"{self.path}: /{_RUNNING}: {speed.shape} speeds, but {times.shape} time stamps"
            )
        return speed.astype(float), times.astype(float)

    def roi_masks(self) -> NDArray[np.bool_]:
        """Return the masks of the cells, shape ``(n_cells, height, width)``."""
        with open_hdf5(self.path, _WHAT) as file:
            plane = f"{_SEGMENTS}/imaging_plane_1"
            names = texts(dataset(file, f"{plane}/roi_list", self.path))
            if len(names) != len(self.cell_specimen_ids):
                raise FormatError(
                    f"{self.path}: /{plane}/roi_list names {len(names)} masks for "
                    f"{len(self.cell_specimen_ids)} cells"
                )
            masks = [dataset(file, f"{plane}/{name}/img_mask", self.path)[()] for name in names]
        return np.array(masks).astype(bool)

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per stimulus: name, number of presentations, first and last second."""
        tables = {name: self.stimulus_table(name) for name in self.stimulus_names}
        return pd.DataFrame(
            [
                {
                    "stimulus": name,
                    "presentations": len(table),
                    "start_s": float(table.table["start_s"].min()),
                    "stop_s": table.duration_s,
                }
                for name, table in tables.items()
            ]
        )

    def __repr__(self) -> str:
        return (
            f"<OphysSession {Path(self.path).name}: {len(self.cell_specimen_ids)} cells, "
            f"{', '.join(self.stimulus_names) or 'no stimuli'}>"
        )
