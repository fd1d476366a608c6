"""Two-photon sessions of the Allen Brain Observatory (Visual Coding), NWB 1.

With ``P`` for ``processing/brain_observatory_pipeline``, what is read is::

    P/DfOverF/imaging_plane_1/{data, timestamps}           dF/F, cells x frames, a fraction; seconds
    P/Fluorescence/imaging_plane_1/{data, timestamps}      raw fluorescence
    P/Fluorescence/imaging_plane_1_demixed_signal/data     after unmixing overlapping masks
    P/Fluorescence/imaging_plane_1_neuropil_response/{data, r}    neuropil and its share
    P/ImageSegmentation/{cell_specimen_ids, roi_ids}       ids in the order of the traces
    P/ImageSegmentation/imaging_plane_1/{roi_list, <roi>/img_mask}
    P/ImageSegmentation/imaging_plane_1/reference_images/maximum_intensity_projection_image/data
    P/BehavioralTimeSeries/running_speed/{data, timestamps}       cm/s
    P/EyeTracking/pupil_location{,_spherical}/{data, timestamps}  where the eye was tracked
    P/PupilTracking/pupil_size/{data, timestamps}
    P/MotionCorrection/2p_image_series/xy_translation/{data, timestamps, feature_description}
    stimulus/presentation/<name>_stimulus/{data, features, frame_duration}
    stimulus/templates/<name>_image_stack/data
    general/..., session_description

Stimulus tables count two-photon frames; here they are turned into seconds by the time stamps.

References
----------
de Vries et al. 2020, Nature Neuroscience 23:138-151; the Allen Brain Observatory's technical papers.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from allentk.errors import FormatError
from allentk.io.hdf5 import member, numeric, open_hdf5, readable, text, texts, whole
from allentk.io.observatory_layout import DFF, PRESENTED, SEGMENTS, WHAT
from allentk.io.observatory_metadata import OLDEST_PIPELINE, typed_metadata
from allentk.io.observatory_session import OphysSession
from allentk.io.synthetic import is_synthetic

__all__ = ["OphysSession", "read_ophys_session"]

#: What a file says of itself, by group: key of the metadata, and name in the group.
_WORDS = {
    "/": {
        "session_start_time": "session_start_time",
        "session_description": "session_description",
        "nwb_version": "nwb_version",
    },
    "general": {
        "ophys_experiment_id": "session_id",
        "experiment_container_id": "experiment_container_id",
        "session_type": "session_type",
        "specimen_name": "specimen_name",
        "fov": "fov",
        "pipeline_version": "generated_by",
    },
    "general/devices": {"device": "2-photon microscope"},
    "general/subject": {"genotype": "genotype", "sex": "sex", "age": "age"},
    "general/optophysiology/imaging_plane_1": {
        "targeted_structure": "location",
        "imaging_depth": "imaging depth",
        "indicator": "indicator",
        "excitation_lambda": "excitation_lambda",
    },
}


def read_ophys_session(path: str | os.PathLike[str]) -> OphysSession:
    """Open a two-photon session of Visual Coding; traces are read when they are asked for.

    Parameters
    ----------
    path : path
        The session's NWB file.

    Raises
    ------
    FormatError
        Where the file is missing, no HDF5, cut off, holds no dF/F, or no ids that tell its cells
        apart; names the file, what was found and the next step.
    """
    where = str(path)
    with open_hdf5(path, WHAT) as file:
        if not isinstance(member(file, f"{DFF}/data"), h5py.Dataset):
            held = ", ".join(list(file)[:10]) or "nothing"
            raise FormatError(
                f"{where}: expected {WHAT}, but there is no /{DFF}/data (the file holds {held}). A "
                f"session of another kind is opened by read_session, a patch-clamp recording by read_nwb"
            )
        ids = _cell_ids(file, where)
        stimuli = _stimuli(file)
        metadata = _metadata(file, where)
    return OphysSession(str(Path(path).absolute()), ids, stimuli, metadata)


def _cell_ids(file: h5py.File, where: str) -> tuple[int, ...]:
    n_cells = int(numeric(file, f"{DFF}/data", where, ndim=2).shape[0])
    for name in ("cell_specimen_ids", "roi_ids"):
        held = member(file, f"{SEGMENTS}/{name}")
        if not isinstance(held, h5py.Dataset):
            continue
        ids = _ids(held, f"{where}: {held.name}")
        if len(ids) != n_cells:
            raise FormatError(
                f"{where}: {len(ids)} {name}, but dF/F of {n_cells} cells; the file is damaged"
            )
        twice = [one for one, count in Counter(ids).items() if count > 1]
        if twice:
            raise FormatError(
                f"{where}: {held.name}: the id {twice[0]} is there twice, so it names no cell"
            )
        return ids
    raise FormatError(f"{where}: /{SEGMENTS} has neither cell_specimen_ids nor roi_ids")


def _ids(held: h5py.Dataset, where: str) -> tuple[int, ...]:
    """Return ids: numbers, or the numbers in text such as ``roi_007``."""
    if held.dtype.kind in "iuf":
        return tuple(whole(held[()], where).ravel().tolist())
    written = texts(held)
    ids = [re.fullmatch(r"\D*(\d{1,15})", word) for word in written]
    wrong = [word for word, found in zip(written, ids, strict=True) if found is None]
    if wrong:
        raise FormatError(f"{where}: expected ids such as 517425074 or 'roi_007', got {wrong[0]!r}")
    return tuple(int(found.group(1)) for found in ids if found)


def _stimuli(file: h5py.File) -> tuple[str, ...]:
    group = member(file, PRESENTED)
    names = list(group) if isinstance(group, h5py.Group) else []
    return tuple(sorted(name.removesuffix("_stimulus") for name in names))


def _metadata(file: h5py.File, where: str) -> dict[str, Any]:
    said = _words(file, where)
    description = said.pop("session_description", "")
    version = said.pop("nwb_version", "").removeprefix("NWB-")
    device, pipeline = said.pop("device", ""), said.pop("pipeline_version", "") or OLDEST_PIPELINE
    plain = {key: int(word) if word.isdigit() else word for key, word in said.items() if word}
    return {
        "format": f"NWB {version or '1'}",
        "session_description": description,
        "synthetic": is_synthetic(description),
        **plain,
        **typed_metadata(plain, device),
        "pipeline_version": pipeline,
    }


def _words(file: h5py.File, where: str) -> dict[str, str]:
    """Return what a file says of itself, by key of the metadata; of several words the last."""
    said: dict[str, str] = {}
    with readable(f"{where}: what the session says of itself"):
        for folder, names in _WORDS.items():
            group = member(file, folder)
            if isinstance(group, h5py.Group):
                there = {key: member(group, name) for key, name in names.items()}
                said |= {key: _last(held[()]) for key, held in there.items() if _is_word(held)}
    return said


def _is_word(held: Any) -> bool:
    return isinstance(held, h5py.Dataset) and held.shape is not None


def _last(value: Any) -> str:
    return text(value) if np.ndim(value) == 0 else (texts(value) or [""])[-1]
