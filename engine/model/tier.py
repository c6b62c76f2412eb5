"""What the app says of tiers: how many there are and will be, who moves and why, one person's score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TierLine:
    """One tier, "" for none. `rule`: what it takes, in words; `after` is None where nothing is scored."""

    tier: str
    rule: str
    now: int
    after: int | None

    def as_json(self) -> dict[str, object]:
        """One object of `tiers`."""
        return {"tier": self.tier or None, "rule": self.rule or None, "now": self.now, "after": self.after}


@dataclass(frozen=True, slots=True)
class Moving:
    """How many customers go from one tier to another, "" for none."""

    before: str
    after: str
    customers: int

    def as_json(self) -> dict[str, object]:
        """One object of `moves`."""
        return {"from": self.before or None, "to": self.after or None, "customers": self.customers}


@dataclass(frozen=True, slots=True)
class Mover:
    """One customer whose tier changes, and why."""

    customer_id: str
    email: str
    before: str
    after: str
    reason: str

    def as_json(self) -> dict[str, object]:
        """One object of `people`."""
        return {
            "customer_id": self.customer_id,
            "email": self.email or None,
            "from": self.before or None,
            "to": self.after or None,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class TierReport:
    """Tiers now and after computing. `applied`: it took effect. `kept`: would fall, but not so soon. `by_hand`: have
    what a person gave them. `people`: the first who move, the best score first."""

    field: str
    scored: bool
    applied: bool
    at: datetime
    last: datetime | None
    tiers: Sequence[TierLine]
    moves: Sequence[Moving] = ()
    kept: int = 0
    by_hand: int = 0
    people: Sequence[Mover] = ()

    @property
    def moving(self) -> int:
        """How many customers change their tier."""
        return sum(move.customers for move in self.moves)

    def as_json(self) -> dict[str, object]:
        """The object `tiers --json` prints."""
        return {
            "field": self.field,
            "scored": self.scored,
            "applied": self.applied,
            "at": self.at.isoformat(),
            "last_computed": self.last.isoformat() if self.last is not None else None,
            "tiers": [line.as_json() for line in self.tiers],
            "moving": self.moving,
            "moves": [move.as_json() for move in self.moves],
            "kept": self.kept,
            "by_hand": self.by_hand,
            "people": [mover.as_json() for mover in self.people],
        }


@dataclass(frozen=True, slots=True)
class TierScore:
    """One customer's score. `why`: the rule, or what stands above it, in words. `place`: None without a score."""

    customer_id: str
    email: str
    now: str
    after: str
    points: int
    place: int | None
    ranked: int
    reason: str
    why: str
    criteria: Sequence[tuple[str, int, int, int]]
    """Name, band, of how many bands, weight."""

    def as_json(self) -> dict[str, object]:
        """The object `tiers --explain EMAIL --json` prints."""
        names = ("criterion", "band", "bands", "weight")
        return {
            "customer_id": self.customer_id,
            "email": self.email or None,
            "tier": self.now or None,
            "after": self.after or None,
            "points": self.points,
            "place": self.place,
            "of": self.ranked,
            "why": self.why,
            "reason": self.reason,
            "criteria": [dict(zip(names, each, strict=True)) for each in self.criteria],
        }


@dataclass(frozen=True, slots=True)
class TierGiven:
    """A tier given by hand, or the end of that (`until` and `because` are empty then). `changed`: it is another."""

    customer_id: str
    email: str
    before: str
    tier: str
    because: str = ""
    until: datetime | None = None

    @property
    def changed(self) -> bool:
        """Whether the customer had another tier before."""
        return self.before != self.tier

    def as_json(self) -> dict[str, object]:
        """The object `tier --json` prints."""
        return {
            "customer_id": self.customer_id,
            "email": self.email or None,
            "from": self.before or None,
            "tier": self.tier or None,
            "because": self.because or None,
            "until": self.until.isoformat() if self.until is not None else None,
        }
