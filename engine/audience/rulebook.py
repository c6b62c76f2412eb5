"""What a segment is read with: the other segments, the fields, the moment, the zone and the dialect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy import Table

from engine.definitions.schema.base import Definition
from engine.definitions.schema.segments import All, AnyOf, Not, Segment, SegmentCondition
from engine.model.duration import Duration, Unit
from engine.store.database import Database
from engine.store.fields import FieldColumn, customer_table
from engine.store.types import MICROSECOND

ONE_DAY = timedelta(days=1)
BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
"""Where a span that reaches back beyond the calendar begins."""
END = datetime(9999, 12, 30, tzinfo=UTC)
"""Where a span that reaches beyond the calendar ends."""


@dataclass(frozen=True)
class Rulebook:
    """Everything a segment's meaning depends on, and nothing else.

    Attributes:
        segments: all of the workspace's segments by name.
        declared: the customer fields the database has columns for.
        dialect: `sqlite` or `postgresql`.
        as_of: the moment that `within` counts back from; events after it have not happened yet.
        zone: the project's zone; days begin and end there.
    """

    segments: Mapping[str, Segment]
    declared: tuple[FieldColumn, ...]
    dialect: str
    as_of: datetime
    zone: ZoneInfo

    @cached_property
    def customers(self) -> Table:
        """The customers with their declared fields."""
        return customer_table(self.declared)

    @cached_property
    def columns(self) -> Mapping[str, FieldColumn]:
        """Declared fields by name."""
        return {field.name: field for field in self.declared}

    @property
    def today(self) -> date:
        """The day of `as_of` in the project's zone."""
        return self.as_of.astimezone(self.zone).date()

    def span_start(self, span: Duration) -> datetime:
        """The moment `span` before `as_of`: days and longer by the project's clock, hours as they pass."""
        clock = UTC if span.unit in (Unit.MINUTE, Unit.HOUR) else self.zone
        try:
            return span.before(self.as_of.astimezone(clock)).astimezone(UTC)
        except (ValueError, OverflowError):
            return BEGINNING

    def span_end(self, span: Duration) -> datetime:
        """The moment `span` after `as_of`, counted as `span_start` counts."""
        clock = UTC if span.unit in (Unit.MINUTE, Unit.HOUR) else self.zone
        try:
            return span.after(self.as_of.astimezone(clock)).astimezone(UTC)
        except (ValueError, OverflowError):
            return END

    def starts(self, bound: date) -> datetime:
        """The moment itself, or midnight of the day, in the project's zone."""
        if not isinstance(bound, datetime):
            bound = datetime(bound.year, bound.month, bound.day)
        return bound.replace(tzinfo=self.zone).astimezone(UTC)

    def ends(self, bound: date) -> datetime:
        """The first moment after the bound: the next midnight after a day, a microsecond after a moment."""
        if isinstance(bound, datetime):
            return self.starts(bound) + MICROSECOND
        return self.starts(bound + ONE_DAY)

    def is_sound(self, name: str) -> bool:
        """False for a segment that is unknown, has no conditions, or refers to such a one or to itself.

        A segment that is not sound means nobody; were only its broken part nobody, `not` would make that
        everybody.
        """
        return self._is_sound(name, ())

    def _is_sound(self, name: str, within: tuple[str, ...]) -> bool:
        segment = self.segments.get(name)
        if segment is None or segment.names_nobody or name in within:
            return False
        return all(self._is_sound(other, (*within, name)) for other in references(segment.rule))


def rulebook(
    database: Database,
    segments: Mapping[str, Segment],
    declared: tuple[FieldColumn, ...],
    *,
    as_of: datetime,
    zone: ZoneInfo,
) -> Rulebook:
    """A rulebook for this database."""
    return Rulebook(segments, declared, database.engine.dialect.name, as_of, zone)


def references(condition: Definition) -> Iterator[str]:
    """The names of the segments a condition refers to, at any depth."""
    match condition:
        case SegmentCondition():
            yield condition.segment
        case All():
            for part in condition.all:
                yield from references(part)
        case AnyOf():
            for part in condition.any:
                yield from references(part)
        case Not():
            for part in condition.not_:
                yield from references(part)
