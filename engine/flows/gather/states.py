"""What each look at a feed means for the next one: where to ask, when, and what its owner should know. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b

from engine.definitions.schema.feeds import Feed
from engine.model.post import Post
from engine.network.pages import Validators
from engine.store.posts import FeedState

SIGHTS = 3
"""So many permanent redirects in a row are believed; until then the old address is asked first."""
TOLD_FROM = 3
"""From so many failures in a row on, a message says since when."""
LONGEST_PAUSE = timedelta(days=1)
"""A feed that keeps failing is looked at ever less often, but about this often."""
SPREAD = 0.25
"""The part of a pause by which a failing feed may be looked at later: their sites are not asked all at once."""


def current(before: FeedState | None, name: str, feed: Feed) -> FeedState:
    """The stored state, if it is of the address the feed has now; what was said of another address is void."""
    if before is None:
        return FeedState(name, feed.url)
    if before.url != feed.url:
        return FeedState(name, feed.url, baseline_at=before.baseline_at)
    return before


def addresses(state: FeedState) -> tuple[str, ...]:
    """Where to ask, one after the other until one answers with a feed."""
    if not state.moved_to:
        return (state.url,)
    return (state.moved_to, state.url) if state.moved_seen >= SIGHTS else (state.url, state.moved_to)


def validators(state: FeedState) -> Validators | None:
    """What to ask "has it changed?" with; nothing before the first success."""
    if state.succeeded_at is None:
        return None
    return Validators(state.etag or "", state.last_modified or "", state.validator_uses)


def is_due(state: FeedState, feed: Feed, now: datetime) -> bool:
    """Whether it is time to look again: `check_every` after the last look, twice as long after each failure.

    A feed that is gone for good is not looked at again by itself.
    """
    if state.checked_at is None:
        return True
    if state.gone:
        return False
    pause = feed.check_every.after(state.checked_at) - state.checked_at
    longest = max(pause, LONGEST_PAUSE)
    for _ in range(state.failures):
        pause = min(pause * 2, longest)
    if state.failures:
        pause += pause * _lot(state)
    return now >= state.checked_at + pause


def _lot(state: FeedState) -> float:
    """A part of a pause, up to SPREAD, drawn by the feed's name: feeds that failed together do not come back together."""
    drawn = blake2b(f"{state.feed}\0{state.failures}".encode(), digest_size=2).digest()
    return SPREAD * int.from_bytes(drawn, "big") / 0x10000


def still_serves(state: FeedState, feed: Feed, now: datetime) -> bool:
    """Whether what is known of the feed is so recent that it need not have been looked at again."""
    return state.succeeded_at is not None and now < feed.check_every.after(state.succeeded_at)


def after_success(
    state: FeedState,
    posts: Sequence[Post] | None,
    given: Validators,
    moved_to: str,
    now: datetime,
) -> FeedState:
    """The state after an answer. `posts`: None for "not modified". `moved_to`: its lasting address, or ""."""
    again = bool(moved_to) and moved_to == state.moved_to
    return replace(
        state,
        etag=given.etag or None,
        last_modified=given.last_modified or None,
        validator_uses=given.used,
        checked_at=now,
        succeeded_at=now,
        failed_at=None,
        failure=None,
        failures=0,
        failing_since=None,
        gone=False,
        baseline_at=state.baseline_at or now,
        entries=state.entries if posts is None else len(posts),
        moved_to=moved_to or None,
        moved_seen=state.moved_seen + 1 if again else int(bool(moved_to)),
    )


def after_failure(state: FeedState, failure: str, *, gone: bool, now: datetime) -> FeedState:
    """The state after a failure; everything known of the feed stays."""
    return replace(
        state,
        checked_at=now,
        failed_at=now,
        failure=failure,
        failures=state.failures + 1,
        failing_since=state.failing_since or now,
        gone=gone,
    )


def how_long(state: FeedState) -> str:
    """The failures of a state as the rest of a sentence; "" for the first few."""
    if state.failures < TOLD_FROM or state.failing_since is None:
        return ""
    last = f", last read {state.succeeded_at:%Y-%m-%d %H:%M} UTC" if state.succeeded_at else ", never read"
    return f"; it has failed {state.failures} times since {state.failing_since:%Y-%m-%d %H:%M} UTC{last}"
