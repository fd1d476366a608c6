"""A recording of a batch, read where it is worked on."""

from __future__ import annotations

from pathlib import Path

from allentk.data import SweepSet
from allentk.errors import DataError
from allentk.io import read_nwb
from allentk.workflow.tasks import Job

__all__ = ["opened"]


def opened(job: Job) -> SweepSet:
    """Read a recording, and see that it is of the specimen it was fetched for.

    Raises
    ------
    DataError
        Where no sweep was recorded in current clamp.
    FormatError
        Where it cannot be read.
    IntegrityError
        Where it is of another specimen.
    """
    sweeps = read_nwb(job.path)
    if "note" in sweeps.metadata:
        raise DataError(sweeps.metadata["note"])
    if job.specimen_id is None:
        return sweeps
    from allentk.api.client import expect_same

    expect_same(Path(job.path), sweeps.metadata.get("specimen_id"), job.specimen_id, "specimen")
    metadata = {
        **sweeps.metadata,
        "specimen_id": job.specimen_id,
        "synthetic": job.synthetic or bool(sweeps.metadata.get("synthetic")),
    }
    return SweepSet(sweeps.table, sweeps.sweep, source=sweeps.source, metadata=metadata)
