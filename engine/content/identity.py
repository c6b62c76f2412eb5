"""Which posts of a feed are news: never one twice, never one lost, whatever the feed does to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

from engine.content.known import (
    HELD_FLOOD,
    HELD_FUTURE,
    KnownPost,
    hashed,
    known_from,
    readable,
    release,
    updated,
)
from engine.content.matching import paired, without_duplicates
from engine.model.post import Post


@dataclass(frozen=True, slots=True)
class Rules:
    """How careful to be.

    `backfill`: of the posts there at the first read, how many of the newest count as news.
    `ahead`: how far in the future a date may lie before the post waits for it (time zones get confused).
    A flood is more than `flood_least` new posts that are over `flood_share` of the document, where
    `flood_known` posts are known; unless they are dated like `flood_pace` times its usual pace.
    """

    backfill: int = 5
    ahead: timedelta = timedelta(hours=24)
    flood_least: int = 5
    flood_share: float = 0.5
    flood_known: int = 5
    flood_pace: float = 3.0


@dataclass(frozen=True, slots=True)
class Recognised:
    """A post with its lasting identity, and what to remember of it."""

    post: Post
    known: KnownPost


@dataclass(frozen=True, slots=True)
class Recognition:
    """What one successful read of a feed means.

    `new`: news from now on. `changed`: known, but says something else now; remember it, announce nothing.
    `same`: known and unchanged. `held`: seen for the first time but waiting, `known.held` says why.
    `released`: waited until now and are news although the document no longer shows them.
    `old`: at the first read, what was there before us; known, never announced.
    `baseline`: this was the first read. `notice`: a sentence for the feed's owner, or "".
    """

    new: tuple[Recognised, ...] = ()
    changed: tuple[Recognised, ...] = ()
    same: tuple[Recognised, ...] = ()
    held: tuple[Recognised, ...] = ()
    released: tuple[KnownPost, ...] = ()
    old: tuple[Recognised, ...] = ()
    baseline: bool = False
    notice: str = ""

    def to_store(self) -> Iterator[Recognised]:
        """Every post whose stored row must be written: inserted or replaced by its identity."""
        yield from self.new
        yield from self.changed
        yield from self.held
        yield from self.old


def recognise(
    known: Sequence[KnownPost],
    fetched: Sequence[Post],
    at: datetime,
    rules: Rules | None = None,
    *,
    first: bool = False,
) -> Recognition:
    """What is new among the posts of one read. Only for reads that succeeded; a failed one is no read.

    Args:
        known: every post remembered of this feed, those that wait included.
        fetched: the document's posts; empty for "not modified", when only waiting posts can become news.
        at: the moment of the read, UTC.
        first: this feed was never read successfully before. Its posts are the baseline: the newest
            `rules.backfill` are news, the others are known and never announced.

    Storing what comes back and asking again with the same document finds nothing new.
    """
    rules = rules or Rules()
    seen = [known_from(post, identity="", at=at, announce=True) for post in fetched]
    kept = without_duplicates(seen)
    posts, marks = [fetched[place] for place in kept], [seen[place] for place in kept]
    pairs = paired(known, marks)
    fresh = [place for place in range(len(posts)) if place not in pairs]
    found = _named([(posts[place], marks[place]) for place in fresh], marks, known)
    waiting = [item for item in found if _is_future(item.known, at, rules)]
    news = [item for item in found if not _is_future(item.known, at, rules)]
    again = [_met_again(posts[here], marks[here], known[there], at, rules) for here, there in pairs.items()]
    free_now = [item for item, ended in again if ended]
    met = [(item, known[pairs[here]]) for here, (item, ended) in zip(pairs, again, strict=True) if not ended]
    if first and not known:
        return _baseline(news, waiting, rules)
    flood = _flood(known, posts, news, at, rules)
    absent = set(range(len(known))) - set(pairs.values())
    return Recognition(
        new=tuple(free_now + ([] if flood else news)),
        changed=tuple(item for item, before in met if item.known != before),
        same=tuple(item for item, before in met if item.known == before),
        held=tuple(_held(item, HELD_FUTURE) for item in waiting)
        + (tuple(_held(item, HELD_FLOOD) for item in news) if flood else ()),
        released=tuple(
            release(known[place], at) for place in sorted(absent) if _is_ripe(known[place], at, rules)
        ),
        notice=flood,
    )


def _met_again(
    post: Post, mark: KnownPost, before: KnownPost, at: datetime, rules: Rules
) -> tuple[Recognised, bool]:
    """A known post as it is now, and whether its waiting has ended with this read."""
    now = updated(before, mark)
    ended = _is_ripe(now, at, rules)
    now = release(now, at) if ended else now
    return Recognised(replace(post, identity=now.identity), now), ended


def _is_future(known: KnownPost, at: datetime, rules: Rules) -> bool:
    return known.published is not None and known.published > at + rules.ahead


def _is_ripe(known: KnownPost, at: datetime, rules: Rules) -> bool:
    return known.held == HELD_FUTURE and not _is_future(known, at, rules)


def _held(item: Recognised, why: str) -> Recognised:
    return replace(item, known=replace(item.known, announce=False, held=why))


def _named(
    fresh: Sequence[tuple[Post, KnownPost]], document: Sequence[KnownPost], known: Sequence[KnownPost]
) -> list[Recognised]:
    """Gives each post seen for the first time an identity that no other post of the feed has or had."""
    guids = Counter(mark.guid for mark in document)
    taken = {post.identity for post in known}
    found = []
    for post, mark in fresh:
        identity = next(name for name in _names(mark, guids[mark.guid] == 1) if name not in taken)
        taken.add(identity)
        found.append(Recognised(replace(post, identity=identity), replace(mark, identity=identity)))
    return found


def _names(mark: KnownPost, guid_is_its_own: bool) -> Iterator[str]:
    """Possible identities, best first; the last ones never run out."""
    if mark.guid and guid_is_its_own:
        yield readable("guid", mark.guid)
    if mark.link:
        yield readable("link", mark.link)
    for number in count(1):
        yield hashed("text", f"{mark.guid}\n{mark.link}\n{mark.title_hash}\n{mark.content_hash}\n{number}")


def _baseline(news: list[Recognised], waiting: list[Recognised], rules: Rules) -> Recognition:
    """The first read: the newest few are news, the rest was there before us."""
    dated = all(item.known.published for item in news)
    # Without dates on all of them, the document's own order says what is newest.
    ordered = sorted(news, key=_date, reverse=True) if dated else news
    old = ordered[rules.backfill :]
    return Recognition(
        new=tuple(ordered[: rules.backfill]),
        old=tuple(replace(item, known=replace(item.known, announce=False)) for item in old),
        held=tuple(_held(item, HELD_FUTURE) for item in waiting),
        baseline=True,
    )


def _date(item: Recognised) -> datetime:
    assert item.known.published is not None
    return item.known.published


def _flood(
    known: Sequence[KnownPost],
    document: Sequence[Post],
    news: Sequence[Recognised],
    at: datetime,
    rules: Rules,
) -> str:
    """A sentence when so much is new at once that something is wrong with the feed, else ""."""
    few = len(news) <= rules.flood_least or len(news) <= rules.flood_share * len(document)
    if few or len(known) < rules.flood_known or _is_catching_up(known, news, at, rules):
        return ""
    how_many = f"{len(news)} of {len(document)} posts look new at once"
    return f"{how_many}; none of them is announced until somebody has looked"


def _is_catching_up(
    known: Sequence[KnownPost], news: Sequence[Recognised], at: datetime, rules: Rules
) -> bool:
    """Whether the feed was simply not read for a while: all dated since then, at about its usual pace."""
    dates = sorted(post.published for post in known if post.published)
    fresh = [item.known.published for item in news if item.known.published]
    if len(dates) < 2 or len(fresh) < len(news) or min(fresh) <= dates[-1] - rules.ahead:
        return False
    day = timedelta(days=1)
    pace = (len(dates) - 1) / max(1.0, (dates[-1] - dates[0]) / day)
    away = (at - max(post.first_seen for post in known)) / day
    return len(news) <= rules.flood_least + rules.flood_pace * pace * away
