"""Buckets, slow roads and closed ones: decisions from facts and a moment alone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.flows.deliver.pace import (
    CAUTION,
    PROBE_SECONDS,
    RECOVERY_SECONDS,
    TRIP,
    Limit,
    Permit,
    a_minute,
    a_second,
    after_permit,
    permit,
)
from engine.store.pace import Pace
from tests.builders import NOW


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def pace(tokens: float = 0.0, **more: object) -> Pace:
    return Pace(**{"tokens": tokens, "refilled_at": NOW, "changed_at": NOW, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "limit", "wanted", "seconds", "expected"),
    [
        (None, None, 500, 0, Permit(500)),
        (None, a_second(50), 500, 0, Permit(50)),
        (None, a_second(0.5), 500, 0, Permit(1)),
        (None, a_second(1000), 500, 0, Permit(500)),
        (pace(0), a_second(50), 500, 0.5, Permit(0, 0.5)),
        (pace(0), a_second(50), 500, 1, Permit(50)),
        (pace(0), a_second(50), 20, 0.5, Permit(20)),
        (pace(-50), a_second(50), 500, 1, Permit(0, 1.0)),
        (pace(50), a_second(50), 500, 3600, Permit(50)),
        # A clock that was set back by a day neither fills nor empties the bucket.
        (pace(50), a_second(50), 500, -86400, Permit(50)),
        (pace(20), a_second(50), 500, -86400, Permit(0, 0.6)),
    ],
)
def test_a_bucket_lets_go_what_it_holds(
    known: Pace | None, limit: Limit | None, wanted: int, seconds: float, expected: Permit
) -> None:
    found = permit(known, limit, wanted, after(seconds))
    assert (found.letters, found.closed) == (expected.letters, False)
    assert found.wait == pytest.approx(expected.wait)


def test_without_a_limit_and_without_trouble_nothing_is_written() -> None:
    for known in (None, pace(3)):
        found = permit(known, None, 500, NOW)
        assert found == Permit(500)
        assert after_permit(known, None, found, NOW, "me") is None


@pytest.mark.parametrize(
    ("known", "seconds", "expected"),
    [
        # The provider wished for three seconds: not closed, only patient.
        (pace(failures=1, open_until=after(3), reason="429"), 1, Permit(0, 2.0, "429")),
        (pace(failures=1, open_until=after(3), reason="429"), 3, Permit(500 // CAUTION)),
        (pace(failures=2, open_until=after(3), reason="429"), 3, Permit(500 // CAUTION**2)),
        (pace(failures=TRIP, open_until=after(60), reason="down"), 59, Permit(0, 1.0, "down", closed=True)),
        (pace(failures=TRIP, open_until=after(60), reason="down"), 60, Permit(1, trying=True)),
        # A clock set back by a day closes nothing for a day.
        (pace(failures=TRIP, open_until=after(60), reason="down"), -86400, Permit(1, trying=True)),
    ],
)
def test_trouble_makes_patient_careful_and_then_closes(known: Pace, seconds: float, expected: Permit) -> None:
    assert permit(known, None, 500, after(seconds)) == expected


def test_only_one_worker_tries_a_closed_way_and_its_death_does_not_close_it_for_ever() -> None:
    closed = pace(failures=TRIP, open_until=after(60), reason="down")
    first = permit(closed, None, 500, after(60))
    tried = after_permit(closed, None, first, after(60), "one")
    assert tried is not None
    assert tried.probe == "one"
    second = permit(tried, None, 500, after(61))
    assert (second.letters, second.closed) == (0, True)
    assert second.wait <= 1.0, "the answer may come any moment"
    assert permit(tried, None, 500, after(60 + PROBE_SECONDS)).trying


@pytest.mark.parametrize(
    ("known", "trying"),
    [
        (pace(failures=TRIP, open_until=after(60)), True),
        # Somebody is trying it already.
        (pace(failures=TRIP, open_until=after(60), probe="one"), False),
        # The provider itself wished for an hour.
        (pace(failures=TRIP, open_until=after(3600)), False),
        (pace(failures=1, open_until=after(3)), False),
    ],
)
def test_a_person_who_asks_makes_a_closed_way_be_tried_at_once(known: Pace, trying: bool) -> None:
    assert permit(known, None, 500, NOW, impatient=True).trying == trying
    assert not permit(known, None, 500, NOW).trying


@pytest.mark.parametrize(
    ("seconds", "letters"), [(0, 10), (RECOVERY_SECONDS / 2, 60), (RECOVERY_SECONDS, 500), (3600, 500)]
)
def test_a_slowed_way_recovers_steadily(seconds: float, letters: int) -> None:
    slowed = pace(tokens=10_000.0, rate=10.0, ceiling=100.0)
    assert permit(slowed, None, 500, after(seconds)).letters == letters


def test_a_slowed_way_is_never_faster_than_its_limit() -> None:
    slowed = pace(tokens=1000.0, rate=10.0, ceiling=100.0)
    assert permit(slowed, a_second(30), 500, after(30)).letters == 30


@given(
    letters=st.integers(1, 5000),
    pauses=st.lists(st.integers(0, 20_000), min_size=1, max_size=60),
    wanted=st.integers(1, 600),
)
def test_a_minute_never_has_more_letters_than_it_may(letters: int, pauses: list[int], wanted: int) -> None:
    """Whoever asks whenever they like, for as much as they like: no sixty seconds anywhere hold more."""
    limit, known, moment, left = a_minute(letters), None, 0, []
    for pause in pauses:
        moment += pause
        now = NOW + timedelta(milliseconds=moment)
        for _ in range(3):
            found = permit(known, limit, wanted, now)
            if found.letters:
                known = after_permit(known, limit, found, now, "me")
                left.append((moment, found.letters))
    for start, _ in left:
        window = sum(number for when, number in left if start <= when < start + 60_000)
        assert window <= letters


@given(rate=st.floats(0.05, 5000), wanted=st.integers(1, 1000))
def test_who_waits_as_long_as_told_is_let_go(rate: float, wanted: int) -> None:
    limit = a_second(rate)
    empty = pace(0)
    found = permit(empty, limit, wanted, NOW)
    assert found.letters == 0
    assert permit(empty, limit, wanted, after(found.wait + 1e-5)).letters >= 1


def test_a_permit_takes_its_letters_out_of_the_bucket() -> None:
    limit = a_second(50)
    left = after_permit(pace(50), limit, Permit(20), NOW, "me")
    assert left is not None
    assert left.tokens == 30
    assert permit(left, limit, 50, NOW).wait == pytest.approx(0.4)
