"""Floors in SQL: whose last touch lies how far back, for everybody at once; laid out for one transaction.

The same rules stand in engine.policy.floors for one person; the tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    cast,
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
from engine.model.words import Reason
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
from engine.policy.windows import midnight
from engine.store import bulk, tables
from engine.store.touches import TOUCHED
from engine.store.types import to_microseconds

DAY_MICROSECONDS = 86_400_000_000
CLOCKS = tuple(Silence)
KINDS = tuple(map(str, TouchKind))
WEEK = 7
LOOKS_BACK = timedelta(days=60)
"""Longer nothing was running, and it is not asked which touch came too late on which day."""

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
    found = standings(outlook)
    conditions: list[ColumnElement[bool]] = [before(outlook, found, until + timedelta(days=1))]
    if in_turn:
        conditions.append(_in_turn(outlook, found))
    missed = case((before(outlook, found, outlook.today), 1), else_=0)
    _put(connection, found, missed, null(), conditions)


def lay_missed_out(connection: Connection, outlook: Outlook, since: datetime | None) -> None:
    """Writes down every clock that ran out before today; since that moment, also where a touch came too late.

    Of several touches in that time only the first is looked at. `reason` is `too_late` where one came.
    """
    found = standings(outlook, since)
    ended = before(outlook, found, outlook.today)
    if since is None:
        _put(connection, found, literal(1), null(), [ended])
        return
    begins = max(since.astimezone(outlook.rules.zone).date(), outlook.today - LOOKS_BACK)
    days = [begins + timedelta(days=number) for number in range((outlook.today - begins).days + 1)]
    late = or_(
        false(),
        *(
            and_(
                found.c.first >= to_microseconds(midnight(day, outlook.rules.zone)),
                found.c.first < to_microseconds(midnight(day + timedelta(days=1), outlook.rules.zone)),
                before(outlook, found, day),
            )
            for day in days
        ),
    )
    reason = case((found.c.first.is_not(None), Reason.TOO_LATE.value))
    _put(connection, found, literal(1), reason, [or_(and_(found.c.first.is_(None), ended), late)])


def _put(
    connection: Connection,
    found: Subquery,
    missed: ColumnElement[Any],
    reason: ColumnElement[Any],
    conditions: Sequence[ColumnElement[bool]],
) -> None:
    connection.execute(text(_CREATE))
    connection.execute(text("DELETE FROM silences"))
    names = ["customer", "clock", "place", "owner", "last", "start"]
    chosen = select(*(found.c[name] for name in names), missed, cast(reason, Text)).where(*conditions)
    connection.execute(insert(silences).from_select([*names, "missed", "reason"], chosen))
    count(connection, "silences")


def standings(outlook: Outlook, since: datetime | None = None) -> Subquery:
    """Every clock of everybody: customer, clock, place of the floor, owner, last and start.

    `since`: as they stood at that moment, and the `first` touch from then on.
    """
    clocks = [clock for clock in CLOCKS if any(each is clock for _, _, each, _ in outlook.floors.running)]
    return union_all(*(_of_clock(outlook, clock, since) for clock in clocks)).subquery("standings")


def places(outlook: Outlook, people: Any) -> ColumnElement[Any]:
    """The place of each customer's floor; NULL where there is none for them."""
    value = field_text(people, outlook.floors.by, outlook.rules)
    named = [
        (value == floor.value, place) for place, floor in enumerate(outlook.floors.floors) if floor.value
    ]
    other = next((place for place, floor in enumerate(outlook.floors.floors) if not floor.value), None)
    otherwise: Any = null() if other is None else literal(other)
    return case(*named, else_=otherwise) if named else otherwise


def _of_clock(outlook: Outlook, clock: Silence, since: datetime | None) -> Select[Any]:
    people = outlook.rules.customers.alias()
    source: Any = people
    lasts: list[ColumnElement[Any]] = []
    firsts: list[ColumnElement[Any]] = []
    for each in _lasts(outlook, clock, since):
        source = source.outerjoin(each, each.c.customer == people.c.id)
        lasts.append(each.c.at)
        firsts.append(each.c.first)
    last: ColumnElement[Any] = lasts[0] if lasts else null()
    first: ColumnElement[Any] = firsts[0] if firsts else null()
    for other in lasts[1:]:
        last = case((or_(last.is_(None), other > last), other), else_=last)
    for other in firsts[1:]:
        first = case((or_(first.is_(None), other < first), other), else_=first)
    inner = (
        select(
            people.c.id.label("customer"),
            type_coerce(people.c.created_at, BigInteger).label("created"),
            places(outlook, people).label("place"),
            owner_of(people, outlook.owning, outlook.rules).label("owner"),
            cast(last, BigInteger).label("last"),
            cast(first, BigInteger).label("first"),
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
        inner.c.first,
    ).where(inner.c.place.in_([place for place, _ in running]))


def _lasts(outlook: Outlook, clock: Silence, since: datetime | None) -> Iterator[Subquery]:
    """The last letter of everybody, and the last touch by a person, as far as they reset the clock: `at`.

    `since`: the last before that moment, and the `first` from then on.
    """
    resets = outlook.floors.resets
    kinds = KINDS if clock is Silence.PERSONAL else [kind for kind in KINDS if resets.by_person(kind)]
    if kinds:
        touch = tables.touches.alias()
        ends = _ends(type_coerce(touch.c.at, BigInteger), since)
        made = select(touch.c.customer, *ends).where(*made_by_people(touch, kinds, None, None))
        yield made.group_by(touch.c.customer).subquery(f"last_by_people_{clock}")
    if clock is Silence.PERSONAL:
        return
    delivery = tables.deliveries.alias()
    query = select(delivery.c.customer, *_ends(left_at(delivery), since)).where(
        delivery.c.state.in_(TOUCHED), delivery.c.submitted_at.is_not(None)
    )
    others = [run for run, label in outlook.past.items() if not resets.by_letter(label)]
    if others:
        query = query.where(delivery.c.run.not_in(others))
    yield query.group_by(delivery.c.customer).subquery("last_letters")


def _ends(at: ColumnElement[int], since: datetime | None) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    if since is None:
        return func.max(at).label("at"), cast(null(), BigInteger).label("first")
    border = literal(to_microseconds(since), BigInteger)
    before, after = case((at < border, at)), case((at >= border, at))
    return func.max(before).label("at"), func.min(after).label("first")


def spread(customer: ColumnElement[Any], most: int) -> ColumnElement[Any]:
    """See engine.policy.floors.spread."""
    hashed = type_coerce(customer, BigInteger) % literal(CUSTOMERS, BigInteger) * literal(GOLDEN, BigInteger)
    return hashed % literal(TURNS, BigInteger) * literal(most, BigInteger) // literal(TURNS, BigInteger)


def limit(outlook: Outlook, rhythm: Duration, day: date) -> int:
    """In microseconds: whose clock began before it has a floor that ends before that day."""
    return to_microseconds(kept_until(rhythm, outlook.floors.grace, day, outlook.rules.zone))


def before(outlook: Outlook, found: Any, day: date) -> ColumnElement[bool]:
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
        and_(step == number, before(outlook, found, today + timedelta(days=floors.days_ahead - number + 1)))
        for number in range(steps)
    ]
    return case((before(outlook, found, today), weekly), else_=or_(*ready))


def count(connection: Connection, table: str) -> None:
    """PostgreSQL knows nothing of a temporary table by itself, and would go through all of it for every customer."""
    if not bulk.is_sqlite(connection):
        connection.execute(text(f"ANALYZE {table}"))


_CREATE = """
CREATE TEMPORARY TABLE IF NOT EXISTS silences
(customer BIGINT NOT NULL, clock INTEGER NOT NULL, place INTEGER NOT NULL, owner TEXT, last BIGINT,
 start BIGINT NOT NULL, missed INTEGER NOT NULL, filler TEXT, reason TEXT, PRIMARY KEY (customer, clock))
"""
