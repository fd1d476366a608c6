"""A session's file, whatever kind of session it is of."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TypeAlias

import h5py

from allentk.errors import FormatError
from allentk.io.behavior_nwb import BehaviorSession, read_behavior_session
from allentk.io.ecephys_nwb import EcephysSession, read_ecephys_session
from allentk.io.hdf5 import attribute, member, members, text
from allentk.io.lfp_nwb import ProbeLFP, read_probe_lfp
from allentk.io.observatory_analysis import SessionAnalysis, read_analysis
from allentk.io.observatory_layout import PIPELINE
from allentk.io.observatory_nwb import read_ophys_session
from allentk.io.observatory_session import OphysSession
from allentk.io.ophys_nwb2 import OphysExperiment, read_ophys_experiment
from allentk.io.remote import RangedFile, open_place

__all__ = ["Session", "read_session"]

_WHAT = "a session's file (two-photon, Neuropixels, behaviour, LFP, or analysis)"

#: What a file of a session is opened as.
Session: TypeAlias = (
    OphysSession | EcephysSession | OphysExperiment | BehaviorSession | ProbeLFP | SessionAnalysis
)
_Source: TypeAlias = str | os.PathLike[str] | RangedFile

#: Groups that sessions with a mouse in front of a screen have, whatever else was recorded.
_BEHAVIOUR = ("intervals/trials", "processing/running", "processing/licking", "processing/rewards")


def read_session(source: str | os.PathLike[str] | RangedFile) -> Session:
    """Open a session's file as what it is; what is asked for is read later.

    Parameters
    ----------
    source : path or RangedFile
        The file. Two-photon sessions of Visual Coding and analysis files are opened from a path only.

    Returns
    -------
    OphysSession, EcephysSession, OphysExperiment, BehaviorSession, ProbeLFP or SessionAnalysis
        A two-photon session of Visual Coding, a Neuropixels session, a two-photon experiment of Visual
        Behavior, a session without either, the LFP of a probe, or what the Observatory computed of a
        session. Who expects one of them calls its own reader: ``read_ophys_session``,
        ``read_ecephys_session``, ``read_ophys_experiment``, ``read_behavior_session``,
        ``read_probe_lfp`` or ``read_analysis``.

    Raises
    ------
    FormatError
        Where the file is missing, no HDF5, cut off, or of no session, such as a patch-clamp recording;
        names the file, what was found and the next step.

    Examples
    --------
    >>> read_session("no.nwb")
    Traceback (most recent call last):
    ...
    allentk.errors.FormatError: no.nwb: there is no such file; expected a session's file (two-photon, \
Neuropixels, behaviour, LFP, or analysis). Check the path
    """
    place = source if isinstance(source, RangedFile) else str(source)
    with open_place(place, _WHAT) as file:
        reader = next(_readers(file), None)
        if reader is None:
            raise _no_session(file, str(place))
    return reader(source)


def _readers(file: h5py.File) -> Iterator[Callable[[_Source], Session]]:
    """Yield the readers that fit a file, the first best."""
    version = _version(file)
    if _holds(file, PIPELINE):
        yield _from_path(read_ophys_session)
    elif not version and _holds(file, "analysis"):
        yield _from_path(read_analysis)
    if not version.startswith("2") or _holds(file, "general/intracellular_ephys"):
        return
    if _holds(file, "units"):
        yield read_ecephys_session
    if _holds(file, "processing/ophys"):
        yield read_ophys_experiment
    if any("lfp" in name.lower() for name, _ in members(member(file, "acquisition"))):
        yield read_probe_lfp
    shown = any(name.endswith("_presentations") for name, _ in members(member(file, "intervals")))
    if shown or any(_holds(file, path) for path in _BEHAVIOUR):
        yield read_behavior_session


def _from_path(
    reader: Callable[[str | os.PathLike[str]], OphysSession | SessionAnalysis],
) -> Callable[[_Source], Session]:
    def read(source: _Source) -> Session:
        if isinstance(source, RangedFile):
            raise FormatError(
                f"{source}: sessions of this kind are not read from a server; download the file, and "
                f"give its path"
            )
        return reader(source)

    return read


def _version(file: h5py.File) -> str:
    said = text(attribute(file, "nwb_version")) or text(member(file, "nwb_version"))
    return said.removeprefix("NWB-")


def _holds(file: h5py.File, path: str) -> bool:
    return isinstance(member(file, path), h5py.Group)


def _no_session(file: h5py.File, where: str) -> FormatError:
    version, held = _version(file), ", ".join(list(file)[:10]) or "nothing"
    return FormatError(
        f"{where}: expected {_WHAT}, got {f'NWB {version}' if version else 'no NWB'} with none of them in "
        f"it (the file holds {held}). A patch-clamp recording is opened by read_nwb"
    )
