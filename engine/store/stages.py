"""Moving people between stages: all of them in a few statements, each move an event with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Select, func, insert, literal, select, text

from engine.model.built_in_events import OwnEvent
from engine.model.stage import Stage
from engine.model.task import MadeBy
from engine.model.touch import TouchKind
from engine.store import bulk, suppressions, tables, task_making
from engine.store.types import Moment, to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

SOURCE = "sunset"
"""Where the events come from, and the reason that suppressions are stored under."""


CHECK_IN_WITHIN = timedelta(days=14)
"""An owner has so long to look after a customer who became dormant: after most of a year, no day is urgent."""


class Move(NamedTuple):
    """One customer whose stage changes."""

    customer_id: str
    email: str
    before: str
    after: str
    reason: str


def hold(connection: Connection) -> None:
    """Nobody else moves people before this transaction ends."""
    if not bulk.is_sqlite(connection):
        connection.exec_driver_sql("LOCK TABLE stages IN EXCLUSIVE MODE")


def lay_out(connection: Connection, found: Select[Any]) -> int:
    """Compares the stages found (see engine.audience.sunset) with those kept; how many people move.

    The moves are kept for this connection, until it is asked again.
    """
    sqlite = bulk.is_sqlite(connection)
    for statement in (_CREATE, "DELETE FROM stage_found", _CREATE_MOVES, "DELETE FROM stage_moves"):
        connection.execute(text(statement))
    columns = ["customer", "heard", "first", "letters", "asked", "owner", "stage"]
    laid = found.subquery("laid")
    temporary = _stage_found()
    connection.execute(insert(temporary).from_select(columns, select(*(laid.c[name] for name in columns))))
    day = _DAY_SQLITE if sqlite else _DAY
    connection.execute(
        text(
            _MOVES.format(
                first=day.format("f.first"), asked=day.format("f.asked"), heard=day.format("f.heard")
            )
        )
    )
    return int(connection.execute(text("SELECT count(*) FROM stage_moves")).scalar_one())


def moves(connection: Connection, limit: int | None) -> Iterator[Move]:
    """Those who move, in the order of the stages and of the customers' rows."""
    order = " ".join(f"WHEN '{stage}' THEN {number}" for number, stage in enumerate(Stage))
    statement = f"{_LISTED} ORDER BY CASE m.after {order} END, m.customer" + (
        " LIMIT :most" if limit is not None else ""
    )
    given = {} if limit is None else {"most": limit}
    for row in connection.execute(text(statement), given):
        yield Move(row[0], row[1] or "", row[2], row[3], row[4])


def counts(connection: Connection) -> tuple[dict[str, int], dict[str, int]]:
    """How many are in each stage but the first now, and after the moves that are laid out."""
    table = tables.stages
    query = select(table.c.stage, func.count()).group_by(table.c.stage)
    now: dict[str, int] = {row[0]: row[1] for row in connection.execute(query)}
    after = dict(now)
    for name, sign in (("before", -1), ("after", 1)):
        for stage, number in connection.execute(
            text(f"SELECT {name}, count(*) FROM stage_moves GROUP BY {name}")
        ):
            after[stage] = after.get(stage, 0) + sign * number
    return now, after


def tasks_wanted(connection: Connection) -> int:
    """How many of those who become dormant have an owner, and so become a task."""
    return int(connection.execute(text(f"SELECT count(*) FROM stage_moves WHERE {_TASKS}")).scalar_one())


def take_effect(connection: Connection, now: datetime, *, where: str = "") -> None:
    """Carries the moves out that are laid out: events, stages, suppressions and tasks.

    In this transaction or a later one: whoever was moved or erased in between is left as they are.

    `where`: the rule's file and line, for the tasks of owners.
    """
    sqlite = bulk.is_sqlite(connection)
    given = {"at": to_microseconds(now)}
    connection.execute(text(_OUTDATED))
    connection.execute(text(_EVENTS_SQLITE if sqlite else _EVENTS), given)
    connection.execute(text("DELETE FROM stages WHERE customer IN (SELECT customer FROM stage_moves)"))
    connection.execute(text(_ENTER), given)
    connection.execute(text(_SUPPRESS), given)
    connection.execute(text(_LIFT))
    task_making.make(connection, _check_ins(where, now), MadeBy.POLICY, now)


def clear(connection: Connection) -> None:
    """Forgets the moves that are laid out."""
    for name in ("stage_found", "stage_moves"):
        connection.execute(text(f"DELETE FROM {name}"))


def is_done(connection: Connection, day: str) -> bool:
    """Whether stages were worked out on that day."""
    table = tables.stage_rounds
    return connection.execute(select(table.c.day).where(table.c.day == day)).first() is not None


def note_round(connection: Connection, day: str, now: datetime, moved: int) -> bool:
    """Writes down that stages were worked out on that day; False if somebody had written it before."""
    table = tables.stage_rounds
    row = (day, to_microseconds(now), moved)
    return bulk.insert_rows(connection, (table.c.day, table.c.at, table.c.moved), [row]) == 1


def last_round(connection: Connection) -> datetime | None:
    """When stages were worked out last."""
    return connection.execute(select(func.max(tables.stage_rounds.c.at))).scalar()


class Kept(NamedTuple):
    """The stage somebody is in."""

    stage: Stage
    since: datetime
    silent_since: datetime
    letters: int


def of_customer(connection: Connection, customer: int) -> Kept | None:
    """The stage a customer is in; None while they are engaged."""
    table = tables.stages
    query = select(table.c.stage, table.c.since, table.c.silent_since, table.c.letters)
    row = connection.execute(query.where(table.c.customer == customer)).first()
    return None if row is None else Kept(Stage(row[0]), row[1], row[2], row[3])


def _stage_found() -> Any:
    from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

    numbers = [Column(name, BigInteger) for name in ("heard", "first")]
    return Table(
        "stage_found",
        MetaData(),
        Column("customer", BigInteger),
        *numbers,
        Column("letters", Integer),
        Column("asked", BigInteger),
        Column("owner", Text),
        Column("stage", Text),
    )


def _check_ins(where: str, now: datetime) -> Select[Any]:
    from sqlalchemy import BigInteger, Column, MetaData, Table, Text

    move = Table(
        "stage_moves",
        MetaData(),
        Column("customer", BigInteger),
        Column("before", Text),
        Column("after", Text),
        Column("owner", Text),
        Column("reason", Text),
    )
    title = literal("Are they still well? ").concat(move.c.reason)
    reason = (
        f"{where}: dormant, and somebody's own customer" if where else "dormant, and somebody's own customer"
    )
    return select(
        move.c.customer,
        literal(str(TouchKind.CHECK_IN)).label("kind"),
        title.label("title"),
        move.c.owner,
        literal(reason).label("reason"),
        literal(now + CHECK_IN_WITHIN, Moment).label("due_at"),
    ).where(text(_TASKS))


_CREATE = """
CREATE TEMPORARY TABLE IF NOT EXISTS stage_found (customer BIGINT PRIMARY KEY, heard BIGINT, first BIGINT,
letters INTEGER, asked BIGINT, owner TEXT, stage TEXT)
"""
_CREATE_MOVES = """
CREATE TEMPORARY TABLE IF NOT EXISTS stage_moves (customer BIGINT PRIMARY KEY, before TEXT, after TEXT, first BIGINT,
letters INTEGER, owner TEXT, reason TEXT)
"""
_DAY_SQLITE = "date({} / 1000000, 'unixepoch')"
_DAY = "to_char(to_timestamp({} / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
_MOVES = f"""
INSERT INTO stage_moves
SELECT f.customer, coalesce(s.stage, '{Stage.ENGAGED}'), f.stage, f.first, f.letters, f.owner,
    CASE WHEN f.stage = '{Stage.ENGAGED}' AND f.heard > s.silent_since THEN 'a sign of life on ' || {{heard}}
    WHEN f.stage = '{Stage.ENGAGED}' THEN 'not silent any more, as the rules are now'
    ELSE f.letters || ' letters without an answer since ' || {{first}}
        || CASE WHEN f.asked IS NOT NULL AND f.stage IN ('{Stage.DORMANT}', '{Stage.SUPPRESSED}')
            THEN ', asked for the last time on ' || {{asked}} ELSE '' END END
FROM stage_found f LEFT JOIN stages s ON s.customer = f.customer
WHERE f.stage <> coalesce(s.stage, '{Stage.ENGAGED}')
"""
_OUTDATED = f"""
DELETE FROM stage_moves WHERE customer NOT IN (SELECT id FROM customers)
OR before <> coalesce((SELECT s.stage FROM stages s WHERE s.customer = stage_moves.customer), '{Stage.ENGAGED}')
"""
_LISTED = """
SELECT c.customer_id, c.email, m.before, m.after, m.reason FROM stage_moves m JOIN customers c ON c.id = m.customer
"""
_TASKS = f"after = '{Stage.DORMANT}' AND owner <> ''"
_EVENTS_SQLITE = f"""
INSERT INTO events (customer, name, at, fields, identity, source)
SELECT customer, '{OwnEvent.STAGE_CHANGED}', :at, json_object('from', before, 'to', after, 'reason', reason),
    CAST('{SOURCE}/' || :at || '/' || customer || after AS BLOB), '{SOURCE}' FROM stage_moves WHERE true
ON CONFLICT DO NOTHING
"""
_EVENTS = f"""
INSERT INTO events (customer, name, at, fields, identity, source)
SELECT customer, '{OwnEvent.STAGE_CHANGED}', CAST(:at AS BIGINT),
    CAST(json_build_object('from', before, 'to', after, 'reason', reason) AS TEXT),
    convert_to('{SOURCE}/' || CAST(:at AS TEXT) || '/' || customer || after, 'UTF8'), '{SOURCE}'
FROM stage_moves ON CONFLICT DO NOTHING
"""
_ENTER = f"""
INSERT INTO stages (customer, stage, since, silent_since, letters)
SELECT customer, after, :at, first, letters FROM stage_moves WHERE after <> '{Stage.ENGAGED}'
"""
_SUPPRESS = f"""
INSERT INTO suppressions (address_hash, scope, reason, source, at, detail)
SELECT c.address_hash, 'marketing', '{suppressions.SUNSET}', 'policy', :at, min(m.reason) FROM stage_moves m
JOIN customers c ON c.id = m.customer WHERE m.after = '{Stage.SUPPRESSED}' AND c.address_hash IS NOT NULL
GROUP BY c.address_hash ON CONFLICT (address_hash, scope) DO NOTHING
"""
_LIFT = f"""
DELETE FROM suppressions WHERE scope = 'marketing' AND reason = '{suppressions.SUNSET}' AND address_hash IN
(SELECT c.address_hash FROM stage_moves m JOIN customers c ON c.id = m.customer WHERE m.before = '{Stage.SUPPRESSED}')
"""
