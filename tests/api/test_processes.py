"""Several processes at one file, and processes that are killed."""

import hashlib
import random
import subprocess
import sys
import time

import pytest

from allentk.api.partial import Part
from tests.api.conftest import hdf5_like
from tests.api.misbehaving import File

NAME = "cell_types/specimen_5/ephys.nwb"
BODY = hdf5_like(2 * 2**20, b"0123456789abcde")

SCRIPT = """
import sys
from allentk.api import Cache, Live, checks
from allentk.api.download import download
from allentk.api.exchange import Request
from allentk.api.expected import file_digest
from allentk.api.wish import Wish

folder, url, name = sys.argv[1:]
request = Request(url, what="a file", command="-")
print("asking", flush=True)
found = download(Cache(folder), Wish(name, "a file", checks.nwb), lambda: request, Live())
print(file_digest(found.path), flush=True)
"""


@pytest.fixture
def process(cache, server):
    started = []

    def start():
        arguments = [sys.executable, "-c", SCRIPT, str(cache.folder), server.url(), NAME]
        begun = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        started.append(begun)
        return begun

    yield start
    for begun in started:
        begun.kill()
        begun.communicate()


def until(true):
    for _ in range(3000):
        if true():
            return
        time.sleep(0.01)
    pytest.fail("it did not happen within 30 s")


def test_eight_processes_fetch_a_file_once(cache, server, process):
    server.reset(File(BODY, etag='"1"'), pace_s=0.02)
    answers = [begun.communicate(timeout=120)[0] for begun in [process() for _ in range(8)]]
    right = hashlib.sha256(BODY).hexdigest()
    assert answers == [f"asking\n{right}\n"] * 8
    assert len(server.asked) == 1
    assert server.sent == len(BODY)
    assert cache.verify(progress=False) == {NAME: "ok"}


@pytest.mark.parametrize("seed", range(5))
def test_a_killed_process_is_gone_on_with(cache, server, process, seed):
    server.reset(File(BODY, etag='"1"'), pace_s=0.003)
    moment = random.Random(seed).uniform(0.02, 0.9) * len(BODY)
    begun = process()
    until(lambda: server.sent >= moment)
    begun.kill()
    begun.wait(60)
    assert not cache.path(NAME).exists()
    assert cache.entries() == []
    part = Part(cache.path(NAME)).path
    kept = part.stat().st_size if part.exists() else 0

    server.reset(server.file)
    answer = process().communicate(timeout=120)[0]
    assert answer.split()[1] == hashlib.sha256(BODY).hexdigest()
    assert server.sent == len(BODY) - kept
    assert cache.verify(progress=False) == {NAME: "ok"}
    assert not part.exists()
