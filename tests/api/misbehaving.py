"""A server on this machine that does what servers do on a bad day, as a schedule tells it."""

import gzip
import re
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class File:
    """One version of the file there, with what the server says of it."""

    body: bytes
    etag: str = ""
    date: str = ""

    def headers(self):
        said = [("ETag", self.etag), ("Last-Modified", self.date)]
        return [(name, value) for name, value in said if value]


@dataclass(frozen=True)
class Act:
    """What to do with one request; `at` is how far, from 0 to 1, `n` is a small number."""

    kind: str
    at: float = 0.5
    n: int = 1


@cache
def packed_zeros(n_mib):
    """Return so many MiB of zeros by gzip; packing them may take longer than a client waits."""
    return gzip.compress(bytes(n_mib * 2**20))


HONEST = Act("honest")
STATUSES = (429, 500, 503)


class Misbehaving:
    """A server whose answers follow a schedule, one act per request; after it all is honest."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = f"127.0.0.1:{self.listening.getsockname()[1]}"
        self.reset(File(b""))
        threading.Thread(target=self._serve, daemon=True).start()

    def reset(self, file, other=None, acts=(), ranges=True, pace_s=0.0):
        """Begin a new schedule.

        `other` is the version that act "change" puts in the file's place, `pace_s` the pause after
        every 32 KiB.
        """
        self.file, self.other = file, other
        self.acts = list(acts)
        for act in self.acts:
            if act.kind == "bomb":
                packed_zeros(act.n)
        self.ranges = ranges
        self.pace_s = pace_s
        self.pieces = []
        self.asked = []
        self.released = threading.Event()

    @property
    def sent(self):
        """How many bytes of bodies were sent since the schedule began."""
        return sum(self.pieces)

    def url(self, path="/file"):
        return f"http://{self.address}{path}"

    def release(self):
        """Let go of every connection that is held open."""
        self.released.set()

    def close(self):
        self.release()
        self.listening.close()

    def _serve(self):
        with suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with connection, suppress(OSError, ValueError):
            connection.settimeout(10)
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65536)
                if not piece:
                    return
                head += piece
            text = head.decode("latin-1")
            self.asked.append(text)
            act = self.acts.pop(0) if self.acts else HONEST
            released = self.released
            getattr(self, f"_{act.kind}")(connection, text, act)
            if act.kind in ("stall", "silent", "trickle", "endless_headers"):
                released.wait(10)

    def _reply(self, connection, status, headers, body=b"", upto=None):
        lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers)]
        head = "\r\n".join([*lines, "Connection: close", "", ""]).encode()
        part = body if upto is None else body[:upto]
        pieces = self.pieces
        connection.sendall(head)
        step = 2**15 if self.pace_s else max(len(part), 1)
        for begin in range(0, len(part), step):
            piece = part[begin : begin + step]
            connection.sendall(piece)
            pieces.append(len(piece))
            time.sleep(self.pace_s)

    def _whole_or_rest(self, head):
        """Return status, headers and body as an honest server would."""
        file = self.file
        asked = re.search(r"(?im)^range: bytes=(\d+)-\r?$", head)
        condition = re.search(r"(?im)^if-range: (.*?)\r?$", head)
        start = int(asked[1]) if asked and self.ranges else 0
        if condition and condition[1] not in (file.etag, file.date):
            start = 0
        length = len(file.body)
        if start >= length > 0:
            return 416, [("Content-Range", f"bytes */{length}"), ("Content-Length", 0)], b""
        body = file.body[start:]
        headers = [*file.headers(), ("Content-Length", len(body))]
        if start:
            said = f"bytes {start}-{length - 1}/{length}"
            return 206, [*headers, ("Content-Range", said)], body
        return 200, headers, body

    def _honest(self, connection, head, act):
        self._reply(connection, *self._whole_or_rest(head))

    def _cut(self, connection, head, act):
        status, headers, body = self._whole_or_rest(head)
        self._reply(connection, status, headers, body, int(act.at * len(body)))

    _stall = _cut

    def _reset(self, connection, head, act):
        self._cut(connection, head, act)
        time.sleep(0.005)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _status(self, connection, head, act):
        headers = [("Content-Length", 5)]
        if act.at < 0.5:
            headers.append(("Retry-After", act.n))
        self._reply(connection, STATUSES[act.n % 3], headers, b"sorry")

    def _wrong_length(self, connection, head, act):
        status, headers, body = self._whole_or_rest(head)
        by = act.n if act.at < 0.5 else -act.n
        wrong = [(name, value) for name, value in headers if name != "Content-Length"]
        self._reply(connection, status, [*wrong, ("Content-Length", len(body) + by)], body)

    def _page(self, connection, head, act):
        body = b"<!DOCTYPE html><html>out of order</html>"
        headers = [("Content-Type", "text/html"), ("Content-Length", len(body))]
        self._reply(connection, 200, headers, body)

    def _change(self, connection, head, act):
        if self.other is not None:
            self.file, self.other = self.other, None
        self._cut(connection, head, act)

    def _ignore_range(self, connection, head, act):
        plain = re.sub(r"(?im)^(range|if-range): .*\r\n", "", head)
        self._reply(connection, *self._whole_or_rest(plain))

    def _wrong_range(self, connection, head, act):
        status, headers, body = self._whole_or_rest(head)
        if status != 206:
            return self._reply(connection, status, headers, body)
        start = len(self.file.body) - len(body)
        length = len(self.file.body)
        said = (
            f"bytes {start + act.n}-{length - 1}/{length}",
            f"bytes {start}-{length - 1}/{length + act.n}",
            f"bytes {start}-{length - 1}/*",
            f"bytes {start}-{max(length - 1 - act.n, start)}/{length}",
            "nonsense",
        )[int(act.at * 4.99)]
        kept = [(name, value) for name, value in headers if name != "Content-Range"]
        return self._reply(connection, 206, [*kept, ("Content-Range", said)], body)

    def _redirect(self, connection, head, act):
        target = (
            "https://127.0.0.1:1/file",
            "ftp://127.0.0.1/file",
            "file:///etc/passwd",
            "/file",
            "//[bad",
        )[int(act.at * 4.99)]
        self._reply(connection, 302, [("Location", target), ("Content-Length", 0)])

    def _bomb(self, connection, head, act):
        body = packed_zeros(act.n)
        headers = [("Content-Encoding", "gzip"), ("Content-Length", len(body))]
        self._reply(connection, 200, headers, body)

    def _garbage(self, connection, head, act):
        connection.sendall(b"\x00\xff" * 20 + b"\r\n\r\n")

    def _hang_up(self, connection, head, act):
        pass

    def _silent(self, connection, head, act):
        pass

    def _trickle(self, connection, head, act):
        status, headers, body = self._whole_or_rest(head)
        self._reply(connection, status, headers, b"")
        self._drip(connection, body)

    def _endless_headers(self, connection, head, act):
        connection.sendall(b"HTTP/1.1 200 X\r\nX-A: ")
        self._drip(connection, b"a" * 10_000)

    def _drip(self, connection, content):
        for byte in content:
            if self.released.wait(0.02):
                return
            connection.sendall(bytes([byte]))

    def _no_length(self, connection, head, act):
        _, headers, body = self._whole_or_rest(re.sub(r"(?im)^range: .*\r\n", "", head))
        kept = [(name, value) for name, value in headers if name != "Content-Length"]
        self._reply(connection, 200, kept, body, int(act.at * len(body)))
