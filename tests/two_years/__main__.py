"""Two years, once or from many seeds: see the package."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from tests.corpus import CORPUS
from tests.two_years.purchases import END, of_sample
from tests.two_years.runner import Story, live

SAMPLE = ("customers", "cdnow", "cdnow_sample.csv")


def main() -> int:
    """Exit code 1 where a promise was not kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.two_years", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1, help="how many lives")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="this life alone, with its trace")
    parser.add_argument("--people", type=int, default=300, help="how many customers")
    parser.add_argument("--sample", action="store_true", help="the CDNOW customers (TOUCHBASE_CORPUS)")
    parser.add_argument("--until", type=date.fromisoformat, default=END, help="a day before the end")
    parser.add_argument("--database", default="", help="the address of an empty database (one life only)")
    options = parser.parse_args()
    purchases = None
    if options.sample:
        if CORPUS is None:
            print("there is no CDNOW sample here: set TOUCHBASE_CORPUS", file=sys.stderr)
            return 2
        purchases = of_sample(Path(CORPUS).joinpath(*SAMPLE), options.people)
    first = options.seed if options.seed is not None else options.start
    broken = False
    for seed in range(first, first + (1 if options.seed is not None else options.seeds)):
        story = live(seed, options.people, purchases=purchases, url=options.database, end=options.until)
        if options.seed is not None:
            print("\n".join(story.life.log.trace))
        for fault in story.faults[:40]:
            print(f"seed {seed}: {fault}")
        broken = broken or bool(story.faults)
        print(told(seed, story), flush=True)
    return 1 if broken else 0


def told(seed: int, story: Story) -> str:
    """One life in figures."""
    ledger, log = story.ledger, story.life.log
    letters = sum(story.intents.values())
    lines = [
        f"seed {seed}: {len(ledger.customers):,} people, {len(ledger.runs):,} runs, {log.looks:,} looks, "
        f"{log.deaths} deaths, {letters:,} letters, {len(story.faults)} faults, {story.seconds:.0f} s, "
        f"letters {story.print_of_it[:12]}",
        "  sent: " + ", ".join(f"{word} {number:,}" for word, number in story.intents.most_common()),
        "  silences on record: "
        + (", ".join(f"{word} {number:,}" for word, number in story.silences.most_common()) or "none"),
        "  not sent: " + ", ".join(f"{word} {number:,}" for word, number in story.skipped.most_common()),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
