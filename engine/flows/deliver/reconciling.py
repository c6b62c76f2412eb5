"""Finding out what became of unanswered calls: repeated where that is safe, searched for, or left alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from engine.errors import LeaseLost, NetworkError, ProviderError
from engine.flows.deliver.calling import call_provider
from engine.flows.deliver.circuit import Told
from engine.flows.deliver.doubts import Prospect, Road, prospect
from engine.flows.deliver.letters import Archive
from engine.flows.deliver.order import GRACE
from engine.flows.deliver.pace import CLOSED_SECONDS, Limit
from engine.flows.deliver.pacing import Bucket, Pacer
from engine.model.letter import Verdict
from engine.providers.base import LooksUp, Lookup, Provider, Sought
from engine.providers.isolate import send_once
from engine.store.ledger import unanswered
from engine.store.ledger.call import Consent, look
from engine.store.ledger.unanswered import Control, Unanswered
from engine.store.workers import Worker

if TYPE_CHECKING:
    from engine.store.database import Database

CONTROLS = 3
"""Letters known to have arrived that must be found along with the sought ones; all of them."""

SOUGHT_AT_ONCE = 50
PATIENCE = 10.0
"""Seconds that a call may be kept waiting by the pace of its way out."""

FIXED_CLOCK = timedelta(minutes=1)
"""A clock that is further from the machine's own was fixed by hand."""


@dataclass(frozen=True)
class Witness:
    """A provider that may know what became of a call. `connect`: it, not opened yet."""

    name: str
    archive: Archive
    connect: Callable[[], Provider]
    limit: Limit | None = None


@dataclass(frozen=True)
class Inquiry:
    """Whose calls to look into, and how. `witness`: by a provider's name; None for one that is not there any more.

    `consent`: what a reader must still agree to; None, and no call is made again, where nobody can say. The rest
    as in an Order.
    """

    database: Database
    run: int
    worker: Worker
    witness: Callable[[str], Witness | None]
    consent: Consent | None
    now: Callable[[], datetime]
    wall: Callable[[], datetime]
    tick: Callable[[], float]
    stopping: Callable[[], bool]
    grace: float = GRACE

    @property
    def clock_fixed(self) -> bool:
        """Whether `now` is another moment than the machine's own."""
        return abs(self.wall() - self.now()) > FIXED_CLOCK


@dataclass
class Findings:
    """What was found out, in letters. `left`: each call still in doubt, and what can be done about it."""

    arrived: int = 0
    refused: int = 0
    unsent: int = 0
    left: list[tuple[Unanswered, Prospect]] = field(default_factory=list)

    @property
    def settled(self) -> int:
        """How many letters are in doubt no more."""
        return self.arrived + self.refused + self.unsent


async def reconcile(inquiry: Inquiry) -> Findings:
    """Look into every unanswered call of the run. Nothing is concluded from a failure; doing it again is harmless."""
    found = Findings()
    with inquiry.database.read() as connection:
        calls = unanswered.calls_of(connection, inquiry.run)
    for call in calls:
        if inquiry.stopping():
            break
        await _look_into(inquiry, call, found)
    with inquiry.database.read() as connection:
        calls = unanswered.calls_of(connection, inquiry.run)
    found.left = [(call, outlook(inquiry, call)) for call in calls]
    return found


def outlook(inquiry: Inquiry, call: Unanswered) -> Prospect:
    """What can be done about a call now."""
    witness = inquiry.witness(call.provider)
    if witness is None:
        return Prospect(Road.PERSON, f"{call.provider} is no provider of this workspace any more; decide")
    limits = witness.connect().limits
    if limits.idempotency is not None and not _may_be_repeated(inquiry, call):
        limits = replace(limits, idempotency=None)
    ended = has_ended(inquiry, call)
    return prospect(call, limits, inquiry.now(), ended=ended, clock_fixed=inquiry.clock_fixed)


def _may_be_repeated(inquiry: Inquiry, call: Unanswered) -> bool:
    """Whether everybody it was for would still get the letter, should it never have arrived."""
    if inquiry.consent is None:
        return False
    customers = [letter.customer for letter in call.letters]
    with inquiry.database.read() as connection:
        return not look(connection, customers, inquiry.consent, inquiry.now())


def has_ended(inquiry: Inquiry, call: Unanswered) -> bool:
    """Whether the call is certainly not under way any more."""
    if call.ended_at is not None or {letter.boot for letter in call.doubts} == {inquiry.worker.boot}:
        return True
    with inquiry.database.write() as connection:
        return unanswered.ended_by_death(connection, inquiry.database.path, call)


async def _look_into(inquiry: Inquiry, call: Unanswered, found: Findings) -> None:
    road = outlook(inquiry, call).road
    witness = inquiry.witness(call.provider)
    if witness is None or road not in (Road.REPEAT, Road.SEARCH):
        return
    provider = witness.connect()
    try:
        await provider.open()
        if road is Road.REPEAT:
            await _repeat(inquiry, call, witness, provider, found)
        elif isinstance(provider, LooksUp) and provider.limits.lookup is not None:
            await _search(inquiry, call, witness, provider, provider.limits.lookup, found)
    except (ProviderError, NetworkError, LeaseLost):
        # It cannot say now, or somebody else is at it; another time.
        return
    finally:
        await provider.close()


async def _repeat(
    inquiry: Inquiry, call: Unanswered, witness: Witness, provider: Provider, found: Findings
) -> None:
    """The very same call again: the provider answers what it answered, or takes what it never got."""
    pacer = Pacer(inquiry.worker.boot, inquiry.wall, inquiry.tick)
    bucket = Bucket(witness.name, witness.limit)
    taken = _taken(inquiry, call, pacer, bucket)
    if isinstance(taken, float) and taken <= PATIENCE:
        await asyncio.sleep(taken)
        taken = _taken(inquiry, call, pacer, bucket)
    if isinstance(taken, float):
        return
    call = taken
    began, stored = inquiry.wall(), [(letter.slots or b"", letter.key) for letter in call.letters]
    batch = witness.archive.again(call.variant, stored)
    sent, by_itself = await call_provider(provider, batch, inquiry, send_once)
    answers = list(zip(call.letters, sent.outcomes, strict=False))
    accepted = [(one.delivery, said.provider_id) for one, said in answers if said.verdict == Verdict.ACCEPTED]
    refused = [(one.delivery, said.detail) for one, said in answers if said.verdict == Verdict.REFUSED]
    evidence = f"{witness.name} answered the same call again"
    with inquiry.database.write() as connection:
        found.arrived += unanswered.settle(connection, call, accepted, [], [], evidence, inquiry.now())
        found.refused += unanswered.settle(connection, call, [], refused, [], evidence, inquiry.now())
        unanswered.end(connection, call, "repeated", inquiry.now())
        if by_itself:
            answered = bool(accepted or refused) or sent.fault is not None
            told = Told(began, answered, sent.trouble, bool(sent.turned_away), sent.retry_after)
            pacer.tell(connection, bucket, told)


def _taken(inquiry: Inquiry, call: Unanswered, pacer: Pacer, bucket: Bucket) -> Unanswered | float:
    """The call as this process's own, ready to be made again; or after how many seconds it may be tried again."""
    with inquiry.database.write() as connection:
        customers = [letter.customer for letter in call.letters]
        if inquiry.consent is None or look(connection, customers, inquiry.consent, inquiry.now()):
            return float("inf")
        permit = pacer.permit(connection, [bucket], len(call.letters))
        if permit.trying:
            # A closed way out is tried with one letter, and this is a whole call.
            pacer.give_back(connection, [bucket], permit, permit.letters)
            return CLOSED_SECONDS
        if not permit.letters:
            return CLOSED_SECONDS if permit.closed else permit.wait
        return unanswered.take(connection, call, inquiry.worker, inquiry.now())


async def _search(
    inquiry: Inquiry, call: Unanswered, witness: Witness, provider: LooksUp, lookup: Lookup, found: Findings
) -> None:
    """Asks by our own id, together with letters that must be found if the search is worth anything."""
    before = inquiry.now() - timedelta(seconds=2 * lookup.lag)
    with inquiry.database.read() as connection:
        known = unanswered.controls(connection, inquiry.run, witness.name, call.started_at, before, CONTROLS)
    doubts = [letter for letter in call.doubts if letter.slots]
    for start in range(0, len(doubts), SOUGHT_AT_ONCE):
        part = doubts[start : start + SOUGHT_AT_ONCE]
        sought = {
            letter.delivery: Sought(*witness.archive.whom(letter.slots or b""), letter.submitted_at)
            for letter in part
        }
        answer = await provider.look_up([*_sought(witness, known), *sought.values()])
        trusted = bool(known) and all(control.reference in answer for control in _sought(witness, known))
        accepted = [
            (delivery, answer[each.reference])
            for delivery, each in sought.items()
            if each.reference in answer
        ]
        missing = [delivery for delivery, each in sought.items() if each.reference not in answer]
        arrived = f"found at {witness.name} by our own id"
        unsent = f"not found at {witness.name}, where {len(known)} others were found"
        now = inquiry.now()
        with inquiry.database.write() as connection:
            found.arrived += unanswered.settle(connection, call, accepted, [], [], arrived, now)
            if trusted:
                found.unsent += unanswered.settle(connection, call, [], [], missing, unsent, now)


def _sought(witness: Witness, known: Sequence[Control]) -> list[Sought]:
    return [Sought(*witness.archive.whom(control.slots), control.submitted_at) for control in known]


def in_words(found: Findings) -> list[str]:
    """What was found out, for the notes of a run."""
    notes = []
    for number, words in (
        (found.arrived, "that were in doubt had arrived"),
        (found.unsent, "that were in doubt had not arrived and are sent again"),
        (found.refused, "that were in doubt were turned down"),
    ):
        if number:
            notes.append(f"{number:,} {'letter' if number == 1 else 'letters'} {words}")
    for words, number in Counter(
        {outlook.words: len(call.doubts) for call, outlook in found.left}
    ).most_common():
        notes.append(f"{number:,} uncertain: {words}")
    return notes
