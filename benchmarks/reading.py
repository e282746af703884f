"""`python -m benchmarks.reading FOLDER`: reading public FHIR files into records, as a ratio to orjson.loads.

The same bytes, in turn, file by file; process CPU time; the median of the rounds. Reading means everything up to the
record with all its facts, what was skipped and what was quarantined; orjson.loads only parses.
"""

from __future__ import annotations

import datetime as dt
import gc
import gzip
import statistics
import sys
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import orjson

from mappings.catalogue import load_catalogue
from mappings.evaluation import Policy
from mappings.fhir import Part, decode, read_record
from terminology.errors import RecordError
from terminology.valuesets import Vocabulary, load_value_sets

ROUNDS = 5
TODAY = dt.date(2026, 11, 24)


def bodies(folder: Path) -> list[bytes]:
    """Return the bytes of every JSON file that holds a FHIR resource."""
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.name.endswith((".json", ".json.gz"))):
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        if b'"resourceType"' in raw:
            found.append(raw)
    return found


def reader(vocabulary: Vocabulary) -> Callable[[bytes], int]:
    """Return a function that reads one body and returns how many resources were in it."""

    def read(raw: bytes) -> int:
        try:
            return read_record([Part(decode(raw))], vocabulary=vocabulary, today=TODAY).tally.total
        except RecordError:
            return 0

    return read


def seconds(function: Callable[[bytes], object], raw: bytes) -> float:
    """Return the CPU seconds that one call takes."""
    start = time.process_time()
    function(raw)
    return time.process_time() - start


def main() -> None:
    """Measure and print one line."""
    found = bodies(Path(sys.argv[1]))
    vocabulary = load_catalogue(Vocabulary(load_value_sets(files("terminology") / "valuesets")), Policy()).vocabulary
    read = reader(vocabulary)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)
    resources = sum(read(raw) for raw in found)
    ratios = []
    for _ in range(ROUNDS):
        ours = base = 0.0
        for raw in found:
            ours += seconds(read, raw)
            base += seconds(orjson.loads, raw)
        ratios.append(ours / base)
    size = sum(map(len, found)) / 1e6
    print(f"{len(found)} files, {resources} resources, {size:.0f} MB")
    print(f"read in {statistics.median(ratios):.2f} x orjson.loads ({min(ratios):.2f}-{max(ratios):.2f})")


if __name__ == "__main__":
    main()
