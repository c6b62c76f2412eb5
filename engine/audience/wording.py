"""Conditions in words, for people who ask why somebody is in a segment."""

from __future__ import annotations

from typing import Any

from engine.audience.tests_on_fields import written_tests
from engine.definitions.schema.base import Definition
from engine.definitions.schema.segments import (
    All,
    AnyOf,
    EventCondition,
    EventCount,
    FieldCondition,
    FieldTests,
    Not,
    OfferCondition,
    SegmentCondition,
    SubscribedCondition,
)
from engine.definitions.schema.values import as_written

WORDS = {
    "is": "is",
    "is_not": "is not",
    "contains": "contains",
    "starts_with": "starts with",
    "ends_with": "ends with",
    "at_least": "is at least",
    "at_most": "is at most",
    "within": "lies within the last",
    "not_within": "does not lie within the last",
    "before": "is before",
    "after": "is after",
}


def in_words(condition: Definition) -> str:
    """One condition as a sentence; what stands inside all, any and not is told by its own sentences."""
    match condition:
        case All():
            return "all of these"
        case AnyOf():
            return "at least one of these"
        case Not():
            return "not this" if len(condition.not_) == 1 else "not all of these"
        case FieldCondition():
            return tests_in_words(condition.field, condition)
        case EventCondition():
            return _event(condition)
        case SegmentCondition():
            return f"in the segment {condition.segment}"
        case SubscribedCondition():
            return f"subscribed to {condition.subscribed}, with an address"
        case OfferCondition():
            return _offer(condition)
        case _:
            return type(condition).__name__


def tests_in_words(field: str, tests: FieldTests) -> str:
    """`country is GB or IE`."""
    return " and ".join(f"{field} {_test(name, value)}" for name, value in written_tests(tests).items())


def _test(name: str, value: Any) -> str:
    if name == "known":
        return "is known" if value else "is not known"
    shown = " or ".join(as_written(item) for item in value) if isinstance(value, tuple) else str(value)
    return f"{WORDS[name]} {shown}"


def _event(condition: EventCondition) -> str:
    parts = [f"no {condition.event}" if condition.not_within else condition.event]
    if condition.count is not None:
        parts.append(_count(condition.count))
    if condition.where:
        parts.append("where " + " and ".join(tests_in_words(test.field, test) for test in condition.where))
    if condition.within is not None:
        parts.append(f"within the last {condition.within}")
    if condition.not_within is not None:
        parts.append(f"within the last {condition.not_within}")
    if condition.before is not None:
        parts.append(f"before {condition.before}")
    if condition.after is not None:
        parts.append(f"after {condition.after}")
    if condition.without_later is not None:
        same = f" with the same {condition.same}" if condition.same else ""
        parts.append(f"without a later {condition.without_later}{same}")
    return " ".join(parts)


def _count(count: EventCount) -> str:
    unit = "days" if count.distinct else "times"
    if count.at_least is not None and count.at_most is not None:
        return f"{count.at_least} to {count.at_most} {unit}"
    if count.at_most is not None:
        return f"at most {count.at_most} {unit}"
    return f"at least {count.at_least if count.at_least is not None else 1} {unit}"


def _offer(condition: OfferCondition) -> str:
    said = {"given": "was given", "unused": "has not used", "used": "has used"}[condition.is_]
    within = f" within the last {condition.within}" if condition.within else ""
    if condition.not_within:
        return f"not true that they {said} {condition.offer} within the last {condition.not_within}"
    if condition.expires_within:
        return f"has not used {condition.offer}{within}, which ends within {condition.expires_within}"
    return f"{said} {condition.offer}{within}"
