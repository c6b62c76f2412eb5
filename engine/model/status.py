"""What the app says of the whole house at one moment: what needs a person first, then what runs and what comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from engine.model.feed_report import FeedLine
from engine.model.job import JobState


class Kind(StrEnum):
    """What may need a person, the most pressing first."""

    WORKSPACE = "workspace"
    COPY = "copy"
    PROVIDER = "provider"
    SENDER = "sender"
    DAEMON = "daemon"
    APPROVAL = "approval"
    PAUSED = "paused"
    WAITING = "waiting"
    STUCK = "stuck"
    UNPLANNED = "unplanned"
    UNCERTAIN = "uncertain"
    BOUNCES = "bounces"
    FEED = "feed"
    POSTS = "posts"
    JOB = "job"
    TASKS = "tasks"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Need:
    """Something that goes no further without a person. `what`: in a sentence. `command`: what to type."""

    kind: Kind
    what: str
    command: str

    def as_json(self) -> dict[str, object]:
        """One object of `needs`."""
        return {"kind": str(self.kind), "what": self.what, "command": self.command}


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run that is not over. Numbers are letters; due ones may leave now, the first since `due_since`.

    `later`: when the next one is due that is not yet.
    """

    run: int
    campaign: str
    occurrence: str
    state: str
    reason: str = ""
    selected: int = 0
    pending: int = 0
    due: int = 0
    in_flight: int = 0
    uncertain: int = 0
    due_since: datetime | None = None
    later: datetime | None = None
    last_call: datetime | None = None

    def as_json(self) -> dict[str, object]:
        """One object of `runs`."""
        return {
            "run": str(self.run),
            "campaign": self.campaign,
            "occurrence": self.occurrence,
            "state": self.state,
            "reason": self.reason or None,
            "selected": self.selected,
            "pending": self.pending,
            "due": self.due,
            "in_flight": self.in_flight,
            "uncertain": self.uncertain,
            "due_since": _text(self.due_since),
            "later": _text(self.later),
            "last_call": _text(self.last_call),
        }


@dataclass(frozen=True, slots=True)
class ComingLine:
    """The next occurrence of an active campaign; `at`: its first instant anywhere."""

    campaign: str
    occurrence: str
    at: datetime

    def as_json(self) -> dict[str, object]:
        """One object of `coming`."""
        return {"campaign": self.campaign, "occurrence": self.occurrence, "at": self.at.isoformat()}


@dataclass(frozen=True, slots=True)
class MissedLine:
    """An occurrence of the last days that was not sent by itself; a person may still send it."""

    campaign: str
    occurrence: str
    at: datetime
    reason: str

    def as_json(self) -> dict[str, object]:
        """One object of `missed`."""
        return {
            "campaign": self.campaign,
            "occurrence": self.occurrence,
            "at": self.at.isoformat(),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class WayLine:
    """A way out that is in use; `trouble` is "" where all is well. `closed`: it takes nothing now."""

    provider: str
    type: str
    trouble: str = ""
    closed: bool = False

    def as_json(self) -> dict[str, object]:
        """One object of `providers`."""
        return {
            "provider": self.provider,
            "type": self.type,
            "closed": self.closed,
            "trouble": self.trouble or None,
        }


@dataclass(frozen=True, slots=True)
class ProcessLine:
    """A living process of ours. `role`: `daemon`, `standby`, `worker` or `sender`."""

    role: str
    pid: int
    host: str
    started_at: datetime

    def as_json(self) -> dict[str, object]:
        """One object of `processes`."""
        return {
            "role": self.role,
            "pid": self.pid,
            "host": self.host,
            "started_at": self.started_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class TasksLine:
    """One owner's open tasks that are not snoozed. `long`: how many are overdue for more than a week."""

    owner: str
    open: int
    overdue: int
    long: int = 0

    def as_json(self) -> dict[str, object]:
        """One object of `tasks`."""
        return {"owner": self.owner or None, "open": self.open, "overdue": self.overdue}


@dataclass(frozen=True, slots=True)
class Status:
    """The whole house at one moment."""

    at: datetime
    needs: Sequence[Need] = ()
    runs: Sequence[RunLine] = ()
    coming: Sequence[ComingLine] = ()
    missed: Sequence[MissedLine] = ()
    feeds: Sequence[FeedLine] = ()
    providers: Sequence[WayLine] = ()
    processes: Sequence[ProcessLine] = ()
    jobs: Sequence[JobState] = field(default_factory=tuple)
    tasks: Sequence[TasksLine] = ()

    def as_json(self) -> dict[str, object]:
        """The object `status --json` prints."""
        return {
            "at": self.at.isoformat(),
            "needs": [line.as_json() for line in self.needs],
            "runs": [line.as_json() for line in self.runs],
            "coming": [line.as_json() for line in self.coming],
            "missed": [line.as_json() for line in self.missed],
            "feeds": [
                {key: value for key, value in line.as_json().items() if key != "posts"} for line in self.feeds
            ],
            "providers": [line.as_json() for line in self.providers],
            "processes": [line.as_json() for line in self.processes],
            "jobs": [line.as_json() for line in self.jobs],
            "tasks": [line.as_json() for line in self.tasks],
        }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
