"""Two-photon experiments of Visual Behavior, NWB 2: one imaging plane of one session.

What is read beside `behavior_nwb`::

    processing/ophys/dff/traces                          dF/F, frames x cells, a fraction; seconds
    processing/ophys/{corrected_fluorescence, demixed_trace, neuropil_trace}/traces
    processing/ophys/event_detection                     events of the L0 deconvolution, frames x cells
    processing/ophys/image_segmentation/cell_specimen_table      one row per cell
    processing/ophys/images/{max_projection, average_image}

``rois`` of a series says which rows of the table of cells its columns are.

References
----------
Allen Institute, "Visual Behavior", technical white paper; https://nwb-schema.readthedocs.io.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import Traces
from allentk.data._html import synthetic_end
from allentk.errors import DataError, FormatError
from allentk.io.behavior_nwb import BehaviorSession, read_head
from allentk.io.dynamic_table import column, read_table, row_ids, table_group
from allentk.io.hdf5 import contents, dataset, member
from allentk.io.nwb2_series import series_times
from allentk.io.remote import RangedFile, open_place, place_of

__all__ = ["OphysExperiment", "read_ophys_experiment"]

_WHAT = "an NWB 2 file of a two-photon experiment"
_OPHYS = "processing/ophys"
_DFF = f"{_OPHYS}/dff/traces"
_EVENTS = f"{_OPHYS}/event_detection"
_CELLS = f"{_OPHYS}/image_segmentation/cell_specimen_table"
_FLUORESCENCE = {
    "corrected": f"{_OPHYS}/corrected_fluorescence/traces",
    "demixed": f"{_OPHYS}/demixed_trace/traces",
    "neuropil": f"{_OPHYS}/neuropil_trace/traces",
}


@dataclass(frozen=True, slots=True, repr=False)
class OphysExperiment(BehaviorSession):
    """One imaging plane of a session of Visual Behavior; what is asked for is read from the file.

    Parameters
    ----------
    place, stimulus_names, metadata
        As in `BehaviorSession`.
    cell_roi_ids : tuple of int
        The cells, in the order of the table of cells.
    cell_specimen_ids : tuple of int
        The same cells, by the ids that they have in all experiments of a container. Empty where the
        file does not have one for each.
    """

    cell_roi_ids: tuple[int, ...] = ()
    cell_specimen_ids: tuple[int, ...] = ()

    @property
    def ids(self) -> tuple[int, ...]:
        """What cells are called by: ``cell_specimen_ids`` where there are any, ``cell_roi_ids`` else."""
        return self.cell_specimen_ids or self.cell_roi_ids

    def dff(self, *, ids: Sequence[int] | None = None) -> Traces:
        """Return dF/F as a fraction.

        Parameters
        ----------
        ids : sequence of int, optional
            Only these cells, in this order.

        Raises
        ------
        DataError
            On an id that is not in the experiment.
        FormatError
            Where the series does not fit the table of cells.
        """
        with open_place(self.place, _WHAT) as file:
            return self._traces(file, _DFF, ids, "dF/F")

    def fluorescence(self, kind: str = "corrected", *, ids: Sequence[int] | None = None) -> Traces:
        """Return fluorescence in the camera's units.

        Parameters
        ----------
        kind : {"corrected", "demixed", "neuropil"}
            ``"corrected"`` is demixed without its share of neuropil, as dF/F was made from.
        ids : sequence of int, optional
            Only these cells, in this order.

        Raises
        ------
        DataError
            On an unknown `kind`, or an id that is not in the experiment.
        FormatError
            Where the file does not hold it, or it does not fit the table of cells.
        """
        if kind not in _FLUORESCENCE:
            raise DataError(f"kind must be one of {', '.join(_FLUORESCENCE)}, got {kind!r}")
        with open_place(self.place, _WHAT) as file:
            return self._traces(file, _FLUORESCENCE[kind], ids, "F")

    def events(self, *, ids: Sequence[int] | None = None) -> Traces:
        """Return the magnitudes of calcium events on the frames of dF/F, 0 where there is none.

        Parameters
        ----------
        ids : sequence of int, optional
            Only these cells, in this order.

        Raises
        ------
        DataError
            On an id that is not in the experiment.
        FormatError
            Where the file does not hold them, or they do not fit the table of cells.

        References
        ----------
        Jewell and Witten 2018, Annals of Applied Statistics 12:2457-2482.
        """
        with open_place(self.place, _WHAT) as file:
            return self._traces(file, _EVENTS, ids, "events")

    def _traces(
        self, file: h5py.File, path: str, wanted: Sequence[int] | None, unit: str
    ) -> Traces:
        data = dataset(file, f"{path}/data", self.path)
        clock = path if f"{path}/timestamps" in file or f"{path}/starting_time" in file else _DFF
        times = series_times(file, clock, self.path)
        rows = contents(dataset(file, f"{path}/rois", self.path)).astype(np.int64).ravel()
        fits = data.shape == (times.size, rows.size)
        if not fits or sorted(rows.tolist()) != list(range(len(self.cell_roi_ids))):
            raise FormatError(
                f"{self.path}: /{path}: expected {times.size} frames x {len(self.cell_roi_ids)} cells, "
                f"got data of shape {data.shape} for {rows.size} rows of the table of cells"
            )
        place = {self.ids[row]: column for column, row in enumerate(rows.tolist())}
        cells = self.ids if wanted is None else [int(cell) for cell in wanted]
        unknown = [cell for cell in cells if cell not in place]
        if unknown:
            raise DataError(
                f"{self.path}: no cell {unknown[0]}; the {len(place)} cells are in experiment.ids"
            )
        columns = [place[cell] for cell in cells]
        if wanted is None:
            values = contents(data)[:, columns]
        else:
            values = np.array([data[:, one] for one in columns]).reshape(-1, times.size).T
        try:
            return Traces(values.T, times, np.array(cells, dtype=np.int64), unit)
        except DataError as error:
            raise FormatError(f"{self.path}: /{path}: {error}") from error

    def cells(self) -> pd.DataFrame:
        """Return the cells, one row each: `nwb2_columns.CELLS`."""
        with open_place(self.place, _WHAT) as file:
            return read_table(table_group(file, _CELLS, self.path), self.path, key="cell_roi_id")

    def roi_masks(self) -> NDArray[np.bool_]:
        """Return the masks of the cells in the order of `ids`, shape ``(n_cells, height, width)``."""
        with open_place(self.place, _WHAT) as file:
            masks = dataset(file, f"{_CELLS}/image_mask", self.path)
            if masks.ndim != 3 or masks.shape[0] != len(self.cell_roi_ids):
                raise FormatError(
                    f"{self.path}: /{_CELLS}/image_mask: expected {len(self.cell_roi_ids)} masks, got "
                    f"shape {masks.shape}"
                )
            return np.asarray(contents(masks)).astype(bool)

    def max_projection(self) -> NDArray[np.float64]:
        """Return the brightest value of every pixel over time, shape ``(height, width)``."""
        return self._image("max_projection")

    def average_projection(self) -> NDArray[np.float64]:
        """Return the mean of every pixel over time, shape ``(height, width)``."""
        return self._image("average_image")

    def _image(self, name: str) -> NDArray[np.float64]:
        path = f"{_OPHYS}/images/{name}"
        with open_place(self.place, _WHAT) as file:
            image = dataset(file, path, self.path)
            if image.ndim != 2:
                raise FormatError(
                    f"{self.path}: /{path}: expected an image, got shape {image.shape}"
                )
            return np.asarray(contents(image)).astype(float)

    def __repr__(self) -> str:
        return (
            f"<OphysExperiment {Path(self.path).name}: {len(self.cell_roi_ids)} cells, "
            f"{', '.join(self.stimulus_names) or 'no stimuli'}{synthetic_end(self.synthetic)}>"
        )


def read_ophys_experiment(source: str | os.PathLike[str] | RangedFile) -> OphysExperiment:
    """Open a two-photon experiment; what is asked for is read later.

    Parameters
    ----------
    source : path or RangedFile
        The experiment's NWB 2 file.

    Raises
    ------
    FormatError
        Where the file is missing, no NWB 2, cut off, or has no cells; names the file, what was found
        and the next step.
    """
    place = place_of(source)
    with open_place(place, _WHAT) as file:
        head = read_head(file, str(place))
        if _CELLS not in file:
            raise FormatError(
                f"{place}: expected {_WHAT}, but there is no /{_CELLS}; a session without imaging is "
                f"opened by read_behavior_session"
            )
        group = table_group(file, _CELLS, str(place))
        numbers = tuple(row_ids(group).tolist())
        specimens = _specimens(group, len(numbers), str(place))
        return OphysExperiment(place, *head, cell_roi_ids=numbers, cell_specimen_ids=specimens)


def _specimens(group: h5py.Group, n_cells: int, where: str) -> tuple[int, ...]:
    """Return the ids that hold across experiments; none where they do not tell all cells apart."""
    data = member(group, "cell_specimen_id")
    if not isinstance(data, h5py.Dataset):
        return ()
    values = np.asarray(column(data, n_cells, where), dtype=float)
    if not (values >= 0).all() or np.unique(values).size != n_cells:
        return ()
    return tuple(values.astype(np.int64).tolist())
