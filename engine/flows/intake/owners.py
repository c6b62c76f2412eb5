"""Imports that give customers another person: noted, with their open tasks; an assigned person stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from engine.audience.owning import Owning
from engine.flows.intake.people import PersonRow
from engine.store import owner_moves
from engine.store.fields import FieldColumn, customer_table
from engine.store.owner_moves import Move

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Owners:
    """What an import needs to know of customers' own people.

    `assigned`: who has nobody is given somebody here, so that an empty cell does not take them away again.
    """

    owning: Owning
    assigned: bool = False


@dataclass(frozen=True, slots=True)
class Watched:
    """A batch before it is stored: what stood in the owner's field, by key; `place`: of the field in each row."""

    before: dict[str, str]
    place: int


def watch(
    connection: Connection,
    owners: Owners,
    declared: Sequence[FieldColumn],
    names: Sequence[str],
    batch: Sequence[PersonRow],
) -> Watched | None:
    """What will be compared afterwards, empty cells filled where they would take an assigned person away.

    None where the file does not speak of owners.
    """
    field = next((each for each in declared if each.name == owners.owning.from_field), None)
    if field is None or field.name not in names:
        return None
    keys = [row.key for row in batch]
    before = owner_moves.written(connection, customer_table(declared), field.column, keys)
    place = names.index(field.name)
    for row in batch if owners.assigned else ():
        if not row.values[place]:
            row.values[place] = before.get(row.key) or None
    return Watched(before, place)


def note(
    connection: Connection,
    owners: Owners,
    watched: Watched,
    batch: Sequence[PersonRow],
    customers: Sequence[int],
    source: str,
    now: datetime,
) -> int:
    """Notes every customer known before whose person is another one now; how many. `customers`: of each row."""
    known = owners.owning.names
    moves: dict[int, Move] = {}
    for row, customer in zip(batch, customers, strict=True):
        if row.key not in watched.before:
            continue
        before, after = watched.before[row.key], row.values[watched.place]
        one, other = (name if name in known else "" for name in (before, after))
        moves.pop(customer, None)
        if owners.owning.person(one) != owners.owning.person(other):
            moves[customer] = Move(customer, one, owners.owning.person(other), source)
    if moves:
        owner_moves.lay_out(connection)
        owner_moves.add_rows(connection, moves.values())
        owner_moves.apply(connection, now, owners.owning.otherwise)
    return len(moves)
