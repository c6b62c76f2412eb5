"""Many years, or one with its trace: see the package."""

from __future__ import annotations

import argparse
import sys
import time

from tests.year.runner import Tally, live


def main() -> int:
    """Exit code 1 at the first year that breaks a promise."""
    parser = argparse.ArgumentParser(prog="python -m tests.year", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="how many years")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="this year alone, with its trace")
    parser.add_argument("--people", type=int, default=2000, help="how many customers")
    parser.add_argument("--database", default="", help="the address of an empty database (one year only)")
    options = parser.parse_args()
    if options.seed is not None:
        life, verdict = live(options.seed, options.people, url=options.database)
        print("\n".join(life.log.trace))
        print(verdict)
        return 0
    tally, begun = Tally(), time.monotonic()
    for seed in range(options.start, options.start + options.seeds):
        tally.add(*live(seed, options.people))
        print(f"{tally.years} years, {time.monotonic() - begun:.0f} s", file=sys.stderr)
    found = tally.verdict
    print(
        "| years | looks | deaths | promised | certain | arrived | a reason on record | posts read | broken |"
    )
    print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    print(
        f"| {tally.years:,} | {tally.looks:,} | {tally.deaths:,} | {found.promised:,} | {found.certain:,} "
        f"| {found.arrived:,} | {found.on_record:,} | {found.posts:,} | 0 |"
    )
    for reason, number in sorted(found.reasons.items(), key=lambda each: -each[1]):
        print(f"| {reason} | {number:,} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
