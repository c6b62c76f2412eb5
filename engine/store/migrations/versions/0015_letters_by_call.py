"""The slots and keys of a call's letters stand together, and no longer in the rows of deliveries."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

AT_ONCE = 100


def upgrade() -> None:
    op.create_table(
        "letters",
        sa.Column("call", _number(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("call"),
    )
    connection = op.get_bind()
    letters = sa.table("letters", sa.column("call"), sa.column("content", sa.LargeBinary()))
    for call, content in _letters(connection):
        connection.execute(letters.insert().values(call=call, content=content))
    op.drop_column("deliveries", "slots")
    op.drop_column("deliveries", "idempotency_key")


def _letters(connection: sa.Connection) -> Iterator[tuple[int, bytes]]:
    """Each call with its letters as engine.store.letters keeps them, a few calls' worth in memory at a time."""
    calls = connection.execute(sa.text(_CALLS)).scalars().all()
    connection.execute(sa.text("CREATE INDEX deliveries_moving ON deliveries (call)"))
    for start in range(0, len(calls), AT_ONCE):
        some = calls[start : start + AT_ONCE]
        rows = connection.execute(sa.text(_ROWS), {"first": some[0], "last": some[-1]})
        for call, group in groupby(rows, itemgetter(0)):
            deliveries, keys, slots = zip(
                *((row[1], row[2] or "", bytes(row[3])) for row in group), strict=True
            )
            header = orjson.dumps((deliveries, keys, tuple(map(len, slots))))
            yield call, b"".join((header, b"\n", *slots))
    connection.execute(sa.text("DROP INDEX deliveries_moving"))


def _number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


_CALLS = "SELECT DISTINCT call FROM deliveries WHERE slots IS NOT NULL AND call IS NOT NULL ORDER BY call"
_ROWS = """
SELECT call, id, idempotency_key, slots FROM deliveries
WHERE slots IS NOT NULL AND call BETWEEN :first AND :last ORDER BY call, id
"""
