"""What the app says of feeds: how each was found, and where its posts stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PostLine:
    """One known post. `standing`: `news`, `old` (there before us, or dismissed), or why it waits."""

    title: str
    url: str
    published: datetime | None
    first_seen: datetime
    standing: str

    def as_json(self) -> dict[str, object]:
        """One object of `posts` in `feeds NAME --json`."""
        return {
            "title": self.title,
            "url": self.url,
            "published": self.published.isoformat() if self.published else None,
            "first_seen": self.first_seen.isoformat(),
            "standing": self.standing,
        }


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One feed of the workspace.

    `state`: `never read`, `read`, `failing` or `gone`. `news`: how many posts may be sent. `waiting`: how many
    wait, by reason. `failures`: in a row. `posts`: only where one feed was asked for, the newest first.
    """

    feed: str
    url: str
    state: str
    read_at: datetime | None = None
    news: int = 0
    waiting: Mapping[str, int] = field(default_factory=dict)
    failures: int = 0
    failure: str = ""
    moved_to: str = ""
    posts: Sequence[PostLine] = ()

    @property
    def is_failing(self) -> bool:
        """Whether the last look at it failed."""
        return self.state in ("failing", "gone")

    def as_json(self) -> dict[str, object]:
        """One object of `feeds --json`."""
        return {
            "feed": self.feed,
            "state": self.state,
            "read_at": self.read_at.isoformat() if self.read_at else None,
            "news": self.news,
            "waiting": dict(self.waiting),
            "failures": self.failures,
            "failure": self.failure or None,
            "moved_to": self.moved_to or None,
            "posts": [post.as_json() for post in self.posts],
        }
