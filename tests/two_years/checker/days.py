"""Spans as they are written, counted on somebody's own calendar: worked out anew, and simply."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

A_DAY = timedelta(days=1)


def parse(written: str) -> tuple[int, str]:
    """`every 2 weeks`, `36 hours`, `every month` as a number and a unit without its plural."""
    words = written.split()
    if words[0] == "every":
        words = words[1:]
    number = int(words[0]) if words[0].isdigit() else 1
    return number, words[-1].removesuffix("s")


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins there."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def months_later(day: date, months: int) -> date:
    """The first of the month so many months after that day's own."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def window(written: str, calendar: bool, moment: datetime, zone: ZoneInfo) -> datetime:
    """The first moment whose letters count together with one that leaves at `moment`."""
    number, unit = parse(written)
    if unit == "hour":
        return moment - timedelta(hours=number) + timedelta(microseconds=1)
    today = moment.astimezone(zone).date()
    if calendar and number == 1:
        first = {
            "day": today,
            "week": today - timedelta(days=today.weekday()),
            "month": today.replace(day=1),
            "year": date(today.year, 1, 1),
        }
        return midnight(first[unit], zone)
    if unit in ("day", "week"):
        days = number * (7 if unit == "week" else 1)
        return midnight(today - timedelta(days=days - 1), zone)
    raise ValueError(f"the checker does not know `{written}`")


def next_day(written: str, last: date) -> date:
    """The first day on which a campaign with that rhythm may come again to somebody who had it on `last`."""
    number, unit = parse(written)
    if unit in ("month", "year"):
        months = number * (12 if unit == "year" else 1)
        return max(months_later(last, months), last + timedelta(days=15 * months))
    if unit == "week":
        monday = last - timedelta(days=last.weekday())
        return max(monday + timedelta(weeks=number), last + timedelta(days=number * 7 // 2))
    return last + timedelta(days=number)


def later(day: date, written: str) -> date:
    """The day so many days, weeks or months later; the last of the month where there is no such day."""
    number, unit = parse(written)
    if unit in ("day", "week"):
        return day + timedelta(days=number * (7 if unit == "week" else 1))
    first = months_later(day, number * (12 if unit == "year" else 1))
    return first.replace(day=min(day.day, (months_later(first, 1) - A_DAY).day))
