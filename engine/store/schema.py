"""Which version of the tables a database holds, and bringing an older one up to this program's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.errors import StoreCorrupt

if TYPE_CHECKING:
    from sqlalchemy import Connection

VERSION_TABLE = "touchbase_version"

REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
    "0016",
    "0017",
    "0018",
    "0019",
    "0020",
    "0021",
    "0022",
    "0023",
)
"""Every migration in engine/store/migrations/versions, oldest first: known without importing Alembic."""

MIGRATION_LOCK = 7_236_014_001
"""PostgreSQL advisory lock held while tables are made: an arbitrary number that is ours."""


def version(connection: Connection) -> str | None:
    """The database's revision, or None where our tables were never made."""
    from sqlalchemy import inspect

    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()


def check_version(found: str | None, place: str) -> bool:
    """Whether the tables are this program's; False means they must be made or brought up to date.

    Raises StoreCorrupt for tables that only a newer program knows.
    """
    if found is not None and found not in REVISIONS:
        raise StoreCorrupt(
            f"{place} was written by a newer Touchbase (tables {found}, this program knows {REVISIONS[-1]})",
            help="upgrade this program: pip install --upgrade touchbase",
        )
    return found == REVISIONS[-1]


def migrate(connection: Connection, place: str, install_id: Callable[[], str]) -> None:
    """Makes the tables, or brings them up to date, inside the caller's transaction.

    Safe when several processes come at once: they queue on the database's own lock and all but the first
    find nothing left to do.
    """
    from sqlalchemy import insert, inspect

    from engine.store import tables

    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
    found = version(connection)
    if check_version(found, place):
        return
    if found is None and (
        taken := sorted(set(inspect(connection).get_table_names()) & set(tables.metadata.tables))
    ):
        raise StoreCorrupt(
            f"{place} already holds tables of something else: {', '.join(taken)}",
            help="give Touchbase a database, or a PostgreSQL schema, of its own",
        )
    upgrade(connection)
    if found is None:
        connection.execute(insert(tables.meta).values(key="install_id", value=install_id()))


def upgrade(connection: Connection, to: str = "head") -> None:
    """Runs the migrations up to a revision; what a database holds is kept."""
    from pathlib import Path

    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, to)
