"""Ending planned deliveries whose letter cannot be made, before anything leaves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.model.words import State
from engine.store import bulk, codes
from engine.store.persons import Column

if TYPE_CHECKING:
    from sqlalchemy import Connection


def skip_without_value(
    connection: Connection, run: int, variant: int, column: Column, reason: str, detail: str
) -> int:
    """Ends the planned deliveries of a variant whose customer has no such value; how many.

    `column`: one of the customer's own (engine.store.persons.columns).
    """
    given = {"run": run, "variant": variant, "reason": reason, "detail": detail}
    statement = _SKIP_EMPTY.format(value=column.sql)
    sqlite = bulk.is_sqlite(connection)
    return int(bulk.run(connection, statement if sqlite else bulk.named(statement), given).rowcount)


def skip_planned(connection: Connection, ended: Iterable[tuple[int, str, str]]) -> int:
    """Ends planned deliveries, each with its reason and detail, and frees their codes; how many."""
    total = 0
    by_reason: dict[tuple[str, str], list[int]] = {}
    for delivery, reason, detail in ended:
        by_reason.setdefault((reason, detail), []).append(delivery)
    for (reason, detail), deliveries in by_reason.items():
        total += bulk.run_among(connection, _SKIP, deliveries, {"reason": reason, "detail": detail or None})
        codes.release_deliveries(connection, deliveries)
    return total


_ENDED = f"state = '{State.SKIPPED}', due_at = NULL, reason = :reason, detail = :detail"
_SKIP = f"UPDATE deliveries SET {_ENDED} WHERE state = '{State.PLANNED}' AND id IN :ids"
_SKIP_EMPTY = f"""
UPDATE deliveries SET {_ENDED}
WHERE run = :run AND variant = :variant AND state = '{State.PLANNED}'
AND EXISTS (SELECT 1 FROM customers c WHERE c.id = deliveries.customer AND {{value}} IS NULL)
"""
