"""What a file must be, as whoever published it says: its size and its hash."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from pathlib import Path

from allentk.errors import DataError, IntegrityError

__all__ = ["Expected", "file_digest"]

_LENGTHS = {"sha256": 64, "blake2b": 128, "md5": 32}
_HEX = re.compile(r"[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class Expected:
    """A published size and hash of a file.

    Parameters
    ----------
    size : int, optional
        Bytes.
    algorithm : {"sha256", "blake2b", "md5"}
        How the hash was made. MD5, which object stores give, finds accidents but no malice.
    digest : str
        The hash in hexadecimal; empty where none was published.

    Raises
    ------
    DataError
        Where this cannot be a size or a hash.

    Examples
    --------
    >>> Expected(3, "md5", "900150983CD24FB0D6963F7D28E17F72").digest
    '900150983cd24fb0d6963f7d28e17f72'
    """

    size: int | None = None
    algorithm: str = "sha256"
    digest: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", self.digest.lower())
        length = _LENGTHS.get(self.algorithm)
        if length is None:
            raise DataError(
                f"a file's hash is made by one of {', '.join(_LENGTHS)}, got {self.algorithm!r}"
            )
        if len(self.digest) not in (0, length) or not _HEX.fullmatch(self.digest):
            raise DataError(
                f"a {self.algorithm} hash has {length} hexadecimal digits, got {self.digest!r}"
            )
        if self.size is not None and self.size < 0:
            raise DataError(f"a file's size is at least 0 bytes, got {self.size}")

    @property
    def published(self) -> str:
        """The hash with its algorithm, such as ``"md5:9001..."``; empty where there is none."""
        return f"{self.algorithm}:{self.digest}" if self.digest else ""

    def verify(self, path: Path, what: str, *, sha256: str = "") -> None:
        """Raise where a file is not the one that was published.

        Parameters
        ----------
        path : Path
            The file.
        what : str
            What it is, in words.
        sha256 : str
            Its SHA-256 where it is known already; spares a reading.

        Raises
        ------
        IntegrityError
            Names what was expected and what was found.
        """
        size = path.stat().st_size
        if self.size is not None and size != self.size:
            raise self.differs(what, f"{self.size} bytes", f"{size}")
        if not self.digest:
            return
        known = sha256 if self.algorithm == "sha256" else ""
        found = known or file_digest(path, self.algorithm)
        if not hmac.compare_digest(found, self.digest):
            raise self.differs(what, f"{self.algorithm} {self.digest}", found)

    def differs(self, what: str, wanted: str, got: str) -> IntegrityError:
        """Return the error to raise where something else came than was published."""
        return IntegrityError(
            f"{what}: expected {wanted} as published, got {got}; the bytes were discarded. Ask again; "
            f"if it comes back, the file at its address is not the published one: tell whoever "
            f"publishes it"
        )


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Return the hash of a file's content, in hexadecimal.

    Parameters
    ----------
    path : Path
        The file.
    algorithm : {"sha256", "blake2b", "md5"}
        How it is made.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(
            file, lambda: hashlib.new(algorithm, usedforsecurity=False)
        ).hexdigest()
