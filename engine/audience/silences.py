"""Floors in SQL: whose last touch lies how far back, for everybody at once; laid out for one transaction.

The same rules stand in engine.policy.floors for one person; the tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
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
    false,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    text,
    type_coerce,
    union_all,
)
from sqlalchemy.sql.selectable import Subquery

from engine.audience.contact import field_text
from engine.audience.owning import Owning, owner_of
from engine.audience.past import left_at, made_by_people
from engine.audience.rulebook import Rulebook
from engine.model.contact import Label
from engine.model.duration import Duration
from engine.model.touch import TouchKind
from engine.policy.floors import (
    CUSTOMERS,
    GOLDEN,
    TURNS,
    Floors,
    Silence,
    head_start,
    kept_until,
    lead,
)
from engine.store import bulk, tables
from engine.store.touches import TOUCHED, WAITING
from engine.store.types import to_microseconds

DAY_MICROSECONDS = 86_400_000_000
CLOCKS = tuple(Silence)
KINDS = tuple(map(str, TouchKind))
WEEK = 7

silences = Table(
    "silences",
    MetaData(),
    Column("customer", BigInteger, nullable=False),
    Column("clock", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    Column("owner", Text),
    Column("last", BigInteger),
    Column("start", BigInteger, nullable=False),
    Column("missed", Integer, nullable=False),
    Column("filler", Text),
    Column("reason", Text),
)
"""A temporary table, laid out for one transaction: a row for every clock of a customer that runs out in time.

`clock`, `place`: of the floor. `last`: the last touch, `start`: where the clock began; in microseconds. `missed`: 1 where
it is too late already. `filler`: what prevents it, `reason`: why nothing does.
"""

letters = Table(
    "silence_letters",
    MetaData(),
    Column("customer", BigInteger, primary_key=True),
    Column("waits", Integer, nullable=False),
    Column("reason", Text),
)
"""A temporary table: the customers of some runs. `waits`: 1 where a letter has not left and still may."""


@dataclass(frozen=True)
class Outlook:
    """What floors are asked with. `past`: every run's label. `today`: the day in the project's zone."""

    floors: Floors
    rules: Rulebook
    past: Mapping[int, Label]
    owning: Owning | None = None

    @property
    def today(self) -> date:
        """The day on which it is asked."""
        return self.rules.today


def lay_out(connection: Connection, outlook: Outlook, until: date, *, in_turn: bool = False) -> None:
    """Writes down every clock that runs out by the end of that day, or has.

    `in_turn`: only those for whom something is to be done today (see engine.policy.floors.is_time).
    """
    connection.execute(text(_CREATE))
    connection.execute(text("DELETE FROM silences"))
    found = standings(outlook)
    conditions: list[ColumnElement[bool]] = [_before(outlook, found, until + timedelta(days=1))]
    if in_turn:
        conditions.append(_in_turn(outlook, found))
    missed = case((_before(outlook, found, outlook.today), 1), else_=0)
    names = ["customer", "clock", "place", "owner", "last", "start", "missed"]
    columns = [found.c[name] for name in names[:-1]]
    connection.execute(insert(silences).from_select(names, select(*columns, missed).where(*conditions)))
    _count(connection, "silences")


def standings(outlook: Outlook) -> Subquery:
    """Every clock of everybody: customer, clock, place of the floor, owner, last and start."""
    clocks = [clock for clock in CLOCKS if any(each is clock for _, _, each, _ in outlook.floors.running)]
    return union_all(*(_of_clock(outlook, clock) for clock in clocks)).subquery("standings")


def places(outlook: Outlook, people: Any) -> ColumnElement[Any]:
    """The place of each customer's floor; NULL where there is none for them."""
    value = field_text(people, outlook.floors.by, outlook.rules)
    named = [
        (value == floor.value, place) for place, floor in enumerate(outlook.floors.floors) if floor.value
    ]
    other = next((place for place, floor in enumerate(outlook.floors.floors) if not floor.value), None)
    otherwise: Any = null() if other is None else literal(other)
    return case(*named, else_=otherwise) if named else otherwise


def _of_clock(outlook: Outlook, clock: Silence) -> Select[Any]:
    people = outlook.rules.customers.alias()
    source: Any = people
    lasts: list[ColumnElement[Any]] = []
    for each in _lasts(outlook, clock):
        source = source.outerjoin(each, each.c.customer == people.c.id)
        lasts.append(each.c.at)
    last: ColumnElement[Any] = lasts[0] if lasts else null()
    for other in lasts[1:]:
        last = case((or_(last.is_(None), other > last), other), else_=last)
    inner = (
        select(
            people.c.id.label("customer"),
            type_coerce(people.c.created_at, BigInteger).label("created"),
            places(outlook, people).label("place"),
            owner_of(people, outlook.owning, outlook.rules).label("owner"),
            last.label("last"),
        )
        .select_from(source)
        .subquery()
    )
    running = [(place, rhythm) for place, _, each, rhythm in outlook.floors.running if each is clock]
    early = case(
        *(
            (inner.c.place == place, spread(inner.c.customer, head_start(outlook.floors, rhythm)))
            for place, rhythm in running
        ),
        else_=0,
    )
    start = func.coalesce(inner.c.last, inner.c.created - early * DAY_MICROSECONDS)
    return select(
        inner.c.customer,
        literal(CLOCKS.index(clock)).label("clock"),
        inner.c.place,
        inner.c.owner,
        inner.c.last,
        start.label("start"),
    ).where(inner.c.place.in_([place for place, _ in running]))


def _lasts(outlook: Outlook, clock: Silence) -> Iterator[Subquery]:
    """The last letter of everybody, and the last touch by a person, as far as they reset the clock."""
    resets = outlook.floors.resets
    kinds = KINDS if clock is Silence.PERSONAL else [kind for kind in KINDS if resets.by_person(kind)]
    if kinds:
        touch = tables.touches.alias()
        at = func.max(type_coerce(touch.c.at, BigInteger)).label("at")
        made = select(touch.c.customer, at).where(*made_by_people(touch, kinds, None, None))
        yield made.group_by(touch.c.customer).subquery(f"last_by_people_{clock}")
    if clock is Silence.PERSONAL:
        return
    delivery = tables.deliveries.alias()
    query = select(delivery.c.customer, func.max(left_at(delivery)).label("at")).where(
        delivery.c.state.in_(TOUCHED), delivery.c.submitted_at.is_not(None)
    )
    others = [run for run, label in outlook.past.items() if not resets.by_letter(label)]
    if others:
        query = query.where(delivery.c.run.not_in(others))
    yield query.group_by(delivery.c.customer).subquery("last_letters")


def spread(customer: ColumnElement[Any], most: int) -> ColumnElement[Any]:
    """See engine.policy.floors.spread."""
    hashed = type_coerce(customer, BigInteger) % literal(CUSTOMERS, BigInteger) * literal(GOLDEN, BigInteger)
    return hashed % literal(TURNS, BigInteger) * literal(most, BigInteger) // literal(TURNS, BigInteger)


def limit(outlook: Outlook, rhythm: Duration, day: date) -> int:
    """In microseconds: whose clock began before it has a floor that ends before that day."""
    return to_microseconds(kept_until(rhythm, outlook.floors.grace, day, outlook.rules.zone))


def _before(outlook: Outlook, found: Any, day: date) -> ColumnElement[bool]:
    """The clock runs out before that day begins."""
    return or_(
        false(),
        *(
            and_(_is(found, place, clock), found.c.start < literal(limit(outlook, rhythm, day), BigInteger))
            for place, _, clock, rhythm in outlook.floors.running
        ),
    )


def _is(found: Any, place: int, clock: Silence) -> ColumnElement[bool]:
    return and_(found.c.clock == CLOCKS.index(clock), found.c.place == place)


def _in_turn(outlook: Outlook, found: Any) -> ColumnElement[bool]:
    floors, today = outlook.floors, outlook.today
    weekly = (spread(found.c.customer, WEEK) + today.toordinal() % WEEK) % WEEK == 0
    steps = lead(floors)
    step = spread(found.c.customer, steps)
    ready = [
        and_(step == number, _before(outlook, found, today + timedelta(days=floors.days_ahead - number + 1)))
        for number in range(steps)
    ]
    return case((_before(outlook, found, today), weekly), else_=or_(*ready))


def kept_by(
    connection: Connection, outlook: Outlook, candidates: Select[Any], day: date, filler: str
) -> None:
    """What a coming occurrence prevents: of its candidates those whose clock does not run out before it is over."""
    rows = silences
    later = ~_before(outlook, rows, day + timedelta(days=1))
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
    _count(connection, "silence_letters")


def _has_letter(waits: int) -> ColumnElement[bool]:
    return silences.c.customer.in_(select(letters.c.customer).where(letters.c.waits == waits))


def _count(connection: Connection, table: str) -> None:
    """PostgreSQL knows nothing of a temporary table by itself, and would go through all of it for every customer."""
    if not bulk.is_sqlite(connection):
        connection.execute(text(f"ANALYZE {table}"))


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


def keep_missed(connection: Connection) -> None:
    """Takes off the table whatever is in time."""
    connection.execute(silences.delete().where(silences.c.missed == 0))


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


_CREATE = """
CREATE TEMPORARY TABLE IF NOT EXISTS silences
(customer BIGINT NOT NULL, clock INTEGER NOT NULL, place INTEGER NOT NULL, owner TEXT, last BIGINT,
 start BIGINT NOT NULL, missed INTEGER NOT NULL, filler TEXT, reason TEXT, PRIMARY KEY (customer, clock))
"""
_CREATE_LETTERS = """
CREATE TEMPORARY TABLE IF NOT EXISTS silence_letters
(customer BIGINT PRIMARY KEY, waits INTEGER NOT NULL, reason TEXT)
"""
