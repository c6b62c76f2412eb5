"""Wiring for digests: what an owner is told, gathered from every room at one moment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from engine.app import silence
from engine.app.desk import Desk
from engine.app.people import rulebook
from engine.app.silence import Lapsing
from engine.audience import owner_digest
from engine.audience.owner_digest import Happened
from engine.audience.owning import owning_of
from engine.calendar import clock_of, occurrences
from engine.calendar.digests import Period, period_at
from engine.definitions.covering import covered_by
from engine.definitions.schema.campaign import Campaign, Status
from engine.definitions.schema.digest import DigestRhythm
from engine.definitions.schema.senders import ACCOUNT_OWNER
from engine.model.built_in_events import OwnEvent
from engine.model.digest import Digest, DigestLine, DigestPart
from engine.model.heard import News
from engine.model.silence import SilentPerson
from engine.store import digests, task_times, tasks
from engine.store.tasks import Task
from engine.store.touches_by_people import ANSWERS

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

SHOWN = 10
"""Lines of each part; how many there are in all stands above them."""

MOST_TASKS = 1_000
"""Tasks looked at: nobody reads of more in a letter."""

LONGEST = timedelta(days=31)
"""A digest tells of so much at most, however long the last one is ago."""

AHEAD = timedelta(days=7)
END_OF_DAY = time(23, 59)
NOTHING_LAPSES: Mapping[str, Lapsing] = {}
TROUBLE = (News.BOUNCED, News.COMPLAINED, News.UNSUBSCRIBED)
CHANGES = (OwnEvent.TIER_CHANGED, OwnEvent.OWNER_CHANGED, OwnEvent.STAGE_CHANGED)


def rhythm_of(desk: Desk, name: str) -> DigestRhythm | None:
    """When the sender's digest is due; None for those who get none."""
    owner = desk.workspace.account_owner
    found = desk.workspace.senders[name].digest or (owner.digest if owner is not None else None)
    return None if found is None or found.never else found


def period_of(desk: Desk, name: str) -> Period:
    """The sender's period at this moment; that of a daily digest for those who get none by themselves."""
    return period_at(rhythm_of(desk, name) or DigestRhythm(), desk.now, desk.zone)


def lapsing_of(desk: Desk, names: Sequence[str]) -> Mapping[str, Lapsing]:
    """Whose floor runs out within a week, for these senders and those they stand in for."""
    today = desk.now.astimezone(desk.zone).date()
    owners = [each for name in names for each in (name, *covered_by(desk.workspace.senders, name, today))]
    return silence.lapsing(desk, today + AHEAD, list(dict.fromkeys(owners)), SHOWN)


def digest_of(
    desk: Desk, connection: Connection, name: str, lapsing: Mapping[str, Lapsing] = NOTHING_LAPSES
) -> Digest:
    """What the sender is told now: from where their last digest ended to this moment. `lapsing`: see lapsing_of."""
    sender, period = desk.workspace.senders[name], period_of(desk, name)
    told = digests.told_until(connection, [name]).get(name, period.begins)
    since = max(told, desk.now - LONGEST)
    today = desk.now.astimezone(desk.zone).date()
    covered = covered_by(desk.workspace.senders, name, today)
    rules, owning = rulebook(desk, desk.now), owning_of(desk.workspace)
    whose = owner_digest.owned(rules, owning, (name, *covered))
    asked = Asked(desk, connection, (name, *covered), whose, since, desk.now, period.following, lapsing)
    return Digest(
        owner=name,
        name=sender.name,
        address=sender.reply_to or sender.email,
        period=period.name,
        since=since,
        until=desk.now,
        customers=owner_digest.customers(connection, whose),
        parts=[part for part in asked.parts() if part.number],
        covers=[desk.workspace.senders[each].name for each in covered],
    )


@dataclass(frozen=True)
class Asked:
    """What one digest is gathered with. `names`: the owner, and those they stand in for. `whose`: their customers.

    `following`: when the next digest is due.
    """

    desk: Desk
    connection: Connection
    names: tuple[str, ...]
    whose: Select[tuple[int]]
    since: datetime
    until: datetime
    following: datetime
    lapsing: Mapping[str, Lapsing]

    def parts(self) -> Iterator[DigestPart]:
        """Every part, also those with nothing in them; what presses most comes first."""
        yield from self._tasks()
        yield self._events("answered", "They answered", ANSWERS)
        yield self._events("trouble", "Came back, complained or left", [str(news) for news in TROUBLE])
        yield self._lapsing()
        yield self._heard()
        yield self._coming()
        yield self._events("changes", "Changes", [str(change) for change in CHANGES])

    def _tasks(self) -> Iterator[DigestPart]:
        connection, now = self.connection, self.until
        waiting = task_times.waiting(connection, now, now)
        overdue = sum(each.overdue for each in waiting if each.owner in self.names)
        found = tasks.listed(
            connection,
            now,
            owner=self.names[0],
            covered=self.names[1:],
            until=self.following,
            limit=MOST_TASKS,
        )
        late = [task for task in found if task.due_at is not None and task.due_at < now]
        due = [task for task in found if task not in late]
        yield DigestPart("overdue", "Overdue", overdue, [self._task(task) for task in late[:SHOWN]])
        yield DigestPart("due", "To do next", len(due), [self._task(task) for task in due[:SHOWN]])

    def _task(self, task: Task) -> DigestLine:
        why = f"task {task.id}" + (f" · {task.reason}" if task.reason else "")
        return DigestLine(
            f"{task.kind}: {task.title}", task.email or task.customer_id, why, task.due_at, "due"
        )

    def _events(self, key: str, title: str, names: Sequence[str]) -> DigestPart:
        number, found = owner_digest.events(self.connection, self.whose, names, self.since, self.until, SHOWN)
        return DigestPart(key, title, number, [_event(each) for each in found])

    def _heard(self) -> DigestPart:
        """Letters by campaign, then what people did."""
        sent = owner_digest.letters_sent(self.connection, self.whose, self.since, self.until)
        number, made = owner_digest.touches_made(self.connection, self.whose, self.since, self.until, SHOWN)
        lines = [
            DigestLine(f"{self._title(each.campaign)}: {_letters(each.number)}", at=each.at)
            for each in sent[:SHOWN]
        ]
        lines += [
            DigestLine(f"{each.what} by {each.by}" if each.by else each.what, each.who, each.detail, each.at)
            for each in made
        ]
        total = sum(each.number for each in sent) + number
        return DigestPart("heard", "Heard from you", total, lines)

    def _lapsing(self) -> DigestPart:
        """Those whose floor runs out within a week, or has."""
        found = [self.lapsing.get(name, Lapsing()) for name in self.names]
        people = [person for each in found for person in each.people]
        lines = [self._silent(person) for person in people[:SHOWN]]
        return DigestPart("lapsing", "Should hear from us", sum(each.number for each in found), lines)

    def _silent(self, person: SilentPerson) -> DigestLine:
        end = datetime.combine(person.until, END_OF_DAY, self.desk.zone)
        by_owner = {"task": "your task sees to it", "owner": "you will get a task"}
        why = by_owner.get(person.filler, f"{person.filler} goes to them") if person.filler else ""
        before = "since" if person.missed else "until"
        return DigestLine(person.floor, person.email or person.customer_id, why, end, before)

    def _coming(self) -> DigestPart:
        """Letters that are planned already, then what the calendars say, until the next digest."""
        waiting = owner_digest.letters_waiting(self.connection, self.whose)
        lines = [
            DigestLine(f"{self._title(each.campaign)}: {_letters(each.number)} planned", at=each.at)
            for each in waiting[:SHOWN]
        ]
        planned = {each.campaign for each in waiting}
        lines += [
            DigestLine(f"{campaign.name}: {'tasks' if campaign.by_owner else 'letters'}", at=at)
            for campaign, at in self._calendar()
            if campaign.campaign not in planned
        ]
        return DigestPart("coming", "Will hear from you", len(lines), lines[:SHOWN])

    def _calendar(self) -> list[tuple[Campaign, datetime]]:
        found = []
        for campaign in self.desk.workspace.campaigns.values():
            theirs = campaign.sender in (*self.names, ACCOUNT_OWNER) or campaign.by_owner
            if campaign.status is not Status.ACTIVE or campaign.schedule is None or not theirs:
                continue
            coming = next(occurrences(campaign.schedule, self.until, self.desk.zone), None)
            if coming is not None:
                at = coming.opens(clock_of(campaign.schedule, self.desk.zone))
                found.append((campaign, at))
        return sorted(
            ((campaign, at) for campaign, at in found if at < self.following),
            key=lambda each: (each[1], each[0].campaign),
        )

    def _title(self, campaign: str) -> str:
        found = self.desk.workspace.campaigns.get(campaign)
        return found.name if found is not None else campaign


def _event(found: Happened) -> DigestLine:
    """A change as `tier: gold → platinum`, anything else with its fields."""
    fields = json.loads(found.detail or "{}")
    kind, _, verb = found.what.rpartition("_")
    if verb == "changed" and "to" in fields:
        before = f"{fields['from']} → " if fields.get("from") else ""
        return DigestLine(
            f"{kind}: {before}{fields['to']}", found.who, str(fields.get("reason", "")), found.at
        )
    told = ", ".join(f"{name} {value}" for name, value in fields.items())
    return DigestLine(found.what, found.who, told, found.at)


def _letters(number: int) -> str:
    return f"{number:,} letter{'' if number == 1 else 's'}"
