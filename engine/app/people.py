"""Wiring about people: who somebody is, which segments they are in and why, and what happened with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

from engine.app.desk import Desk
from engine.audience import explain, segments
from engine.audience.rulebook import Rulebook
from engine.errors import UsageError
from engine.model.report import Fact, HistoryLine, PersonDecision, SegmentCount
from engine.store import customers, deliveries, history
from engine.store.customers import Customer

if TYPE_CHECKING:
    from sqlalchemy import Connection


def find_customer(desk: Desk, email: str) -> Customer:
    """The customer with that address or key. UsageError when there is none."""
    with desk.database.read() as connection:
        found = customers.find(connection, desk.fields, email)
        near = (
            [] if found else get_close_matches(email.lower(), customers.spelt_alike(connection, email), n=1)
        )
    if not found:
        raise UsageError(
            f"no customer has the address or key `{email}`",
            help=f"did you mean `{near[0]}`?"
            if near
            else "check the spelling, or bring them in with `touchbase import customers`",
        )
    return found[0]


def rulebook(desk: Desk, moment: datetime) -> Rulebook:
    """What segments are read with."""
    dialect = "sqlite" if desk.database.is_sqlite else "postgresql"
    return Rulebook(desk.workspace.segments, desk.fields, dialect, moment, desk.zone)


def counts(desk: Desk, at: str | None) -> list[SegmentCount]:
    """Every segment and how many people are in it."""
    rules = rulebook(desk, desk.moment(at))
    found = []
    with desk.database.read() as connection:
        for name, segment in desk.workspace.segments.items():
            number = segments.count(connection, rules, name)
            least, most = segment.expect.between if segment.expect is not None else (0, number)
            words = f"{least:,} to {most:,}"
            found.append(SegmentCount(name, segment.title, number, least <= number <= most, words))
    return found


def members(desk: Desk, name: str, at: str | None) -> list[PersonDecision]:
    """The people of one segment."""
    _known_segment(desk, name)
    rules = rulebook(desk, desk.moment(at))
    with desk.database.read() as connection:
        return [
            PersonDecision(person.customer_id, person.email or "", "in")
            for person in segments.people(connection, rules, name)
        ]


def explained(desk: Desk, name: str, email: str, at: str | None) -> tuple[bool, list[Fact]]:
    """Whether a person is in a segment, and each condition's verdict."""
    _known_segment(desk, name)
    customer = find_customer(desk, email)
    with desk.database.read() as connection:
        facts = segment_facts(desk, connection, desk.moment(at), name, customer)
    return bool(facts[0].passed), facts


def _known_segment(desk: Desk, name: str) -> None:
    if name not in desk.workspace.segments:
        near = get_close_matches(name, desk.workspace.segments, n=1)
        known = f"there are: {', '.join(desk.workspace.segments)}"
        help = f"did you mean `{near[0]}`?" if near else known
        raise UsageError(f"there is no segment `{name}`", help=help)


def segment_facts(
    desk: Desk,
    connection: Connection,
    moment: datetime,
    name: str,
    customer: Customer,
    before: str = "",
) -> list[Fact]:
    """One segment's conditions for one customer at a moment, as a list with depths."""

    def locate(path: tuple[str | int, ...]) -> tuple[str, int]:
        place = desk.workspace.place(*path)
        return place.file, place.line

    found = explain.explain(connection, rulebook(desk, moment), name, customer.id, locate)
    return list(_flat(found, before, 0))


def _flat(found: explain.Finding, before: str, depth: int) -> Iterator[Fact]:
    value = f" (found: {found.found})" if found.found else ""
    where = f"{found.file}:{found.line}" if found.file else ""
    yield Fact(f"{before}{found.text}{value}", found.passed, where, depth)
    for part in found.parts:
        yield from _flat(part, "", depth + 1)


def past(desk: Desk, email: str, limit: int, skip: int) -> list[HistoryLine]:
    """Every touch and event of a customer, newest first."""
    customer = find_customer(desk, email)
    with desk.database.read() as connection:
        lines = history.history(connection, customer.id, limit=limit + skip)[skip:]
        return [_told(connection, customer.id, line) for line in lines]


def _told(connection: Connection, customer: int, line: HistoryLine) -> HistoryLine:
    """A line of somebody's history with the subject as they read it, not as its template says it."""
    if line.kind != "delivery" or not line.run or ("{{" not in line.detail and "{%" not in line.detail):
        return line
    from engine.flows.readers.replaying import replay

    row = deliveries.of_customer(connection, int(line.run), customer)
    letter = replay(connection, row) if row is not None else None
    return replace(line, detail=letter.subject if letter is not None else "")
