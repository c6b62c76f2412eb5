"""A Postmark that misbehaves by chance: `python -m tests.kills.double SEED LOG`; prints its address."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
from pathlib import Path

from tests.doubles.api import serve_alone
from tests.doubles.postmark import Postmark

MISDEEDS = {
    "500-after": 3,
    "reset": 3,
    "close": 3,
    "truncated": 2,
    "html": 1,
    "object": 1,
    "short": 2,
    "no-id": 2,
    "bye": 3,
    "refuse": 2,
    "429:0": 2,
    "503:100": 1,
    "slow:0.2": 6,
    "slow:0.02": 40,
    "ok": 40,
}
"""What it does, and how often of a hundred calls or so. Most answers are slow enough to be killed while waiting."""


class Wilful(Postmark):
    """Chooses its own script."""

    def __init__(self, seed: int, log: Path) -> None:
        super().__init__(log=log)
        self.chance = random.Random(seed)

    def step(self) -> str:
        """One word by chance."""
        self.requests += 1
        return self.chance.choices(list(MISDEEDS), list(MISDEEDS.values()))[0]


def main() -> None:
    """Serve until the process is ended."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve_alone(Wilful(int(sys.argv[1]), Path(sys.argv[2])), 0))


if __name__ == "__main__":
    main()
