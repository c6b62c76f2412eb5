"""A tree of conditions as one SQL expression over the customers table."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Double,
    Select,
    Table,
    and_,
    exists,
    false,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.sql.selectable import NamedFromClause

from engine.audience.events import event_passes
from engine.audience.portable import bytewise
from engine.audience.rulebook import Rulebook
from engine.audience.tests_on_fields import field_passes, written_tests
from engine.definitions.schema.base import Definition
from engine.definitions.schema.segments import (
    All,
    AnyOf,
    Condition,
    EventCondition,
    FieldCondition,
    Not,
    OfferCondition,
    Segment,
    SegmentCondition,
    SubscribedCondition,
)
from engine.definitions.schema.values import as_written
from engine.errors import UnsupportedFeature
from engine.model.words import ACCEPTED_STATES, State
from engine.store import tables
from engine.store.types import Moment

People = Table | NamedFromClause

BUILT_IN_KINDS = {
    "email": "text",
    "customer_id": "text",
    "time_zone": "text",
    "language": "text",
    "tags": "list",
}
GIVEN_STATES = tuple(sorted(ACCEPTED_STATES | {State.UNCERTAIN}))
"""Deliveries that reached the reader, or may have: what they gave is given."""


def passes(
    people: People, condition: Definition, rules: Rulebook, *, flat: bool = True
) -> ColumnElement[bool]:
    """The condition for each row of `people`; never NULL, so that `not` is its exact opposite.

    Args:
        people: the customers table with its declared fields, or an alias of it.
        flat: whether the expression will stand directly under WHERE and AND (see engine.audience.events).

    Raises:
        UnsupportedFeature: a test that has no meaning for the field's kind.
    """
    match condition:
        case All():
            return _all(people, condition.all, rules, flat=flat)
        case AnyOf():
            return or_(*(passes(people, part, rules, flat=False) for part in condition.any), false())
        case Not():
            if not condition.not_:
                return false()
            return not_(_all(people, condition.not_, rules, flat=False))
        case FieldCondition():
            return _field(people, condition, rules)
        case EventCondition():
            return event_passes(people.c.id, condition, rules, flat=flat)
        case SegmentCondition():
            return in_segment(people, condition.segment, rules, flat=flat)
        case SubscribedCondition():
            return and_(people.c.address_hash.is_not(None), _subscribed(people, condition.subscribed))
        case OfferCondition():
            return _offer(people, condition, rules)
        case _:
            raise UnsupportedFeature(f"{type(condition).__name__} is no condition of a segment")


def _all(people: People, parts: tuple[Condition, ...], rules: Rulebook, *, flat: bool) -> ColumnElement[bool]:
    if not parts:
        return false()
    return and_(*(passes(people, part, rules, flat=flat) for part in parts))


def in_segment(people: People, name: str, rules: Rulebook, *, flat: bool = True) -> ColumnElement[bool]:
    """Membership in a segment by name; nobody is in one that is unknown, empty or refers to itself."""
    if not rules.is_sound(name):
        return false()
    segment = rules.segments[name]
    if segment.top is None:
        return passes(people, segment.rule, rules, flat=flat)
    return people.c.id.in_(top_of(segment, rules))


def top_of(segment: Segment, rules: Rulebook) -> Select[tuple[int]]:
    """The ids of the segment's best."""
    people = rules.customers.alias()
    chosen: Select[tuple[int]] = select(people.c.id)
    if segment.rule.all:
        chosen = chosen.where(passes(people, segment.rule, rules))
    return chosen.order_by(*ranking(people, segment, rules)).limit(segment.top)


def ranking(people: People, segment: Segment, rules: Rulebook) -> list[ColumnElement[Any]]:
    """The best first by the segment's field; ties go to the lower customer key, missing values come last."""
    field = rules.columns.get(segment.by or "")
    order: list[ColumnElement[Any]] = []
    if field is not None:
        column = people.c[field.column]
        if not isinstance(column.type, Double | Date | Moment):
            raise UnsupportedFeature(
                f"`by: {segment.by}` is a {field.kind} field", help="sort by a number or a date"
            )
        order.append(column.desc().nulls_last())
    return [*order, bytewise(people.c.customer_id, rules.dialect)]


def _field(people: People, condition: FieldCondition, rules: Rulebook) -> ColumnElement[bool]:
    name = condition.field
    if name == "topics":
        return _topics(people, condition)
    if name in rules.columns:
        field = rules.columns[name]
        return field_passes(people.c[field.column], field.kind, condition, rules, name)
    if name in BUILT_IN_KINDS:
        return field_passes(people.c[name], BUILT_IN_KINDS[name], condition, rules, name)
    # A field that no import has brought yet: everybody's value is missing.
    known = condition.known
    return true() if known is False and len(written_tests(condition)) == 1 else false()


def _topics(people: People, condition: FieldCondition) -> ColumnElement[bool]:
    checks: list[ColumnElement[bool]] = []
    for name, value in written_tests(condition).items():
        if name == "contains":
            checks.append(or_(*(_subscribed(people, as_written(topic)) for topic in value), false()))
        elif name == "known":
            checks.append(_subscribed(people, None) if value else ~_subscribed(people, None))
        else:
            raise UnsupportedFeature(
                f"`{name}` cannot test the topics", help="write `subscribed: newsletter`"
            )
    return and_(true(), *checks)


def _subscribed(people: People, topic: str | None) -> ColumnElement[bool]:
    said = tables.subscriptions.alias()
    checks = [said.c.customer == people.c.id, said.c.subscribed.is_(True)]
    if topic is not None:
        checks.append(said.c.topic == topic)
    return exists(select(said.c.customer).where(*checks))


def _offer(people: People, condition: OfferCondition, rules: Rulebook) -> ColumnElement[bool]:
    """A letter that carried the offer left, or may have left; for its use, the code that came with it."""
    delivery, carried = tables.deliveries.alias(), tables.variants.alias()
    given = select(delivery.c.id).join(carried, carried.c.id == delivery.c.variant)
    checks = [
        delivery.c.customer == people.c.id,
        delivery.c.state.in_(GIVEN_STATES),
        delivery.c.submitted_at <= rules.as_of,
        carried.c.offer == condition.offer,
    ]
    if condition.is_ != "given" or condition.expires_within is not None:
        code = tables.codes.alias()
        given = given.join(code, code.c.delivery == delivery.c.id)
        used = code.c.state == "used"
        checks += [code.c.offer == condition.offer, used if condition.is_ == "used" else ~used]
        if condition.expires_within is not None:
            checks.append(code.c.expires_at > rules.as_of)
            checks.append(code.c.expires_at <= rules.span_end(condition.expires_within))
    if condition.within is not None:
        checks.append(delivery.c.submitted_at >= rules.span_start(condition.within))
    if condition.not_within is not None:
        checks.append(delivery.c.submitted_at >= rules.span_start(condition.not_within))
        return ~exists(given.where(*checks))
    return exists(given.where(*checks))
