"""Runs that are not over are counted from their rows; runs that are over are told only for letters in doubt."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert, update

from engine.model.words import State
from engine.store import runs, tables, touches
from engine.store.database import Database
from engine.store.unfinished import standings
from tests.builders import NOW, add_customers, add_run

LATER = NOW + timedelta(hours=6)


def change(database: Database, run: int, customers: list[int], **values: object) -> None:
    table = tables.deliveries
    with database.write() as connection:
        connection.execute(
            update(table).where(table.c.run == run, table.c.customer.in_(customers)).values(values)
        )


def test_letters_are_counted_by_what_holds_them_up(database: Database) -> None:
    people = add_customers(database, 10)
    run, _ = add_run(database)
    change(database, run, people[:2], state=State.ACCEPTED, due_at=None)
    change(database, run, people[2:3], state=State.SUBMITTING, due_at=None, lease="x.1")
    change(database, run, people[3:4], state=State.UNCERTAIN, due_at=None, bound_to="outbox")
    change(database, run, people[4:6], due_at=LATER)
    with database.write() as connection:
        for minutes in (5, 2):
            connection.execute(
                insert(tables.calls).values(
                    run=run, provider="outbox", messages=1, started_at=NOW - timedelta(minutes=minutes)
                )
            )
    with database.read() as connection:
        (found,) = standings(connection, NOW)
    numbers = (found.selected, found.pending, found.due, found.in_flight, found.uncertain)
    assert numbers == (10, 7, 4, 1, 1)
    assert (found.due_since, found.later) == (NOW, LATER)
    assert found.last_call == NOW - timedelta(minutes=2)
    assert (found.run, found.campaign, found.occurrence, found.state) == (
        run,
        "monthly-digest",
        "2027-01",
        "sending",
    )


def test_a_run_that_opens_again_is_found_by_whoever_asks_what_was_sent_lately(database: Database) -> None:
    add_customers(database, 1)
    run, _ = add_run(database)
    with database.write() as connection:
        assert runs.change(connection, run, runs.SENDING, runs.DONE, NOW)
        assert run not in touches.recent_runs(connection, LATER)
        assert runs.change(connection, run, runs.DONE, runs.SENDING, LATER)
        assert run in touches.recent_runs(connection, LATER)
        found = runs.get(connection, run)
    assert found is not None
    assert found.finished_at is None


def test_runs_that_are_over_are_told_for_letters_in_doubt_alone(database: Database) -> None:
    people = add_customers(database, 2)
    done, _ = add_run(database, occurrence="2027-01")
    doubtful, _ = add_run(database, occurrence="2027-02")
    settled, _ = add_run(database, occurrence="2027-03")
    change(database, done, people, state=State.ACCEPTED, due_at=None)
    change(database, doubtful, people[:1], state=State.UNCERTAIN, due_at=None, bound_to="outbox")
    change(database, doubtful, people[1:], state=State.ACCEPTED, due_at=None, bound_to="outbox")
    change(database, settled, people, state=State.ACCEPTED, due_at=None, bound_to="outbox")
    with database.write() as connection:
        for run in (done, doubtful, settled):
            assert runs.change(connection, run, runs.SENDING, runs.DONE, NOW)
    with database.read() as connection:
        (found,) = standings(connection, NOW)
    assert (found.run, found.state, found.uncertain, found.pending) == (doubtful, "done", 1, 0)


def test_an_empty_house_has_none(database: Database) -> None:
    with database.read() as connection:
        assert standings(connection, NOW) == []
