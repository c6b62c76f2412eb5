"""Years one after the other, each from its seed, on a database of its own."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from engine.store.database import open_database
from tests.simulator.surroundings import quietly
from tests.year.judge import Verdict, judge
from tests.year.life import Life, Trouble
from tests.year.world import END, START

FAST = Path("/dev/shm")


@dataclass
class Tally:
    """What so many years came to."""

    years: int = 0
    looks: int = 0
    deaths: int = 0
    verdict: Verdict = field(default_factory=Verdict)

    def add(self, life: Life, verdict: Verdict) -> None:
        """One more."""
        self.years += 1
        self.looks += len(life.log.looks)
        self.deaths += life.log.deaths
        for name in ("promised", "certain", "arrived", "on_record", "posts"):
            setattr(self.verdict, name, getattr(self.verdict, name) + getattr(verdict, name))
        for reason, number in verdict.reasons.items():
            self.verdict.reasons[reason] += number


def live(
    seed: int,
    people: int,
    *,
    url: str = "",
    trouble: Trouble | None = None,
    begin: date = START,
    end: date = END,
) -> tuple[Life, Verdict]:
    """The year of that seed, lived and judged. `url`: an empty database; without it, one in memory where that is."""
    with quietly(), tempfile.TemporaryDirectory(dir=FAST if FAST.is_dir() else None) as name:
        folder = Path(name)
        with open_database(url or f"sqlite:///{folder / 'touchbase.db'}") as database:
            life = Life(seed, folder / "workspace", database, people, trouble or Trouble(), begin, end)
            try:
                life.live()
            except BaseException as error:
                error.add_note("\n".join(life.log.trace[-40:]))
                error.add_note(f"python -m tests.year --seed {seed} --people {people}")
                raise
            return life, judge(life)
