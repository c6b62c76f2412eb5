"""Who will not have heard from us in time, and what prevents it: laid out in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from engine.audience import silences, silences_prevented
from engine.audience.owning import owning_of
from engine.audience.rulebook import Rulebook
from engine.audience.selection import Selection, barred_select, candidates_select
from engine.audience.silences import Outlook
from engine.calendar import occurrences
from engine.definitions.schema.campaign import Campaign, Status
from engine.definitions.workspace import Workspace
from engine.flows.plan.contacting import EARLIEST
from engine.policy.floors import Floors
from engine.policy.rules import label_of
from engine.store import pauses, runs, touches

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

UNDER_WAY = frozenset({runs.PLANNING, runs.AWAITING, runs.READY, runs.SENDING})
"""Runs whose letters will leave, unless something comes between."""

OCCURRENCE = "floor {}"
"""Which occurrence of a campaign fills the silences of a day."""

CONSENT = ("no_address", "suppressed", "unsubscribed", "not_subscribed")
"""What a person's own can bar them by, besides exclusions."""

TASK, OWNER = "task", "owner"
"""What prevents a silence besides campaigns: a task that is open, and one that will be made."""


@dataclass(frozen=True)
class Silences:
    """What is asked. `rules`: at the moment of asking."""

    workspace: Workspace
    floors: Floors
    rules: Rulebook

    def outlook(self, connection: Connection) -> Outlook:
        """With what has reached whom."""
        past = touches.recent_runs(connection, None)
        return Outlook(self.floors, self.rules, past, owning_of(self.workspace))

    def lay_out(self, connection: Connection, until: date, *, in_turn: bool = False) -> Outlook:
        """Every clock that runs out by the end of that day, and what prevents it already.

        `in_turn`: only those for whom something is to be done today.
        """
        outlook = self.outlook(connection)
        silences.lay_out(connection, outlook, until, in_turn=in_turn)
        self._under_way(connection)
        for day, campaign in self._coming(connection, until):
            candidates = self.candidates(campaign)
            silences_prevented.kept_by(connection, outlook, candidates, day, campaign.campaign)
        in_time_at = self.rules.as_of if in_turn else None
        silences_prevented.prevented_by_tasks(connection, TASK, in_time_at=in_time_at)
        return outlook

    def lay_missed_out(self, connection: Connection, since: datetime | None) -> Outlook:
        """Every clock that ran out before today, and what was on its way; since that moment, also touches too late."""
        outlook = self.outlook(connection)
        silences.lay_missed_out(connection, outlook, since)
        self._under_way(connection)
        silences_prevented.prevented_by_tasks(connection, TASK)
        return outlook

    def _under_way(self, connection: Connection) -> None:
        under_way = {
            run.id: run.campaign
            for run in runs.in_states(connection, UNDER_WAY)
            if run.label is None or self.floors.resets.by_letter(run.label)
        }
        silences_prevented.prevented_by_letters(connection, under_way)

    def candidates(self, campaign: Campaign) -> Select[tuple[int]]:
        """Whom a campaign may reach, as far as its audience and their consent say."""
        return candidates_select(self.rules, self._selection(campaign))

    def blame_consent(self, connection: Connection, campaign: Campaign) -> None:
        """Notes of those who are not in the campaign's audience what of their own would keep them from it, too."""
        found = barred_select(self.rules, replace(self._selection(campaign), exclude=()))
        silences_prevented.barred(connection, found, CONSENT)

    def _selection(self, campaign: Campaign) -> Selection:
        assert campaign.audience is not None
        return Selection(
            campaign=campaign.campaign,
            occurrence="",
            include=tuple(campaign.audience.include),
            exclude=tuple(campaign.audience.exclude),
            purpose=campaign.purpose,
            topic=campaign.topic or "",
        )

    def fillers(self) -> Iterator[Campaign]:
        """The campaigns of `fill` that may be sent, in their order."""
        for name in self.floors.fill:
            campaign = self.workspace.campaigns.get(name)
            if campaign is not None and campaign.audience is not None and campaign.status is Status.ACTIVE:
                yield campaign

    def _coming(self, connection: Connection, until: date) -> list[tuple[date, Campaign]]:
        """The next occurrence of every campaign that has one in time, the first first."""
        halted = {paused.campaign for paused in pauses.standing(connection)}
        found = []
        for name, campaign in self.workspace.campaigns.items():
            if name in halted or campaign.audience is None or campaign.status is not Status.ACTIVE:
                continue
            if not self.floors.resets.by_letter(label_of(campaign)):
                continue
            day = self._next_day(campaign)
            if day is not None and day < until:
                found.append((day, campaign))
        return sorted(found, key=lambda each: (each[0], each[1].campaign))

    def _next_day(self, campaign: Campaign) -> date | None:
        schedule, rules = campaign.schedule, self.rules
        if schedule is None or schedule.before is not None or schedule.after is not None:
            return None
        coming = occurrences(schedule, rules.as_of - EARLIEST, rules.zone)
        return next((found.day for found in coming if found.day > rules.today), None)


def day_of(occurrence: str) -> str:
    """The day whose silences an occurrence fills; "" for every other one."""
    before = OCCURRENCE.format("")
    return occurrence.removeprefix(before) if occurrence.startswith(before) else ""


def last_day(floors: Floors, today: date) -> date:
    """Silences that begin later need nothing yet."""
    return today + timedelta(days=floors.days_ahead)
