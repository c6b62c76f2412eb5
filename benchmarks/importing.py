"""Customers from a CSV file: rows a second, and memory that does not grow with the file."""

from __future__ import annotations

from pathlib import Path

from benchmarks.newsletter import write_customers, write_workspace
from benchmarks.race import race
from benchmarks.sinks import SINKS
from benchmarks.table import Table

COLUMNS = ("import", "rows/s", "CPU µs a row", "peak MB")


def measure(folder: Path, customers: int) -> Table:
    """A tenth of the rows, the same again, which changes nothing, and all of them."""
    file = folder / "people.csv"
    rows = []
    for count, again in ((customers // 10, False), (customers // 10, True), (customers, False)):
        write_customers(file, count)
        place = folder / f"workspace-{count}"
        if not again:
            write_workspace(place, customers=0, sink=SINKS["postmark"], url="http://127.0.0.1:9")
        found = race("importing", (place, file), 1)
        if found.letters != (0 if again else count):
            raise SystemExit(f"{found.letters} rows were added, not {count}")
        name = f"{count:,} rows again, nothing new" if again else f"{count:,} new rows of ten columns"
        rows.append(
            (name, f"{count / found.seconds:,.0f}", f"{found.cpu / count * 1e6:.0f}", f"{found.peak:.0f}")
        )
    return Table("importing", COLUMNS, rows)
