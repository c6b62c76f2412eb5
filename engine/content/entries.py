"""What a feed says before anything is judged: one shape for RSS, Atom and JSON Feed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Text:
    """A text as the feed gave it. `html`: it is markup. `base`: where its relative links start, or ""."""

    value: str = ""
    html: bool = False
    base: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, nothing cleaned yet. `images`: addresses the feed names, best first. `published`: UTC."""

    guid: str = ""
    link: str = ""
    title: Text = field(default_factory=Text)
    summary: Text = field(default_factory=Text)
    content: Text = field(default_factory=Text)
    images: tuple[str, ...] = ()
    author: str = ""
    published: datetime | None = None
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """A feed that was read. `title`: plain text. `url`: where it came from. `site`: its front page, or ""."""

    title: str
    url: str
    site: str
    entries: tuple[Entry, ...]
