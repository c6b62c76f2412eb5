"""One call to a provider: the intent is written before it, the receipt after it, both in their own commit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from engine.errors import LeaseLost
from engine.model.words import ACCEPTED_STATES, Reason, State
from engine.store import bulk, codes, runs, tables
from engine.store import letters as kept
from engine.store.crash import crash
from engine.store.ledger import closing, queue
from engine.store.ledger.gate import Gate, Room, hold_back, ration
from engine.store.ledger.holding import hold
from engine.store.ledger.queue import Claim, Claimed
from engine.store.ledger.transitions import may_become, sources, spelled
from engine.store.types import to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Consent:
    """What a campaign needs of a reader at the last moment: marketing its topic, service only an address."""

    topic: str
    marketing: bool = True

    @property
    def scopes(self) -> tuple[str, ...]:
        """The suppressions that stop it."""
        return ("all", "marketing", f"topic:{self.topic}") if self.marketing else ("all",)


@dataclass(frozen=True, slots=True)
class Intent:
    """What was written before a call. `call` is 0 when the run is not being sent any more: send nothing.

    `stopped`: the deliveries that must not leave now, and why; leave their letters out.
    """

    call: int
    stopped: Mapping[int, Reason] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one delivery that was not simply accepted.

    `state`: failed, retry_wait (then `due_at` says when) or uncertain.
    """

    delivery: int
    state: State
    reason: str = ""
    detail: str = ""
    due_at: datetime | None = None
    provider_id: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended, as evidence: a short word, the HTTP status if there was one, the answer's gist."""

    outcome: str
    status: int | None = None
    detail: str = ""


def look(
    connection: Connection, customers: Sequence[int], consent: Consent, now: datetime
) -> dict[int, Reason]:
    """The last look: which of these customers must not be written to now, and why."""
    given: dict[str, Any] = {"topic": consent.topic, "now": to_microseconds(now)}
    lists = {"scopes": list(consent.scopes), "customers": list(customers)}
    if bulk.is_sqlite(connection):
        packed = {**given, "scopes": json.dumps(lists["scopes"]), "customers": str(lists["customers"])}
        statement = _LOOK_SQLITE[consent.marketing]
        return {row[0]: Reason(row[1]) for row in bulk.run(connection, statement, packed)}
    return {
        row[0]: Reason(row[1])
        for row in bulk.run(connection, _LOOK_POSTGRESQL[consent.marketing], {**given, **lists})
    }


def intend(
    connection: Connection,
    claim: Claim,
    provider: str,
    consent: Consent,
    letters: Sequence[tuple[Claimed, bytes, str]],
    now: datetime,
    gate: Gate | None = None,
    room: Room | None = None,
) -> Intent:
    """Writes that these letters are about to leave. Commit before calling, and call only what was intended.

    Args:
        claim: the batch the letters belong to.
        provider: its name in the workspace.
        consent: looked up once more in this very transaction; whoever lost it is skipped.
        letters: each delivery with its slots and its idempotency key.
        gate: rules that may stop more of them, or let them wait; asked in this very transaction, too.
        room: how many of the rest may leave now; what it lets through is written down here.

    Raises LeaseLost, and the transaction must not be kept, if any delivery is no longer this process's.
    """
    state = bulk.run(connection, f"SELECT state FROM runs WHERE id = {int(claim.run)}").fetchone()
    if state is None or state[0] != runs.SENDING:
        return Intent(0)
    closed = look(connection, [claimed.customer for claimed, _, _ in letters], consent, now)
    stopped: dict[int, Reason] = {}
    if closed:
        stopped = {item.delivery: closed[item.customer] for item, _, _ in letters if item.customer in closed}
        queue.skip(connection, claim, [(delivery, reason, "") for delivery, reason in stopped.items()])
        letters = [letter for letter in letters if letter[0].delivery not in stopped]
    if gate is not None and letters:
        stopped |= hold_back(connection, claim, gate, [item for item, _, _ in letters], now)
        letters = [letter for letter in letters if letter[0].delivery not in stopped]
    if room is not None and letters:
        stopped |= ration(connection, claim, room, [item for item, _, _ in letters], now)
        letters = [letter for letter in letters if letter[0].delivery not in stopped]
    if not letters:
        return Intent(0, stopped)
    moment = to_microseconds(now)
    call = _begin_call(connection, claim.run, provider, len(letters), moment)
    given = {"lease": claim.lease, "provider": provider, "call": call, "now": moment}
    items, slots, keys = zip(*letters, strict=True)
    deliveries = [item.delivery for item in items]
    if bulk.run_among(connection, _SUBMIT, deliveries, given) != len(letters):
        raise LeaseLost(
            "another process took over deliveries this one had claimed", help="nothing of this batch was sent"
        )
    kept.keep(connection, call, deliveries, slots, keys)
    if earlier := _earlier(items):
        kept.erase(connection, earlier)
    crash("intent")
    return Intent(call, stopped)


def split(connection: Connection, call: int) -> None:
    """Notes that the provider refused the call as a whole and is about to be given its parts, one by one."""
    table = tables.calls
    bulk.update_rows(connection, table.c.id, (table.c.split,), [(True, call)])


def settle(
    connection: Connection,
    claim: Claim,
    call: int,
    accepted: Sequence[tuple[int, str]],
    others: Sequence[Receipt],
    ending: Ending,
    now: datetime,
) -> tuple[int, ...]:
    """Writes what became of a call's letters; the deliveries that somebody else has decided meanwhile.

    Args:
        accepted: each delivery the provider took, with the provider's own id for it.
        others: every other delivery of the call.
        ending: kept with the call.
    """
    moment = to_microseconds(now)
    lost: list[int] = []
    if others:
        # Two statements; what is accepted alone is one, over numbers in their order.
        hold(connection, [*(number for number, _ in accepted), *(other.delivery for other in others)])
    if accepted and _accept(connection, claim.lease, accepted, moment) != len(accepted):
        lost += _overtaken(connection, claim.lease, accepted)
    if others:
        lost += _settle_others(connection, claim.lease, others, moment)
        if any(receipt.state == State.RETRY_WAIT for receipt in others):
            closing.end_cancelled(connection, claim.run, now)
    names = ("ended_at", "outcome", "status", "detail")
    row = (moment, ending.outcome, ending.status, ending.detail or None, call)
    bulk.update_rows(connection, tables.calls.c.id, tuple(tables.calls.c[name] for name in names), [row])
    crash("receipt")
    return tuple(lost)


def _begin_call(connection: Connection, run: int, provider: str, messages: int, moment: int) -> int:
    row = {"run": run, "provider": provider, "messages": messages, "started_at": moment}
    statement = _CALL_SQLITE if bulk.is_sqlite(connection) else _CALL_POSTGRESQL
    return int(bulk.run(connection, statement, row).fetchone()[0])


def _earlier(claimed: Iterable[Claimed]) -> dict[int, list[int]]:
    """The deliveries that were part of a call before, by that call."""
    found: dict[int, list[int]] = {}
    for item in claimed:
        if item.call is not None:
            found.setdefault(item.call, []).append(item.delivery)
    return found


def _accept(connection: Connection, lease: str, accepted: Sequence[tuple[int, str]], moment: int) -> int:
    cursor = bulk.cursor_of(connection)
    if bulk.is_sqlite(connection):
        given = orjson.dumps(dict(accepted), option=orjson.OPT_NON_STR_KEYS).decode()
        cursor.execute(_ACCEPT_SQLITE, {"accepted": given, "now": moment, "lease": lease})
    else:
        ids, provider_ids = zip(*sorted(accepted), strict=True)
        cursor.execute(_ACCEPT_POSTGRESQL, (moment, list(ids), list(provider_ids), lease))
    return int(cursor.rowcount)


def _overtaken(connection: Connection, lease: str, accepted: Sequence[tuple[int, str]]) -> list[int]:
    """Of the deliveries that could not become accepted, those for which that is news.

    A webhook may be quicker than the answer: then the delivery is further already, and only lacks its id.
    """
    table = tables.deliveries
    found = bulk.select_among(
        connection, (table.c.id, table.c.state), table.c.id, [row[0] for row in accepted]
    )
    states = {delivery: State(state) for delivery, state in found}
    ahead = [row for row in accepted if states.get(row[0]) in ACCEPTED_STATES]
    without = [(provider_id, delivery) for delivery, provider_id in ahead]
    bulk.update_rows(connection, table.c.id, (table.c.provider_id,), without)
    return [delivery for delivery, _ in accepted if states.get(delivery) not in ACCEPTED_STATES]


def _settle_others(connection: Connection, lease: str, receipts: Sequence[Receipt], moment: int) -> list[int]:
    lost, failed = [], []
    cursor = bulk.cursor_of(connection)
    statement = _SETTLE_SQLITE if bulk.is_sqlite(connection) else bulk.named(_SETTLE_SQLITE)
    for receipt in receipts:
        if not may_become(State.SUBMITTING, receipt.state):
            raise ValueError(f"a submitted delivery cannot become {receipt.state}")
        if (receipt.state == State.RETRY_WAIT) != (receipt.due_at is not None):
            raise ValueError("a delivery has a time to be tried again exactly when it waits for it")
        given = {
            "state": str(receipt.state),
            "reason": receipt.reason or None,
            "detail": receipt.detail or None,
            "due_at": None if receipt.due_at is None else to_microseconds(receipt.due_at),
            "provider_id": receipt.provider_id or None,
            "now": moment,
            "id": receipt.delivery,
            # An uncertain delivery keeps its lease: a late answer of the very same call is still evidence.
            "after": lease if receipt.state == State.UNCERTAIN else None,
            "lease": lease,
        }
        cursor.execute(statement, given)
        if cursor.rowcount != 1:
            lost.append(receipt.delivery)
        elif receipt.state == State.FAILED:
            failed.append(receipt.delivery)
    codes.release_deliveries(connection, failed)
    return lost


_CALL = """
INSERT INTO calls (run, provider, messages, started_at)
VALUES (:run, :provider, :messages, :started_at) RETURNING id
"""
_CALL_SQLITE, _CALL_POSTGRESQL = _CALL, bulk.named(_CALL)

_SUBMIT = f"""
UPDATE deliveries SET state = '{State.SUBMITTING}', provider = :provider, call = :call, submitted_at = :now,
    attempt = attempt + 1
WHERE lease = :lease AND state IN ({spelled(sources(State.SUBMITTING))}) AND id IN :ids
"""

_ANSWERED = spelled({State.SUBMITTING, State.UNCERTAIN})
"""A receipt with the right lease counts even if somebody meanwhile thought this process was dead."""

_ACCEPT_SQLITE = f"""
UPDATE deliveries SET state = '{State.ACCEPTED}', provider_id = g.value, settled_at = :now, lease = NULL,
    lease_until = NULL
FROM json_each(:accepted) AS g
WHERE deliveries.id = CAST(g.key AS INTEGER) AND lease = :lease AND state IN ({_ANSWERED})
"""
_ACCEPT_POSTGRESQL = f"""
UPDATE deliveries AS d SET state = '{State.ACCEPTED}', provider_id = g.provider_id, settled_at = %s,
    lease = NULL, lease_until = NULL
FROM unnest(%s::bigint[], %s::text[]) AS g (id, provider_id)
WHERE d.id = g.id AND d.lease = %s AND d.state IN ({_ANSWERED})
"""
# A delivery whose fate with a provider was ever unknown goes through no other one; see queue.Binding.
_SETTLE_SQLITE = f"""
UPDATE deliveries SET state = :state, reason = :reason, detail = :detail, due_at = :due_at,
    provider_id = :provider_id, settled_at = :now, lease = :after, lease_until = NULL,
    bound_to = CASE WHEN :state = '{State.UNCERTAIN}' THEN provider ELSE bound_to END
WHERE id = :id AND lease = :lease AND state IN ({_ANSWERED})
"""

_NO_WORD = f"""
WHEN NOT EXISTS (
    SELECT 1 FROM subscriptions u WHERE u.customer = c.id AND u.topic = :topic AND u.subscribed = true
) THEN '{Reason.UNSUBSCRIBED}'
"""
_LOOK = f"""
SELECT * FROM (
    SELECT g.customer, CASE
        WHEN c.id IS NULL THEN '{Reason.LEFT_AUDIENCE}'
        WHEN c.email IS NULL THEN '{Reason.NO_ADDRESS}' {{no_word}}
        WHEN EXISTS (
            SELECT 1 FROM suppressions s WHERE s.address_hash = c.address_hash AND s.scope {{among_scopes}}
            AND (s.until IS NULL OR s.until > :now)
        ) THEN '{Reason.SUPPRESSED}'
    END AS reason
    FROM {{given}} LEFT JOIN customers c ON c.id = g.customer
) AS looked WHERE reason IS NOT NULL
"""
_LOOK_SQLITE = {
    marketing: _LOOK.format(
        no_word=_NO_WORD if marketing else "",
        among_scopes="IN (SELECT value FROM json_each(:scopes))",
        given="(SELECT value AS customer FROM json_each(:customers)) AS g",
    )
    for marketing in (True, False)
}
_LOOK_POSTGRESQL = {
    marketing: bulk.named(
        _LOOK.format(
            no_word=_NO_WORD if marketing else "",
            among_scopes="= ANY(:scopes)",
            given="unnest(:customers) AS g (customer)",
        )
    )
    for marketing in (True, False)
}
