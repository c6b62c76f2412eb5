"""Many rounds of killing on one database, and their count: see the package."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.kills.rounds import Tally, disturbance, misbehaving, run_rounds
from tests.kills.world import make_world
from tests.postgresql import administer, start_server, with_database


def main() -> int:
    """The table row; exit code 1 if anything was lost, doubled or untrue."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args()
    print(f"seed {options.seed}", file=sys.stderr)
    begun = time.monotonic()

    def tell(tally: Tally) -> None:
        if tally.rounds % 10 == 0:
            seconds = time.monotonic() - begun
            print(f"{tally.rounds} rounds, {tally.kills} kills, {seconds:.0f} s", file=sys.stderr)

    with tempfile.TemporaryDirectory() as folder:
        url = "sqlite:///touchbase.db"
        if options.database == "postgresql":
            server = start_server()
            administer(server, "CREATE DATABASE touchbase_kills")
            url = with_database(server, "touchbase_kills")
        log = Path(folder) / "accepted.jsonl"
        with misbehaving(options.seed, log) as address:
            world = make_world(Path(folder), address, log, url)
            chance = random.Random(options.seed)
            tally = run_rounds(world, options.rounds, chance, tell, disturbance(url))
        if options.database == "postgresql":
            administer(server, "DROP DATABASE touchbase_kills WITH (FORCE)")
    print(
        "| database | rounds | kills | letters | accepted | uncertain (arrived) | doubled | lost | untrue |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    print(
        f"| {options.database} | {tally.rounds} | {tally.kills} | {tally.letters:,} | {tally.accepted:,}"
        f" | {tally.uncertain:,} ({tally.uncertain_arrived:,}) | {tally.doubled} | {tally.lost} | {tally.untrue} |"
    )
    for fault in tally.faults:
        print(fault, file=sys.stderr)
    return 1 if tally.doubled or tally.lost or tally.untrue or tally.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
