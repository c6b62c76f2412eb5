"""Work in batches: so many rows a transaction, kept or, in a dry run, taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.store.database import Database

Progress = Callable[[str, int, int | None], None]
"""Told what is counted, how many are done, and how many there will be as far as one can tell."""

ROWS_A_BATCH = 2000
"""So many that waiting for the disk does not show, so few that no other writer waits long."""


def silent(what: str, done: int, total: int | None) -> None:
    """Progress that nobody watches."""


class _TakenBack(Exception):
    """Ends a transaction whose changes are not kept."""


@contextmanager
def transaction(database: Database, *, dry_run: bool) -> Iterator[Connection]:
    """One write; in a dry run everything happens, is counted, and is undone."""
    try:
        with database.write() as connection:
            yield connection
            if dry_run:
                raise _TakenBack
    except _TakenBack:
        pass


def estimated_total(read: int, position: int, size: int) -> int | None:
    """How many rows a file will have, judged by the bytes read so far; None before the first look."""
    return max(read, round(read * size / position)) if position else None
