"""Alembic's environment: the tables of engine.store, on a connection that the program hands over."""

from __future__ import annotations

from alembic import context

from engine.store.schema import VERSION_TABLE
from engine.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
