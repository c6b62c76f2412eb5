"""Gather: read the feeds a campaign names, remember what is new, and say which posts may be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine.content import posts as cleaning
from engine.content.identity import Recognised, Rules, recognise
from engine.content.known import KnownPost
from engine.content.sources import FeedRead, read_source
from engine.definitions.schema.feeds import Feed
from engine.errors import FeedUnreadable
from engine.model.post import Post
from engine.network.fetch import Validators
from engine.store import posts as memory

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.store.database import Database


@dataclass(frozen=True, slots=True)
class Read:
    """One feed as it was read just now. `posts` is None where the server said that nothing changed."""

    feed: str
    url: str
    posts: list[Post] | None
    etag: str = ""
    last_modified: str = ""


def read(
    database: Database, feeds: Mapping[str, Feed], *, root: Path, allow_private: bool, now: datetime
) -> list[Read]:
    """Fetch and clean every feed; nothing is written but a failure.

    Raises FeedUnreadable for the first feed that cannot be read: nobody can say what is new in it.
    """
    found = []
    for name, feed in feeds.items():
        with database.read() as connection:
            before = memory.feed(connection, name)
        try:
            found.append(_read(name, feed, before, root, allow_private))
        except FeedUnreadable as error:
            _remember_failure(database, name, feed, before, error.message, now)
            raise FeedUnreadable(
                f"the feed `{name}` cannot be read: {error.message}", help=error.help
            ) from error
    return found


def _read(name: str, feed: Feed, before: memory.FeedState | None, root: Path, allow_private: bool) -> Read:
    same = before is not None and before.url == feed.url and before.succeeded_at is not None
    validators = Validators(before.etag or "", before.last_modified or "") if same and before else None
    found = read_source(
        feed.url,
        workspace=root,
        validators=validators,
        allow_private=allow_private,
        known_posts=(before.entries or 0) if before is not None else 0,
    )
    etag, last_modified = found.validators.etag, found.validators.last_modified
    posts = cleaning.posts_of(found.document, name) if isinstance(found, FeedRead) else None
    return Read(name, feed.url, posts, etag, last_modified)


def _remember_failure(
    database: Database,
    name: str,
    feed: Feed,
    before: memory.FeedState | None,
    failure: str,
    now: datetime,
) -> None:
    state = before or memory.FeedState(name, feed.url)
    with database.write() as connection:
        memory.save_feed(connection, replace(state, checked_at=now, failed_at=now, failure=failure))


def record(connection: Connection, found: list[Read], feeds: Mapping[str, Feed], now: datetime) -> list[str]:
    """Remember what was read; sentences for the feeds' owners come back."""
    notices = []
    for read_now in found:
        feed = feeds[read_now.feed]
        before = memory.feed(connection, read_now.feed)
        first = before is None or before.baseline_at is None
        stored = memory.known(connection, read_now.feed)
        known = [_known(post) for post in stored]
        seen = recognise(known, read_now.posts or [], now, Rules(backfill=feed.backfill), first=first)
        if first or read_now.posts is not None:
            memory.save_feed(connection, _state(read_now, before, now))
        _write(connection, stored, [*seen.to_store()])
        _release(connection, stored, seen.released)
        if seen.notice:
            notices.append(f"feed `{read_now.feed}`: {seen.notice}")
    return notices


def _state(found: Read, before: memory.FeedState | None, now: datetime) -> memory.FeedState:
    baseline = before.baseline_at if before is not None and before.baseline_at is not None else now
    entries = len(found.posts) if found.posts is not None else (before.entries if before else 0)
    return memory.FeedState(
        found.feed,
        found.url,
        found.etag or None,
        found.last_modified or None,
        now,
        now,
        None,
        None,
        baseline,
        entries,
    )


def _write(connection: Connection, stored: list[memory.KnownPost], items: list[Recognised]) -> None:
    numbers = {post.identity: post.id for post in stored}
    memory.add(connection, [_new(item) for item in items if item.known.identity not in numbers])
    for item in items:
        if item.known.identity in numbers:
            number = numbers[item.known.identity]
            memory.revise(connection, number, _new(item))
            memory.decide(
                connection, number, item.known.announce, item.known.held or None, item.known.first_seen
            )


def _release(connection: Connection, stored: list[memory.KnownPost], released: tuple[KnownPost, ...]) -> None:
    numbers = {post.identity: post.id for post in stored}
    for post in released:
        memory.decide(connection, numbers[post.identity], True, None, post.first_seen)


def _new(item: Recognised) -> memory.NewPost:
    known = item.known
    return memory.NewPost(
        item.post,
        known.guid or None,
        known.link or None,
        known.title_hash or None,
        known.content_hash or None,
        known.first_seen,
        known.announce,
        known.held or None,
    )


def _known(post: memory.KnownPost) -> KnownPost:
    return KnownPost(
        post.identity,
        post.guid or "",
        post.link or "",
        post.title_hash or "",
        post.content_hash or "",
        post.published,
        post.first_seen,
        post.announce,
        post.held or "",
    )


def announceable(connection: Connection, feed: str) -> list[tuple[int, Post, datetime]]:
    """The feed's posts that may be sent: row number, post, and since when it is news."""
    return [
        (post.id, post.post, post.first_seen)
        for post in memory.known(connection, feed)
        if post.announce and not post.held
    ]
