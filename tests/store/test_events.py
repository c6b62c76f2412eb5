"""Events: equal rows of one file are separate events, the same file again is none."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from engine.store import events, tables
from engine.store.database import Database
from engine.store.events import Event, Repeats
from tests.builders import NOW, add_customers

ORDER = Event("c1", "order_placed", NOW, {"total": 12.5})


def file_of(database: Database, *rows: Event, batch: int = 2) -> tuple[int, int]:
    """Imports the rows as one file, a few at a time; added and unchanged."""
    added = unchanged = 0
    with Repeats() as repeats:
        for start in range(0, len(rows), batch):
            with database.write() as connection:
                done = events.add(connection, rows[start : start + batch], "orders.csv", repeats)
            added, unchanged = added + done.added, unchanged + done.unchanged
    return added, unchanged


def test_equal_rows_of_one_file_are_as_many_events(database: Database) -> None:
    add_customers(database, 1)
    assert file_of(database, ORDER, ORDER, ORDER) == (3, 0)
    assert file_of(database, ORDER, ORDER, ORDER) == (0, 3)
    assert file_of(database, *[ORDER] * 5) == (2, 3)


def test_any_difference_makes_another_event(database: Database) -> None:
    add_customers(database, 2)
    different = [
        ORDER,
        Event("c2", "order_placed", NOW, {"total": 12.5}),
        Event("c1", "complaint", NOW, {"total": 12.5}),
        Event("c1", "order_placed", NOW + timedelta(microseconds=1), {"total": 12.5}),
        Event("c1", "order_placed", NOW, {"total": 12.0}),
        Event("c1", "order_placed", NOW, {}),
    ]
    assert file_of(database, *different) == (6, 0)
    assert file_of(database, *reversed(different)) == (0, 6)


def test_events_of_strangers_are_named_by_their_place(database: Database) -> None:
    add_customers(database, 1)
    rows = [Event("x", "a", NOW, {}), ORDER, Event("y", "a", NOW, {})]
    with Repeats() as repeats, database.write() as connection:
        done = events.add(connection, rows, "orders.csv", repeats)
    assert (done.added, done.unchanged, done.unknown) == (1, 0, (0, 2))


def test_an_event_with_an_identity_is_kept_once(database: Database) -> None:
    (ada,) = add_customers(database, 1)
    with database.write() as connection:
        assert events.record(connection, ada, "bounced", NOW, {}, "event-1", "postmark")
        assert not events.record(connection, ada, "bounced", NOW, {"again": True}, "event-1", "postmark")
        assert events.record(connection, ada, "bounced", NOW, {}, "event-1", "mailgun")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from("abc"), max_size=12), st.integers(1, 5), st.integers(1, 5))
def test_a_file_is_the_same_file_however_it_is_cut(
    database: Database, names: list[str], first: int, second: int
) -> None:
    with database.write() as connection:
        connection.execute(tables.events.delete())
    add_customers(database, 1)
    rows = [Event("c1", name, NOW, {}) for name in names]
    assert file_of(database, *rows, batch=first) == (len(rows), 0)
    assert file_of(database, *rows, batch=second) == (0, len(rows))
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(tables.events)).scalar() == len(rows)
