"""Scores in SQL: what each criterion finds for everybody, its bands, the points, the places and the tiers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.sql.selectable import NamedFromClause

from engine.audience.portable import POSTGRESQL, JsonField
from engine.audience.rulebook import Rulebook
from engine.definitions.schema.tiers import LARGEST, Criterion, EventValue, TierRule
from engine.model.built_in_events import OwnEvent
from engine.model.duration import Duration
from engine.store import tables
from engine.store.tier_scores import BY_HAND, KEPT, SCORED, SOURCE, Known, Sheets
from engine.store.types import Moment, to_microseconds

DAY = 86_400_000_000
"""Microseconds."""

FINENESS = 10_000
"""Amounts are counted in ten-thousandths: whole numbers add up to the same sum in every order."""


def found_values(
    criteria: Sequence[Criterion], field: str, order: Sequence[str], rules: Rulebook
) -> Select[Any]:
    """Every customer with their tier's place now and what each criterion finds: the columns of `Sheets.values`.

    Args:
        field: the field that holds the tier. `order`: the tiers, best first.
    """
    people = rules.customers
    tier = people.c[rules.columns[field].column]
    now = case(*((tier == name, number) for number, name in enumerate(order)), else_=null())
    source: Any = people
    found: dict[int, ColumnElement[Any]] = {}
    for event in dict.fromkeys(filter(None, map(_event, criteria))):
        about = {number: each for number, each in enumerate(criteria) if _event(each) == event}
        summary = _summary(event, about, rules).subquery(f"of_{min(about)}")
        source = source.outerjoin(summary, summary.c.customer == people.c.id)
        found |= {number: summary.c[f"v{number}"] for number in about}
    for number, each in enumerate(criteria):
        if number not in found:
            found[number] = _own_field(people, each, rules)
    return select(people.c.id, now, *(found[number] for number in range(len(criteria)))).select_from(source)


def _event(criterion: Criterion) -> str | None:
    value = criterion.sum or criterion.growth
    return value.event if value is not None else criterion.count or criterion.since_last


def _summary(event: str, criteria: dict[int, Criterion], rules: Rulebook) -> Select[Any]:
    """One row for each customer with such events: they are read once for all criteria."""
    events = tables.events.alias()
    at = type_coerce(events.c.at, BigInteger)
    found = [_of_events(each, events, at, rules).label(f"v{number}") for number, each in criteria.items()]
    name: ColumnElement[Any] = events.c.name
    if rules.dialect != POSTGRESQL and any(each.sum or each.growth for each in criteria.values()):
        # By the index SQLite would fetch every event's own fields from somewhere else in the file: reading all
        # events in their order takes a quarter of that. A name that is put together is in no index.
        name = name.concat("")
    query = select(events.c.customer, *found).where(name == event, at <= to_microseconds(rules.as_of))
    starts = [_earliest(each, rules) for each in criteria.values()]
    if None not in starts:
        query = query.where(at > min(start for start in starts if start is not None))
    return query.group_by(events.c.customer)


def _earliest(criterion: Criterion, rules: Rulebook) -> int | None:
    """From when on its events count, in microseconds, that moment itself left out; None: ever."""
    if criterion.within is None:
        return None
    twice = Duration(criterion.within.count * 2, criterion.within.unit)
    return _start(twice if criterion.growth is not None else criterion.within, rules)


def _start(span: Duration, rules: Rulebook) -> int:
    return to_microseconds(rules.span_start(span))


def _of_events(
    criterion: Criterion, events: NamedFromClause, at: ColumnElement[int], rules: Rulebook
) -> ColumnElement[Any]:
    if criterion.since_last is not None:
        return func.max(at) - to_microseconds(rules.as_of)
    recent = at > _start(criterion.within, rules) if criterion.within is not None else None
    if criterion.count is not None:
        number = func.count() if recent is None else func.sum(case((recent, 1)))
        return cast(func.nullif(number, 0), BigInteger)
    value = criterion.sum or criterion.growth
    assert value is not None
    amount = _amount(events, value, rules)
    if criterion.growth is None or recent is None:
        return cast(func.sum(amount if recent is None else case((recent, amount))), BigInteger)
    assert criterion.within is not None
    # What lies further back than both spans is left out where other criteria asked for these events too.
    earlier = and_(~recent, at > (_earliest(criterion, rules) or 0))
    lately, before = func.sum(case((recent, amount))), func.sum(case((earlier, amount)))
    grown = func.coalesce(lately, 0) - func.coalesce(before, 0)
    return cast(case((or_(lately.is_not(None), before.is_not(None)), grown)), BigInteger)


def _amount(events: NamedFromClause, value: EventValue, rules: Rulebook) -> ColumnElement[Any]:
    return in_fine_units(JsonField(events.c.fields, value.field, rules.dialect).number)


def in_fine_units(number: ColumnElement[Any]) -> ColumnElement[Any]:
    """A number in ten-thousandths; NULL where there is none, or one beyond what is believed."""
    return case(
        (number.between(-LARGEST, LARGEST), cast(func.round(number * float(FINENESS)), BigInteger)),
        else_=null(),
    )


def _own_field(people: NamedFromClause, criterion: Criterion, rules: Rulebook) -> ColumnElement[Any]:
    field = rules.columns.get(criterion.field or criterion.since or "")
    if field is None:
        return cast(null(), BigInteger)
    column = people.c[field.column]
    if criterion.field is not None:
        return in_fine_units(column)
    if isinstance(column.type, Moment):
        return to_microseconds(rules.as_of) - type_coerce(column, BigInteger)
    return cast(_days_since(column, rules), BigInteger) * literal(DAY, BigInteger)


def _days_since(column: ColumnElement[Any], rules: Rulebook) -> ColumnElement[Any]:
    if rules.dialect == POSTGRESQL:
        return literal(rules.today) - column
    today = rules.today.isoformat()
    return func.julianday(today) - func.julianday(type_coerce(column, Text))


@dataclass(frozen=True)
class Giving:
    """How points become tiers. `rules`: by place in the order, best first; `otherwise`: the place of everybody else.

    `kept_since`: whoever's tier changed after this moment does not fall.
    """

    rules: Sequence[tuple[int, TierRule]]
    otherwise: int | None
    kept_since: datetime | None


def scored(
    sheets: Sheets,
    criteria: Sequence[Criterion],
    known: Known,
    giving: Giving,
    order: Sequence[str],
    rules: Rulebook,
) -> Select[Any]:
    """Everybody's bands, points, place and tier, from the filled `values`: the columns of `Sheets.scores`."""
    values = sheets.values.c
    found = [values[f"v{number}"] for number in range(len(criteria))]
    bands = [
        _band(each, column, known.each[number], rules).label(f"b{number}")
        for number, (each, column) in enumerate(zip(criteria, found, strict=True))
    ]
    banded = select(values.customer, values.now, *found, *bands).subquery("banded")
    points = _sum(banded.c[f"b{number}"] * each.weight for number, each in enumerate(criteria))
    inner = [banded.c[f"v{number}"] for number in range(len(criteria))]
    nothing = and_(*(column.is_(None) for column in inner))
    # One expression, because a list of conditions would be a list of parts.
    apart = case((nothing, 1), else_=0)
    best = (points.desc(), *(column.desc().nulls_last() for column in inner), banded.c.customer)
    place = case((~nothing, func.row_number().over(partition_by=apart, order_by=best)), else_=null())
    placed = select(banded, points.label("points"), place.label("place")).subquery("placed")
    scored_place = _given(placed, giving, known.any)
    judged = select(placed, scored_place.label("scored")).subquery("judged")
    return _settled(judged, giving, order, rules)


def _sum(parts: Iterable[ColumnElement[Any]]) -> ColumnElement[Any]:
    first, *rest = parts
    for part in rest:
        first = first + part
    return first


def _band(criterion: Criterion, found: ColumnElement[Any], known: int, rules: Rulebook) -> ColumnElement[Any]:
    bands = criterion.bands
    if bands.limits:
        limits = [limit_of(criterion, limit, rules) for limit in bands.limits]
        return literal(1) + _sum(case((found >= limit, 1), else_=0) for limit in limits)
    # Equal values have equal ranks, those of the lowest of them: nobody is better than their equal.
    rank = func.rank().over(partition_by=found.is_(None), order_by=found)
    group = cast(rank - 1, BigInteger) * bands.number // max(known, 1)
    return case((found.is_(None), 1), else_=group + 1)


def limit_of(criterion: Criterion, limit: float | Duration, rules: Rulebook) -> int:
    """A limit as `values` counts: from here on begins the better band."""
    if not isinstance(limit, Duration):
        whole = criterion.count is not None
        return -int(-limit // 1) if whole else round(limit * FINENESS)
    if criterion.since_last is not None:
        return _start(limit, rules) - to_microseconds(rules.as_of)
    field = rules.columns.get(criterion.since or "")
    if field is not None and field.kind == "moment":
        return to_microseconds(rules.as_of) - _start(limit, rules)
    then = rules.span_start(limit).astimezone(rules.zone).date()
    return (rules.today - then).days * DAY


def _given(placed: NamedFromClause, giving: Giving, ranked: int) -> ColumnElement[Any]:
    """The best tier whose rule somebody meets, by its place."""
    meets = []
    for place, rule in giving.rules:
        if rule.at_least is not None:
            passes = placed.c.points >= rule.at_least
        else:
            passes = placed.c.place <= number_of(rule, ranked)
        meets.append((and_(placed.c.place.is_not(None), passes), literal(place)))
    otherwise = literal(giving.otherwise) if giving.otherwise is not None else null()
    return case(*meets, else_=otherwise) if meets else otherwise


def number_of(rule: TierRule, ranked: int) -> int:
    """How many `top` are, of so many with a score; a share is rounded down."""
    if isinstance(rule.top, int):
        return rule.top
    assert rule.top is not None
    return int(round(ranked * rule.top.of_one, 6))


def _settled(judged: NamedFromClause, giving: Giving, order: Sequence[str], rules: Rulebook) -> Select[Any]:
    """With what stands above the score: a person's word, and that nobody falls so soon after a change."""
    pins = tables.tier_pins
    pinned = case(*((pins.c.tier == name, number) for number, name in enumerate(order)), else_=null())
    falls = and_(judged.c.now.is_not(None), or_(judged.c.scored.is_(None), judged.c.scored > judged.c.now))
    changes: list[tuple[ColumnElement[bool], Any]] = [(pinned.is_not(None), literal(BY_HAND))]
    afterwards: list[tuple[ColumnElement[bool], Any]] = [(pinned.is_not(None), pinned)]
    if giving.kept_since is not None:
        lately = _computed_lately(judged.c.customer, giving.kept_since, rules)
        changes.append((and_(falls, lately), literal(KEPT)))
        afterwards.append((and_(falls, lately), judged.c.now))
    holds = or_(pins.c.until.is_(None), pins.c.until > rules.as_of)
    return select(
        *judged.c,
        case(*afterwards, else_=judged.c.scored).label("after"),
        case(*changes, else_=SCORED).label("how"),
    ).select_from(judged.outerjoin(pins, and_(pins.c.customer == judged.c.customer, holds)))


def _computed_lately(customer: ColumnElement[int], since: datetime, rules: Rulebook) -> ColumnElement[bool]:
    """The customer's last change came from a computing after that moment; one by hand since then ends it."""
    change, by_hand = tables.events.alias(), tables.events.alias()

    def changed(event: NamedFromClause) -> list[ColumnElement[bool]]:
        return [
            event.c.name == str(OwnEvent.TIER_CHANGED),
            event.c.customer == customer,
            event.c.at <= rules.as_of,
        ]

    later = select(by_hand.c.id).where(
        *changed(by_hand), by_hand.c.source != SOURCE, by_hand.c.at >= change.c.at
    )
    own = [change.c.source == SOURCE, change.c.at > since, ~later.exists()]
    return select(change.c.id).where(*changed(change), *own).exists()
