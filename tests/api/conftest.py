"""A scripted transport and a loopback server: nothing here leaves this machine."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import h5py
import numpy as np
import pytest

from allentk.api import Cache
from allentk.api.exchange import Request, Response
from tests.api.misbehaving import Misbehaving


class Replies:
    """A transport that answers from a table of bodies by URL."""

    synthetic = True
    source = "the test's own service"
    namespace = ""

    def __init__(self):
        self.bodies = {}
        self.asked = []

    def get(self, request):
        self.asked.append(request.url)
        body = self.bodies[request.url]
        headers = {"content-length": str(len(body)), "etag": '"7"'}
        return Response(200, headers, request.url, iter([body]), lambda: None)


@pytest.fixture
def replies():
    return Replies()


@pytest.fixture
def request_of():
    def make(url="https://api.brain-map.org/x", **options):
        return Request(url, **{"what": "a file", "command": "allentk fetch 5", **options})

    return make


@pytest.fixture
def envelope():
    """Wrap rows as the service does."""

    def wrap(rows, **changes):
        whole = {
            "success": True,
            "id": 0,
            "start_row": 0,
            "num_rows": len(rows),
            "total_rows": len(rows),
            "msg": rows,
        }
        return json.dumps({**whole, **changes}).encode()

    return wrap


class Loopback:
    """A server at 127.0.0.1 whose answers are functions of the handler, one per request."""

    def __init__(self):
        self.script = {}
        self.hits = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.hits.append((self.path, dict(self.headers)))
                answers = outer.script[self.path]
                (answers.pop(0) if len(answers) > 1 else answers[0])(self)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_address[1]}{path}"

    def paths(self):
        return [path for path, _ in self.hits]


@pytest.fixture
def loopback(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running = Loopback()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture
def says():
    """Make an answer: a status, a body, headers; `length` may lie about the body."""

    def make(status=200, body=b"", *, length=None, **headers):
        def answer(handler):
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.send_header("Content-Length", str(len(body) if length is None else length))
            handler.end_headers()
            handler.wfile.write(body)

        return answer

    return make


@pytest.fixture
def hdf5():
    """Make the bytes of a file that HDF5 would open, as far as its first block says."""
    return hdf5_like


def hdf5_like(n_bytes, fill=b"x"):
    """A superblock of version 0 with the right end, and so many bytes behind it."""
    address = (96 + n_bytes).to_bytes(8, "little")
    block = b"\x89HDF\r\n\x1a\n" + bytes(5) + b"\x08\x08\0" + bytes(8) + bytes(16) + address
    return block.ljust(96, b"\xff") + (fill * (n_bytes // len(fill) + 1))[:n_bytes]


@pytest.fixture
def nwb_file(tmp_path):
    """Make the bytes of a recording: NWB 1, one long square, of a given specimen."""

    def make(specimen):
        path = tmp_path / "made.nwb"
        with h5py.File(path, "w") as file:
            file["nwb_version"] = "NWB-1.0.5"
            file["session_description"] = b"a synthetic cell"
            file["general/aibs_specimen_id"] = str(specimen).encode()
            current = np.zeros(2500, dtype=np.float32)
            current[1020:2020] = 50e-12
            for place, values, kind, unit in (
                ("acquisition/timeseries", np.full(2500, -0.07), "CurrentClampSeries", "Volts"),
                ("stimulus/presentation", current, "CurrentClampStimulusSeries", "Amps"),
            ):
                group = file.create_group(f"{place}/Sweep_5")
                group.attrs["ancestry"] = np.array(
                    [b"TimeSeries", b"PatchClampSeries", kind.encode()]
                )
                data = group.create_dataset("data", data=values)
                data.attrs["conversion"] = 1.0
                data.attrs["unit"] = np.bytes_(unit)
                group.create_dataset("starting_time", data=0.0).attrs["rate"] = 1000.0
                group["num_samples"] = 2500
        body = path.read_bytes()
        path.unlink()
        return body

    return make


@pytest.fixture
def server(monkeypatch):
    """A server at 127.0.0.1 that can do everything wrong."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running = Misbehaving()
    yield running
    running.close()


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")
