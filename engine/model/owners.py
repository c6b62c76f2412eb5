"""What the app says of customers' own people: how many customers each has, and who gets whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class OwnerLine:
    """One sender and their customers. `gets`: how many more by the assigning. `cover`: who stands in today.

    `tiers`: customers by tier, "" for none. `at_most`: letters a day, where that is said.
    """

    name: str
    title: str
    customers: int
    tiers: Mapping[str, int] = field(default_factory=dict)
    gets: int = 0
    open_tasks: int = 0
    cover: str = ""
    at_most: int | None = None

    def as_json(self) -> dict[str, object]:
        """One object of `owners`."""
        return {
            "owner": self.name,
            "name": self.title,
            "customers": self.customers,
            "gets": self.gets,
            "tiers": {tier or "none": number for tier, number in self.tiers.items()},
            "open_tasks": self.open_tasks,
            "cover": self.cover or None,
            "at_most": self.at_most,
        }


@dataclass(frozen=True, slots=True)
class OwnerMove:
    """One customer who gets, or got, another person; `before` is "" where nobody was theirs."""

    customer_id: str
    email: str
    before: str
    after: str
    reason: str
    at: datetime | None = None

    def as_json(self) -> dict[str, object]:
        """One object of `people`; what `assign --json` prints."""
        return {
            "customer_id": self.customer_id,
            "email": self.email or None,
            "from": self.before or None,
            "to": self.after,
            "reason": self.reason,
            "at": self.at.isoformat() if self.at is not None else None,
        }


@dataclass(frozen=True, slots=True)
class OwnersReport:
    """Everybody's customers, and who gets whom. `unassigned`: customers whose person nobody is, now.

    `applied`: it took effect. `moving`: how many get somebody; `people` names the first of them.
    """

    field: str
    owners: Sequence[OwnerLine]
    unassigned: int
    applied: bool = False
    moving: int = 0
    people: Sequence[OwnerMove] = ()

    def as_json(self) -> dict[str, object]:
        """The object `owners --json` prints."""
        return {
            "field": self.field,
            "owners": [line.as_json() for line in self.owners],
            "unassigned": self.unassigned,
            "applied": self.applied,
            "moving": self.moving,
            "people": [move.as_json() for move in self.people],
        }
