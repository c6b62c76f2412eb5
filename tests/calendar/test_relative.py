"""Days that count from a customer's date, against the same question asked date by date with dateutil."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.calendar import Anniversaries, Dates, dates_due, days_due
from engine.definitions.schema.schedule import Schedule
from tests.calendar.rules import SOME_WEEKDAYS, schedule

WORKDAYS = ["mon", "tue", "wed", "thu", "fri"]


def due_dates(written: dict[str, Any], day: str) -> str:
    found = dates_due(schedule(written), date.fromisoformat(day))
    if isinstance(found, Dates):
        return f"{found.first}..{found.last}" if found.first != found.last else str(found.first)
    return " ".join(f"{one.year}-{one.month}-{one.day}" for one in found.days) if found else "nobody"


@pytest.mark.parametrize(
    ("written", "day", "expected"),
    [
        ({"after": "joined"}, "2027-03-05", "2027-03-05"),
        ({"before": "renewal", "by": "30 days"}, "2027-03-05", "2027-04-04"),
        ({"after": "joined", "by": "2 weeks"}, "2027-03-05", "2027-02-19"),
        ({"before": "renewal", "by": "1 month"}, "2027-02-28", "2027-03-28..2027-03-31"),
        ({"before": "renewal", "by": "1 month"}, "2027-03-31", "nobody"),
        ({"after": "joined", "by": "1 month"}, "2027-02-28", "2027-01-28..2027-01-31"),
        ({"after": "joined", "by": "1 year"}, "2027-02-28", "2026-02-28"),
        ({"after": "joined", "by": "1 year"}, "2025-02-28", "2024-02-28..2024-02-29"),
        ({"after": "birthday", "every": "year"}, "2027-03-05", "2027-3-5"),
        ({"after": "birthday", "every": "year"}, "2027-02-28", "2027-2-28 2027-2-29"),
        ({"after": "birthday", "every": "year"}, "2028-02-28", "2028-2-28"),
        ({"after": "birthday", "every": "year"}, "2028-02-29", "2028-2-29"),
        ({"before": "birthday", "every": "year", "by": "1 week"}, "2026-12-29", "2027-1-5"),
        ({"before": "birthday", "every": "year", "by": "1 day"}, "2027-02-27", "2027-2-28 2027-2-29"),
        ({"after": "joined", "days": WORKDAYS}, "2027-03-06", "nobody"),
        ({"after": "joined", "days": WORKDAYS}, "2027-03-08", "2027-03-08"),
        ({"after": "joined", "days": WORKDAYS, "if_skipped": "next day"}, "2027-03-08", "2027-03-06..2027-03-08"),
        (
            {"after": "birthday", "every": "year", "if_skipped": "next day", "window": {"days": WORKDAYS}},
            "2027-03-01",
            "2027-2-27 2027-2-28 2027-2-29 2027-3-1",
        ),
        ({"before": "renewal", "skip_holidays": "GB-ENG"}, "2026-12-25", "nobody"),
        ({"before": "renewal", "until": "2027-01-01"}, "2027-01-01", "2027-01-01"),
        ({"before": "renewal", "until": "2027-01-01"}, "2027-01-02", "nobody"),
    ],
)  # fmt: skip
def test_whose_date_makes_a_day_theirs(written: dict[str, Any], day: str, expected: str) -> None:
    assert due_dates(written, day) == expected


@pytest.mark.parametrize(
    ("written", "customer", "first", "expected"),
    [
        ({"after": "birthday", "every": "year"}, "2000-02-29", "2027-01-01", "2027-02-28 2028-02-29 2029-02-28"),
        ({"before": "renewal", "by": "30 days"}, "2027-04-04", "2027-01-01", "2027-03-05"),
        ({"before": "renewal", "by": "30 days"}, "2027-04-04", "2027-03-06", ""),
        ({"before": "renewal", "by": "30 days", "every": "year"}, "2028-01-10", "2026-01-01", "2027-12-11 2028-12-11"),
        ({"after": "joined", "by": "1 month"}, "2027-01-31", "2027-01-01", "2027-02-28"),
        ({"after": "joined", "by": "3 years", "every": "year"}, "2020-05-05", "2027-01-01", "2027-05-05 2028-05-05"),
    ],
)  # fmt: skip
def test_whose_day_is_when(written: dict[str, Any], customer: str, first: str, expected: str) -> None:
    wanted = expected.split()
    found = days_due(schedule(written), date.fromisoformat(customer), date.fromisoformat(first))
    assert [str(day) for day in islice(found, max(len(wanted), 1))] == wanted


def asked_day_by_day(rule: Schedule, customer: date, first: date, last: date) -> Iterator[date]:
    """The judge: every anniversary, shifted by dateutil, then pushed on from days that do not count."""
    span = relativedelta(**{f"{rule.by.unit}s": rule.by.count}) if rule.by else relativedelta()  # type: ignore[arg-type]
    for years in range(0, 150 if rule.every else 1):
        meant = customer + relativedelta(years=years)
        day = meant - span if rule.before else meant + span
        while rule.if_skipped == "next day" and not counts(rule, day):
            day += timedelta(days=1)
        if counts(rule, day) and first <= day <= last:
            yield day


def counts(rule: Schedule, day: date) -> bool:
    listed = {one.number for one in rule.days} if rule.days else set(range(7))
    return day.weekday() in listed and day not in rule.skip_dates


@settings(deadline=None, max_examples=100)
@given(
    way=st.sampled_from(["before", "after"]),
    by=st.one_of(
        st.none(),
        st.tuples(st.integers(1, 40), st.sampled_from(["day", "week", "month", "year"])).map(
            lambda span: f"{span[0]} {span[1]}s"
        ),
    ),
    yearly=st.booleans(),
    weekdays=st.one_of(st.none(), SOME_WEEKDAYS),
    if_skipped=st.sampled_from(["skip", "next day"]),
    customer=st.one_of(st.dates(date(1990, 1, 1), date(2030, 1, 1)), st.sampled_from([date(2004, 2, 29), date(2027, 12, 31)])),
    start=st.dates(date(2004, 1, 1), date(2040, 1, 1)),
    skipped=st.lists(st.integers(0, 500), max_size=4),
)  # fmt: skip
def test_both_ways_agree_with_dateutil(
    way: str,
    by: str | None,
    yearly: bool,
    weekdays: list[str] | None,
    if_skipped: str,
    customer: date,
    start: date,
    skipped: list[int],
) -> None:
    written: dict[str, Any] = {way: "a_date", "if_skipped": if_skipped}
    written["skip_dates"] = [str(start + timedelta(days=number)) for number in skipped]
    written.update({"by": by} if by else {}, **({"every": "year"} if yearly else {}))
    rule = schedule({**written, **({"days": weekdays} if weekdays else {})})
    if not yearly:
        # So near that the one day lies within what is looked at.
        start = max(date(2004, 1, 1), next(days_due(rule, customer, date.min), start) - timedelta(days=200))
    last = start + timedelta(days=400)
    expected = sorted(asked_day_by_day(rule, customer, start, last))
    found = days_due(rule, customer, start)
    assert list(islice((day for day in found if day <= last), len(expected))) == expected
    days = [start + timedelta(days=number) for number in range(401)]
    assert [day for day in days if concerns(dates_due(rule, day), customer)] == expected


def concerns(due: Dates | Anniversaries | None, customer: date) -> bool:
    """What a database does with the answer."""
    if isinstance(due, Dates):
        return due.first <= customer <= due.last
    return due is not None and any(
        (one.month, one.day) == (customer.month, customer.day) and customer.year <= one.year
        for one in due.days
    )
