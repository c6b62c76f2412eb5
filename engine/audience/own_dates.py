"""Whose own date makes a day theirs: one comparison with constants, whatever was added to the dates beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, DateTime, Text, and_, cast, false, func, or_, select, type_coerce
from sqlalchemy.sql.selectable import Subquery

from engine.audience.conditions import GIVEN_STATES, People
from engine.audience.portable import POSTGRESQL
from engine.audience.rulebook import Rulebook
from engine.model.words import PENDING_STATES
from engine.store import tables
from engine.store.types import Moment

FIRST_YEAR = 1900
"""Nobody who gets letters was born, or signed anything, before."""


@dataclass(frozen=True, slots=True)
class Yearly:
    """This month and day of this year, or of any year before it."""

    year: int
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class OwnDates:
    """Customers whose `field` lies in one of the spans (both ends included), or is one of the yearly days.

    `again_after`: whoever got a letter of this campaign in a run later than this gets no second one; None lets them.
    """

    field: str
    spans: tuple[tuple[date, date], ...] = ()
    yearly: tuple[Yearly, ...] = ()
    again_after: datetime | None = None


def is_due(people: People, own: OwnDates, rules: Rulebook) -> ColumnElement[bool]:
    """The customer's date is one of these; false for an unknown field and for customers without a value."""
    field = rules.columns.get(own.field)
    if field is None:
        return false()
    column = people.c[field.column]
    conditions = [*_spans(column, own, rules), *_yearly(column, own, rules)]
    return and_(column.is_not(None), or_(*conditions)) if conditions else false()


def sent_lately(campaign: str, occurrence: str, after: datetime) -> Subquery:
    """Who has a letter of another run of the campaign, taken at a moment after this one, or may still get it."""
    delivery, run = tables.deliveries.alias(), tables.runs.alias()
    other = and_(run.c.campaign == campaign, run.c.occurrence != occurrence, run.c.as_of > after)
    return (
        select(delivery.c.customer)
        .join_from(run, delivery, delivery.c.run == run.c.id)
        .where(other, delivery.c.state.in_(sorted({*GIVEN_STATES, *PENDING_STATES})))
        .distinct()
        .subquery("lately")
    )


def _spans(column: ColumnElement[Any], own: OwnDates, rules: Rulebook) -> Iterator[ColumnElement[bool]]:
    for first, last in own.spans:
        yield _between(column, first, last, rules)


def _between(column: ColumnElement[Any], first: date, last: date, rules: Rulebook) -> ColumnElement[bool]:
    if isinstance(column.type, Moment):
        return and_(column >= rules.starts(first), column < rules.ends(last))
    day = type_coerce(column, Date)
    return and_(day >= first, day <= last)


def _yearly(column: ColumnElement[Any], own: OwnDates, rules: Rulebook) -> Iterator[ColumnElement[bool]]:
    for wanted in own.yearly:
        if isinstance(column.type, Moment):
            # A moment's day is the project's, and only the calendar knows when that began in each year.
            yield from (_between(column, day, day, rules) for day in _in_every_year(wanted))
        else:
            day = type_coerce(column, Date)
            yield and_(
                _month_and_day(column, rules) == f"{wanted.month:02d}-{wanted.day:02d}", day <= _end(wanted)
            )


def _month_and_day(column: ColumnElement[Any], rules: Rulebook) -> ColumnElement[Any]:
    if rules.dialect == POSTGRESQL:
        return func.to_char(cast(type_coerce(column, Date), DateTime), "MM-DD")
    return func.substr(type_coerce(column, Text), 6, 5)


def _in_every_year(wanted: Yearly) -> Iterator[date]:
    for year in range(FIRST_YEAR, wanted.year + 1):
        try:
            yield date(year, wanted.month, wanted.day)
        except ValueError:
            continue


def _end(wanted: Yearly) -> date:
    return date(wanted.year, 12, 31)
