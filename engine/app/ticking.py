"""Wiring for a tick: what the calendars ask for now is planned and begun, and what is due of begun runs is sent."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from engine.app import dispatching, running
from engine.app.desk import Desk
from engine.app.firing import fire, start_approved
from engine.app.following import why_not
from engine.calendar import clock_of
from engine.definitions.schema.campaign import Campaign, Status
from engine.errors import DefinitionsError, TouchbaseError
from engine.flows.advance import judging, watching
from engine.flows.advance.judging import Due, Passed
from engine.flows.deliver.sending import PAUSED
from engine.model.problem import Problem, Severity
from engine.model.report import RunReport
from engine.model.tick import Planned, Skipped, TickReport, Trouble
from engine.store import pauses, posts, runs, turns, watches
from engine.store.ledger import closing
from engine.store.ledger.discarding import discard
from engine.store.watches import Watch

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger(__name__)

Stopping = Callable[[], bool]

FAULT = "a fault of Touchbase itself, {name}; please report it"


def never() -> bool:
    """Nobody wants to stop."""
    return False


def tick(desk: Desk, now: datetime, stopping: Stopping = never) -> TickReport:
    """Watch the calendars, plan and begin what is due, and send what is due of runs that have begun.

    `now`: the moment, `clock.now()` outside of simulations. Doing it twice does nothing twice. What goes wrong with
    one campaign is told and tried again later; it stops no other. Raises StoreError when the database is out of
    reach.
    """
    desk = desk.at(now)
    watched = watch(desk, stopping)
    sent = send_due(desk, stopping) if not stopping() else TickReport(now, interrupted=True)
    return replace(
        watched,
        sent=sent.sent,
        troubles=(*watched.troubles, *sent.troubles),
        next_at=_earliest((watched.next_at, sent.next_at)),
        interrupted=sent.interrupted,
    )


def watch(desk: Desk, stopping: Stopping = never) -> TickReport:
    """Plan and begin every occurrence whose moment has come, and keep on record what was missed. Sends nothing."""
    look = _Look(desk)
    for campaign, found in look.due():
        if stopping():
            break
        look.act(campaign, found)
    look.end()
    return TickReport(desk.now, look.planned, look.missed, (), look.troubles, look.next_at)


class _Look:
    """One look at all calendars: what was written down before it, and what it came to."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.now = desk.now
        self.planned: list[Planned] = []
        self.missed: list[Skipped] = []
        self.troubles: list[Trouble] = []
        self.unread = [
            problem
            for problem in desk.problems
            if problem.severity is Severity.ERROR and desk.is_campaign_file(problem.file)
        ]
        with desk.database.read() as connection:
            written = watches.every(connection)
            self.halted = {paused.campaign: paused.reason or PAUSED for paused in pauses.standing(connection)}
            self.waiting = runs.waiting(connection)
            self.news = _news(desk, connection)
        self.watches = {name: watching.put_right(found, self.now) for name, found in written.items()}
        self.attended = {name: watching.attended(found) for name, found in written.items()}
        self.changed = {name for name, found in written.items() if self.watches[name] is not found}

    @property
    def next_at(self) -> datetime | None:
        """When a calendar is to be looked at again."""
        return _earliest(found.next_at for found in self.watches.values())

    def due(self) -> list[tuple[Campaign, Watch]]:
        """The campaigns whose calendars are to be looked at now; new ones are watched from now on."""
        found = []
        for name, campaign in self._watched().items():
            revision = self._revision(campaign)
            known = self.watches.get(name)
            if known is None:
                self._begin(campaign, revision)
            elif watching.is_due(known, revision, self.now) or self._prompted(campaign, known) is not None:
                found.append((campaign, known))
        return found

    def _prompted(self, campaign: Campaign, found: Watch) -> Due | None:
        """What new posts make due now."""
        schedule, (newest, last) = campaign.schedule, self.news.get(campaign.campaign, (None, None))
        if (
            schedule is None
            or newest is None
            or not watching.may_try(found, self.now)
            or self._halted(campaign)
        ):
            return None
        return judging.prompted_by(schedule, found, newest, last, self.now, self.desk.zone)

    def act(self, campaign: Campaign, found: Watch) -> None:
        """Deal with everything that has opened since the campaign was last looked at."""
        desk, schedule, name = self.desk, campaign.schedule, campaign.campaign
        assert schedule is not None
        revision = self._revision(campaign)
        opened = judging.passed_since(schedule, found, self.now, desk.zone)
        news = self._prompted(campaign, found)
        with desk.database.read() as connection:
            names = [one.name for one in (*opened, *([news.occurrence] if news is not None else []))]
            states = runs.states_of(connection, name, names) if names else {}
        decisions = judging.judge(schedule, opened, states, self._halted(campaign), self.now, desk.zone)
        if news is not None and states.get(news.occurrence.name, runs.PLANNING) in judging.NOT_BEGUN:
            decisions.append(news)
        trouble = None
        for decided in decisions:
            if isinstance(decided, Passed):
                self._miss(campaign, decided, found)
            else:
                trouble = self._fire(campaign, decided) or trouble
        if trouble is None:
            after = watching.looked(found, schedule, revision, self.now, desk.zone)
        else:
            after = watching.failed(found, revision, trouble.problem, self.now)
            self.troubles.append(replace(trouble, try_again_at=after.next_at))
        self.watches[name] = after
        with desk.database.write() as connection:
            watches.keep(connection, [after])
        self.changed.discard(name)

    def end(self) -> None:
        """Write down how far every calendar was looked at, and begin what was approved meanwhile."""
        self._late_waves()
        self._unread()
        for waiting in self.waiting:
            if waiting.state == runs.READY and waiting.due_at is not None:
                self._start(waiting)
        gone = self._gone()
        stale = [
            name
            for name, found in self.watches.items()
            if name not in self.changed and name not in gone and watching.is_stale(found, self.now)
        ]
        if not (stale or gone or self.changed):
            return
        with self.desk.database.write() as connection:
            watches.keep(connection, [self.watches[name] for name in sorted(self.changed - gone)])
            watches.look(connection, stale, self.now)
            watches.forget(connection, gone)

    def _watched(self) -> dict[str, Campaign]:
        return {
            name: campaign
            for name, campaign in self.desk.workspace.campaigns.items()
            if campaign.schedule is not None and campaign.status in (Status.ACTIVE, Status.PAUSED)
        }

    def _gone(self) -> set[str]:
        """Campaigns that have no calendar any more. One whose file cannot be read keeps its watch."""
        watched = self._watched()
        workspace = self.desk.workspace
        return {
            name
            for name in self.watches
            if name not in watched and (name in workspace.campaigns or not self.unread)
        }

    def _unread(self) -> None:
        """Campaigns whose moment has come and whose file cannot be read: they wait until it can."""
        for name, found in self.watches.items():
            if name in self.desk.workspace.campaigns or not self.unread:
                continue
            if not watching.is_due(found, found.revision, self.now):
                continue
            problem = _in_words(self.unread[0])
            self.watches[name] = watching.failed(found, found.revision, problem, self.now)
            self.changed.add(name)
            again = self.watches[name].next_at
            self.troubles.append(Trouble(name, problem, self.unread[0].help, try_again_at=again))

    def _revision(self, campaign: Campaign) -> str:
        known, schedule = self.desk.calendars, campaign.schedule
        assert schedule is not None
        if campaign.campaign not in known:
            known[campaign.campaign] = watching.revision_of(schedule, self.desk.zone)
        return known[campaign.campaign]

    def _begin(self, campaign: Campaign, revision: str) -> None:
        schedule = campaign.schedule
        assert schedule is not None
        made = watching.begin(campaign.campaign, schedule, revision, self.now, self.desk.zone)
        self.watches[campaign.campaign] = made
        self.changed.add(campaign.campaign)
        only = judging.before_the_watch(schedule, self.now, self.desk.zone)
        if only is not None:
            due_at = only.opens(clock_of(schedule, self.desk.zone))
            self._miss(campaign, Passed(only, due_at, "the campaign was first seen after its moment"), None)

    def _halted(self, campaign: Campaign) -> str:
        """Why nothing of the campaign is to leave, in words; "" where it may."""
        if campaign.campaign in self.halted:
            return f"paused: {self.halted[campaign.campaign]}"
        return (
            f"paused: {why_not(self.desk, campaign.campaign)}" if campaign.status is not Status.ACTIVE else ""
        )

    def _fire(self, campaign: Campaign, due: Due) -> Trouble | None:
        try:
            self.planned.append(fire(self.desk, campaign, due))
        except Exception as error:
            return _trouble(campaign.campaign, due.occurrence.name, error)
        return None

    def _miss(self, campaign: Campaign, passed: Passed, found: Watch | None) -> None:
        """Keep it on record; a plan nobody began makes room for that."""
        name, occurrence = campaign.campaign, passed.occurrence.name
        reason = f"{passed.reason}; {found.problem}" if found is not None and found.problem else passed.reason
        if _missed(self.desk, name, occurrence, passed.due_at, reason):
            self.missed.append(Skipped(name, occurrence, passed.due_at, reason))

    def _start(self, waiting: runs.Waiting) -> None:
        """A run that was due before a person approved of it."""
        campaign = self.desk.workspace.campaigns.get(waiting.campaign)
        if campaign is None or campaign.status is not Status.ACTIVE or waiting.campaign in self.halted:
            return
        try:
            started = start_approved(self.desk, campaign, waiting)
        except Exception as error:
            self.troubles.append(_trouble(waiting.campaign, waiting.occurrence, error))
            return
        if isinstance(started, Skipped):
            self.missed.append(started)
        elif started is not None:
            self.planned.append(started)

    def _late_waves(self) -> None:
        """Letters whose moment came while nothing looked after their campaign are late, as occurrences are."""
        for waiting in self.waiting:
            found = self.watches.get(waiting.campaign)
            campaign = self.desk.workspace.campaigns.get(waiting.campaign)
            if waiting.state != runs.SENDING or waiting.next_at is None or found is None or campaign is None:
                continue
            since = self.attended.get(waiting.campaign)
            schedule = campaign.schedule
            if since is None or schedule is None:
                continue
            before = watching.too_late_before(schedule.if_late, self.now)
            if waiting.next_at < before and since < before:
                detail = f"nothing was running when it was due, from {since:%Y-%m-%d %H:%M} UTC on"
                with self.desk.database.write() as connection:
                    closing.too_late(connection, waiting.run, since, before, detail, self.now)


def _news(desk: Desk, connection: Connection) -> dict[str, tuple[datetime | None, datetime | None]]:
    """Of each campaign that waits for new posts: since when the newest is news, and when it last had a run."""
    prompted = {
        name: [choice.feed for choice in campaign.content.feeds.values()]
        for name, campaign in desk.workspace.campaigns.items()
        if campaign.schedule is not None and campaign.schedule.when is not None
    }
    if not prompted:
        return {}
    newest = posts.newest(connection, sorted({feed for feeds in prompted.values() for feed in feeds}))
    last = runs.last_planned(connection, prompted)
    return {
        name: (max((newest[feed] for feed in feeds if feed in newest), default=None), last.get(name))
        for name, feeds in prompted.items()
    }


def send_due(desk: Desk, stopping: Stopping = never) -> TickReport:
    """Send what is due of every run that has begun, one after the other."""
    with desk.database.read() as connection:
        waiting = runs.waiting(connection)
        halted = {paused.campaign for paused in pauses.standing(connection)}
    sent: list[RunReport] = []
    troubles: list[Trouble] = []
    later: list[datetime | None] = []
    interrupted = False
    for run in waiting:
        if run.state != runs.SENDING or run.campaign in halted or why_not(desk, run.campaign):
            continue
        if run.next_at is not None and run.next_at > desk.now:
            later.append(run.next_at)
            continue
        if stopping() or interrupted:
            interrupted = True
            break
        try:
            report = dispatching.go_on(desk, run.run)
        except Exception as error:
            troubles.append(_trouble(run.campaign, run.occurrence, error))
            continue
        sent.append(report)
        interrupted = report.interrupted
        later.append(report.waves[0].at if report.waves else None)
    return TickReport(
        desk.now, sent=sent, troubles=troubles, next_at=_earliest(later), interrupted=interrupted
    )


def _missed(desk: Desk, campaign: str, occurrence: str, due_at: datetime, reason: str) -> bool:
    """Whether that is kept on record now; not where somebody has begun to send the occurrence after all."""
    with turns.alone(desk.database, *running.turn(campaign, occurrence)), desk.database.write() as connection:
        found = runs.find(connection, campaign, occurrence)
        if found is not None and found.state == runs.PLANNING:
            # Nobody plans while we have the turn: a dead process left it.
            discard(connection, found.id)
            found = None
        if found is None:
            return runs.miss(connection, campaign, occurrence, due_at, reason, desk.now)
        return closing.miss(connection, found.id, reason, desk.now)


def _trouble(campaign: str, occurrence: str, error: Exception) -> Trouble:
    """What went wrong with one occurrence, for people; a fault of our own stops no other campaign either."""
    if isinstance(error, DefinitionsError) and error.problems:
        first = error.problems[0]
        return Trouble(campaign, f"{occurrence}: {_in_words(first)}", first.help, error.exit_code)
    if isinstance(error, TouchbaseError):
        return Trouble(campaign, f"{occurrence}: {error.message}", error.help, error.exit_code)
    # The type alone: an address might stand in the text.
    log.error("a campaign could not be carried out", exc_info=error, extra={"campaign": campaign})
    return Trouble(campaign, f"{occurrence}: {FAULT.format(name=type(error).__name__)}")


def _in_words(problem: Problem) -> str:
    return (
        f"{problem.file}:{problem.line}: {problem.message}"
        if problem.line
        else f"{problem.file}: {problem.message}"
    )


def _earliest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)
