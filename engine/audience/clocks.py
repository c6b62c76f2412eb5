"""Moments that depend on a person's time zone, as columns: one value a zone, worked out once and joined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Text,
    column,
    func,
    literal,
    values,
)
from sqlalchemy.sql.selectable import FromClause

from engine.clock import zone
from engine.store.types import to_microseconds

Joins = list[tuple[FromClause, ColumnElement[bool]]]
"""Tables to join to the people, each with its condition."""

Wanted = Callable[[ZoneInfo], datetime]
"""From a person's zone to the moment."""


@dataclass(frozen=True)
class Clocks:
    """The zones of all customers as they are stored, and the project's for whoever has none that is known."""

    zones: Mapping[str, ZoneInfo]
    project: ZoneInfo

    @classmethod
    def reading(cls, written: Iterable[str], project: ZoneInfo) -> Clocks:
        """Of zones as they are stored."""
        found = {name: known_zone(name, project) for name in written}
        return cls({name: zone for name, zone in found.items() if zone is not project}, project)


def known_zone(written: str | None, project: ZoneInfo) -> ZoneInfo:
    """The zone of that name, or the project's where nobody knows what that is."""
    try:
        return zone(written) if written else project
    except ValueError:
        return project


class Times:
    """Some moments for every customer. One that is the same in all zones is a number, and joins nothing."""

    def __init__(self, clocks: Clocks, wanted: Sequence[Wanted], name: str) -> None:
        cache: dict[str, tuple[int, ...]] = {}
        for place in {str(found): found for found in (*clocks.zones.values(), clocks.project)}.values():
            cache[str(place)] = tuple(to_microseconds(moment(place)) for moment in wanted)
        self.usual = cache[str(clocks.project)]
        rows = [
            (written, *cache[str(found)])
            for written, found in clocks.zones.items()
            if cache[str(found)] != self.usual
        ]
        self.lowest = tuple(min(each) for each in zip(*cache.values(), strict=True))
        self.varies = tuple(
            any(row[place + 1] != usual for row in rows) for place, usual in enumerate(self.usual)
        )
        self._table: CTE | None = None
        if rows:
            moments = [column(f"moment_{place}", BigInteger) for place in range(len(wanted))]
            self._table = values(column("zone", Text), *moments, name=name).data(rows).cte(name)

    def joins(self, time_zone: ColumnElement[Any]) -> Joins:
        """What must be joined to rows with that zone before `moment` is asked for; nothing where all are alike."""
        return [] if self._table is None else [(self._table, self._table.c.zone == time_zone)]

    def moment(self, place: int) -> ColumnElement[int]:
        """The wanted moment of that place, in microseconds, where its tables are joined."""
        usual: ColumnElement[int] = literal(self.usual[place], BigInteger)
        if self._table is None or not self.varies[place]:
            return usual
        return func.coalesce(self._table.c[f"moment_{place}"], usual)
