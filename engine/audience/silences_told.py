"""What is told of the silences that are laid out: numbers by floor and owner, what prevents them, a page of people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, case, func, literal, select, true

from engine.audience.owning import owner_of
from engine.audience.silences import CLOCKS, DAY_MICROSECONDS, Outlook, places, silences
from engine.policy.floors import LEAST_DAYS, Silence, days
from engine.store import tables


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which of them are told of. `place`: of the floor, None for all; `owner`: None for all."""

    place: int | None = None
    owner: str | None = None

    def condition(self, place: ColumnElement[Any], owner: ColumnElement[Any]) -> ColumnElement[bool]:
        """The same for a row."""
        found: list[ColumnElement[bool]] = [true()]
        if self.place is not None:
            found.append(place == self.place)
        if self.owner is not None:
            found.append(owner == self.owner)
        return and_(*found)


@dataclass(frozen=True, slots=True)
class Laid:
    """One row of the table, with its customer."""

    customer: int
    customer_id: str
    email: str
    clock: Silence
    place: int
    owner: str
    last: int | None
    start: int
    missed: bool
    filler: str
    reason: str


Key = tuple[Silence, int, str]
"""Clock, place of the floor, and owner."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """By clock, floor and owner: everybody with that floor, those whose clock runs out in time, and those whose has.

    `fillers`: what prevents how many; `reasons`: why nothing prevents how many.
    """

    customers: Mapping[Key, int]
    lapsing: Mapping[Key, int]
    silent: Mapping[Key, int]
    fillers: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)


def numbers(connection: Connection, outlook: Outlook, narrowed: Narrowed) -> Numbers:
    """Counted by the database."""
    people = outlook.rules.customers
    everybody = (
        select(
            places(outlook, people).label("place"),
            owner_of(people, outlook.owning, outlook.rules).label("owner"),
            func.count().label("customers"),
        )
        .group_by("place", "owner")
        .subquery()
    )
    query = select(everybody).where(narrowed.condition(everybody.c.place, everybody.c.owner))
    running = {(place, clock) for place, _, clock, _ in outlook.floors.running}
    customers = {
        (clock, row.place, row.owner or ""): row.customers
        for row in connection.execute(query)
        for clock in CLOCKS
        if (row.place, clock) in running
    }
    laid = silences.c
    shown = narrowed.condition(laid.place, laid.owner)
    counted = select(laid.clock, laid.place, laid.owner, laid.missed, func.count().label("people")).where(
        shown
    )
    lapsing: dict[Key, int] = {}
    silent: dict[Key, int] = {}
    for row in connection.execute(counted.group_by(laid.clock, laid.place, laid.owner, laid.missed)):
        (silent if row.missed else lapsing)[CLOCKS[row.clock], row.place, row.owner or ""] = row.people
    told = case((laid.filler.is_(None), laid.reason))
    ways = select(laid.filler, told.label("reason"), func.count().label("people")).where(shown)
    fillers: dict[str, int] = {}
    reasons: dict[str, int] = {}
    for row in connection.execute(ways.group_by(laid.filler, told)):
        (fillers if row.filler else reasons)[row.filler or row.reason] = row.people
    return Numbers(customers, lapsing, silent, fillers, reasons)


def page(connection: Connection, outlook: Outlook, narrowed: Narrowed, limit: int, skip: int) -> list[Laid]:
    """Those who are silent first, the longest first; then those whose clock runs out next."""
    laid, people = silences.c, tables.customers.c
    sizes = [
        (
            and_(laid.clock == CLOCKS.index(clock), laid.place == place),
            days(rhythm, LEAST_DAYS) * DAY_MICROSECONDS,
        )
        for place, _, clock, rhythm in outlook.floors.running
    ]
    # The exact day is worked out for whom it is shown; of different floors with months in them, two or three days do
    # not matter for the order.
    runs_out = laid.start + case(*sizes, else_=literal(0, BigInteger))
    query = (
        select(silences, people.customer_id, people.email)
        .join_from(silences, tables.customers, people.id == laid.customer)
        .where(narrowed.condition(laid.place, laid.owner))
        .order_by(laid.missed.desc(), runs_out, laid.customer, laid.clock)
        .limit(limit)
        .offset(skip)
    )
    return [
        Laid(
            row.customer,
            row.customer_id,
            row.email or "",
            CLOCKS[row.clock],
            row.place,
            row.owner or "",
            row.last,
            row.start,
            bool(row.missed),
            row.filler or "",
            row.reason or "",
        )
        for row in connection.execute(query)
    ]
