"""How bad a world is: every chance drawn once from the seed, so that rare things are common in some worlds."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Knobs:
    """Chances are in [0, 1). `evidence`: what the provider offers to whoever does not know: key, search or nothing."""

    people: int
    batch: int
    processes: int
    lanes: int
    evidence: str
    fallback: bool
    key_lifetime: float
    lag: float
    calls: dict[str, float] = field(default_factory=dict)
    death: float = 0.0
    database: float = 0.0
    search_fails: float = 0.0
    leave: float = 0.0
    news: float = 0.0
    pause: float = 0.0
    cancel: float = 0.0
    jump: float = 0.0
    limit: float | None = None
    per_minute: int | None = None
    max_age_hours: float | None = None


CALLS = (
    "lost",
    "never",
    "busy",
    "down",
    "refused",
    "partial",
    "muddled",
    "poison",
    "account",
    "slow",
    "late",
)
"""What may become of a call instead of a plain answer; see outside."""


def drawn(chance: random.Random) -> Knobs:
    """The knobs of one world."""

    def sometimes(most: float, often: float = 0.5) -> float:
        return chance.uniform(0, most) if chance.random() < often else 0.0

    return Knobs(
        people=chance.randint(3, 14),
        batch=chance.randint(1, 5),
        processes=chance.randint(1, 3),
        lanes=chance.randint(1, 2),
        evidence=chance.choice(["key", "search", "nothing"]),
        fallback=chance.random() < 0.25,
        key_lifetime=chance.choice([1800.0, 86400.0, float("inf")]),
        lag=chance.choice([1.0, 60.0, 300.0]),
        calls={name: chance.choice([0.0, 0.0, 0.0, 0.0, 0.04, 0.2]) for name in CALLS},
        death=sometimes(0.12, 0.7),
        database=sometimes(0.06, 0.3),
        search_fails=sometimes(0.5),
        leave=sometimes(0.1),
        news=sometimes(0.3),
        pause=sometimes(0.1, 0.3),
        cancel=sometimes(0.03, 0.2),
        jump=sometimes(0.1, 0.3),
        limit=chance.choice([None, None, 0.5, 20.0]),
        per_minute=chance.choice([None, None, None, 30]),
        max_age_hours=chance.choice([None, None, None, 6.0]),
    )
