"""What follows from silences that are laid out: floors that were missed are events, and owners get tasks."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    Text,
    and_,
    case,
    cast,
    delete,
    func,
    literal,
    select,
    type_coerce,
)

from engine.audience.portable import POSTGRESQL
from engine.audience.silences import CLOCKS, Outlook, limit, silences
from engine.model.built_in_events import OwnEvent
from engine.model.task import MadeBy
from engine.model.touch import TouchKind
from engine.model.words import Reason
from engine.store import bulk, tables, task_making
from engine.store.types import Moment

SOURCE = "policy"
LETTER_PLANNED = "letter_planned"
"""The reason where a letter was planned and did not leave in time."""
LAST_MINUTE = time(23, 59)
MICROSECONDS = 1_000_000


def forget_told(connection: Connection, outlook: Outlook) -> None:
    """Takes those off the table whose missed floor is on record already."""
    told = select(tables.events.c.id).where(tables.events.c.identity == _identity(outlook)).exists()
    connection.execute(delete(silences).where(told))


def blame_what_waits(connection: Connection, task: str) -> None:
    """The reason of those for whom something was on its way, and was too late. `task`: the filler that is a task."""
    rows = silences
    reason = case((rows.c.filler == task, Reason.OWNER_TASK.value), else_=LETTER_PLANNED)
    condition = and_(rows.c.filler.is_not(None), rows.c.reason.is_(None))
    connection.execute(rows.update().where(condition).values(reason=reason))


def note_missed(connection: Connection, outlook: Outlook, now: datetime) -> int:
    """An event for every floor that was missed, once for each silence; how many are new.

    Its fields: `clock`, `floor` in words, `where` it is written, `reason`, and the moment of the last touch, `last`.
    """
    laid = silences.c
    values = [
        laid.customer,
        literal(OwnEvent.FLOOR_MISSED.value),
        literal(now, Moment),
        _fields(outlook),
        _identity(outlook),
        literal(SOURCE),
    ]
    names = ["customer", "name", "at", "fields", "identity", "source"]
    chosen = select(*values).where(laid.missed == 1)
    statement = bulk.inserting(connection, tables.events).from_select(names, chosen, include_defaults=False)
    return _counted(connection, statement.on_conflict_do_nothing())


def make_tasks(connection: Connection, outlook: Outlook, now: datetime) -> int:
    """A task for the owner of everybody for whom nothing else is done; how many. One for each silence."""
    laid = silences.c
    titles, reasons = [], []
    for place, floor, clock, _ in outlook.floors.running:
        words = outlook.floors.words(floor, clock)
        here = and_(laid.place == place, laid.clock == CLOCKS.index(clock))
        titles.append((here, f"Be in touch, {words}"))
        reasons.append((here, f"{floor.where}: {words}"))
    chosen = select(
        laid.customer,
        literal(TouchKind.CHECK_IN.value).label("kind"),
        case(*titles, else_="Be in touch").label("title"),
        func.nullif(laid.owner, "").label("owner"),
        _due(outlook).label("due_at"),
        case(*reasons, else_="").label("reason"),
        literal("floor:").concat(_key()).label("occasion"),
    ).where(laid.filler.is_(None))
    return task_making.make(connection, chosen, MadeBy.POLICY, now)


def _due(outlook: Outlook) -> ColumnElement[Any]:
    """The end of the last day that is in time; of today, where none is."""
    today, laid = outlook.today, silences.c
    days = [today + timedelta(days=number) for number in range(outlook.floors.days_ahead + 1)]
    ends = [
        (
            and_(
                laid.place == place,
                laid.clock == CLOCKS.index(clock),
                laid.start < literal(limit(outlook, rhythm, day + timedelta(days=1)), BigInteger),
            ),
            _end(outlook, day),
        )
        for place, _, clock, rhythm in outlook.floors.running
        for day in days
    ]
    return case(*ends, else_=_end(outlook, days[-1]))


def _end(outlook: Outlook, day: date) -> ColumnElement[Any]:
    return literal(datetime.combine(day, LAST_MINUTE, tzinfo=outlook.rules.zone), Moment)


def _fields(outlook: Outlook) -> ColumnElement[Any]:
    """The event's fields as JSON. What is not of this room's own words is written by Python."""
    laid = silences.c
    begins = [
        (
            and_(laid.place == place, laid.clock == CLOCKS.index(clock)),
            json.dumps(
                {"clock": str(clock), "floor": outlook.floors.words(floor, clock), "where": floor.where},
                ensure_ascii=False,
            ).removesuffix("}"),
        )
        for place, floor, clock, _ in outlook.floors.running
    ]
    seconds = laid.last / literal(MICROSECONDS, BigInteger)
    if outlook.rules.dialect == POSTGRESQL:
        day = func.to_char(func.timezone("UTC", func.to_timestamp(seconds)), "YYYY-MM-DD HH24:MI")
    else:
        day = func.strftime("%Y-%m-%d %H:%M", cast(seconds, Integer), "unixepoch")
    last = case((laid.last.is_(None), ""), else_=literal(', "last": "').concat(day).concat(' UTC"'))
    reason = func.coalesce(laid.reason, Reason.TOO_LATE.value)
    return (
        case(*begins, else_="{").concat(', "reason": "').concat(reason).concat('"').concat(last).concat("}")
    )


def _key() -> ColumnElement[Any]:
    """Which silence it is: the clock, and when it began."""
    laid = silences.c
    return cast(laid.clock, Text).concat(":").concat(cast(laid.start, Text))


def _identity(outlook: Outlook) -> ColumnElement[Any]:
    written = literal("floor_missed:").concat(cast(silences.c.customer, Text)).concat(":").concat(_key())
    if outlook.rules.dialect == POSTGRESQL:
        return func.convert_to(written, "UTF8")
    return type_coerce(cast(written, LargeBinary), LargeBinary)


def _counted(connection: Connection, statement: Any) -> int:
    done = connection.execute(statement.execution_options(preserve_rowcount=True)).rowcount
    # Python's sqlite3 does not count for a statement that begins with WITH; SQLite does.
    return int(done if done >= 0 else connection.exec_driver_sql("SELECT changes()").scalar_one())
