"""Many worlds, or one with its trace: see the package."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulator.runner import Tally, worlds


def main() -> int:
    """Exit code 1 at the first world that breaks a promise."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many worlds")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="this world alone, with its trace")
    options = parser.parse_args()
    tally, begun = Tally(), time.monotonic()
    with worlds() as made:
        if options.seed is not None:
            world = made.live(options.seed)
            print(world.knobs)
            print("\n".join(world.trace))
            return 0
        for seed in range(options.start, options.start + options.seeds):
            tally.add(made.live(seed))
            if tally.worlds % 200 == 0:
                print(f"{tally.worlds} worlds, {time.monotonic() - begun:.0f} s", file=sys.stderr)
    print("| worlds | steps checked | deaths | letters | arrived | left in doubt | doubled |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    print(
        f"| {tally.worlds:,} | {tally.steps:,} | {tally.deaths:,} | {tally.letters:,} | {tally.arrived:,} "
        f"| {tally.doubtful:,} | 0 |"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
