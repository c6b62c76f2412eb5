"""What a call tells about its way out: slower, patient, closed, open again. Facts and a moment in, facts out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.flows.deliver.circuit import ASSUMED, LEAST, SLOW_START, Told, after_call, in_words
from engine.flows.deliver.pace import (
    CLOSED_SECONDS,
    LONGEST_PAUSE,
    TRIP,
    a_second,
    closed_for,
    is_closed,
    permit,
)
from engine.store.pace import Pace
from tests.builders import NOW

SECOND = timedelta(seconds=1)


def trouble(began: float = 0, wish: float | None = None, *, answered: bool = False) -> Told:
    return Told(NOW + began * SECOND, answered, "429: slow down", turned_away=True, wish=wish)


def well(began: float = 0) -> Told:
    return Told(NOW + began * SECOND, answered=True)


def closed(at: float = 0, failures: int = TRIP) -> Pace:
    moment = NOW + at * SECOND
    return Pace(
        0.0, moment, moment, rate=5.0, ceiling=100.0, failures=failures, open_until=moment + 60 * SECOND
    )


def test_what_goes_well_is_not_worth_a_row() -> None:
    assert after_call(None, well(), NOW, limit=None, measured=100) is None
    slowed = Pace(0.0, NOW, NOW, rate=50, ceiling=100)
    assert after_call(slowed, well(1), NOW + SECOND, limit=None, measured=100) is None, "time heals"


@pytest.mark.parametrize(
    ("wish", "seconds"), [(None, 1), (3, 3), (0, 1), (999999, LONGEST_PAUSE), (LONGEST_PAUSE, LONGEST_PAUSE)]
)
def test_the_first_trouble_halves_the_speed_and_pauses(wish: float | None, seconds: float) -> None:
    for limit, measured, rate, ceiling in ((None, 80.0, 40.0, 80.0), (a_second(10), 80.0, 5.0, 10.0)):
        after = after_call(None, trouble(wish=wish), NOW, limit=limit, measured=measured)
        assert after is not None
        assert (after.rate, after.ceiling, after.failures) == (rate, ceiling, 1)
        assert closed_for(after, NOW) == pytest.approx(seconds)
        assert not is_closed(after)
        assert after.reason == "429: slow down"


def test_trouble_after_trouble_pauses_longer_and_closes() -> None:
    pace: Pace | None = None
    moment, pauses = NOW, []
    for number in range(TRIP + 20):
        pace = after_call(pace, Told(moment, False, f"down {number}"), moment, limit=None, measured=100)
        assert pace is not None
        pauses.append(closed_for(pace, moment))
        moment += timedelta(seconds=pauses[-1])
    assert pauses == [1, 2] + [CLOSED_SECONDS] * 21
    assert pace is not None
    assert is_closed(pace)
    assert pace.changed_at == NOW + 3 * SECOND, "the outage began when it was closed, and that is remembered"
    assert f"{NOW + 3 * SECOND:%H:%M} UTC" in in_words("postmark", pace, moment)


def test_calls_that_were_under_way_when_trouble_began_are_no_second_trouble() -> None:
    first = after_call(None, trouble(began=0), NOW + SECOND, limit=None, measured=100)
    assert after_call(first, trouble(began=0.5), NOW + 2 * SECOND, limit=None, measured=100) is None
    longer = after_call(first, trouble(began=0.5, wish=30), NOW + 2 * SECOND, limit=None, measured=100)
    assert longer is not None
    assert (longer.failures, longer.rate) == (1, 50)
    assert closed_for(longer, NOW + 2 * SECOND) == 30
    assert after_call(longer, well(began=0.5), NOW + 3 * SECOND, limit=None, measured=100) is None


def test_an_answer_for_some_letters_says_that_somebody_is_there() -> None:
    pace = closed(failures=2)
    after = after_call(pace, trouble(began=1, answered=True), NOW + SECOND, limit=None, measured=100)
    assert after is not None
    assert after.failures == 1


def test_success_forgets_failures_and_after_an_outage_starts_slowly() -> None:
    troubled = Pace(0.0, NOW, NOW, rate=50, ceiling=100, failures=2, open_until=NOW + SECOND, reason="429")
    after = after_call(troubled, well(2), NOW + 3 * SECOND, limit=None, measured=100)
    assert after is not None
    assert (after.failures, after.open_until, after.reason, after.rate) == (0, None, "", 50)
    outage = closed(failures=TRIP + 30)
    later = NOW + 7200 * SECOND
    after = after_call(outage, well(7190), later, limit=None, measured=1)
    assert after is not None
    assert (after.failures, after.open_until, after.probe) == (0, None, None)
    assert (after.rate, after.ceiling, after.changed_at) == (100 / SLOW_START, 100, later)
    assert permit(after, None, 500, later + SECOND).letters == 6, "five a second, and rising"
    assert in_words("postmark", after, later).startswith("postmark is slowed to 5.0 letters a second")


def test_a_call_without_an_answer_is_no_sign_of_too_much_speed() -> None:
    after = after_call(None, Told(NOW, False, "no answer"), NOW, limit=None, measured=100)
    assert after is not None
    assert (after.rate, after.failures) == (None, 1)
    slowed = Pace(0.0, NOW, NOW, rate=10.0, ceiling=100.0)
    later = NOW + 30 * SECOND
    after = after_call(slowed, Told(later, False, "no answer"), later, limit=None, measured=100)
    assert after is not None
    assert (after.rate, after.ceiling, after.changed_at) == (60.0, 100.0, later), (
        "what is healed stays healed"
    )


def test_without_anything_measured_a_way_is_believed_to_be_able_to_do_something() -> None:
    after = after_call(None, trouble(), NOW, limit=None, measured=1)
    assert after is not None
    assert (after.rate, after.ceiling) == (ASSUMED / 2, ASSUMED)


def test_a_success_from_before_the_outage_does_not_end_it() -> None:
    assert after_call(closed(at=10), well(began=5), NOW + 11 * SECOND, limit=None, measured=1) is None


def test_nothing_is_slowed_to_a_standstill() -> None:
    pace: Pace | None = None
    moment = NOW
    for _ in range(60):
        pace = after_call(
            pace, Told(moment, True, "429", turned_away=True), moment, limit=a_second(1), measured=1
        )
        moment += SECOND / 100
    assert pace is not None
    assert pace.rate == LEAST


def test_a_way_without_trouble_has_nothing_to_say() -> None:
    assert in_words("postmark", Pace(5.0, NOW, NOW), NOW) == ""
    patient = Pace(0.0, NOW, NOW, failures=1, open_until=NOW + 5 * SECOND, reason="429")
    assert in_words("postmark", patient, NOW) == "postmark asks for patience until 09:30:05 UTC: 429"
