"""First spikes and time scales of Siegle et al. 2021: two files of a folder, one row per unit."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from allentk.benchmark.text_files import read_table
from allentk.errors import FormatError

__all__ = ["is_timing", "read_timing"]

#: Files, and the columns that they must have.
_FILES = {
    "timescale_metrics.csv": (
        "ecephys_unit_id",
        "area",
        "timescale_ac",
        "err_ac",
        "spike_count_ac",
    ),
    "time_to_first_spike.csv": ("ecephys_unit_id", "time_to_first_spike_fl"),
}


def is_timing(path: Path) -> bool:
    """Return whether `path` is a folder with both files."""
    return path.is_dir() and all((path / name).is_file() for name in _FILES)


def read_timing(folder: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the units of both files, and what is to be said of them.

    Parameters
    ----------
    folder : Path
        With ``timescale_metrics.csv``, which has the areas, and ``time_to_first_spike.csv``.

    Returns
    -------
    table : DataFrame
        The published columns of both; a unit of which there is no area has none.
    notes : tuple of str
        Empty.

    Raises
    ------
    FormatError
        Where a file has other columns, names a unit twice, or cannot be read.
    """
    slow, first = (_read(folder / name, columns) for name, columns in _FILES.items())
    return slow.merge(first, on="ecephys_unit_id", how="outer"), ()


def _read(file: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    table = read_table(file)
    missing = [name for name in columns if name not in table]
    if missing:
        raise FormatError(f"{file}: expected the columns {list(columns)}, without {missing}")
    twice = table["ecephys_unit_id"].duplicated()
    if twice.any():
        unit = table.loc[twice, "ecephys_unit_id"].iloc[0]
        raise FormatError(f"{file}: expected one row per unit, got two of unit {unit}")
    return table[[*columns]]
