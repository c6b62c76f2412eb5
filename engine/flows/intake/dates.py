"""Dates as spreadsheets write them; day and month are never guessed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from engine.flows.intake.unsure import UNSURE, Unsure

DAY_FIRST, MONTH_FIRST = "day first", "month first"

ISO = re.compile(r"^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ]\d.*)?$")
NUMERIC = re.compile(r"^(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:,? \d{1,2}:\d\d(?::\d\d)?(?: ?[APap][Mm])?)?$")
DAY_NAME_YEAR = re.compile(r"^(\d{1,2})(?:st|nd|rd|th)?[ .-]+([A-Za-z]{3,9})\.?,?[ -]+(\d{4})$")
NAME_DAY_YEAR = re.compile(r"^([A-Za-z]{3,9})\.? +(\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})$")
SERIAL = re.compile(r"^\d{5}(\.\d+)?$")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def read_date(text: str, order: str = UNSURE) -> date:
    """The date a cell means, without its time of day. `order`: what the column's other cells showed.

    Dots mean day first (31.12.2026): nobody writes the month first with dots. With slashes or hyphens a date
    like 03/04/2026 is refused unless `order` is known. Raises ValueError with a reason.
    """
    text = text.strip()
    if found := ISO.match(text):
        return _date(int(found[1]), int(found[2]), int(found[3]), text)
    if found := NUMERIC.match(text):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        shown = DAY_FIRST if found[2] == "." else day_order(text)
        if shown == UNSURE:
            shown = order
        if shown == UNSURE and first != second:
            raise Unsure(f"`{text}` could be day/month or month/day; write it like 2026-12-31")
        return _date(year, first, second, text) if shown == MONTH_FIRST else _date(year, second, first, text)
    if found := DAY_NAME_YEAR.match(text):
        return _date(int(found[3]), _month(found[2], text), int(found[1]), text)
    if found := NAME_DAY_YEAR.match(text):
        return _date(int(found[3]), _month(found[1], text), int(found[2]), text)
    if SERIAL.match(text):
        raise ValueError(f"`{text}` is a spreadsheet's day number; format the column as a date")
    raise ValueError(f"`{text}` is not a date; write it like 2026-12-31")


def day_order(text: str) -> str:
    """What one value tells about its column: DAY_FIRST, MONTH_FIRST, or UNSURE."""
    found = NUMERIC.match(text.strip())
    if not found or found[2] == ".":
        return UNSURE
    first, second = int(found[1]), int(found[3])
    if first > 12 >= second:
        return DAY_FIRST
    if second > 12 >= first:
        return MONTH_FIRST
    return UNSURE


def read_moment(text: str, zone: ZoneInfo, order: str = UNSURE) -> datetime:
    """An ISO 8601 moment as UTC; without an offset it is read in `zone`, a bare date is its midnight there.

    A date in any form `read_date` knows is taken too. Raises ValueError with a reason.
    """
    text = text.strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        day = read_date(text, order)
        clock = re.search(r" (\d{1,2}):(\d\d)(?::(\d\d))?$", text)
        hour, minute, second = (int(part or 0) for part in clock.groups()) if clock else (0, 0, 0)
        if not clock and ":" in text:
            raise ValueError(f"`{text}` is not a moment; write it like 2026-12-31 09:30") from None
        moment = datetime(day.year, day.month, day.day, hour, minute, second)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"`{text}` is outside the calendar") from error


def _month(name: str, text: str) -> int:
    try:
        return MONTHS.index(name[:3].lower()) + 1
    except ValueError:
        raise ValueError(f"`{text}` is not a date; write it like 2026-12-31") from None


def _date(year: int, month: int, day: int, text: str) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise ValueError(f"`{text}` is not in the calendar") from error
