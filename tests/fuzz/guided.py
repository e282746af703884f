"""`make fuzz`: what atheris finds by the paths that it takes through the code, beginning with what is good.

Usage: python -m tests.fuzz.guided body|token [libFuzzer's options], for example -runs=100000
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import SupportsIndex

import atheris

with atheris.instrument_imports(include=["hooks", "mappings", "cds_service", "jwt"]):
    from tests.fuzz.asking import PATHS, Guarded, Open, look
    from tests.fuzz.forging import forged
    from tests.fuzz.mutating import good_requests

Fuzzed = tuple[Callable[[bytes], None], Sequence[bytes]]
"""What to do with some bytes, and the bytes to begin with."""


class Chosen(random.Random):
    """Chances that are read from bytes, in order; after their end the first is chosen, and what is seldom is not."""

    def __init__(self, found: bytes) -> None:
        self.provider = atheris.FuzzedDataProvider(found)

    def getrandbits(self, k: SupportsIndex, /) -> int:
        bits = k.__index__()
        return int.from_bytes(self.provider.ConsumeBytes((bits + 7) // 8)) & ((1 << bits) - 1)

    def random(self) -> float:
        return 1 - (self.getrandbits(16) + 1) / 2**16


def bodies(folder: Path) -> Fuzzed:
    """Send bytes as the body of a request."""
    asking = Open(folder)

    def once(found: bytes) -> None:
        look(found, *asking.post(PATHS[0], found))

    return once, good_requests()


def tokens(folder: Path) -> Fuzzed:
    """Send bytes as a header with a token, or, by a token that is signed after all, as what is chosen to be wrong."""
    asking = Guarded(folder)

    def once(found: bytes) -> None:
        sent = [found] if found.startswith(b"B") else forged(Chosen(found), PATHS[0])
        look(b"", *asking.knock(sent, PATHS[0]))

    good = [header for _ in range(10) for header in forged(Chosen(b""), PATHS[0])]
    return once, [b"", *(random.Random(number).randbytes(200) for number in range(100)), *good]


def main() -> None:
    """Fuzz until libFuzzer's options say that it is enough."""
    fuzzed = {"body": bodies, "token": tokens}[sys.argv[1]]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as corpus:
        once, first = fuzzed(Path(folder))
        for number, found in enumerate(first):
            (Path(corpus) / str(number)).write_bytes(found)
        atheris.Setup([sys.argv[0], corpus, "-max_len=100000", "-timeout=10", *sys.argv[2:]], once)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
