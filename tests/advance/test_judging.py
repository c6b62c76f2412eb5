"""What becomes of passed occurrences, decided purely: every one is due, missed with a reason, or begun before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendar import GRACE, clock_of
from engine.definitions.schema.schedule import Schedule
from engine.flows.advance.judging import (
    SUPERSEDED,
    Due,
    Passed,
    before_the_watch,
    judge,
    passed_since,
    prompted_by,
)
from engine.flows.advance.watching import begin, revision_of
from engine.store import runs
from engine.store.watches import Watch

LONDON = ZoneInfo("Europe/London")
START = datetime(2027, 1, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def daily(**more: Any) -> Schedule:
    return Schedule.model_validate({"every": "day", "at": "09:30", **more})


def watch(schedule: Schedule, since: datetime = START) -> Watch:
    return begin("digest", schedule, revision_of(schedule, LONDON), since, LONDON)


def decide(
    schedule: Schedule, now: datetime, states: dict[str, str] | None = None, halted: str = ""
) -> list[Due | Passed]:
    found = passed_since(schedule, watch(schedule), now, LONDON)
    return judge(schedule, found, states or {}, halted, now, LONDON)


def names(decided: list[Due | Passed], kind: type) -> list[str]:
    return [one.occurrence.name for one in decided if isinstance(one, kind)]


def test_on_time_for_an_hour_and_missed_after_it() -> None:
    opens = datetime(2027, 1, 5, 9, 30, tzinfo=UTC)
    assert decide(daily(), opens - timedelta(seconds=1)) == []
    assert names(decide(daily(), opens), Due) == ["2027-01-05"]
    assert names(decide(daily(), opens + GRACE), Due) == ["2027-01-05"]
    (missed,) = decide(daily(), opens + GRACE + timedelta(seconds=1))
    assert isinstance(missed, Passed)
    assert "60 minutes late" in missed.reason


def test_after_days_of_sleep_only_the_latest_may_still_be_sent() -> None:
    decided = decide(daily(if_late="send within 3 days"), START + 3 * DAY)
    assert names(decided, Due) == ["2027-01-07"]
    assert [(one.occurrence.name, one.reason) for one in decided if isinstance(one, Passed)] == [
        ("2027-01-05", SUPERSEDED),
        ("2027-01-06", SUPERSEDED),
    ]


def test_days_by_a_date_of_their_own_are_other_people_s_each_and_all_made_up_for() -> None:
    schedule = Schedule.model_validate(
        {"after": "signed_up_at", "by": "2 days", "at": "09:30", "if_late": "send within 3 days"}
    )
    decided = decide(schedule, START + 5 * DAY)
    assert names(decided, Due) == ["2027-01-07", "2027-01-08", "2027-01-09"]
    assert names(decided, Passed) == ["2027-01-05", "2027-01-06"]


def test_two_days_of_readers_all_over_the_world_are_under_way_at_once() -> None:
    schedule = daily(time_zone="recipient", if_late="send within 3 hours")
    decided = decide(schedule, datetime(2027, 1, 5, 20, tzinfo=UTC))
    assert [(one.occurrence.name, one.if_late) for one in decided if isinstance(one, Due)] == [
        ("2027-01-05", None),
        ("2027-01-06", schedule.if_late),
    ], "who is late for the earlier one gets the later one"


@pytest.mark.parametrize("state", [runs.SENDING, runs.PAUSED, runs.DONE, runs.CANCELLED, runs.MISSED])
def test_what_has_begun_or_ended_is_left_alone(state: str) -> None:
    assert decide(daily(), datetime(2027, 1, 5, 9, 31, tzinfo=UTC), {"2027-01-05": state}) == []


@pytest.mark.parametrize("state", [runs.PLANNING, runs.AWAITING, runs.READY])
def test_what_was_planned_and_not_begun_is_still_to_be_dealt_with(state: str) -> None:
    moment = datetime(2027, 1, 5, 9, 31, tzinfo=UTC)
    assert names(decide(daily(), moment, {"2027-01-05": state}), Due) == ["2027-01-05"]
    assert names(decide(daily(), moment + DAY / 2, {"2027-01-05": state}), Passed) == ["2027-01-05"]


def test_while_a_campaign_is_halted_everything_passes() -> None:
    (passed,) = decide(daily(), datetime(2027, 1, 5, 9, 31, tzinfo=UTC), halted="paused: wrong picture")
    assert isinstance(passed, Passed)
    assert passed.reason == "paused: wrong picture"


def test_only_a_single_moment_can_lie_before_its_watch() -> None:
    once = Schedule.model_validate({"once": "2027-01-04 09:30"})
    found = before_the_watch(once, START, LONDON)
    assert found is not None
    assert found.name == "once"
    assert before_the_watch(once, START - DAY, LONDON) is None
    assert before_the_watch(daily(), START, LONDON) is None


def test_posts_wake_a_campaign_once_they_are_newer_than_its_watch_and_its_last_run() -> None:
    schedule = Schedule.model_validate({"when": "new posts"})
    seen, now = watch(schedule), START + DAY
    assert prompted_by(schedule, seen, None, None, now, LONDON) is None
    assert prompted_by(schedule, seen, START, None, now, LONDON) is None
    assert prompted_by(schedule, seen, START + GRACE, START + GRACE, now, LONDON) is None
    due = prompted_by(schedule, seen, START + 2 * GRACE, START + GRACE, now, LONDON)
    assert due is not None
    assert (due.occurrence.name, due.due_at) == ("2027-01-05", now)


@given(
    zone=st.sampled_from(["project", "recipient", "Pacific/Auckland"]),
    late=st.sampled_from([None, "skip", "send within 5 hours", "send within 2 days"]),
    every=st.sampled_from(["day", "2 days", "week", "month"]),
    looks=st.lists(st.integers(1, 60 * 24 * 4), min_size=1, max_size=12),
)
def test_however_often_it_is_looked_each_occurrence_is_decided_exactly_once(
    zone: str, late: str | None, every: str, looks: list[int]
) -> None:
    schedule = Schedule.model_validate(
        {"every": every, "at": "09:30", "time_zone": zone, **({"if_late": late} if late else {})}
    )
    seen: dict[str, str] = {}
    decided: list[str] = []
    now, known = START, watch(schedule)
    for minutes in looks:
        before, now = now, now + timedelta(minutes=minutes)
        found = passed_since(schedule, known, now, LONDON)
        for one in judge(schedule, found, seen, "", now, LONDON):
            assert before < one.due_at <= now
            decided.append(one.occurrence.name)
            seen[one.occurrence.name] = runs.SENDING
        known = Watch("digest", now, None, known.revision, known.since)
    every_one = passed_since(schedule, watch(schedule), now, LONDON)
    assert decided == [one.name for one in every_one]
    assert all(one.opens(clock_of(schedule, LONDON)) <= now for one in every_one)
