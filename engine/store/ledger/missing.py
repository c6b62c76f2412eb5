"""Ending planned deliveries whose letter cannot be made, before anything leaves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.model.words import State
from engine.store import bulk, codes
from engine.store.persons import CODE, Column

if TYPE_CHECKING:
    from sqlalchemy import Connection


def skip_without_value(
    connection: Connection, run: int, variant: int, column: Column, offer: str, reason: str, detail: str
) -> int:
    """Ends the planned deliveries of a variant that have no such value; how many.

    `column`: one of engine.store.persons.columns. `offer`: the offer whose code is meant by the column of codes.
    """
    given = {"run": run, "variant": variant, "offer": offer, "reason": reason, "detail": detail}
    statement = _SKIP_EMPTY.format(value=_HELD_CODE if column.sql == CODE else column.sql)
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
_HELD_CODE = "(SELECT k.code FROM codes k WHERE k.delivery = deliveries.id AND k.offer = :offer)"
_SKIP_EMPTY = f"""
UPDATE deliveries SET {_ENDED}
WHERE run = :run AND variant = :variant AND due_at IS NOT NULL AND state = '{State.PLANNED}'
AND EXISTS (SELECT 1 FROM customers c WHERE c.id = deliveries.customer AND {{value}} IS NULL)
"""
