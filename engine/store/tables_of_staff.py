"""The table of letters to staff: digests, one row for each owner and period. No customer stands in it."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text

from engine.store.types import Identity, Moment, metadata

# `boot`: of the process that hands it over. `until_at`: up to when it told. `due_at`: when it is tried again.
digests = Table(
    "digests",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("boot", Text),
    Column("until_at", Moment, nullable=False),
    Column("submitted_at", Moment),
    Column("settled_at", Moment),
    Column("due_at", Moment),
    Column("provider", Text),
    Column("provider_id", Text),
    Column("detail", Text),
    Index("digests_once", "owner", "period", unique=True),
    sqlite_autoincrement=True,
)
