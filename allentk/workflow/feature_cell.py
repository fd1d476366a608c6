"""One recording of a batch, measured: plain values that travel between processes and into files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk import features
from allentk.data import SweepSet
from allentk.errors import AllenTKError
from allentk.features.definition import Definition
from allentk.workflow.opening import opened
from allentk.workflow.table_files import Record, records
from allentk.workflow.tasks import Finished, Job

__all__ = ["PARTS", "ROW_COLUMNS", "FeatureJob", "Measured", "measured"]

#: Keys of a cell's row: the published columns, and the low-pass.
ROW_COLUMNS = (*features.CELL_COLUMNS, "filter_hz")

#: What can be measured besides the published columns.
PARTS = ("quality", "vectors")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureJob(Job):
    """What to measure.

    Parameters
    ----------
    definition : {"allen", "allentk"}
        Whose rules; see `allentk.features.cell`.
    parts : tuple of str
        Which of `PARTS` besides.
    path, specimen_id, synthetic
        As of `allentk.workflow.tasks.Job`.
    """

    definition: Definition
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured(Finished):
    """What was measured of one recording.

    Parameters
    ----------
    row : dict
        The published columns, None where there is no value, and ``filter_hz``: the low-pass used, the
        lowest where sampling rates differ.
    sweep_errors : list of dict
        ``number`` and ``error`` of each sweep that could not be measured.
    quality : list of dict, optional
        Rows of `allentk.features.quality.quality`.
    vectors : dict of array, optional
        As of `allentk.features.vectors.vectors`.
    failed : dict of str to AllenTKError
        Why a part of `PARTS` that was asked for is not there.
    source, synthetic
        As of `allentk.workflow.tasks.Finished`.
    """

    row: Record
    sweep_errors: list[Record]
    quality: list[Record] | None = None
    vectors: dict[str, NDArray[np.float64]] | None = None
    failed: dict[str, AllenTKError] = field(default_factory=dict)

    @property
    def parts(self) -> set[str]:
        """Which of `PARTS` are there."""
        return {name for name in PARTS if getattr(self, name) is not None}


def measured(job: FeatureJob) -> Measured:
    """Measure a recording.

    Raises
    ------
    AllenTKError
        Where the file cannot be read, or no cell can be measured from it.
    """
    sweeps = opened(job)
    row = features.cell(sweeps, definition=job.definition)
    parts: dict[str, Any] = {}
    failed: dict[str, AllenTKError] = {}
    for name in job.parts:
        try:
            parts[name] = _MEASURES[name](sweeps, job.definition)
        except AllenTKError as error:
            failed[name] = error
    return Measured(
        row={**records(row.to_frame().T)[0], "filter_hz": min(row.attrs["filter_hz"])},
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

    return records(quality(sweeps, progress=False))


def _vectors(sweeps: SweepSet, definition: Definition) -> dict[str, NDArray[np.float64]]:
    from allentk.features.vectors import vectors

    found: Mapping[str, Any] = vectors(sweeps, definition=definition)
    return {name: np.asarray(vector, dtype=np.float64).ravel() for name, vector in found.items()}


_MEASURES = {"quality": _quality, "vectors": _vectors}
