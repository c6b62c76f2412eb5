"""Holds back the hard bounces of a run that look like a storm, and lets a person confirm or release them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from engine.flows.receive import suppressing
from engine.flows.receive.storm import BASELINE_SPAN, ENOUGH, SHARE_OF_A_DOMAIN, Share, Weather, storm
from engine.model.heard import Effect
from engine.store import heard, storms

if TYPE_CHECKING:
    from sqlalchemy import Connection

WITHOUT_A_RUN = timedelta(days=1)
"""Bounces by mail of which no letter is known are counted together over so long, against all customers."""

EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Held:
    """Runs (None: no letter known) whose hard bounces wait now, and the addresses of those held just now."""

    runs: frozenset[int | None] = frozenset()
    addresses: tuple[str, ...] = ()


@dataclass(slots=True)
class Storm:
    """What waits for a person's word: so many hard bounces of so many letters of a run."""

    run: int | None
    campaign: str
    occurrence: str
    provider: str
    bounces: int
    letters: int
    reason: str
    domains: dict[str, int] = field(default_factory=dict)


def look(connection: Connection, runs: Iterable[int | None], now: datetime) -> Held:
    """Looks at runs with new hard bounces. Of a storm every bounce that nobody has judged is held back."""
    waiting: set[int | None] = set()
    addresses: list[str] = []
    for run in sorted(set(runs), key=lambda run: run or 0):
        since = now - WITHOUT_A_RUN
        counted = storms.bounces(connection, run, since)
        if Effect.CONFIRMED in counted.effects:
            continue
        judged = {Effect.QUARANTINED, Effect.RELEASED} & counted.effects.keys()
        if not judged and not storm(weather(connection, run, counted.counted)):
            continue
        waiting.add(run)
        ids = storms.numbers(connection, run, [Effect.APPLIED], since)
        heard.change_effect(connection, ids, Effect.QUARANTINED)
        addresses += storms.addresses(connection, ids)
    return Held(frozenset(waiting), tuple(addresses))


def weather(connection: Connection, run: int | None, bounces: int) -> Weather:
    """The numbers a run is judged by. Those that cost a walk are fetched only where they can matter."""
    share = Share(bounces, storms.letters(connection, run)) if bounces >= ENOUGH else Share(bounces, 0)
    if run is None or bounces < ENOUGH:
        return Weather(share)
    before = Share(*storms.before(connection, run, BASELINE_SPAN // timedelta(microseconds=1)))
    domains = {}
    for domain, number in storms.domains(connection, run).items():
        if number >= ENOUGH:
            most = int(number / SHARE_OF_A_DOMAIN) + 1
            domains[domain] = Share(number, storms.letters_to(connection, run, domain, most))
    return Weather(share, before, domains)


def waiting(connection: Connection) -> list[Storm]:
    """Everything that waits for a person's word."""
    found = []
    for each in storms.held(connection):
        now = weather(connection, each.run, each.bounces)
        reason = storm(now) or "more bounces of a run that was judged before"
        domains = storms.domains(connection, each.run) if each.run is not None else {}
        most = dict(sorted(domains.items(), key=lambda item: (-item[1], item[0]))[:5])
        letters = now.run.letters or storms.letters(connection, each.run)
        found.append(
            Storm(
                each.run, each.campaign, each.occurrence, each.provider, each.bounces, letters, reason, most
            )
        )
    return found


def held(connection: Connection, run: int) -> int:
    """How many bounces of a run wait for a person's word."""
    return len(storms.numbers(connection, run, [Effect.QUARANTINED], EVER))


def judge(connection: Connection, run: int | None, *, real: bool, now: datetime) -> int:
    """A person's word about a run's held bounces: `real` suppresses them, otherwise they never count; how many."""
    heard.take_turn(connection)
    ids = storms.numbers(connection, run, [Effect.QUARANTINED], EVER)
    heard.change_effect(connection, ids, Effect.CONFIRMED if real else Effect.RELEASED)
    suppressing.follow(connection, storms.addresses(connection, ids), now)
    return len(ids)
