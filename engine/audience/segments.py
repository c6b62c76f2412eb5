"""A segment by name: who is in it, and how many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Select, func, select

from engine.audience.conditions import in_segment, ranking, top_of
from engine.audience.rulebook import Rulebook

PORTION = 1000


@dataclass(frozen=True, slots=True)
class Person:
    """One member of a segment: the row's id, the customer's key and the address ("" where there is none)."""

    id: int
    customer_id: str
    email: str


def segment_select(rules: Rulebook, name: str) -> Select[tuple[int]]:
    """The ids of everybody in the segment; of nobody where it is unknown, empty or refers to itself.

    Raises:
        UnsupportedFeature: a test that has no meaning for the field's kind.
    """
    if rules.is_sound(name) and rules.segments[name].top is not None:
        return top_of(rules.segments[name], rules)
    people = rules.customers
    return select(people.c.id).where(in_segment(people, name, rules))


def count(connection: Connection, rules: Rulebook, name: str) -> int:
    """How many people are in the segment."""
    members = segment_select(rules, name).subquery()
    return connection.execute(select(func.count()).select_from(members)).scalar_one()


def people(
    connection: Connection, rules: Rulebook, name: str, *, limit: int | None = None
) -> Iterator[Person]:
    """The members in the order they came in, the best first in a segment with `top`.

    They are read in portions, so that a million need no more memory than a thousand.
    """
    table = rules.customers
    listed = select(table.c.id, table.c.customer_id, table.c.email)
    listed = listed.where(table.c.id.in_(segment_select(rules, name)))
    best_first = rules.is_sound(name) and rules.segments[name].top is not None
    order = ranking(table, rules.segments[name], rules) if best_first else [table.c.id]
    listed = listed.order_by(*order).limit(limit).execution_options(yield_per=PORTION)
    for id, customer_id, email in connection.execute(listed):
        yield Person(id, customer_id, email or "")
