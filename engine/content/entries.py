"""What a feed says before anything is judged: one shape for RSS, Atom and JSON Feed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

# Half of a character that takes two in UTF-16, and NUL: a feed can name them, but no text or database holds them.
BROKEN = re.compile("[\x00\ud800-\udfff]")


def whole(text: str) -> str:
    """The text without characters that cannot be written down."""
    return BROKEN.sub("", text) if BROKEN.search(text) else text


@dataclass(frozen=True, slots=True)
class Text:
    """A text as the feed gave it. `html`: it is markup. `base`: where its relative links start, or ""."""

    value: str = ""
    html: bool = False
    base: str = ""

    def whole(self) -> Text:
        """The same without broken characters."""
        return Text(whole(self.value), self.html, whole(self.base))


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

    def whole(self) -> Entry:
        """The same without broken characters."""
        return Entry(
            guid=whole(self.guid),
            link=whole(self.link),
            title=self.title.whole(),
            summary=self.summary.whole(),
            content=self.content.whole(),
            images=tuple(map(whole, self.images)),
            author=whole(self.author),
            published=self.published,
            topics=tuple(map(whole, self.topics)),
        )


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """A feed that was read. `title`: plain text. `url`: where it came from. `site`: its front page, or ""."""

    title: str
    url: str
    site: str
    entries: tuple[Entry, ...]


MOST_ENTRIES = 1000
"""Entries of one document that are made into posts: far more than any blog shows at once."""


def newest(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """At most MOST_ENTRIES of them in the document's order, whole: the newest; those without a date count as new."""
    found = tuple(entry.whole() for entry in entries)
    if len(found) <= MOST_ENTRIES:
        return found
    undated = datetime.max.replace(tzinfo=UTC)
    # Some feeds begin with their oldest entry: their first thousand would never again hold anything new.
    order = sorted(range(len(found)), key=lambda place: found[place].published or undated, reverse=True)
    return tuple(found[place] for place in sorted(order[:MOST_ENTRIES]))
