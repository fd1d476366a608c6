"""What NWB 2 sessions of all kinds have: presentations, running, licks, rewards, trials, the eye.

::

    intervals/<stimulus>_presentations, intervals/trials
    processing/running/{speed, running_speed}         cm/s
    processing/licking/licks, processing/rewards/{volume, autorewarded}
    acquisition/EyeTracking/{pupil_tracking, eye_tracking, corneal_reflection_tracking, likely_blink}
    processing/eye_tracking/{pupil, eye, cr}_ellipse_fits              (Visual Coding)
    general/{session_id, subject, metadata, task_parameters}, identifier, session_description

References
----------
Neurodata Without Borders 2: https://nwb-schema.readthedocs.io; Allen Institute, "Visual Behavior",
technical white papers.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import StimulusTable
from allentk.data._html import card, facts, says_synthetic, synthetic_end
from allentk.errors import DataError, FormatError
from allentk.io.dynamic_table import ragged_rows, read_table, table_group
from allentk.io.eye_tracking import eye_tracking
from allentk.io.hdf5 import attribute, member, text
from allentk.io.nwb2_presentations import presentations, shown
from allentk.io.nwb2_series import plain, read_series, settings
from allentk.io.remote import Place, RangedFile, open_place, place_of
from allentk.io.synthetic import is_synthetic

__all__ = ["BehaviorSession", "read_behavior_session", "read_head"]

_WHAT = "an NWB 2 session of the Allen Institute"
_RUNNING = ("processing/running/speed", "processing/running/running_speed")
_GENERAL = {
    "identifier": "identifier",
    "session_id": "general/session_id",
    "session_start_time": "session_start_time",
    "session_type": "general/stimulus",
    "institution": "general/institution",
}


@dataclass(frozen=True, slots=True, repr=False)
class BehaviorSession:
    """One session of a mouse in front of a screen; what is asked for is read from the file.

    Parameters
    ----------
    place : str or RangedFile
        The file: its path, or a file on a server.
    stimulus_names : tuple of str
        What was shown.
    metadata : mapping
        What the file says of the session and the mouse: ``format``, ``synthetic``, ``sex``...
    """

    place: Place
    stimulus_names: tuple[str, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Where the file is."""
        return str(self.place)

    @property
    def stimuli(self) -> list[str]:
        """Names of the stimuli that were shown."""
        return list(self.stimulus_names)

    def stimulus_presentations(self, name: str | None = None) -> StimulusTable:
        """Return what was shown and when.

        Parameters
        ----------
        name : str, optional
            One of `stimuli`; by default all of them.

        Returns
        -------
        StimulusTable
            In order of time. A grating without orientation and image -1 have ``"blank"`` for their
            stimulus; ``stimulus_name`` is what the file says. ``'null'`` is NaN. An omitted image
            lasts 0.25 s, as an image would. Further columns: `nwb2_columns.PRESENTATIONS`.

        Raises
        ------
        DataError
            Where this stimulus was not shown; names those that were.
        FormatError
            Where a table cannot be used.
        """
        if name is not None and name not in self.stimulus_names:
            raise DataError(
                f"{self.path}: no stimulus {name!r} in this session; there are "
                f"{', '.join(self.stimulus_names) or 'none'}"
            )
        names = self.stimulus_names if name is None else (name,)
        with open_place(self.place, _WHAT) as file:
            return presentations(file, names, self.path)

    def running_speed(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the running speed in cm/s, NaN where unknown, and its times in seconds.

        Raises
        ------
        DataError
            Where it was not measured.
        FormatError
            Where there are not as many speeds as times.
        """
        with open_place(self.place, _WHAT) as file:
            for path in _RUNNING:
                if path in file:
                    return read_series(file, path, self.path)
        raise self._without("running speed", *_RUNNING)

    def eye_tracking(self) -> pd.DataFrame:
        """Return the ellipses around pupil, eye and corneal reflection, one row per camera frame.

        Returns
        -------
        DataFrame
            `nwb2_columns.EYE_TRACKING`, in pixels of the camera.

        Raises
        ------
        DataError
            Where the eye was not filmed, as in some sessions.
        FormatError
            Where series disagree in length.
        """
        with open_place(self.place, _WHAT) as file:
            table = eye_tracking(file, self.path)
        if table is None:
            raise self._without(
                "eye tracking", "acquisition/EyeTracking", "processing/eye_tracking"
            )
        return table

    def licks(self) -> pd.DataFrame:
        """Return the licks, one row each: `nwb2_columns.LICKS`.

        Raises
        ------
        DataError
            Where licks were not recorded, as in sessions without a task.
        """
        path = "processing/licking/licks"
        with open_place(self.place, _WHAT) as file:
            if path not in file:
                raise self._without("licks", path)
            frames, times = read_series(file, path, self.path)
        return pd.DataFrame({"time_s": times, "frame": frames.astype(np.int64)})

    def rewards(self) -> pd.DataFrame:
        """Return the rewards, one row each: `nwb2_columns.REWARDS`.

        Raises
        ------
        DataError
            Where there are none in the file, as in sessions without a task.
        """
        path = "processing/rewards"
        with open_place(self.place, _WHAT) as file:
            if path not in file:
                raise self._without("rewards", path)
            volume, times = read_series(file, f"{path}/volume", self.path)
            automatic, _ = read_series(file, f"{path}/autorewarded", self.path)
        if automatic.shape != times.shape:
            raise FormatError(
                f"{self.path}: /{path}: {times.size} volumes, but {automatic.size} autorewarded"
            )
        return pd.DataFrame(
            {"time_s": times, "volume_ml": volume, "auto_rewarded": automatic.astype(bool)}
        )

    def trials(self) -> pd.DataFrame:
        """Return the trials of the task, one row each: `nwb2_columns.TRIALS`.

        ``lick_times`` holds one array of seconds per trial.

        Raises
        ------
        DataError
            Where there are none, as in sessions without a task.
        """
        path = "intervals/trials"
        with open_place(self.place, _WHAT) as file:
            if path not in file:
                raise self._without("trials", path)
            group = table_group(file, path, self.path)
            table = read_table(group, self.path, key="trials_id")
            if "lick_times_index" in group:
                table["lick_times"] = ragged_rows(group, "lick_times", self.path)
        return table

    def task_parameters(self) -> dict[str, Any]:
        """Return the settings of the task, by Allen's names: ``reward_volume``, ``task``...

        Raises
        ------
        DataError
            Where there are none, as in sessions without a task.
        """
        path = "general/task_parameters"
        with open_place(self.place, _WHAT) as file:
            held = member(file, path)
            if held is None:
                raise self._without("task parameters", path)
            return settings(held)

    def _without(self, what: str, *paths: str) -> DataError:
        return DataError(
            f"{self.path}: no {what} in this session: there is no "
            f"{' and no '.join('/' + path for path in paths)}"
        )

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {Path(self.path).name}: "
            f"{', '.join(self.stimulus_names) or 'no stimuli'}{synthetic_end(self.synthetic)}>"
        )

    @property
    def synthetic(self) -> bool:
        """Whether the file says that it is made up."""
        return says_synthetic(self.metadata)

    def _repr_html_(self) -> str:
        return card(self, facts(self.metadata, most=12), synthetic=self.synthetic)


def read_behavior_session(source: str | os.PathLike[str] | RangedFile) -> BehaviorSession:
    """Open a session of NWB 2 for what was shown and what the mouse did.

    Parameters
    ----------
    source : path or RangedFile
        The session's file.

    Raises
    ------
    FormatError
        Where the file is missing, no NWB 2, or cut off.
    """
    place = place_of(source)
    with open_place(place, _WHAT) as file:
        return BehaviorSession(place, *read_head(file, str(place)))


def read_head(file: h5py.File, where: str) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Return the names of the stimuli and the metadata of a session.

    Raises
    ------
    FormatError
        Where the file is not NWB 2.
    """
    version = text(attribute(file, "nwb_version"))
    if not version.startswith("2"):
        older = text(member(file, "nwb_version"))
        got = f"NWB {version or older.removeprefix('NWB-')}" if version or older else "no NWB"
        raise FormatError(
            f"{where}: expected {_WHAT}, got {got}. Two-photon sessions of Visual Coding are opened by "
            f"read_session, patch-clamp recordings by read_nwb"
        )
    description = text(member(file, "session_description"))
    metadata: dict[str, Any] = {
        "format": f"NWB {version}",
        "session_description": description,
        "synthetic": is_synthetic(description),
    }
    for key, path in _GENERAL.items():
        written = text(member(file, path))
        if written:
            metadata[key] = plain(written)
    for group in ("general/subject", "general/metadata"):
        held = member(file, group)
        if isinstance(held, h5py.Group):
            metadata |= {k: v for k, v in settings(held).items() if k not in metadata}
    return shown(file), metadata
