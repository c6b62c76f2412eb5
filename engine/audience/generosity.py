"""What generosity asks about customers, in SQL: the tier of each, and who got a gift in a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select, union
from sqlalchemy.sql.selectable import Subquery

from engine.audience.conditions import GIVEN_STATES
from engine.audience.contact import field_text
from engine.audience.rulebook import Rulebook
from engine.model.gift import CodeCounts
from engine.model.task import TaskState
from engine.model.touch import TouchKind
from engine.model.words import PENDING_STATES, Reason
from engine.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection


def tiers_select(rules: Rulebook, field: str) -> Select[Any]:
    """A row for each customer: `customer` and `tier`, the value of that field, "" where there is none."""
    people = rules.customers.alias()
    return select(people.c.id.label("customer"), field_text(people, field, rules).label("tier"))


@dataclass(frozen=True)
class Span:
    """A time whose gifts are looked at. `gifts`: the offers that are gifts. `end` is not part of it."""

    start: datetime
    end: datetime
    gifts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TierCount:
    """How many customers a tier has, how many of them got a gift, and how many others have one on its way."""

    tier: str
    customers: int
    got: int
    waiting: int


def tier_counts(connection: Connection, rules: Rulebook, field: str, span: Span) -> list[TierCount]:
    """Every tier that anybody has."""
    tier_of, got, waiting = tiers_select(rules, field).subquery(), _got(span, rules), _waiting(span)
    on_its_way = and_(got.c.customer.is_(None), waiting.c.customer.is_not(None))
    query = (
        select(
            tier_of.c.tier,
            func.count(),
            func.count(got.c.customer),
            func.sum(case((on_its_way, 1), else_=0)),
        )
        .select_from(tier_of)
        .outerjoin(got, got.c.customer == tier_of.c.customer)
        .outerjoin(waiting, waiting.c.customer == tier_of.c.customer)
        .group_by(tier_of.c.tier)
    )
    return [TierCount(*row) for row in connection.execute(query)]


def without_gift(
    connection: Connection, rules: Rulebook, field: str, span: Span, tier: str, limit: int
) -> list[str]:
    """The first customers of a tier who got no gift, by address, or key where they have none."""
    people, got = rules.customers.alias(), _got(span, rules)
    query = (
        select(func.coalesce(people.c.email, people.c.customer_id))
        .select_from(people)
        .outerjoin(got, got.c.customer == people.c.id)
        .where(field_text(people, field, rules) == tier, got.c.customer.is_(None))
        .order_by(people.c.customer_id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def code_counts(
    connection: Connection, rules: Rulebook, field: str, span: Span, soon: datetime
) -> Iterator[tuple[str, str, CodeCounts]]:
    """What became of the codes given in the span, by the customer's tier and the offer. `soon`: ends before then are
    near."""
    code, tier_of = tables.codes.alias(), tiers_select(rules, field).subquery()
    used = code.c.state == "used"
    ends = code.c.expires_at
    alive = or_(ends.is_(None), ends > rules.as_of)
    numbers = [
        func.count(),
        _many(used),
        _many(and_(used, code.c.used_by.is_not(None), code.c.used_by != code.c.customer)),
        _many(and_(~used, alive)),
        _many(and_(~used, ends > rules.as_of, ends <= soon)),
        _many(and_(~used, ~alive)),
    ]
    tier = func.coalesce(tier_of.c.tier, "").label("tier")
    given = _given(span, code, GIVEN_STATES, TaskState.DONE).subquery()
    rows = (
        select(tier, code.c.offer, *numbers)
        .select_from(code)
        .join(given, given.c.id == code.c.id)
        .outerjoin(tier_of, tier_of.c.customer == code.c.customer)
        .group_by(tier_of.c.tier, code.c.offer)
        .order_by(code.c.offer, tier_of.c.tier)
    )
    for found_tier, offer, *counted in connection.execute(rows):
        yield found_tier, offer, CodeCounts(*(int(number) for number in counted))


def _many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _got(span: Span, rules: Rulebook) -> Subquery:
    """Customers to whom a gift went, each once: in a letter that has left, or may have, or from a person."""
    code, touch = tables.codes.alias(), tables.touches.alias()
    letters = _given(span, code, GIVEN_STATES, TaskState.DONE, span.gifts).with_only_columns(code.c.customer)
    people = select(touch.c.customer).where(
        touch.c.kind == TouchKind.GIFT,
        touch.c.at >= span.start,
        touch.c.at < span.end,
        touch.c.at <= rules.as_of,
    )
    return union(letters, people).subquery()


def _waiting(span: Span) -> Subquery:
    code = tables.codes.alias()
    states = tuple(sorted(PENDING_STATES))
    return (
        _given(span, code, states, TaskState.OPEN, span.gifts)
        .with_only_columns(code.c.customer)
        .distinct()
        .subquery()
    )


def _given(
    span: Span, code: Any, states: Sequence[str], handed: TaskState, offers: Sequence[str] | None = None
) -> Select[Any]:
    """The codes of letters in one of these states, and of those a person hands over by a task that is so far."""
    delivery, task = tables.deliveries.alias(), tables.tasks.alias()
    by_owner = exists(select(task.c.id).where(task.c.delivery == delivery.c.id, task.c.state == handed))
    checks = [code.c.reserved_at >= span.start, code.c.reserved_at < span.end]
    checks.append(or_(delivery.c.state.in_(states), and_(delivery.c.reason == Reason.OWNER_TASK, by_owner)))
    if offers is not None:
        checks.append(code.c.offer.in_(offers))
    return select(code.c.id).join_from(code, delivery, delivery.c.id == code.c.delivery).where(*checks)
