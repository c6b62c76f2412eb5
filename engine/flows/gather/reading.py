"""Asking the sites for their feeds. Nothing is written: what was read is remembered later, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine.content import posts as cleaning
from engine.content.sources import FeedRead, is_gone, is_passing, read_source
from engine.definitions.schema.feeds import Feed
from engine.errors import FeedUnreadable
from engine.flows.gather import states
from engine.model.post import Post
from engine.network.pages import Validators
from engine.store import posts as memory

if TYPE_CHECKING:
    from engine.store.database import Database

GONE_HELP = "its site took it down for good: give its new address in config/feeds.yaml, or take it out"


@dataclass(frozen=True, slots=True)
class Read:
    """One feed as it was read just now.

    `posts`: None where nothing changed since the last look. `moved_to`: its lasting new address, or "".
    `stale`: why the site could not be asked, where what is known is recent enough to go on with; else "".
    """

    feed: str
    posts: list[Post] | None
    validators: Validators = field(default_factory=Validators)
    moved_to: str = ""
    stale: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """A feed that cannot be read. `gone`: its site said so for good."""

    feed: str
    error: FeedUnreadable
    gone: bool


def read(
    database: Database,
    feeds: Mapping[str, Feed],
    *,
    root: Path,
    allow_private: bool,
    now: datetime,
    remember: bool,
) -> list[Read]:
    """Fetch and clean every feed.

    Args:
        remember: write a failure down; a plan, which changes nothing, does not.

    Raises FeedUnreadable for the first feed that cannot be read: nobody can say what is new in it.
    """
    found = []
    for name, feed in feeds.items():
        with database.read() as connection:
            state = states.current(memory.feed(connection, name), name, feed)
        answer = look(name, feed, state, root=root, allow_private=allow_private, now=now)
        if isinstance(answer, Failed):
            after = states.after_failure(state, answer.error.message, gone=answer.gone, now=now)
            if remember:
                with database.write() as connection:
                    memory.save_feed(connection, after)
            raise FeedUnreadable(
                f"the feed `{name}` cannot be read: {answer.error.message}{states.how_long(after)}",
                help=GONE_HELP if answer.gone else answer.error.help,
            ) from answer.error
        found.append(answer)
    return found


def look(
    name: str, feed: Feed, state: memory.FeedState, *, root: Path, allow_private: bool, now: datetime
) -> Read | Failed:
    """One feed, from its address or the one it moved to.

    A site that does not answer is no failure while the last good look is younger than `check_every`.
    """
    failure: FeedUnreadable | None = None
    for address in states.addresses(state):
        try:
            return _ask(name, address, state, root, allow_private)
        except FeedUnreadable as error:
            failure = error if failure is None or is_gone(error) else failure
    assert failure is not None
    if is_passing(failure) and states.still_serves(state, feed, now):
        read_at = f"what was read {state.succeeded_at:%Y-%m-%d %H:%M} UTC is used"
        return Read(name, None, stale=f"{failure.message}; {read_at} (check_every: {feed.check_every})")
    return Failed(name, failure, is_gone(failure))


def _ask(name: str, address: str, state: memory.FeedState, root: Path, allow_private: bool) -> Read:
    found = read_source(
        address,
        workspace=root,
        validators=states.validators(state),
        allow_private=allow_private,
        known_posts=state.entries or 0,
    )
    posts = cleaning.posts_of(found.document, name) if isinstance(found, FeedRead) else None
    moved_to = found.moved_to or (address if address != state.url else "")
    return Read(name, posts, found.validators, moved_to)
