"""A watch from look to look: when it looks next, what a fault and a clock that goes back make of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from engine.calendar import GRACE
from engine.definitions.schema.schedule import Schedule
from engine.definitions.schema.wording import IfLate
from engine.flows.advance import watching
from engine.model.duration import Duration, Unit
from engine.store.watches import NEVER, Watch

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def schedule(**words: str) -> Schedule:
    return Schedule.model_validate(words)


DAILY = schedule(every="day", at="09:30")
WATCH = watching.begin("digest", DAILY, "r1", NOW, LONDON)


def test_the_next_look_is_at_the_next_occurrence_and_a_day_away_at_most() -> None:
    assert Watch("digest", NOW, datetime(2027, 1, 5, 9, 30, tzinfo=UTC), "r1", NOW) == WATCH
    assert watching.next_look(schedule(every="year"), NOW, LONDON) == NOW + timedelta(days=1)
    assert watching.next_look(schedule(once="2027-01-04 11:59"), NOW, LONDON) is None
    assert watching.next_look(schedule(when="new posts"), NOW, LONDON) is None


def test_it_is_due_at_that_moment_or_when_the_schedule_changed() -> None:
    assert WATCH.next_at is not None
    assert not watching.is_due(WATCH, "r1", WATCH.next_at - timedelta(seconds=1))
    assert watching.is_due(WATCH, "r1", WATCH.next_at)
    assert watching.is_due(WATCH, "r2", NOW)
    assert watching.revision_of(DAILY, LONDON) != watching.revision_of(DAILY, ZoneInfo("Asia/Tokyo"))
    assert watching.revision_of(DAILY, LONDON) != watching.revision_of(schedule(every="day"), LONDON)


def test_a_fault_keeps_what_was_looked_at_and_is_tried_ever_less_often_but_within_the_grace() -> None:
    failing, moment, pauses = WATCH, NOW, []
    for _ in range(12):
        failing = watching.failed(failing, "r1", "no feed", moment)
        assert failing.next_at is not None
        pauses.append(failing.next_at - moment)
        assert not watching.may_try(failing, moment)
        assert watching.attended(failing) == moment
        moment = failing.next_at
        assert watching.may_try(failing, moment)
    assert (failing.looked_at, failing.tries, failing.problem) == (NOW, 12, "no feed")
    assert pauses[:4] == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]
    assert max(pauses) == timedelta(minutes=15) < GRACE
    assert not watching.is_stale(failing, moment + HOUR), "only a look that succeeds moves it"
    done = watching.looked(failing, DAILY, "r1", moment, LONDON)
    assert (done.looked_at, done.problem, done.tries, done.since) == (moment, "", 0, NOW)


def test_a_clock_that_goes_back_is_followed_and_one_that_is_put_right_is_not() -> None:
    assert watching.put_right(WATCH, NOW - timedelta(minutes=1)) is WATCH
    back = NOW - 5 * HOUR
    assert watching.put_right(WATCH, back).looked_at == back
    assert watching.is_due(watching.put_right(WATCH, back), "r1", back)


def test_a_watch_is_written_down_now_and_then() -> None:
    assert not watching.is_stale(WATCH, NOW + watching.REFRESH - timedelta(seconds=1))
    assert watching.is_stale(WATCH, NOW + watching.REFRESH)
    assert watching.REFRESH < GRACE


def test_unattended_letters_are_too_late_as_occurrences_are() -> None:
    within = lambda hours: IfLate(Duration(hours, Unit.HOUR))  # noqa: E731
    assert watching.too_late_before(None, NOW) == NOW - GRACE
    assert watching.too_late_before(IfLate(None), NOW) == NOW - GRACE
    assert watching.too_late_before(within(6), NOW) == NOW - 6 * HOUR
    assert watching.too_late_before(IfLate(Duration(9000, Unit.YEAR)), NOW) == NEVER
