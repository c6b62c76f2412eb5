"""Tasks made instead of letters: one for each delivery, however often somebody asks; both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import literal, select

from engine.model.task import MadeBy
from engine.store import runs, tables, task_making, tasks
from engine.store.database import Database
from engine.store.ledger.discarding import discard
from engine.store.types import Moment
from tests.builders import NOW, add_customers, add_run

DUE = NOW + timedelta(days=5)


def test_every_delivery_gets_one_task_and_no_second_one(database: Database) -> None:
    people = add_customers(database, 3)
    run, _ = add_run(database)
    of_run = tables.deliveries.c
    chosen = select(
        of_run.customer,
        of_run.id.label("delivery"),
        literal("call").label("kind"),
        literal("Ring them").label("title"),
        literal("priya").label("owner"),
        literal(DUE, Moment).label("due_at"),
    ).where(of_run.run == run)
    with database.write() as connection:
        assert task_making.make(connection, chosen, MadeBy.POLICY, NOW) == 3
    again = [
        task_making.Draft(person, number, "note", "Write", "Dear …")
        for number, person in enumerate(people, 1)
    ]
    with database.write() as connection:
        assert task_making.make(connection, chosen, MadeBy.POLICY, NOW) == 0
        assert task_making.make_drafted(connection, again, MadeBy.CAMPAIGN, NOW) == 0
        found = tasks.listed(connection, NOW, limit=9)
    assert [(task.customer, task.kind, task.title, task.owner, task.due_at) for task in found] == [
        (person, "call", "Ring them", "priya", DUE) for person in people
    ]
    assert {(task.state, task.made_by, task.created_at) for task in found} == {("open", MadeBy.POLICY, NOW)}


def test_drafts_keep_every_word_and_moment(database: Database) -> None:
    (person,) = add_customers(database, 1)
    draft = task_making.Draft(person, 7, "check-in", "Ask", "Dear\nAna", "priya", DUE, DUE, "campaign x")
    with database.write() as connection:
        assert task_making.make_drafted(connection, [draft], MadeBy.CAMPAIGN, NOW) == 1
        (task,) = tasks.listed(connection, NOW, limit=9)
    kept = (
        task.delivery,
        task.kind,
        task.title,
        task.text,
        task.owner,
        task.due_at,
        task.expires_at,
        task.reason,
    )
    assert kept == (7, "check-in", "Ask", "Dear\nAna", "priya", DUE, DUE, "campaign x")


def test_a_plan_that_is_thrown_away_takes_its_tasks_along(database: Database) -> None:
    (person,) = add_customers(database, 1)
    run, _ = add_run(database, state=runs.READY)
    with database.write() as connection:
        number = connection.execute(select(tables.deliveries.c.id)).scalar_one()
        task_making.make_drafted(
            connection, [task_making.Draft(person, number, "note", "x")], MadeBy.POLICY, NOW
        )
        tasks.add(connection, person, "call", "of their own", NOW)
        assert discard(connection, run)
        assert [task.title for task in tasks.listed(connection, NOW, limit=9)] == ["of their own"]


def test_a_select_without_a_title_is_refused(database: Database) -> None:
    with database.write() as connection, pytest.raises(ValueError, match="no column kind and title"):
        task_making.make(connection, select(tables.customers.c.id.label("customer")), MadeBy.POLICY, NOW)
