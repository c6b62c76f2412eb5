"""A job of the daemon as people see it: when it ran, what it did, what went wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

LONGEST = 2000
"""Characters kept of an error or an outcome."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job did, in words; "" for nothing worth telling. `trouble`: what a person should know, or ""."""

    did: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class JobState:
    """A job as last seen. `failures`: in a row, the last of them in `error`. `outcome`: what it last did, in words."""

    name: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    next_at: datetime | None = None
    failures: int = 0
    error: str = ""
    outcome: str = ""

    def as_json(self) -> dict[str, object]:
        """One object of `jobs` in the status."""
        moments = {
            name: None if at is None else at.isoformat()
            for name, at in (
                ("started_at", self.started_at),
                ("ended_at", self.ended_at),
                ("next_at", self.next_at),
            )
        }
        return {
            "job": self.name,
            **moments,
            "failures": self.failures,
            "error": self.error or None,
            "outcome": self.outcome or None,
        }

    def begun(self, now: datetime) -> JobState:
        """It runs."""
        return replace(self, started_at=now)

    def ended(self, outcome: Outcome, now: datetime, next_at: datetime | None = None) -> JobState:
        """It is over; where nothing happened, what it did before stays to be seen."""
        return replace(
            self,
            ended_at=now,
            next_at=next_at,
            failures=self.failures + 1 if outcome.trouble else 0,
            error=outcome.trouble[:LONGEST],
            outcome=(outcome.did or self.outcome)[:LONGEST],
        )
