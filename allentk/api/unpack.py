"""Bodies that were packed on their way, unpacked in small pieces so that a bomb cannot go off."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from allentk.api.exchange import BodyLostError, Request
from allentk.errors import IntegrityError, ServiceError

__all__ = ["unpacked"]

_PIECE = 2**16
_GZIP = 16 + zlib.MAX_WBITS


def unpacked(chunks: Iterable[bytes], encoding: str, request: Request) -> Iterator[bytes]:
    """Yield a body as it was before it was packed, at most 64 KiB at a time.

    Whoever reads may stop at any piece; nothing beyond it has been unpacked.

    Parameters
    ----------
    chunks : iterable of bytes
        The body as it came.
    encoding : str
        What ``Content-Encoding`` says.
    request : Request
        What was asked; used in messages.

    Raises
    ------
    ServiceError
        On an encoding that was not asked for.
    IntegrityError
        Where it cannot be unpacked; `BodyLostError` where its end is missing.
    """
    if encoding in ("", "identity"):
        yield from chunks
    elif encoding in ("gzip", "x-gzip"):
        yield from _gunzipped(chunks, request)
    else:
        raise ServiceError(
            f"{request.what}: expected a body as it is or by gzip, got {encoding[:40]!r} from "
            f"{request.url}; it was not read. Try again later"
        )


def _gunzipped(chunks: Iterable[bytes], request: Request) -> Iterator[bytes]:
    machine = zlib.decompressobj(_GZIP)
    try:
        for chunk in chunks:
            rest, piece = chunk, b""
            while rest or (len(piece) == _PIECE and not machine.eof):
                if machine.eof:
                    machine = zlib.decompressobj(_GZIP)
                piece = machine.decompress(rest, _PIECE)
                rest = machine.unused_data if machine.eof else machine.unconsumed_tail
                yield piece
    except zlib.error as error:
        raise IntegrityError(
            f"{request.what}: the packed answer from {request.url} is damaged ({error}); nothing was "
            f"kept. Ask again: {request.command}"
        ) from error
    if not machine.eof:
        raise BodyLostError(
            f"{request.what}: the packed answer from {request.url} broke off; nothing was kept. Ask "
            f"again: {request.command}"
        )
