"""Does a test fit what the field holds? Numbers are compared, dates lie within, lists contain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from engine.definitions.checks.names import known
from engine.definitions.places import Key, Path, problem_at
from engine.definitions.schema.base import Definition
from engine.definitions.schema.customers import BUILT_IN, FieldKind, FieldType
from engine.definitions.schema.segments import FIELD_TESTS, EventFieldCondition, FieldCondition, FieldTests
from engine.definitions.schema.values import Scalar, as_written
from engine.definitions.suggest import suggestion
from engine.definitions.workspace import Workspace
from engine.model.built_in_events import BUILT_IN_EVENTS, OwnEvent
from engine.model.problem import Problem

TEXT_TESTS = frozenset({"is", "is_not", "contains", "starts_with", "ends_with", "known"})
DATE_TESTS = frozenset({"is", "is_not", "within", "not_within", "before", "after", "known"})
TESTS: dict[FieldKind, frozenset[str]] = {
    FieldKind.TEXT: TEXT_TESTS,
    FieldKind.ONE_OF: TEXT_TESTS,
    FieldKind.NUMBER: frozenset({"is", "is_not", "at_least", "at_most", "known"}),
    FieldKind.DATE: DATE_TESTS,
    FieldKind.MOMENT: DATE_TESTS,
    FieldKind.LIST: frozenset({"contains", "known"}),
    FieldKind.YES_OR_NO: frozenset({"is", "is_not", "known"}),
}
NAMES = {
    FieldKind.TEXT: "text",
    FieldKind.ONE_OF: "one of a few words",
    FieldKind.NUMBER: "a number",
    FieldKind.DATE: "a date",
    FieldKind.MOMENT: "a moment",
    FieldKind.LIST: "a list",
    FieldKind.YES_OR_NO: "yes or no",
}
YES_OR_NO = frozenset({"true", "false", "yes", "no"})


def field_names(workspace: Workspace) -> set[str]:
    """Every field a customer has, the key column and built-in ones included."""
    return {*workspace.customers.fields, *BUILT_IN, workspace.customers.key}


def field_type(workspace: Workspace, name: str) -> FieldType | None:
    """The type of a customer's field; the key column is text."""
    if name == workspace.customers.key and name not in workspace.customers.fields:
        return FieldType(FieldKind.TEXT)
    return workspace.customers.field_type(name)


def check_kind(
    workspace: Workspace, name: str, kinds: tuple[FieldKind, ...], *path: Key
) -> Iterator[Problem]:
    """Problems of a field that must be of one of these kinds."""
    yield from known(workspace, "field", name, field_names(workspace), *path)
    kind = field_type(workspace, name)
    if kind is not None and kind.kind not in kinds:
        message = f"`{name}` holds {NAMES[kind.kind]}; here {NAMES[kinds[0]]} is needed"
        yield problem_at(workspace.place(*path), "X023", message, "name another field")


def check_field(workspace: Workspace, condition: FieldCondition, at: Path) -> Iterator[Problem]:
    """Problems of a test on a customer's field."""
    yield from known(workspace, "field", condition.field, field_names(workspace), *at, "field")
    yield from check_tests(workspace, condition, field_type(workspace, condition.field), condition.field, at)


def event_fields(workspace: Workspace, event: str) -> dict[str, FieldType] | None:
    """The fields of a declared event, or of a built-in one that always has the same; None where nobody says."""
    if event in workspace.customers.events:
        return workspace.customers.events[event]
    built_in = BUILT_IN_EVENTS.get(event)
    if built_in is None or built_in.fields is None:
        return None
    fields = dict.fromkeys(built_in.fields, FieldType(FieldKind.TEXT))
    tier = workspace.customers.fields.get(workspace.tiers.field)
    if event == OwnEvent.TIER_CHANGED and tier is not None and tier.kind is FieldKind.ONE_OF:
        fields["from"] = fields["to"] = tier
    return fields


def check_event_field(
    workspace: Workspace, condition: EventFieldCondition, declared: dict[str, FieldType] | None, at: Path
) -> Iterator[Problem]:
    """Problems of a test on an event's own field; `declared`: the event's fields where somebody says them."""
    if declared is not None and condition.field not in declared:
        help = suggestion(condition.field, declared, otherwise="declare it in config/customers.yaml")
        message = f"this event has no field `{condition.field}`"
        yield problem_at(workspace.place(*at, "field"), "X015", message, help)
    kind = (declared or {}).get(condition.field)
    yield from check_tests(workspace, condition, kind, condition.field, at)


def check_tests(
    workspace: Workspace, tests: FieldTests, kind: FieldType | None, name: str, at: Path
) -> Iterator[Problem]:
    """Problems of the tests themselves. `kind` None: the field is not known, only the shape is checked."""
    written = [test for test in FIELD_TESTS if getattr(tests, attribute(test)) is not None]
    if not written:
        help = "add one of: " + ", ".join(sorted(TESTS[kind.kind] if kind else FIELD_TESTS))
        yield problem_at(workspace.place(*at, "field", key=True), "X020", f"`{name}` is not tested", help)
    for test in written:
        if kind is not None and test not in TESTS[kind.kind]:
            yield _misfit(workspace, test, kind, name, at)
        elif kind is not None:
            yield from _values(workspace, tests, test, kind, name, at)


def attribute(test: str) -> str:
    """The model's attribute for a test; `is` is a word of Python."""
    return "is_" if test == "is" else test


def _misfit(workspace: Workspace, test: str, kind: FieldType, name: str, at: Path) -> Problem:
    message = f"`{test}` does not fit `{name}`, which holds {NAMES[kind.kind]}"
    help = "choose from: " + ", ".join(sorted(TESTS[kind.kind]))
    if kind.kind is FieldKind.LIST and test in ("is", "is_not"):
        help = "use `contains`" + ("" if test == "is" else " under `not:`")
    return problem_at(workspace.place(*at, test, key=True), "X021", message, help)


def _values(
    workspace: Workspace, tests: Definition, test: str, kind: FieldType, name: str, at: Path
) -> Iterator[Problem]:
    if test not in ("is", "is_not"):
        return
    values: tuple[Scalar, ...] = getattr(tests, attribute(test))
    if not values:
        message, help = f"`{test}` has nothing to compare with", "write at least one value"
        yield problem_at(workspace.place(*at, test, key=True), "X022", message, help)
    for number, value in enumerate(values):
        objection = _objection(value, kind)
        if objection is not None:
            place = workspace.place(*at, test, number) if len(values) > 1 else workspace.place(*at, test)
            message = f"`{as_written(value)}` is never a value of `{name}`, which holds {NAMES[kind.kind]}"
            yield problem_at(place, "X022", message, objection)


def _objection(value: Scalar, kind: FieldType) -> str | None:
    """What to write instead of a value that can never match; None for a value that can."""
    text = as_written(value)
    match kind.kind:
        case FieldKind.ONE_OF if text not in kind.choices:
            return suggestion(text, kind.choices)
        case FieldKind.NUMBER if isinstance(value, str | bool):
            return "write a number"
        case FieldKind.YES_OR_NO if text.lower() not in YES_OR_NO:
            return "write `true` or `false`"
        case FieldKind.DATE:
            return None if _is(date, text) else "write the date as year-month-day, like `2027-01-05`"
        case FieldKind.MOMENT:
            return None if _is(datetime, text) else 'write a day or a moment, like `"2027-01-05 09:30"`'
    return None


def _is(kind: type[date], text: str) -> bool:
    try:
        kind.fromisoformat(text)
    except ValueError:
        return False
    return True
