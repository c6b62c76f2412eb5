"""`python -m benchmarks`: every benchmark, each in a folder of its own, and their tables.

    python -m benchmarks [--quick] [--only letters planning …] [--provider postmark …] [--write]

`--quick` takes a fiftieth of the people and one round: enough to see that all of it runs. `--write` puts the
tables into docs/performance.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import contact, idling, importing, ledger, letters, planning, providers, starting, ticking
from benchmarks.race import ROOT
from benchmarks.servers import postgresql
from benchmarks.sinks import SINKS
from benchmarks.table import Table, write

PAGE = ROOT / "docs" / "performance.md"


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    letters: int
    rounds: int
    people: int
    rows: int
    calls: int
    campaigns: int
    seconds: int


FULL = Size(letters=100_000, rounds=3, people=1_000_000, rows=50_000, calls=9, campaigns=1000, seconds=3600)
QUICK = Size(letters=2_000, rounds=1, people=20_000, rows=2_000, calls=2, campaigns=50, seconds=600)


def main() -> None:
    """See the top of this file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed and memory, as tables.")
    parser.add_argument("--quick", action="store_true", help="few people, one round")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    parser.add_argument("--provider", nargs="+", choices=SINKS, default=list(SINKS))
    parser.add_argument("--write", action="store_true", help=f"refresh {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    tables: list[Table] = []
    for name in options.only:
        with tempfile.TemporaryDirectory(prefix="touchbase-bench-") as folder:
            start = time.monotonic()
            for table in BENCHMARKS[name](Path(folder), QUICK if options.quick else FULL, options.provider):
                tables.append(table)
                print(
                    f"\n### {table.name} ({time.monotonic() - start:.0f} s)\n\n{table.markdown()}", flush=True
                )
    if options.write:
        write(PAGE, tables)


def sending(folder: Path, size: Size, providers: list[str]) -> Iterator[Table]:
    """A table for each provider."""
    for provider in providers:
        yield letters.measure(folder / provider, provider, size.letters, size.rounds)


def freezing(folder: Path, size: Size, _: list[str]) -> Iterator[Table]:
    """Both databases in one table."""
    with postgresql(folder / "postgresql") as address:
        databases = {"SQLite": f"sqlite:///{folder / 'planning.db'}", "PostgreSQL": address}
        yield planning.measure(databases, size.people)


def ruling(folder: Path, size: Size, _: list[str]) -> Iterator[Table]:
    """Both databases in one table."""
    with postgresql(folder / "postgresql") as address:
        databases = {"SQLite": f"sqlite:///{folder / 'contact.db'}", "PostgreSQL": address}
        yield contact.measure(databases, size.people)


BENCHMARKS: dict[str, Callable[[Path, Size, list[str]], Iterator[Table]]] = {
    "letters": sending,
    "providers": lambda folder, size, _: iter([providers.measure(folder, size.letters // 40)]),
    "ledger": lambda folder, size, _: iter([ledger.measure(folder, size.rows, size.rounds)]),
    "planning": freezing,
    "contact": ruling,
    "importing": lambda folder, size, _: iter([importing.measure(folder, size.people)]),
    "ticking": lambda folder, size, _: iter([ticking.measure(folder, size.campaigns, 20)]),
    "idling": lambda folder, size, _: iter([idling.measure(folder, size.campaigns, size.seconds)]),
    "starting": lambda folder, size, _: iter([starting.measure(folder, size.calls)]),
}


if __name__ == "__main__":
    main()
