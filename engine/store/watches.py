"""Up to which moment each campaign's calendar was looked at: what was due since then is still to be dealt with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete

from engine.store import bulk, tables
from engine.store.types import from_microseconds, to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Watch:
    """One campaign's watch, from `since` on.

    `looked_at`: every occurrence up to this moment is a run. `next_at`: nothing comes before it, None when nothing
    comes at all. `revision`: of the schedule that was looked at. `problem`: why an occurrence after `looked_at`
    could not be planned, tried `tries` times in a row, the last time at `problem_at`.
    """

    campaign: str
    looked_at: datetime
    next_at: datetime | None
    revision: str
    since: datetime
    problem: str = ""
    problem_at: datetime | None = None
    tries: int = 0


def every(connection: Connection) -> dict[str, Watch]:
    """All watches by campaign."""
    rows = bulk.run(connection, f"SELECT {', '.join(_NAMES)} FROM watches").fetchall()
    return {row[0]: _watch(row) for row in rows}


def keep(connection: Connection, watches: Iterable[Watch]) -> None:
    """Writes watches down, new ones and those that were there."""
    rows = [_stored(watch) for watch in watches]
    changed = [(*row[1:], row[0]) for row in rows]
    bulk.insert_rows(connection, _COLUMNS, rows)
    bulk.update_rows(connection, _COLUMNS[0], _COLUMNS[1:], changed)


def look(connection: Connection, campaigns: Sequence[str], now: datetime) -> None:
    """Notes that nothing of these campaigns' calendars is left to do up to now."""
    rows = [(to_microseconds(now), campaign) for campaign in campaigns]
    bulk.update_rows(connection, _COLUMNS[0], (tables.watches.c.looked_at,), rows)


def forget(connection: Connection, campaigns: Iterable[str]) -> None:
    """Watches these campaigns no more; if they come back, nothing of their past is due."""
    table = tables.watches
    connection.execute(delete(table).where(table.c.campaign.in_(sorted(campaigns))))


_NAMES = tuple(item.name for item in fields(Watch))
_COLUMNS = tuple(tables.watches.c[name] for name in _NAMES)


NEVER = from_microseconds(0)
"""Before anything that is written down."""


def _stored(watch: Watch) -> tuple[object, ...]:
    return (
        watch.campaign,
        to_microseconds(watch.looked_at),
        to_microseconds(watch.next_at) if watch.next_at is not None else None,
        watch.revision,
        to_microseconds(watch.since),
        watch.problem or None,
        to_microseconds(watch.problem_at) if watch.problem_at is not None else None,
        watch.tries,
    )


def _watch(row: Sequence[Any]) -> Watch:
    campaign, looked_at, next_at, revision, since, problem, problem_at, tries = row
    return Watch(
        campaign,
        from_microseconds(looked_at),
        from_microseconds(next_at) if next_at is not None else None,
        revision,
        from_microseconds(since),
        problem or "",
        from_microseconds(problem_at) if problem_at is not None else None,
        tries,
    )
