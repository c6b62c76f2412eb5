"""A database that is lent again is as good as new, or it is not lent again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import psycopg
import pytest

from engine.store.database import open_database
from tests.builders import add_customers, add_run
from tests.postgresql import Databases, administer, shape, with_database

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def databases(postgres_server: str) -> Iterator[Databases]:
    """Some of its own: what other tests have used up does not show."""
    made = Databases(postgres_server)
    yield made
    made.close()


def everything(address: str) -> dict[str, list[str]]:
    """All rows of all tables, and where the numbers stand."""
    with psycopg.connect(address) as connection:
        names = [
            row[0]
            for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ]
        found = {
            name: [row[0] for row in connection.execute(f'SELECT t::text FROM "{name}" t')] for name in names
        }
        numbers = connection.execute("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1")
        return {**found, "numbers": [str(row) for row in numbers]}


def lent(databases: Databases) -> tuple[str, str]:
    name = databases.lend()
    return name, with_database(databases.server, name)


@pytest.mark.parametrize("people", [3, 5000], ids=["few rows", "many rows"])
def test_what_was_used_is_as_it_was(databases: Databases, people: int) -> None:
    name, address = lent(databases)
    before = everything(address)
    with open_database(address) as database:
        add_customers(database, people, kinds={"shoe size": "number", "born": "date"})
        add_run(database)
        with database.write() as connection:
            connection.exec_driver_sql("UPDATE meta SET value = 'another'")
            connection.exec_driver_sql("UPDATE touchbase_version SET version_num = '9999'")
    databases.take_back(name)
    again, address = lent(databases)
    after = everything(address)
    databases.take_back(again)
    assert again == name
    assert after.pop("numbers") == before.pop("numbers")
    assert after == before


@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE suppressions",
        "CREATE TABLE strange (id integer)",
        "ALTER TABLE deliveries ADD COLUMN strange text",
        "ALTER TABLE customers ALTER COLUMN email TYPE varchar(80)",
        "CREATE INDEX strange ON customers (created_at)",
        "CREATE FUNCTION strange() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA strange",
    ],
)
def test_a_change_of_its_tables_shows(postgres_url: str, change: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        before = shape(connection)
        connection.execute(change)
        assert shape(connection) != before
        connection.rollback()
        assert shape(connection) == before


@pytest.mark.parametrize("reason", ["changed", "in use", "not trusted"])
def test_what_is_in_doubt_is_not_lent_again(databases: Databases, reason: str) -> None:
    name, address = lent(databases)
    with psycopg.connect(address) if reason == "in use" else nullcontext():
        if reason == "changed":
            administer(address, "DROP TABLE suppressions")
        databases.take_back(name, trusted=reason != "not trusted")
    again, _ = lent(databases)
    databases.take_back(again)
    assert again != name
