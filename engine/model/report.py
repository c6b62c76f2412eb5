"""What the app hands to the doors: plain answers to show, each able to become JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from engine.model.counts import Counts, Wave


@dataclass(frozen=True, slots=True)
class PersonDecision:
    """One line of a plan: who, what, and why. `decision` is send, skip or hold_out."""

    customer_id: str
    email: str
    decision: str
    reason: str = ""
    detail: str = ""
    variant: str = ""

    def as_json(self) -> dict[str, object]:
        """One object of `people` in `plan --json`."""
        return {
            "customer_id": self.customer_id,
            "email": self.email,
            "decision": self.decision,
            "reason": self.reason or None,
            "detail": self.detail or None,
            "variant": self.variant or None,
        }


@dataclass(frozen=True, slots=True)
class VariantLine:
    """One variant of a run: how many people read it and what is in it. `covering`: for whom its sender stands in."""

    name: str
    people: int
    subject: str
    sender: str
    posts: tuple[str, ...] = ()
    offer: str = ""
    covering: str = ""


@dataclass(frozen=True, slots=True)
class PlanReport:
    """Who would get what, who would not, and why. `waves`: where readers have moments of their own, when those are.

    `what`: each of them gets a letter, or their own person a task.
    """

    campaign: str
    title: str
    occurrence: str
    as_of: datetime
    counts: Counts
    variants: Sequence[VariantLine] = ()
    people: Sequence[PersonDecision] = ()
    notes: Sequence[str] = ()
    run: str = ""
    waves: Sequence[Wave] = ()
    state: str = ""
    what: str = "letter"

    def as_json(self) -> dict[str, object]:
        """The object `plan --json` prints."""
        return {
            "campaign": self.campaign,
            "what": self.what,
            "run": self.run or None,
            "state": self.state or None,
            "occurrence": self.occurrence,
            "as_of": self.as_of.isoformat(),
            **self.counts.as_json(),
            "variants": [
                {
                    "variant": line.name,
                    "people": line.people,
                    "subject": line.subject,
                    "sender": line.sender,
                    "covering": line.covering or None,
                    "posts": list(line.posts),
                    "offer": line.offer or None,
                }
                for line in self.variants
            ],
            "waves": [wave.as_json() for wave in self.waves],
            "people": [person.as_json() for person in self.people],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run's numbers; `sent_now` counts the letters this very command handed over.

    `reason`: why the run is paused, in words. `waves`: its letters that wait for a moment to come. `approved_at`,
    `approved_by`: of a saved plan.
    """

    campaign: str
    run: str
    occurrence: str
    state: str
    counts: Counts
    provider: str = ""
    as_of: datetime | None = None
    sent_now: int = 0
    interrupted: bool = False
    letters: Path | None = None
    notes: Sequence[str] = ()
    reason: str = ""
    waves: Sequence[Wave] = ()
    approved_at: datetime | None = None
    approved_by: str = ""

    @property
    def waiting(self) -> int:
        """Letters that wait for their reader's own moment; they are pending too."""
        return sum(wave.people for wave in self.waves)

    def as_json(self) -> dict[str, object]:
        """The object `send --json` and `runs RUN --json` end with."""
        return {
            "campaign": self.campaign,
            "run": self.run,
            "occurrence": self.occurrence,
            "state": self.state,
            "reason": self.reason or None,
            "provider": self.provider,
            **self.counts.as_json(),
            "sent_now": self.sent_now,
            "waiting": self.waiting,
            "next_at": self.waves[0].at.isoformat() if self.waves else None,
            "approved": {"at": self.approved_at.isoformat(), "by": self.approved_by or None}
            if self.approved_at is not None
            else None,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class Halt:
    """A campaign that was paused, or let go on; `runs` are those it concerned."""

    campaign: str
    paused: bool
    runs: Sequence[int] = ()
    reason: str = ""

    def as_json(self) -> dict[str, object]:
        """The object `pause --json` and `resume --json` print."""
        return {
            "campaign": self.campaign,
            "paused": self.paused,
            "runs": [str(run) for run in self.runs],
            "reason": self.reason or None,
        }


@dataclass(frozen=True, slots=True)
class Preview:
    """One person's letter, finished, with what the linter says of it."""

    campaign: str
    email: str
    sender: str
    subject: str
    preheader: str
    html: str
    text: str
    message: bytes
    decision: PersonDecision
    findings: Sequence[Mapping[str, object]] = ()
    covering: str = ""

    def as_json(self) -> dict[str, object]:
        """The object `preview --json` prints."""
        return {
            "campaign": self.campaign,
            "email": self.email,
            "from": self.sender,
            "covering": self.covering or None,
            "subject": self.subject,
            "preheader": self.preheader,
            "html": self.html,
            "text": self.text,
            "decision": self.decision.as_json(),
            "findings": [dict(finding) for finding in self.findings],
        }


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact behind a decision. `passed` is None where there was nothing to pass."""

    text: str
    passed: bool | None = None
    where: str = ""
    depth: int = 0

    def as_json(self) -> dict[str, object]:
        """One object of `facts`."""
        return {"text": self.text, "passed": self.passed, "where": self.where or None, "depth": self.depth}


@dataclass(frozen=True, slots=True)
class WhyReport:
    """The decision for one person and one campaign, and every fact behind it."""

    email: str
    customer_id: str
    campaign: str
    decision: PersonDecision
    state: str
    run: str
    facts: Sequence[Fact] = ()

    def as_json(self) -> dict[str, object]:
        """The object `why --json` prints."""
        return {
            "email": self.email,
            "customer_id": self.customer_id,
            "campaign": self.campaign,
            "run": self.run or None,
            "state": self.state or None,
            "decision": self.decision.decision,
            "reason": self.decision.reason or None,
            "detail": self.decision.detail or None,
            "facts": [fact.as_json() for fact in self.facts],
        }


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One touch or event of a customer, newest first. `by`: the sender who made it, of a touch by a person."""

    at: datetime
    kind: str
    what: str
    detail: str = ""
    campaign: str = ""
    run: str = ""
    by: str = ""

    def as_json(self) -> dict[str, object]:
        """One object of `history --json`."""
        return {
            "at": self.at.isoformat(),
            "kind": self.kind,
            "what": self.what,
            "detail": self.detail or None,
            "campaign": self.campaign or None,
            "run": self.run or None,
            "by": self.by or None,
        }


@dataclass(frozen=True, slots=True)
class SegmentCount:
    """A segment and how many people are in it now; `expected` says whether that is within its `expect`."""

    segment: str
    title: str
    count: int
    expected: bool = True
    expectation: str = ""

    def as_json(self) -> dict[str, object]:
        """One object of `segments --json`."""
        return {"segment": self.segment, "title": self.title, "count": self.count}


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did; the numbers add up: read = added + updated + unchanged + rejected."""

    read: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejects: Path | None = None
    notes: Sequence[str] = field(default_factory=tuple)

    def as_json(self) -> dict[str, object]:
        """The object `import --json` prints."""
        return {
            "read": self.read,
            "added": self.added,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
        }
