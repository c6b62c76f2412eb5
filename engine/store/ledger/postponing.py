"""Letters that are due while they must not leave: they wait for a later moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, text

from engine.model.words import State
from engine.store.types import to_microseconds

_WAITS = "run = :run AND due_at <= :now"
"""A delivery has a `due_at` exactly while it is queued."""

_LATER = f"""
UPDATE deliveries SET due_at = :opens,
    detail = CASE WHEN state = '{State.PLANNED}' THEN :detail ELSE detail END
WHERE {_WAITS}
"""
_AMONG = " AND customer IN (SELECT id FROM customers WHERE coalesce(time_zone, '') = :zone)"
_ZONES = f"""
SELECT DISTINCT coalesce(c.time_zone, '') FROM deliveries d JOIN customers c ON c.id = d.customer
WHERE d.{_WAITS.replace(" due_at", " d.due_at")}
"""


def zones_due(connection: Connection, run: int, now: datetime) -> list[str]:
    """Everything that stands as the time zone of somebody whose letter of this run is due; "" for those without."""
    found = connection.execute(text(_ZONES), {"run": run, "now": to_microseconds(now)})
    return sorted(found.scalars())


def postpone(
    connection: Connection, run: int, opens: Mapping[str | None, datetime], now: datetime, detail: str
) -> int:
    """Lets what is due wait; how many letters.

    `opens`: until when, by what stands as people's time zone; under None, for everybody. `detail`: why, kept with
    letters that were never tried.
    """
    moved = 0
    for zone, moment in opens.items():
        given = {"run": run, "now": to_microseconds(now), "opens": to_microseconds(moment), "detail": detail}
        statement = _LATER if zone is None else _LATER + _AMONG
        moved += connection.execute(
            text(statement), given if zone is None else {**given, "zone": zone}
        ).rowcount
    return moved
