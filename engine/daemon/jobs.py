"""Everything the daemon does by itself, on one page: what, how often, and the app's method that does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from engine.app.household import Household
from engine.model.job import Outcome


@dataclass(frozen=True, slots=True)
class Job:
    """One job. `every`: the pause between two starts; a job never runs twice at once. `wakes`: who is to look next."""

    name: str
    does: str
    every: timedelta
    act: Callable[[Household], Outcome]
    wakes: tuple[str, ...] = ()


def seconds(number: int) -> timedelta:
    """So many seconds."""
    return timedelta(seconds=number)


def in_words(every: timedelta) -> str:
    """`15 seconds`, `2 minutes`, `6 hours`."""
    number = int(every.total_seconds())
    for unit, size in (("hour", 3600), ("minute", 60)):
        if number % size == 0:
            return f"{number // size} {unit}{'' if number == size else 's'}"
    return f"{number} seconds"


JOBS = (
    Job(
        "follow files",
        "takes over edited files after a full check; stops campaigns that are not active any more",
        seconds(60),
        Household.follow_files,
        wakes=("watch calendars",),
    ),
    Job(
        "leases",
        "queues again what dead processes had claimed; what they had sent is in doubt",
        seconds(60),
        Household.take_back,
        wakes=("send",),
    ),
    Job(
        "reconcile",
        "finds out by evidence what became of letters in doubt",
        seconds(120),
        Household.reconcile,
    ),
    Job(
        "tiers",
        "computes all tiers once in each period of `recompute` in config/tiers.yaml",
        timedelta(minutes=10),
        Household.compute_tiers,
        wakes=("watch calendars",),
    ),
    Job(
        "owners",
        "gives customers without a person of their own to somebody, as `account-owner` in config/senders.yaml says",
        timedelta(hours=1),
        Household.assign_owners,
    ),
    Job(
        "watch calendars",
        "plans and begins every occurrence whose moment has come; keeps on record what was missed",
        seconds(15),
        Household.watch_calendars,
        wakes=("send",),
    ),
    Job(
        "floors",
        "once a day: fills silences before a floor of `policy.cadence` is missed, and notes those that were",
        seconds(600),
        Household.fill_silences,
        wakes=("send",),
    ),
    Job(
        "sunset",
        "works out once a day who does nothing with our letters, and asks whom is to be asked for the last time",
        timedelta(hours=1),
        Household.sunset,
        wakes=("send",),
    ),
    Job(
        "send",
        "sends what is due of runs that have begun, several at once",
        seconds(5),
        Household.send,
    ),
    Job(
        "poll feeds",
        "looks at each feed whose `check_every` has passed; failing ones ever less often",
        seconds(60),
        Household.poll_feeds,
        wakes=("watch calendars",),
    ),
    Job(
        "hear",
        "reads bounces, complaints and automatic answers from the workspace's `mailbox:`",
        seconds(120),
        Household.hear,
    ),
    Job(
        "retention",
        "deletes what `retention:` says is kept no longer",
        timedelta(hours=6),
        Household.retire,
    ),
    Job(
        "tasks",
        "closes tasks whose `expires` has passed",
        seconds(600),
        Household.close_tasks,
    ),
    Job(
        "digests",
        "sends each sender the digest whose hour has come (`digest:`), once a day or week",
        seconds(60),
        Household.send_digests,
    ),
    Job(
        "heartbeat",
        "says that this daemon is alive, and remembers outside the database that letters leave",
        seconds(20),
        Household.beat,
    ),
)
"""In the order of a start: first what the dead left, then what is due."""

HANDS = (
    Job(
        "take over files",
        "takes over edited files after a full check",
        seconds(60),
        Household.take_over_files,
    ),
    Job("send", "sends what is due of runs that have begun, several at once", seconds(5), Household.send),
    Job("heartbeat", "says that this process is alive", seconds(20), Household.beat),
)
"""What `touchbase worker` does: it begins nothing, and stops nothing that somebody else began."""
