"""The little sentences: what each means, and that editors and the command line agree on how it is written."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from engine.definitions.schema import values, wording
from engine.definitions.schema.base import Worded, matches
from engine.definitions.schema.wording import IfLate, MonthDay, Repeat, Share, Weekday
from engine.model.duration import Duration, Unit


@pytest.mark.parametrize(
    ("read", "written", "meant"),
    [
        (wording.read_duration, "3 days", Duration(3, Unit.DAY)),
        (wording.read_duration, "1 month", Duration(1, Unit.MONTH)),
        (wording.read_every, "2 weeks", Duration(2, Unit.WEEK)),
        (wording.read_every, "day", Duration(1, Unit.DAY)),
        (wording.read_rhythm, "every month", Duration(1, Unit.MONTH)),
        (wording.read_rhythm, "every 30 days", Duration(30, Unit.DAY)),
        (wording.read_share, "0.1%", Share(0.001)),
        (wording.read_share, "100%", Share(1.0)),
        (wording.read_weekday, "tue", Weekday.TUESDAY),
        (wording.read_weekday, "sunday", Weekday.SUNDAY),
        (wording.read_month_day, "first tuesday", MonthDay(1, Weekday.TUESDAY)),
        (wording.read_month_day, "last fri", MonthDay(-1, Weekday.FRIDAY)),
        (wording.read_month_day, "day 15", MonthDay(15)),
        (wording.read_month_day, 15, MonthDay(15)),
        (wording.read_month_day, "last day", MonthDay(-1)),
        (wording.read_time, "09:30", time(9, 30)),
        (wording.read_date, "2028-02-29", date(2028, 2, 29)),
        (wording.read_local_moment, "2027-01-05 09:30", datetime(2027, 1, 5, 9, 30)),
        (wording.read_if_late, "send within 24 hours", IfLate(Duration(24, Unit.HOUR))),
        (wording.read_if_late, "skip", IfLate(None)),
        (wording.read_repeat, "once per 12 months", Repeat(True, Duration(12, Unit.MONTH))),
        (wording.read_repeat, "never", Repeat(False)),
        (wording.read_since, "last send", "last send"),
        (wording.read_since, "30 days", Duration(30, Unit.DAY)),
        (wording.read_zone, "Europe/London", "Europe/London"),
    ],
)  # fmt: skip
def test_a_sentence_is_read_as_it_is_meant(read: Any, written: object, meant: object) -> None:
    assert read(written) == meant


@pytest.mark.parametrize(
    ("read", "written"),
    [
        (wording.read_duration, "5d"),
        (wording.read_duration, "0 days"),
        (wording.read_duration, "3 Days"),
        (wording.read_duration, "3 days\n"),
        (wording.read_duration, 3),
        (wording.read_duration, ["3 days"]),
        (wording.read_share, "101%"),
        (wording.read_share, "0.05"),
        (wording.read_share, 5),
        (wording.read_time, "9:30"),
        (wording.read_time, "24:00"),
        (wording.read_date, "2027-02-29"),
        (wording.read_date, "05/01/2027"),
        (wording.read_month_day, "fifth tuesday"),
        (wording.read_month_day, 32),
        (wording.read_month_day, True),
        (wording.read_zone, "London"),
        (wording.read_zone, "../etc/passwd"),
        (wording.read_rhythm, "2 weeks"),
    ],
)  # fmt: skip
def test_what_is_no_such_sentence_is_refused_with_help(read: Any, written: object) -> None:
    with pytest.raises(PydanticCustomError) as refused:
        read(written)
    assert refused.value.context is not None
    assert refused.value.context["help"]


def sentences() -> list[Worded]:
    """Every worded type of the format that has a pattern for editors."""
    marks = [
        mark for room in (values, wording) for kind in vars(room).values() for mark in get_args(kind)[1:]
    ]
    return [mark for mark in marks if isinstance(mark, Worded) and mark.pattern is not None]


# The calendar and the list of time zones are beyond a pattern.
BEYOND_A_PATTERN = re.compile(r"not in the calendar|not a time zone")
WORDS = st.sampled_from(
    ["1", "3", "15", "31", "99", "0", "day", "days", "week", "month", "every", "first", "last", "tue", "tuesday", "send",
     "within", "skip", "once", "per", "never", "5%", "0.1%", "09:30", "24:00", "2027-01-05", "Europe/London", "recipient",
     "a@b.example", "https://a.example/x", "event.", "first_name", "win-back", "..", "/", "é", "", "\n"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=4).map(" ".join) | st.lists(WORDS, max_size=3).map("".join))
def test_the_pattern_for_editors_accepts_exactly_what_the_reader_accepts(written: str) -> None:
    for mark in sentences():
        try:
            mark.read(written)
            accepted = True
        except PydanticCustomError as refused:
            if BEYOND_A_PATTERN.search(refused.message()):
                continue
            accepted = False
        assert mark.pattern is not None
        assert matches(mark.pattern, written) == accepted, (mark.help, written)


def test_every_sentence_is_tried() -> None:
    assert len(sentences()) >= 18


@pytest.mark.parametrize(
    ("span", "moment", "after", "before"),
    [
        (Duration(1, Unit.MONTH), "2027-01-31", "2027-02-28", "2026-12-31"),
        (Duration(1, Unit.YEAR), "2028-02-29", "2029-02-28", "2027-02-28"),
        (Duration(13, Unit.MONTH), "2027-12-15", "2029-01-15", "2026-11-15"),
        (Duration(2, Unit.WEEK), "2027-01-05", "2027-01-19", "2026-12-22"),
    ],
)
def test_a_duration_follows_the_calendar(span: Duration, moment: str, after: str, before: str) -> None:
    start = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert span.after(start).date().isoformat() == after
    assert span.before(start).date().isoformat() == before
