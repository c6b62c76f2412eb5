"""PostgreSQL: how a connection is made and set up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import StoreError
from engine.store.failures import LOCK_SECONDS

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

SETTINGS = {
    "synchronous_commit": "on",
    "lock_timeout": f"{int(LOCK_SECONDS * 1000)}ms",
    # We read every row of what we open, so plans that are quick to the first row only are slow to the last.
    "cursor_tuple_fraction": "1.0",
    "TimeZone": "UTC",
}

CONNECT_SECONDS = 10


def make_engine(url: URL) -> Engine:
    """An engine on psycopg 3; raises StoreError where that is not installed."""
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise StoreError(
            "this database is PostgreSQL, and its driver is not installed",
            help='pip install "touchbase[postgres]"',
        ) from error
    from sqlalchemy import create_engine, event

    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "touchbase"},
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=8,
        max_overflow=24,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            calls = ", ".join("set_config(%s, %s, false)" for _ in SETTINGS)
            cursor.execute(f"SELECT {calls}", [part for pair in SETTINGS.items() for part in pair])
        connection.commit()

    return engine
