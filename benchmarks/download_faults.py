"""Downloads on bad days: eight processes at one file, kills at random moments, thousands of faults.

Run ``python benchmarks/download_faults.py`` from the repository; it writes
``benchmarks/results/download_faults.md``. The servers are on this machine, the bytes are made up. The
tests do the same in small: ``tests/api/test_faults.py``, ``test_processes.py``.
"""

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from allentk.api import Cache, Live, checks  # noqa: E402
from allentk.api.download import download  # noqa: E402
from allentk.api.exchange import Deadline, Request  # noqa: E402
from allentk.api.partial import Part  # noqa: E402
from allentk.api.wish import Wish  # noqa: E402
from allentk.errors import AllenTKError  # noqa: E402
from tests.api.conftest import hdf5_like  # noqa: E402
from tests.api.misbehaving import File, Misbehaving  # noqa: E402
from tests.api.test_faults import FIRST, SAID, SECOND, schedule_of  # noqa: E402
from tests.api.test_processes import SCRIPT  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "download_faults.md"
NAME = "cell_types/specimen_5/ephys.nwb"
MB = 10**6


def process(cache, server):
    """Start a process that asks for the file and prints its hash."""
    arguments = [sys.executable, "-c", SCRIPT, str(cache.folder), server.url(), NAME]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def answer_of(begun):
    """Return the hash that a process printed."""
    words = begun.communicate(timeout=600)[0].split()
    return words[1] if len(words) == 2 else "no answer"


def together(server, folder, n_bytes, n_processes):
    """Let several processes ask for one file at once."""
    body = hdf5_like(n_bytes - 96, os.urandom(2**20))
    server.reset(File(body, etag='"1"'))
    cache, began = Cache(folder), time.monotonic()
    answers = [answer_of(one) for one in [process(cache, server) for _ in range(n_processes)]]
    wall_s = time.monotonic() - began
    right = sum(answer == hashlib.sha256(body).hexdigest() for answer in answers)
    return (
        f"| {n_processes} processes, one file of {n_bytes / MB:.0f} MB | {right} of {n_processes} "
        f"right | {len(server.asked)} request, {server.sent / MB:.1f} MB sent | {wall_s:.1f} s |"
    )


def killed(server, folder, n_bytes, n_kills):
    """Kill a process at a random moment, and let another one ask again."""
    body = hdf5_like(n_bytes - 96, os.urandom(2**20))
    right, kept, again, ready = 0, 0, 0, 0
    for number in range(n_kills):
        cache = Cache(folder / str(number))
        server.reset(File(body, etag='"1"'), pace_s=0.0005)
        moment = random.Random(number).uniform(0.0, 0.98) * n_bytes
        begun = process(cache, server)
        while server.sent < moment:
            time.sleep(0.002)
        begun.kill()
        begun.wait()
        ready += cache.path(NAME).exists()
        part = Part(cache.path(NAME)).path
        there = part.stat().st_size if part.exists() else 0
        server.reset(server.file)
        right += answer_of(process(cache, server)) == hashlib.sha256(body).hexdigest()
        kept += there
        again += server.sent - (len(body) - there)
    return (
        f"| {n_kills} kills (SIGKILL) at random moments of {n_bytes / MB:.0f} MB | {right} of "
        f"{n_kills} right in the next call, {ready} with a cut file under its name | "
        f"{kept / MB:.0f} MB had come, {again / MB:.1f} MB of them fetched again | |"
    )


def one_fault(server, folder, number):
    """Run one generated schedule, and return what came of it."""
    chance = random.Random(number)
    says = SAID[chance.choice(sorted(SAID))]
    versions = File(FIRST, **says(1)), File(SECOND, **says(2))
    server.reset(*versions, schedule_of(chance), chance.random() < 0.5)
    cache = Cache(folder / str(number))
    live = Live(tries=3, timeouts_s=(2.0, 0.05), sleep=lambda s: time.sleep(min(s, 0.005)))
    request = Request(server.url(), what="a recording", command="-")
    wish = Wish(NAME, "a recording", checks.nwb)
    try:
        path = download(
            cache, wish, lambda: request, live, deadline=Deadline.after(0.3), progress=False
        ).path
        outcome = "whole" if path.read_bytes() in (FIRST, SECOND) else "WRONG"
    except AllenTKError as error:
        outcome = "absent" if not cache.path(NAME).exists() else "WRONG"
        if server.address not in str(error):
            outcome = "WRONG"
    server.release()
    return outcome


def faults(server, folder, n_schedules):
    """Run generated schedules, and count what came of them."""
    longest_s, seen = 0.0, Counter()
    for number in range(n_schedules):
        began = time.monotonic()
        seen[one_fault(server, folder, number)] += 1
        longest_s = max(longest_s, time.monotonic() - began)
    return (
        f"| {n_schedules} generated fault schedules, limit 0.3 s | {seen['whole']} whole, "
        f"{seen['absent']} absent with an error, {seen['WRONG']} wrong | | longest "
        f"{longest_s:.2f} s |"
    )


def speed(server, folder, n_bytes):
    """Measure what a download costs beside the bare transfer."""
    body = hdf5_like(n_bytes - 96, os.urandom(2**20))
    request = Request(server.url(), what="a recording", command="-")

    def bare():
        with Live().get(request) as response:
            for _ in response.chunks:
                pass

    def whole():
        wish = Wish(NAME, "a recording", checks.nwb, refresh=True)
        download(Cache(folder), wish, lambda: request, Live(), progress=False)

    rates = []
    for function in (bare, whole):
        best_s = float("inf")
        for _ in range(3):
            server.reset(File(body, etag='"1"'))
            began = time.monotonic()
            function()
            best_s = min(best_s, time.monotonic() - began)
        rates.append(n_bytes / MB / best_s)
    return (
        f"| {n_bytes / MB:.0f} MB from this machine | {rates[0]:.0f} MB/s read only, {rates[1]:.0f} "
        f"MB/s written, synced, hashed and looked at | | |"
    )


def main():
    """Measure everything and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=3000)
    parser.add_argument("--megabytes", type=int, default=200)
    given = parser.parse_args()
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    server = Misbehaving()
    n_bytes = given.megabytes * MB
    lines = [
        "# Downloads on bad days",
        "",
        "Servers on this machine, made-up bytes; written by `benchmarks/download_faults.py`.",
        "",
        "| what | came out | over the wire | time |",
        "|---|---|---|---|",
    ]
    for measure in (
        lambda folder: together(server, folder, n_bytes, 8),
        lambda folder: killed(server, folder, n_bytes // 4, 20),
        lambda folder: faults(server, folder, given.schedules),
        lambda folder: speed(server, folder, n_bytes),
    ):
        with tempfile.TemporaryDirectory() as folder:
            lines.append(measure(Path(folder)))
            print(lines[-1], flush=True)
    server.close()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
