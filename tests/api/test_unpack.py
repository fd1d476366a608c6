"""Packed bodies."""

import gzip
import os
import tracemalloc
import zlib

import pytest

from allentk.api.exchange import BodyLostError
from allentk.api.unpack import unpacked
from allentk.errors import IntegrityError, ServiceError

TEXT = os.urandom(1000) * 300


def in_pieces(body, size):
    return [body[begin : begin + size] for begin in range(0, len(body), size)]


@pytest.mark.parametrize("size", [1, 7, 1000, 10**6])
@pytest.mark.parametrize("text", [b"", b"x", TEXT, bytes(2**16), bytes(2**18 + 1)])
def test_it_is_what_was_packed(request_of, text, size):
    chunks = in_pieces(gzip.compress(text), size)
    pieces = list(unpacked(chunks, "gzip", request_of()))
    assert b"".join(pieces) == text
    assert max(map(len, pieces), default=0) <= 2**16


def test_as_it_is(request_of):
    for encoding in ("", "identity"):
        assert list(unpacked([b"a", b"b"], encoding, request_of())) == [b"a", b"b"]


def test_packed_in_two_goes(request_of):
    body = gzip.compress(b"one") + gzip.compress(b"two")
    for size in (1, 10, 1000):
        assert b"".join(unpacked(in_pieces(body, size), "gzip", request_of())) == b"onetwo"


def test_a_bomb_is_unpacked_as_far_as_somebody_reads(request_of):
    machine = zlib.compressobj(wbits=31)
    bomb = b"".join([machine.compress(bytes(2**20)) for _ in range(200)] + [machine.flush()])
    tracemalloc.start()
    body = unpacked([bomb], "gzip", request_of())
    assert len(next(body)) + len(next(body)) == 2**17
    body.close()
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


@pytest.mark.parametrize("keep", [0, 1, 10, 500, -1, -8])
def test_a_body_without_its_end(request_of, keep):
    body = gzip.compress(TEXT)[:keep]
    with pytest.raises(BodyLostError, match="broke off"):
        list(unpacked([body] if body else [], "gzip", request_of()))


def test_damage(request_of):
    body = bytearray(gzip.compress(TEXT))
    body[-6] ^= 1  # in the checksum
    with pytest.raises(IntegrityError, match=r"damaged.*allentk fetch 5"):
        list(unpacked([bytes(body)], "gzip", request_of()))


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "deflate"])
def test_what_was_not_asked_for(request_of, encoding):
    with pytest.raises(ServiceError, match="by gzip, got"):
        list(unpacked([b""], encoding, request_of()))
