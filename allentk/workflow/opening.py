"""A recording of a batch, read where it is worked on."""

from __future__ import annotations

from pathlib import Path

from allentk.data import SweepSet
from allentk.errors import DataError
from allentk.io import read_nwb

__all__ = ["opened"]


def opened(path: str, *, specimen_id: int | None = None, synthetic: bool = False) -> SweepSet:
    """Read a recording, and see that it is of the specimen it was fetched for.

    Parameters
    ----------
    path : str
        The file.
    specimen_id : int, optional
        The specimen where the file was fetched for one.
    synthetic : bool
        Whether it came from a synthetic service.

    Raises
    ------
    DataError
        Where no sweep was recorded in current clamp.
    FormatError
        Where it cannot be read.
    IntegrityError
        Where it is of another specimen.
    """
    sweeps = read_nwb(path)
    if "note" in sweeps.metadata:
        raise DataError(sweeps.metadata["note"])
    if specimen_id is None:
        return sweeps
    from allentk.api.client import expect_same

    expect_same(Path(path), sweeps.metadata.get("specimen_id"), specimen_id, "specimen")
    metadata = {
        **sweeps.metadata,
        "specimen_id": specimen_id,
        "synthetic": synthetic or bool(sweeps.metadata.get("synthetic")),
    }
    return SweepSet(sweeps.table, sweeps.sweep, source=sweeps.source, metadata=metadata)
