"""The numbers of a run, which always add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """selected = accepted + skipped + failed + uncertain + pending + held_out."""

    accepted: int = 0
    failed: int = 0
    uncertain: int = 0
    pending: int = 0
    held_out: int = 0
    skipped: dict[str, int] = field(default_factory=dict)

    @property
    def selected(self) -> int:
        """Everybody the campaign's audience named."""
        return (
            self.accepted
            + sum(self.skipped.values())
            + self.failed
            + self.uncertain
            + self.pending
            + self.held_out
        )

    def as_json(self) -> dict[str, object]:
        """The counting part of the object `send --json` and `runs RUN --json` end with."""
        return {
            "selected": self.selected,
            "accepted": self.accepted,
            "skipped": dict(sorted(self.skipped.items())),
            "failed": self.failed,
            "uncertain": self.uncertain,
            "pending": self.pending,
            "held_out": self.held_out,
        }


@dataclass(frozen=True, slots=True)
class Wave:
    """So many letters wait for this moment."""

    at: datetime
    people: int

    def as_json(self) -> dict[str, object]:
        """One object of `waves`."""
        return {"at": self.at.isoformat(), "people": self.people}


def ahead(waves: Iterable[Wave], now: datetime) -> list[Wave]:
    """Those whose moment is still to come, the next one first."""
    return sorted((wave for wave in waves if wave.at > now), key=lambda wave: wave.at)


@dataclass(frozen=True, slots=True)
class Fate:
    """What is known of the letters that are out. A letter that came back or was complained about is out too."""

    out: int = 0
    bounced: int = 0
    complained: int = 0
