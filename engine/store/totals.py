"""Counts over everything that ever was, for measuring: calls and letters by provider, news by kind, runs by state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from engine.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Totals:
    """`calls`: by provider and outcome (`open` while nobody knows yet). `letters`: those in calls, by provider.

    `news`: by provider and kind. `runs`: by state.
    """

    calls: dict[tuple[str, str], int]
    letters: dict[str, int]
    news: dict[tuple[str, str], int]
    runs: dict[str, int]


def totals(connection: Connection) -> Totals:
    """Each a GROUP BY over a table that has no row per letter, or over an index."""
    calls, heard, runs = tables.calls, tables.heard, tables.runs
    outcome = func.coalesce(calls.c.outcome, "open")
    by_outcome = select(calls.c.provider, outcome, func.count()).group_by(calls.c.provider, outcome)
    letters = select(calls.c.provider, func.sum(calls.c.messages)).group_by(calls.c.provider)
    news = select(heard.c.provider, heard.c.news, func.count()).group_by(heard.c.provider, heard.c.news)
    by_state = select(runs.c.state, func.count()).group_by(runs.c.state)
    return Totals(
        calls={(row[0], row[1]): row[2] for row in connection.execute(by_outcome)},
        letters={row[0]: int(row[1]) for row in connection.execute(letters)},
        news={(row[0], row[1]): row[2] for row in connection.execute(news)},
        runs={row[0]: row[1] for row in connection.execute(by_state)},
    )
