"""A store: plain addresses, several at a time, how long answers stay good."""

import json
import warnings
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from allentk.api import Live, Replay, checks, queries, rma
from allentk.api.cassette import write_body, write_index
from allentk.api.client import Client
from allentk.api.expected import Expected
from allentk.api.obtain import Outage
from allentk.api.store import Item, Store, read_rows
from allentk.api.tables import Field
from allentk.api.transport import Offline
from allentk.errors import DataError, FormatError, IntegrityError, OfflineError, ServiceError

URL = "https://files.example.org/a.swc"
SWC = b"1 1 0 0 0 1 -1\n"
COLUMNS = {"id": Field("id", "id")}


@pytest.fixture
def store(tmp_path, replies):
    replies.bodies[URL] = SWC
    return Store(cache_dir=tmp_path / "cache", transport=replies, progress=False)


def ask(store, url=URL, **options):
    return store.url("a/b.swc", url, what="a file", command="-", check=checks.swc, **options)


def test_a_plain_address(store, replies):
    path = ask(store, expected=Expected(len(SWC)))
    assert path.read_bytes() == SWC
    assert path == store.cache.path("a/b.swc")
    assert ask(store) == path
    assert replies.asked == [URL]
    ask(store, refresh=True)
    assert replies.asked == [URL] * 2


@pytest.mark.parametrize(
    "url",
    [
        "http://files.example.org/a",
        "file:///etc/passwd",
        "ftp://x/a",
        "//x/a",
        "a",
        "https:/[",
        "https://[bad",
        "",
    ],
)
def test_an_address_that_is_not_safe(store, replies, url):
    with pytest.raises(ServiceError, match="begins with https://"):
        ask(store, url=url)
    assert replies.asked == []


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b", "CON", "lpt1.txt", "a.", "x" * 201])
def test_a_name_that_is_not_safe(store, name):
    with pytest.raises(DataError, match="a name inside the cache"):
        store.url(name, URL, what="a file", command="-")


def test_several_plain_addresses(store, replies):
    replies.bodies |= {f"https://x/{n}": SWC for n in range(4)}
    replies.bodies["https://x/2"] = b"<html>"
    items = [Item(f"f/{n}.swc", f"https://x/{n}", f"file {n}", "-", checks.swc) for n in range(4)]
    outcomes = store.urls(items, jobs=3)
    assert [outcome.ok for outcome in outcomes] == [True, True, False, True]
    assert outcomes[3].get().read_bytes() == SWC
    assert outcomes[2].item == items[2]
    with pytest.raises(IntegrityError, match="file 2"):
        outcomes[2].get()


def rows_of(store, **options):
    path = store.answer(
        "t/cells.json",
        queries.cells(),
        what="table of cells",
        command="allentk cells",
        check=lambda rows: [row["id"] for row in rows],
        none=ServiceError("none"),
        **options,
    )
    return [row["id"] for row in read_rows(path)]


@pytest.fixture
def answered(replies, envelope):
    """Say what the service answers from now on; an exception is raised instead."""

    def say(answer):
        url = rma.query_url(queries.cells())
        replies.bodies[url] = answer if isinstance(answer, Exception) else envelope(answer)

    return say


def aged(store, days):
    record = store.cache.record("t/cells.json")
    then = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
    store.cache.write_record("t/cells.json", replace(record, fetched=then))


def test_a_table_is_asked_for_again_when_it_is_old(store, replies, answered):
    answered([{"id": 1}])
    assert rows_of(store) == [1]
    answered([{"id": 2}])
    aged(store, 29)
    assert rows_of(store) == [1]
    aged(store, 31)
    assert rows_of(store) == [2]
    assert rows_of(store) == [2]
    assert len(replies.asked) == 2


@pytest.mark.parametrize(("setting", "asked"), [("never", 1), (1000, 1), (0, 2), (5.5, 2)])
def test_the_age_is_a_setting(tmp_path, replies, answered, setting, asked):
    store = Store(cache_dir=tmp_path, transport=replies, max_age_days=setting)
    answered([{"id": 1}])
    rows_of(store)
    aged(store, 500)
    rows_of(store)
    assert len(replies.asked) == asked


class Broken:
    """A service that cannot be reached."""

    synthetic, source, namespace = True, "https://api.brain-map.org", ""

    def __init__(self, error):
        self.error, self.asked = error, 0

    def get(self, request):
        self.asked += 1
        raise self.error


@pytest.mark.parametrize("error", [OfflineError("no network"), ServiceError("HTTP status 503")])
def test_an_old_table_is_better_than_none(tmp_path, store, answered, error):
    answered([{"id": 1}])
    rows_of(store)
    aged(store, 40)
    broken = Broken(error)
    down = Store(cache_dir=tmp_path / "cache", transport=broken)
    with pytest.warns(UserWarning, match=rf"table of cells: older than max_age_days=30 .*{error}"):
        assert rows_of(down) == [1]
    with pytest.warns(UserWarning, match="could not be reached a short while ago"):
        assert rows_of(down) == [1]
    assert broken.asked == 1
    with pytest.raises(type(error)):
        rows_of(down, refresh=True)


def test_after_an_outage_it_asks_again(tmp_path, store, answered, monkeypatch):
    answered([{"id": 1}])
    rows_of(store)
    aged(store, 40)
    broken = Broken(OfflineError("no network"))
    down = Store(cache_dir=tmp_path / "cache", transport=broken)
    monkeypatch.setattr(Outage, "_LASTS_S", 0.0)
    for _ in range(2):
        with pytest.warns(UserWarning, match="no network"):
            rows_of(down)
    assert broken.asked == 2


def test_offline_tables_do_not_age(tmp_path, store, answered):
    answered([{"id": 1}])
    rows_of(store)
    aged(store, 4000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rows_of(Store(cache_dir=tmp_path / "cache", transport=Offline(synthetic=True))) == [
            1
        ]


def test_a_cassette_does_not_age(tmp_path, envelope):
    url = rma.query_url(queries.cells())
    heard = write_body(tmp_path / "tape", url, envelope([{"id": 1}]), name="bodies/a")
    write_index(tmp_path / "tape", [heard], description="SYNTHETIC", synthetic=True)
    store = Store(cache_dir=tmp_path / "cache", transport=Replay(tmp_path / "tape"))
    rows_of(store)
    aged(store, 4000)
    (tmp_path / "tape" / "bodies" / "a").unlink()
    assert rows_of(store) == [1]


@pytest.mark.parametrize("fetched", ["", "yesterday", "2020-01-01T00:00:00"])
def test_a_table_from_nobody_knows_when_is_old(store, answered, fetched):
    answered([{"id": 1}])
    rows_of(store)
    record = store.cache.record("t/cells.json")
    store.cache.write_record("t/cells.json", replace(record, fetched=fetched))
    answered([{"id": 2}])
    assert rows_of(store) == [2]


def test_a_bad_answer_is_never_stored(store, answered, replies, envelope):
    replies.bodies[rma.query_url(queries.cells())] = envelope(
        [], success=False, msg="no such model"
    )
    with pytest.raises(ServiceError, match="no such model"):
        rows_of(store)
    answered([])
    with pytest.raises(ServiceError, match="none"):
        rows_of(store)
    answered([{"no": "id"}])
    with pytest.raises(KeyError):
        rows_of(store)
    assert store.cache.entries() == []
    assert not store.cache.path("t/cells.json").exists()


def test_the_time_limit_covers_the_whole_call(tmp_path, loopback, says):
    busy = says(503, Retry_After="30")
    loopback.script["/f"] = [busy, says(200, SWC)]
    store = Store(cache_dir=tmp_path, transport=Live(), time_limit_s=5.0)
    with pytest.raises(ServiceError, match="got 503"):
        store.url("f.swc", loopback.url("/f"), what="a file", command="-", limit_s=1.0)
    assert loopback.paths() == ["/f"]


@pytest.mark.parametrize("text", ["{", '{"msg": 5}', "[1]", '{"msg": [1]}', "5", "[" * 100_000])
def test_an_answer_that_was_changed(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(FormatError, match="refresh=True"):
        read_rows(tmp_path / "a.json")


def test_an_answer_as_csv(tmp_path):
    (tmp_path / "a.csv").write_text("id,name\n1,x\n")
    assert read_rows(tmp_path / "a.csv") == [{"id": "1", "name": "x"}]


def table_of(client):
    return client._table(
        "t/cells.json", queries.cells(), COLUMNS, what="table", command="-", refresh=False
    )


def test_a_table_is_parsed_once(tmp_path, replies, answered, monkeypatch):
    from allentk.api import client as clients

    answered([{"id": 1}, {"id": 2}])
    first = table_of(Client(cache_dir=tmp_path, transport=replies))
    with monkeypatch.context() as patch:
        patch.setattr(clients, "frame", None)
        again = table_of(Client(cache_dir=tmp_path, transport=replies))
    assert again.equals(first)
    assert (tmp_path / ".tables" / "t" / "cells.json.npz").is_file()


def test_a_fresh_answer_is_parsed_afresh(tmp_path, replies, answered):
    client = Client(cache_dir=tmp_path, transport=replies)
    answered([{"id": 1}])
    assert list(table_of(client)["id"]) == [1]
    answered([{"id": 2}])
    aged(client._store, 31)
    assert list(table_of(client)["id"]) == [2]
    answer = tmp_path / "t" / "cells.json"
    answer.write_bytes(json.dumps({"msg": [{"id": 7}]}).encode().ljust(answer.stat().st_size))
    assert list(table_of(client)["id"]) == [7]
