"""Threads for calls that may never return: they do not keep the process from its end.

Python waits for the threads of an executor when it ends, and asyncio for those of its own; a server that sends one byte
of a header every second would hold up both for as long as it likes.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
Call = tuple["Future[Any]", Callable[[], Any]]


def in_thread(call: Callable[[], T], name: str) -> Future[T]:
    """Call in a thread of its own."""
    future: Future[T] = Future()
    threading.Thread(target=_fulfil, args=(future, call), name=name, daemon=True).start()
    return future


def _fulfil(future: Future[T], call: Callable[[], T]) -> None:
    """Give a future what a call returns or raises, unless it was cancelled before."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(call())
    except BaseException as error:  # whoever waits for it decides
        future.set_exception(error)


class Bounded:
    """Calls that may never return, made from an event loop: at most so many at once, each in a thread of its own.

    A call that nobody waits for any more keeps its place until it returns, so that threads do not pile up.
    """

    def __init__(self, most: int, name: str) -> None:
        self._free, self._name = asyncio.Semaphore(most), name

    async def call(self, call: Callable[[], T], *, seconds: float) -> T:
        """Return what a call returns. Raises TimeoutError when it has not by then, waiting for a place included.

        So it does when the system has no thread to give: sooner than the time is up, and for the same reasons.
        """
        async with asyncio.timeout(seconds):
            await self._free.acquire()
            future = self._begun(call, asyncio.get_running_loop())
            return await asyncio.wrap_future(future)

    def _begun(self, call: Callable[[], T], loop: asyncio.AbstractEventLoop) -> Future[T]:
        try:
            future = in_thread(call, self._name)
        except RuntimeError as error:
            self._free.release()
            raise TimeoutError from error
        future.add_done_callback(lambda _: self._release(loop))
        return future

    def _release(self, loop: asyncio.AbstractEventLoop) -> None:
        with suppress(RuntimeError):  # the loop has ended before the call
            loop.call_soon_threadsafe(self._free.release)


class Threads:
    """At most so many threads, which take one call after another. To be used from one thread only."""

    def __init__(self, most: int, name: str) -> None:
        self._most, self._name, self._started = most, name, 0
        self._waiting: SimpleQueue[Call | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Call as soon as a thread is free."""
        future: Future[T] = Future()
        self._waiting.put((future, call))
        if not self._idle.acquire(blocking=False) and self._started < self._most:
            self._started += 1
            threading.Thread(target=self._work, name=self._name, daemon=True).start()
        return future

    def close(self) -> None:
        """Let each thread end after what it has in hand, without waiting for it."""
        for _ in range(self._started):
            self._waiting.put(None)

    def _work(self) -> None:
        while self._took():
            self._idle.release()

    def _took(self) -> bool:
        """Whether there was a call to take. Nothing of it outlives it here: it holds a token, and what was read."""
        taken = self._waiting.get()
        if taken is not None:
            _fulfil(*taken)
        return taken is not None
