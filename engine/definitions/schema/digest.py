"""When an owner's digest is due: a little sentence such as `weekly on monday at 08:00`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import Annotated

from engine.definitions.schema.base import Worded, matches, mistake
from engine.definitions.schema.values import as_written, read_text
from engine.definitions.schema.wording import DAYS, Weekday

HELP = "write `daily`, `weekly`, `weekly on monday at 08:00` or `never`"
DAY_WORDS = "|".join(sorted(DAYS, key=len, reverse=True))
PATTERN = rf"^(never|(daily|weekly( on ({DAY_WORDS}))?)( at ([01][0-9]|2[0-3]):[0-5][0-9])?)$"
EIGHT = time(8, 0)
"""In the morning, where nothing else is written: before the day's work."""


@dataclass(frozen=True, slots=True)
class DigestRhythm:
    """When a digest is due, on the project's clock. `weekday`: None for every day. `never`: there is none."""

    weekday: Weekday | None = None
    at: time = EIGHT
    never: bool = False

    def __str__(self) -> str:
        if self.never:
            return "never"
        day = "daily" if self.weekday is None else f"weekly on {self.weekday}"
        return f"{day} at {self.at:%H:%M}"


def read_digest(written: object) -> DigestRhythm:
    """`daily`, `weekly on monday at 08:00`, `never`."""
    text = read_text(written) if isinstance(written, str) else ""
    if not matches(PATTERN, text):
        raise mistake(f"`{as_written(written)}` cannot be read here", HELP)
    if text == "never":
        return DigestRhythm(never=True)
    rest, _, clock = text.partition(" at ")
    how, _, day = rest.partition(" on ")
    weekday = DAYS[day] if day else Weekday.MONDAY if how == "weekly" else None
    return DigestRhythm(weekday, time.fromisoformat(clock) if clock else EIGHT)


DigestWhen = Annotated[DigestRhythm, Worded(DigestRhythm, read_digest, HELP, PATTERN)]
