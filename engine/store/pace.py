"""How fast each way out goes now: one row that every process reads and changes by compare-and-set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from engine.store import bulk
from engine.store.types import from_microseconds, to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Pace:
    """What is known of a way out. All moments are the machine's own, whatever moment a command was given.

    `tokens`: letters that might leave at `refilled_at`; below zero for letters that left too early.
    `rate`: letters a second that were allowed at `changed_at`, None where nothing slows it; it rises to `ceiling`.
    `failures`: in a row. `open_until`: nobody calls before. `probe`: the worker that tries it, once it may be.
    """

    tokens: float
    refilled_at: datetime
    changed_at: datetime
    rate: float | None = None
    ceiling: float | None = None
    failures: int = 0
    open_until: datetime | None = None
    probe: str | None = None
    reason: str = ""


def read(connection: Connection, name: str) -> Pace | None:
    """What is known of a way out, or None where nothing ever was worth a row."""
    statement = _READ if bulk.is_sqlite(connection) else bulk.named(_READ)
    row = bulk.run(connection, statement, {"name": name}).fetchone()
    if row is None:
        return None
    tokens, refilled_at, changed_at, rate, ceiling, failures, open_until, probe, reason = row
    return Pace(
        tokens=tokens,
        refilled_at=from_microseconds(refilled_at),
        changed_at=from_microseconds(changed_at),
        rate=rate,
        ceiling=ceiling,
        failures=failures,
        open_until=None if open_until is None else from_microseconds(open_until),
        probe=probe,
        reason=reason or "",
    )


def write(connection: Connection, name: str, before: Pace | None, after: Pace) -> bool:
    """Puts `after` in the place of what was read before; False, and nothing changes, if somebody was quicker."""
    given = {"name": name, "probe": after.probe, "reason": after.reason or None, **_numbers(after, "")}
    if before is not None:
        given |= _numbers(before, "old_")
    statement = _INSERT if before is None else _UPDATE
    written = statement if bulk.is_sqlite(connection) else bulk.named(statement)
    return int(bulk.run(connection, written, given).rowcount) == 1


def give_back(connection: Connection, name: str, letters: int) -> None:
    """Letters that were allowed to leave and did not."""
    statement = _GIVE_BACK if bulk.is_sqlite(connection) else bulk.named(_GIVE_BACK)
    bulk.run(connection, statement, {"name": name, "letters": letters})


def forget(connection: Connection, name: str) -> None:
    """Removes the row: of a run that is over."""
    statement = "DELETE FROM pace WHERE provider = :name"
    bulk.run(connection, statement if bulk.is_sqlite(connection) else bulk.named(statement), {"name": name})


def _numbers(pace: Pace, prefix: str) -> dict[str, float | int | None]:
    return {
        f"{prefix}tokens": float(pace.tokens),
        f"{prefix}refilled": to_microseconds(pace.refilled_at),
        f"{prefix}changed": to_microseconds(pace.changed_at),
        f"{prefix}rate": pace.rate,
        f"{prefix}ceiling": pace.ceiling,
        f"{prefix}failures": pace.failures,
        f"{prefix}open": None if pace.open_until is None else to_microseconds(pace.open_until),
    }


_READ = """
SELECT tokens, refilled_at, changed_at, rate, ceiling, failures, open_until, probe, reason FROM pace
WHERE provider = :name
"""
_INSERT = """
INSERT INTO pace
    (provider, tokens, refilled_at, changed_at, rate, ceiling, failures, open_until, probe, reason)
VALUES (:name, :tokens, :refilled, :changed, :rate, :ceiling, :failures, :open, :probe, :reason)
ON CONFLICT DO NOTHING
"""
_UPDATE = """
UPDATE pace SET tokens = :tokens, refilled_at = :refilled, changed_at = :changed, rate = :rate,
    ceiling = :ceiling, failures = :failures, open_until = :open, probe = :probe, reason = :reason
WHERE provider = :name AND tokens = :old_tokens AND refilled_at = :old_refilled AND changed_at = :old_changed
AND failures = :old_failures AND coalesce(open_until, 0) = coalesce(:old_open, 0)
"""
_GIVE_BACK = "UPDATE pace SET tokens = tokens + :letters WHERE provider = :name"
