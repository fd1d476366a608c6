"""The table of recordings of an NWB 2 file that allentk writes, and what each sweep adds to it.

``/general/intracellular_ephys/intracellular_recordings`` has one row per sweep. Beside the
categories of the format (electrode, stimulus, response) it has one of ours, `CATEGORY`, with what a
sweep knows and the format has no place for::

    number                      number of the sweep
    clamp, stimulus, code       text
    amplitude_pa                pA; NaN where unknown
    start_s, stop_s             stimulus window in s; NaN where unknown
    sampling_rate_hz, n_samples
    metadata                    JSON object: the sweep's metadata
    further                     JSON object: further columns of the set's table

``/general/notes`` is a JSON object; its member `CATEGORY` is the metadata of the recording.

References
----------
NWB format specification, icephys: https://nwb-schema.readthedocs.io; HDMF common schema,
AlignedDynamicTable: https://hdmf-common-schema.readthedocs.io
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

__all__ = ["CATEGORY", "COLUMNS", "RECORDINGS", "Pair", "Recording", "identify", "write_recordings"]

CATEGORY = "allentk"
RECORDINGS = "general/intracellular_ephys/intracellular_recordings"

_ABOUT = {
    "number": "Number of the sweep",
    "clamp": "What the amplifier held: current or voltage",
    "stimulus": "Name of the protocol; empty where unknown",
    "code": "Code of the protocol as the rig wrote it",
    "amplitude_pa": "Nominal amplitude in pA; NaN where unknown",
    "start_s": "Start of the stimulus, the test pulse excluded, in s from sample 0; NaN where none",
    "stop_s": "End of the stimulus in s from sample 0; NaN where none",
    "sampling_rate_hz": "Samples per second",
    "n_samples": "Number of samples",
    "metadata": "JSON object: what else is known of the sweep",
    "further": "JSON object: further columns of the table of sweeps",
}
_NOTHING = (-1, -1)
#: A response and its stimulus, where there is one.
Pair = tuple[h5py.Group, h5py.Group | None]


@dataclass(frozen=True, slots=True)
class Recording:
    """One row: what `CATEGORY` says, and nothing about where the series are."""

    number: int
    clamp: str
    stimulus: str
    code: str
    amplitude_pa: float
    start_s: float
    stop_s: float
    sampling_rate_hz: float
    n_samples: int
    metadata: str
    further: str


COLUMNS = tuple(field.name for field in fields(Recording))


def identify(item: h5py.Group | h5py.Dataset, kind: str, namespace: str = "core") -> None:
    """Say of what type of the format something is."""
    item.attrs["namespace"], item.attrs["neurodata_type"] = namespace, kind
    item.attrs["object_id"] = str(uuid.uuid4())


def write_recordings(
    file: h5py.File,
    electrode: h5py.Group,
    rows: Sequence[Recording],
    series: Sequence[Pair],
) -> None:
    """Write the table.

    Parameters
    ----------
    file : h5py.File
        The file.
    electrode : h5py.Group
        What recorded.
    rows : sequence of Recording
        One per sweep.
    series : sequence of (response, stimulus)
        Their series; no stimulus where none is known.
    """
    table = file.create_group(RECORDINGS)
    identify(table, "IntracellularRecordingsTable")
    table.attrs["description"] = "One row per sweep: its electrode, its stimulus, its response"
    table.attrs["colnames"] = np.zeros(0)
    table.attrs["categories"] = _texts(["electrodes", "stimuli", "responses", CATEGORY])
    _ids(table, len(rows))
    electrodes = np.array([electrode.ref] * len(rows), dtype=h5py.ref_dtype)
    _category(
        table, "electrodes", "IntracellularElectrodesTable", "core", {"electrode": electrodes}
    )
    responses, stimuli = zip(*series, strict=True)
    for name, kind, given in (
        ("stimuli", "IntracellularStimuliTable", {"stimulus": _references(file, stimuli)}),
        ("responses", "IntracellularResponsesTable", {"response": _references(file, responses)}),
        (CATEGORY, "DynamicTable", _columns(rows)),
    ):
        _category(table, name, kind, "hdmf-common" if name == CATEGORY else "core", given)


def _columns(rows: Sequence[Recording]) -> dict[str, NDArray[Any]]:
    said = [asdict(row) for row in rows]
    columns = {name: [row[name] for row in said] for name in COLUMNS}
    return {
        name: _texts(values) if isinstance(values[0], str) else np.array(values)
        for name, values in columns.items()
    }


def _category(
    table: h5py.Group,
    name: str,
    kind: str,
    namespace: str,
    columns: Mapping[str, NDArray[Any]],
) -> None:
    group = table.create_group(name)
    identify(group, kind, namespace)
    group.attrs["description"] = f"What the rows say about their {name}"
    group.attrs["colnames"] = _texts(list(columns))
    for column, values in columns.items():
        held = group.create_dataset(column, data=values)
        if values.dtype.names:
            identify(held, "TimeSeriesReferenceVectorData")
        else:
            identify(held, "VectorData", "hdmf-common")
        held.attrs["description"] = _ABOUT.get(column, f"The {column} of the recording")
    _ids(group, len(next(iter(columns.values()))))


def _ids(table: h5py.Group, count: int) -> None:
    identify(table.create_dataset("id", data=np.arange(count)), "ElementIdentifiers", "hdmf-common")


def _references(file: h5py.File, series: Sequence[h5py.Group | None]) -> NDArray[Any]:
    """Return which samples of which series each row has; nothing where there is no series.

    A reference must point somewhere; to the file itself where there is nothing to point at.
    """
    dtype = np.dtype([("idx_start", "i4"), ("count", "i4"), ("timeseries", h5py.ref_dtype)])
    some = next((one for one in series if one is not None), file)
    rows = [
        (*_NOTHING, some.ref) if one is None else (0, one["data"].shape[0], one.ref)
        for one in series
    ]
    return np.array(rows, dtype=dtype)


def _texts(values: list[str]) -> NDArray[Any]:
    return np.array(values, dtype=h5py.string_dtype())
