"""Things that happened, each kept once however often it is imported or reported."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

from engine.store import bulk, tables
from engine.store.types import to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

COLUMNS = tuple(tables.events.c[name] for name in ("customer", "name", "at", "fields", "identity", "source"))


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a customer, named by their key; `fields` are plain JSON values."""

    customer_id: str
    name: str
    at: datetime
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a batch of events; `unknown` holds the places of those whose customer nobody knows."""

    added: int
    unchanged: int
    unknown: tuple[int, ...] = ()


class Repeats:
    """Counts equal events of one file, so that two equal rows are two events but a second import adds none.

    The counts lie in a private file of SQLite's, which grows on disk and not in memory.
    """

    def __init__(self) -> None:
        self._counts = sqlite3.connect("", isolation_level=None)
        self._counts.execute("CREATE TABLE seen (digest BLOB PRIMARY KEY, times INTEGER) WITHOUT ROWID")
        self._counts.execute("BEGIN")

    def numbers(self, digests: Sequence[bytes]) -> list[int]:
        """For each digest how many equal ones came before it in the file."""
        before = {
            digest: times
            for digest in set(digests)
            for (times,) in self._counts.execute("SELECT times FROM seen WHERE digest = ?", (digest,))
        }
        counts = Counter(before)
        numbers = []
        for digest in digests:
            numbers.append(counts[digest])
            counts[digest] += 1
        statement = "INSERT INTO seen VALUES (?, ?) ON CONFLICT (digest) DO UPDATE SET times = excluded.times"
        self._counts.executemany(statement, counts.items())
        return numbers

    def close(self) -> None:
        """Forgets the counts."""
        self._counts.close()

    def __enter__(self) -> Repeats:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def add(connection: Connection, events: Sequence[Event], source: str, repeats: Repeats) -> Added:
    """Adds events of known customers.

    Args:
        source: where they come from, for people to read.
        repeats: one for the whole file, opened before its first batch.
    """
    known = _customers(connection, [event.customer_id for event in events])
    unknown = tuple(place for place, event in enumerate(events) if event.customer_id not in known)
    kept = [event for event in events if event.customer_id in known]
    bodies = [json.dumps(event.fields, sort_keys=True, ensure_ascii=False, default=str) for event in kept]
    digests = [_digest(event, body) for event, body in zip(kept, bodies, strict=True)]
    rows = [
        (
            known[event.customer_id],
            event.name,
            to_microseconds(event.at),
            body,
            _numbered(digest, number),
            source,
        )
        for event, body, digest, number in zip(kept, bodies, digests, repeats.numbers(digests), strict=True)
    ]
    added = bulk.insert_rows(connection, COLUMNS, rows)
    return Added(added, len(rows) - added, unknown)


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that happened, with an identity of its own, such as a provider's event id."""

    customer: int
    name: str
    at: datetime
    fields: Mapping[str, object]
    identity: str


def record_all(connection: Connection, told: Sequence[Told], source: str) -> int:
    """Keeps events that have an identity of their own; how many were new. Unlike `add` it knows no keys."""
    rows = []
    for each in told:
        body = json.dumps(each.fields, sort_keys=True, ensure_ascii=False, default=str)
        digest = blake2b(f"{source}\x1f{each.identity}".encode(), digest_size=16, person=b"provider").digest()
        rows.append((each.customer, each.name, to_microseconds(each.at), body, digest, source))
    return bulk.insert_rows(connection, COLUMNS, rows)


def record(
    connection: Connection,
    customer: int,
    name: str,
    at: datetime,
    fields: Mapping[str, object],
    identity: str,
    source: str,
) -> bool:
    """One event that has an identity of its own; whether it was new."""
    return record_all(connection, [Told(customer, name, at, fields, identity)], source) == 1


def _customers(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    columns = (tables.customers.c.customer_id, tables.customers.c.id)
    found = bulk.select_among(connection, columns, columns[0], sorted(set(keys)))
    return dict(found)


def _digest(event: Event, body: str) -> bytes:
    text = f"{event.customer_id}\x1f{event.name}\x1f{to_microseconds(event.at)}\x1f{body}"
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16, person=b"event").digest()


def _numbered(digest: bytes, number: int) -> bytes:
    return blake2b(digest + number.to_bytes(8, "big"), digest_size=16).digest() if number else digest
