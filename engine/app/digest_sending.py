"""Wiring for digests on their way out: once for each owner and period, an intent before the call, a receipt after it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine import clock
from engine.app import digest_letters, running
from engine.app.desk import Desk
from engine.app.digesting import digest_of, lapsing_of, period_of, rhythm_of
from engine.app.owners import sender_name
from engine.app.silence import Lapsing
from engine.definitions.covering import present
from engine.errors import ProviderError, Refused
from engine.flows.deliver.calling import call_provider
from engine.flows.deliver.order import GRACE
from engine.logs import scrubbed
from engine.model.digest import Digest, DigestSent
from engine.model.letter import Batch, Verdict
from engine.providers.isolate import Sent
from engine.store import digests, workers
from engine.store.crash import crash

MOST_ATTEMPTS = 8
FIRST, LONGEST = timedelta(minutes=1), timedelta(hours=2)
"""A digest that was not taken is tried again after a minute, then twice as long each time: for about five hours."""

STATES = {
    Verdict.ACCEPTED: digests.ACCEPTED,
    Verdict.REFUSED: digests.FAILED,
    Verdict.RETRY: digests.WAITING,
    Verdict.UNKNOWN: digests.UNCERTAIN,
}
NOTHING = "nothing to tell"


@dataclass(frozen=True)
class Ending:
    """When somebody wants a call to end; see engine.flows.deliver.calling."""

    stopping: Callable[[], bool]
    tick: Callable[[], float] = time.monotonic
    grace: float = GRACE


def send_due(desk: Desk, stopping: Callable[[], bool]) -> list[DigestSent]:
    """Send every digest whose hour has come; what became of each. Twice is as good as once."""
    with desk.database.write() as connection:
        digests.recover(connection, desk.database.path, desk.now)
    # Columns are added in a transaction of their own, before ours begins.
    assert desk.fields is not None
    due = [name for name in desk.workspace.senders if is_due(desk, name)]
    lapsing, found = lapsing_of(desk, due), []
    for name in due:
        if stopping():
            break
        sent = _send(desk, name, lapsing, stopping)
        found += [sent] if sent is not None else []
    return found


def is_due(desk: Desk, name: str) -> bool:
    """Whether the sender's digest is to leave now. Whoever is away gets none: it is told to whoever stands in."""
    if rhythm_of(desk, name) is None:
        return False
    period, today = period_of(desk, name), desk.now.astimezone(desk.zone).date()
    if not period.is_due(desk.now) or present(desk.workspace.senders, name, today) != name:
        return False
    with desk.database.read() as connection:
        kept = digests.find(connection, name, period.name)
    if kept is None:
        return True
    return kept.state == digests.WAITING and (kept.due_at is None or kept.due_at <= desk.now)


def send_one(desk: Desk, owner: str) -> DigestSent:
    """Send one digest because a person says so. Refused where this period's has left already."""
    name = sender_name(desk, owner)
    with desk.database.write() as connection:
        digests.recover(connection, desk.database.path, desk.now)
    sent = _send(desk, name, lapsing_of(desk, [name]), lambda: False, by_hand=True)
    if sent is None:
        period = period_of(desk, name).name
        raise Refused(
            f"{name} has had the digest of {period}, or somebody is sending it at this moment",
            help=f"`touchbase digest {name}` shows what has happened since",
        )
    return sent


def _send(
    desk: Desk,
    name: str,
    lapsing: Mapping[str, Lapsing],
    stopping: Callable[[], bool],
    *,
    by_hand: bool = False,
) -> DigestSent | None:
    """None where somebody else has it, or it has left."""
    with desk.database.read() as connection:
        digest = digest_of(desk, connection, name, lapsing)
    if not digest.parts and not by_hand:
        with desk.database.write() as connection:
            if not digests.skip(
                connection, name, digest.period, digest.address, digest.until, NOTHING, desk.now
            ):
                return None
        return DigestSent(name, digest.period, digests.SKIPPED, NOTHING)
    return _hand_over(desk, digest, stopping, by_hand=by_hand)


def _hand_over(
    desk: Desk, digest: Digest, stopping: Callable[[], bool], *, by_hand: bool
) -> DigestSent | None:
    provider = desk.provider()
    filler = digest_letters.filler_of(desk, digest, provider.wire)
    with workers.sign_on(desk.database, clock.now()) as worker:
        with desk.database.write() as connection:
            intent = digests.intend(
                connection,
                digest.owner,
                digest.period,
                digest.address,
                digest.until,
                desk.workspace.project.provider,
                worker.boot,
                desk.now,
                by_hand=by_hand,
            )
            reference = f"{running.install(connection)}-digest-{intent.id if intent is not None else 0}"
        if intent is None:
            return None
        crash("after_intent")
        batch = Batch()
        filler.append(
            batch, digest_letters.slots_of(filler, digest, reference), f"{reference}.{intent.attempt}"
        )
        state, detail, provider_id = asyncio.run(_call(desk, batch, stopping))
        crash("after_call")
        due_at = None
        if state == digests.WAITING:
            due_at = next_try(intent.attempt, desk.now)
            state = state if due_at is not None else digests.FAILED
        with desk.database.write() as connection:
            digests.settle(
                connection,
                intent.id,
                worker.boot,
                state,
                clock.now(),
                detail=detail,
                provider_id=provider_id,
                due_at=due_at,
            )
    return DigestSent(digest.owner, digest.period, state, detail)


async def _call(desk: Desk, batch: Batch, stopping: Callable[[], bool]) -> tuple[str, str, str]:
    """The state that follows, why, and the provider's own id. Whoever was not reached has nothing of it."""
    provider = desk.provider()
    try:
        await provider.open()
    except ProviderError as error:
        return digests.WAITING, scrubbed(error.message), ""
    try:
        sent, _ = await call_provider(provider, batch, Ending(stopping))
    finally:
        await provider.close()
    return outcome_of(sent)


def outcome_of(sent: Sent) -> tuple[str, str, str]:
    """The state that follows from a call with one letter, why, and the provider's own id. Pure."""
    if not sent.outcomes:
        return digests.UNCERTAIN, scrubbed(sent.trouble or "the provider's answer left it out"), ""
    (outcome,) = sent.outcomes
    state = STATES[outcome.verdict]
    detail = "" if state == digests.ACCEPTED else scrubbed(outcome.detail or sent.trouble)
    return state, detail, outcome.provider_id


def next_try(attempt: int, now: datetime) -> datetime | None:
    """When it is tried again after so many attempts; None when it was tried often enough. Pure."""
    return None if attempt >= MOST_ATTEMPTS else now + min(FIRST * 2 ** (attempt - 1), LONGEST)


def in_words(sent: DigestSent) -> str:
    """What became of it, for a line of the daemon's log or of `run --once`."""
    why = f": {sent.detail}" if sent.detail else ""
    words = {
        digests.ACCEPTED: "sent",
        digests.SKIPPED: "left out",
        digests.WAITING: "not taken, tried again later",
        digests.UNCERTAIN: "may or may not have arrived",
        digests.FAILED: "failed",
    }
    return f"digest of {sent.owner} ({sent.period}) {words[sent.state]}{why}"
