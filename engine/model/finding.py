"""What `doctor` finds: what, why it matters, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a thing is. Only `problem` makes `doctor` end with exit code 1."""

    FINE = "fine"
    PROBLEM = "problem"
    WARNING = "warning"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    `check`: a short stable word (docs/reference/commands.md lists them). `what`: how it is. `why`: why that
    matters; `do`: what to do. Both are "" where all is fine.
    """

    check: str
    verdict: Verdict
    what: str
    why: str = ""
    do: str = ""

    def as_json(self) -> dict[str, object]:
        """One object of `findings`."""
        return {
            "check": self.check,
            "verdict": str(self.verdict),
            "what": self.what,
            "why": self.why or None,
            "do": self.do or None,
        }


def fine(check: str, what: str) -> Finding:
    """Nothing to do."""
    return Finding(check, Verdict.FINE, what)


def problem(check: str, what: str, why: str, do: str) -> Finding:
    """Letters would not leave, not arrive, or not be what they should be."""
    return Finding(check, Verdict.PROBLEM, what, why, do)


def warning(check: str, what: str, why: str, do: str) -> Finding:
    """It works, and might not for long, or not everywhere."""
    return Finding(check, Verdict.WARNING, what, why, do)


def unknown(check: str, what: str, do: str) -> Finding:
    """It could not be found out."""
    return Finding(check, Verdict.UNKNOWN, what, "", do)


def skipped(check: str, what: str) -> Finding:
    """Not looked at, and why not."""
    return Finding(check, Verdict.SKIPPED, what)
