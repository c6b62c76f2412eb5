"""What the rules of contact ask of a few people at the moment of sending: zone, a field, and segments they are in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, literal, select

from engine.audience.conditions import in_segment
from engine.audience.contact import field_text
from engine.audience.rulebook import Rulebook, references


class Standing(NamedTuple):
    """One person: their zone as stored, the field's value, and which of the segments they are in."""

    customer: int
    time_zone: str
    value: str
    segments: tuple[str, ...]


def standing(
    connection: Connection, rules: Rulebook, customers: Sequence[int], field: str, segments: Sequence[str]
) -> list[Standing]:
    """These people as they stand at the rulebook's moment. `field`: "" asks for none."""
    people = rules.customers
    value = field_text(people, field, rules) if field else literal("")
    members = [in_segment(people, name, rules, flat=False) for name in segments]
    query = select(people.c.id, people.c.time_zone, value, *members).where(people.c.id.in_(list(customers)))
    return [
        Standing(
            row[0],
            row[1] or "",
            row[2],
            tuple(name for name, yes in zip(segments, row[3:], strict=True) if yes),
        )
        for row in connection.execute(query)
    ]


def is_ranked(rules: Rulebook, name: str) -> bool:
    """Whether a segment, or one it refers to, is of the best only: to know one of them all must be ranked."""
    if not rules.is_sound(name):
        return False
    segment = rules.segments[name]
    return segment.top is not None or any(is_ranked(rules, other) for other in references(segment.rule))
