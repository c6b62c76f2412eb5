"""`python -m benchmarks`: every benchmark, each in a folder of its own, and their tables.

    python -m benchmarks [--quick] [--only NAME] [--provider postmark] [--write]

`--quick` takes a hundredth of the people and one round: enough to see that all of it runs. `--write` puts the
tables into docs/performance.md.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks import letters
from benchmarks.race import ROOT
from benchmarks.sinks import SINKS
from benchmarks.table import Table, write

PAGE = ROOT / "docs" / "performance.md"


def main() -> None:
    """See the top of this file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed and memory, as tables.")
    parser.add_argument("--quick", action="store_true", help="few people, one round")
    parser.add_argument("--provider", choices=SINKS, default="postmark")
    parser.add_argument("--customers", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--write", action="store_true", help=f"refresh {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    people = options.customers or (2_000 if options.quick else 100_000)
    rounds = options.rounds or (1 if options.quick else 3)
    tables: list[Table] = []
    with tempfile.TemporaryDirectory(prefix="touchbase-bench-") as name:
        tables.append(letters.measure(Path(name), options.provider, people, rounds))
        print(tables[-1].markdown(), flush=True)
    if options.write:
        write(PAGE, tables)


if __name__ == "__main__":
    main()
