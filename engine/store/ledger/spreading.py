"""Letters that wait for a later day: their moments, given by their place in the line, in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import BigInteger, Column, MetaData, Table, bindparam, text

from engine.model.words import State
from engine.store import bulk
from engine.store.types import to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Turn(NamedTuple):
    """The letters from one place in the line to another (both counted, from 1) and when they are due."""

    first: int
    last: int
    due_at: datetime


def put_off(
    connection: Connection, run: int, variants: Sequence[int], turns: Iterable[Turn], reason: str, detail: str
) -> int:
    """Gives planned letters of these variants other moments, each with the reason; how many.

    The line is that of their moments; of one moment, that of the customers' numbers.
    """
    connection.execute(text(_CREATE))
    connection.execute(text("DELETE FROM turns_of_letters"))
    rows = [(turn.first, turn.last, to_microseconds(turn.due_at)) for turn in turns]
    bulk.insert_rows(connection, tuple(_turns.c), rows)
    given = {"run": run, "variants": list(variants), "reason": reason, "detail": detail}
    return connection.execute(_PUT_OFF, given).rowcount


_turns = Table(
    "turns_of_letters",
    MetaData(),
    Column("place_from", BigInteger),
    Column("place_to", BigInteger),
    Column("due_at", BigInteger),
)
_CREATE = """
CREATE TEMPORARY TABLE IF NOT EXISTS turns_of_letters
(place_from BIGINT NOT NULL, place_to BIGINT NOT NULL, due_at BIGINT NOT NULL)
"""
_PUT_OFF = text(f"""
UPDATE deliveries SET due_at = moved.due_at, reason = :reason, detail = :detail
FROM (
    SELECT line.id, turn.due_at FROM (
        SELECT id, row_number() OVER (ORDER BY due_at, customer) AS place FROM deliveries
        WHERE run = :run AND variant IN :variants AND due_at IS NOT NULL AND state = '{State.PLANNED}'
    ) AS line JOIN turns_of_letters AS turn ON line.place BETWEEN turn.place_from AND turn.place_to
) AS moved
WHERE deliveries.id = moved.id
""").bindparams(bindparam("variants", expanding=True))
