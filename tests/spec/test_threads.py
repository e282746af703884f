"""Threads: never more than were asked for, one call after another; what a call raises is its caller's."""

from __future__ import annotations

import threading
import time

import pytest

from cds_service.threads import Threads, in_thread


def names(count: int, seconds: float = 0.05) -> set[str]:
    """Return the threads that so many calls at once are answered by."""
    threads = Threads(3, "x")

    def call() -> str:
        time.sleep(seconds)
        return f"{threading.get_ident()}"

    running = [threads.submit(call) for _ in range(count)]
    found = {future.result(5) for future in running}
    threads.close()
    return found


@pytest.mark.parametrize(("calls", "threads"), [(1, 1), (2, 2), (3, 3), (20, 3)])
def test_there_are_as_many_as_calls_but_no_more_than_were_asked_for(calls: int, threads: int) -> None:
    assert len(names(calls)) == threads


def test_a_thread_that_is_free_takes_the_next_call() -> None:
    threads = Threads(3, "x")
    found = []
    for _ in range(5):
        found.append(threads.submit(threading.get_ident).result(5))
        time.sleep(0.02)
    assert len(set(found)) == 1


def test_a_call_that_fails_fails_for_its_caller_and_ends_no_thread() -> None:
    threads = Threads(1, "x")
    with pytest.raises(ZeroDivisionError):
        threads.submit(lambda: 1 // 0).result(5)
    assert threads.submit(lambda: 1).result(5) == 1
    with pytest.raises(ZeroDivisionError):
        in_thread(lambda: 1 // 0, "x").result(5)


def test_what_was_cancelled_while_it_waited_is_not_called() -> None:
    threads, going_on = Threads(1, "x"), threading.Event()
    first, second = threads.submit(going_on.wait), threads.submit(lambda: 2)
    assert second.cancel()
    going_on.set()
    assert first.result(5)
    assert threads.submit(lambda: 3).result(5) == 3


def test_after_the_end_no_thread_stays() -> None:
    before = threading.active_count()
    names(3)
    time.sleep(0.1)
    assert threading.active_count() <= before
