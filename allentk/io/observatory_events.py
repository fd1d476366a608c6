"""Events of a two-photon session: spiking activity inferred from dF/F, one value per frame.

A file of events is a zip archive of numpy (``.npz``) whose array ``ev`` has the cells and the frames
of the session's dF/F. Nothing in it is unpickled.

References
----------
de Vries et al. 2020, Nature Neuroscience 23:138-151 (events by l0-penalised deconvolution; Jewell
and Witten 2018).
"""

from __future__ import annotations

import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.data import Traces
from allentk.errors import FormatError
from allentk.io.files import existing
from allentk.io.observatory_session import OphysSession

__all__ = ["read_event_values", "read_events"]

_ARRAY = "ev"
_MEMBER = f"{_ARRAY}.npy"
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_AGAIN = "Delete it and fetch it again"


def read_events(path: str | os.PathLike[str], session: OphysSession) -> Traces:
    """Return the events of a session.

    Parameters
    ----------
    path : path
        The ``.npz`` file.
    session : OphysSession
        The session they are of; gives the cells and the times.

    Returns
    -------
    Traces
        With the unit ``"events"``.

    Raises
    ------
    FormatError
        As `read_event_values`.
    """
    times = session.frame_times_s()
    values = read_event_values(path, (len(session.cell_specimen_ids), times.size))
    return Traces(values, times, np.array(session.cell_specimen_ids, dtype=np.int64), "events")


def read_event_values(path: str | os.PathLike[str], shape: tuple[int, int]) -> NDArray[Any]:
    """Return the events of a file.

    Parameters
    ----------
    path : path
        The ``.npz`` file.
    shape : tuple of int
        Cells and frames of the session's dF/F.

    Returns
    -------
    ndarray, shape (n_cells, n_frames)
        float32 or float64, as in the file; read-only.

    Raises
    ------
    FormatError
        Where there is no such file, it is no such archive or damaged, has no array ``ev``, or one of
        another shape or of no numbers.
    """
    found = existing(path, "a file of events (.npz)")
    try:
        _check_header(found, shape)
        with np.load(found, allow_pickle=False) as held:
            values: NDArray[Any] = held[_ARRAY]
    except KeyError as error:
        raise FormatError(
            f"{found}: expected an array {_ARRAY!r}, and there is none. Is this the file of events "
            f"of a session?"
        ) from error
    except FormatError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise FormatError(
            f"{found}: expected a file of events (.npz), and it cannot be read ({error}). {_AGAIN}"
        ) from error
    single = values.dtype.kind == "f" and values.dtype.itemsize == 4
    kept = values.astype(np.float32 if single else np.float64, copy=False)
    kept.flags.writeable = False
    return kept


def _check_header(where: Path, shape: tuple[int, int]) -> None:
    """Refuse an array of another session before any of it is unpacked."""
    with zipfile.ZipFile(where) as archive, archive.open(_MEMBER) as member:
        version = np.lib.format.read_magic(member)
        if version not in _HEADERS:
            raise ValueError(f"version {version} of numpy's format is not known")
        found, _, dtype = _HEADERS[version](member)
    if found != shape or dtype.kind not in "fiu":
        raise FormatError(
            f"{where}: expected {_ARRAY!r} of {shape[0]} cells by {shape[1]} frames, as the session's "
            f"dF/F, got {dtype} of shape {found}. Is it of another session?"
        )
