"""What all tests share: a data folder of their own, so that no service they start writes into the repository."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDS_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        patch.delenv("CDS_DATABASE_URL", raising=False)
        yield
