"""What all tests share: ledgers, a data folder, so that no service writes into the repository, and who runs what.

Hypothesis profiles: `ci` is the default and always draws the same examples; `search` looks further, for some minutes:
`pytest tests/generative tests/fuzz --hypothesis-profile=search`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from cds_service.settings import Settings
from tests import postgres as servers

NewLedger = Callable[[], Settings]

SLOW_BY_DESIGN = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

hypothesis.register_profile(
    "ci", max_examples=200, derandomize=True, database=None, deadline=None, suppress_health_check=SLOW_BY_DESIGN
)
hypothesis.register_profile("search", max_examples=5000, deadline=None, suppress_health_check=SLOW_BY_DESIGN)
hypothesis.load_profile("ci")


@pytest.fixture(scope="session", autouse=True)
def _data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDS_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        patch.delenv("CDS_DATABASE_URL", raising=False)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[servers.Server]:
    """A PostgreSQL server. Without one its tests are skipped, or fail where REQUIRE_POSTGRES is set."""
    programs = servers.find_programs()
    if programs is None:
        (pytest.fail if os.environ.get("REQUIRE_POSTGRES") else pytest.skip)(servers.MISSING)
    with servers.running(programs) as server:
        yield server


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def new_ledger(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> NewLedger:
    """A function that returns the settings of a service with an empty ledger, in each kind of database."""
    server: servers.Server | None = request.getfixturevalue("postgres") if request.param == "PostgreSQL" else None

    def settings() -> Settings:
        url = server.new_database() if server else None
        return Settings.model_validate(
            {"auth": "off", "data_dir": tmp_path_factory.mktemp("data"), "database_url": url}
        )

    return settings


LIVE = "tests/live/"


class OneServer(LoadScopeScheduling):  # type: ignore[misc]
    """A scope is a test of its own, or everything under tests/live.

    (`--dist loadgroup` would do the same, but pytest-xdist 3.8 does not see its marks under pytest 9.2.)
    """

    def _split_scope(self, nodeid: str) -> str:
        return LIVE if nodeid.startswith(LIVE) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneServer | None:
    """Deal out so, unless the command line asks for another way."""
    return OneServer(config, log) if config.getoption("dist") == "load" else None
