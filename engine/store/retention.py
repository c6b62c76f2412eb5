"""Deleting what is kept no longer, a part at a time, so that nobody waits: never what a promise rests on."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import text

from engine.model.heard import Effect
from engine.store.types import to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

AT_ONCE = 2_000
"""Rows changed in one transaction."""


def forget_heard(connection: Connection, before: datetime) -> int:
    """Deletes news received before that moment, but for bounces that wait for a person's word; how many.

    Suppressions and the states of letters stay: they have rows of their own.
    """
    return _some(connection, _HEARD, before)


def forget_answers(connection: Connection, before: datetime) -> int:
    """Deletes what providers answered to calls that ended before; when and how each ended stays. How many."""
    return _some(connection, _ANSWERS, before)


def forget_links(connection: Connection, before: datetime) -> int:
    """Deletes where tracked links of letters planned before lead; they lead nowhere from then on. How many."""
    return _some(connection, _LINKS, before)


def _some(connection: Connection, statement: str, before: datetime) -> int:
    given = {"before": to_microseconds(before), "some": AT_ONCE}
    return connection.execute(text(statement), given).rowcount


_HEARD = f"""
DELETE FROM heard WHERE id IN (
    SELECT id FROM heard WHERE received_at < :before AND effect <> '{Effect.QUARANTINED}' ORDER BY id LIMIT :some
)
"""
_ANSWERS = """
UPDATE calls SET detail = NULL WHERE id IN (
    SELECT id FROM calls WHERE detail IS NOT NULL AND ended_at < :before ORDER BY id LIMIT :some
)
"""
_LINKS = """
DELETE FROM links WHERE (variant, number) IN (
    SELECT variant, number FROM links WHERE variant IN (SELECT id FROM variants WHERE created_at < :before)
    ORDER BY variant, number LIMIT :some
)
"""
