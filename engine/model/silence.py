"""Who does not hear from us in time: numbers by tier and owner, people, and what prevents it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class SilentGroup:
    """Everybody with a floor on one clock. customers = in_touch + lapsing + silent.

    `value`: of the field that tells floors apart; "" for everybody else. `lapsing`: within the asked time.
    """

    clock: str
    value: str
    owner: str
    customers: int
    lapsing: int
    silent: int

    @property
    def in_touch(self) -> int:
        """Whose floor lasts longer."""
        return self.customers - self.lapsing - self.silent

    def as_json(self) -> dict[str, object]:
        """One object of `groups`."""
        return {
            "clock": self.clock,
            "value": self.value or None,
            "owner": self.owner or None,
            "customers": self.customers,
            "in_touch": self.in_touch,
            "lapsing": self.lapsing,
            "silent": self.silent,
        }


@dataclass(frozen=True, slots=True)
class SilentPerson:
    """One clock of one customer. `until`: the last day on which a touch is in time; `missed`: it has passed.

    `last`: the last touch, in words `what`; None while there was none. `filler`: the campaign, or `task`, or `owner`,
    that prevents it; "" where nothing does, and then `reason` says why. `floor`: the rule in words, `where` it stands.
    """

    customer_id: str
    email: str
    clock: str
    value: str
    owner: str
    until: date
    missed: bool
    last: datetime | None
    what: str
    filler: str
    reason: str
    floor: str
    where: str

    def as_json(self) -> dict[str, object]:
        """One object of `people`."""
        return {
            "customer_id": self.customer_id,
            "email": self.email or None,
            "clock": self.clock,
            "value": self.value or None,
            "owner": self.owner or None,
            "until": self.until.isoformat(),
            "missed": self.missed,
            "last": self.last.isoformat() if self.last is not None else None,
            "what": self.what or None,
            "prevented_by": self.filler or None,
            "reason": None if self.filler else self.reason,
            "floor": self.floor,
            "where": self.where,
        }


@dataclass(frozen=True, slots=True)
class SilentReport:
    """The whole answer. `prevented`: how many by what; `reasons`: how many nothing prevents, by reason.

    lapsing + silent of all groups = all of `prevented` + all of `reasons`. `by`: the field that tells floors apart.
    """

    today: date
    until: date
    by: str
    groups: Sequence[SilentGroup] = ()
    prevented: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    people: Sequence[SilentPerson] = ()

    @property
    def total(self) -> int:
        """How many clocks run out in time, or have."""
        return sum(group.lapsing + group.silent for group in self.groups)

    def as_json(self) -> dict[str, object]:
        """The object `silent --json` prints."""
        return {
            "today": self.today.isoformat(),
            "until": self.until.isoformat(),
            "by": self.by,
            "groups": [group.as_json() for group in self.groups],
            "prevented_by": dict(self.prevented),
            "not_prevented": dict(self.reasons),
            "people": [person.as_json() for person in self.people],
        }
