"""A year's gifts, as the doors are told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class CodeCounts:
    """What became of the codes of a year that have left in letters, or were handed over by people.

    `used` includes `used_by_others`: those somebody else came with than they were given to. `unused` can still be
    used; `expiring` of these end within 30 days. given = used + unused + expired.
    """

    given: int = 0
    used: int = 0
    used_by_others: int = 0
    unused: int = 0
    expiring: int = 0
    expired: int = 0

    def __add__(self, other: CodeCounts) -> CodeCounts:
        return CodeCounts(
            self.given + other.given,
            self.used + other.used,
            self.used_by_others + other.used_by_others,
            self.unused + other.unused,
            self.expiring + other.expiring,
            self.expired + other.expired,
        )

    def as_json(self) -> dict[str, object]:
        """The numbers by name."""
        return {
            "given": self.given,
            "used": self.used,
            "used_by_others": self.used_by_others,
            "unused": self.unused,
            "expiring": self.expiring,
            "expired": self.expired,
        }


@dataclass(frozen=True, slots=True)
class TierGifts:
    """One tier's year.

    `customers` = `got` + `without`; `waiting` of those without have one in a letter that has not left
    yet, or in a task of their own person's. `gifts`,
    `spent`: what the budget of the tier has counted, by the tier a customer had then; `spend`: its limit, None where
    there is none. `codes`: of gifts alone. `meant`: False where the budget gives such customers nothing. `missing`:
    the first of those without, by address or key.
    """

    tier: str
    customers: int
    got: int
    waiting: int
    gifts: int
    spent: float
    spend: float | None
    codes: CodeCounts
    meant: bool = True
    missing: Sequence[str] = ()

    @property
    def without(self) -> int:
        """Customers who got none."""
        return self.customers - self.got

    def as_json(self) -> dict[str, object]:
        """One object of `gifts --json`."""
        return {
            "tier": self.tier,
            "customers": self.customers,
            "got": self.got,
            "without": self.without,
            "waiting": self.waiting,
            "gifts": self.gifts,
            "spent": self.spent,
            "spend": self.spend,
            "codes": self.codes.as_json(),
            "everybody": self.without == 0,
            "missing": list(self.missing),
        }


@dataclass(frozen=True, slots=True)
class GiftReport:
    """A calendar year's gifts by tier, and every offer's codes. `spend`: the limit on all of it."""

    year: int
    as_of: date
    tiers: Sequence[TierGifts]
    spent: float
    spend: float | None
    offers: Sequence[tuple[str, CodeCounts]]

    def as_json(self) -> dict[str, object]:
        """The object `gifts --json` prints."""
        return {
            "year": self.year,
            "as_of": self.as_of.isoformat(),
            "spent": self.spent,
            "spend": self.spend,
            "tiers": [each.as_json() for each in self.tiers],
            "offers": [{"offer": offer, **codes.as_json()} for offer, codes in self.offers],
        }
