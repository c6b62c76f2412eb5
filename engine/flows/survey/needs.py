"""What goes no further without a person, the most pressing first, each with the command to type. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.content.known import HELD_FLOOD
from engine.model.feed_report import FeedLine
from engine.model.job import JobState
from engine.model.problem import Problem, Severity
from engine.model.status import Kind, Need, ProcessLine, TasksLine, WayLine
from engine.store.pauses import PausedCampaign
from engine.store.unfinished import Standing
from engine.store.watches import Watch

STILL = timedelta(minutes=15)
"""So long may a run with due letters stand still before somebody should look. A way out that takes nothing for
longer is told as that, and not once more for every run."""

FAILURES = 3
"""A feed or a job that failed so often in a row fails by more than chance."""

DAEMON = "daemon"


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is looked at.

    `storms`: held bounces by what names their run on the command line. `scheduled`: active campaigns with a
    schedule. `watches`: of the calendars that are looked at. `copied`: why the database may be a copy. `jobs`: those
    of whichever daemon was here last, none where none ever was. `digests`: owner, period, state and why of those that
    failed or may not have arrived. `refused`: campaign, why, and how many letters wait because of their sender.
    """

    runs: Sequence[Standing] = ()
    problems: Sequence[Problem] = ()
    pauses: Sequence[PausedCampaign] = ()
    storms: Mapping[str, int] = field(default_factory=dict)
    feeds: Sequence[FeedLine] = ()
    ways: Sequence[WayLine] = ()
    processes: Sequence[ProcessLine] = ()
    jobs: Sequence[JobState] = ()
    scheduled: int = 0
    copied: str = ""
    watches: Sequence[Watch] = ()
    tasks: Sequence[TasksLine] = ()
    digests: Sequence[tuple[str, str, str, str]] = ()
    refused: Sequence[tuple[str, str, int]] = ()


def needs(facts: Facts, now: datetime) -> list[Need]:
    """What needs a person, the most pressing first."""
    return [
        *_workspace(facts.problems),
        *_copy(facts.copied),
        *_ways(facts),
        *_senders(facts.refused),
        *_daemon(facts),
        *_approvals(facts.runs),
        *_paused(facts),
        *_standing_still(facts, now),
        *_unplanned(facts.watches),
        *_doubts(facts.runs),
        *_storms(facts.storms),
        *_feeds(facts.feeds),
        *_jobs(facts.jobs),
        *_tasks(facts.tasks),
        *_digests(facts.digests),
    ]


def _workspace(problems: Iterable[Problem]) -> Iterator[Need]:
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        first = errors[0]
        more = f" (and {len(errors) - 1} more)" if errors[1:] else ""
        what = f"{first.file}:{first.line}: {first.message}{more}; what it concerns is not sent"
        yield Need(Kind.WORKSPACE, what, "touchbase check")


def _copy(doubt: str) -> Iterator[Need]:
    if doubt:
        yield Need(Kind.COPY, f"{doubt}; nothing is sent by itself", "touchbase doctor --accept-copy")


def _ways(facts: Facts) -> Iterator[Need]:
    waiting = sum(run.pending for run in facts.runs)
    for way in facts.ways:
        if way.closed:
            letters = f"; {_letters(waiting)} waiting" if waiting else ""
            yield Need(Kind.PROVIDER, f"{way.trouble}{letters}", "touchbase doctor")


def _daemon(facts: Facts) -> Iterator[Need]:
    if facts.scheduled and facts.jobs and not any(process.role == DAEMON for process in facts.processes):
        last = max((job.ended_at for job in facts.jobs if job.ended_at is not None), default=None)
        since = f"; it last did something at {last:%Y-%m-%d %H:%M} UTC" if last is not None else ""
        yield Need(
            Kind.DAEMON, f"the daemon does not run, so no schedule is carried out{since}", "touchbase run"
        )


def _approvals(runs: Iterable[Standing]) -> Iterator[Need]:
    for run in runs:
        if run.state == "awaiting" and run.reason:
            again = f"touchbase plan {run.campaign} --save --occurrence {shlex.quote(run.occurrence)}"
            yield Need(Kind.APPROVAL, f"{_named(run)} was approved, but {run.reason}", again)
        elif run.state == "awaiting":
            what = f"{_named(run)} is planned for {run.pending:,} people and waits for approval"
            yield Need(Kind.APPROVAL, what, f"touchbase approve {run.run}")


def _paused(facts: Facts) -> Iterator[Need]:
    """Runs that stopped by themselves. What a person paused, they know of."""
    by_hand = {pause.campaign for pause in facts.pauses}
    for run in facts.runs:
        if run.state == "paused" and run.campaign not in by_hand:
            what = (
                f"{_named(run)} stopped with {_letters(run.pending)} to go: {run.reason or 'no reason given'}"
            )
            yield Need(Kind.PAUSED, what, f"touchbase resume {run.campaign}")


def _standing_still(facts: Facts, now: datetime) -> Iterator[Need]:
    closed = bool(facts.ways) and all(way.closed for way in facts.ways)
    for run in facts.runs:
        if run.state == "planning" and now - run.created_at > STILL:
            yield Need(Kind.STUCK, f"{_named(run)} was never planned to the end", _send(run))
        if run.state not in ("ready", "sending") or closed:
            continue
        # What a process that is gone had in its hands is due again as soon as somebody takes it back.
        if not facts.processes and (left := run.due + run.in_flight):
            what = f"{_letters(left)} of {_named(run)} could leave now, and nobody sends"
            yield Need(Kind.WAITING, what, _send(run))
        elif facts.processes and run.due_since is not None:
            moved = max(filter(None, (run.due_since, run.last_call)))
            if now - moved > STILL:
                what = f"{_named(run)} stands still since {moved:%Y-%m-%d %H:%M} UTC with {_letters(run.due)} due"
                yield Need(Kind.STUCK, what, f"touchbase runs {run.run}")


def _unplanned(watches: Iterable[Watch]) -> Iterator[Need]:
    for watch in watches:
        if watch.problem:
            what = f"{watch.campaign} could not be planned at its moment, tried {_times(watch.tries)}: {watch.problem}"
            yield Need(Kind.UNPLANNED, what, f"touchbase plan {watch.campaign}")


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _doubts(runs: Iterable[Standing]) -> Iterator[Need]:
    for run in runs:
        if run.uncertain:
            what = f"{_letters(run.uncertain)} of {_named(run)} may or may not have arrived"
            yield Need(Kind.UNCERTAIN, what, f"touchbase resolve {run.run}")


def _storms(storms: Mapping[str, int]) -> Iterator[Need]:
    for run, bounces in storms.items():
        what = f"{bounces:,} bounces of run {run} look like a storm and wait for a person's word"
        yield Need(Kind.BOUNCES, what, "touchbase heard")


def _feeds(feeds: Iterable[FeedLine]) -> Iterator[Need]:
    for feed in feeds:
        if feed.state == "gone":
            yield Need(
                Kind.FEED,
                f"the feed {feed.feed} is gone for good: {feed.failure}",
                f"touchbase feeds {feed.feed}",
            )
        elif feed.failures >= FAILURES:
            what = f"the feed {feed.feed} could not be read {feed.failures} times in a row: {feed.failure}"
            yield Need(Kind.FEED, what, f"touchbase feeds {feed.feed} --read")
        if held := feed.waiting.get(HELD_FLOOD):
            what = f"{held:,} posts of the feed {feed.feed} are held: {HELD_FLOOD}"
            yield Need(Kind.POSTS, what, f"touchbase feeds {feed.feed}")


def _jobs(jobs: Iterable[JobState]) -> Iterator[Need]:
    for job in jobs:
        if job.failures >= FAILURES:
            what = f"the daemon's job “{job.name}” failed {job.failures} times in a row: {job.error}"
            yield Need(Kind.JOB, what, "touchbase doctor")


def _tasks(tasks: Iterable[TasksLine]) -> Iterator[Need]:
    for line in tasks:
        if line.long:
            whose = f" of {line.owner}" if line.owner else ""
            are = "task is" if line.long == 1 else "tasks are"
            what = f"{line.long:,} {are} overdue for more than a week{whose}"
            yield Need(Kind.TASKS, what, f"touchbase tasks{f' --owner {line.owner}' if line.owner else ''}")


def _senders(refused: Iterable[tuple[str, str, int]]) -> Iterator[Need]:
    for campaign, why, letters in refused:
        what = f"{_letters(letters)} of {campaign} wait because of their sender: {why}"
        yield Need(Kind.SENDER, what, f"touchbase send {shlex.quote(campaign)}")


def _digests(digests: Iterable[tuple[str, str, str, str]]) -> Iterator[Need]:
    for owner, period, state, detail in digests:
        became = "may or may not have arrived" if state == "uncertain" else "did not leave"
        what = f"the digest of {owner} ({period}) {became}{f': {detail}' if detail else ''}"
        yield Need(Kind.DIGEST, what, f"touchbase digest {owner} --send")


def _named(run: Standing) -> str:
    return f"run {run.run} of {run.campaign} ({run.occurrence})"


def _letters(number: int) -> str:
    return f"{number:,} letter{'' if number == 1 else 's'}"


def _send(run: Standing) -> str:
    return f"touchbase send {run.campaign} --occurrence {run.occurrence}"
