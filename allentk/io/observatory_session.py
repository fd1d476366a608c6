"""A two-photon session of the Observatory as a value: what can be asked of its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import StimulusTable, Traces
from allentk.data._html import card, facts, says_synthetic, synthetic_end
from allentk.errors import DataError, FormatError
from allentk.io.hdf5 import member, numbers, open_hdf5
from allentk.io.observatory_behaviour import (
    at_frames,
    pupil_location,
    pupil_size,
    running_speed,
)
from allentk.io.observatory_epochs import shown_at, stimulus_epochs
from allentk.io.observatory_fluorescence import neuropil_share, places, trace_values
from allentk.io.observatory_images import max_projection, motion_correction, roi_masks
from allentk.io.observatory_layout import DFF, PRESENTED, RAW, WHAT
from allentk.io.observatory_templates import StimulusTemplate, stimulus_template
from allentk.io.presentations import stimulus_rows

__all__ = ["OphysSession"]


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
        ``format``, ``session_description``, ``synthetic``, ``pipeline_version`` and, where given,
        the file's words (``targeted_structure``, ``session_type``, ``specimen_name``...) and its
        numbers (``age_days``, ``imaging_depth_um``, ``cre_line``... as in
        `allentk.io.observatory_metadata.SESSION_METADATA`).

    Notes
    -----
    Each method raises FormatError where the file can no longer be read, or where what is asked for
    is missing or does not fit; and DataError where a session may well be without it.
    """

    path: str
    cell_specimen_ids: tuple[int, ...]
    stimulus_names: tuple[str, ...]
    metadata: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def stimuli(self) -> list[str]:
        """Names of the stimuli, such as ``"drifting_gratings"``."""
        return list(self.stimulus_names)

    def frame_times_s(self) -> NDArray[np.float64]:
        """Return the times of the two-photon frames of dF/F, in seconds."""
        with open_hdf5(self.path, WHAT) as file:
            return numbers(file, f"{DFF}/timestamps", self.path, ndim=1).astype(float)

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
        """
        with open_hdf5(self.path, WHAT) as file:
            return self._traces(file, f"{DFF}/data", f"{DFF}/timestamps", ids, "dF/F")

    def fluorescence(self, kind: str = "corrected", *, ids: Sequence[int] | None = None) -> Traces:
        """Return fluorescence in the camera's units.

        Parameters
        ----------
        kind : {"corrected", "raw", "demixed", "neuropil"}
            ``"corrected"`` is what dF/F was made from: demixed minus r times neuropil, or raw minus
            r times neuropil in files of a pipeline before 2.0.
        ids : sequence of int, optional
            Only these cells, in this order.

        Raises
        ------
        DataError
            On an unknown `kind`, one that the file's pipeline did not make, or an id that is not in
            the session.
        """
        clock = f"{RAW}/timestamps"
        with open_hdf5(self.path, WHAT) as file:
            kept = places(file)
            if kind != "corrected":
                return self._traces(file, kept.of(kind, self.path), clock, ids, "F")
            base, times = self._values(file, kept.base, clock, ids)
            neuropil, _ = self._values(file, kept.neuropil, clock, ids)
            share = self._shares(file, ids)
        if base.shape != neuropil.shape:
            raise FormatError(
                f"{self.path}: /{kept.base}: traces of shape {base.shape}, but neuropil of shape "
                f"{neuropil.shape}"
            )
        corrected = base - share[:, None] * neuropil
        return self._as_traces(corrected, times, ids, "F", kept.share)

    def neuropil_r(self, *, ids: Sequence[int] | None = None) -> pd.Series:
        """Return r, the share of the neuropil in every cell's fluorescence, by the cell's id.

        Parameters
        ----------
        ids : sequence of int, optional
            Only these cells, in this order.

        Raises
        ------
        DataError
            On an id that is not in the session.
        """
        with open_hdf5(self.path, WHAT) as file:
            share = self._shares(file, ids)
        index = pd.Index(self._ids(ids), name="cell_specimen_id")
        return pd.Series(share, index=index, name="neuropil_r")

    def _shares(self, file: h5py.File, ids: Sequence[int] | None) -> NDArray[np.float64]:
        path, n_cells = places(file).share, len(self.cell_specimen_ids)
        share = neuropil_share(file, path, n_cells=n_cells, where=self.path)
        chosen: NDArray[np.float64] = share[self._rows(ids)]
        return chosen

    def _ids(self, ids: Sequence[int] | None) -> NDArray[np.int64]:
        return np.array(self.cell_specimen_ids, dtype=np.int64)[self._rows(ids)]

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
    ) -> tuple[NDArray[Any], NDArray[np.float64]]:
        rows = None if ids is None else self._rows(ids)
        n_cells = len(self.cell_specimen_ids)
        return trace_values(file, path, clock, rows, n_cells=n_cells, where=self.path)

    def _as_traces(
        self,
        values: NDArray[Any],
        times: NDArray[np.float64],
        ids: Sequence[int] | None,
        unit: str,
        path: str,
    ) -> Traces:
        try:
            return Traces(values, times, self._ids(ids), unit)
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
            of the last frame that the file counts to the presentation. `frame` is the number of the
            image, of the frame of the movie or of the pattern of noise, `repeat` that of a movie's
            repetition; `start_frame` and `stop_frame` are frames of the microscope.

        Raises
        ------
        DataError
            Where this stimulus was not shown; names those that were.
        """
        if name not in self.stimulus_names:
            raise DataError(
                f"{self.path}: no stimulus {name!r} in this session; there are "
                f"{', '.join(self.stimulus_names) or 'none'}"
            )
        with open_hdf5(self.path, WHAT) as file:
            folder = member(file, PRESENTED)
            group = member(folder, f"{name}_stimulus") or member(folder, name)
            times = numbers(file, f"{DFF}/timestamps", self.path, ndim=1).astype(float)
            rows = stimulus_rows(group, name, times, self.path)
        try:
            return StimulusTable(rows.sort_values("start_s", kind="stable"))
        except DataError as error:
            raise FormatError(f"{self.path}: {name}: {error}") from error

    def stimulus_template(self, name: str) -> StimulusTemplate:
        """Return the frames of a stimulus: the images, the movie or the patterns of noise.

        Parameters
        ----------
        name : str
            Such as ``"natural_scenes"``; ``stimulus_template(name)[frame]`` reads one image.

        Raises
        ------
        DataError
            Where the file keeps no frames of it, as of gratings.
        """
        return stimulus_template(self.path, name)

    def stimulus_epochs(self, *, threshold_frames: int | None = None) -> pd.DataFrame:
        """Return the stretches in which one stimulus was shown, in order of time.

        Parameters
        ----------
        threshold_frames : int, optional
            Longest gap inside an epoch, in two-photon frames; by default 39, 15 or 7, as the kind
            of session needs it.

        Returns
        -------
        DataFrame
            ``stimulus``, ``start_s``, ``stop_s``, ``start_frame``, ``stop_frame``,
            ``presentations``.

        Raises
        ------
        DataError
            On an unknown kind of session.
        FormatError
            Where a stimulus falls into more than three epochs.
        """
        return self._epochs(self._presentations(), threshold_frames)

    def _presentations(self) -> dict[str, pd.DataFrame]:
        return {name: self.stimulus_table(name).table for name in self.stimulus_names}

    def _epochs(
        self, tables: dict[str, pd.DataFrame], threshold_frames: int | None = None
    ) -> pd.DataFrame:
        kind = str(self.metadata.get("session_type", ""))
        return stimulus_epochs(tables, kind, where=self.path, threshold_frames=threshold_frames)

    def stimulus_at(self, times_s: ArrayLike) -> pd.DataFrame:
        """Return what was on the monitor at one or many times.

        Parameters
        ----------
        times_s : float or array_like
            Times in seconds, on the clock of the traces. All tables are read anew for every call, so
            ask for many times at once.

        Returns
        -------
        DataFrame
            One row per time: ``time_s``; ``stimulus``, missing outside of all epochs;
            ``presentation``, the row of that stimulus's table, missing where the monitor was gray
            between two of them; ``blank``; and the further columns of that row.

        Raises
        ------
        DataError
            On an unknown kind of session.
        """
        tables = self._presentations()
        wanted = np.atleast_1d(np.asarray(times_s, dtype=float))
        frame_s = float(np.median(np.diff(self.frame_times_s())))
        return shown_at(wanted, tables, self._epochs(tables), frame_s=frame_s)

    def running_speed(
        self, *, on_frames: bool = False
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the running speed in cm/s, NaN where unknown, and its times in seconds.

        Parameters
        ----------
        on_frames : bool
            One value for every frame of dF/F; else at its own times.
        """
        speed, times = running_speed(self.path)
        if not on_frames:
            return speed, times
        frames = self.frame_times_s()
        return at_frames(speed, times, frames), frames

    def pupil_location(self, *, spherical: bool = True) -> pd.DataFrame:
        """Return where on the monitor the mouse looked: ``time_s`` and two coordinates.

        Parameters
        ----------
        spherical : bool
            ``azimuth_deg`` and ``altitude_deg``; else ``x_cm`` and ``y_cm``. The middle of the
            monitor is (0, 0).

        Raises
        ------
        DataError
            Where the session has no eye tracking.
        """
        return pupil_location(self.path, spherical=spherical)

    def pupil_size(self) -> pd.DataFrame:
        """Return how large the pupil was: ``time_s`` and ``area_px``, pixels of the eye's camera.

        Raises
        ------
        DataError
            Where the session has no eye tracking.
        """
        return pupil_size(self.path)

    def motion_correction(self) -> pd.DataFrame:
        """Return how far every frame was shifted: ``time_s`` and the file's columns, in pixels.

        Raises
        ------
        DataError
            Where the file does not say.
        """
        return motion_correction(self.path)

    def max_projection(self) -> NDArray[np.float64]:
        """Return the brightest value of every pixel over the session, shape ``(height, width)``.

        Raises
        ------
        DataError
            Where the file has no such image.
        """
        return max_projection(self.path)

    def roi_masks(self, *, ids: Sequence[int] | None = None) -> NDArray[np.bool_]:
        """Return the masks of the cells, shape ``(n_cells, height, width)``.

        Parameters
        ----------
        ids : sequence of int, optional
            Only these cells, in this order.

        Raises
        ------
        DataError
            On an id that is not in the session.
        """
        rows = self._rows(ids).tolist()
        return roi_masks(self.path, rows, n_cells=len(self.cell_specimen_ids))

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
            f"{', '.join(self.stimulus_names) or 'no stimuli'}{synthetic_end(self.synthetic)}>"
        )

    @property
    def synthetic(self) -> bool:
        """Whether the file says that it is made up."""
        return says_synthetic(self.metadata)

    def _repr_html_(self) -> str:
        return card(self, facts(self.metadata, most=12), synthetic=self.synthetic)
