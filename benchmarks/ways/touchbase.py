"""Touchbase itself: what `touchbase send` does once a run is planned, with a clock around the ledger.

`python -m benchmarks.ways.touchbase WORKSPACE CAMPAIGN`. Its own figure is `ledger`: CPU seconds in transactions
that write deliveries (claim, last look, intent and receipt, with their commits).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.ways.starting import measured
from engine.app.verbs import App
from engine.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection


def main() -> None:
    """See the top of this file."""
    spent = clocked()
    app = App.open(Path(sys.argv[1]))
    prepared = app.prepare(sys.argv[2])

    def work() -> dict[str, float]:
        spent.clear()
        report = app.send(prepared)
        return {"letters": report.sent_now, "ledger": sum(spent)}

    measured(work)
    app.close()


def clocked() -> list[float]:
    """Adds up what every writing transaction of this thread costs from now on."""
    spent: list[float] = []
    write = Database.write

    @contextmanager
    def timed(database: Database) -> Iterator[Connection]:
        start = time.thread_time()
        with write(database) as connection:
            yield connection
        spent.append(time.thread_time() - start)

    Database.write = timed  # type: ignore[method-assign]
    return spent


if __name__ == "__main__":
    main()
