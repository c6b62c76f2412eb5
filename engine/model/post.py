"""A post of a feed, as templates see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Post:
    """One entry of a feed after cleaning.

    `content` and `summary`: sanitised HTML and plain text. `url`, `image`: absolute http(s) addresses or "".
    `published`: UTC, or None where the feed gives no date. `identity`: stable across changed guids.
    """

    feed: str
    identity: str
    id: str
    url: str
    title: str
    summary: str
    content: str
    image: str
    author: str
    published: datetime | None
    topics: tuple[str, ...]

    @property
    def topic(self) -> str:
        """The first topic, or an empty text."""
        return self.topics[0] if self.topics else ""
