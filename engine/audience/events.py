"""Conditions on events: counted, dated, tested by their own fields, and not followed by another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, distinct, exists, func, select, true, type_coerce
from sqlalchemy.sql.selectable import NamedFromClause

from engine.audience.portable import POSTGRESQL, JsonField
from engine.audience.rulebook import Rulebook
from engine.audience.tests_on_events import event_field_passes
from engine.definitions.schema.segments import EventCondition
from engine.errors import UnsupportedFeature
from engine.model.duration import Duration
from engine.store import tables

DAY_MICROSECONDS = 86_400_000_000
YEAR_ONE_MICROSECONDS = 719_162 * DAY_MICROSECONDS
"""From 0001-01-01 to 1970-01-01: added before dividing, because both databases divide towards zero."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many events are asked for; `most` None is no upper limit."""

    least: int
    most: int | None
    by_day: bool


def wanted_count(condition: EventCondition) -> Wanted:
    """The written count: at least one where nothing is said, none is enough where only `at_most` is."""
    count = condition.count
    if count is None:
        return Wanted(1, None, False)
    least = count.at_least if count.at_least is not None else (1 if count.at_most is None else 0)
    return Wanted(least, count.at_most, count.distinct == "days")


def event_passes(
    customer: ColumnElement[Any], condition: EventCondition, rules: Rulebook, *, flat: bool
) -> ColumnElement[bool]:
    """The condition for the customer with this id; never NULL.

    Args:
        flat: true where the expression stands directly under WHERE and AND. PostgreSQL joins a set there;
            below OR and NOT it would scan the set once per customer, so that there each customer's events
            are looked up in the index instead.

    Raises:
        UnsupportedFeature: `same` without `without_later`, which only a sequence can answer.
    """
    if condition.same is not None and condition.without_later is None:
        raise UnsupportedFeature(
            f"`same: {condition.same}` compares with the event that started a sequence; a segment has none",
            help="add `without_later:`, or use it under `exit_when:`",
        )
    if condition.not_within is not None:
        return ~_exists_since(customer, condition, condition.not_within, rules)
    return _counted(customer, condition, rules, flat=flat)


def _exists_since(
    customer: ColumnElement[Any], condition: EventCondition, span: Duration, rules: Rulebook
) -> ColumnElement[bool]:
    event = tables.events.alias()
    since = event.c.at >= rules.span_start(span)
    return exists(
        select(event.c.id).where(event.c.customer == customer, since, matching(event, condition, rules))
    )


def _counted(
    customer: ColumnElement[Any], condition: EventCondition, rules: Rulebook, *, flat: bool
) -> ColumnElement[bool]:
    wanted = wanted_count(condition)
    event = tables.events.alias()
    matches = matching(event, condition, rules)
    if wanted.least <= 0 and wanted.most is None:
        return true()
    if wanted.least == 1 and wanted.most is None:
        return exists(select(event.c.id).where(event.c.customer == customer, matches))
    number = counted(event, wanted)
    if flat and wanted.least > 0 and rules.dialect == POSTGRESQL:
        chosen = (
            select(event.c.customer)
            .where(matches)
            .group_by(event.c.customer)
            .having(_between(number, wanted))
        )
        return customer.in_(chosen)
    return _between(select(number).where(event.c.customer == customer, matches).scalar_subquery(), wanted)


def counted(event: NamedFromClause, wanted: Wanted) -> ColumnElement[int]:
    """The number of events, or of the UTC days that have one."""
    if not wanted.by_day:
        # Not count(id): that is the same number, but the index does not hold it, and every event would be fetched.
        return func.count()
    moment = type_coerce(event.c.at, BigInteger)
    return func.count(distinct((moment + YEAR_ONE_MICROSECONDS) // DAY_MICROSECONDS))


def _between(number: ColumnElement[int], wanted: Wanted) -> ColumnElement[bool]:
    checks = []
    if wanted.least > 0:
        checks.append(number >= wanted.least)
    if wanted.most is not None:
        checks.append(number <= wanted.most)
    return and_(true(), *checks)


def matching(event: NamedFromClause, condition: EventCondition, rules: Rulebook) -> ColumnElement[bool]:
    """The event is one of those the condition speaks of. What lies after `as_of` has not happened yet."""
    checks = [event.c.name == condition.event, event.c.at <= rules.as_of]
    if condition.within is not None:
        checks.append(event.c.at >= rules.span_start(condition.within))
    if condition.before is not None:
        checks.append(event.c.at < rules.starts(condition.before))
    if condition.after is not None:
        checks.append(event.c.at >= rules.ends(condition.after))
    checks.extend(event_field_passes(event.c.fields, test, rules) for test in condition.where)
    if condition.without_later is not None:
        checks.append(~_followed(event, condition, rules))
    return and_(*checks)


def _followed(event: NamedFromClause, condition: EventCondition, rules: Rulebook) -> ColumnElement[bool]:
    """An event of the other name came later. Files often have days only, so another name on the same moment
    counts as later; with the same name it would follow itself."""
    later = tables.events.alias()
    after = (
        later.c.at > event.c.at if condition.without_later == condition.event else later.c.at >= event.c.at
    )
    checks = [
        later.c.customer == event.c.customer,
        later.c.name == condition.without_later,
        later.c.at <= rules.as_of,
        after,
    ]
    if condition.same is not None:
        here = JsonField(event.c.fields, condition.same, rules.dialect)
        there = JsonField(later.c.fields, condition.same, rules.dialect)
        checks.append(here.same_as(there))
    return exists(select(later.c.id).where(*checks))
