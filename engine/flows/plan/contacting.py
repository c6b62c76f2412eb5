"""The rules of contact for a run that is being planned: what they are asked with, and when they move its letters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.audience import moments
from engine.audience.clocks import Clocks, known_zone
from engine.audience.contact import Contact
from engine.audience.moments import OwnMoment
from engine.audience.selection import Selection, candidates_select
from engine.audience.sunset import returning
from engine.calendar import occurrence, occurrences
from engine.definitions.schema.campaign import Campaign, Status
from engine.model.contact import Label
from engine.policy import deciding
from engine.policy.rules import ByPeople, Rules, label_of, rules_for
from engine.policy.sunset import ladder_of
from engine.store import runs, stages, touches, touches_by_people

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

    from engine.flows.plan.planning import Plan

EARLIEST = timedelta(days=2)
"""An occurrence of today opens somewhere in the world at most so long before."""


def label(connection: Connection, plan: Plan) -> None:
    """Writes down what the policy knows the run by, and the runs from before anybody wrote it down."""
    touches.label(connection, plan.run.id, label_of(plan.campaign))
    touches.label_earlier(connection, (label_of(campaign) for campaign in plan.workspace.campaigns.values()))


def bring_back(connection: Connection, plan: Plan) -> None:
    """Whoever gave a sign of life since sunset was worked out is engaged again, and may be written to at once."""
    ladder = ladder_of(plan.workspace)
    if ladder is None or plan.relaxed:
        return
    if stages.lay_out(connection, returning(plan.rules, ladder)):
        # Somebody else may be bringing them back at this moment.
        stages.hold(connection)
        if stages.lay_out(connection, returning(plan.rules, ladder)):
            stages.take_effect(connection, plan.now)


def contact_of(connection: Connection, plan: Plan) -> Contact | None:
    """What the rules are asked with; None where no rule concerns the campaign, or everything is overlooked."""
    rules = rules_for(plan.workspace, plan.campaign)
    if plan.relaxed or not rules.any:
        return None
    if rules.people.kinds and not touches_by_people.any_of(connection, rules.counted_kinds):
        rules = replace(rules, people=ByPeople())
    zone = plan.rules.zone
    written = moments.zones(connection, plan.only) if rules.counting or rules.quiet is not None else ()
    coming = tuple(_coming(connection, plan, rules))
    return Contact(
        rules,
        Clocks.reading(written, zone),
        due=lambda place: _due(plan, place),
        past=cache(lambda since: touches.recent_runs(connection, since)),
        waiting=_waiting(connection, plan, rules),
        coming=coming,
        only=plan.only,
    )


def own_moments(connection: Connection, plan: Plan, contact: Contact | None) -> list[OwnMoment] | None:
    """When the people of every zone are due, outside quiet hours; None where everybody is due at once."""
    quiet = contact.rules.quiet if contact is not None else None
    if plan.waves is None and quiet is None:
        return None
    return [_own_moment(plan, contact, zone) for zone in moments.zones(connection, plan.only)]


def _own_moment(plan: Plan, contact: Contact | None, written: str) -> OwnMoment:
    zone = known_zone(written, plan.rules.zone)
    found = OwnMoment(written, plan.moment) if plan.waves is None else plan.waves.moment_in(written)
    if contact is None or contact.rules.quiet is None:
        return found
    due, leaves = contact.due(zone), contact.leaves(zone)
    if leaves <= due:
        return found
    words, where = deciding.quiet_words(contact.rules, zone, plan.rules.zone, due)
    return replace(found, due_at=leaves, waits=deciding.detailed(where, words))


def _due(plan: Plan, zone: ZoneInfo) -> datetime:
    """When the letter is due for people of a zone; what was due before leaves now."""
    if plan.waves is None:
        return plan.moment
    return max(plan.waves.occurrence.at(zone), plan.moment)


def _waiting(connection: Connection, plan: Plan, rules: Rules) -> Mapping[int, Label]:
    found = touches.unfinished_runs(connection, rules.ahead) if rules.ahead else {}
    return {run: known_by for run, known_by in found.items() if run != plan.run.id}


def _coming(connection: Connection, plan: Plan, rules: Rules) -> Iterator[tuple[Label, Select[tuple[int]]]]:
    """Campaigns further up in `order` that are due later today and not planned yet, and whom they will reach."""
    for name in rules.ahead:
        campaign = plan.workspace.campaigns.get(name)
        if campaign is None or campaign.audience is None or campaign.status is not Status.ACTIVE:
            continue
        if not is_due_today(campaign, plan.moment, plan.rules.zone) or _is_planned(
            connection, plan, campaign
        ):
            continue
        selection = Selection(
            campaign=name,
            occurrence="",
            include=tuple(campaign.audience.include),
            exclude=tuple(campaign.audience.exclude),
            purpose=campaign.purpose,
            topic=campaign.topic or "",
            role=plan.workspace.customers.role_field,
            roles=tuple(campaign.audience.roles),
        )
        yield label_of(campaign), candidates_select(plan.rules, selection)


def is_due_today(campaign: Campaign, moment: datetime, zone: ZoneInfo) -> bool:
    """Whether the campaign's calendar has an occurrence on the day of that moment. Those by a customer's date are
    not looked at: they reach few."""
    schedule = campaign.schedule
    if schedule is None or schedule.before is not None or schedule.after is not None:
        return False
    today = moment.astimezone(zone).date()
    until_today = takewhile(lambda found: found.day <= today, occurrences(schedule, moment - EARLIEST, zone))
    return any(found.day == today for found in until_today)


def _is_planned(connection: Connection, plan: Plan, campaign: Campaign) -> bool:
    run = runs.find(connection, campaign.campaign, occurrence(campaign, plan.moment, plan.rules.zone))
    return run is not None and run.state != runs.PLANNING
