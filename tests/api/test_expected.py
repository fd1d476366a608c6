"""Published sizes and hashes."""

import pytest

from allentk.api.expected import Expected, file_digest
from allentk.errors import DataError, IntegrityError

#: Of the three bytes "abc": FIPS 180-4 and RFC 1321, RFC 7693.
SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
MD5 = "900150983cd24fb0d6963f7d28e17f72"
BLAKE2B = (
    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
    "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
)


@pytest.fixture
def abc(tmp_path):
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    return path


@pytest.mark.parametrize(
    ("algorithm", "digest"), [("sha256", SHA256), ("md5", MD5), ("blake2b", BLAKE2B)]
)
def test_published_examples(abc, algorithm, digest):
    assert file_digest(abc, algorithm) == digest
    Expected(3, algorithm, digest.upper()).verify(abc, "abc")
    assert Expected(3, algorithm, digest).published == f"{algorithm}:{digest}"
    with pytest.raises(IntegrityError, match=f"expected {algorithm} 0.*, got {digest}"):
        Expected(3, algorithm, "0" * len(digest)).verify(abc, "abc")


def test_a_size_alone(abc):
    Expected(3).verify(abc, "abc")
    Expected().verify(abc, "abc")
    assert Expected(3).published == ""
    with pytest.raises(IntegrityError, match=r"abc: expected 4 bytes as published, got 3"):
        Expected(4).verify(abc, "abc")


def test_a_known_hash_spares_a_reading(abc):
    Expected(3, "sha256", SHA256).verify(abc, "abc", sha256=SHA256)
    with pytest.raises(IntegrityError):
        Expected(3, "sha256", SHA256).verify(abc, "abc", sha256="1" * 64)
    Expected(3, "md5", MD5).verify(abc, "abc", sha256="1" * 64)


@pytest.mark.parametrize(
    ("made_of", "says"),
    [
        ((3, "crc32", ""), "one of sha256, blake2b, md5"),
        ((3, "sha256", MD5), "64 hexadecimal digits"),
        ((3, "md5", "x" * 32), "32 hexadecimal digits"),
        ((-1,), "at least 0 bytes"),
    ],
)
def test_what_cannot_be(made_of, says):
    with pytest.raises(DataError, match=says):
        Expected(*made_of)
