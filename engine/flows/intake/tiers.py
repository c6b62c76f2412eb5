"""Imports and tiers: a scored field is left alone; where files bring tiers in, each change is noted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from engine.flows.intake.header import Columns
from engine.flows.intake.people import PersonRow
from engine.model.built_in_events import OwnEvent
from engine.store import events, tiers
from engine.store.fields import FieldColumn, customer_table

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class TierField:
    """The field that holds tiers. `scored`: it is computed here, so that no file may fill it."""

    name: str
    scored: bool


def without_scored(columns: Columns, tier: TierField | None) -> tuple[Columns, list[str]]:
    """The columns without the one of a scored field, and what a person should know about that."""
    if tier is None or not tier.scored or tier.name not in columns.fields.values():
        return columns, []
    rest = {place: name for place, name in columns.fields.items() if name != tier.name}
    note = (
        f"the column for `{tier.name}` is left out: config/tiers.yaml scores it, and no file writes over that "
        "(by hand: touchbase tier EMAIL TIER)"
    )
    return Columns(columns.key, rest, columns.ignored), [note]


@dataclass(frozen=True, slots=True)
class Before:
    """A batch's tiers before it is stored, by key; `place`: of the field in each row."""

    tiers: dict[str, str]
    place: int


def watch(
    connection: Connection,
    tier: TierField | None,
    declared: Sequence[FieldColumn],
    names: Sequence[str],
    batch: Sequence[PersonRow],
) -> Before | None:
    """What will be compared afterwards; None where the file does not speak of tiers."""
    field = next((each for each in declared if tier is not None and each.name == tier.name), None)
    if field is None or field.name not in names:
        return None
    found = tiers.of_keys(connection, customer_table(declared), field.column, [row.key for row in batch])
    return Before(found, names.index(field.name))


def note(
    connection: Connection,
    before: Before,
    batch: Sequence[PersonRow],
    customers: Sequence[int],
    source: str,
    now: datetime,
) -> None:
    """Notes every customer known before whose tier is another one now. `customers`: of each row."""
    told: dict[int, events.Told] = {}
    for row, customer in zip(batch, customers, strict=True):
        if row.key not in before.tiers:
            continue
        one, other = before.tiers[row.key], str(row.values[before.place] or "")
        told.pop(customer, None)
        if one != other:
            named = {key: tier for key, tier in (("from", one), ("to", other)) if tier}
            identity = f"{customer}/{now.isoformat()}/{one}/{other}"
            told[customer] = events.Told(
                customer, str(OwnEvent.TIER_CHANGED), now, {**named, "reason": source}, identity
            )
    if told:
        events.record_all(connection, list(told.values()), source)
