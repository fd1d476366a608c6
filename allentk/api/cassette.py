"""Cassettes: interactions with a service, written down to be replayed.

A cassette is a folder with ``index.json`` and bodies::

    {"format": "allentk-cassette-1", "synthetic": true, "description": "...", "interactions": [
      {"method": "GET", "url": "https://...", "status": 200, "headers": {"Content-Type": "..."},
       "file": "bodies/cells.json", "size": 123, "sha256": "..."}]}

The URL is the quoted URL, letter by letter. The index is not trusted: sizes and hashes are checked
whenever a body is replayed, and a body lies inside the folder or is refused.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from allentk.atomic import part_of, room, write_json
from allentk.errors import FormatError, IntegrityError

__all__ = ["Cassette", "Interaction", "body_path", "read_cassette", "write_body", "write_index"]

FORMAT = "allentk-cassette-1"

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Interaction:
    """One question and its answer.

    Parameters
    ----------
    method, url : str
        What was asked; the method is GET.
    status : int
        HTTP status of the answer.
    headers : mapping
        Headers of the answer, without those of its length.
    file : str
        The body, relative to the folder, with forward slashes.
    size : int
        Length of the body in bytes.
    sha256 : str
        Hash of the body.
    """

    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    file: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Cassette:
    """A cassette's index.

    Parameters
    ----------
    folder : Path
        Where it lies.
    synthetic : bool
        Whether the answers are made up.
    description : str
        What it is.
    interactions : mapping
        By URL.
    digest : str
        Hash of the index, and so of all that it holds.
    """

    folder: Path
    synthetic: bool
    description: str
    interactions: Mapping[str, Interaction]
    digest: str


def read_cassette(folder: Path) -> Cassette:
    """Read and check a cassette's index; bodies are checked when they are replayed.

    Raises
    ------
    FormatError
        Where there is no index, or it is not what the format promises; says where.
    """
    index = folder / "index.json"
    try:
        text = index.read_bytes()
        document = json.loads(text)
    except FileNotFoundError as error:
        raise FormatError(f"{index}: there is no such file; expected a cassette") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{index}: expected JSON ({error}); record it again") from error
    _expect(isinstance(document, dict), index, "an object", document)
    written = document.get("format")
    _expect(written == FORMAT, index, f"format {FORMAT!r}", written)
    synthetic = document.get("synthetic")
    _expect(isinstance(synthetic, bool), index, "'synthetic' true or false", synthetic)
    description = document.get("description")
    _expect(isinstance(description, str), index, "'description' to be text", description)
    listed = document.get("interactions")
    _expect(isinstance(listed, list), index, "'interactions' to be a list", listed)
    interactions: dict[str, Interaction] = {}
    for number, entry in enumerate(listed):
        interaction = _interaction(entry, f"{index}: interaction {number}")
        _expect(interaction.url not in interactions, index, "every URL once", interaction.url)
        interactions[interaction.url] = interaction
    digest = hashlib.sha256(text).hexdigest()
    return Cassette(folder, synthetic, description, interactions, digest)


def _expect(true: bool, where: object, expected: str, got: object) -> None:
    if not true:
        raise FormatError(
            f"{where}: expected {expected}, got {str(got)[:80]!r}; record the cassette again"
        )


def _interaction(entry: Any, where: str) -> Interaction:
    _expect(isinstance(entry, dict), where, "an object", entry)
    fields: dict[str, type] = {
        "method": str,
        "url": str,
        "status": int,
        "headers": dict,
        "file": str,
        "size": int,
        "sha256": str,
    }
    for name, kind in fields.items():
        _expect(isinstance(entry.get(name), kind), where, f"{name!r} a {kind.__name__}", entry)
    interaction = Interaction(**{name: entry[name] for name in fields})
    pairs = [text for pair in interaction.headers.items() for text in pair]
    _expect(all(isinstance(text, str) for text in pairs), where, "headers to be text", pairs)
    _expect(interaction.method == "GET", where, "method GET", interaction.method)
    _expect(100 <= interaction.status < 600, where, "an HTTP status", interaction.status)
    _expect(interaction.size >= 0, where, "a size of at least 0", interaction.size)
    _expect(bool(_SHA256.fullmatch(interaction.sha256)), where, "a sha256", interaction.sha256)
    _expect(_is_inside(interaction.file), where, "a file inside the folder", interaction.file)
    return interaction


def _is_inside(name: str) -> bool:
    return all(_NAME.fullmatch(part) for part in name.split("/"))


def body_path(cassette: Cassette, interaction: Interaction) -> Path:
    """Return the body of an interaction after checking it.

    Raises
    ------
    FormatError
        Where it lies outside the folder.
    IntegrityError
        Where it is missing, or its size or hash is not that of the index.
    """
    path = cassette.folder / interaction.file
    if not path.resolve().is_relative_to(cassette.folder.resolve()):
        raise FormatError(
            f"{cassette.folder}: {interaction.file!r} lies outside the cassette's folder; it was not "
            f"read. Record the cassette again"
        )
    if not path.is_file():
        raise IntegrityError(f"{path}: there is no such file; record the cassette again")
    size = path.stat().st_size
    if size != interaction.size:
        raise IntegrityError(
            f"{path}: expected {interaction.size} bytes, got {size}; record the cassette again"
        )
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != interaction.sha256:
        raise IntegrityError(
            f"{path}: expected sha256 {interaction.sha256}, got {found}: the body was changed. "
            f"Record the cassette again"
        )
    return path


def write_body(
    folder: Path,
    url: str,
    body: bytes | Iterable[bytes],
    *,
    name: str,
    content_type: str = "application/octet-stream",
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Interaction:
    """Write one answer's body into a cassette's folder.

    Parameters
    ----------
    folder : Path
        The cassette.
    url : str
        What was asked.
    body : bytes, or iterable of bytes
        The answer.
    name : str
        File inside the folder, such as ``"bodies/cells.json"``.
    content_type : str
        Kind of the body.
    status : int
        HTTP status.
    headers : mapping, optional
        Further headers of the answer.

    Returns
    -------
    Interaction
        To be handed to `write_index`.

    Raises
    ------
    FormatError
        Where `name` leaves the folder.
    """
    _expect(_is_inside(name), folder, "a file inside the folder", name)
    path = folder.joinpath(*PurePosixPath(name).parts)
    part = part_of(path)
    sha256, size = hashlib.sha256(), 0
    with room(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                for chunk in _pieces(body):
                    file.write(chunk)
                    sha256.update(chunk)
                    size += len(chunk)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    said = {"Content-Type": content_type, **(headers or {})}
    return Interaction("GET", url, status, said, name, size, sha256.hexdigest())


def _pieces(body: bytes | Iterable[bytes]) -> Iterator[bytes]:
    if isinstance(body, bytes):
        yield body
    else:
        yield from body


def write_index(
    folder: Path, interactions: Iterable[Interaction], *, description: str, synthetic: bool
) -> Path:
    """Write a cassette's ``index.json``, sorted by URL, and return its path.

    Parameters
    ----------
    folder : Path
        The cassette; its bodies are written by `write_body`.
    interactions : iterable of Interaction
        What it holds.
    description : str
        What it is.
    synthetic : bool
        Whether the answers are made up.
    """
    listed = [asdict(one) for one in sorted(interactions, key=lambda one: one.url)]
    document = {
        "format": FORMAT,
        "synthetic": synthetic,
        "description": description,
        "interactions": listed,
    }
    write_json(folder / "index.json", document)
    return folder / "index.json"
