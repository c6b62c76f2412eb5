"""What is remembered of a post: enough to know it again after nearly everything about it changed."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime

from engine.content.links import canonical
from engine.content.text import from_html
from engine.model.post import Post

# Why a post waits; stored with it, shown to people.
HELD_FUTURE = "dated in the future"
HELD_FLOOD = "too many new posts at once"

MOST_READABLE = 200
NOT_WORDS = re.compile(r"\W+")
WEB_ADDRESS = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class KnownPost:
    """A post the feed has shown us.

    `identity`: ours, for ever. `guid`, `link`: as last seen, in the form they are compared in.
    `title_hash`, `content_hash`: of the words, "" without any. `published`: the feed's date, UTC, or None.
    `first_seen`: when it became news, UTC: when it was first read, or when its waiting ended.
    `announce`: whether letters may carry it. `held`: why it waits, or "".
    """

    identity: str
    guid: str
    link: str
    title_hash: str
    content_hash: str
    published: datetime | None
    first_seen: datetime
    announce: bool
    held: str = ""


def known_from(post: Post, *, identity: str, at: datetime, announce: bool, held: str = "") -> KnownPost:
    """What is remembered of a post seen for the first time."""
    return KnownPost(
        identity=identity,
        guid=guid_key(post.id),
        link=canonical(post.url),
        title_hash=title_hash(post.title),
        content_hash=content_hash(post),
        published=post.published,
        first_seen=at,
        announce=announce,
        held=held,
    )


def updated(known: KnownPost, fresh: KnownPost) -> KnownPost:
    """The remembered post with what the feed says now; its identity and its history stay."""
    return replace(
        known,
        guid=fresh.guid,
        link=fresh.link,
        title_hash=fresh.title_hash,
        content_hash=fresh.content_hash,
        published=fresh.published,
    )


def release(known: KnownPost, at: datetime) -> KnownPost:
    """The post without its hold: news from this moment on."""
    return replace(known, announce=True, held="", first_seen=at)


def guid_key(guid: str) -> str:
    """The feed's own name for an entry, so that http and https spellings of an address compare equal."""
    return canonical(guid) if WEB_ADDRESS.match(guid) else guid


def title_hash(title: str) -> str:
    """A short hash of the words of a title; case and punctuation do not count. "" for none."""
    words = NOT_WORDS.sub(" ", title.casefold()).strip() or title.strip()
    return _short(words) if words else ""


def content_hash(post: Post) -> str:
    """A short hash of what the post says; its markup and its picture do not count, unless there is nothing else."""
    words = NOT_WORDS.sub(" ", from_html(post.content)).strip() or post.content.strip()
    said = words or post.summary or post.image
    return _short(said) if said else ""


def readable(kind: str, value: str) -> str:
    """An identity people can recognise in a table: `guid:…`, `link:…`; long ones by their hash."""
    return f"{kind}:{value}" if len(value) <= MOST_READABLE else hashed(kind, value)


def hashed(kind: str, value: str) -> str:
    """An identity from something nobody wants to read."""
    return f"{kind}:{_short(value)}"


def _short(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
