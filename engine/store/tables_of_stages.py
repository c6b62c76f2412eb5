"""The tables of sunset: in which stage everybody is who is not engaged, and when all of it was worked out."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text

from engine.store.types import Identity, Moment, metadata

# `since`: when the stage began; `silent_since`: when the first letter left that was not answered.
stages = Table(
    "stages",
    metadata,
    Column("customer", Identity, primary_key=True, autoincrement=False),
    Column("stage", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("silent_since", Moment, nullable=False),
    Column("letters", Integer, nullable=False),
    Index("stages_by_stage", "stage", "customer"),
    sqlite_with_rowid=False,
)

# Each day on which stages were worked out; the daemon does it once on each.
stage_rounds = Table(
    "stage_rounds",
    metadata,
    Column("day", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("moved", Integer, nullable=False),
    sqlite_with_rowid=False,
)
