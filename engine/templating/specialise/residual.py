"""What is left of a template once everything that does not depend on the person has been worked out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

# `{` opens a tag only before one of these three; a lone `{` at the end of a chunk would join the next piece.
_OPENING = re.compile(r"\{(?=[{%#]|\Z)")


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a leaf of the static context as known only per person.

    `path` is how a template of stage 2 reads it: dotted, list positions as numbers (`offer.code`, `posts.0.link`).
    """

    path: str


class CannotSplit(Exception):
    """The template does something that cannot be divided safely; the caller leaves it whole for stage 2.

    `reason` is a sentence for the author, `file` and `line` say where (line 0: unknown).
    """

    def __init__(self, reason: str, line: int = 0, *, file: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.file = file


@dataclass(frozen=True, slots=True)
class Residual:
    """Stage 1's result.

    `text`: static text with one ASCII-alphanumeric token for every place where something personal stands.
    `pieces`: token to the Jinja source that stands there in stage 2.
    `constants`: static values the pieces read, by name; to be given to stage 2 beside the person's own values.
        Plain data: dict, list, tuple, str, Markup (a str that is safe HTML), int, float, bool, None, date, datetime.
    `kinds`: token to "value" (writes text, complete in itself) or "control" (part of a structure, or writes nothing).
    `autoescape`: how stage 2 must be compiled. `tags`: some piece may write tags of its own.
    """

    text: str
    pieces: Mapping[str, str]
    constants: Mapping[str, object] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    autoescape: bool = True
    tags: bool = False

    def stage2(self, text: str | None = None) -> str:
        """Complete Jinja source: `text` (default: `self.text`) with its tokens replaced and the rest kept literal."""
        text = self.text if text is None else text
        if not self.pieces:
            return literal(text)
        parts: list[str] = []
        last = 0
        for found in self.tokens().finditer(text):
            parts += (literal(text[last : found.start()]), self.pieces[found.group()])
            last = found.end()
        parts.append(literal(text[last:]))
        return "".join(parts)

    def tokens(self) -> re.Pattern[str]:
        """A pattern that finds every token of this residual and nothing else."""
        for token in self.pieces:
            prefix = token.rstrip("qz").rstrip("0123456789")
            return re.compile(rf"{prefix}\d{{{len(token) - len(prefix) - 2}}}qz")
        return re.compile(r"(?!)")


def literal(text: str) -> str:
    """Jinja source that writes exactly `text`.

    Carriage returns are spelled out because the lexer would turn them into plain line ends.
    """
    return _OPENING.sub("{{ '{' }}", text).replace("\r", "{{ '\\r' }}")
