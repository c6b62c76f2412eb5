"""What the database holds, read with plain SQL, and what the workspace's files say, read as plain YAML."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import yaml

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ACCEPTED = {"accepted", "delivered", "bounced", "complained"}
LEFT = ACCEPTED | {"uncertain", "submitting"}
"""States of a letter that has left, or may have."""


class Connection(Protocol):
    """What sqlite3 and psycopg have in common."""

    def execute(self, statement: str) -> Any: ...


@dataclass(frozen=True)
class Mail:
    """One letter as it arrived, by the postbox: the evidence that is not the ledger's own."""

    number: str
    recipient: str
    sender: str
    at: datetime
    words: str


@dataclass(frozen=True)
class Run:
    """One run, with what its letters are known by."""

    id: int
    campaign: str
    occurrence: str
    state: str
    reason: str
    as_of: datetime
    planned_at: datetime | None
    purpose: str
    intent: str
    topic: str
    tags: tuple[str, ...]
    counts: bool

    @property
    def obeys(self) -> bool:
        """Whether the rules may keep its letters back: marketing, but for apologies."""
        return self.purpose == "marketing" and self.intent != "apologise"


@dataclass(frozen=True)
class Letter:
    """One row of the ledger. `call`: grows with every letter that leaves. `sender`: by the variant's own key."""

    id: int
    run: Run
    customer: int
    state: str
    reason: str
    at: datetime | None
    call: int
    settled: datetime | None
    number: str
    sender: str

    @property
    def left(self) -> datetime:
        """When it left; for letters that have left."""
        assert self.at is not None
        return self.at


@dataclass(frozen=True)
class Customer:
    """One customer as they are at the end."""

    id: int
    key: str
    email: str
    hash: str
    zone: str
    created: datetime
    signed_up: date | None
    tier: str
    owner: str


@dataclass(frozen=True)
class Event:
    """Something that happened to a customer."""

    customer: int
    name: str
    at: datetime
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Task:
    """What somebody was to do. `delivery`: the row it stands for, 0 for none."""

    id: int
    customer: int
    kind: str
    owner: str
    state: str
    made_by: str
    delivery: int
    created: datetime
    closed: datetime | None
    reason: str


@dataclass(frozen=True)
class Ledger:
    """All of it. `rows`: every delivery; `touches`: by people, in time; `reports`: what the program itself says of each run."""

    policy: Mapping[str, Any]
    campaigns: Mapping[str, Mapping[str, Any]]
    senders: Mapping[str, Mapping[str, Any]]
    otherwise: str
    project: ZoneInfo
    runs: Mapping[int, Run]
    rows: Sequence[Letter]
    customers: Mapping[int, Customer]
    events: Sequence[Event]
    suppressed: Mapping[str, datetime]
    touches: Sequence[tuple[int, str, datetime]]
    tasks: Sequence[Task]
    tiers: Mapping[str, Any]
    mails: Sequence[Mail]
    reports: Sequence[Mapping[str, Any]] = field(default_factory=list)

    def letters(self) -> dict[int, list[Letter]]:
        """Each customer's letters that have left, or may have, in the order in which they did."""
        found: dict[int, list[Letter]] = defaultdict(list)
        for row in self.rows:
            if row.state in LEFT and row.at is not None:
                found[row.customer].append(row)
        for letters in found.values():
            letters.sort(key=lambda letter: (letter.call, letter.left))
        return found

    def contacts(self) -> dict[int, list[Letter]]:
        """The same with what people did, each as a letter of no campaign's, where the policy lets it count as one."""
        found, said = self.letters(), self.policy.get("people", {})
        known_by = {"purpose": "service", "intent": "inform", **said.get("as", {})}
        for customer, kind, at in self.touches:
            if kind not in said.get("count", [kind]):
                continue
            run = Run(0, f"a {kind}", "", "", "", at, None, **known_by, topic="", tags=(), counts=True)
            letters = found.setdefault(customer, [])
            place = next((place for place, letter in enumerate(letters) if letter.left > at), len(letters))
            letters.insert(place, Letter(0, run, customer, "touch", "", at, 0, None, "", ""))
        return found

    def named(self, letter: Letter) -> str:
        """A letter for people: which, whose and when."""
        run = letter.run
        return f"{run.campaign} {run.occurrence} to {self.customers[letter.customer].key} at {letter.at}"

    def zone(self, customer: int) -> ZoneInfo:
        """The clock somebody's letters keep to."""
        name = self.customers[customer].zone
        return ZoneInfo(name) if name else self.project

    def events_of(self, name: str) -> dict[int, list[Event]]:
        """Each customer's events of that name, in time."""
        found: dict[int, list[Event]] = defaultdict(list)
        for event in sorted(self.events, key=lambda event: event.at):
            if event.name == name:
                found[event.customer].append(event)
        return found


def read(connection: Connection, root: Path, mails: Sequence[Mail]) -> Ledger:
    """The ledger of a workspace at `root`, but for reports."""
    files = {name: yaml.safe_load((root / f"config/{name}.yaml").read_text()) for name in CONFIG}
    campaigns = [yaml.safe_load(file.read_text()) for file in sorted((root / "campaigns").glob("*.yaml"))]
    runs = {run.id: run for run in _runs(connection)}
    return Ledger(
        files["policy"]["policy"],
        {campaign["campaign"]: campaign for campaign in campaigns},
        files["senders"]["senders"],
        files["senders"]["account-owner"]["otherwise"],
        ZoneInfo(files["project"]["time_zone"]),
        runs,
        list(_rows(connection, runs)),
        {person.id: person for person in _customers(connection)},
        list(_events(connection)),
        dict(_suppressed(connection)),
        list(_touches(connection)),
        list(_tasks(connection)),
        files["tiers"]["tiers"],
        list(mails),
    )


CONFIG = ("project", "policy", "senders", "tiers")


def _runs(connection: Connection) -> Iterator[Run]:
    for row in connection.execute(
        "SELECT id, campaign, occurrence, state, coalesce(reason, ''), as_of, planned_at, "
        "coalesce(purpose, ''), coalesce(intent, ''), coalesce(topic, ''), coalesce(tags, ''), counts FROM runs"
    ).fetchall():
        number, campaign, occurrence, state, reason, as_of, planned, *label, tags, counts = row
        words = tuple(word for word in tags.split("\x1f") if word)
        yield Run(
            number,
            campaign,
            occurrence,
            state,
            reason,
            _must(as_of),
            _moment(planned),
            *label,
            words,
            bool(counts),
        )


def _rows(connection: Connection, runs: Mapping[int, Run]) -> Iterator[Letter]:
    for row in connection.execute(
        "SELECT d.id, d.run, d.customer, d.state, coalesce(d.reason, ''), d.submitted_at, coalesce(d.call, 0), "
        "d.settled_at, coalesce(d.provider_id, ''), coalesce(v.key, '') "
        "FROM deliveries d LEFT JOIN variants v ON v.id = d.variant ORDER BY d.id"
    ).fetchall():
        number, run, customer, state, reason, at, call, settled, provider_id, key = row
        sender = json.loads(key)[1] if key else ""
        yield Letter(
            number,
            runs[run],
            customer,
            state,
            reason,
            _moment(at),
            call,
            _moment(settled),
            provider_id,
            sender,
        )


def _customers(connection: Connection) -> Iterator[Customer]:
    columns = dict(connection.execute("SELECT name, column_name FROM fields WHERE current").fetchall())
    signed_up, tier, owner = (columns[name] for name in ("signed_up_at", "tier", "account_owner"))
    for row in connection.execute(
        "SELECT id, customer_id, coalesce(email, ''), coalesce(address_hash, ''), coalesce(time_zone, ''), "
        f'created_at, "{signed_up}", coalesce("{tier}", \'\'), coalesce("{owner}", \'\') FROM customers'
    ).fetchall():
        number, key, email, digest, zone, created, day, *rest = row
        since = date.fromisoformat(day) if isinstance(day, str) else day
        yield Customer(number, key, email, digest, zone, _must(created), since, *rest)


def _events(connection: Connection) -> Iterator[Event]:
    for customer, name, at, fields in connection.execute(
        "SELECT customer, name, at, coalesce(fields, '{}') FROM events ORDER BY at, id"
    ).fetchall():
        yield Event(customer, name, _must(at), json.loads(fields))


def _suppressed(connection: Connection) -> Iterator[tuple[str, datetime]]:
    """When each address was closed to our letters first."""
    for digest, at in connection.execute(
        "SELECT address_hash, min(at) FROM suppressions GROUP BY address_hash"
    ).fetchall():
        yield digest, _must(at)


def _touches(connection: Connection) -> Iterator[tuple[int, str, datetime]]:
    for customer, kind, at in connection.execute(
        "SELECT customer, kind, at FROM touches ORDER BY at, id"
    ).fetchall():
        yield customer, kind, _must(at)


def _tasks(connection: Connection) -> Iterator[Task]:
    for row in connection.execute(
        "SELECT id, customer, kind, coalesce(owner, ''), state, made_by, coalesce(delivery, 0), created_at, "
        "closed_at, coalesce(reason, '') FROM tasks ORDER BY id"
    ).fetchall():
        *words, created, closed, reason = row
        yield Task(*words, _must(created), _moment(closed), reason)


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _must(microseconds)


def _must(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)
