"""Offer codes: who holds which, so that nobody gets two, nobody shares one, and a retry shows the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select, text

from engine.errors import StoreError
from engine.model.words import ACCEPTED_STATES, PENDING_STATES, Reason, State
from engine.store import bulk, tables
from engine.store.types import to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

FREE, RESERVED, USED = "free", "reserved", "used"

LETTER_MAY_EXIST = sorted({*PENDING_STATES, *ACCEPTED_STATES, State.UNCERTAIN})
"""A delivery in one of these keeps its code: its letter has been, or may be, or will be sent."""

KEPT_FOR_TASK = f"(state = '{State.SKIPPED}' AND reason = '{Reason.OWNER_TASK}' AND submitted_at IS NOT NULL)"
"""So does one of which its owner has a task: the code stands in the draft."""

CHUNK = 10_000
"""So many codes are made and given out at a time, so that memory does not grow with the audience."""

ROUNDS = 20
"""How often colliding codes are made anew: of a half-used pattern, one in a million fails twenty times."""


@dataclass(frozen=True, slots=True)
class Use:
    """Somebody came with a code: the key of the customer whose event says so, and when."""

    code: str
    customer_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Used:
    """What uses told: codes not known to be used before, and how many of them somebody else was given."""

    codes: int = 0
    by_others: int = 0


@dataclass(frozen=True, slots=True)
class Reserved:
    """What a reservation gave: deliveries with a new code, without one left, of customers who had one, and for whom
    the budget does not reach."""

    reserved: int
    exhausted: int
    taken: int
    unaffordable: int = 0


def load(connection: Connection, offer: str, codes: Iterable[str]) -> int:
    """Adds a pool's codes; those already known stay whoever's they are. How many are new."""
    columns = (tables.codes.c.offer, tables.codes.c.code, tables.codes.c.state)
    return bulk.insert_rows(connection, columns, [(offer, code, FREE) for code in dict.fromkeys(codes)])


def free(connection: Connection, offer: str) -> int:
    """How many codes of the offer nobody holds."""
    return _number(connection, offer, tables.codes.c.state == FREE)


def out(connection: Connection, offer: str) -> int:
    """How many codes of the offer somebody holds or has used."""
    return _number(connection, offer, tables.codes.c.state != FREE)


def reserve(
    connection: Connection,
    run: int,
    offer: str,
    now: datetime,
    *,
    make: Callable[[int, int], Sequence[str]] | None = None,
    limit: int | None = None,
    one_per: str = "letter",
    expires_at: datetime | None = None,
    worth: float | None = None,
) -> Reserved:
    """Gives every planned delivery of the run that has none yet a code of the offer.

    Args:
        make: makes that many new codes, told also how many will be out in all; without it only what was loaded
            is given.
        limit: at most so many codes of this offer are ever out.
        one_per: a key of HAD_ONE; whom it tells of an earlier code gets none.
        expires_at: stored with the code.
        worth: what each takes from the budget that was laid out for the run and offer (see
            engine.store.budgets); whom it does not reach for gets none. None: no budget is concerned.

    Doing it twice gives nothing twice. It belongs into the transaction in which the deliveries' letters are
    chosen. Raises StoreError if `make` cannot find enough codes that are still free.
    """
    _one_at_a_time(connection, offer)
    values = {"run": run, "offer": offer}
    everybody = int(connection.execute(text(_COUNT.format(one_per="")), values).scalar_one())
    one_per = f"AND NOT {HAD_ONE[one_per]}"
    free_to_have = int(connection.execute(text(_COUNT.format(one_per=one_per)), values).scalar_one())
    wanted = free_to_have
    if worth is not None:
        one_per += f" AND {AFFORDED}"
        wanted = int(connection.execute(text(_COUNT.format(one_per=one_per)), values).scalar_one())
    held = out(connection, offer)
    granted = wanted if limit is None else max(0, min(wanted, limit - held))
    spare = free(connection, offer)
    given, last = 0, 0
    waiting = text(_NEXT.format(one_per=one_per, tier="NULL" if worth is None else TIER))
    while given < granted:
        most = {**values, "after": last, "most": min(CHUNK, granted - given)}
        pairs = [(row[0], row[1], row[2]) for row in connection.execute(waiting, most)]
        if make is not None:
            spare += _top_up(connection, offer, len(pairs) - spare, lambda n: make(n, held + granted))
        ids = [row[0] for row in connection.execute(text(_SPARE), {"offer": offer, "most": len(pairs)})]
        if not ids:
            break
        _give(connection, ids, pairs, now, expires_at, worth)
        given, spare, last = given + len(ids), spare - len(ids), pairs[-1][0]
    return Reserved(given, wanted - given, everybody - free_to_have, free_to_have - wanted)


def had_one(run: int, offer: str, one_per: str) -> Select[tuple[int]]:
    """The run's planned deliveries of customers who had a code before, as `one_per` counts."""
    delivery, told = tables.deliveries.alias("d"), text(HAD_ONE[one_per])
    told = told.bindparams(offer=offer) if ":offer" in told.text else told
    return select(delivery.c.id).where(delivery.c.run == run, delivery.c.state == State.PLANNED, told)


def of_deliveries(connection: Connection, offer: str, deliveries: Sequence[int]) -> dict[int, str]:
    """The code each of these deliveries holds; those without one are missing."""
    table = tables.codes
    columns = (table.c.delivery, table.c.code, table.c.offer)
    found = bulk.select_among(connection, columns, table.c.delivery, deliveries)
    return {delivery: code for delivery, code, of in found if of == offer}


def release(connection: Connection, run: int) -> int:
    """Frees the codes of the run's deliveries that ended without a letter; how many."""
    statement = text(
        "UPDATE codes SET state = 'free', customer = NULL, delivery = NULL, "
        "reserved_at = NULL, expires_at = NULL, tier = NULL, worth = NULL WHERE state = 'reserved' AND delivery IN "
        f"(SELECT id FROM deliveries WHERE run = :run AND state NOT IN :kept AND NOT {KEPT_FOR_TASK})"
    ).bindparams(bindparam("kept", LETTER_MAY_EXIST, expanding=True))
    return connection.execute(statement, {"run": run}).rowcount


def release_deliveries(connection: Connection, deliveries: Sequence[int]) -> None:
    """Frees the codes of these deliveries, whose letters will certainly never be sent."""
    table = tables.codes
    columns = (
        table.c.state,
        table.c.customer,
        table.c.reserved_at,
        table.c.expires_at,
        table.c.tier,
        table.c.worth,
        table.c.delivery,
    )
    held = bulk.select_among(connection, (table.c.id, table.c.state), table.c.delivery, deliveries)
    nothing = (None,) * (len(columns) - 1)
    rows = [(FREE, *nothing, number) for number, state in held if state == RESERVED]
    bulk.update_rows(connection, table.c.id, columns, rows)


def use(connection: Connection, offer: str, told: Iterable[Use]) -> Used:
    """Notes that somebody came with these codes, the first time alone.

    A code counts in capitals too, as people type it the other way. One that nobody was given is used as well: it
    was passed on some other way, and is given to nobody any more.
    """
    first: dict[str, Use] = {}
    for each in sorted(told, key=lambda use: use.at, reverse=True):
        written = each.code.strip()
        if written:
            first[written] = first[written.upper()] = each
    said = sorted(first)
    if bulk.is_sqlite(connection):
        found = bulk.run(connection, _HELD_SQLITE, (offer, json.dumps(said))).fetchall()
    else:
        found = bulk.run(connection, _HELD_POSTGRESQL, (offer, said)).fetchall()
    if not found:
        return Used()
    people = tables.customers
    keys = sorted({first[code].customer_id for _, code, _ in found})
    known = dict(
        bulk.select_among(connection, (people.c.customer_id, people.c.id), people.c.customer_id, keys)
    )
    table, rows, by_others = tables.codes, [], 0
    for number, code, owner in found:
        came = first[code]
        who = known.get(came.customer_id)
        by_others += owner is not None and who is not None and who != owner
        rows.append((USED, to_microseconds(came.at), who, number))
    bulk.update_rows(connection, table.c.id, (table.c.state, table.c.used_at, table.c.used_by), rows)
    return Used(len(rows), by_others)


def _top_up(connection: Connection, offer: str, missing: int, make: Callable[[int], Sequence[str]]) -> int:
    """Makes codes until that many more are free; how many were made."""
    left = missing
    for _ in range(ROUNDS):
        if left <= 0:
            return max(missing, 0)
        left -= load(connection, offer, make(left))
    raise StoreError(
        f"the offer {offer} has hardly any codes left that were never given out",
        help="give its pattern more # signs in config/offers.yaml",
    )


def _give(
    connection: Connection,
    ids: Sequence[int],
    people: Sequence[tuple[int, int, str | None]],
    now: datetime,
    expires_at: datetime | None,
    worth: float | None,
) -> None:
    """Writes whose each of these codes is. `people`: delivery, customer and tier."""
    table = tables.codes
    columns = (
        table.c.state,
        table.c.customer,
        table.c.delivery,
        table.c.reserved_at,
        table.c.expires_at,
        table.c.tier,
        table.c.worth,
    )
    moment = to_microseconds(now)
    until = None if expires_at is None else to_microseconds(expires_at)
    rows = [
        (RESERVED, customer, delivery, moment, until, tier, worth, number)
        for number, (delivery, customer, tier) in zip(ids, people, strict=False)
    ]
    bulk.update_rows(connection, table.c.id, columns, rows)


def _one_at_a_time(connection: Connection, offer: str) -> None:
    """On PostgreSQL two plans of one offer queue here; SQLite has one writer anyway."""
    if not bulk.is_sqlite(connection):
        bulk.run(connection, "SELECT pg_advisory_xact_lock(hashtext(%s))", (f"touchbase offer {offer}",))


def _number(connection: Connection, offer: str, condition: Any) -> int:
    query = select(func.count()).select_from(tables.codes).where(tables.codes.c.offer == offer, condition)
    return int(connection.execute(query).scalar_one())


HAD_ONE = {
    "letter": "(1 = 0)",
    "customer": "EXISTS (SELECT 1 FROM codes c WHERE c.offer = :offer AND c.customer = d.customer)",
    "campaign": (
        "EXISTS (SELECT 1 FROM codes c JOIN deliveries g ON g.id = c.delivery JOIN runs r ON r.id = g.run "
        "WHERE c.offer = :offer AND c.customer = d.customer "
        "AND r.campaign = (SELECT m.campaign FROM runs m WHERE m.id = d.run))"
    ),
}
"""By `one_per` of an offer: whether the customer of the delivery `d` had a code before."""

AFFORDED = "EXISTS (SELECT 1 FROM budgeted b WHERE b.delivery = d.id AND b.barred IS NULL)"
TIER = "(SELECT b.tier FROM budgeted b WHERE b.delivery = d.id)"
_WAITING = """
    FROM deliveries d
    WHERE d.run = :run AND d.state = 'planned'
    AND NOT EXISTS (SELECT 1 FROM codes c WHERE c.delivery = d.id AND c.offer = :offer) {one_per}
"""
_COUNT = f"SELECT count(*) {_WAITING}"
_NEXT = f"SELECT d.id, d.customer, {{tier}} {_WAITING} AND d.id > :after ORDER BY d.id LIMIT :most"
_HELD = "SELECT id, code, customer FROM codes WHERE offer = {} AND state <> 'used' AND code "
_HELD_SQLITE = _HELD.format("?") + "IN (SELECT value FROM json_each(?))"
_HELD_POSTGRESQL = _HELD.format("%s") + "= ANY(%s)"
_SPARE = "SELECT id FROM codes WHERE offer = :offer AND state = 'free' ORDER BY id LIMIT :most"
