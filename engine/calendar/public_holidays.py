"""Which days are public holidays in a country or a part of one, as the library `holidays` knows them.

The library is imported on the first question: it costs more than all else a command imports.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holidays import HolidayBase

ENGLISH = "en_US"


def holiday(calendar: str, day: date) -> str | None:
    """The name of the holiday, in English where the library has it, or None.

    `calendar` is a country (`AT`) or a part of one (`GB-ENG`). A calendar that does not exist has no holidays:
    `check` says so before anything is planned.
    """
    days = _days(calendar)
    # The library makes a year's holidays when first asked for a day of it and keeps them.
    return None if days is None else days.get(day)


@lru_cache(maxsize=64)
def _days(calendar: str) -> HolidayBase | None:
    from holidays import country_holidays

    country, _, part = calendar.partition("-")
    try:
        return country_holidays(country, subdiv=part or None, language=ENGLISH)
    except RuntimeError:  # the library's way to say that there is no such country or part
        return None
