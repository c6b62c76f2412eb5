"""People for the tests: put into the store the way the store takes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from engine.audience.rulebook import Rulebook, rulebook
from engine.definitions.schema.segments import SegmentsFile
from engine.store import customers, events, runs, subscriptions, tables, variants
from engine.store.database import Database
from engine.store.fields import FieldColumn, ensure

KINDS = {
    "first_name": "text",
    "tier": "one_of",
    "points": "number",
    "joined": "date",
    "seen_at": "moment",
    "vip": "boolean",
    "interests": "list",
}
NAMES = ("customer_id", "email", "time_zone", "language", "tags", *KINDS)
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")


def person(key: str, email: str | None = None, **known: Any) -> dict[str, Any]:
    """Somebody of whom only what is named is known."""
    return {
        "customer_id": key,
        "email": email,
        "time_zone": known.pop("time_zone", None),
        "language": known.pop("language", None),
        "tags": known.pop("tags", None),
        "topics": known.pop("topics", {}),
        "events": known.pop("events", []),
        "offers": known.pop("offers", []),
        "fields": known,
    }


def put(database: Database, people: list[dict[str, Any]]) -> tuple[FieldColumn, ...]:
    """Stores the people with their events and topics; the declared fields."""
    declared = ensure(database, KINDS, NOW)
    with database.write() as connection, events.Repeats() as repeats:
        rows = [
            [p["customer_id"], p["email"], p["time_zone"], p["language"], p["tags"]]
            + [p["fields"].get(name) for name in KINDS]
            for p in people
        ]
        done = customers.upsert(connection, declared, NAMES, rows, NOW)
        happened = [
            events.Event(p["customer_id"], name, at, fields)
            for p in people
            for name, at, fields in p["events"]
        ]
        events.add(connection, happened, "test", repeats)
        for id, p in zip(done.customers, people, strict=True):
            for topic, yes in p["topics"].items():
                say = subscriptions.join if yes else subscriptions.leave
                say(connection, id, topic, "test", NOW)
            give(connection, id, p["offers"])
    return declared


Given = tuple[str, str, str, datetime, datetime | None]
"""An offer, the state of the letter it came in, the code's state ("" for a shared code), when, when the code ends."""


def give(connection: Connection, customer: int, offers: list[Given]) -> None:
    """Letters with these offers and their codes."""
    for number, (offer, letter, code, at, ends) in enumerate(offers):
        run, _ = runs.get_or_create(connection, "offers", str(number), as_of=NOW, now=NOW)
        variant = variants.get_or_create(connection, run.id, offer, b"", "", [], NOW, offer=offer)
        delivery = connection.execute(
            tables.deliveries.insert().values(
                run=run.id, customer=customer, state=letter, variant=variant, submitted_at=at
            )
        ).inserted_primary_key
        if delivery is not None and code:
            values = {"state": code, "customer": customer, "delivery": delivery[0], "reserved_at": NOW}
            values["expires_at"] = ends
            connection.execute(
                tables.codes.insert().values(offer=offer, code=f"{customer}-{number}", **values)
            )


def rules_for(
    database: Database,
    declared: tuple[FieldColumn, ...],
    segments: Mapping[str, Any],
    as_of: datetime = NOW,
    zone: ZoneInfo = LONDON,
) -> Rulebook:
    """The segments as a marketer writes them, ready to be asked."""
    read = SegmentsFile.model_validate({"segments": segments}).segments
    return rulebook(database, read, declared, as_of=as_of, zone=zone)
