"""A database of any earlier revision becomes one of this program's, with everything it held."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import Engine, make_url

from engine.store import posts, schema
from engine.store.database import Database, open_database
from engine.store.tables import metadata
from tests.postgresql import administer, with_database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database that holds nothing yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'old.db'}"
        return
    server = str(request.getfixturevalue("postgres_server"))
    name = f"touchbase_old_{secrets.token_hex(6)}"
    administer(server, f"CREATE DATABASE {name}")
    yield with_database(server, name)
    administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def plain_engine(url: str) -> Engine:
    """SQLAlchemy's own way in, without any of the store's checks."""
    parsed = make_url(url)
    return create_engine(parsed.set(drivername="postgresql+psycopg") if "postgres" in url else parsed)


def written_by(revision: str, url: str) -> None:
    """Leaves a database as the program of that revision would have, with a feed, a post and a customer in it."""
    engine = plain_engine(url)
    with engine.begin() as connection:
        schema.upgrade(connection, revision)
        for statement in (
            "INSERT INTO meta VALUES ('install_id', 'old')",
            "INSERT INTO feeds (feed, url, etag, succeeded_at, baseline_at, entries)"
            " VALUES ('blog', 'https://blog.example/feed', '\"1\"', 1700000000000000, 1600000000000000, 7)",
            "INSERT INTO posts (id, feed, identity, first_seen, body) VALUES (1, 'blog', 'guid:1', 1600000000000000, '{}')",
            "INSERT INTO customers (id, customer_id, email, created_at, updated_at)"
            " VALUES (1, 'c1', 'ann@acme.example', 0, 0)",
            "INSERT INTO deliveries (run, customer, state) VALUES (1, 1, 'accepted')",
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()


def differences(database: Database) -> list[object]:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": schema.VERSION_TABLE})
        return list(compare_metadata(context, metadata))


def test_the_migrations_make_exactly_the_tables_of_this_program(database: Database) -> None:
    assert differences(database) == []


def test_every_migration_is_known_without_alembic() -> None:
    folder = Path(schema.__file__).parent / "migrations" / "versions"
    assert tuple(sorted(path.name[:4] for path in folder.glob("0*.py"))) == schema.REVISIONS


@pytest.mark.parametrize("revision", schema.REVISIONS)
def test_an_older_database_is_brought_up_to_date_with_all_it_held(empty_url: str, revision: str) -> None:
    written_by(revision, empty_url)
    for _ in range(2):
        with open_database(empty_url, create=False) as database:
            assert differences(database) == []
            with database.read() as connection:
                assert schema.version(connection) == schema.REVISIONS[-1]
                feed = posts.feed(connection, "blog")
                held = [
                    connection.execute(text(f"SELECT {column} FROM {table}")).scalar_one()
                    for table, column in (
                        ("meta", "value"),
                        ("posts", "identity"),
                        ("customers", "email"),
                        ("deliveries", "state"),
                    )
                ]
            assert held == ["old", "guid:1", "ann@acme.example", "accepted"]
            assert feed is not None
            assert (feed.etag, feed.entries, feed.validator_uses, feed.failures, feed.gone) == (
                '"1"',
                7,
                0,
                0,
                False,
            )


def test_a_migration_that_breaks_off_leaves_the_older_database_as_it_was(empty_url: str) -> None:
    written_by("0001", empty_url)

    def break_off(connection: Connection, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE touchbase_version"):
            raise KeyboardInterrupt

    event.listen(Engine, "before_cursor_execute", break_off)
    try:
        with pytest.raises(KeyboardInterrupt):
            open_database(empty_url)
    finally:
        event.remove(Engine, "before_cursor_execute", break_off)
    engine = plain_engine(empty_url)
    with engine.connect() as connection:
        assert schema.version(connection) == "0001"
        kept = connection.exec_driver_sql("SELECT * FROM feeds").mappings().one()
        assert "gone" not in kept
        assert kept["entries"] == 7
    engine.dispose()
    with open_database(empty_url) as database:
        assert differences(database) == []
