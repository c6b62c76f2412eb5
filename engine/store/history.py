"""Everything that happened between us and one customer, the newest first, a page at a time.

Each kind of entry is asked for its newest alone, along an index, so that a page costs the same after ten entries and
after ten thousand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import case, false, func, or_, select, text, union_all

from engine.model.built_in_events import CHANGE, OwnEvent
from engine.model.report import HistoryLine
from engine.store import runs, tables
from engine.store.touches import TOUCHED
from engine.store.types import Moment

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Select

PAGE = 50

OWN_EVENTS = frozenset(str(event) for event in OwnEvent)

OPEN = "state NOT IN ('done', 'cancelled', 'missed')"
"""As the index of open runs has it, letter by letter: SQLite knows it by nothing else."""

AT_ONCE = 100
"""Names of events asked for in one statement: SQLite takes at most 500 parts of a union."""


class _Entry(NamedTuple):
    """A line and its number among those of its kind, which orders what happened in the same moment."""

    line: HistoryLine
    number: int


def history(
    connection: Connection, customer: int, *, before: datetime | None = None, limit: int = PAGE
) -> list[HistoryLine]:
    """The customer's deliveries, touches by people, events and consent, newest first.

    `before`: only what is older; hand in the last line's moment to turn the page.
    """
    parts = (_deliveries, _touches, _events, _consent)
    found = [entry for part in parts for entry in part(connection, customer, before, limit)]
    found.sort(key=lambda entry: (entry.line.at, _backwards(entry.line.kind), entry.number), reverse=True)
    return [entry.line for entry in found[:limit]]


def _backwards(kind: str) -> tuple[int, ...]:
    """So that kinds stand from A to Z where everything else stands from the last to the first."""
    return tuple(-ord(letter) for letter in kind)


def _deliveries(
    connection: Connection, customer: int, before: datetime | None, limit: int
) -> Iterator[_Entry]:
    table, runs_of, variants = tables.deliveries, tables.runs, tables.variants
    # When it left; a delivery without a letter happened when that was decided.
    at = func.coalesce(
        table.c.submitted_at, table.c.settled_at, runs_of.c.planned_at, runs_of.c.created_at, type_=Moment
    )
    query = (
        select(
            table.c.id,
            at.label("at"),
            table.c.state,
            func.coalesce(_reason(table), table.c.detail, variants.c.subject, "").label("detail"),
            runs_of.c.campaign,
            table.c.run,
        )
        .join(runs_of, runs_of.c.id == table.c.run)
        .outerjoin(variants, variants.c.id == table.c.variant)
        .where(table.c.customer == customer, *_near(connection, customer, before, limit))
    )
    if before is not None:
        query = query.where(at < before)
    for row in connection.execute(query.order_by(at.desc(), table.c.id.desc()).limit(limit)):
        line = HistoryLine(row.at, "delivery", row.state, row.detail, row.campaign, str(row.run))
        yield _Entry(line, row.id)


def _reason(table: Any) -> ColumnElement[Any]:
    """Why there was no letter, with what there is to say of it, such as the rule and its place; NULL for none."""
    told = table.c.reason.concat(" (").concat(table.c.detail).concat(")")
    return case(
        (table.c.detail.is_(None), table.c.reason), (table.c.detail == "", table.c.reason), else_=told
    )


def _near(
    connection: Connection, customer: int, before: datetime | None, limit: int
) -> list[ColumnElement[bool]]:
    """Which runs can hold the newest deliveries.

    No index knows a delivery's moment, because one would slow every letter down. But it lies between its run's
    beginning and end: so the last `limit` runs, by their number, that ended before `before` set a floor, and no
    run that ended below it can hold anything newer.
    """
    table, runs_of = tables.deliveries, tables.runs
    ended = runs_of.c.state.in_(runs.CLOSED)
    last = (
        select(runs_of.c.created_at)
        .join_from(table, runs_of, runs_of.c.id == table.c.run)
        .where(table.c.customer == customer)
        .order_by(table.c.run.desc())
        .limit(limit)
    )
    newest: list[ColumnElement[bool]] = []
    if before is not None:
        begun = connection.execute(
            select(func.max(runs_of.c.id)).where(runs_of.c.created_at < before)
        ).scalar()
        newest = [table.c.run <= (begun or 0)]
        last = last.where(*newest, ended, runs_of.c.finished_at < before)
    floors = last.subquery()
    floor, number = connection.execute(select(func.min(floors.c.created_at), func.count())).one()
    if number < limit:
        return newest
    # The sum keeps the databases from walking through all runs by their number, which looks short to them.
    reaching = select(func.min(runs_of.c.id + 0)).where(ended, runs_of.c.finished_at >= floor)
    first = connection.execute(reaching).scalar()
    still_open = connection.execute(select(runs_of.c.id).where(text(OPEN))).scalars()
    some = list(still_open)
    # Said of either table, because PostgreSQL concludes no range of one from a range of the other.
    return newest + [
        or_(number >= first if first is not None else false(), number.in_(some))
        for number in (table.c.run, runs_of.c.id)
    ]


def _touches(connection: Connection, customer: int, before: datetime | None, limit: int) -> Iterator[_Entry]:
    table = tables.touches
    query = select(table.c.id, table.c.at, table.c.kind, table.c.text, table.c.by)
    for row in connection.execute(_newest(query, table.c, customer, before, limit)):
        yield _Entry(HistoryLine(row.at, "touch", row.kind, row.text, by=row.by or ""), row.id)


def _events(connection: Connection, customer: int, before: datetime | None, limit: int) -> Iterator[_Entry]:
    """The index of events begins with their name, and there are few names: ask for the newest of each."""
    table = tables.events
    names = _names(connection)
    for start in range(0, len(names), AT_ONCE):
        parts = []
        for name in names[start : start + AT_ONCE]:
            query = select(table.c.id, table.c.at, table.c.name, table.c.fields).where(table.c.name == name)
            parts.append(select(_newest(query, table.c, customer, before, limit).subquery()))
        for row in connection.execute(union_all(*parts)):
            fields = json.loads(row.fields or "{}")
            # A change is told as one says it, however it was written down.
            first = [name for name in CHANGE if name in fields] if row.name in OWN_EVENTS else []
            names_of = [*first, *(name for name in fields if name not in first)]
            detail = ", ".join(f"{name} {fields[name]}" for name in names_of)
            yield _Entry(HistoryLine(row.at, "event", row.name, detail), row.id)


def _names(connection: Connection) -> list[str]:
    table = tables.events
    names: list[str] = []
    while True:
        following = select(func.min(table.c.name))
        if names:
            following = following.where(table.c.name > names[-1])
        name = connection.execute(following).scalar()
        if name is None:
            return names
        names.append(name)


def _consent(connection: Connection, customer: int, before: datetime | None, limit: int) -> Iterator[_Entry]:
    table = tables.consent
    query = select(table.c.id, table.c.at, table.c.action, table.c.topic, table.c.source)
    for row in connection.execute(_newest(query, table.c, customer, before, limit)):
        yield _Entry(HistoryLine(row.at, "consent", row.action, f"{row.topic} by {row.source}"), row.id)


def _newest(
    query: Select[Any], columns: Any, customer: int, before: datetime | None, limit: int
) -> Select[Any]:
    query = query.where(columns.customer == customer)
    if before is not None:
        query = query.where(columns.at < before)
    return query.order_by(columns.at.desc(), columns.id.desc()).limit(limit)


def last_letters(connection: Connection, customers: Sequence[int]) -> list[tuple[int, HistoryLine]]:
    """Each of these customers with the last letter that has reached them, or may have; nobody who got none."""
    table, runs_of = tables.deliveries, tables.runs
    order = (table.c.submitted_at.desc(), table.c.id.desc())
    place = func.row_number().over(partition_by=table.c.customer, order_by=order)
    left = (
        select(table.c.customer, table.c.run, table.c.state, table.c.submitted_at, place.label("place"))
        .where(
            table.c.customer.in_(list(customers)),
            table.c.submitted_at.is_not(None),
            table.c.state.in_(TOUCHED),
        )
        .subquery()
    )
    query = (
        select(left, runs_of.c.campaign)
        .join(runs_of, runs_of.c.id == left.c.run)
        .where(left.c.place == 1)
        .order_by(left.c.customer)
    )
    return [
        (row.customer, HistoryLine(row.submitted_at, "delivery", row.state, "", row.campaign, str(row.run)))
        for row in connection.execute(query)
    ]
