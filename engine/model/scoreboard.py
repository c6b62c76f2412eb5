"""How well customers are kept, person by person and for all of them: what the scoreboard tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


def share(part: int, whole: int) -> float | None:
    """The share, 0 to 1; None where there is nothing to take a share of."""
    return round(part / whole, 4) if whole else None


@dataclass(frozen=True, slots=True)
class Score:
    """One person's customers and work, or everybody's.

    Attributes:
        owner: a sender's name; "" for what is nobody's.
        tiers: customers by tier, "" for those without one.
        floors_kept, floors: how many floors their customers have, and how many of these are kept today.
        open, overdue: their tasks now. done, in_time, expired: those that were closed in the period; `in_time` were
            done by their due date, or had none.
        touches: what they did for customers in the period.
        answered: their customers who answered a letter or a question in the period.
        bought_before, retained: their customers who bought in the period before, and how many of these did in this one.
        bought, bought_again: their customers who bought in this period, and how many of these did so more than once.
    """

    owner: str
    tiers: Mapping[str, int] = field(default_factory=dict)
    floors_kept: int = 0
    floors: int = 0
    open: int = 0
    overdue: int = 0
    done: int = 0
    in_time: int = 0
    expired: int = 0
    touches: int = 0
    answered: int = 0
    bought_before: int = 0
    retained: int = 0
    bought: int = 0
    bought_again: int = 0

    @property
    def customers(self) -> int:
        """How many customers they have."""
        return sum(self.tiers.values())

    @property
    def coverage(self) -> float | None:
        """The share of floors that is kept."""
        return share(self.floors_kept, self.floors)

    @property
    def retention(self) -> float | None:
        """The share of those who bought before that bought again."""
        return share(self.retained, self.bought_before)

    @property
    def repeat(self) -> float | None:
        """The share of those who bought that did so more than once."""
        return share(self.bought_again, self.bought)

    def as_json(self) -> dict[str, object]:
        """One object of `scoreboard --json`."""
        return {
            "owner": self.owner or None,
            "customers": self.customers,
            "tiers": dict(self.tiers),
            "floors": {"of": self.floors, "kept": self.floors_kept, "share": self.coverage},
            "tasks": {
                "open": self.open,
                "overdue": self.overdue,
                "done": self.done,
                "in_time": self.in_time,
                "expired": self.expired,
            },
            "touches": self.touches,
            "answered": self.answered,
            "retention": {"before": self.bought_before, "kept": self.retained, "share": self.retention},
            "repeat": {"bought": self.bought, "again": self.bought_again, "share": self.repeat},
        }


NUMBERS = (
    "floors_kept",
    "floors",
    "open",
    "overdue",
    "done",
    "in_time",
    "expired",
    "touches",
    "answered",
    "bought_before",
    "retained",
    "bought",
    "bought_again",
)
"""What adds up from persons to everybody."""


def together(scores: Sequence[Score]) -> Score:
    """Everybody's score: every customer and every task is one person's alone, so the numbers add up."""
    tiers: dict[str, int] = {}
    for score in scores:
        for tier, number in score.tiers.items():
            tiers[tier] = tiers.get(tier, 0) + number
    return Score("", tiers, **{name: sum(getattr(score, name) for score in scores) for name in NUMBERS})


@dataclass(frozen=True, slots=True)
class Scoreboard:
    """All of it. The period is `since` to `until`, the one before begins at `before`. `purchase`: the event's name."""

    before: datetime
    since: datetime
    until: datetime
    purchase: str
    owners: Sequence[Score]

    @property
    def team(self) -> Score:
        """Everybody's."""
        return together(self.owners)

    def as_json(self) -> dict[str, object]:
        """The object `scoreboard --json` prints."""
        return {
            "before": self.before.isoformat(),
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "purchase": self.purchase,
            "team": self.team.as_json(),
            "owners": [each.as_json() for each in self.owners],
        }
