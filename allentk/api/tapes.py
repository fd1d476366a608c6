"""Recording what a service says, and replaying it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from allentk.api.cassette import Interaction, body_path, read_cassette, write_body, write_index
from allentk.api.exchange import Patience, Request, Response, Transport, patience_of
from allentk.errors import OfflineError

__all__ = ["Record", "Replay"]

_CHUNK = 2**16
_KEPT_HEADERS = ("etag", "last-modified")
#: Headers that ask for less than the whole body; a cassette holds whole bodies.
_PARTIAL_HEADERS = frozenset({"range", "if-range"})


class Replay:
    """Answers from a cassette, without a network.

    Parameters
    ----------
    folder : path
        The cassette.

    Raises
    ------
    FormatError
        Where the folder is no cassette.
    """

    def __init__(self, folder: str | Path) -> None:
        self.cassette = read_cassette(Path(folder))
        self.name = self.cassette.folder.resolve().name

    @property
    def synthetic(self) -> bool:
        """Whether the answers are made up."""
        return self.cassette.synthetic

    @property
    def source(self) -> str:
        """Where answers come from, in words."""
        return f"{self.name} cassette ({'synthetic' if self.synthetic else 'recorded'})"

    @property
    def namespace(self) -> str:
        """Folder of the cache; another cassette, or another version of it, has another one."""
        readable = re.sub(r"[^A-Za-z0-9_]+", "-", self.name).strip("-") or "cassette"
        return f"{readable}-{self.cassette.digest[:12]}"

    def get(self, request: Request) -> Response:
        """Answer as the service did.

        Raises
        ------
        OfflineError
            Where the cassette does not hold this; names the URL and the next step.
        IntegrityError
            Where a body is not what was recorded.
        """
        interaction = self.cassette.interactions.get(request.url)
        if interaction is None:
            raise OfflineError(
                f"{request.what}: the {self.source} does not hold it, and nobody else is asked. Its "
                f"tables list the ids it has; from the service it comes by: {request.command} "
                f"(looked in {self.cassette.folder} for {request.url})"
            )
        return _replayed(body_path(self.cassette, interaction), interaction)


class Record:
    """Asks another transport, and writes down what it hears.

    Parameters
    ----------
    transport : Transport
        Whom to ask; usually a `Live`.
    folder : path
        The cassette to write; what it already holds stays.
    description : str
        What it is.
    """

    def __init__(self, transport: Transport, folder: str | Path, *, description: str) -> None:
        self._transport = transport
        self._folder = Path(folder)
        self._description = description
        known = self._folder / "index.json"
        self._interactions: dict[str, Interaction] = (
            dict(read_cassette(self._folder).interactions) if known.is_file() else {}
        )

    @property
    def synthetic(self) -> bool:
        """Whether the answers are made up."""
        return self._transport.synthetic

    @property
    def source(self) -> str:
        """Where answers come from, in words."""
        return self._transport.source

    @property
    def namespace(self) -> str:
        """Folder of the cache."""
        return self._transport.namespace

    @property
    def patience(self) -> Patience:
        """How long, and how often, the transport that is asked tries."""
        return patience_of(self._transport)

    def get(self, request: Request) -> Response:
        """Ask for the whole of it, write the answer down, and hand it on.

        Where only a part is wanted, the whole comes; whoever asked sees that by the status 200.

        Raises
        ------
        AllenTKError
            As the transport that is asked.
        """
        with self._transport.get(_whole(request)) as response:
            heard = write_body(
                self._folder,
                request.url,
                response.chunks,
                name=f"bodies/{hashlib.sha256(request.url.encode()).hexdigest()[:20]}",
                content_type=response.headers.get("content-type", "application/octet-stream"),
                status=response.status,
                headers={
                    name: response.headers[name]
                    for name in _KEPT_HEADERS
                    if name in response.headers
                },
            )
            response.expect_whole(heard.size)
        self._interactions[request.url] = heard
        write_index(
            self._folder,
            self._interactions.values(),
            description=self._description,
            synthetic=self.synthetic,
        )
        return _replayed(self._folder / heard.file, heard)


def _whole(request: Request) -> Request:
    kept = {
        name: value
        for name, value in request.headers.items()
        if name.lower() not in _PARTIAL_HEADERS
    }
    return replace(request, headers=kept)


def _replayed(path: Path, interaction: Interaction) -> Response:
    file = path.open("rb")
    headers = {name.lower(): value for name, value in interaction.headers.items()}
    headers["content-length"] = str(interaction.size)
    return Response(interaction.status, headers, interaction.url, _read(file), file.close)


def _read(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk
