"""A misbehaving server: in the end the file is whole and right, or it is not there."""

import hashlib
import time
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from allentk.api import Cache, Live, checks
from allentk.api.download import download
from allentk.api.exchange import Deadline, Request
from allentk.api.expected import Expected
from allentk.api.wish import Wish
from allentk.errors import AllenTKError
from tests.api.conftest import hdf5_like
from tests.api.misbehaving import Act, File, Misbehaving

LIMIT_S = 0.3
#: What a loaded machine may add to a time limit before the test says that the call did not end.
SLACK_S = 10.0
#: What a server does now and then, what costs the file, and what only a time limit ends.
PASSING = [
    *("cut", "reset", "change", "ignore_range", "wrong_range"),
    *("status", "hang_up", "garbage", "honest"),
]
FATAL = ["wrong_length", "page", "redirect", "bomb", "no_length"]
SLOW = ["stall", "silent", "trickle", "endless_headers"]

FIRST = hdf5_like(3000, b"1")
SECOND = hdf5_like(3000, b"2")
LONGER = hdf5_like(3500, b"3")
EXPECTED = Expected(len(FIRST), "sha256", hashlib.sha256(FIRST).hexdigest())


def dated(day):
    return f"Wed, {day:02d} Oct 2025 07:28:00 GMT"


#: What a server says of versions: an ETag, a weak one and a date, a date, both, or nothing.
SAID = {
    "etag": lambda n: {"etag": f'"{n}"'},
    "weak": lambda n: {"etag": f'W/"{n}"', "date": dated(n)},
    "date": lambda n: {"date": dated(n)},
    "both": lambda n: {"etag": f'"{n}"', "date": dated(n)},
    "nothing": lambda n: {},
}


def schedule_of(random):
    """Up to five acts; most let the file through in the end, some cannot."""
    kinds = [random.choice(PASSING) for _ in range(random.randint(1, 4))]
    if random.random() < 0.3:
        kinds.insert(random.randrange(len(kinds) + 1), random.choice(FATAL))
    if random.random() < 0.12:
        kinds.insert(random.randrange(len(kinds) + 1), random.choice(SLOW))
    return [Act(kind, random.random(), random.randint(1, 30)) for kind in kinds]


@pytest.fixture(scope="module")
def server():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.setenv("no_proxy", "127.0.0.1")
        running = Misbehaving()
        yield running
        running.close()


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return (tmp_path_factory.mktemp("faults") / str(number) for number in range(10**6))


def fetch(cache, server, expected=None, limit_s=LIMIT_S):
    live = Live(tries=3, timeouts_s=(2.0, 0.05), sleep=lambda s: time.sleep(min(s, 0.005)))
    request = Request(server.url(), what="a recording", command="allentk fetch 5")
    return download(
        cache,
        Wish("a.nwb", "a recording", checks.nwb, expected or Expected()),
        lambda: request,
        live,
        deadline=Deadline.after(limit_s),
        progress=False,
    ).path


@settings(
    max_examples=400,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    random=st.randoms(use_true_random=True),
    says=st.sampled_from(sorted(SAID)),
    other=st.sampled_from([SECOND, LONGER]),
    ranges=st.booleans(),
    published=st.booleans(),
)
def whole_and_right_or_absent(server, folders, seen, random, says, other, ranges, published):
    schedule = schedule_of(random)
    note(schedule)
    server.reset(File(FIRST, **SAID[says](1)), File(other, **SAID[says](2)), schedule, ranges)
    cache = Cache(next(folders))
    expected = EXPECTED if published else None
    began = time.monotonic()
    body, error = None, ""
    try:
        body = fetch(cache, server, expected).read_bytes()
    except AllenTKError as raised:
        error = str(raised)
    assert body or (server.address in error and "again" in error)
    assert time.monotonic() - began < LIMIT_S + SLACK_S
    server.release()

    if body is None:
        assert not cache.path("a.nwb").exists()
        assert cache.entries() == []
    else:
        assert body in ((FIRST,) if published else (FIRST, other))
        assert cache.verify(progress=False) == {"a.nwb": "ok"}
    resumed = any("\r\nrange:" in head.lower() for head in server.asked)
    seen["whole" if body else "absent", "resumed" if resumed else "at once"] += 1

    server.reset(server.file)
    now = server.file.body
    if body is None and not (published and now != FIRST):
        # Whatever was left, the next call on a good day ends right.
        assert fetch(cache, server, expected, limit_s=60).read_bytes() == now
    hidden = [path.name for path in cache.folder.rglob(".*.part*")]
    assert not hidden or not cache.path("a.nwb").exists()


def test_whole_and_right_or_absent(server, folders):
    seen = Counter()
    whole_and_right_or_absent(server, folders, seen)
    assert sum(seen.values()) >= 300
    assert min(seen.values()) >= 20  # whole and absent, at once and resumed: all of it happened
    assert len(seen) == 4
