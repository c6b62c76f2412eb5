"""News of letters: whose letter it is about, kept once however often it is told, and what an address was told of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.model.address import address_hash
from engine.model.heard import Bounce, Effect, News
from engine.model.words import ACCEPTED_STATES, State
from engine.store import bulk
from engine.store.ledger.transitions import spelled
from engine.store.types import from_microseconds, to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

TURN = 7_236_014_002
"""PostgreSQL advisory lock of whoever writes news: an arbitrary number that is ours."""

LEFT = spelled({*ACCEPTED_STATES, State.SUBMITTING, State.UNCERTAIN})
"""States of a delivery whose letter has left, or may have."""


@dataclass(frozen=True, slots=True)
class Match:
    """The delivery that news is about.

    `known`: whether its customer is still one. `addresses`: hashes of the address the letter went to and, where
    it is another, of the customer's own now.
    """

    delivery: int
    run: int
    campaign: str
    customer: int
    known: bool
    addresses: tuple[str, ...]
    provider_id: str
    submitted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Row:
    """One piece of news as it is kept."""

    identity: str
    news: News
    at: datetime
    effect: Effect
    delivery: int | None = None
    run: int | None = None
    customer: int | None = None
    address_hash: str = ""
    provider_id: str = ""
    bounce: Bounce | None = None
    machine: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What an address's suppressions are decided from: one piece of news about it."""

    id: int
    news: News
    at: datetime
    bounce: Bounce | None
    effect: Effect
    machine: bool
    provider: str
    campaign: str
    detail: str


def take_turn(connection: Connection) -> None:
    """Nobody else writes news before this transaction ends, so that counting them is counting all of them."""
    if not bulk.is_sqlite(connection):
        bulk.run(connection, "SELECT pg_advisory_xact_lock(%s)", (TURN,))


def of_deliveries(connection: Connection, deliveries: Sequence[int]) -> dict[int, Match]:
    """The deliveries of these numbers; those that do not exist are missing."""
    found = _among(connection, f"{_MATCH} WHERE d.id IN :these", deliveries)
    return {row[0]: _match(row) for row in found}


def of_addresses(connection: Connection, hashes: Sequence[str], since: datetime) -> dict[str, list[Match]]:
    """For each address (its hash) the letters that left to its customers since a moment, newest first."""
    statement = f"""
        {_MATCH} WHERE c.address_hash IN :these AND d.submitted_at >= :since AND d.state IN ({LEFT})
        ORDER BY d.submitted_at DESC, d.id DESC
    """
    found: dict[str, list[Match]] = {}
    for row in _among(connection, statement, sorted(set(hashes)), since=to_microseconds(since)):
        found.setdefault(row[6], []).append(_match(row))
    return found


def customers_of(connection: Connection, hashes: Sequence[str]) -> dict[str, int]:
    """The first customer of each address (its hash); addresses nobody has are missing."""
    statement = (
        "SELECT address_hash, min(id) FROM customers WHERE address_hash IN :these GROUP BY address_hash"
    )
    return dict(_among(connection, statement, sorted(set(hashes))))


def insert(connection: Connection, provider: str, rows: Sequence[Row], now: datetime) -> dict[str, int]:
    """Keeps news; the new ones' numbers by their identities. What is known already is missing in the answer."""
    if not rows:
        return {}
    moment = to_microseconds(now)
    values = [_stored(provider, row, moment) for row in rows]
    if bulk.is_sqlite(connection):
        fields = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(len(_COLUMNS)))
        source = f"SELECT {fields} FROM json_each(:rows) WHERE true"
        given: dict[str, Any] = {"rows": json.dumps(values)}
    else:
        arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in _COLUMNS.items())
        source = f"SELECT * FROM unnest({arrays})"
        given = {name: [row[place] for row in values] for place, name in enumerate(_COLUMNS)}
    statement = (
        f"INSERT INTO heard ({', '.join(_COLUMNS)}) {source} ON CONFLICT DO NOTHING RETURNING identity, id"
    )
    return dict(bulk.run(connection, statement, given).fetchall())


def told(connection: Connection, hashes: Iterable[str]) -> dict[str, list[Told]]:
    """For each address (its hash) everything heard that says whether letters reach it, in no particular order."""
    found: dict[str, list[Told]] = {address: [] for address in hashes}
    for row in _among(connection, _TOLD, sorted(found)):
        address, number, news, at, bounce, effect, machine, provider, campaign, detail = row
        found[address].append(
            Told(
                number,
                News(news),
                from_microseconds(at),
                Bounce(bounce) if bounce else None,
                Effect(effect),
                bool(machine),
                provider,
                campaign or "",
                detail or "",
            )
        )
    return found


def change_effect(connection: Connection, ids: Sequence[int], effect: Effect) -> int:
    """Says anew what was done with these pieces of news; how many."""
    statement = f"UPDATE heard SET effect = '{effect}' WHERE id IN :ids"
    return bulk.run_among(connection, statement, ids, {})


def _among(connection: Connection, statement: str, these: Sequence[int | str], **given: Any) -> list[Any]:
    """One SELECT with `IN :these`."""
    if not these:
        return []
    if bulk.is_sqlite(connection):
        written = statement.replace("IN :these", "IN (SELECT value FROM json_each(:these))")
        return list(bulk.run(connection, written, {**given, "these": json.dumps(list(these))}))
    written = bulk.named(statement.replace("IN :these", "= ANY(:these)"))
    return list(bulk.run(connection, written, {**given, "these": list(these)}))


def _match(row: tuple[Any, ...]) -> Match:
    delivery, run, campaign, customer, known, address, own, provider_id, submitted = row
    sent_to = address_hash(address) if address else ""
    return Match(
        delivery,
        run,
        campaign,
        customer,
        bool(known),
        tuple(dict.fromkeys(each for each in (sent_to, own) if each)),
        provider_id or "",
        None if submitted is None else from_microseconds(submitted),
    )


def _stored(provider: str, row: Row, moment: int) -> tuple[Any, ...]:
    return (
        provider,
        row.identity,
        str(row.news),
        to_microseconds(row.at),
        moment,
        row.delivery,
        row.run,
        row.customer,
        row.address_hash or None,
        row.provider_id or None,
        None if row.bounce is None else str(row.bounce),
        row.machine,
        str(row.effect),
        row.detail or None,
    )


_COLUMNS = {
    "provider": "text",
    "identity": "text",
    "news": "text",
    "at": "bigint",
    "received_at": "bigint",
    "delivery": "bigint",
    "run": "bigint",
    "customer": "bigint",
    "address_hash": "text",
    "provider_id": "text",
    "bounce": "text",
    "machine": "boolean",
    "effect": "text",
    "detail": "text",
}
_MATCH = """
SELECT d.id, d.run, r.campaign, d.customer, c.id IS NOT NULL, d.address, c.address_hash, d.provider_id,
    d.submitted_at
FROM deliveries d JOIN runs r ON r.id = d.run LEFT JOIN customers c ON c.id = d.customer
"""
_SAYING = ", ".join(
    f"'{news}'"
    for news in (News.BOUNCED, News.REFUSED, News.COMPLAINED, News.DELIVERED, News.CLICKED, News.REPLIED)
)
_TOLD = f"""
SELECT h.address_hash, h.id, h.news, h.at, h.bounce, h.effect, h.machine, h.provider, r.campaign, h.detail
FROM heard h LEFT JOIN runs r ON r.id = h.run
WHERE h.address_hash IN :these AND h.news IN ({_SAYING})
"""
