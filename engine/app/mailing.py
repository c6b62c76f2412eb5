"""Wiring for the moment of sending: this process as a sender, its ways out, and the wish to stop."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from typing import TYPE_CHECKING

from engine import clock
from engine.app import originality
from engine.app.desk import Desk
from engine.app.handing import hand_over
from engine.app.lettering import RunLetters, StoredLetters
from engine.app.people import rulebook
from engine.audience.owning import owning_of
from engine.calendar import RECIPIENT
from engine.content.offers import expiry
from engine.definitions.schema.campaign import Campaign
from engine.errors import ProviderError
from engine.flows.compose.composer import Composer
from engine.flows.deliver.brakes import Brakes
from engine.flows.deliver.gating import ContactGate
from engine.flows.deliver.order import Order
from engine.flows.deliver.pace import a_minute, a_second
from engine.flows.deliver.rationing import SendersRoom
from engine.flows.deliver.reconciling import Inquiry, Witness, in_words, reconcile
from engine.flows.deliver.sending import Sending, deliver
from engine.flows.deliver.ways import Way, with_fallback
from engine.flows.plan.choosing import VariantKey
from engine.flows.plan.spreading import allowances
from engine.flows.plan.timing import waves_of
from engine.flows.receive import suppressing
from engine.logs import scrubbed
from engine.model.words import Purpose
from engine.policy.rules import obeys, rules_for
from engine.store import runs, variants, workers
from engine.store.ledger import recovery
from engine.store.ledger.call import Consent

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger(__name__)

LANES = {"outbox": 1, "smtp": 2}
MOST_LANES = 2
"""Two calls in flight hide a local answer's time; more would only hold more bodies (docs/performance.md)."""


@dataclass(frozen=True, slots=True)
class Mailed:
    """What came of it, in letters. `fault`: why it ended early. `interrupted`: somebody wanted to stop.

    `notes`: what a person should know.
    """

    accepted: int = 0
    fault: ProviderError | None = None
    interrupted: bool = False
    notes: tuple[str, ...] = ()


def send_run(
    desk: Desk,
    maker: Composer,
    campaign: Campaign,
    run: runs.Run,
    *,
    doubts: int,
    limit: int | None,
    tell: Callable[[int], None],
    stop: Callable[[], bool] | None = None,
    until: datetime | None = None,
    senders: Mapping[int, str] | None = None,
) -> Mailed:
    """Send what is due of a run from this process. `doubts`: how many letters of it are uncertain.

    `stop`: whether somebody wants it to end; without it, a person sends and Ctrl-C says so. `until`: nothing is
    begun from that moment on. `senders`: who each variant is from.
    """
    per_minute, by_hand = campaign.safety.per_minute, stop is None
    copied = originality.note(desk)
    with _told_to_stop(stop) as stop, workers.sign_on(desk.database, clock.now()) as worker:
        with desk.database.write() as connection:
            doubts += recovery.recover(connection, desk.database.path, clock.now()).uncertain
        order = Order(
            database=desk.database,
            run=run.id,
            worker=worker,
            ways=() if campaign.by_owner else ways(desk, maker, campaign),
            consent=consent_of(campaign),
            now=clock.now,
            wall=clock.wall,
            tick=time.monotonic,
            chance=random.SystemRandom().random,
            stopping=stop,
            tell=tell,
            lanes=LANES.get(desk.provider_type(), MOST_LANES),
            limit=limit,
            limit_of_run=a_minute(per_minute) if per_minute else None,
            until=until,
            gate=gate_of(desk, campaign, run),
            room=room_of(desk, campaign),
            senders=senders or {},
            brakes=brakes(desk, campaign, run),
            impatient=by_hand,
            follow=suppressing.follow,
        )
        if campaign.by_owner:
            hand_over(desk, maker, campaign, order)
            mailed = Mailed(interrupted=stop())
        else:
            mailed = asyncio.run(_mail(order, inquiry_of(desk, run, worker, stop), doubts))
    _tell(run, mailed)
    copied = copied or originality.note(desk)
    return replace(mailed, notes=(*mailed.notes, f"{copied}; {originality.REMEDY}")) if copied else mailed


def _tell(run: runs.Run, mailed: Mailed) -> None:
    told = {"run": run.id, "campaign": run.campaign, "occurrence": run.occurrence, "letters": mailed.accepted}
    if mailed.fault is not None:
        log.warning("sending stopped", extra={**told, "reason": mailed.fault.message})
    elif mailed.accepted:
        log.info("letters sent", extra=told)


async def _mail(order: Order, inquiry: Inquiry, doubts: int) -> Mailed:
    """What is in doubt is settled first, where that can be; and in the end what this sending left in doubt."""
    notes = in_words(await reconcile(inquiry)) if doubts else []
    sending = await deliver(order)
    if sending.doubtful and not order.stopping():
        notes += in_words(await reconcile(inquiry))
    notes += _stepped_in(sending)
    notes += [scrubbed(line) for way, found in sending.senders.items() for line in found.in_words(way)]
    return Mailed(sending.accepted, sending.fault, order.stopping(), tuple(notes))


def inquiry_of(desk: Desk, run: runs.Run, worker: workers.Worker, stop: Callable[[], bool]) -> Inquiry:
    """Looking into the unanswered calls of a run, whichever of the workspace's providers they went to."""
    campaign = desk.workspace.campaigns.get(run.campaign)

    @cache
    def witness(name: str) -> Witness | None:
        if desk.workspace.project.options(name) is None:
            return None
        provider = desk.provider(name)
        limit = provider.limits.per_second
        return Witness(
            name=name,
            archive=StoredLetters(desk, provider),
            connect=lambda: desk.provider(name),
            limit=a_second(limit) if limit else None,
        )

    return Inquiry(
        database=desk.database,
        run=run.id,
        worker=worker,
        witness=witness,
        consent=consent_of(campaign) if campaign is not None else None,
        now=clock.now,
        wall=clock.wall,
        tick=time.monotonic,
        stopping=stop,
    )


def ways(desk: Desk, maker: Composer, campaign: Campaign) -> tuple[Way, ...]:
    """The chosen way out, and the one that steps in for it where the project names one."""
    found = tuple(_way(desk, maker, campaign, name) for name in desk.ways_out)
    return found if len(found) == 1 else with_fallback(*found)


def _way(desk: Desk, maker: Composer, campaign: Campaign, name: str) -> Way:
    provider = desk.provider(name)
    limit = provider.limits.per_second
    return Way(
        name=name,
        letters=RunLetters(desk, maker, provider, campaign.content.offer or ""),
        connect=lambda: desk.provider(name),
        limit=a_second(limit) if limit else None,
    )


def _stepped_in(sending: Sending) -> list[str]:
    """What happened where another way out stepped in, in words."""
    first, *others = (way.name for way in sending.order.ways)
    fault = sending.faults.get(first)
    return [
        f"{letters:,} {'letter' if letters == 1 else 'letters'} went through {name}, because {first} "
        + (f"refuses: {scrubbed(fault.message)}" if fault is not None else "was in trouble")
        for name, letters in sending.through.items()
        if name in others
    ]


def consent_of(campaign: Campaign) -> Consent:
    """What a reader must still agree to at the last moment."""
    return Consent(campaign.topic or "", campaign.purpose is Purpose.MARKETING and bool(campaign.topic))


def gate_of(desk: Desk, campaign: Campaign, run: runs.Run) -> ContactGate | None:
    """The rules that are asked once more when letters leave; None where there are none."""
    rules = rules_for(desk.workspace, campaign)
    names = campaign.audience.exclude if campaign.audience is not None else ()
    if not rules.any and not names:
        return None
    at = ("campaigns", campaign.campaign, "audience", "exclude")
    excluded = {name: desk.workspace.where(*at, number) for number, name in enumerate(names)}
    asked = partial(rulebook, desk)
    return ContactGate(rules, excluded, asked, desk.zone, run.as_of, owning_of(desk.workspace))


def room_of(desk: Desk, campaign: Campaign) -> SendersRoom | None:
    """How many letters each sender may write today; None where nobody has a number."""
    allowed = allowances(desk.workspace)
    if not allowed:
        return None
    known: dict[int, str] = {}

    def sender_of(connection: Connection, variant: int) -> str:
        if variant not in known:
            found = variants.get(connection, variant)
            known[variant] = VariantKey.read(found.key).sender if found is not None else ""
        return known[variant]

    return SendersRoom(
        {name: allowance.at_most for name, allowance in allowed.items()},
        {name: allowance.words for name, allowance in allowed.items()},
        sender_of,
        desk.zone,
        obeys(campaign),
    )


def brakes(desk: Desk, campaign: Campaign, run: runs.Run) -> Brakes:
    """What stops this run by itself. A letter is too late when the code in it has ended.

    Where readers have moments of their own, what waits grows old from the last of these on.
    """
    safety, offer = campaign.safety, desk.workspace.offers.get(campaign.content.offer or "")
    stop = safety.stop_if
    waves = waves_of(campaign, run.occurrence, run.as_of, desk.zone)
    begun = run.as_of if waves is None else max(run.as_of, waves.occurrence.closes(RECIPIENT))
    ends = [safety.max_age.after(begun)] if safety.max_age is not None else []
    if offer is not None and (end := expiry(offer.valid_for, offer.until, run.as_of, desk.zone)) is not None:
        ends.append(end if offer.at_least_left is None else offer.at_least_left.before(end))
    return Brakes(
        deadline=min(ends, default=None),
        bounces=stop.bounces.of_one if stop is not None and stop.bounces is not None else None,
        complaints=stop.complaints.of_one if stop is not None and stop.complaints is not None else None,
    )


@contextmanager
def _told_to_stop(given: Callable[[], bool] | None) -> Iterator[Callable[[], bool]]:
    if given is not None:
        yield given
        return
    with stopping() as asked:
        yield asked


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Turns Ctrl-C and SIGTERM into a wish to stop after the calls in flight; a second one stops at once."""
    asked = False

    def ask(number: int, _: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number in before:
            signal.signal(number, ask)
    except ValueError:
        # Not in the main thread: whoever runs us there decides when to stop.
        before = {}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
