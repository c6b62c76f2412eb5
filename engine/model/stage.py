"""Stages of sunset: how far somebody has drifted away from our letters, and the reports about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engine.model.duration import Duration, Unit

DAYS = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 30, Unit.YEAR: 365}
"""Silence is a number of days between two letters, whatever the calendar between them: months and years are even."""


def days(span: Duration) -> int:
    """A span of days or more as a number of days."""
    return span.count * DAYS[span.unit]


class Stage(StrEnum):
    """From who answers to who is not written to any more. What somebody does brings them back to the first."""

    ENGAGED = "engaged"
    COOLING = "cooling"
    LAST_ASK = "last_ask"
    DORMANT = "dormant"
    SUPPRESSED = "suppressed"

    @property
    def words(self) -> str:
        """As a person says it."""
        return self.replace("_", " ")


@dataclass(frozen=True, slots=True)
class StageLine:
    """How many customers are in a stage `now`, and `after` it is worked out anew. `rule`: when it begins."""

    stage: Stage
    now: int
    after: int
    rule: str = ""

    def as_json(self) -> dict[str, object]:
        """One object of `stages` in `sunset --json`."""
        return {"stage": str(self.stage), "now": self.now, "after": self.after, "rule": self.rule or None}


@dataclass(frozen=True, slots=True)
class StageMove:
    """One customer whose stage changes, and why."""

    customer_id: str
    email: str
    before: Stage
    after: Stage
    reason: str

    def as_json(self) -> dict[str, object]:
        """One object of `people` in `sunset --json`."""
        return {
            "customer_id": self.customer_id,
            "email": self.email or None,
            "from": str(self.before),
            "to": str(self.after),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class SunsetReport:
    """Who is in which stage, and who moves. `people`: the first of those who move; `tasks`: made, or to be made."""

    stages: Sequence[StageLine]
    moving: int
    people: Sequence[StageMove] = ()
    tasks: int = 0
    applied: bool = False
    last: datetime | None = None

    def as_json(self) -> dict[str, object]:
        """What `sunset --json` prints."""
        return {
            "stages": [line.as_json() for line in self.stages],
            "moving": self.moving,
            "tasks": self.tasks,
            "applied": self.applied,
            "last": self.last.isoformat() if self.last is not None else None,
            "people": [move.as_json() for move in self.people],
        }
