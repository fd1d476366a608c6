"""What a file must look like before it may carry its name: a glance, not a reading."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from allentk.errors import IntegrityError

__all__ = [
    "Check",
    "hdf5",
    "json_object",
    "nonempty",
    "npz",
    "nwb",
    "sees_a_cut",
    "swc",
    "zip_archive",
]

#: Raises IntegrityError where the file at a path is not of its kind; the text names it in messages.
Check: TypeAlias = Callable[[Path, str], None]

_HDF5 = b"\x89HDF\r\n\x1a\n"
_GLANCE = 2**16
_SWC_COLUMNS = 7
#: Where HDF5 looks for its signature; what comes before is the user's own.
_HDF5_STARTS = (0, *(512 * 2**n for n in range(12)))


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_GLANCE)


def _not(kind: str, path: Path, what: str, why: str = "") -> IntegrityError:
    start = _start(path)
    page = start.lstrip()[:1] == b"<"
    got = f"{'a web page' if page else 'something else'} beginning {start[:40]!r}"
    return IntegrityError(
        f"{what}: expected {kind}, got {path.stat().st_size} bytes of {why or got}; it was not kept. "
        f"Try again later: services answer like this when they are out of order"
    )


def hdf5(path: Path, what: str) -> None:
    """Expect a whole HDF5 file: signature, and as long as its first block says.

    Raises
    ------
    IntegrityError
        Where it is none, or was cut short.

    References
    ----------
    HDF5 File Format Specification 3.0, section II.A, "Superblock".
    """
    size = path.stat().st_size
    end = _hdf5_end(path)
    if end is None:
        raise _not("an HDF5 file", path, what)
    if size < end:
        raise _not(f"an HDF5 file of {end} bytes", path, what, "one that was cut short")


def _hdf5_end(path: Path) -> int | None:
    """Return the length that an HDF5 file says it has; None where it is no such file."""
    with path.open("rb") as file:
        for start in _HDF5_STARTS:
            file.seek(start)
            block = file.read(96)
            if block.startswith(_HDF5):
                return _end_address(block)
            if len(block) < len(_HDF5):
                break
    return None


def _end_address(block: bytes) -> int | None:
    """Return what the superblock gives as the first byte behind the file's content."""
    version = block[8] if len(block) > 8 else 255
    if version > 3 or len(block) < 16:
        return None
    # Where the width of an address is written, and where the addresses begin: base, one more, end.
    width_at, base_at = {0: (13, 24), 1: (13, 28)}.get(version, (9, 12))
    width = block[width_at]
    end_at = base_at + 2 * width
    if width not in (2, 4, 8) or len(block) < end_at + width:
        return None
    return int.from_bytes(block[end_at : end_at + width], "little")


#: An NWB file is an HDF5 file; what is in it is looked at when it is read.
nwb = hdf5


def swc(path: Path, what: str) -> None:
    """Expect SWC: the first line that is no comment has seven numbers.

    Raises
    ------
    IntegrityError
        Where it has not.
    """
    text = _start(path).decode("utf-8", errors="replace")
    nodes = (line.split("#", 1)[0].split() for line in text.splitlines())
    first = next((words for words in nodes if words), [])
    if len(first) != _SWC_COLUMNS or not all(map(_is_number, first)):
        raise _not("an SWC file", path, what)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def json_object(path: Path, what: str) -> None:
    """Expect a JSON object.

    Raises
    ------
    IntegrityError
        Where it is none.
    """
    document = _json(path, what)
    if not isinstance(document, dict) or document.get("success") is False:
        raise _not("a JSON object", path, what)


def _json(path: Path, what: str) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _not("JSON", path, what) from error


def zip_archive(path: Path, what: str) -> None:
    """Expect a zip archive with its directory, which stands at its end.

    Raises
    ------
    IntegrityError
        Where it is none, or was cut short.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _not("a zip archive", path, what) from error


def npz(path: Path, what: str) -> None:
    """Expect a NumPy archive: a zip of ``.npy`` files and nothing else.

    Raises
    ------
    IntegrityError
        Where it is none, or was cut short.
    """
    zip_archive(path, what)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if not names or not all(name.endswith(".npy") for name in names):
        raise _not("a NumPy archive (.npz)", path, what)


def nonempty(path: Path, what: str) -> None:
    """Expect anything but nothing and a web page.

    Raises
    ------
    IntegrityError
        Where it is empty, or is a web page.
    """
    start = _start(path)
    if not start or start.lstrip()[:1] == b"<":
        raise _not("a file", path, what)


_SEE_A_CUT = (hdf5, json_object, npz, zip_archive)


def sees_a_cut(check: Check | None) -> bool:
    """Whether a check refuses every file of its kind that was cut short."""
    return check in _SEE_A_CUT
