"""An owner's digest: what happened with their customers, what comes, and what waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DigestLine:
    """One thing. `who`: the customer's address, "" where it is about several. `at`: None where it has no moment.

    `before`: a word that says what the moment is, such as `due`.
    """

    what: str
    who: str = ""
    detail: str = ""
    at: datetime | None = None
    before: str = ""

    def as_json(self) -> dict[str, object]:
        """One object of `lines`."""
        return {
            "what": self.what,
            "who": self.who or None,
            "detail": self.detail or None,
            "at": self.at.isoformat() if self.at is not None else None,
        }


@dataclass(frozen=True, slots=True)
class DigestPart:
    """A part with its most important lines. `key`: a stable word. `number`: how many there are in all."""

    key: str
    title: str
    number: int
    lines: Sequence[DigestLine]

    @property
    def more(self) -> int:
        """How many are not shown."""
        return max(self.number - len(self.lines), 0)

    def as_json(self) -> dict[str, object]:
        """One object of `parts`."""
        return {
            "part": self.key,
            "title": self.title,
            "number": self.number,
            "lines": [line.as_json() for line in self.lines],
        }


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest of what happened from `since` to `until`. Empty parts are left out.

    `covers`: the names of those whom the owner stands in for.
    """

    owner: str
    name: str
    address: str
    period: str
    since: datetime
    until: datetime
    customers: int
    parts: Sequence[DigestPart] = ()
    covers: Sequence[str] = ()

    def as_json(self) -> dict[str, object]:
        """The object `digest --json` prints."""
        return {
            "owner": self.owner,
            "address": self.address,
            "period": self.period,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "customers": self.customers,
            "parts": [part.as_json() for part in self.parts],
        }


@dataclass(frozen=True, slots=True)
class DigestSent:
    """What became of one digest. `state`: accepted, waiting, uncertain, failed or skipped; `detail`: why."""

    owner: str
    period: str
    state: str
    detail: str = ""
    letter: Path | None = None

    def as_json(self) -> dict[str, object]:
        """The object `digest --send --json` prints."""
        return {
            "owner": self.owner,
            "period": self.period,
            "state": self.state,
            "detail": self.detail or None,
        }
