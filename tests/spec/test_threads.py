"""Threads: never more than were asked for, one call after another; what a call raises is its caller's."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import NoReturn

import pytest

from cds_service.threads import Bounded, Threads, in_thread


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


# Calls that may never return


def test_a_call_that_nobody_waits_for_keeps_its_place_until_it_returns() -> None:
    returned = threading.Event()

    async def ask() -> list[str]:
        bounded, said = Bounded(1, "x"), []
        for call in (returned.wait, lambda: "late"):
            with pytest.raises(TimeoutError):
                await bounded.call(call, seconds=0.05)
        returned.set()
        said.append(await bounded.call(lambda: "free again", seconds=5))
        return said

    assert asyncio.run(ask()) == ["free again"]


def test_without_a_thread_to_give_it_is_as_if_the_time_were_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> NoReturn:
        raise RuntimeError(f"can't start new thread: {thread.name}")

    async def ask() -> str:
        bounded = Bounded(1, "x")
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse)
            with pytest.raises(TimeoutError):
                await bounded.call(lambda: "no", seconds=5)
        return await bounded.call(lambda: "its place is free", seconds=5)

    assert asyncio.run(ask()) == "its place is free"
