"""The tables of what people do for customers: touches that were made, and tasks to make one."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text, text

from engine.store.types import Identity, Moment, metadata

# `at`: when it happened; `recorded_at`: when somebody said so. `by`: the sender who made it, NULL where nobody is
# named. `task`: the task it fulfilled.
touches = Table(
    "touches",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("customer", Identity, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("by", Text),
    Column("text", Text, nullable=False),
    Column("task", Identity),
    Column("recorded_at", Moment, nullable=False),
    Index("touches_by_customer", "customer", "at"),
    sqlite_autoincrement=True,
)

# `owner`: the sender who is to do it, NULL where nobody is named. `text`: what may help, such as a drafted note.
# `made_by`: a person, a campaign or the policy; `reason`: why it was made, or, once closed, why it was not needed.
# `touch`: what was done. `delivery`: the row of the ledger whose letter it stands for: no letter becomes two tasks.
# `occasion`: what made the policy ask for it, once for each customer. `expires_at`: closed then, if nobody did it.
tasks = Table(
    "tasks",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("customer", Identity, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text),
    Column("owner", Text),
    Column("due_at", Moment),
    Column("snoozed_until", Moment),
    Column("state", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("reason", Text),
    Column("created_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("touch", Identity),
    Column("delivery", Identity),
    Column("expires_at", Moment),
    Column("occasion", Text),
    Index("tasks_by_customer", "customer"),
    Index("tasks_once", "delivery", unique=True),
    Index("tasks_once_for", "customer", "occasion", unique=True),
    sqlite_autoincrement=True,
)
# Letters that left under a sender's daily number, on which day of the project's calendar: those of the present day count.
sender_days = Table(
    "sender_days",
    metadata,
    Column("sender", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("delivery", Identity, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
Index(
    "tasks_open",
    tasks.c.due_at,
    sqlite_where=text("state = 'open'"),
    postgresql_where=text("state = 'open'"),
)
