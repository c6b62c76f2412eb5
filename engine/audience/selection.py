"""The audience of a run as one SELECT: everybody it names, each with a decision and its first reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    and_,
    any_,
    case,
    false,
    func,
    null,
    or_,
    select,
    union,
)
from sqlalchemy.sql.selectable import FromClause, NamedFromClause, Subquery

from engine.audience.conditions import GIVEN_STATES, People, in_segment
from engine.audience.contact import Bars, Contact, bars, field_text
from engine.audience.holdout import is_held_out
from engine.audience.moments import of_person, own_moments
from engine.audience.own_dates import OwnDates, is_due, sent_lately
from engine.audience.owning import Owning
from engine.audience.portable import POSTGRESQL
from engine.audience.profile import earlier_variants, given_offer, profile_text
from engine.audience.rulebook import Rulebook
from engine.audience.segments import segment_select
from engine.errors import Refused
from engine.model.words import Purpose, Reason, State
from engine.store import suppressions, tables

RULE = "rule {}"
"""How a rule of contact is named until its reason and detail are known; no reason has such a name."""

Reasons = list[tuple[ColumnElement[Any], str]]
"""Conditions, each with the reason it stands for."""


@dataclass(frozen=True)
class Selection:
    """What a run asks of the audience.

    Attributes:
        campaign, occurrence: name the run.
        include, exclude: segments; being in one of `include` is enough to be selected.
        purpose: service letters need no subscription and stop only at suppressions of everything.
        topic: what marketing letters must be subscribed to; "" asks for no subscription.
        holdout: the share, 0 to 1, that gets nothing.
        salt: names the experiment; "" is the campaign's own.
        fields: customer fields that decide the variant, in the order the profile gives them.
        offers: offers of which the profile says whether they were given before.
        owning: whose customer everybody is, where `fields` asks for that.
        only: the row id of the one customer to decide about; None decides about everybody.
        among: rows of customers; nobody else is decided about.
        waves: everybody is due at their own moment (see `moments.lay_out`), not at once.
        dates: only customers whose own date is due; None asks for no date.
        roles: only customers with one of these words in the field `role`; () asks for none.
        contact: the rules of contact to ask, with what they are asked with; None where there are none.
    """

    campaign: str
    occurrence: str
    include: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    purpose: Purpose = Purpose.MARKETING
    topic: str = ""
    holdout: float = 0.0
    salt: str = ""
    fields: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    owning: Owning | None = None
    only: int | None = None
    among: Select[Any] | None = None
    waves: bool = False
    dates: OwnDates | None = None
    contact: Contact | None = None
    role: str = ""
    roles: tuple[str, ...] = ()


def audience_select(rules: Rulebook, selection: Selection) -> Select[Any]:
    """One row for everybody in `include`: customer, state, reason, profile, address; detail and due_at where needed.

    The state is planned, held_out or skipped, with the first reason that applies, in this order: excluded,
    no_address, suppressed, unsubscribed, not_subscribed, shared_address (several selected customers have the
    address and it is not the lowest row's turn), already_sent (in this very occurrence, or a short time ago for the
    same date of theirs), too_late, the rules of contact, holdout. Who waits for the end of quiet hours, or for a rule, is
    planned, with that as the reason.

    Raises:
        Refused: a segment of `exclude` is unknown, empty or refers to itself; to go on would write to the
            very people who were to be spared.
        UnsupportedFeature: a test that has no meaning for the field's kind.
    """
    for name in selection.exclude:
        if not rules.is_sound(name):
            raise Refused(
                f"{selection.campaign} excludes `{name}`, which is unknown, empty or refers to itself",
                help="repair it in config/segments.yaml; nobody was selected",
            )
    ruled = bars(selection.contact, rules, rules.customers) if selection.contact is not None else Bars()
    decided = _decided(rules, selection, ruled)
    waiting = [decided.c.reason == RULE.format(number) for number, _ in ruled.numbered(waiting=True)]
    state = case(
        (or_(decided.c.reason.is_(None), *waiting), State.PLANNED.value),
        (decided.c.reason == Reason.HOLDOUT.value, State.HELD_OUT.value),
        else_=State.SKIPPED.value,
    )
    return select(
        decided.c.customer,
        state.label("state"),
        *_told(decided, selection, ruled),
        decided.c.profile,
        decided.c.address,
    )


def _told(decided: Subquery, selection: Selection, ruled: Bars) -> list[ColumnElement[Any]]:
    """Reason, detail and due moment; the last two only where somebody may have one."""
    reasons: list[tuple[ColumnElement[bool], Any]] = []
    details: list[tuple[ColumnElement[bool], Any]] = []
    if selection.waves:
        waits = and_(decided.c.reason.is_(None), decided.c.waits.is_not(None))
        reasons.append((waits, Reason.QUIET_HOURS.value))
        details += [(waits, decided.c.waits), (decided.c.reason == Reason.TOO_LATE.value, decided.c.late)]
    for number, bar in enumerate(ruled.found):
        reasons.append((decided.c.reason == RULE.format(number), bar.reason.value))
        details.append((decided.c.reason == RULE.format(number), bar.detail))
    reason = case(*reasons, else_=decided.c.reason).label("reason") if reasons else decided.c.reason
    told: list[ColumnElement[Any]] = [reason]
    if details:
        told.append(case(*details).label("detail"))
    return [*told, decided.c.due_at] if selection.waves else told


def _decided(rules: Rulebook, selection: Selection, ruled: Bars) -> Subquery:
    """Everybody selected with the first reason against them, NULL where there is none; a rule by its number.

    The OFFSET keeps both databases from merging this with the SELECT around it, which uses the reason twice and
    would have it worked out twice.
    """
    candidates = _candidates(rules, selection, rules.customers)
    people = candidates.people
    earlier = earlier_variants(selection.campaign)
    given = tuple(given_offer(offer, number) for number, offer in enumerate(selection.offers))
    first, sent = _first_of_address(rules, selection), _sent(selection)
    source = candidates.source.outerjoin(first, first.c.address_hash == people.c.address_hash)
    for joined in (earlier, *given, sent):
        source = source.outerjoin(joined, joined.c.customer == people.c.id)
    for joined_table, condition in ruled.joins:
        source = source.outerjoin(joined_table, condition)
    reasons: Reasons = [
        *candidates.barred,
        (and_(first.c.lowest.is_not(None), first.c.lowest != people.c.id), Reason.SHARED_ADDRESS.value),
        (sent.c.customer.is_not(None), Reason.ALREADY_SENT.value),
    ]
    if selection.dates is not None and selection.dates.again_after is not None:
        lately = sent_lately(selection.campaign, selection.occurrence, selection.dates.again_after)
        source = source.outerjoin(lately, lately.c.customer == people.c.id)
        reasons.append((lately.c.customer.is_not(None), Reason.ALREADY_SENT.value))
    if selection.waves:
        source = source.outerjoin(own_moments, of_person(people))
        reasons.append((own_moments.c.late.is_not(None), Reason.TOO_LATE.value))
    reasons += [(bar.condition, RULE.format(number)) for number, bar in ruled.numbered(waiting=False)]
    if selection.holdout > 0:
        salt = selection.salt or selection.campaign
        held = is_held_out(people.c.address_hash, salt, selection.holdout, rules.dialect)
        reasons.append((held, Reason.HOLDOUT.value))
    reasons += [(bar.condition, RULE.format(number)) for number, bar in ruled.numbered(waiting=True)]
    columns: list[ColumnElement[Any]] = [
        people.c.id.label("customer"),
        people.c.email.label("address"),
        profile_text(people, selection.fields, given, earlier, rules, selection.owning).label("profile"),
        case(*reasons, else_=null()).label("reason"),
    ]
    if selection.waves:
        columns += [own_moments.c.due_at, own_moments.c.late, own_moments.c.waits]
    chosen = select(*columns).select_from(source).where(candidates.included)
    if selection.only is not None:
        chosen = chosen.where(people.c.id == selection.only)
    if selection.among is not None:
        chosen = chosen.where(people.c.id.in_(selection.among))
    return chosen.offset(0).subquery("decided")


def candidates_select(rules: Rulebook, selection: Selection) -> Select[Any]:
    """The customers whom the audience names and nothing of their own bars: about those who will get the letter."""
    found = _candidates(rules, selection, rules.customers.alias())
    ids = select(found.people.c.id).select_from(found.source)
    return ids.where(found.included, case(*found.barred, else_=null()).is_(None))


def barred_select(rules: Rulebook, selection: Selection) -> Select[Any]:
    """Everybody whom something of their own bars, whoever is in the audience: `customer` and `reason`."""
    found = _candidates(rules, selection, rules.customers.alias())
    reason = case(*found.barred, else_=null())
    query = select(found.people.c.id.label("customer"), reason.label("reason")).select_from(found.source)
    return query.where(reason.is_not(None))


@dataclass(frozen=True)
class _Candidates:
    """Customers with what is joined to them, who of them is included, and what bars each of these."""

    people: People
    source: FromClause
    included: ColumnElement[bool]
    barred: Reasons


def _candidates(rules: Rulebook, selection: Selection, people: People, *, few: bool = False) -> _Candidates:
    """`few`: so few are asked about that each one's own rows are looked up, rather than sets made of everybody's."""
    excluded, suppressed = _excluded(rules, selection), _suppressed(rules, selection)
    said = tables.subscriptions.alias()
    source: FromClause = people
    if excluded is not None:
        source = source.outerjoin(excluded, excluded.c.customer == people.c.id)
    source = source.outerjoin(suppressed, suppressed.c.address_hash == people.c.address_hash)
    source = source.outerjoin(said, and_(said.c.customer == people.c.id, said.c.topic == selection.topic))
    barred = _barred(people, selection, excluded, suppressed, said)
    included = _included(rules, selection, people, flat=not few)
    if selection.dates is not None:
        included = and_(included, is_due(people, selection.dates, rules))
    if selection.roles:
        included = and_(included, field_text(people, selection.role, rules).in_(selection.roles))
    return _Candidates(people, source, included, barred)


def _included(rules: Rulebook, selection: Selection, people: People, *, flat: bool) -> ColumnElement[bool]:
    if not selection.include:
        return false()
    if len(selection.include) == 1:
        return in_segment(people, selection.include[0], rules, flat=flat)
    members = (segment_select(rules, name).subquery() for name in selection.include)
    return people.c.id.in_(union(*(select(member.c.id) for member in members)))


def _excluded(rules: Rulebook, selection: Selection) -> Subquery | None:
    if not selection.exclude:
        return None
    members = [segment_select(rules, name).subquery() for name in selection.exclude]
    every = union(*(select(member.c.id.label("customer")) for member in members))
    return every.subquery()


def _suppressed(rules: Rulebook, selection: Selection) -> Subquery:
    """Addresses that must not get this purpose at all, and those that left the topic, whoever has them.

    A pause counts as long as it lasts at the moment of planning; sending looks again.
    """
    stop, topic = tables.suppressions, f"topic:{selection.topic}"
    scopes = ["all"] if selection.purpose is Purpose.SERVICE else ["all", "marketing"]
    left = selection.purpose is not Purpose.SERVICE and bool(selection.topic)
    entirely = func.max(case((stop.c.scope.in_(scopes), 1), else_=0))
    return (
        select(stop.c.address_hash, entirely.label("entirely"))
        .where(stop.c.scope.in_([*scopes, topic] if left else scopes), suppressions.in_force(rules.as_of))
        .group_by(stop.c.address_hash)
        .subquery()
    )


def _sent(selection: Selection) -> Subquery:
    """Who already has a letter of this very occurrence, or may have."""
    delivery, run = tables.deliveries.alias(), tables.runs.alias()
    states = (*GIVEN_STATES, State.SUBMITTING)
    same_run = and_(run.c.campaign == selection.campaign, run.c.occurrence == selection.occurrence)
    return (
        select(delivery.c.customer)
        .join_from(run, delivery, delivery.c.run == run.c.id)
        .where(same_run, delivery.c.state.in_(states))
        .distinct()
        .subquery("sent")
    )


def _barred(
    people: People,
    selection: Selection,
    excluded: Subquery | None,
    suppressed: Subquery,
    said: NamedFromClause,
) -> Reasons:
    """What can bar a person whoever else is selected, the first that applies first."""
    reasons: Reasons = []
    if excluded is not None:
        reasons.append((excluded.c.customer.is_not(None), Reason.EXCLUDED.value))
    reasons.append((people.c.address_hash.is_(None), Reason.NO_ADDRESS.value))
    reasons.append((suppressed.c.entirely == 1, Reason.SUPPRESSED.value))
    if selection.topic and selection.purpose is not Purpose.SERVICE:
        left = or_(suppressed.c.entirely == 0, said.c.subscribed.is_(False))
        reasons.append((left, Reason.UNSUBSCRIBED.value))
        reasons.append((said.c.customer.is_(None), Reason.NOT_SUBSCRIBED.value))
    return reasons


def _first_of_address(rules: Rulebook, selection: Selection) -> Subquery:
    """For addresses that several customers have: the lowest row among those who could get the letter.

    Shared addresses are few and the index finds them, so that asking about their owners a second time is cheap;
    ranking everybody's address would sort a million of them.
    """
    everybody = tables.customers.alias()
    shared = (
        select(everybody.c.address_hash)
        .where(everybody.c.address_hash.is_not(None))
        .group_by(everybody.c.address_hash)
        .having(func.count() > 1)
    )
    rivals = _candidates(rules, selection, rules.customers.alias(), few=True)
    address = rivals.people.c.address_hash
    is_shared: ColumnElement[bool] = address.in_(shared)
    if rules.dialect == POSTGRESQL:
        # It believes that a third of all addresses are shared, and of an array that there is hardly anything in it.
        is_shared = address == any_(func.array(shared.scalar_subquery(), type_=ARRAY(Text)))
    return (
        select(address, func.min(rivals.people.c.id).label("lowest"))
        .select_from(rivals.source)
        .where(is_shared, rivals.included, case(*rivals.barred, else_=null()).is_(None))
        .group_by(address)
        .subquery("first_of_address")
    )
