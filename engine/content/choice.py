"""Which posts one customer gets: unseen, matching, newest first, enough of them, or a reason why none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.model.duration import Duration
from engine.model.post import Post
from engine.model.words import Reason

# `send` and `send_without` are one: the letter goes with the posts there are, maybe none.
IfFewer = Literal["skip", "send", "send_without", "fill"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A post that may be announced. `first_seen`: when it became news. `topics`: casefolded."""

    post: Post
    first_seen: datetime
    topics: frozenset[str]


@dataclass(frozen=True, slots=True)
class Choice:
    """The posts, or none and the reason."""

    posts: tuple[Post, ...]
    reason: Reason | None = None


def candidates(
    posts: Iterable[tuple[Post, datetime]],
    now: datetime,
    *,
    max_age: Duration | None = None,
    since: datetime | None = None,
) -> tuple[Candidate, ...]:
    """The posts of a feed that may be sent at `now`, newest first; made once per run, for all customers.

    Args:
        posts: announceable posts, each with the moment it became news.
        now: the moment of the run, UTC; later news is for the next run.
        max_age: posts dated longer ago than this are left out; the date is the feed's, else when it was seen.
        since: only what became news at or after this moment (`since: 30 days`).
    """
    oldest = max_age.before(now) if max_age else None
    kept = [
        Candidate(post, first_seen, frozenset(folded(post.topics)))
        for post, first_seen in posts
        if first_seen <= now
        and (since is None or first_seen >= since)
        and (oldest is None or (post.published or first_seen) >= oldest)
    ]
    # The identity last, so that posts of one moment always stand in the same order.
    kept.sort(key=lambda one: one.post.identity)
    kept.sort(key=lambda one: one.post.published or one.first_seen, reverse=True)
    return tuple(kept)


def choose(
    posts: Sequence[Candidate],
    *,
    seen: Collection[str] = frozenset(),
    interests: Iterable[str] = (),
    match: bool = False,
    pick: int = 5,
    at_least: int = 1,
    if_fewer: IfFewer = "skip",
) -> Choice:
    """The posts for one customer.

    Args:
        posts: from `candidates`, newest first.
        seen: identities this customer was already sent.
        interests: the customer's own topics. With `match`, only posts with one of them count, compared whole
            and without regard to case. A customer who named no interests gets all posts.
        pick: at most this many.
        at_least: with fewer, `if_fewer` decides: `skip` gives none and a reason; `send` and `send_without`
            give what there is, even nothing; `fill` adds the newest other unseen posts, then skips if still
            too few.
    """
    unseen = [one for one in posts if one.post.identity not in seen]
    wanted = frozenset(folded(interests)) if match else frozenset()
    matching = [one for one in unseen if wanted & one.topics] if wanted else unseen
    chosen = matching[:pick]
    if len(chosen) < at_least and if_fewer == "fill":
        chosen = _filled(chosen, unseen, min(at_least, pick))
    if len(chosen) < at_least and if_fewer in ("skip", "fill"):
        return Choice((), Reason.TOO_FEW_POSTS if chosen else Reason.NO_NEW_POSTS)
    return Choice(tuple(one.post for one in chosen))


def folded(topics: Iterable[str]) -> Iterable[str]:
    """Topics as they are compared: without case and outer space; empty ones do not exist."""
    return (topic.strip().casefold() for topic in topics if topic.strip())


def _filled(chosen: list[Candidate], unseen: list[Candidate], wanted: int) -> list[Candidate]:
    """The matching posts first, then the newest others up to the number wanted."""
    have = {one.post.identity for one in chosen}
    others = [one for one in unseen if one.post.identity not in have]
    return chosen + others[: wanted - len(chosen)]
