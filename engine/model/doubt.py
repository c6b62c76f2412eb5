"""Letters that may or may not have arrived, and what was decided about them, as commands report it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engine.model.report import RunReport


class Word(StrEnum):
    """What a person says about letters in doubt."""

    ACCEPTED = "accepted"
    NOT_SENT = "not_sent"


@dataclass(frozen=True, slots=True)
class DoubtLine:
    """One letter in doubt. `detail`: what is known; `next`: what can be done; `held`: nobody may decide yet."""

    customer_id: str
    email: str
    reference: str
    provider: str
    submitted_at: datetime
    detail: str
    next: str
    held: bool = False

    def as_json(self) -> dict[str, object]:
        """One object of `doubts`."""
        return {
            "customer_id": self.customer_id,
            "email": self.email,
            "reference": self.reference,
            "provider": self.provider,
            "submitted_at": self.submitted_at.isoformat(),
            "detail": self.detail or None,
            "next": self.next,
        }


@dataclass(frozen=True, slots=True)
class Resolution:
    """A run's letters in doubt after a look into them, and how many are in doubt no more."""

    report: RunReport
    arrived: int = 0
    refused: int = 0
    send_again: int = 0
    doubts: Sequence[DoubtLine] = ()

    def as_json(self) -> dict[str, object]:
        """The object `resolve --json` prints."""
        return {
            **self.report.as_json(),
            "resolved": {
                "accepted": self.arrived,
                "failed": self.refused,
                "send_again": self.send_again,
            },
            "doubts": [line.as_json() for line in self.doubts],
        }
