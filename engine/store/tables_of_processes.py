"""The tables of processes: who is signed on, what the daemon's jobs did, calendars looked at, pace, proofs spent."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, Table, Text, false

from engine.store.types import Moment, metadata

workers = Table(
    "workers",
    metadata,
    Column("boot", Text, primary_key=True),
    Column("pid", Integer, nullable=False),
    Column("host", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("heartbeat_at", Moment, nullable=False),
    Column("ended", Boolean, nullable=False, server_default=false()),
    Column("role", Text, nullable=False, server_default="sender"),
)

# Proofs that do not cover the news they came with: each serves one event, whichever process hears it.
spent_proofs = Table(
    "spent_proofs",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("proof", Text, primary_key=True),
    Column("event", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("spent_proofs_by_age", "at"),
)

# One row per job of the daemon: what it did last, what went wrong (`failures` in a row), when it comes again.
# For people to see; nothing is decided by it.
jobs = Table(
    "jobs",
    metadata,
    Column("name", Text, primary_key=True),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("next_at", Moment),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    Column("outcome", Text),
)

# One row per way out, shared by every process: how fast it may go and whether it is open at all. A run with a
# limit of its own has one too. `tokens` letters might leave at `refilled_at`. `rate` letters a second were
# allowed at `changed_at`, after trouble, and rise to `ceiling` since; `failures` in a row. Nobody calls before
# `open_until`; `probe` is the worker that tries it then. `reason` is for people.
pace = Table(
    "pace",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("tokens", Float, nullable=False),
    Column("refilled_at", Moment, nullable=False),
    Column("rate", Float),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("open_until", Moment),
    Column("probe", Text),
    Column("reason", Text),
    Column("changed_at", Moment, nullable=False),
    Column("ceiling", Float),
)

# Up to which moment each campaign's calendar was looked at. `next_at`: nothing comes before; NULL says nothing
# comes at all. `revision`: of the schedule that was looked at. `since`: from when on. What could not be planned
# is tried again: `problem` says why, `problem_at` when it was tried last, `tries` how often in a row.
watches = Table(
    "watches",
    metadata,
    Column("campaign", Text, primary_key=True),
    Column("looked_at", Moment, nullable=False),
    Column("next_at", Moment),
    Column("revision", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("problem", Text),
    Column("problem_at", Moment),
    Column("tries", Integer, nullable=False, server_default="0"),
)
