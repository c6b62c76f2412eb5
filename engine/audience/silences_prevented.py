"""What prevents a silence that is laid out: letters that wait or will come, tasks, fillers; and why nothing does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    case,
    func,
    insert,
    or_,
    select,
    text,
)

from engine.audience.silences import CLOCKS, Outlook, before, count, silences
from engine.policy.floors import Silence
from engine.store import tables
from engine.store.touches import WAITING

letters = Table(
    "silence_letters",
    MetaData(),
    Column("customer", BigInteger, primary_key=True),
    Column("waits", Integer, nullable=False),
    Column("reason", Text),
)
"""A temporary table: the customers of some runs. `waits`: 1 where a letter has not left and still may."""


def kept_by(
    connection: Connection, outlook: Outlook, candidates: Select[Any], day: date, filler: str
) -> None:
    """What a coming occurrence prevents: of its candidates those whose clock does not run out before it is over."""
    rows = silences
    later = ~before(outlook, rows, day + timedelta(days=1))
    chosen = rows.c.customer.in_(select(candidates.subquery().c[0]))
    _prevent(connection, and_(_open_letter(), later, chosen), filler)


def prevented_by_letters(connection: Connection, runs: Mapping[int, str]) -> None:
    """What a letter prevents that is planned and has not left. `runs`: unfinished ones with their campaigns."""
    for campaign in sorted(set(runs.values())):
        _lay_letters_out(connection, [run for run, name in runs.items() if name == campaign])
        _prevent(connection, and_(_open_letter(), _has_letter(1)), campaign)


def prevented_by_run(connection: Connection, run: int, filler: str) -> None:
    """What the letters of a run prevent that was planned just now; of the others, why they get none."""
    _lay_letters_out(connection, [run])
    _prevent(connection, and_(_open_letter(), _has_letter(1)), filler)
    why = select(letters.c.reason).where(letters.c.customer == silences.c.customer).scalar_subquery()
    condition = and_(_open_letter(), silences.c.reason.is_(None), _has_letter(0))
    connection.execute(silences.update().where(condition).values(reason=why))


def _lay_letters_out(connection: Connection, runs: Collection[int]) -> None:
    """The customers of runs and whether their letter waits.

    They are copied, because PostgreSQL believes of a run that was planned just now that there is nobody in it.
    """
    connection.execute(text(_CREATE_LETTERS))
    connection.execute(text("DELETE FROM silence_letters"))
    delivery = tables.deliveries.alias()
    waits = func.max(case((delivery.c.state.in_(WAITING), 1), else_=0))
    chosen = (
        select(delivery.c.customer, waits, func.max(delivery.c.reason))
        .where(delivery.c.run.in_(sorted(runs)))
        .group_by(delivery.c.customer)
    )
    connection.execute(insert(letters).from_select(["customer", "waits", "reason"], chosen))
    count(connection, "silence_letters")


def _has_letter(waits: int) -> ColumnElement[bool]:
    return silences.c.customer.in_(select(letters.c.customer).where(letters.c.waits == waits))


def prevented_by_tasks(connection: Connection, filler: str, *, in_time_at: datetime | None = None) -> None:
    """What an open task prevents; with a moment, only one that is not overdue then."""
    task = tables.tasks.alias()
    waiting = select(task.c.customer).where(task.c.state == "open")
    if in_time_at is not None:
        waiting = waiting.where(or_(task.c.due_at.is_(None), task.c.due_at >= in_time_at))
    _prevent(connection, and_(silences.c.filler.is_(None), silences.c.customer.in_(waiting)), filler)


def prevented_by_owner(connection: Connection, filler: str) -> None:
    """Everything that is left gets a task."""
    _prevent(connection, silences.c.filler.is_(None), filler)


def barred(connection: Connection, chosen: Select[Any], reasons: Collection[str]) -> None:
    """What of their own keeps them from a filler. `chosen`: rows of customer and reason."""
    rows, found = silences, chosen.subquery()
    for reason in reasons:
        these = select(found.c.customer).where(
            found.c.reason == reason, found.c.customer.in_(open_customers())
        )
        condition = and_(rows.c.filler.is_(None), rows.c.reason.is_(None), rows.c.customer.in_(these))
        connection.execute(rows.update().where(condition).values(reason=reason))


def left_out(connection: Connection, reason: str) -> None:
    """A reason for whoever has neither a filler nor one yet."""
    rows = silences
    condition = and_(rows.c.filler.is_(None), rows.c.reason.is_(None))
    connection.execute(rows.update().where(condition).values(reason=reason))


def open_customers(candidates: Select[Any] | None = None) -> Select[Any]:
    """Those who would not hear from us, and for whom nothing is done yet; of the candidates alone."""
    query = select(silences.c.customer).where(_open_letter())
    if candidates is not None:
        query = query.where(silences.c.customer.in_(select(candidates.subquery().c[0])))
    return query


def any_left(connection: Connection) -> bool:
    """Whether there is anything on the table."""
    return connection.execute(select(silences.c.customer).limit(1)).first() is not None


def any_open(connection: Connection, candidates: Select[Any]) -> bool:
    """Whether there is one of them."""
    return connection.execute(open_customers(candidates).limit(1)).first() is not None


def _open_letter() -> ColumnElement[bool]:
    hears = silences.c.clock == CLOCKS.index(Silence.HEAR_FROM_US)
    return and_(silences.c.filler.is_(None), hears)


def _prevent(connection: Connection, condition: ColumnElement[bool], filler: str) -> None:
    connection.execute(silences.update().where(condition).values(filler=filler))


_CREATE_LETTERS = """
CREATE TEMPORARY TABLE IF NOT EXISTS silence_letters
(customer BIGINT PRIMARY KEY, waits INTEGER NOT NULL, reason TEXT)
"""
