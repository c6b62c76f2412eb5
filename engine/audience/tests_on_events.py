"""Tests on an event's own fields, whose kinds nobody declared: each value is read as what it is."""

from __future__ import annotations

from math import isfinite
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, true

from engine.audience.portable import JsonField, begins_with, bytewise, finishes_with, has_part
from engine.audience.rulebook import Rulebook
from engine.audience.tests_on_fields import as_day, written_tests
from engine.definitions.schema.segments import EventFieldCondition
from engine.definitions.schema.values import Scalar, as_written

DAY_SHAPE = "____-__-__%"
"""How a text begins that is an ISO date; such texts sort like the days they mean."""


def event_field_passes(
    document: ColumnElement[Any], condition: EventFieldCondition, rules: Rulebook
) -> ColumnElement[bool]:
    """All of the tests hold for the event's field; never NULL.

    Numbers are compared with numbers, texts with texts; `is: 5` and `is: "5"` find both of them.
    """
    field = JsonField(document, condition.field, rules.dialect)
    checks = [_test(field, name, value, rules) for name, value in written_tests(condition).items()]
    return and_(true(), *checks)


def _test(field: JsonField, name: str, value: Any, rules: Rulebook) -> ColumnElement[bool]:
    text, dialect = field.text, rules.dialect
    match name:
        case "known":
            return func.coalesce(field.known, false()) if value else not_(func.coalesce(field.known, false()))
        case "is":
            return _is_any(field, value)
        case "is_not":
            return and_(func.coalesce(field.known, false()), not_(_is_any(field, value)))
        case "contains":
            parts = (has_part(text, as_written(scalar), dialect) for scalar in value)
            return and_(text.is_not(None), or_(*parts, false()))
        case "starts_with":
            return and_(text.is_not(None), begins_with(text, value, dialect))
        case "ends_with":
            return and_(text.is_not(None), finishes_with(text, value, dialect))
        case "at_least":
            return and_(field.number.is_not(None), field.number >= float(value))
        case "at_most":
            return and_(field.number.is_not(None), field.number <= float(value))
        case _:
            return _day_test(field, name, value, rules)


def _is_any(field: JsonField, scalars: tuple[Scalar, ...]) -> ColumnElement[bool]:
    return or_(*(_is(field, scalar) for scalar in scalars), false())


def _is(field: JsonField, scalar: Scalar) -> ColumnElement[bool]:
    if isinstance(scalar, bool):
        return func.coalesce(field.is_truth(scalar), false())
    same = and_(field.text.is_not(None), field.text == as_written(scalar))
    try:
        number = float(scalar)
    except ValueError:
        return same
    if not isfinite(number):
        return same
    return or_(same, and_(field.number.is_not(None), field.number == number))


def _day_test(field: JsonField, name: str, value: Any, rules: Rulebook) -> ColumnElement[bool]:
    day = bytewise(func.substr(field.text, 1, 10), rules.dialect)
    is_day = and_(field.text.is_not(None), field.text.like(DAY_SHAPE))
    if name in ("within", "not_within"):
        first = rules.span_start(value).astimezone(rules.zone).date().isoformat()
        inside = and_(day >= first, day <= rules.today.isoformat())
        return and_(is_day, inside if name == "within" else not_(inside))
    bound = as_day(value).isoformat()
    return and_(is_day, day < bound if name == "before" else day > bound)
