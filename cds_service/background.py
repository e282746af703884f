"""Storing what may be lost, without ever making anybody wait: a bounded queue and one thread that empties it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from cds_service import logs

T = TypeVar("T")

WAITING = 10_000
"""Items that may wait; the next are lost."""

BATCH = 1_000
"""Items that are stored in one transaction."""

PAUSE = 0.25
"""Seconds between two transactions: the first item after a pause is stored at once, the next ones together."""

PATIENCE = (1.0, 30.0)
"""Seconds until the next attempt at a database that does not answer: at first, doubling, and at most."""

CLOSING = 5.0
"""Seconds that the end of the service waits for what is still to be stored: longer than an attempt waits for others."""


class Background(Generic[T]):
    """Items on their way to a database. store: called with a batch, in the thread of this object.

    An item that finds the queue full is lost, and so is a batch that the database refuses. While the database does not
    answer its batch is tried again, until the service ends. What is lost is counted and logged.
    """

    def __init__(self, store: Callable[[Sequence[T]], None], *, waiting: int = WAITING, pause: float = PAUSE) -> None:
        self._store, self._pause = store, pause
        self._queue: queue.Queue[T | None] = queue.Queue(waiting)
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._turned_away = self._refused = self._told = 0

    @property
    def lost(self) -> int:
        """How many items were lost so far."""
        return self._turned_away + self._refused

    def put(self, item: T) -> None:
        """Take an item to be stored, and return at once. To be called from one thread only."""
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            self._turned_away += 1
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Store what is waiting, as far as a few seconds allow."""
        self._closing.set()
        if self._thread is not None:
            self._wake()
            self._thread.join(CLOSING)

    def _wake(self) -> None:
        if self._queue.empty():
            self._queue.put(None)

    def _run(self) -> None:
        while not (self._closing.is_set() and self._queue.empty()):
            batch = self._gather()
            if batch:
                self._store_patiently(batch)
            if len(batch) < BATCH:
                self._closing.wait(self._pause)

    def _gather(self) -> list[T]:
        """Wait for an item, then take what is there."""
        found = [self._queue.get(), *self._waiting(BATCH - 1)]
        return [item for item in found if item is not None]

    def _waiting(self, most: int) -> Iterator[T | None]:
        with suppress(queue.Empty):
            for _ in range(most):
                yield self._queue.get_nowait()

    def _store_patiently(self, batch: Sequence[T]) -> None:
        wait, longest = PATIENCE
        while not self._stored(batch):
            self._tell()
            if self._closing.wait(wait):
                self._refused += len(batch) + sum(item is not None for item in self._waiting(WAITING))
                break
            wait = min(2 * wait, longest)
        self._tell()

    def _stored(self, batch: Sequence[T]) -> bool:
        """Whether nothing more is to be done for a batch: it is stored, or never will be."""
        try:
            self._store(batch)
        except (OperationalError, InterfaceError) as error:
            logs.tell(logs.EventLine(event="ledger-unreachable", error=logs.where(error)))
            return False
        except SQLAlchemyError as error:
            logs.tell(logs.EventLine(event="ledger-refuses", error=logs.where(error)))
            self._refused += len(batch)
        return True

    def _tell(self) -> None:
        lost = self.lost
        if lost > self._told:
            logs.tell(logs.EventLine(event="answers-not-recorded", count=lost - self._told))
            self._told = lost
