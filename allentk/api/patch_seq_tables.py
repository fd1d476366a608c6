"""Tables of the Patch-seq release: files on DANDI, published manifests, and metadata of cells.

Columns of the manifest and of the metadata are those of ``2020-06-26_human_file_manifest.csv`` and
``20200625_patchseq_metadata_{mouse,human}.csv``, as the IPFX repository published them in its folder
``ipfx/data_release``. Later releases have further columns, such as ``T-type Label``; they are kept as
they come. The manifest's ``archive_uri`` of recordings leads to a server that DANDI has switched off
since (``girder.dandiarchive.org``), so that files are found by the session in their names instead.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

from allentk.api.csv_tables import read_csv
from allentk.api.dandi import ASSETS
from allentk.api.expected import Expected
from allentk.api.rma import Row
from allentk.api.tables import Field, documented
from allentk.errors import FormatError

__all__ = ["FILES", "MANIFEST", "METADATA", "agreed", "read_manifest", "read_metadata"]

_RECORDING = "intracellular_electrophysiology"
_SUBJECT = re.compile(r"(?:^|/)sub-(\d+)_")
_SESSION = re.compile(r"_ses-(\d+)[_.]")


def _number(pattern: re.Pattern[str], text: Any) -> int | None:
    found = pattern.search(str(text))
    return int(found.group(1)) if found else None


def _subject(row: Row) -> int | None:
    return _number(_SUBJECT, row["path"])


def _session(row: Row) -> int | None:
    return _number(_SESSION, row["path"])


#: What DANDI says of each file, and what its name says.
FILES = {
    "session_id": Field("path", "int", _session, meaning="the recording session, from the name"),
    "subject_id": Field("path", "int", _subject, meaning="the subject, from the name"),
    **ASSETS,
}

#: Columns of a published file manifest that are used.
MANIFEST = {
    **documented(
        "id",
        """
        file_id | | the file; of a recording, its session
        """,
    ),
    **documented(
        "text",
        """
        file_name | | name, without folders
        technique | | intracellular_electrophysiology, morphology, transcriptomics...
        file_type | | nwb, swc, fastq...
        archive | | which archive has it: DANDI, BIL, NEMO
        archive_uri | | where it was when the manifest was published
        sha256_checksum | | hash of its content
        """,
    ),
    **documented(
        "int",
        """
        file_size | bytes | size
        cell_specimen_id | | the cell
        """,
    ),
}

#: Columns of the published metadata of cells that are used.
METADATA = documented(
    "id",
    """
    cell_specimen_id | | the cell
    ephys_session_id | | its recording session
    """,
)


def read_manifest(path: str | Path) -> pd.DataFrame:
    """Read the recordings that a published file manifest lists.

    Parameters
    ----------
    path : path
        A CSV file.

    Returns
    -------
    DataFrame
        One row per recording: session_id, cell_specimen_id, and what was published of the file:
        published_name, published_size_bytes, published_sha256.

    Raises
    ------
    FormatError
        Where it is no manifest, or lists no recording.
    """
    table = read_csv(Path(path), MANIFEST, what="a Patch-seq file manifest")
    needed = ("file_name", "technique", "cell_specimen_id")
    if missing := [name for name in needed if name not in table]:
        raise FormatError(
            f"{path}: expected a Patch-seq file manifest with {', '.join(needed)}, and there is no "
            f"{', '.join(missing)}"
        )
    recordings = table[table["technique"] == _RECORDING].reset_index(drop=True)
    if recordings.empty:
        raise FormatError(
            f"{path}: expected files of technique {_RECORDING!r}, got only "
            f"{', '.join(sorted(map(str, table['technique'].unique()))[:8])}"
        )
    by_name = [_number(_SESSION, name) for name in recordings["file_name"]]
    sessions = pd.Series(by_name, dtype="Int64").fillna(recordings["file_id"])
    return pd.DataFrame(
        {
            "session_id": sessions,
            "cell_specimen_id": recordings["cell_specimen_id"],
            "published_name": recordings["file_name"],
            "published_size_bytes": recordings.get("file_size"),
            "published_sha256": recordings.get("sha256_checksum"),
        }
    )


def read_metadata(path: str | Path) -> pd.DataFrame:
    """Read the published metadata of cells; columns as they are published.

    Raises
    ------
    FormatError
        Where a column that is needed is missing.
    """
    return read_csv(Path(path), METADATA, what="metadata of Patch-seq cells")


def agreed(here: Expected, row: pd.Series, what: str) -> Expected:
    """Return what a file must be: as DANDI says, and where it says no hash, as the manifest does.

    Warns
    -----
    UserWarning
        Where DANDI has another version of the file than the manifest lists.
    """
    listed = row.get("published_sha256")
    if pd.isna(listed):
        return here
    if not here.digest:
        same = row.get("published_size_bytes") == here.size
        return Expected(here.size, "sha256", str(listed)) if same else here
    if here.digest != str(listed).lower():
        warnings.warn(
            f"{what}: DANDI has another version of it than the manifest lists (SHA-256 "
            f"{here.digest[:12]}... instead of {str(listed)[:12]}...); DANDI's is taken",
            UserWarning,
            stacklevel=5,
        )
    return here
