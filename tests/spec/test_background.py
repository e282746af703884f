"""Items on their way to a database: stored in order and in batches, never waited for; what is lost is counted and told.

An item that finds the queue full is lost; a batch is tried again while the database does not answer, until the end.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy.exc import DataError, OperationalError, SQLAlchemyError

from cds_service import background
from cds_service.background import BATCH, Background

SILENT = OperationalError("", None, Exception("canary"))
REFUSES = DataError("", None, Exception("canary"))


class Store:
    """Takes batches while its gate is open; before each it raises what stands in `errors`."""

    def __init__(self, *errors: SQLAlchemyError, open_gate: bool = True) -> None:
        self.batches: list[Sequence[int]] = []
        self.errors, self.gate = list(errors), threading.Event()
        if open_gate:
            self.gate.set()

    def __call__(self, batch: Sequence[int]) -> None:
        assert self.gate.wait(10)
        if self.errors:
            raise self.errors.pop(0)
        self.batches.append(tuple(batch))

    @property
    def items(self) -> list[int]:
        return [item for batch in self.batches for item in batch]


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_all_are_stored_in_their_order_and_in_batches_when_it_closes() -> None:
    store = Store()
    items = Background(store, pause=0.01)
    for item in range(3 * BATCH):
        items.put(item)
    items.close()
    assert store.items == list(range(3 * BATCH))
    assert max(map(len, store.batches)) <= BATCH
    assert len(store.batches) < BATCH
    assert items.lost == 0


def test_what_finds_the_queue_full_is_lost_counted_and_told(caplog: pytest.LogCaptureFixture) -> None:
    store = Store(open_gate=False)
    items = Background(store, waiting=3, pause=0.01)
    items.put(0)
    until(items._queue.empty)
    started = time.monotonic()
    for item in range(1, 11):
        items.put(item)
    assert time.monotonic() - started < 1
    assert items.lost == 7
    store.gate.set()
    until(lambda: len(store.items) == 4)
    items.close()
    assert store.items == [0, 1, 2, 3]
    assert '"event":"answers-not-recorded"' in caplog.text
    assert '"count":7' in caplog.text


def test_a_database_that_does_not_answer_is_asked_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "PATIENCE", (0.01, 0.02))
    store = Store(SILENT, SILENT, SILENT)
    items = Background(store, pause=0.01)
    items.put(1)
    until(lambda: store.items == [1])
    items.close()
    assert items.lost == 0
    assert caplog.text.count('"event":"ledger-unreachable"') == 3
    assert "canary" not in caplog.text


def test_a_batch_that_the_database_refuses_is_lost_and_the_next_is_not(caplog: pytest.LogCaptureFixture) -> None:
    store = Store(REFUSES)
    items = Background(store, pause=0.01)
    items.put(1)
    until(lambda: items.lost == 1)
    items.put(2)
    items.close()
    assert (store.items, items.lost) == ([2], 1)
    assert '"event":"ledger-refuses"' in caplog.text
    assert "canary" not in caplog.text


def test_the_end_does_not_wait_for_a_database_that_does_not_answer(caplog: pytest.LogCaptureFixture) -> None:
    store = Store(*[SILENT] * 9)
    items = Background(store, pause=0.01)
    items.put(1)
    until(lambda: len(store.errors) < 9)
    for item in range(2, 5):
        items.put(item)
    started = time.monotonic()
    items.close()
    assert time.monotonic() - started < 5
    assert (store.items, items.lost) == ([], 4)
    assert sum(int(part.partition("}")[0]) for part in caplog.text.split('"count":')[1:]) == 4
