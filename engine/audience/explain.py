"""Why one person is in a segment or not: every condition, whether it holds, and what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Double,
    Table,
    Text,
    cast,
    func,
    null,
    select,
    type_coerce,
)

from engine.audience.conditions import BUILT_IN_KINDS, in_segment, passes, ranking, top_of
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
from engine.store.types import Moment, Words

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
class _Top:
    """Standing among the best of a segment with `top`."""

    segment: Segment


Asked = Definition | _Top | str
"""A condition, a place among the best, or a segment by its name."""


@dataclass(frozen=True, slots=True)
class _Node:
    """A condition with its place, before it is asked about anybody."""

    condition: Asked
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
    root = _segment_node(rules, name)
    nodes = list(root.walk())
    people = rules.customers
    asked: list[ColumnElement[Any]] = []
    for number, node in enumerate(nodes):
        asked += [
            _verdict(people, node.condition, rules).label(f"passed_{number}"),
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
        text=_words(node.condition),
        passed=bool(facts.get(f"passed_{number}")),
        found=_shown(node.condition, facts.get(f"found_{number}"), facts.get(f"last_{number}")),
        file=file,
        line=line,
        parts=tuple(_finding(part, facts, numbers, locate) for part in node.parts),
    )


def _words(condition: Asked) -> str:
    if isinstance(condition, _Top):
        return f"one of the {condition.segment.top} with the highest {condition.segment.by}"
    return f"segment {condition}" if isinstance(condition, str) else in_words(condition)


def _segment_node(rules: Rulebook, name: str) -> _Node:
    segment, base = rules.segments[name], ("segments", name)
    parts = [*_listed(rules, segment.all or (), (*base, "all"))]
    if segment.any is not None:
        parts.append(_node(rules, AnyOf(any=segment.any), base))
    if segment.not_ is not None:
        parts.append(_node(rules, Not(not_=segment.not_), base))
    if segment.top is not None:
        parts.append(_Node(_Top(segment), (*base, "top")))
    return _Node(name, base, tuple(parts))


def _node(rules: Rulebook, condition: Definition, path: Path) -> _Node:
    match condition:
        case All():
            return _Node(condition, path, _listed(rules, condition.all, (*path, "all")))
        case AnyOf():
            return _Node(condition, path, _listed(rules, condition.any, (*path, "any")))
        case Not():
            return _Node(condition, path, _listed(rules, condition.not_, (*path, "not")))
        case SegmentCondition():
            return _Node(condition, path, _segment_node(rules, condition.segment).parts)
        case _:
            return _Node(condition, path)


def _listed(rules: Rulebook, conditions: tuple[Any, ...], path: Path) -> tuple[_Node, ...]:
    return tuple(_node(rules, condition, (*path, place)) for place, condition in enumerate(conditions))


def _verdict(people: Table, condition: Asked, rules: Rulebook) -> ColumnElement[bool]:
    if isinstance(condition, _Top):
        return people.c.id.in_(top_of(condition.segment, rules))
    if isinstance(condition, str):
        return in_segment(people, condition, rules, flat=False)
    return passes(people, condition, rules, flat=False)


def _value(people: Table, condition: Asked, rules: Rulebook) -> ColumnElement[Any]:
    """What the condition was tested on: the field's value as text, the number of events, the place in a row."""
    if isinstance(condition, _Top):
        return _place(people, condition.segment, rules)
    if isinstance(condition, FieldCondition):
        field = rules.columns.get(condition.field)
        if condition.field == "topics":
            said = tables.subscriptions.alias()
            listed = select(func.aggregate_strings(said.c.topic, ", "))
            return listed.where(said.c.customer == people.c.id, said.c.subscribed.is_(True)).scalar_subquery()
        if field is None and condition.field not in BUILT_IN_KINDS:
            return null()
        column = people.c[field.column if field else condition.field]
        if isinstance(column.type, Double | Boolean | Moment):
            return column
        return cast(type_coerce(column, Text) if isinstance(column.type, Words) else column, Text)
    if isinstance(condition, EventCondition):
        event = tables.events.alias()
        number = select(counted(event, wanted_count(condition)))
        return number.where(
            event.c.customer == people.c.id, matching(event, condition, rules)
        ).scalar_subquery()
    return null()


def _place(people: Table, segment: Segment, rules: Rulebook) -> ColumnElement[Any]:
    """Which place the person has among all who meet the segment's conditions; NULL for who does not."""
    everybody = rules.customers.alias()
    place = func.row_number().over(order_by=ranking(everybody, segment, rules)).label("place")
    ranked = select(everybody.c.id, place)
    if segment.rule.all:
        ranked = ranked.where(passes(everybody, segment.rule, rules))
    rows = ranked.subquery()
    return select(rows.c.place).where(rows.c.id == people.c.id).scalar_subquery()


def _last(people: Table, condition: Asked, rules: Rulebook) -> ColumnElement[Any]:
    """When the newest of the events was, or the value a place was given for."""
    if isinstance(condition, _Top):
        return _value(people, FieldCondition(field=condition.segment.by or "", known=True), rules)
    if not isinstance(condition, EventCondition):
        return null()
    event = tables.events.alias()
    newest = select(type_coerce(func.max(event.c.at), Moment))
    return newest.where(event.c.customer == people.c.id, matching(event, condition, rules)).scalar_subquery()


def _shown(condition: Asked, found: Any, last: Any) -> str:
    if isinstance(condition, _Top):
        return (
            "does not meet the other conditions" if found is None else f"place {found}, with {_plain(last)}"
        )
    if isinstance(condition, EventCondition):
        times = "none" if not found else "once" if found == 1 else f"{found} times"
        if condition.count is not None and condition.count.distinct == "days" and found:
            times = "on 1 day" if found == 1 else f"on {found} days"
        return f"{times}, last {last:%Y-%m-%d %H:%M} UTC" if last is not None else times
    return _plain(found) if isinstance(condition, FieldCondition) else ""


def _plain(value: Any) -> str:
    """A field's value for people."""
    match value:
        case None | "":
            return "no value"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.15g}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M} UTC"
        case _:
            return str(value).strip("\x1f").replace("\x1f", ", ")
