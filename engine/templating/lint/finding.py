"""What the proof-reader is told about a letter, and what it says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.model.problem import Problem, Severity

OWN = "own"
"""The source of rules that nobody else has written down."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the workspace knows and the HTML cannot say by itself. Empty: not known, not checked.

    `marketing`: it needs a way out and a postal address. `language`: BCP 47, of the words in the letter.
    `public_url`: where our own reader pages live; letters tried out on this machine may link to loopback.
    `code`: the offer's code this very letter carries. `encoded`: the way out wraps long lines itself
    (quoted-printable or base64), as every provider of ours does.
    """

    marketing: bool = True
    language: str = ""
    address: str = ""
    unsubscribe_url: str = ""
    preferences_url: str = ""
    web_url: str = ""
    public_url: str = ""
    code: str = ""
    encoded: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark. `code`: a rule of table.RULES; `line`: from 1 in the linted HTML, 0 for the whole letter.

    `part`: "html", "text", "subject", "preheader" or a header's name. `element`: the tag, or "".
    `quote`: the words or the address it is about. `source`: where the rule comes from.
    """

    code: str
    level: Severity
    message: str
    help: str = ""
    line: int = 0
    part: str = "html"
    element: str = ""
    quote: str = ""
    source: str = ""

    def as_problem(self, file: str, line: int = 0, column: int = 0, width: int = 1) -> Problem:
        """The same as a problem of `check`, in a file of the workspace; its help names where the rule is from."""
        source = "" if self.source in ("", OWN) else f"({self.source})"
        help = f"{self.help} {source}".strip()
        return Problem(file, line, column, self.code, self.message, help, self.level, width)


@dataclass(frozen=True, slots=True)
class Flaw:
    """What a rule yields before the table adds code, level and source. `level` only where it differs."""

    message: str
    help: str = ""
    line: int = 0
    part: str = "html"
    element: str = ""
    quote: str = ""
    level: Severity | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """Everything of the letter that is not HTML."""

    text: str
    subject: str
    preheader: str
    headers: Mapping[str, str] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)

    def header(self, name: str) -> str | None:
        """A header's value, whatever its capitals; None when it is missing."""
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), None)


SPACES = re.compile(r"\s+")


def one_line(text: str, longest: int = 60) -> str:
    """The text on one line, shortened, for quoting."""
    flat = SPACES.sub(" ", text).strip()
    return flat if len(flat) <= longest else flat[: longest - 1].rstrip() + "…"
