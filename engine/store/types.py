"""Column types that mean the same on SQLite and PostgreSQL: moments and lists of words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Dialect, Integer, MetaData, Text
from sqlalchemy.types import TypeDecorator

metadata = MetaData()
"""Every table's."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

SEPARATOR = "\x1f"
"""ASCII "unit separator": no keyboard types it, so no word needs escaping."""

Identity = BigInteger().with_variant(Integer, "sqlite")
"""A row's own number. SQLite numbers rows by itself only in a column spelt INTEGER."""


def to_microseconds(moment: datetime) -> int:
    """An aware moment as microseconds since 1970 UTC; whole numbers, so nothing is rounded."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; the store keeps moments, not wall clocks")
    return (moment - EPOCH) // MICROSECOND


def from_microseconds(value: int) -> datetime:
    """The aware UTC moment of a stored number."""
    return EPOCH + timedelta(microseconds=value)


def join_words(words: Iterable[str]) -> str | None:
    """A list as the text that is stored: the separator on both sides of every word, nothing for no words."""
    kept = [word for word in words if word]
    if not kept:
        return None
    if any(SEPARATOR in word for word in kept):
        raise ValueError("a word of a list must not contain the unit separator, U+001F")
    return f"{SEPARATOR}{SEPARATOR.join(kept)}{SEPARATOR}"


def split_words(stored: str | None) -> tuple[str, ...]:
    """The words of a stored list; no words for nothing stored."""
    return tuple(stored.strip(SEPARATOR).split(SEPARATOR)) if stored else ()


class Moment(TypeDecorator[datetime]):
    """Aware datetimes as microseconds since 1970 UTC: the same arithmetic and order in both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else from_microseconds(value)


class Words(TypeDecorator[tuple[str, ...]]):
    """A list of words as one text, delimited on both sides: `contains` is one instr() or strpos().

    An empty list is stored as NULL, so that "known" means "has at least one word".
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[str] | None, dialect: Dialect) -> str | None:
        return None if value is None else join_words(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...]:
        return split_words(value)
