"""What rules of contact know a letter by, and one contact in a person's past."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Label:
    """Written down with a run when it is planned, so that a later edit of the campaign changes no past.

    `intent`, `topic`: "" where the campaign names none. `counts`: whether its letters use up room under the rules.
    """

    campaign: str
    purpose: str = "marketing"
    intent: str = ""
    topic: str = ""
    tags: tuple[str, ...] = ()
    counts: bool = True


class Touch(NamedTuple):
    """A letter that has left, or may have; or what a person did for the customer."""

    at: datetime
    label: Label


@dataclass(frozen=True, slots=True)
class Resets:
    """What counts as having heard from us: the words of `reset_by`."""

    words: tuple[str, ...] = ("letters", "people")

    def by_letter(self, label: Label) -> bool:
        """Whether a letter with that label does."""
        return label.purpose in self.words or ("letters" in self.words and label.counts)

    def by_person(self, kind: str) -> bool:
        """Whether a touch of that kind by a person does."""
        return kind in self.words or "people" in self.words
