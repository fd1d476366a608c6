"""The local field potential of one Neuropixels probe, NWB 2; read by windows of time.

References
----------
Allen Institute, "Visual Coding - Neuropixels", technical white paper: 2.5 kHz, thinned to 1.25 kHz
and to every fourth channel.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import Traces
from allentk.data._html import card, facts, says_synthetic, synthetic_end
from allentk.errors import DataError, FormatError
from allentk.io.behavior_nwb import read_head
from allentk.io.dynamic_table import read_table, row_ids, table_group
from allentk.io.hdf5 import attribute, dataset, member, members, number, numbers
from allentk.io.nwb2_series import position
from allentk.io.probes_nwb import ELECTRODES, electrodes
from allentk.io.remote import Place, RangedFile, open_place, place_of

__all__ = ["ProbeLFP", "probe_lfp", "read_probe_lfp"]

_WHAT = "an NWB 2 file of a probe's LFP"
_MV_PER_V = 1000.0


@dataclass(frozen=True, slots=True, repr=False)
class ProbeLFP:
    """The LFP of one probe; windows of it are read when they are asked for.

    Parameters
    ----------
    place : str or RangedFile
        The file.
    series : str
        Where in the file the LFP is.
    probe_id : int
        The probe; -1 where the file does not say.
    channel_ids : tuple of int
        The channels, in the order of the file.
    span_s : tuple of float
        Time of the first and of the last sample, in seconds of the session.
    metadata : mapping
        What the file says of the session.
    """

    place: Place
    series: str
    probe_id: int
    channel_ids: tuple[int, ...]
    span_s: tuple[float, float]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Where the file is."""
        return str(self.place)

    def read(
        self, start_s: float, stop_s: float, *, channels: Sequence[int] | None = None
    ) -> Traces:
        """Return the LFP from `start_s` to before `stop_s`, in mV.

        Parameters
        ----------
        start_s, stop_s : float
            Window in seconds of the session; only this much is read.
        channels : sequence of int, optional
            Some of `channel_ids`, in this order; by default all.

        Raises
        ------
        DataError
            On an unknown channel, and on a window without samples.
        FormatError
            Where the series does not fit itself.
        """
        columns = self._columns(channels)
        with open_place(self.place, _WHAT) as file:
            data = dataset(file, f"{self.series}/data", self.path)
            times = dataset(file, f"{self.series}/timestamps", self.path)
            first, last = position(times, start_s), position(times, stop_s)
            if last <= first:
                raise DataError(
                    f"{self.path}: no samples from {start_s} to {stop_s} s; the LFP lasts from "
                    f"{self.span_s[0]:.3f} to {self.span_s[1]:.3f} s"
                )
            low, high = int(columns.min()), int(columns.max()) + 1
            values = data[first:last, low:high][:, columns - low]
            scale = _scale(file, self.series, self.path)[columns]
            clock = times[first:last].astype(float)
        wanted = np.array(self.channel_ids, dtype=np.int64)[columns]
        try:
            return Traces((values * scale).T, clock, wanted, "mV")
        except DataError as error:
            raise FormatError(f"{self.path}: /{self.series}: {error}") from error

    def _columns(self, channels: Sequence[int] | None) -> NDArray[np.int64]:
        if channels is None:
            return np.arange(len(self.channel_ids))
        places = {channel: column for column, channel in enumerate(self.channel_ids)}
        unknown = [int(channel) for channel in channels if int(channel) not in places]
        if unknown or not len(channels):
            wrong = f"no channel {unknown[0]}" if unknown else "no channels asked for"
            raise DataError(
                f"{self.path}: {wrong}; the {len(places)} channels are in lfp.channel_ids"
            )
        return np.array([places[int(channel)] for channel in channels], dtype=np.int64)

    def channels(self) -> pd.DataFrame:
        """Return the channels, one row each: `nwb2_columns.ELECTRODES`."""
        with open_place(self.place, _WHAT) as file:
            table = electrodes(file, self.path)
        return table[table["channel_id"].isin(self.channel_ids)].reset_index(drop=True)

    def __repr__(self) -> str:
        return (
            f"<ProbeLFP {Path(self.path).name}: {len(self.channel_ids)} channels, "
            f"{self.span_s[0]:.1f} to {self.span_s[1]:.1f} s"
            f"{synthetic_end(says_synthetic(self.metadata))}>"
        )

    def _repr_html_(self) -> str:
        synthetic = says_synthetic(self.metadata)
        return card(self, facts(self.metadata, most=12), synthetic=synthetic)


def _scale(file: h5py.File, series: str, where: str) -> NDArray[np.float64]:
    """Return what turns the numbers of every channel into mV."""
    data = dataset(file, f"{series}/data", where)
    volts = number(attribute(data, "conversion"), 1.0)
    path = f"{series}/channel_conversion"
    if member(file, path) is None:
        return np.full(data.shape[1], volts * _MV_PER_V)
    factors = numbers(file, path, where)
    if factors.shape != data.shape[1:]:
        raise FormatError(
            f"{where}: /{path}: expected a factor for each of {data.shape[1]} channels, got shape "
            f"{factors.shape}; the file is damaged"
        )
    return volts * factors.astype(float) * _MV_PER_V


def read_probe_lfp(source: str | os.PathLike[str] | RangedFile) -> ProbeLFP:
    """Open the LFP of one probe; windows of it are read later.

    Parameters
    ----------
    source : path or RangedFile
        The probe's NWB 2 file.

    Raises
    ------
    FormatError
        Where the file is missing, no NWB 2, cut off, or holds no LFP, or that of several probes.
    """
    place = place_of(source)
    with open_place(place, _WHAT) as file:
        found = probe_lfp(file, place, None)
    if found is None:
        raise FormatError(f"{place}: expected {_WHAT}, but there is no LFP in /acquisition")
    return found


def probe_lfp(file: h5py.File, place: Place, probe: int | None) -> ProbeLFP | None:
    """Return the LFP of a probe in an open file, of any probe for None; None where there is none.

    Raises
    ------
    FormatError
        Where there is that of several probes, a series does not fit itself, or its electrodes are on
        another probe.
    """
    where = str(place)
    found = [path for path in _series(file) if probe is None or _is_of(probe, path)]
    if not found:
        return None
    if len(found) > 1:
        raise FormatError(
            f"{where}: expected the LFP of one probe, got {', '.join(found)}; open the session by "
            f"read_ecephys_session and name the probe"
        )
    lfp = _opened(file, place, found[0])
    if probe is not None and lfp.probe_id not in (-1, probe):
        raise FormatError(
            f"{where}: /{lfp.series}: expected the LFP of probe {probe}, but its electrodes are on "
            f"probe {lfp.probe_id}; delete the file and fetch it again"
        )
    return lfp


def _is_of(probe: int, path: str) -> bool:
    return str(probe) in re.findall(r"\d+", path.split("/")[1])


def _series(file: h5py.File) -> list[str]:
    """Return the paths of the LFP series: those in containers, or else those on their own."""
    items = members(member(file, "acquisition"))
    named = {name: item for name, item in items if "lfp" in name.lower()}
    alone = [f"acquisition/{name}" for name, item in named.items() if "data" in item]
    held = [
        f"acquisition/{name}/{key}"
        for name, item in named.items()
        if "data" not in item
        for key, one in members(item)
        if isinstance(one, h5py.Group) and "data" in one
    ]
    return held or alone


def _opened(file: h5py.File, place: Place, series: str) -> ProbeLFP:
    where = str(place)
    data, times = (dataset(file, f"{series}/{name}", where) for name in ("data", "timestamps"))
    rows = numbers(file, f"{series}/electrodes", where, ndim=1).astype(np.int64)
    group = table_group(file, ELECTRODES, where)
    ids = row_ids(group)
    fits = data.ndim == 2 and data.shape == (times.shape[0], rows.size) and times.shape[0] > 0
    if not fits or (rows.size and not 0 <= rows.min() <= rows.max() < ids.size):
        raise FormatError(
            f"{where}: /{series}: expected samples x channels, got data of shape {data.shape}, "
            f"{times.shape[0]} time stamps and {rows.size} electrodes of {ids.size}; the file is "
            f"damaged"
        )
    probes = read_table(group, where, names=("probe_id",)).get("probe_id")
    probe = -1 if probes is None or not rows.size else int(probes[rows[0]])
    span = float(times[0]), float(times[-1])
    _, metadata = read_head(file, where)
    return ProbeLFP(place, series, probe, tuple(ids[rows].tolist()), span, metadata)
