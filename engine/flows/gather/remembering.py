"""Remembering what was read: new posts, changed posts, and how each feed was found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from engine.content.identity import Recognised, Rules, recognise
from engine.content.known import HELD_FLOOD, KnownPost
from engine.definitions.schema.feeds import Feed
from engine.flows.gather import states
from engine.flows.gather.reading import Read
from engine.model.post import Post
from engine.store import posts as memory

if TYPE_CHECKING:
    from sqlalchemy import Connection


def record(connection: Connection, found: list[Read], feeds: Mapping[str, Feed], now: datetime) -> list[str]:
    """Remember what was read; sentences for the feeds' owners come back."""
    notices = []
    for read_now in found:
        notices += [f"feed `{read_now.feed}`{notice}" for notice in _record(connection, read_now, feeds, now)]
    return notices


def _record(connection: Connection, read_now: Read, feeds: Mapping[str, Feed], now: datetime) -> list[str]:
    name = read_now.feed
    state = states.current(memory.feed(connection, name), name, feeds[name])
    first = state.baseline_at is None
    stored = memory.known(connection, name)
    known = [_known(post) for post in stored]
    rules = Rules(backfill=feeds[name].backfill)
    seen = recognise(known, read_now.posts or [], now, rules, first=first)
    if not read_now.stale:
        state = states.after_success(state, read_now.posts, read_now.validators, read_now.moved_to, now)
        memory.save_feed(connection, state)
    _write(connection, stored, [*seen.to_store()])
    _release(connection, stored, seen.released)
    return _notices(connection, state, read_now.stale, seen.notice)


def _notices(connection: Connection, state: memory.FeedState, stale: str, flood: str) -> list[str]:
    notices = [f": {stale}"] if stale else []
    if state.moved_to:
        notices.append(f" has moved for good to {state.moved_to}; write that address into config/feeds.yaml")
    held = memory.waiting(connection, state.feed).get(HELD_FLOOD, 0)
    if held:
        why = flood or f"{held} posts wait because too many looked new at once"
        notices.append(f": {why}; see `touchbase feeds {state.feed}`, then --release or --dismiss them")
    return notices


def announceable(
    connection: Connection, feed: str, settings: Feed, moment: datetime
) -> list[tuple[int, Post, datetime]]:
    """The feed's posts that may be sent at a moment: row number, post, and since when it is news."""
    oldest = settings.max_age.before(moment) if settings.max_age is not None else None
    return memory.news(connection, feed, moment, oldest)


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
