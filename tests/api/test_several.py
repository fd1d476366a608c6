"""Several at a time."""

import threading

import pytest

from allentk.api.background import begun
from allentk.api.several import Outcome, several
from allentk.errors import DataError


def halved(number):
    if number % 2:
        raise DataError(f"{number} is odd")
    return number // 2


@pytest.mark.parametrize("jobs", [1, 3, 100])
def test_an_item_that_fails_costs_that_item(jobs):
    outcomes = several(halved, range(6), jobs=jobs, progress=False)
    assert [outcome.item for outcome in outcomes] == [0, 1, 2, 3, 4, 5]
    assert [outcome.value for outcome in outcomes] == [0, None, 1, None, 2, None]
    assert [outcome.ok for outcome in outcomes] == [True, False] * 3
    assert outcomes[4].get() == 2
    with pytest.raises(DataError, match="3 is odd"):
        outcomes[3].get()


def test_so_many_at_a_time():
    both = threading.Barrier(3, timeout=30)  # it breaks where fewer than three are under way
    assert [one.value for one in several(lambda n: both.wait() >= 0, range(6), jobs=3)] == [
        True
    ] * 6


def test_no_items():
    assert several(halved, [], jobs=4) == []


def test_no_jobs():
    with pytest.raises(DataError, match="at least 1, got 0"):
        several(halved, [2], jobs=0)


def test_a_slip_in_the_function_is_not_an_outcome(monkeypatch):
    told = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda arguments: told.set())
    for jobs in (1, 2):
        with pytest.raises(ZeroDivisionError):
            several(lambda n: 1 // n, [1, 0], jobs=jobs, progress=False)
    assert told.wait(30)


def test_a_promise_keeps_what_was_expected():
    with pytest.raises(DataError):
        begun(lambda: halved(3), (DataError,)).result(30)
    assert Outcome(4, 2).get() == 2
