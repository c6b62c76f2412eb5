"""Why one person is in a segment or not: every condition, whether it holds, and what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, cast, func, null, select, type_coerce

from engine.audience.conditions import BUILT_IN_KINDS, in_segment, passes
from engine.audience.events import counted, matching, wanted_count
from engine.audience.rulebook import Rulebook
from engine.audience.wording import in_words
from engine.definitions.schema.base import Definition
from engine.definitions.schema.segments import (
    All,
    AnyOf,
    EventCondition,
    FieldCondition,
    Not,
    Segment,
    SegmentCondition,
)
from engine.store import tables
from engine.store.types import Moment

Path = tuple[str | int, ...]
Locate = Callable[[Path], tuple[str, int]]
"""From the keys that lead to a condition, like ("segments", "lapsed", "all", 0), to its file and line."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One condition for one person. `found`: the value it was tested on, or ""; `file` and `line`: "" and 0
    where nobody said; `parts`: the conditions inside it."""

    text: str
    passed: bool
    found: str = ""
    file: str = ""
    line: int = 0
    parts: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Node:
    """A condition with its place, before it is asked about anybody."""

    condition: Definition | str
    path: Path
    parts: tuple[_Node, ...] = ()

    def walk(self) -> Iterator[_Node]:
        yield self
        for part in self.parts:
            yield from part.walk()


def explain(
    connection: Connection, rules: Rulebook, name: str, customer: int, locate: Locate | None = None
) -> Finding:
    """The segment's conditions, each with its verdict for the customer with this row id.

    The verdicts come from the very expressions that select the segment, in one question to the database.
    """
    if not rules.is_sound(name):
        return Finding(f"`{name}` is unknown, empty or refers to itself: nobody is in it", False)
    root = _segment_node(rules.segments[name], name)
    nodes = list(root.walk())
    people = rules.customers
    asked: list[ColumnElement[Any]] = []
    for number, node in enumerate(nodes):
        verdict = (
            in_segment(people, node.condition, rules, flat=False)
            if isinstance(node.condition, str)
            else passes(people, node.condition, rules, flat=False)
        )
        asked += [
            verdict.label(f"passed_{number}"),
            _value(people, node.condition, rules).label(f"found_{number}"),
        ]
        asked.append(_last(people, node.condition, rules).label(f"last_{number}"))
    row = connection.execute(select(*asked).where(people.c.id == customer)).mappings().one_or_none()
    facts: Mapping[str, Any] = dict(row) if row is not None else {}
    numbers = {id(node): number for number, node in enumerate(nodes)}
    return _finding(root, facts, numbers, locate)


def _finding(
    node: _Node, facts: Mapping[str, Any], numbers: Mapping[int, int], locate: Locate | None
) -> Finding:
    number = numbers[id(node)]
    file, line = locate(node.path) if locate else ("", 0)
    return Finding(
        text=f"segment {node.condition}" if isinstance(node.condition, str) else in_words(node.condition),
        passed=bool(facts.get(f"passed_{number}")),
        found=_shown(node.condition, facts.get(f"found_{number}"), facts.get(f"last_{number}")),
        file=file,
        line=line,
        parts=tuple(_finding(part, facts, numbers, locate) for part in node.parts),
    )


def _segment_node(segment: Segment, name: str) -> _Node:
    base: Path = ("segments", name)
    parts = [*_listed(segment.all or (), (*base, "all"))]
    if segment.any is not None:
        parts.append(_node(AnyOf(any=segment.any), base, "any"))
    if segment.not_ is not None:
        parts.append(_node(Not(not_=segment.not_), base, "not"))
    return _Node(name, base, tuple(parts))


def _node(condition: Definition, path: Path, key: str = "") -> _Node:
    match condition:
        case All():
            return _Node(condition, path, _listed(condition.all, (*path, "all")))
        case AnyOf():
            return _Node(condition, path, _listed(condition.any, (*path, "any")))
        case Not():
            return _Node(condition, path, _listed(condition.not_, (*path, "not")))
        case _:
            return _Node(condition, path)


def _listed(conditions: tuple[Any, ...], path: Path) -> tuple[_Node, ...]:
    return tuple(_node(condition, (*path, place)) for place, condition in enumerate(conditions))


def _value(people: Any, condition: Definition | str, rules: Rulebook) -> ColumnElement[Any]:
    """What the condition was tested on: the field's value as text, or the number of events."""
    if isinstance(condition, FieldCondition):
        field = rules.columns.get(condition.field)
        if field is None and condition.field not in BUILT_IN_KINDS:
            return null()
        column = people.c[field.column if field else condition.field]
        if field is not None and field.kind == "moment":
            return type_coerce(column, Moment)
        stored = type_coerce(column, Text) if field is None or field.kind == "list" else column
        return cast(stored, Text)
    if isinstance(condition, EventCondition):
        event = tables.events.alias()
        number = select(counted(event, wanted_count(condition)))
        return number.where(
            event.c.customer == people.c.id, matching(event, condition, rules)
        ).scalar_subquery()
    return null()


def _last(people: Any, condition: Definition | str, rules: Rulebook) -> ColumnElement[Any]:
    if not isinstance(condition, EventCondition):
        return null()
    event = tables.events.alias()
    newest = select(type_coerce(func.max(event.c.at), Moment))
    return newest.where(event.c.customer == people.c.id, matching(event, condition, rules)).scalar_subquery()


def _shown(condition: Definition | str, found: Any, last: Any) -> str:
    if isinstance(condition, EventCondition):
        times = "none" if not found else "once" if found == 1 else f"{found} times"
        if condition.count is not None and condition.count.distinct == "days" and found:
            times = "on 1 day" if found == 1 else f"on {found} days"
        return f"{times}, last {last:%Y-%m-%d %H:%M} UTC" if last is not None else times
    if isinstance(condition, FieldCondition):
        if isinstance(found, datetime):
            return f"{found:%Y-%m-%d %H:%M} UTC"
        return "no value" if found is None else str(found).strip("\x1f").replace("\x1f", ", ")
    if isinstance(condition, SegmentCondition):
        return ""
    return ""
