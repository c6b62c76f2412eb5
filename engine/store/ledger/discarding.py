"""Throwing a plan away before anything of it left: as if it had never been made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select, text

from engine.store import runs, tables

if TYPE_CHECKING:
    from sqlalchemy import Connection


BEFORE_SENDING = frozenset({runs.PLANNING, runs.AWAITING, runs.READY, runs.MISSED})
"""States of a run of which nothing was ever sent."""


def discard(connection: Connection, run: int) -> bool:
    """Removes a run of which nothing was ever sent, with its deliveries and their tasks; its codes are free again.

    False, and nothing changes, when sending has begun: then it is history.
    """
    found = runs.get(connection, run, hold=True)
    if found is None or found.state not in BEFORE_SENDING:
        return False
    connection.execute(text(_FREE), {"run": run})
    of_run = select(tables.deliveries.c.id).where(tables.deliveries.c.run == run)
    connection.execute(delete(tables.tasks).where(tables.tasks.c.delivery.in_(of_run)))
    connection.execute(delete(tables.deliveries).where(tables.deliveries.c.run == run))
    variants_of = select(tables.variants.c.id).where(tables.variants.c.run == run)
    connection.execute(delete(tables.variant_posts).where(tables.variant_posts.c.variant.in_(variants_of)))
    connection.execute(delete(tables.links).where(tables.links.c.variant.in_(variants_of)))
    connection.execute(delete(tables.variants).where(tables.variants.c.run == run))
    connection.execute(delete(tables.runs).where(tables.runs.c.id == run))
    return True


_FREE = """
UPDATE codes SET state = 'free', customer = NULL, delivery = NULL, reserved_at = NULL, expires_at = NULL,
    tier = NULL, worth = NULL
WHERE state = 'reserved' AND delivery IN (SELECT id FROM deliveries WHERE run = :run)
"""
