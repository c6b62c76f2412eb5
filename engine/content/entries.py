"""What a feed says before anything is judged: one shape for RSS, Atom and JSON Feed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime


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


MOST_ENTRIES = 1000
"""Entries of one document that are made into posts: far more than any blog shows at once."""


def newest(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """At most MOST_ENTRIES of them in the document's order: the newest, those without a date counting as new."""
    found = tuple(entries)
    if len(found) <= MOST_ENTRIES:
        return found
    undated = datetime.max.replace(tzinfo=UTC)
    # Some feeds begin with their oldest entry: their first thousand would never again hold anything new.
    order = sorted(range(len(found)), key=lambda place: found[place].published or undated, reverse=True)
    return tuple(found[place] for place in sorted(order[:MOST_ENTRIES]))
