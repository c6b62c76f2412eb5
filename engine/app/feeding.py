"""Wiring for feeds by themselves: how they stand, looking at them now, and a person's word on held posts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from engine.app.desk import Desk
from engine.content.known import HELD_FLOOD
from engine.errors import UsageError
from engine.flows.gather import reading, remembering, states
from engine.model.feed_report import FeedLine, PostLine
from engine.model.post import Post
from engine.store import posts as memory

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger(__name__)

MOST_POSTS = 50
"""Posts listed of one feed, those that wait first."""


def lines(desk: Desk, name: str | None = None) -> list[FeedLine]:
    """Every feed, or one with its posts, as they were last found."""
    with desk.database.read() as connection:
        return [_line(desk, connection, feed, with_posts=name is not None) for feed in _names(desk, name)]


def look(desk: Desk, name: str | None = None) -> list[FeedLine]:
    """Look at every feed whose time has come, or at one whatever its time, and remember what is new."""
    poll(desk, name)
    return lines(desk, name)


def poll(desk: Desk, name: str | None = None, stopping: Callable[[], bool] = lambda: False) -> dict[str, str]:
    """The same without telling how every feed is now: which were looked at, and why each could not be read, or ""."""
    looked: dict[str, str] = {}
    for feed in _names(desk, name):
        if stopping():
            break
        definition = desk.workspace.feeds[feed]
        with desk.database.read() as connection:
            state = states.current(memory.feed(connection, feed), feed, definition)
        if name is None and not states.is_due(state, definition, desk.now):
            continue
        allowed = desk.workspace.project.allow_private_networks
        found = reading.look(feed, definition, state, root=desk.root, allow_private=allowed, now=desk.now)
        with desk.database.write() as connection:
            if isinstance(found, reading.Failed):
                log.warning("feed not read", extra={"feed": feed, "reason": found.error.message})
                after = states.after_failure(state, found.error.message, gone=found.gone, now=desk.now)
                memory.save_feed(connection, after)
            else:
                remembering.record(connection, [found], {feed: definition}, desk.now)
        looked[feed] = found.error.message if isinstance(found, reading.Failed) else ""
    return looked


def settle(desk: Desk, name: str, *, announce: bool) -> int:
    """Let the posts go that wait because too many looked new at once, or keep them out for ever; how many."""
    (feed,) = _names(desk, name)
    with desk.database.write() as connection:
        return memory.settle(connection, feed, HELD_FLOOD, announce=announce, now=desk.now)


def _names(desk: Desk, name: str | None) -> list[str]:
    feeds = desk.workspace.feeds
    if name is None or name in feeds:
        return [name] if name is not None else list(feeds)
    near = get_close_matches(name, feeds, n=1)
    raise UsageError(
        f"there is no feed `{name}`",
        help=f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(feeds) or 'none yet'}",
    )


def _line(desk: Desk, connection: Connection, name: str, *, with_posts: bool) -> FeedLine:
    state = states.current(memory.feed(connection, name), name, desk.workspace.feeds[name])
    known = memory.known(connection, name)
    known.sort(key=lambda post: post.published or post.first_seen, reverse=True)
    known.sort(key=lambda post: _standing_of(post) in ("news", "old"))
    shown = known[:MOST_POSTS] if with_posts else []
    words = memory.by_ids(connection, [post.id for post in shown])
    return FeedLine(
        feed=name,
        url=state.url,
        state=_standing(state),
        read_at=state.succeeded_at,
        news=sum(_standing_of(post) == "news" for post in known),
        waiting=memory.waiting(connection, name),
        failures=state.failures,
        failure=state.failure or "",
        moved_to=state.moved_to or "",
        posts=[_post(post, words[post.id]) for post in shown],
    )


def _standing(state: memory.FeedState) -> str:
    if state.gone:
        return "gone"
    if state.failures:
        return "failing"
    return "read" if state.succeeded_at is not None else "never read"


def _standing_of(post: memory.KnownPost) -> str:
    return post.held or ("news" if post.announce else "old")


def _post(post: memory.KnownPost, words: Post) -> PostLine:
    return PostLine(words.title, words.url, post.published, post.first_seen, _standing_of(post))
