"""What one look at the calendars came to: planned, missed, sent, and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.model.report import RunReport


@dataclass(frozen=True, slots=True)
class Planned:
    """An occurrence whose moment came. `state`: of its run; `letters` are to leave, `waiting` of them later."""

    campaign: str
    occurrence: str
    run: int
    state: str
    due_at: datetime
    letters: int
    waiting: int = 0

    def as_json(self) -> dict[str, object]:
        """One object of `planned`."""
        return {
            "campaign": self.campaign,
            "occurrence": self.occurrence,
            "run": str(self.run),
            "state": self.state,
            "due_at": self.due_at.isoformat(),
            "letters": self.letters,
            "waiting": self.waiting,
        }


@dataclass(frozen=True, slots=True)
class Skipped:
    """An occurrence that passed without a letter, and why."""

    campaign: str
    occurrence: str
    due_at: datetime
    reason: str

    def as_json(self) -> dict[str, object]:
        """One object of `missed`."""
        return {
            "campaign": self.campaign,
            "occurrence": self.occurrence,
            "due_at": self.due_at.isoformat(),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Trouble:
    """What could not be done for one campaign. `exit_code`: as if a command had failed with it."""

    campaign: str
    problem: str
    help: str = ""
    exit_code: int = 1
    try_again_at: datetime | None = None

    def as_json(self) -> dict[str, object]:
        """One object of `troubles`."""
        return {
            "campaign": self.campaign,
            "problem": self.problem,
            "help": self.help or None,
            "try_again_at": self.try_again_at.isoformat() if self.try_again_at is not None else None,
        }


@dataclass(frozen=True, slots=True)
class TickReport:
    """One tick, or several one after the other. `next_at`: before it nothing is to be done, as far as one knows.

    `done`: what else was done, in words.
    """

    at: datetime
    planned: Sequence[Planned] = ()
    missed: Sequence[Skipped] = ()
    sent: Sequence[RunReport] = ()
    troubles: Sequence[Trouble] = ()
    next_at: datetime | None = None
    interrupted: bool = False
    done: Sequence[str] = ()

    @property
    def did_something(self) -> bool:
        """Whether another tick may find more to do."""
        return bool(self.planned or self.missed or any(report.sent_now for report in self.sent))

    @property
    def exit_code(self) -> int:
        """As a command ends: interrupted, not reachable, refused, problems, done."""
        if self.interrupted:
            return 130
        codes = {trouble.exit_code for trouble in self.troubles}
        for code in (5, 4):
            if code in codes:
                return code
        ended_badly = any(report.counts.failed or report.counts.uncertain for report in self.sent)
        return 1 if codes or ended_badly else 0

    def as_json(self) -> dict[str, object]:
        """The object `run --once --json` prints."""
        return {
            "at": self.at.isoformat(),
            "planned": [planned.as_json() for planned in self.planned],
            "missed": [missed.as_json() for missed in self.missed],
            "sent": [report.as_json() for report in self.sent],
            "troubles": [trouble.as_json() for trouble in self.troubles],
            "next_at": self.next_at.isoformat() if self.next_at is not None else None,
            "done": list(self.done),
        }
