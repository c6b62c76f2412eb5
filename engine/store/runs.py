"""Runs: one row for each occurrence of a campaign, whoever asks for it and however often."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import RowMapping, func, select, update

from engine.model.contact import Label
from engine.store import bulk, tables
from engine.store.types import from_microseconds, to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

PLANNING, AWAITING, READY, SENDING = "planning", "awaiting", "ready", "sending"
PAUSED, DONE, CANCELLED = "paused", "done", "cancelled"
MISSED = "missed"

CHANGES: Mapping[str, frozenset[str]] = {
    PLANNING: frozenset({AWAITING, READY, CANCELLED}),
    AWAITING: frozenset({READY, CANCELLED, MISSED}),
    READY: frozenset({AWAITING, SENDING, PAUSED, DONE, CANCELLED, MISSED}),
    SENDING: frozenset({READY, PAUSED, DONE, CANCELLED}),
    PAUSED: frozenset({READY, SENDING, CANCELLED}),
    DONE: frozenset({SENDING}),
    CANCELLED: frozenset(),
    MISSED: frozenset(),
}
"""From each state the ones it may become. `done` opens again when a person decides what was uncertain.

`awaiting`: planned in full, and nothing leaves before a person approves it.
"""

CLOSED = (DONE, CANCELLED, MISSED)
"""Where nothing is left to do; spelled out in the index of the other runs."""


@dataclass(frozen=True, slots=True)
class Run:
    """One occurrence of a campaign. `snapshot`: what was frozen at planning (post ids, offer terms …).

    `revision`: of the campaign's files when it was planned. `reason`: why it was paused or missed, in words.
    `resumed_at`: when a person last let it go on. `due_at`: when it was due by the calendar, where the daemon took
    it up; None where only people asked for it. `approved_at`, `approved_by`: when a saved plan was approved, and by
    whom.
    """

    id: int
    campaign: str
    occurrence: str
    state: str
    as_of: datetime
    created_at: datetime
    planned_at: datetime | None = None
    finished_at: datetime | None = None
    revision: str = ""
    provider: str = ""
    snapshot: Mapping[str, Any] = field(default_factory=dict)
    requested: int | None = None
    reason: str = ""
    resumed_at: datetime | None = None
    due_at: datetime | None = None
    label: Label | None = None
    approved_at: datetime | None = None
    approved_by: str = ""


def get_or_create(
    connection: Connection, campaign: str, occurrence: str, *, as_of: datetime, now: datetime
) -> tuple[Run, bool]:
    """The occurrence's run, and whether it was made just now.

    `as_of` (the moment its audience is taken at) counts for a new run only.
    """
    names = ("campaign", "occurrence", "state", "as_of", "created_at")
    row = (campaign, occurrence, PLANNING, to_microseconds(as_of), to_microseconds(now))
    created = bulk.insert_rows(connection, tuple(tables.runs.c[name] for name in names), [row]) == 1
    found = find(connection, campaign, occurrence)
    if found is None:
        raise LookupError(f"the run {campaign} {occurrence} is gone again")
    return found, created


def find(connection: Connection, campaign: str, occurrence: str) -> Run | None:
    """The run of that occurrence."""
    table = tables.runs
    this = select(table).where(table.c.campaign == campaign, table.c.occurrence == occurrence)
    row = connection.execute(this).mappings().first()
    return None if row is None else _run(row)


def get(connection: Connection, run: int, *, hold: bool = False) -> Run | None:
    """The run of that number. `hold`: nobody else changes it before this transaction ends."""
    this = select(tables.runs).where(tables.runs.c.id == run)
    row = connection.execute(this.with_for_update() if hold else this).mappings().first()
    return None if row is None else _run(row)


def recent(connection: Connection, campaign: str | None = None, *, limit: int = 50) -> list[Run]:
    """Runs, the newest first; of one campaign or of all."""
    table = tables.runs
    query = select(table).order_by(table.c.as_of.desc(), table.c.id.desc()).limit(limit)
    if campaign is not None:
        query = query.where(table.c.campaign == campaign)
    return [_run(row) for row in connection.execute(query).mappings()]


def change(
    connection: Connection, run: int, before: str, after: str, now: datetime, *, reason: str = ""
) -> bool:
    """Moves the run from one state to another; False if somebody moved it before us. `reason`: for people."""
    if after not in CHANGES[before]:
        raise ValueError(f"a run cannot go from {before} to {after}")
    values: dict[str, object] = {"state": after, **({"reason": reason} if reason else {})}
    if before == PLANNING and after in {READY, AWAITING}:
        values["planned_at"] = now
    if after in CLOSED:
        values["finished_at"] = now
    elif before in CLOSED:
        # Open again: whoever asks what was sent lately must find it.
        values["finished_at"] = None
    table = tables.runs
    this = update(table).where(table.c.id == run, table.c.state == before).values(values)
    return connection.execute(this).rowcount == 1


def pause(connection: Connection, run: int, reason: str) -> bool:
    """Halts a run that is ready or being sent; False if it was neither. What is in flight is still settled."""
    table = tables.runs
    this = update(table).where(table.c.id == run, table.c.state.in_((READY, SENDING)))
    return connection.execute(this.values(state=PAUSED, reason=reason or None)).rowcount == 1


def resume(connection: Connection, run: int, now: datetime) -> bool:
    """Lets a paused run go on; False if it was not paused. What came back before does not count any more.

    A run of which nothing was ever handed over is `ready` again: a saved plan of it may still be replaced.
    """
    table = tables.runs
    begun = select(tables.calls.c.id).where(tables.calls.c.run == run).limit(1)
    after = READY if connection.execute(begun).first() is None else SENDING
    if not change(connection, run, PAUSED, after, now):
        return False
    connection.execute(update(table).where(table.c.id == run).values(reason=None, resumed_at=now))
    return True


def take_up(connection: Connection, run: int, due_at: datetime) -> bool:
    """Notes that the run's moment has come by the calendar; False if that was noted before."""
    table = tables.runs
    this = update(table).where(table.c.id == run, table.c.due_at.is_(None))
    return connection.execute(this.values(due_at=due_at)).rowcount == 1


def miss(
    connection: Connection, campaign: str, occurrence: str, due_at: datetime, reason: str, now: datetime
) -> bool:
    """Keeps on record that the occurrence passed without a letter, and why; False if it has a run."""
    table = tables.runs
    moment, due = to_microseconds(now), to_microseconds(due_at)
    row = (campaign, occurrence, MISSED, due, moment, moment, reason, due)
    names = ("campaign", "occurrence", "state", "as_of", "created_at", "finished_at", "reason", "due_at")
    return bulk.insert_rows(connection, tuple(table.c[name] for name in names), [row]) == 1


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that is not over. `next_at`: when its first queued letter is due; None while nothing is queued.

    `due_at`: as in Run.
    """

    run: int
    campaign: str
    occurrence: str
    state: str
    due_at: datetime | None
    next_at: datetime | None


def waiting(connection: Connection) -> list[Waiting]:
    """Every run that is not over, the oldest first, and when something of it is due.

    One look into the queue's index for each variant, however many letters wait.
    """
    rows = bulk.run(connection, _WAITING).fetchall()
    return [
        Waiting(*row[:4], *(from_microseconds(at) if at is not None else None for at in row[4:]))
        for row in rows
    ]


def states_of(connection: Connection, campaign: str, occurrences: Collection[str]) -> dict[str, str]:
    """The states of those of the campaign's occurrences that have a run."""
    table = tables.runs
    query = select(table.c.occurrence, table.c.state)
    query = query.where(table.c.campaign == campaign, table.c.occurrence.in_(sorted(occurrences)))
    return {row[0]: row[1] for row in connection.execute(query)}


def last_planned(connection: Connection, campaigns: Collection[str]) -> dict[str, datetime]:
    """When each of these campaigns last had a run that was planned."""
    table = tables.runs
    query = select(table.c.campaign, func.max(table.c.created_at).label("at"))
    query = query.where(table.c.campaign.in_(sorted(campaigns)), table.c.state != MISSED)
    return {row[0]: row[1] for row in connection.execute(query.group_by(table.c.campaign))}


def approve(connection: Connection, run: int, by: str, now: datetime) -> bool:
    """Lets a saved plan be sent; False if it does not wait for that."""
    table = tables.runs
    if not change(connection, run, AWAITING, READY, now):
        return False
    values = {"approved_at": now, "approved_by": by or None, "reason": None}
    connection.execute(update(table).where(table.c.id == run).values(values))
    return True


def withdraw(connection: Connection, run: int, reason: str, now: datetime) -> bool:
    """Takes an approval back that counts no more; False if the run has begun, or had none."""
    table = tables.runs
    if not change(connection, run, READY, AWAITING, now, reason=reason):
        return False
    values = {"approved_at": None, "approved_by": None}
    connection.execute(update(table).where(table.c.id == run).values(values))
    return True


def of_campaign(connection: Connection, campaign: str, states: Collection[str]) -> list[Run]:
    """The campaign's runs in any of these states, the oldest first."""
    table = tables.runs
    query = select(table).where(table.c.campaign == campaign, table.c.state.in_(sorted(states)))
    return [_run(row) for row in connection.execute(query.order_by(table.c.id)).mappings()]


def in_states(connection: Connection, states: Collection[str]) -> list[Run]:
    """The runs of every campaign in any of these states, the oldest first."""
    table = tables.runs
    query = select(table).where(table.c.state.in_(sorted(states))).order_by(table.c.id)
    return [_run(row) for row in connection.execute(query).mappings()]


def describe(
    connection: Connection,
    run: int,
    *,
    revision: str,
    provider: str,
    snapshot: Mapping[str, Any],
    requested: int,
) -> None:
    """Writes down what the run was planned from. Only while it is being planned: afterwards it is history."""
    table = tables.runs
    values = {
        "revision": revision,
        "provider": provider,
        "snapshot": json.dumps(snapshot, ensure_ascii=False, sort_keys=True),
        "requested": requested,
    }
    connection.execute(update(table).where(table.c.id == run, table.c.state == PLANNING).values(values))


_WAITING = """
SELECT r.id, r.campaign, r.occurrence, r.state, r.due_at, min((
    SELECT min(d.due_at) FROM deliveries d
    WHERE d.run = v.run AND d.variant = v.id AND d.due_at IS NOT NULL AND d.variant IS NOT NULL
))
FROM runs r LEFT JOIN variants v ON v.run = r.id
WHERE r.state NOT IN ('done', 'cancelled', 'missed')
GROUP BY r.id, r.campaign, r.occurrence, r.state, r.due_at ORDER BY r.id
"""


def label_of(row: Mapping[str, Any]) -> Label:
    """What the policy knows the letters of a run's row by."""
    campaign, purpose = row["campaign"], row["purpose"] or "marketing"
    return Label(
        campaign,
        purpose,
        row["intent"] or "",
        row["topic"] or "",
        tuple(row["tags"] or ()),
        bool(row["counts"]),
    )


def _run(row: RowMapping) -> Run:
    values = dict(row)
    values["label"] = label_of(values)
    for name in ("purpose", "intent", "topic", "tags", "counts"):
        del values[name]
    values["snapshot"] = json.loads(values["snapshot"]) if values["snapshot"] else {}
    values["revision"] = values["revision"] or ""
    values["provider"] = values["provider"] or ""
    values["reason"] = values["reason"] or ""
    values["approved_by"] = values["approved_by"] or ""
    return Run(**values)
