"""`make fuzz`: bytes that atheris finds by the paths that they take through the code, beginning with good requests.

Usage: python -m tests.fuzz.guided [libFuzzer's options], for example -runs=100000
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["hooks", "mappings", "cds_service"]):
    from cds_service.app import create_app
    from cds_service.demo import WRITTEN_FOR
    from cds_service.settings import Settings

from tests.fuzz.asking import SERVICES, Asking, look
from tests.fuzz.mutating import good_requests


def main() -> None:
    """Fuzz until libFuzzer's options say that it is enough."""
    asking = Asking(create_app(Settings(auth="off"), today=lambda: WRITTEN_FOR))

    def once(body: bytes) -> None:
        status, answer = asking.post(f"/cds-services/{SERVICES[0]}", body)
        look(body, status, answer)

    with tempfile.TemporaryDirectory() as corpus:
        for number, request in enumerate(good_requests()):
            (Path(corpus) / f"{number}.json").write_bytes(request)
        atheris.Setup([sys.argv[0], corpus, "-max_len=100000", "-timeout=10", *sys.argv[1:]], once)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
