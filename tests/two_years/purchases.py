"""Who bought what and when: the CDNOW sample moved to 2027 and 2028, or purchases made up in its likeness."""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

START, END = date(2027, 1, 1), date(2028, 12, 31)

SAMPLE_YEAR = 1997
"""The sample runs from 1 January 1997 to 30 June 1998; neither year had a 29 February, as 2027 has none."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """One order. `customer`: a key."""

    customer: str
    day: date
    amount: float


def of_sample(file: Path, people: int | None) -> list[Purchase]:
    """The sample's purchases, of its first so many customers (None: of everybody), by day."""
    found: list[Purchase] = []
    known: dict[str, None] = {}
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            key = f"c{row['sample_id']}"
            if key not in known and people is not None and len(known) >= people:
                break
            known[key] = None
            then = date.fromisoformat(row["date"])
            day = then.replace(year=then.year + START.year - SAMPLE_YEAR)
            found.append(Purchase(key, day, float(row["amount_usd"])))
    return sorted(found, key=_place)


def made_up(chance: random.Random, people: int) -> list[Purchase]:
    """In the sample's likeness: most come in the first quarter, half of them once; a few spend much. Some come later."""
    found: list[Purchase] = []
    for number in range(1, people + 1):
        span = 84 if chance.random() < 0.85 else 700
        day = START + timedelta(days=chance.randrange(span))
        often = chance.choice([1, 1, 1, 2, 3, 5, 12])
        usual = chance.choice([12.0, 20.0, 30.0, 60.0])
        for _ in range(often):
            if day > END:
                break
            found.append(Purchase(f"c{number}", day, round(usual * chance.uniform(0.6, 1.8), 2)))
            day += timedelta(days=max(1, round(chance.expovariate(1 / 60))))
    return sorted(found, key=_place)


def first_days(purchases: list[Purchase]) -> Mapping[str, date]:
    """Each customer's first purchase, in the order in which they came."""
    found: dict[str, date] = {}
    for purchase in purchases:
        found.setdefault(purchase.customer, purchase.day)
    return found


def _place(purchase: Purchase) -> tuple[date, str, float]:
    return purchase.day, purchase.customer, purchase.amount
