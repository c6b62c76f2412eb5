"""What needs a person is decided from facts and a moment alone; what a person knows of, or waits for its time, does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.content.known import HELD_FLOOD, HELD_FUTURE
from engine.flows.survey.needs import FAILURES, STILL, Facts, needs
from engine.model.feed_report import FeedLine
from engine.model.job import JobState
from engine.model.problem import Problem, Severity
from engine.model.status import Kind, ProcessLine, TasksLine, WayLine
from engine.store.pauses import PausedCampaign
from engine.store.unfinished import Standing
from engine.store.watches import Watch

NOW = datetime(2027, 1, 5, 9, 30, tzinfo=UTC)
RUN = Standing(
    7, "digest", "2027-01", "sending", "", NOW - timedelta(hours=3), selected=100, pending=40, due=40
)
MOVING = replace(RUN, due_since=NOW - timedelta(hours=1), last_call=NOW - timedelta(seconds=20))
STILL_RUN = replace(MOVING, last_call=NOW - STILL - timedelta(seconds=1))
LATER = replace(RUN, due=0, later=NOW + timedelta(hours=5))
LEFT_BY_THE_DEAD = replace(RUN, due=0, pending=3, in_flight=3)
PAUSED = replace(RUN, state="paused", reason="bounces above 5%")
SENDER = ProcessLine("sender", 12, "host", NOW)
DAEMON = ProcessLine("daemon", 13, "host", NOW)
STANDBY = ProcessLine("standby", 14, "host", NOW)
JOB = JobState("send", NOW, NOW)
OPEN, SHUT = (
    WayLine("postmark", "postmark"),
    WayLine("postmark", "postmark", "postmark has taken nothing", True),
)
WATCH = Watch("digest", NOW, None, "r1", NOW)
ERROR = Problem("campaigns/a.yaml", 3, 1, "C001", "there is no segment `x`")

QUIET = {
    "an empty house": Facts(),
    "a run whose letters are due later": Facts(runs=[LATER]),
    "a run that moves": Facts(runs=[MOVING], processes=[SENDER]),
    "a paused campaign": Facts(runs=[PAUSED], pauses=[PausedCampaign("digest", NOW, "")]),
    "a warning": Facts(problems=[replace(ERROR, severity=Severity.WARNING)]),
    "a way out in good order": Facts(ways=[OPEN]),
    "a watched calendar": Facts(watches=[WATCH]),
    "a feed that failed once": Facts(feeds=[FeedLine("blog", "u", "failing", failures=FAILURES - 1)]),
    "a post of tomorrow": Facts(feeds=[FeedLine("blog", "u", "read", waiting={HELD_FUTURE: 1})]),
    "a job that failed once": Facts(jobs=[replace(JOB, failures=1)], processes=[DAEMON], scheduled=1),
    "no daemon and no schedules": Facts(jobs=[JOB]),
    "schedules, but never a daemon": Facts(scheduled=2),
    "a run just being planned": Facts(runs=[replace(RUN, state="planning", due=0, created_at=NOW)]),
}
NEEDED = {
    "an error": (Facts(problems=[ERROR]), Kind.WORKSPACE, "touchbase check"),
    "a copy": (Facts(copied="this database is a copy"), Kind.COPY, "touchbase doctor --accept-copy"),
    "a closed way out": (Facts(ways=[SHUT]), Kind.PROVIDER, "touchbase doctor"),
    "a daemon that is gone": (
        Facts(jobs=[JOB], scheduled=1, processes=[STANDBY]),
        Kind.DAEMON,
        "touchbase run",
    ),
    "a plan to approve": (Facts(runs=[replace(RUN, state="awaiting")]), Kind.APPROVAL, "touchbase approve 7"),
    "a run that stopped": (Facts(runs=[PAUSED]), Kind.PAUSED, "touchbase resume digest"),
    "letters nobody sends": (Facts(runs=[RUN]), Kind.WAITING, "touchbase send digest --occurrence 2027-01"),
    "letters the dead left": (
        Facts(runs=[LEFT_BY_THE_DEAD]),
        Kind.WAITING,
        "touchbase send digest --occurrence 2027-01",
    ),
    "a run standing still": (Facts(runs=[STILL_RUN], processes=[DAEMON]), Kind.STUCK, "touchbase runs 7"),
    "half a plan": (
        Facts(runs=[replace(RUN, state="planning", due=0)]),
        Kind.STUCK,
        "touchbase send digest --occurrence 2027-01",
    ),
    "letters in doubt": (
        Facts(runs=[replace(RUN, state="done", due=0, pending=0, uncertain=1)]),
        Kind.UNCERTAIN,
        "touchbase resolve 7",
    ),
    "an occurrence that cannot be planned": (
        Facts(watches=[replace(WATCH, problem="2027-01: no feed", tries=2)]),
        Kind.UNPLANNED,
        "touchbase plan digest",
    ),
    "a storm": (Facts(storms={"7": 400}), Kind.BOUNCES, "touchbase heard"),
    "a feed that fails": (
        Facts(feeds=[FeedLine("blog", "u", "failing", failures=FAILURES, failure="404")]),
        Kind.FEED,
        "touchbase feeds blog --read",
    ),
    "a feed that is gone": (
        Facts(feeds=[FeedLine("blog", "u", "gone", failures=1, failure="410")]),
        Kind.FEED,
        "touchbase feeds blog",
    ),
    "held posts": (
        Facts(feeds=[FeedLine("blog", "u", "read", waiting={HELD_FLOOD: 9})]),
        Kind.POSTS,
        "touchbase feeds blog",
    ),
    "a job that fails": (
        Facts(jobs=[replace(JOB, failures=FAILURES, error="disk full")]),
        Kind.JOB,
        "touchbase doctor",
    ),
    "tasks overdue for long": (
        Facts(tasks=[TasksLine("priya", 9, 3, 2), TasksLine("team", 4, 1)]),
        Kind.TASKS,
        "touchbase tasks --owner priya",
    ),
    "a sender nobody knows there": (
        Facts(refused=[("digest", "mail does not know priya@gone.example of priya as a sender", 2)]),
        Kind.SENDER,
        "touchbase send digest",
    ),
    "a digest in doubt": (
        Facts(digests=[("priya", "2027-W01", "uncertain", "no answer")]),
        Kind.DIGEST,
        "touchbase digest priya --send",
    ),
}


@pytest.mark.parametrize("facts", QUIET.values(), ids=QUIET)
def test_nobody_is_needed_for(facts: Facts) -> None:
    assert needs(facts, NOW) == []


@pytest.mark.parametrize(("facts", "kind", "command"), NEEDED.values(), ids=NEEDED)
def test_a_person_is_needed_for(facts: Facts, kind: Kind, command: str) -> None:
    (need,) = needs(facts, NOW)
    assert (need.kind, need.command) == (kind, command)
    assert need.what


def test_every_kind_is_tried() -> None:
    assert {kind for _, kind, _ in NEEDED.values()} == set(Kind)


def test_the_most_pressing_comes_first() -> None:
    everything = Facts(
        runs=[run for facts, _, _ in reversed(NEEDED.values()) for run in facts.runs],
        problems=[ERROR],
        copied="this database is a copy",
        storms={"7": 400},
        feeds=[feed for facts, _, _ in NEEDED.values() for feed in facts.feeds],
        ways=[OPEN, SHUT],
        jobs=[replace(JOB, failures=FAILURES)],
        watches=[watch for facts, _, _ in NEEDED.values() for watch in facts.watches],
        scheduled=1,
        tasks=[line for facts, _, _ in NEEDED.values() for line in facts.tasks],
        digests=[line for facts, _, _ in NEEDED.values() for line in facts.digests],
        refused=[line for facts, _, _ in NEEDED.values() for line in facts.refused],
    )
    kinds = list(dict.fromkeys(need.kind for need in needs(everything, NOW)))
    pressing = [kind for kind in Kind if kind in kinds]
    assert [kind for kind in kinds if kind is not Kind.STUCK] == [
        kind for kind in pressing if kind is not Kind.STUCK
    ]
    assert len(kinds) == len(set(Kind))


def test_letters_waiting_for_a_closed_way_out_are_told_once() -> None:
    found = needs(Facts(runs=[RUN, replace(RUN, run=8)], ways=[SHUT]), NOW)
    assert [need.kind for need in found] == [Kind.PROVIDER]
    assert "80 letters waiting" in found[0].what
