"""Files on a server, read piece by piece as if they lay on the disk.

A reader of NWB 2 holds a place: the path of a file, or a `RangedFile`, whose bytes are fetched where
they are looked at. Asking for them is not done here; whoever makes a `RangedFile` says how.
"""

from __future__ import annotations

import io
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import h5py

from allentk.errors import AllenTKError, DataError, FormatError
from allentk.io.hdf5 import DAMAGE, SIGNATURE, open_hdf5

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["Place", "RangedFile", "open_place", "place_of"]

#: Returns the bytes from the first one to the one before the last.
Fetch: TypeAlias = Callable[[int, int], bytes]

_BLOCK = 2**18
_KEPT_BLOCKS = 512
_MOST_AHEAD = 32


class RangedFile(io.RawIOBase):
    """A file whose bytes are fetched when they are read, and kept for a while.

    Blocks of 256 KiB are kept, 128 MiB of them in all. Where one block after the other is read, more
    and more of them are fetched at once, up to 8 MiB.

    Parameters
    ----------
    name : str
        Where it is; used in messages.
    size : int
        Length in bytes.
    fetch : callable
        ``fetch(start, stop)`` returns the bytes from `start` to the one before `stop`.

    Examples
    --------
    >>> text = b"0123456789"
    >>> file = RangedFile("https://example.org/digits", 10, lambda start, stop: text[start:stop])
    >>> file.seek(4), file.read(3)
    (4, b'456')
    """

    def __init__(self, name: str, size: int, fetch: Fetch) -> None:
        self.name = name
        self.size = size
        self._fetch = fetch
        self._position = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._next = -1
        self._ahead = 1

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position, counted from the start, from here or from the end."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}
        self._position = max(origin[whence] + offset, 0)
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill `buffer` from here on and return how many bytes there were."""
        view = memoryview(buffer).cast("B")
        done, wanted = 0, max(min(len(view), self.size - self._position), 0)
        while done < wanted:
            number, offset = divmod(self._position, _BLOCK)
            last = (self._position + wanted - done - 1) // _BLOCK
            piece = self._block(number, last)[offset : offset + wanted - done]
            view[done : done + len(piece)] = piece
            done += len(piece)
            self._position += len(piece)
        return done

    def _block(self, number: int, last: int) -> bytes:
        """Return a block; where it must be fetched, so are those up to `last` that are missing."""
        kept = self._blocks.get(number)
        if kept is not None:
            self._blocks.move_to_end(number)
            return kept
        self._ahead = min(2 * self._ahead, _MOST_AHEAD) if number == self._next else 1
        stop = number + 1
        most = number + min(max(last - number + 1, self._ahead), _MOST_AHEAD)
        while stop < most and stop * _BLOCK < self.size and stop not in self._blocks:
            stop += 1
        self._keep(number, stop)
        self._next = stop
        return self._blocks[number]

    def _keep(self, first: int, stop: int) -> None:
        start, end = first * _BLOCK, min(stop * _BLOCK, self.size)
        body = self._fetch(start, end)
        if len(body) != end - start:
            raise FormatError(
                f"{self.name}: expected {end - start} bytes from byte {start} on, got {len(body)}; "
                f"open it again"
            )
        for number in range(first, stop):
            self._blocks[number] = body[(number - first) * _BLOCK : (number - first + 1) * _BLOCK]
        while len(self._blocks) > max(_KEPT_BLOCKS, stop - first):
            self._blocks.popitem(last=False)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<RangedFile {self.name}: {self.size} bytes>"

    def __reduce__(self) -> Any:
        raise DataError(
            f"{self.name}: a file that is read from a server cannot be pickled; download it, and "
            f"pickle what reads it from the disk"
        )


#: Where an NWB file is: its path, or a file on a server.
Place: TypeAlias = str | RangedFile


def place_of(source: str | os.PathLike[str] | RangedFile) -> Place:
    """Return the place of a file; a path becomes an absolute one."""
    return source if isinstance(source, RangedFile) else str(Path(source).absolute())


@contextmanager
def open_place(place: Place, what: str) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading, wherever it is.

    Parameters
    ----------
    place : str or RangedFile
        The file.
    what : str
        What was expected, such as ``"an NWB 2 file"``; used in messages.

    Raises
    ------
    FormatError
        Where there is no such file, or it is no HDF5, or is damaged.
    AllenTKError
        As the server's answers say, where it is on a server.
    """
    try:
        with open_hdf5(place, what) if isinstance(place, str) else _opened(place, what) as file:
            yield file
    except AllenTKError:
        raise
    except DAMAGE as error:
        raise FormatError(
            f"{place}: expected {what}, but the HDF5 inside cannot be read ({error}); it is damaged. "
            f"Fetch it again, and if that is damaged too, tell whoever publishes it"
        ) from error


def _opened(place: RangedFile, what: str) -> h5py.File:
    place.seek(0)
    start = place.read(len(SIGNATURE)) or b""
    if start != SIGNATURE:
        raise FormatError(
            f"{place}: expected {what}, but this is not an HDF5 file (it has {place.size} bytes and "
            f"begins with {start!r}). Is this the right address?"
        )
    return h5py.File(place, "r")
