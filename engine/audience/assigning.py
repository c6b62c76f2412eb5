"""Customers without a person of their own, and who they are given to, in SQL for all of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, literal, null, select

from engine.audience.conditions import in_segment
from engine.audience.contact import field_text
from engine.audience.owning import Owning, has_no_owner, owner_of
from engine.audience.rulebook import Rulebook


class Phase(Protocol):
    """From one place in the line (from 0) up to another, each of `names` in turn."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def names(self) -> tuple[str, ...]: ...


def by_field(
    rules: Rulebook, owning: Owning, only: str | None, field: str, people_of: Mapping[str, str]
) -> Select[Any]:
    """Customer, person before (NULL), person after and reason, of those whose value names somebody."""
    people = rules.customers
    value = field_text(people, field, rules)
    after = case(*((value == written, name) for written, name in people_of.items()))
    return select(people.c.id, null(), after, literal(f"assigned by {field} ").concat(value)).where(
        *_unowned(rules, owning, only), value.in_(list(people_of))
    )


def waiting(
    rules: Rulebook, owning: Owning, only: str | None, field: str, values: Sequence[str]
) -> list[ColumnElement[bool]]:
    """What holds of customers who are shared out: they have nobody, and no value of `field` names somebody."""
    found = _unowned(rules, owning, only)
    if field:
        found.append(field_text(rules.customers, field, rules).not_in(list(values)))
    return found


def count(connection: Connection, rules: Rulebook, those: list[ColumnElement[bool]]) -> int:
    """How many of them there are."""
    return int(
        connection.execute(select(func.count()).select_from(rules.customers).where(*those)).scalar_one()
    )


def shared_out(
    rules: Rulebook, those: list[ColumnElement[bool]], phases: Sequence[Phase], reason: str
) -> Select[Any]:
    """Customer, person before (NULL), person after and reason: in the order in which the customers came."""
    people = rules.customers
    place = (func.row_number().over(order_by=people.c.id) - 1).label("place")
    line = select(people.c.id, place).where(*those).subquery()
    after = case(*((line.c.place < phase.end, _turn(line.c.place, phase)) for phase in phases))
    return select(line.c.id, null(), after, literal(reason))


def owned(connection: Connection, rules: Rulebook, owning: Owning, tier: str) -> list[tuple[str, str, int]]:
    """Person, value of the tier's field ("" for none) and how many customers."""
    people = rules.customers
    value: ColumnElement[Any] = field_text(people, tier, rules) if tier else literal("")
    asked = select(owner_of(people, owning, rules).label("owner"), value.label("tier")).subquery()
    query = select(asked.c.owner, asked.c.tier, func.count()).group_by(asked.c.owner, asked.c.tier)
    return [
        (row[0], row[1], row[2]) for row in connection.execute(query.order_by(asked.c.owner, asked.c.tier))
    ]


def _turn(place: ColumnElement[int], phase: Phase) -> ColumnElement[str]:
    number = (place - phase.start) % len(phase.names)
    return case(*((number == turn, name) for turn, name in enumerate(phase.names)))


def _unowned(rules: Rulebook, owning: Owning, only: str | None) -> list[ColumnElement[bool]]:
    people = rules.customers
    found = [has_no_owner(people, owning, rules)]
    if only is not None:
        found.append(and_(in_segment(people, only, rules)))
    return found
