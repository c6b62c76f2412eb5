"""The filters letters have beyond Jinja's own: dates, numbers, money and plurals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Undefined
from jinja2.exceptions import FilterArgumentError, UndefinedError

from engine.clock import zone as find_zone

# `%-d` exists on some systems only; both spellings are worked out here.
_UNPADDED = {"%-d": "day", "%-m": "month", "%-H": "hour", "%-M": "minute"}


def as_date(value: Any, format: str = "%-d %B %Y", zone: str | None = None) -> str:
    """`{{ now | date("%A, %-d %B") }}`: a date, moment or ISO text; `zone` moves a moment into a time zone."""
    moment = _moment(value)
    if zone is not None and isinstance(moment, datetime):
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("UTC"))).astimezone(
            find_zone(zone)
        )
    for directive, attribute in _UNPADDED.items():
        if directive in format:
            format = format.replace(directive, str(getattr(moment, attribute, 0)))
    if "%-I" in format:
        format = format.replace("%-I", str((getattr(moment, "hour", 0) + 11) % 12 + 1))
    return moment.strftime(format)


def number(value: Any, decimals: int = 0) -> str:
    """`{{ 1234.5 | number(1) }}` is 1,234.5; halves are rounded up."""
    places = max(0, min(int(decimals), 12))
    rounded = _decimal(value).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return f"{rounded:,}"


def money(value: Any, symbol: str = "£", decimals: int = 2) -> str:
    """`{{ 1234.5 | money }}` is £1,234.50; a symbol of several letters stands apart: EUR 5.00."""
    text = number(value, decimals)
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    space = " " if len(symbol) > 1 and symbol[-1].isalpha() else ""
    return f"{sign}{symbol}{space}{digits}"


def plural(count: Any, one: str, many: str | None = None) -> str:
    """`{{ posts | length | plural("read") }}`: the word alone, `one` for 1, else `many` (default: `one` + s)."""
    _require(count)
    size = count if isinstance(count, (int, float, Decimal)) else len(count)
    return one if size == 1 else (f"{one}s" if many is None else many)


def _moment(value: Any) -> date | datetime:
    _require(value)
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        text = value.strip()
        try:
            return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
        except ValueError as error:
            raise FilterArgumentError(f"`{text}` is not a date; write it like 2027-01-05") from error
    raise FilterArgumentError(f"{type(value).__name__} is not a date")


def _decimal(value: Any) -> Decimal:
    _require(value)
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise FilterArgumentError(f"`{value}` is not a number") from error
    # Beyond the precision of Decimal's own context quantize would fail with its internal words.
    if not amount.is_finite() or amount.adjusted() > 14:
        raise FilterArgumentError(f"`{value}` is not a number a letter can show")
    return amount


def _require(value: Any) -> None:
    if isinstance(value, Undefined):
        raise UndefinedError(value._undefined_message)


LAZY_FILTERS = (
    "batch", "items", "map", "reject", "rejectattr", "reverse", "select", "selectattr", "slice", "unique",
)  # fmt: skip
"""Jinja's filters that give an iterator: written into a letter it says `<generator object …>`, and it is empty the
second time it is read."""


def as_list(lazy: Callable[..., Any]) -> Callable[..., Any]:
    """The same filter, giving a list."""

    @wraps(lazy)
    def listing(*arguments: Any, **named: Any) -> Any:
        found = lazy(*arguments, **named)
        return list(found) if isinstance(found, Iterator) else found

    return listing


FILTERS: Mapping[str, Callable[..., str]] = {
    "date": as_date,
    "number": number,
    "money": money,
    "plural": plural,
}
