"""Tasks: what a person is to do for a customer, as the doors are told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engine.model.report import HistoryLine


class TaskState(StrEnum):
    """Where a task is. It is open once, and what is closed stays closed."""

    OPEN = "open"
    DONE = "done"
    NOT_NEEDED = "not_needed"
    EXPIRED = "expired"
    """Closed because its time had passed, where whoever made it said that it has one."""


class MadeBy(StrEnum):
    """Who asked for a task."""

    PERSON = "person"
    CAMPAIGN = "campaign"
    POLICY = "policy"


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One task, and what its owner needs to know.

    `cover`: who stands in today for an owner who is away.
    `text`: what may help, such as a drafted note. `reason`: why it was made or, of a task not needed, why not.
    `last`: the customer's last touches, newest first. `matters`: titles of the segments that stop marketing to the
    customer now, such as an open complaint. `answers`: the last ones, to questions and letters. `tier`: the
    customer's. `touch`: what was done. `expires_at`: when it is closed, if nobody did it.
    """

    task: int
    customer_id: str
    email: str
    kind: str
    title: str
    state: str
    made_by: str
    created_at: datetime
    text: str = ""
    owner: str = ""
    cover: str = ""
    due_at: datetime | None = None
    overdue: bool = False
    snoozed_until: datetime | None = None
    reason: str = ""
    closed_at: datetime | None = None
    touch: int | None = None
    expires_at: datetime | None = None
    last: Sequence[HistoryLine] = ()
    matters: Sequence[str] = ()
    answers: Sequence[HistoryLine] = ()
    tier: str = ""

    def as_json(self) -> dict[str, object]:
        """One object of `tasks --json`; what `task`, `done` and `snooze` print."""
        return {
            "task": self.task,
            "customer_id": self.customer_id,
            "email": self.email,
            "kind": self.kind,
            "title": self.title,
            "text": self.text or None,
            "owner": self.owner or None,
            "cover": self.cover or None,
            "due_at": _iso(self.due_at),
            "overdue": self.overdue,
            "snoozed_until": _iso(self.snoozed_until),
            "state": self.state,
            "made_by": self.made_by,
            "reason": self.reason or None,
            "created_at": self.created_at.isoformat(),
            "closed_at": _iso(self.closed_at),
            "touch": self.touch,
            "expires_at": _iso(self.expires_at),
            "last": [line.as_json() for line in self.last],
            "matters": list(self.matters),
            "answers": [line.as_json() for line in self.answers],
            "tier": self.tier or None,
        }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
