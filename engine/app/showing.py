"""Wiring for looking: plans, single letters and the reason behind a decision, in transactions that are given up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.app import approving, handing, people, running, vouching
from engine.app.accounts import account_facts
from engine.app.desk import Desk
from engine.app.ruling import contact_facts
from engine.calendar import days_due
from engine.definitions.covering import covering_words
from engine.definitions.schema.campaign import Campaign
from engine.flows.plan.choosing import VariantKey
from engine.flows.plan.planning import Plan
from engine.flows.plan.spreading import allowances
from engine.flows.plan.timing import Waves
from engine.model.letter import Letter
from engine.model.report import Fact, PersonDecision, PlanReport, VariantLine, WhyReport
from engine.model.words import ACCEPTED_STATES, Reason, State
from engine.policy.rules import rules_for
from engine.providers.mime_wire import MimeWire
from engine.store import (
    counts,
    deliveries,
    persons,
    posts,
    runs,
    sender_days,
    subscriptions,
    suppressions,
    variants,
)
from engine.store.customers import Customer
from engine.store.deliveries import Delivery
from engine.templating.storing import load

if TYPE_CHECKING:
    from sqlalchemy import Connection


def planned(
    desk: Desk,
    connection: Connection,
    made: running.Draft,
    *,
    restrict: int | None = None,
    relaxed: bool = False,
) -> Plan:
    """The whole plan in the caller's transaction, as `send` would make it."""
    plan, keys = running.begin(desk, connection, made, restrict=restrict, relaxed=relaxed)
    known = posts.by_ids(connection, [number for key in keys.values() for number in key.post_ids])
    maker = running.composer(desk, connection, made.campaign)
    compiled = running.compile_variants(desk, maker, plan, keys, known)
    running.complete(desk, connection, maker, plan, keys, compiled)
    return plan


def plan_report(desk: Desk, made: running.Draft) -> PlanReport:
    """Who gets what and why; of an occurrence that is planned already, what stands in the ledger."""
    with desk.database.read() as connection:
        existing = runs.find(connection, made.campaign.campaign, made.occurrence)
        if existing is not None and existing.state != runs.PLANNING:
            return _report(desk, connection, made, existing, standing(desk, connection, existing))
    made = running.with_feeds(desk, made)
    with desk.trial() as connection:
        plan = planned(desk, connection, made)
        found = _report(desk, connection, made, plan.run, tuple(plan.notes), fresh=True)
        keys = [VariantKey.read(text) for _, text in variants.keys_of_run(connection, plan.run.id)]
    # Asked when the transaction is over: a provider may take its time.
    return replace(found, notes=(*found.notes, *vouching.unknown(desk, [key.sender for key in keys])))


def kept_report(desk: Desk, made: running.Draft, run: runs.Run, notes: Sequence[str]) -> PlanReport:
    """A run that was just planned and kept, as `plan` shows it."""
    with desk.database.read() as connection:
        planned = runs.get(connection, run.id) or run
        own = planned.snapshot.get("notes", ())
        return _report(desk, connection, made, planned, (*own, *notes, *_approval(planned)))


def standing(desk: Desk, connection: Connection, run: runs.Run) -> tuple[str, ...]:
    """How the run of an occurrence that is planned already stands, in words."""
    changes = approving.outdated(desk, connection, run) if approving.is_saved(run) else []
    told = [f"out of date, so `plan --save` must make a new one: {'; '.join(changes)}"] if changes else []
    return ("this occurrence is planned already", *_approval(run), *told)


def _approval(run: runs.Run) -> list[str]:
    if run.state == runs.AWAITING:
        return [
            f"saved as run {run.id}; nothing leaves before a person approves it: touchbase approve {run.id}"
        ]
    if run.approved_at is None:
        return []
    by = f" by {run.approved_by}" if run.approved_by else ""
    return [f"run {run.id} was approved{by} on {run.approved_at:%Y-%m-%d %H:%M} UTC"]


def _report(
    desk: Desk,
    connection: Connection,
    made: running.Draft,
    run: runs.Run,
    notes: tuple[str, ...],
    *,
    fresh: bool = False,
) -> PlanReport:
    lines, names = [], {}
    for place, (number, key, _, addressed) in enumerate(variants.of_run(connection, run.id)):
        names[number] = f"v{place + 1}"
        lines.append(
            _variant_line(desk, connection, made, names[number], VariantKey.read(key), number, addressed)
        )
    decided = [decision_of(row, names) for row in deliveries.of_run(connection, run.id)]
    if made.campaign.by_owner:
        whose = handing.planned_in_words(desk, connection, run.id, run.as_of)
        notes = (*notes, *filter(None, [whose or handing.made_in_words(connection, run.id)]))
    return PlanReport(
        campaign=made.campaign.campaign,
        title=made.campaign.name,
        occurrence=run.occurrence,
        as_of=run.as_of,
        counts=counts.counts(connection, run.id),
        variants=lines,
        people=decided,
        notes=notes,
        run="" if fresh else str(run.id),
        waves=counts.waves(connection, run.id) if has_moments(desk, made) else (),
        state="" if fresh else run.state,
        what="task" if made.campaign.by_owner else "letter",
    )


def has_moments(desk: Desk, made: running.Draft) -> bool:
    """Whether letters may be due at other moments than the run's: readers' own, after quiet hours, on later days."""
    if any(sender.at_most is not None for sender in desk.workspace.senders.values()):
        return True
    return made.waves is not None or rules_for(desk.workspace, made.campaign).quiet is not None


def _variant_line(
    desk: Desk,
    connection: Connection,
    made: running.Draft,
    name: str,
    key: VariantKey,
    number: int,
    people: int,
) -> VariantLine:
    known = posts.by_ids(connection, key.post_ids)
    stored = variants.get(connection, number)
    return VariantLine(
        name,
        people,
        stored.subject if stored is not None else "",
        desk.workspace.senders[key.sender].name if key.sender in desk.workspace.senders else key.sender,
        tuple(known[post].title for post in key.post_ids if post in known),
        (made.campaign.content.offer or "") if key.offer else "",
        covering_words(desk.workspace.senders, key.covers),
    )


def decision_of(row: Delivery, names: dict[int, str] | None = None) -> PersonDecision:
    """A delivery as a decision a person reads."""
    variant = (names or {}).get(row.variant or 0, "")
    if row.state is State.HELD_OUT:
        return PersonDecision(row.customer_id, row.address, "hold_out", Reason.HOLDOUT, row.detail, variant)
    if row.state in ACCEPTED_STATES:
        return PersonDecision(row.customer_id, row.address, "send", "", str(row.state), variant)
    if row.state in (State.SKIPPED, State.EXPIRED, State.CANCELLED, State.FAILED):
        return PersonDecision(row.customer_id, row.address, "skip", row.reason, row.detail, variant)
    return PersonDecision(row.customer_id, row.address, "send", row.reason, row.detail, variant)


@dataclass(frozen=True, slots=True)
class OneLetter:
    """A letter, the decision it hangs on, its variant, and its bytes as an .eml file."""

    delivery: Delivery
    key: VariantKey
    letter: Letter
    preheader: str
    message: bytes


def one_letter(desk: Desk, made: running.Draft, customer: int | None) -> OneLetter | None:
    """The letter one customer (or the first who gets one) would get.

    None where there is no letter: nobody is in the audience, or a value is missing.
    """
    trial = replace(made, occurrence=f"preview of {made.occurrence}", waves=None, dates=None, among=None)
    wire = MimeWire(utf8_addresses=True)
    with desk.trial() as connection:
        plan = planned(desk, connection, trial, restrict=customer, relaxed=customer is not None)
        row = deliveries.first_planned(connection, plan.run.id)
        if row is None or row.variant is None:
            return None
        stored = variants.get(connection, row.variant)
        assert stored is not None
        maker = running.composer(desk, connection, made.campaign)
        filler, people_of = maker.filler(load(stored.program), wire)
        offer = made.campaign.content.offer or ""
        values = persons.read(connection, people_of.wanted, offer, [row.id])
        slots = filler.slots(people_of(values[:1])[0])
        letter = filler.letter(slots)
        return OneLetter(
            row, VariantKey.read(stored.key), letter, filler.preheader_of(slots), wire.encode(letter)
        )


def decide(desk: Desk, made: running.Draft, customer: Customer) -> tuple[Delivery | None, list[Fact]]:
    """How a plan made now would decide for one customer, and what there is to say of the letter.

    None when the audience does not name them.
    """
    audience = made.campaign.audience
    # Whether somebody is picked depends on everybody else.
    alone = audience is None or audience.pick is None
    with desk.trial() as connection:
        plan = planned(desk, connection, made, restrict=customer.id if alone else None)
        row = deliveries.of_customer(connection, plan.run.id, customer.id)
        return row, list(_letter_facts(desk, connection, row))


def why(desk: Desk, made: running.Draft, customer: Customer) -> WhyReport:
    """The decision and every fact behind it: from the ledger where it is made, else as it would be made now."""
    with desk.database.read() as connection:
        run = runs.find(connection, made.campaign.campaign, made.occurrence)
        row = deliveries.of_customer(connection, run.id, customer.id) if run is not None else None
        letter = list(_letter_facts(desk, connection, row))
    if run is None or (row is None and run.state == runs.PLANNING):
        row, letter = decide(desk, running.with_feeds(desk, made), customer)
    with desk.database.read() as connection:
        facts = list(_facts(desk, connection, made, customer, row, letter))
        if run is not None:
            facts[1:1] = [Fact(words, run.state != runs.AWAITING) for words in _approval(run)]
    decision = (
        decision_of(row)
        if row is not None
        else PersonDecision(
            customer.customer_id,
            customer.email or "",
            "skip",
            Reason.NOT_SELECTED,
            _outside(made),
        )
    )
    return WhyReport(
        email=customer.email or "",
        customer_id=customer.customer_id,
        campaign=made.campaign.campaign,
        decision=decision,
        state=str(row.state) if row is not None and run is not None else "",
        run=str(run.id) if run is not None else "",
        facts=facts,
    )


def _outside(made: running.Draft) -> str:
    """What may keep somebody out of the audience altogether."""
    audience = made.campaign.audience
    if made.among is not None:
        return "not in the audience, or not one of those it is for now"
    if made.dates is not None:
        return "not in the audience, or not on this date"
    if audience is not None and audience.roles:
        return "in no segment of the audience, or without a role it asks for"
    return "in no segment of the audience"


def _facts(
    desk: Desk,
    connection: Connection,
    made: running.Draft,
    customer: Customer,
    row: Delivery | None,
    letter: Sequence[Fact],
) -> Iterator[Fact]:
    audience = made.campaign.audience
    yield Fact(
        f"occurrence {made.occurrence} of {made.campaign.campaign}, as of {made.moment:%Y-%m-%d %H:%M} UTC"
    )
    for word, names in (("include", audience.include), ("exclude", audience.exclude)) if audience else ():
        for name in names:
            yield from people.segment_facts(desk, connection, made.moment, name, customer, f"{word}: ")
    yield from _date_facts(made, customer, desk.zone)
    yield from account_facts(desk, made.campaign, customer, row)
    yield from _consent_facts(connection, made.campaign, customer)
    yield from contact_facts(desk, connection, made.campaign, customer, row, made.moment)
    yield from letter
    if row is not None and made.waves is not None:
        yield _due(made.waves, row, customer)


def _consent_facts(connection: Connection, campaign: Campaign, customer: Customer) -> Iterator[Fact]:
    if campaign.topic:
        said = subscriptions.topics(connection, customer.id).get(campaign.topic)
        words = {True: "subscribed to", False: "left", None: "never subscribed to"}[said]
        yield Fact(f"{words} {campaign.topic}", said is True)
    for stop in suppressions.of_address(connection, customer.address_hash) if customer.address_hash else ():
        end = f" until {stop.until:%Y-%m-%d}" if stop.until is not None else ""
        words = f"suppressed ({stop.scope}) since {stop.at:%Y-%m-%d}{end}: {stop.reason} {stop.detail}"
        yield Fact(words.rstrip(), False)


def _date_facts(made: running.Draft, customer: Customer, zone: ZoneInfo) -> Iterator[Fact]:
    """Whether the reader's own date is due, and when it is next."""
    schedule, own = made.campaign.schedule, made.dates
    if schedule is None or own is None:
        return
    value = customer.fields.get(own.field)
    if not isinstance(value, date):
        yield Fact(f"{own.field} has no value, so no day is theirs", False)
        return
    day = value.astimezone(zone).date() if isinstance(value, datetime) else value
    today = made.moment.astimezone(zone).date()
    coming = next(days_due(schedule, day, today), None)
    when = f"their next day is {coming}" if coming is not None else "their day is over"
    yield Fact(f"{own.field} is {day}: {when}", coming == today)


def _due(waves: Waves, row: Delivery, customer: Customer) -> Fact:
    """When the letter is due, on whose clock, and why that one."""
    written = customer.time_zone or ""
    zone = waves.known(written)
    due_at = row.due_at or waves.occurrence.at(zone)
    local = due_at.astimezone(zone)
    why = "their own clock"
    if not written:
        why = "the project's clock, because no time zone of theirs is known"
    elif zone.key != written:
        why = f"the project's clock, because `{written}` is no time zone"
    return Fact(
        f"due {local:%Y-%m-%d %H:%M} in {zone.key} ({why}), which is {due_at:%Y-%m-%d %H:%M} UTC",
        row.reason != Reason.TOO_LATE,
    )


def _letter_facts(desk: Desk, connection: Connection, row: Delivery | None) -> Iterator[Fact]:
    if row is None or row.variant is None:
        return
    stored = variants.get(connection, row.variant or 0)
    if stored is not None:
        key = VariantKey.read(stored.key)
        known = posts.by_ids(connection, key.post_ids)
        titles = [known[number].title for number in key.post_ids if number in known]
        covering = covering_words(desk.workspace.senders, key.covers)
        told = [f"from {key.sender}", *([covering] if covering else [])]
        yield Fact(", ".join([*told, *([f"posts: {'; '.join(titles)}"] if titles else [])]))
        allowance = allowances(desk.workspace).get(key.sender)
        if allowance is not None:
            left = sender_days.left_on(connection, key.sender, desk.now.astimezone(desk.zone).date())
            words = f"at most {allowance.at_most:,} a day from {allowance.name} ({left:,} so far today)"
            yield Fact(words, left < allowance.at_most, allowance.where)
    if row.provider:
        yield Fact(f"handed to {row.provider} as {row.provider_id or 'unknown'}, attempt {row.attempt}")
