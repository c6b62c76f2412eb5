"""The little sentences of the format: durations, shares, days, times and rhythms, each read into a noun."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from functools import partial
from typing import Annotated

from engine.clock import zone
from engine.definitions.schema.base import Worded, matches, mistake
from engine.definitions.schema.values import as_written, describe, read_text
from engine.model.duration import Duration, Unit

UNITS = "minute|hour|day|week|month|year"
DURATION_HELP = "write a number and a unit, like `3 days` or `15 minutes`"
RHYTHM_HELP = "write it like `every 2 weeks` or `every month`"
EVERY_HELP = "write a unit, or a number and a unit: `day`, `2 weeks`, `month`"
SHARE_HELP = "write a percentage, like `5%` or `0.1%`"
TIME_HELP = 'write the time on the 24-hour clock, like `"09:30"`'
DATE_HELP = "write the date as year-month-day, like `2027-01-05`"
MOMENT_HELP = 'write a date and a time, like `"2027-01-05 09:30"`'
ZONE_HELP = "write `recipient`, `project` or a time zone like Europe/Oslo"

DURATION_PATTERN = rf"^[1-9][0-9]{{0,5}} ({UNITS})s?$"
EVERY_PATTERN = rf"^([1-9][0-9]{{0,5}} ({UNITS})s?|{UNITS})$"
RHYTHM_PATTERN = rf"^every ([1-9][0-9]{{0,5}} ({UNITS})s?|{UNITS})$"
SHARE_PATTERN = r"^(100|[0-9]{1,2}(\.[0-9]{1,4})?)%$"
TIME_PATTERN = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
DATE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
MOMENT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]([01][0-9]|2[0-3]):[0-5][0-9]$"
ZONE_PATTERN = r"^[A-Za-z][A-Za-z0-9_+./-]*$"


class Weekday(StrEnum):
    """Days of the week; `number` counts from Monday = 0, as Python's date does."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"

    @property
    def number(self) -> int:
        """0 for Monday … 6 for Sunday."""
        return NUMBERS[self]


NUMBERS = {day: number for number, day in enumerate(Weekday)}
DAYS = {name: day for day in Weekday for name in (day.value, day.value[:3])}
DAY_HELP = "choose from: " + ", ".join(day.value[:3] for day in Weekday)
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
MONTH_DAY_HELP = "write it like `first tuesday`, `day 15` or `last day`"
_DAY_WORDS = "|".join(sorted(DAYS, key=len, reverse=True))
MONTH_DAY_PATTERN = rf"^(({'|'.join(ORDINALS)}) ({_DAY_WORDS})|(day )?([1-9]|[12][0-9]|3[01])|last( day)?)$"


@dataclass(frozen=True, slots=True)
class Share:
    """A percentage. `of_one`: 0.05 for `5%`."""

    of_one: float

    def __str__(self) -> str:
        return f"{self.of_one * 100:g}%"


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A day within a month: `weekday` with `nth` (1 … 4, -1 last), or the number `nth` (-1: the last day)."""

    nth: int
    weekday: Weekday | None = None

    def __str__(self) -> str:
        if self.weekday is None:
            return "last day" if self.nth == -1 else f"day {self.nth}"
        return f"{next(word for word, nth in ORDINALS.items() if nth == self.nth)} {self.weekday}"


def _unreadable(written: object, help: str) -> Exception:
    if isinstance(written, dict | list | tuple) or written is None:
        return mistake(f"{describe(written)} cannot be read here", help)
    return mistake(f"`{as_written(written)}` cannot be read here", help)


def _phrase(written: object, pattern: str, help: str) -> str:
    if not isinstance(written, str | int | float) or isinstance(written, bool):
        raise _unreadable(written, help)
    text = read_text(written)
    if not matches(pattern, text):
        raise _unreadable(written, help)
    return text


def _span(text: str) -> Duration:
    count, _, unit = text.rpartition(" ")
    return Duration(int(count) if count else 1, Unit(unit.removesuffix("s")))


def read_duration(written: object) -> Duration:
    """`3 days`, `15 minutes`, `1 month`."""
    return _span(_phrase(written, DURATION_PATTERN, DURATION_HELP))


def read_every(written: object) -> Duration:
    """`day`, `2 weeks`, `month`: the rhythm after `every:`."""
    return _span(_phrase(written, EVERY_PATTERN, EVERY_HELP))


def read_rhythm(written: object) -> Duration:
    """`every 2 weeks`, `every month`: a rhythm as a whole phrase."""
    return _span(_phrase(written, RHYTHM_PATTERN, RHYTHM_HELP).removeprefix("every "))


def read_share(written: object) -> Share:
    """`5%`, `0.1%`."""
    return Share(float(_phrase(written, SHARE_PATTERN, SHARE_HELP).removesuffix("%")) / 100)


def read_weekday(written: object) -> Weekday:
    """`tue` or `tuesday`."""
    if not isinstance(written, str) or written not in DAYS:
        raise _unreadable(written, DAY_HELP)
    return DAYS[written]


def read_month_day(written: object) -> MonthDay:
    """`first tuesday`, `last fri`, `day 15`, `15`, `last day`."""
    text = _phrase(written, MONTH_DAY_PATTERN, MONTH_DAY_HELP)
    if text in ("last", "last day"):
        return MonthDay(-1)
    first, _, second = text.partition(" ")
    if first in ORDINALS:
        return MonthDay(ORDINALS[first], DAYS[second])
    return MonthDay(int(second or first))


def read_time(written: object) -> time:
    """`"09:30"`: a wall-clock time."""
    return time.fromisoformat(_phrase(written, TIME_PATTERN, TIME_HELP))


def read_date(written: object) -> date:
    """`2027-01-05`."""
    text = _phrase(written, DATE_PATTERN, DATE_HELP)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise mistake(f"`{text}` is not in the calendar", DATE_HELP) from error


def read_local_moment(written: object) -> datetime:
    """`"2027-01-05 09:30"`: a wall-clock moment; its zone is said elsewhere."""
    text = _phrase(written, MOMENT_PATTERN, MOMENT_HELP)
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise mistake(f"`{text}` is not in the calendar", MOMENT_HELP) from error


def read_day_or_moment(written: object) -> date:
    """`2027-01-05`, or `"2027-01-05 09:30"` (then it is a datetime without a zone: the project's)."""
    if isinstance(written, str) and matches(MOMENT_PATTERN, written):
        return read_local_moment(written)
    return read_date(written)


def read_zone(written: object, *, words: tuple[str, ...] = ()) -> str:
    """An IANA time zone, or one of the `words` allowed beside it."""
    text = _phrase(written, ZONE_PATTERN, ZONE_HELP if words else "write a time zone like Europe/London")
    if text in words:
        return text
    try:
        zone(text)
    except ValueError as error:
        raise mistake(
            f"`{text}` is not a time zone", ZONE_HELP if words else "write one like Europe/London"
        ) from error
    return text


def read_since(written: object) -> Duration | str:
    """`last send`, or a duration: how far back a feed's posts are new."""
    if written == "last send":
        return "last send"
    return _span(_phrase(written, DURATION_PATTERN, "write `last send`, or a duration like `30 days`"))


@dataclass(frozen=True, slots=True)
class IfLate:
    """What to do with a missed occurrence. `within`: still send up to this long after; None: never."""

    within: Duration | None


IF_LATE_HELP = "write `skip`, or `send within 24 hours`"
IF_LATE_PATTERN = rf"^(skip|send within [1-9][0-9]{{0,5}} ({UNITS})s?)$"


def read_if_late(written: object) -> IfLate:
    """`skip`, or `send within 24 hours`."""
    text = _phrase(written, IF_LATE_PATTERN, IF_LATE_HELP)
    return IfLate(None if text == "skip" else _span(text.removeprefix("send within ")))


ONCE_PER_HELP = "write `1 per day`, `1 per week` or `1 per 3 days`"
ONCE_PER_PATTERN = r"^1 per ([1-9][0-9]{0,5} (day|week|month|year)s?|day|week|month|year)$"


def read_once_per(written: object) -> Duration:
    """`1 per day`, `1 per 2 weeks`: the period that holds one."""
    return _span(_phrase(written, ONCE_PER_PATTERN, ONCE_PER_HELP).removeprefix("1 per "))


PER_DAY_HELP = "write a number a day, like `40 per day`"
PER_DAY_PATTERN = r"^[1-9][0-9]{0,5} per day$"


@dataclass(frozen=True, slots=True)
class PerDay:
    """So many a day."""

    number: int

    def __str__(self) -> str:
        return f"{self.number} per day"


def read_per_day(written: object) -> PerDay:
    """`40 per day`."""
    return PerDay(int(_phrase(written, PER_DAY_PATTERN, PER_DAY_HELP).removesuffix(" per day")))


HOLIDAYS_HELP = "write a country, or a part of one, like `GB-ENG`; a list for several"
HOLIDAYS_PATTERN = r"^[A-Z][A-Z0-9]{1,4}(-[A-Za-z0-9]{1,20})?$"


def read_holidays(written: object) -> tuple[str, ...]:
    """`GB-ENG`, or a list of such names; whether there is such a calendar is another question."""
    names = written if isinstance(written, list | tuple) else [written]
    return tuple(_phrase(name, HOLIDAYS_PATTERN, HOLIDAYS_HELP) for name in names)


@dataclass(frozen=True, slots=True)
class Repeat:
    """How often somebody may start a sequence again. `per` None with `again` False: once ever."""

    again: bool
    per: Duration | None = None


REPEAT_HELP = "write `never`, `always`, or `once per 12 months`"
REPEAT_PATTERN = rf"^(never|always|once per ([1-9][0-9]{{0,5}} ({UNITS})s?|{UNITS}))$"


def read_repeat(written: object) -> Repeat:
    """`never`, `always`, `once per 12 months`."""
    text = _phrase(written, REPEAT_PATTERN, REPEAT_HELP)
    if text in ("never", "always"):
        return Repeat(text == "always")
    return Repeat(True, _span(text.removeprefix("once per ")))


ANYWHERE = ("recipient", "project")

Span = Annotated[Duration, Worded(Duration, read_duration, DURATION_HELP, DURATION_PATTERN)]
Every = Annotated[Duration, Worded(Duration, read_every, EVERY_HELP, EVERY_PATTERN)]
Rhythm = Annotated[Duration, Worded(Duration, read_rhythm, RHYTHM_HELP, RHYTHM_PATTERN)]
Percentage = Annotated[Share, Worded(Share, read_share, SHARE_HELP, SHARE_PATTERN)]
Day = Annotated[Weekday, Worded((), read_weekday, DAY_HELP, choices=tuple(DAYS))]
DayOfMonth = Annotated[
    MonthDay, Worded(MonthDay, read_month_day, MONTH_DAY_HELP, MONTH_DAY_PATTERN, numbers=True)
]
Time = Annotated[time, Worded(time, read_time, TIME_HELP, TIME_PATTERN)]
Date = Annotated[date, Worded(date, read_date, DATE_HELP, DATE_PATTERN)]
DayOrMoment = Annotated[
    date, Worded(date, read_day_or_moment, DATE_HELP, rf"{DATE_PATTERN}|{MOMENT_PATTERN}")
]
LocalMoment = Annotated[datetime, Worded(datetime, read_local_moment, MOMENT_HELP, MOMENT_PATTERN)]
Zone = Annotated[str, Worded(str, read_zone, "write a time zone like Europe/London", ZONE_PATTERN)]
SendZone = Annotated[str, Worded(str, partial(read_zone, words=ANYWHERE), ZONE_HELP, ZONE_PATTERN)]
Since = Annotated[
    Duration | str,
    Worded(
        Duration, read_since, "write `last send`, or a duration", rf"^(last send|{DURATION_PATTERN[1:-1]})$"
    ),
]
LatePolicy = Annotated[IfLate, Worded(IfLate, read_if_late, IF_LATE_HELP, IF_LATE_PATTERN)]
OncePer = Annotated[Duration, Worded(Duration, read_once_per, ONCE_PER_HELP, ONCE_PER_PATTERN)]
DailyNumber = Annotated[PerDay, Worded(PerDay, read_per_day, PER_DAY_HELP, PER_DAY_PATTERN)]
HolidayCalendars = Annotated[
    tuple[str, ...],
    Worded((), read_holidays, HOLIDAYS_HELP, HOLIDAYS_PATTERN, json_type=("string", "array")),
]
Repetition = Annotated[Repeat, Worded(Repeat, read_repeat, REPEAT_HELP, REPEAT_PATTERN)]
