"""A span of time as people say it: a count and a calendar unit, never a number of seconds."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Unit(StrEnum):
    """The units a duration may be written in; month and year follow the calendar."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Duration:
    """`3 days` is Duration(3, Unit.DAY). A month is a month, not 30 days."""

    count: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"

    def after(self, moment: datetime) -> datetime:
        """The moment this long after `moment`; the 31st plus a month is the last day of a shorter month."""
        return self._shifted(moment, 1)

    def before(self, moment: datetime) -> datetime:
        """The moment this long before `moment`."""
        return self._shifted(moment, -1)

    def _shifted(self, moment: datetime, sign: int) -> datetime:
        count = self.count * sign
        match self.unit:
            case Unit.MINUTE:
                return moment + timedelta(minutes=count)
            case Unit.HOUR:
                return moment + timedelta(hours=count)
            case Unit.DAY:
                return moment + timedelta(days=count)
            case Unit.WEEK:
                return moment + timedelta(weeks=count)
            case Unit.MONTH:
                return _months_later(moment, count)
            case Unit.YEAR:
                return _months_later(moment, count * 12)


def _months_later(moment: datetime, count: int) -> datetime:
    year, month_before = divmod(moment.year * 12 + moment.month - 1 + count, 12)
    month = month_before + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))
