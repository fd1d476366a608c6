"""Neuropixels probes and their channels in NWB 2 files."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import h5py
import pandas as pd

from allentk.errors import FormatError
from allentk.io.dynamic_table import read_table, table_group
from allentk.io.hdf5 import attribute, member, members, text
from allentk.io.nwb2_series import plain

__all__ = ["CHANNEL_PLACES", "ELECTRODES", "electrodes", "probes"]

_EPHYS = "general/extracellular_ephys"
ELECTRODES = f"{_EPHYS}/electrodes"
_RENAMED = {
    "location": "structure_acronym",
    "x": "anterior_posterior_ccf_um",
    "y": "dorsal_ventral_ccf_um",
    "z": "left_right_ccf_um",
}
#: Where a channel is: columns that a unit takes over from its peak channel.
CHANNEL_PLACES = (
    "probe_id",
    "probe_vertical_position",
    "probe_horizontal_position",
    *_RENAMED.values(),
)
_OF_PROBE = ("probe_id", "sampling_rate", "lfp_sampling_rate", "has_lfp_data")


def electrodes(file: h5py.File, where: str) -> pd.DataFrame:
    """Return the channels of a file, one row each: `nwb2_columns.ELECTRODES`.

    Raises
    ------
    FormatError
        Where there is no table of them.
    """
    group = table_group(file, ELECTRODES, where)
    return read_table(group, where, key="channel_id").rename(columns=_RENAMED)


def probes(file: h5py.File, where: str) -> pd.DataFrame:
    """Return the probes of a file, one row each: `nwb2_columns.PROBES`.

    Raises
    ------
    FormatError
        Where there are none.
    """
    groups = members(member(file, _EPHYS))
    rows = [_probe(group) for _, group in groups if _is_probe(group)]
    if not rows:
        raise FormatError(f"{where}: /{_EPHYS}: expected a group per probe, got none")
    return pd.DataFrame(rows)


def _is_probe(item: Any) -> bool:
    return isinstance(item, h5py.Group) and "id" not in item


def _probe(group: h5py.Group) -> dict[str, Any]:
    """Return what is said of a probe, by its group or by its device."""
    device = member(group, "device")
    sources = [group] if device is None else [group, device]
    row: dict[str, Any] = {"name": PurePosixPath(group.name).name}
    for name in _OF_PROBE:
        said = (attribute(source, name) for source in sources)
        row[name] = next((plain(value) for value in said if value is not None), None)
    row["location"] = text(attribute(group, "location") or member(group, "location"))
    return row
