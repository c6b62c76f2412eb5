"""What is due when, worked out by hand: days from dateutil's rules, instants by trying, names as people write them.

Nothing here knows the program. A promise is one letter of one period to one person, and the instant of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, MO, MONTHLY, SU, TH, TU, WEEKLY, YEARLY, rrule

MINUTE = timedelta(minutes=1)
READERS_OWN = "recipient"


@dataclass(frozen=True)
class Form:
    """One campaign as it is meant. `schedule`: as it is written in its file; the rest says the same in other words.

    `days`: its days, with the name of each period. `zone`: whose clock, or `recipient`. `within`: how late it may
    leave, None where the file says nothing. `group`: who gets it. `of`: the customer's field it counts from.
    """

    name: str
    schedule: str
    at: time
    zone: str
    group: str
    days: Callable[[date, date], Iterator[tuple[str, date]]] | None = None
    within: timedelta | None = None
    of: str = ""


def by_day(day: date) -> str:
    return f"{day:%Y-%m-%d}"


def by_week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def by_month(day: date) -> str:
    return f"{day:%Y-%m}"


def by_year(day: date) -> str:
    return f"{day:%Y}"


def ruled(
    name: Callable[[date], str], start: date, **rule: object
) -> Callable[..., Iterator[tuple[str, date]]]:
    """The days of one of dateutil's rules, counted from `start`, until `to` and without those of `without`."""
    without, to = rule.pop("without", ()), rule.pop("to", date.max)

    def days(first: date, last: date) -> Iterator[tuple[str, date]]:
        begin, end = datetime.combine(start, time()), datetime.combine(min(last, to), time())  # type: ignore[type-var]
        for moment in rrule(dtstart=begin, until=end, **rule):  # type: ignore[arg-type]
            if moment.date() >= first and moment.date() not in without:  # type: ignore[operator]
                yield name(moment.date()), moment.date()

    return days


def on(day: date) -> Callable[..., Iterator[tuple[str, date]]]:
    """A single day."""
    return lambda first, last: iter([("once", day)] if first <= day <= last else [])


A_MONDAY = date(2024, 1, 1)
FORMS = (
    Form(
        "morning",
        'every: day, at: "07:15", time_zone: America/New_York, starting: "2027-02-20", until: "2027-04-10",'
        " if_late: send within 6 hours",
        time(7, 15),
        "America/New_York",
        "few",
        ruled(by_day, date(2027, 2, 20), freq=DAILY, to=date(2027, 4, 10)),
        timedelta(hours=6),
    ),
    Form(
        "twice-weekly",
        'every: week, days: [tue, thu], at: "09:00"',
        time(9),
        "Europe/London",
        "few",
        ruled(by_day, A_MONDAY, freq=WEEKLY, byweekday=(TU, TH)),
    ),
    Form(
        "sunday-night",
        'every: week, days: [sun], at: "02:30", time_zone: Europe/Berlin',
        time(2, 30),
        "Europe/Berlin",
        "few",
        ruled(by_week, A_MONDAY, freq=WEEKLY, byweekday=SU),
    ),
    Form(
        "fortnight",
        'every: 2 weeks, starting: "2027-01-04", at: "18:45", if_late: send within 3 days',
        time(18, 45),
        "Europe/London",
        "some",
        ruled(by_week, date(2027, 1, 4), freq=WEEKLY, interval=2, byweekday=MO),
        timedelta(days=3),
    ),
    Form(
        "mid-month",
        'every: month, day: day 15, at: "09:30", time_zone: recipient, skip_dates: ["2027-08-15"],'
        " if_late: send within 24 hours",
        time(9, 30),
        READERS_OWN,
        "some",
        ruled(by_month, A_MONDAY, freq=MONTHLY, bymonthday=15, without=(date(2027, 8, 15),)),
        timedelta(hours=24),
    ),
    Form(
        "first-tuesday",
        'every: month, day: first tuesday, at: "01:30", time_zone: recipient',
        time(1, 30),
        READERS_OWN,
        "some",
        ruled(by_month, A_MONDAY, freq=MONTHLY, byweekday=TU(1)),
    ),
    Form(
        "last-day",
        'every: month, day: last day, at: "23:45", time_zone: Asia/Kathmandu',
        time(23, 45),
        "Asia/Kathmandu",
        "some",
        ruled(by_month, A_MONDAY, freq=MONTHLY, bymonthday=-1),
    ),
    Form(
        "yearly",
        'every: year, starting: "2027-06-01", at: "12:00", time_zone: recipient',
        time(12),
        READERS_OWN,
        "all",
        ruled(by_year, date(2027, 6, 1), freq=YEARLY),
    ),
    Form(
        "only-once",
        'once: "2027-10-31 02:10", time_zone: recipient, if_late: send within 2 days',
        time(2, 10),
        READERS_OWN,
        "all",
        on(date(2027, 10, 31)),
        timedelta(days=2),
    ),
    Form(
        "birthday",
        'after: born, every: year, at: "09:00", if_late: send within 4 hours',
        time(9),
        "Europe/London",
        "all",
        None,
        timedelta(hours=4),
        of="born",
    ),
    Form("renewal", 'before: renews, by: 30 days, at: "10:00"', time(10), "Europe/London", "all", None, None, of="renews"),
)  # fmt: skip
NEWS = "news"
"""Whenever the blog has something new, at most once a day: it has no moments of its own."""


@cache
def instant(day: date, at: time, zone: str) -> datetime:
    """The first instant at which that zone's clocks show the time or have passed it.

    Tried out: both readings of the wall; where the clocks never show it, minute by minute.
    """
    wall, place = datetime.combine(day, at), ZoneInfo(zone)
    readings = sorted(wall.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))
    for reading in readings:
        if reading.astimezone(place).replace(tzinfo=None) == wall:
            return reading
    found = readings[0]
    while found.astimezone(place).replace(tzinfo=None) < wall:
        found += MINUTE
    return found


def days_of(form: Form, first: date, last: date, written: date | None) -> list[tuple[str, date]]:
    """The days of a form between two days, for somebody with this date in the field it counts from."""
    if form.days is not None:
        return list(form.days(first, last))
    if written is None:
        return []
    if form.of == "renews":
        found = [written - timedelta(days=30)]
    else:
        found = [kept(written, year) for year in range(max(first.year, written.year), last.year + 1)]
    return [(by_day(day), day) for day in found if first <= day <= last]


def kept(born: date, year: int) -> date:
    """A birthday in a year: a 29 February is kept on the 28th where there is none."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return (
        date(year, 2, 28)
        if (born.month, born.day) == (2, 29) and not leap
        else date(year, born.month, born.day)
    )
