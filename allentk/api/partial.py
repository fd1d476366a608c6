"""A download under way: its bytes beside the file, and which version of the file they are of."""

from __future__ import annotations

import json
import os
import re
import stat
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from allentk.api.exchange import BodyLostError, Response
from allentk.atomic import part_of, write_json

__all__ = ["CONTENT_RANGE", "Part", "Version", "version_of"]

CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", re.ASCII)
_TEXTS = ("url", "etag", "last_modified")


@dataclass(frozen=True, slots=True)
class Version:
    """Which version of a file some bytes are of.

    Parameters
    ----------
    url : str
        What was asked for.
    etag, last_modified : str
        What the server said of its version; empty where it said nothing.
    total : int or None
        Bytes of the whole file; None where the server did not say.
    """

    url: str
    etag: str = ""
    last_modified: str = ""
    total: int | None = None

    @property
    def validator(self) -> str:
        """What tells this version from others, for ``If-Range``; empty where nothing does."""
        strong = self.etag if self.etag.startswith('"') else ""
        return strong or self.last_modified

    def rest(self, start: int) -> dict[str, str]:
        """Return the headers that ask for the bytes from `start`, of this version only."""
        headers = {"Range": f"bytes={start}-"}
        if self.validator:
            headers["If-Range"] = self.validator
        return headers

    def continues(self, response: Response, start: int) -> bool:
        """Whether an answer is the rest of this version, from `start` to its end."""
        said = CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
        if response.status != 206 or said is None or response.encoded:
            return False
        first, last, total = map(int, said.groups())
        fits = first == start and last == total - 1 and total == (self.total or total)
        long = response.length in (None, last - first + 1)
        etag = response.headers.get("etag", self.etag)
        changed = response.headers.get("last-modified", self.last_modified)
        return fits and long and etag == self.etag and changed == self.last_modified


def version_of(response: Response, url: str) -> Version:
    """Return the version that an answer with the whole file is of."""
    headers = response.headers
    return Version(
        url,
        etag=headers.get("etag", ""),
        last_modified=headers.get("last-modified", ""),
        total=response.length,
    )


class Part:
    """Bytes on their way into a file; the file, and its folder, are made with the first.

    Parameters
    ----------
    target : Path
        The file that they become.

    Attributes
    ----------
    path : Path
        Where they are meanwhile: hidden, beside the target.
    size : int
        How many there are.
    """

    __slots__ = ("_file", "_note", "path", "size")

    def __init__(self, target: Path) -> None:
        self.path = part_of(target)
        self.size = 0
        self._note = self.path.with_name(f"{self.path.name}.json")
        self._file: BinaryIO | None = None

    def begin(self) -> None:
        """Make a new, empty file; another process that still writes the old one harms nobody."""
        self.drop()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("xb")

    def write(self, chunk: bytes) -> None:
        """Take some bytes."""
        if self._file is None:
            self.begin()
        assert self._file is not None
        self._file.write(chunk)
        self.size += len(chunk)

    def finish(self, what: str) -> None:
        """See the bytes onto the disk.

        Raises
        ------
        BodyLostError
            Where another process has put its own file there meanwhile, which it can only on a
            filesystem whose locks do not hold.
        """
        self.write(b"")
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            ours = os.fstat(self._file.fileno())
            self.close()
            if not self._lies_there(ours):
                raise BodyLostError(
                    f"{what}: another process has taken over {self.path}; locks do not hold on this "
                    f"filesystem. Ask again: it may be there by now; or name a cache on a local disk "
                    f"by cache_dir= or ALLENTK_CACHE_DIR"
                )

    def _lies_there(self, ours: os.stat_result) -> bool:
        try:
            return os.path.samestat(ours, self.path.stat())
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def note(self, version: Version) -> None:
        """Remember which version the bytes are of, so that another process can go on with them.

        Raises
        ------
        ConfigError
            Where there is no room or no permission.
        """
        write_json(self._note, asdict(version))

    def noted(self) -> Version | None:
        """Return which version the bytes are of; None where nobody wrote it down."""
        try:
            return _version(json.loads(self._note.read_bytes()))
        except (OSError, ValueError, RecursionError):
            return None

    def take_up(self, url: str) -> Version | None:
        """Go on with the bytes that an earlier call left, where it can be known what they are.

        Parameters
        ----------
        url : str
            Where the file is; what came from elsewhere is not taken up.

        Returns
        -------
        Version or None
            None where there is nothing to go on with.

        Notes
        -----
        Bytes from before the machine started count for nothing: what was not on the disk yet when
        it went down can have become zeros.
        """
        version = self.noted()
        try:
            found = self.path.lstat()
        except FileNotFoundError:
            return None
        started_s = time.time() - time.monotonic()
        if version is None or version.url != url or found.st_mtime < started_s:
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        if found.st_size == 0 or (version.total is not None and found.st_size > version.total):
            return None
        self._file = self.path.open("r+b")
        self.size = self._file.seek(0, os.SEEK_END)
        return version

    def drop(self) -> None:
        """Throw the bytes away."""
        self.close()
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)
        self.size = 0

    def sweep(self) -> None:
        """Let go of the file, and drop the bytes that nobody could go on with."""
        self.close()
        if not self._note.exists():
            self.path.unlink(missing_ok=True)

    def become(self, target: Path) -> None:
        """Give the bytes their name."""
        self.path.replace(target)
        self._note.unlink(missing_ok=True)


def _version(document: Any) -> Version | None:
    if not isinstance(document, dict):
        return None
    total = document.get("total")
    texts = {name: str(document.get(name, "")) for name in _TEXTS}
    if isinstance(total, bool) or not (total is None or (isinstance(total, int) and total >= 0)):
        return None
    return Version(total=total, **texts)
