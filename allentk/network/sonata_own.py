"""What a SONATA circuit cannot say of a network, in ``allentk.json`` and ``allentk.h5`` beside it.

Models to the last digit, kinds of synapses, sources of virtual populations, background and currents. BMTK
and libsonata pass over it. It holds the hash of every component, so that an edited one is noticed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from allentk.atomic import write_text
from allentk.errors import DataError, FormatError
from allentk.io.json_fields import load_json
from allentk.io.sonata import read_arrays, write_arrays
from allentk.network.sonata_values import Arrays, decoded

__all__ = ["OWN", "Own", "digests", "read_own", "write_own"]

OWN, _ARRAYS = "allentk.json", "allentk.h5"
_FORMAT = 1
#: What a document of another shape than ours raises where it is used.
_DAMAGE = (LookupError, TypeError, AttributeError, ValueError, OverflowError, RecursionError)


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every component that a network is read from, by its path in `folder`."""
    files = sorted(
        path
        for path in (folder / "components").rglob("*")
        if path.is_file() and path.suffix in (".json", ".swc")
    )
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def write_own(
    folder: Path, document: Mapping[str, Any], arrays: Arrays, compression: str | None
) -> None:
    """Write both files; the folder is not in its place yet."""
    whole = {"format": _FORMAT, **document, "components": digests(folder)}
    write_arrays(folder / _ARRAYS, arrays, compression)
    write_text(folder / OWN, json.dumps(whole, indent=1, allow_nan=False) + "\n")


class Own:
    """What `write_own` wrote, read again."""

    def __init__(self, path: Path, document: Mapping[str, Any], arrays: Arrays) -> None:
        self.where, self._document, self._arrays = str(path), document, arrays

    def list(self, name: str) -> list[Mapping[str, Any]]:
        """Return a list of objects.

        Raises
        ------
        FormatError
            Where it is missing.
        """
        found = self._document.get(name)
        if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
            raise FormatError(
                f"{self.where}: expected a list of objects {name!r}, got {found!r:.60}"
            )
        return found

    @property
    def name(self) -> str:
        """Name of the network."""
        return str(self._document.get("name", "network"))

    def span(self, part: Mapping[str, Any], n_nodes: int) -> tuple[int, int]:
        """Return the first node of a population among the `n_nodes` of its SONATA population, and the end.

        Raises
        ------
        FormatError
            Where they are no numbers, or out of range.
        """
        first, n = part["first"], part["n"]
        whole = all(isinstance(one, int) for one in (first, n))
        if not whole or not 0 <= first <= first + n <= n_nodes:
            raise FormatError(
                f"{self.where}: {part['name']!r} is {n!r:.40} nodes from {first!r:.40} on of "
                f"{part['nodes']!r}, which has {n_nodes}"
            )
        return first, first + n

    @contextmanager
    def understood(self) -> Iterator[None]:
        """Turn what a damaged document brings about into a FormatError."""
        try:
            yield
        except (DataError, FormatError):
            raise
        except _DAMAGE as error:
            raise FormatError(
                f"{self.where}: it is damaged ({type(error).__name__}: {error}); rename it, and the "
                f"circuit is read as one of another program"
            ) from error

    def value(self, document: Any) -> Any:
        """Return a value; see `decoded`."""
        return decoded(document, self._arrays, self.where)


def read_own(folder: Path) -> Own | None:
    """Read what allentk wrote beside a circuit; None where there is nothing.

    Raises
    ------
    FormatError
        Where it is damaged, of a later format, or a component was changed since.
    """
    path = folder / OWN
    if not path.is_file():
        return None
    document = load_json(path, "what allentk wrote beside a circuit")
    if not isinstance(document, Mapping) or document.get("format") != _FORMAT:
        raise FormatError(
            f"{path}: expected format {_FORMAT}; it was written by a later allentk or is damaged"
        )
    said = document.get("components")
    there = digests(folder)
    if said != there:
        changed = sorted(
            {k for k, v in there.items() if not isinstance(said, Mapping) or said.get(k) != v}
        )
        missing = sorted(set(said) - set(there)) if isinstance(said, Mapping) else []
        raise FormatError(
            f"{path}: components were changed after the network was saved: {(changed + missing)[:5]}. "
            f"Restore them; or rename {OWN}, and the circuit is read as one of another program, without "
            f"its background inputs"
        )
    return Own(path, document, read_arrays(folder / _ARRAYS))
