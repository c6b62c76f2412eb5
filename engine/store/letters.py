"""The personal side of letters, as they were handed over: everybody's slots and key of one call in one row.

A row of `deliveries` says by `call` where its letter stands. It stands in that one place: a letter that is tried
again moves to its new call, so that whoever erases a person looks in one place too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import orjson
from sqlalchemy import select, update

from engine.errors import StoreCorrupt
from engine.store import bulk, tables

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Kept(NamedTuple):
    """One letter's slots, packed, and the idempotency key it went out under."""

    slots: bytes
    key: str


def keep(
    connection: Connection, call: int, deliveries: Sequence[int], slots: Sequence[bytes], keys: Sequence[str]
) -> None:
    """Writes down the letters of a call: each delivery with its slots and its key, in the order of the call."""
    statement = "INSERT INTO letters (call, content) VALUES (:call, :content)"
    written = statement if bulk.is_sqlite(connection) else bulk.named(statement)
    bulk.run(connection, written, {"call": call, "content": packed(deliveries, slots, keys)})


def of_call(connection: Connection, call: int) -> dict[int, Kept]:
    """The letters of a call by their deliveries, in the order in which they were handed over."""
    return of_calls(connection, [call]).get(call, {})


def of_calls(connection: Connection, calls: Iterable[int]) -> dict[int, dict[int, Kept]]:
    """The letters of each of these calls; calls of which nothing is kept are missing."""
    table = tables.letters
    found = bulk.select_among(connection, (table.c.call, table.c.content), table.c.call, sorted(set(calls)))
    return {call: unpacked(bytes(content)) for call, content in found}


def of_delivery(connection: Connection, delivery: int) -> Kept | None:
    """One delivery's letter; None where it never left, or was erased."""
    table, deliveries = tables.letters, tables.deliveries
    where = deliveries.c.id == delivery
    query = select(table.c.content).join(deliveries, deliveries.c.call == table.c.call).where(where)
    content = connection.execute(query).scalar()
    return None if content is None else unpacked(content).get(delivery)


def erase(connection: Connection, by_call: Mapping[int, Iterable[int]]) -> None:
    """Takes these deliveries' letters out of their calls."""
    table = tables.letters
    held = of_calls(connection, by_call)
    for call, kept in held.items():
        gone = set(by_call[call])
        rest = [delivery for delivery in kept if delivery not in gone]
        slots, keys = [kept[delivery].slots for delivery in rest], [kept[delivery].key for delivery in rest]
        content = packed(rest, slots, keys)
        connection.execute(update(table).where(table.c.call == call).values(content=content))


def packed(deliveries: Sequence[int], slots: Sequence[bytes], keys: Sequence[str]) -> bytes:
    """Letters as one blob: a line of JSON with everybody's delivery, key and length of slots, then the slots."""
    return b"".join((orjson.dumps((deliveries, keys, tuple(map(len, slots)))), b"\n", *slots))


def unpacked(content: bytes) -> dict[int, Kept]:
    """What `packed` made; StoreCorrupt when it did not."""
    line, mark, slots = content.partition(b"\n")
    try:
        deliveries, keys, lengths = orjson.loads(line)
        ends = [0, *accumulate(lengths)]
        places = zip(deliveries, keys, ends, ends[1:], strict=False)
        found = {delivery: Kept(slots[start:end], key) for delivery, key, start, end in places}
    except (ValueError, TypeError) as error:
        raise StoreCorrupt(
            "the stored letters of a call cannot be read", help="restore the database from a backup"
        ) from error
    if not mark or ends[-1] != len(slots) or len(found) != len(lengths):
        raise StoreCorrupt(
            "the stored letters of a call are not whole", help="restore the database from a backup"
        )
    return found
