"""Tests on a customer's field, by what the field holds. A missing value passes none but `known: false`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Date, Text, and_, false, not_, or_, true, type_coerce

from engine.audience.portable import begins_with, finishes_with, fold, folded, has_part, position
from engine.audience.rulebook import Rulebook
from engine.definitions.schema.segments import FIELD_TESTS, FieldTests
from engine.definitions.schema.values import Scalar, as_written
from engine.errors import UnsupportedFeature
from engine.store.types import SEPARATOR, Moment

ALLOWED = {
    "text": {"is", "is_not", "contains", "starts_with", "ends_with", "known"},
    "number": {"is", "is_not", "at_least", "at_most", "known"},
    "date": {"is", "is_not", "within", "not_within", "before", "after", "known"},
    "moment": {"is", "is_not", "within", "not_within", "before", "after", "known"},
    "boolean": {"is", "is_not", "known"},
    "list": {"is", "is_not", "contains", "known"},
}
"""The tests that make sense for each kind of field."""

YES, NO = frozenset({"true", "yes"}), frozenset({"false", "no"})
Column = ColumnElement[Any]


def written_tests(tests: FieldTests) -> dict[str, Any]:
    """The tests that were written, by the words of the format."""
    values = {name: getattr(tests, "is_" if name == "is" else name) for name in FIELD_TESTS}
    return {name: value for name, value in values.items() if value is not None}


def field_passes(
    column: ColumnElement[Any], kind: str, tests: FieldTests, rules: Rulebook, label: str
) -> ColumnElement[bool]:
    """All of the tests hold for the column; never NULL.

    Args:
        kind: what the column holds: text, one_of, number, date, moment, boolean or list.
        label: the field's name for messages.

    Raises:
        UnsupportedFeature: a test that has no meaning for this kind of field, or a value that is not of it.
    """
    kind = "text" if kind == "one_of" else kind
    checks: list[ColumnElement[bool]] = []
    for name, value in written_tests(tests).items():
        if name not in ALLOWED[kind]:
            raise UnsupportedFeature(
                f"`{label}` is a {kind} field, and `{name}` cannot test that",
                help=f"use one of: {', '.join(sorted(ALLOWED[kind]))}",
            )
        if name == "known":
            checks.append(column.is_not(None) if value else column.is_(None))
        else:
            checks.append(and_(column.is_not(None), TESTS[kind](column, name, value, rules, label)))
    return and_(true(), *checks)


def _text_test(column: Column, name: str, value: Any, rules: Rulebook, label: str) -> ColumnElement[bool]:
    match name:
        case "is" | "is_not":
            words = [as_written(scalar) for scalar in value]
            if label == "email":
                column, words = folded(column, "".join(words), rules.dialect), [fold(word) for word in words]
            return column.in_(words) if name == "is" else column.not_in(words)
        case "contains":
            return or_(*(has_part(column, as_written(scalar), rules.dialect) for scalar in value), false())
        case "starts_with":
            return begins_with(column, value, rules.dialect)
        case _:
            return finishes_with(column, value, rules.dialect)


def _number_test(column: Column, name: str, value: Any, rules: Rulebook, label: str) -> ColumnElement[bool]:
    match name:
        case "at_least":
            return column >= float(value)
        case "at_most":
            return column <= float(value)
        case _:
            numbers = [_number(scalar, label) for scalar in value]
            return column.in_(numbers) if name == "is" else column.not_in(numbers)


def _date_test(column: Column, name: str, value: Any, rules: Rulebook, label: str) -> ColumnElement[bool]:
    column = type_coerce(column, Date)
    match name:
        case "is" | "is_not":
            days = [_day(as_written(scalar), label) for scalar in value]
            return column.in_(days) if name == "is" else column.not_in(days)
        case "within" | "not_within":
            first = rules.span_start(value).astimezone(rules.zone).date()
            inside = and_(column >= first, column <= rules.today)
            return inside if name == "within" else not_(inside)
        case "before":
            return column < as_day(value)
        case _:
            return column > as_day(value)


def _moment_test(column: Column, name: str, value: Any, rules: Rulebook, label: str) -> ColumnElement[bool]:
    column = type_coerce(column, Moment)
    match name:
        case "is" | "is_not":
            bounds = [_bound(as_written(scalar), rules, label) for scalar in value]
            spans = (and_(column >= rules.starts(one), column < rules.ends(one)) for one in bounds)
            same: ColumnElement[bool] = or_(*spans, false())
            return same if name == "is" else not_(same)
        case "within" | "not_within":
            inside = and_(column >= rules.span_start(value), column <= rules.as_of)
            return inside if name == "within" else not_(inside)
        case "before":
            return column < rules.starts(value)
        case _:
            return column >= rules.ends(value)


def _boolean_test(column: Column, name: str, value: Any, rules: Rulebook, label: str) -> ColumnElement[bool]:
    wanted = {_truth(scalar, label) for scalar in value}
    column = type_coerce(column, Boolean)
    same: ColumnElement[bool] = or_(*(column.is_(truth) for truth in sorted(wanted)), false())
    return same if name == "is" else not_(same)


def _list_test(column: Column, name: str, value: Any, rules: Rulebook, label: str) -> ColumnElement[bool]:
    column = type_coerce(column, Text)
    words = [f"{SEPARATOR}{fold(as_written(scalar).strip())}{SEPARATOR}" for scalar in value]
    if name == "contains":
        found = (position(folded(column, word, rules.dialect), word, rules.dialect) > 0 for word in words)
        return or_(*found, false())
    same: ColumnElement[bool] = or_(*(folded(column, word, rules.dialect) == word for word in words), false())
    return same if name == "is" else not_(same)


Test = Callable[[Column, str, Any, Rulebook, str], ColumnElement[bool]]
TESTS: dict[str, Test] = {
    "text": _text_test,
    "number": _number_test,
    "date": _date_test,
    "moment": _moment_test,
    "boolean": _boolean_test,
    "list": _list_test,
}


def as_day(bound: date) -> date:
    """The day of a bound that may be a moment."""
    return bound.date() if isinstance(bound, datetime) else bound


def _bound(text: str, rules: Rulebook, label: str) -> date:
    """A day, which means the whole of it on the project's clock, or a moment on that clock."""
    if len(text) <= len("2026-12-31"):
        return _day(text, label)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnsupportedFeature(
            f"`{label}` is a moment, and `{text}` is not", help="write it like 2026-12-31 09:30"
        ) from error
    return moment.astimezone(rules.zone).replace(tzinfo=None) if moment.tzinfo else moment


def _day(text: str, label: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UnsupportedFeature(
            f"`{label}` is a date, and `{text}` is not", help="write it like 2026-12-31"
        ) from error


def _number(value: Scalar, label: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise UnsupportedFeature(
            f"`{label}` is a number, and `{value}` is not", help="write it like 12.5"
        ) from error


def _truth(value: Scalar, label: str) -> bool:
    word = as_written(value).lower()
    if word in YES or word in NO:
        return word in YES
    raise UnsupportedFeature(f"`{label}` is yes or no, and `{value}` is neither", help="write true or false")
