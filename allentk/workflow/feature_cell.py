"""One recording of a batch, measured: plain values that travel between processes and into files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk import features
from allentk.data import SweepSet
from allentk.errors import AllenTKError
from allentk.features.definition import Definition
from allentk.workflow.opening import opened

__all__ = ["PARTS", "ROW_COLUMNS", "Job", "Measured", "Record", "measured", "plain_records"]

#: A row of a table in JSON's own types; what is missing is None.
Record: TypeAlias = "dict[str, Any]"

#: Keys of a cell's row: the published columns, and the low-pass.
ROW_COLUMNS = (*features.CELL_COLUMNS, "filter_hz")

#: What can be measured besides the published columns.
PARTS = ("quality", "vectors")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to measure.

    Parameters
    ----------
    path : str
        The file.
    definition : {"allen", "allentk"}
        Whose rules; see `allentk.features.cell`.
    parts : tuple of str
        Which of `PARTS` besides.
    specimen_id : int, optional
        The specimen the file was fetched for.
    synthetic : bool
        Whether it came from a synthetic service.
    """

    path: str
    definition: Definition
    parts: tuple[str, ...] = ()
    specimen_id: int | None = None
    synthetic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """What was measured of one recording.

    Parameters
    ----------
    row : dict
        The published columns, None where there is no value, and ``filter_hz``: the low-pass used, the
        lowest where sampling rates differ.
    sweep_errors : list of dict
        ``number`` and ``error`` of each sweep that could not be measured.
    source : str
        The file.
    synthetic : bool
        Whether the recording is synthetic.
    quality : list of dict, optional
        Rows of `allentk.features.quality.quality`.
    vectors : dict of array, optional
        As of `allentk.features.vectors.vectors`.
    failed : dict of str to AllenTKError
        Why a part of `PARTS` that was asked for is not there.
    """

    row: Record
    sweep_errors: list[Record]
    source: str
    synthetic: bool
    quality: list[Record] | None = None
    vectors: dict[str, NDArray[np.float64]] | None = None
    failed: dict[str, AllenTKError] = field(default_factory=dict)

    @property
    def parts(self) -> set[str]:
        """Which of `PARTS` are there."""
        return {name for name in PARTS if getattr(self, name) is not None}


def measured(job: Job) -> Measured:
    """Measure a recording.

    Raises
    ------
    AllenTKError
        Where the file cannot be read, or no cell can be measured from it.
    """
    sweeps = opened(job.path, specimen_id=job.specimen_id, synthetic=job.synthetic)
    row = features.cell(sweeps, definition=job.definition)
    parts: dict[str, Any] = {}
    failed: dict[str, AllenTKError] = {}
    for name in job.parts:
        try:
            parts[name] = _MEASURES[name](sweeps, job.definition)
        except AllenTKError as error:
            failed[name] = error
    return Measured(
        row={**plain_records(row.to_frame().T)[0], "filter_hz": min(row.attrs["filter_hz"])},
        sweep_errors=[
            {"number": int(error["number"]), "error": str(error["error"])}
            for error in row.attrs["errors"]
        ],
        source=job.path,
        synthetic=bool(sweeps.metadata.get("synthetic")),
        failed=failed,
        **parts,
    )


def _quality(sweeps: SweepSet, _: Definition) -> list[Record]:
    from allentk.features.quality import quality

    return plain_records(quality(sweeps, progress=False))


def _vectors(sweeps: SweepSet, definition: Definition) -> dict[str, NDArray[np.float64]]:
    from allentk.features.vectors import vectors

    found: Mapping[str, Any] = vectors(sweeps, definition=definition)
    return {name: np.asarray(vector, dtype=np.float64).ravel() for name, vector in found.items()}


_MEASURES = {"quality": _quality, "vectors": _vectors}


def plain_records(frame: pd.DataFrame) -> list[Record]:
    """Return the rows of a table in JSON's own types; what is no finite number becomes None.

    Examples
    --------
    >>> plain_records(pd.DataFrame({"ri": [float("nan"), 120.5]}))
    [{'ri': None}, {'ri': 120.5}]
    """
    known = frame.astype(object).mask(frame.isin([np.inf, -np.inf]) | frame.isna(), None)
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in known.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
