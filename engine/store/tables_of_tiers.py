"""The tables of tiers: those that a person gave by hand, and when all of them were computed."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table, Text

from engine.store.types import Identity, Moment, metadata

# A tier that a person gave by hand. `until`: the first moment at which it holds no more; NULL lasts.
tier_pins = Table(
    "tier_pins",
    metadata,
    Column("customer", Identity, primary_key=True, autoincrement=False),
    Column("tier", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("until", Moment),
    sqlite_with_rowid=False,
)

# Each calendar period in which tiers were computed; `period`: its first day. The daemon does it once in each.
tier_rounds = Table(
    "tier_rounds",
    metadata,
    Column("period", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("moved", Integer, nullable=False),
    sqlite_with_rowid=False,
)
