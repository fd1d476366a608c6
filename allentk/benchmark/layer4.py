"""The recordings of layer 4 of Arkhipov et al. 2018: four files, whose names say what the cells are."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from allentk.benchmark.text_files import read_table
from allentk.errors import FormatError

__all__ = ["is_layer4", "read_layer4"]

#: By the name of the file: cell type, and state of the animals.
_FILES = {
    "ANL4Exc": ("L4 Exc", "anaesthetised"),
    "AWL4Exc": ("L4 Exc", "awake"),
    "ANInh": ("Inh", "anaesthetised"),
    "AWInh": ("Inh", "awake"),
}

#: Two rows that agree in all of these are one cell: only CV_ori differs, or is empty.
_SAME = ("Spont", "Rmax", "DSI", "PrefTF", "PrefSF", "F1F0")


def is_layer4(path: Path) -> bool:
    """Return whether `path` is one of the files, or a folder with any."""
    if path.is_dir():
        return any((path / f"{stem}.csv").is_file() for stem in _FILES)
    return path.stem in _FILES


def read_layer4(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the distinct cells of one file or of a folder, and what was repeated in which.

    Parameters
    ----------
    path : Path
        A file such as ``AWL4Exc.csv``, or the folder of all.

    Returns
    -------
    table : DataFrame
        The published columns, ``cell_type`` and ``state``; the first row of a cell that is repeated.
    notes : tuple of str
        Rows and distinct cells of every file with repeated rows.

    Raises
    ------
    FormatError
        Where a file has other columns, or cannot be read.
    """
    files = [f for stem in _FILES if (f := path / f"{stem}.csv").is_file()] or [path]
    parts, notes = [], []
    for file in files:
        table = _read(file)
        repeated = table.duplicated(subset=list(_SAME))
        if repeated.any():
            rows = ", ".join(str(i + 1) for i in repeated.to_numpy().nonzero()[0])
            notes.append(
                f"{file.name}: {len(table)} rows but {int((~repeated).sum())} distinct cells; rows "
                f"{rows} repeat others in all but CV_ori and are left out"
            )
        kind, state = _FILES[file.stem]
        parts.append(table[~repeated].assign(cell_type=f"{kind}, {state}", state=state, kind=kind))
    return pd.concat(parts, ignore_index=True), tuple(notes)


def _read(file: Path) -> pd.DataFrame:
    table = read_table(file)
    missing = [name for name in (*_SAME, "CV_ori") if name not in table]
    if missing:
        raise FormatError(f"{file}: expected the columns {[*_SAME, 'CV_ori']}, without {missing}")
    return table
