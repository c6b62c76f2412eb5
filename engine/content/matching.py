"""Which fetched post is which known one: by the strongest evidence first, each at most once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import combinations

from engine.content.known import KnownPost
from engine.content.links import names_a_page

Key = Callable[[KnownPost], Hashable | None]

# A site that moved gives every post a new guid and a new address at once; titles are then the only trace.
# Fewer than this many, or less than half of the feed, may be a column that always has the same title.
MOVED_AT_LEAST = 3
MOVED_SHARE = 0.5


def paired(known: Sequence[KnownPost], fetched: Sequence[KnownPost]) -> dict[int, int]:
    """For each place in `fetched` that is a known post, its place in `known`."""
    pairs: dict[int, int] = {}
    for key in EVIDENCE:
        pairs |= _by(key, known, fetched, pairs)
    twins = _by(_all_of("title_hash", "content_hash"), known, fetched, pairs)
    pairs |= {here: there for here, there in twins.items() if _replaces(known[there], here, fetched)}
    namesakes = _by(_all_of("title_hash"), known, fetched, pairs)
    moved = {here: there for here, there in namesakes.items() if _dates_agree(known[there], fetched[here])}
    if len(moved) >= MOVED_AT_LEAST and len(moved) >= MOVED_SHARE * len(fetched):
        pairs |= moved
    return pairs


def _replaces(known: KnownPost, here: int, fetched: Sequence[KnownPost]) -> bool:
    """Whether a post with the words of a known one has taken its place, or is a later one that says the same.

    It is a later one ("Open thread, as every month") if the document does not reach back to the known one.
    """
    if _dates_agree(known, fetched[here]):
        return True
    others = [post.published for place, post in enumerate(fetched) if place != here and post.published]
    return known.published is None or not others or min(others) <= known.published


def _dates_agree(known: KnownPost, fetched: KnownPost) -> bool:
    return not known.published or not fetched.published or known.published == fetched.published


def without_duplicates(fetched: Sequence[KnownPost]) -> list[int]:
    """The places of `fetched` with every post once: of two that are one, the later dated."""
    best: dict[Hashable, int] = {}
    group: dict[int, Hashable] = {}
    for place, post in enumerate(fetched):
        keys = [key for key in _duplicate_keys(post) if key in best]
        name = group[best[keys[0]]] if keys else place
        group[place] = name
        for key in _duplicate_keys(post):
            best.setdefault(key, place)
    chosen: dict[Hashable, int] = {}
    for place, name in group.items():
        if name not in chosen or _rank(fetched[place]) > _rank(fetched[chosen[name]]):
            chosen[name] = place
    return sorted(chosen.values())


def _rank(post: KnownPost) -> tuple[str, str, str]:
    date = post.published.isoformat() if post.published else ""
    return date, post.content_hash, post.guid


def _duplicate_keys(post: KnownPost) -> Iterable[Hashable]:
    """Entries of one document that share one of these are one post: a page or name, and two traits."""
    where = post.link if names_a_page(post.link) else post.guid
    traits = {
        "guid": post.guid if where != post.guid else "",
        "title": post.title_hash,
        "content": post.content_hash,
        "published": post.published,
    }
    if where:
        for one, other in combinations(traits, 2):
            if traits[one] and traits[other]:
                yield where, one, traits[one], other, traits[other]
    yield _unchanged(post)


def _by(
    key: Key, known: Sequence[KnownPost], fetched: Sequence[KnownPost], pairs: dict[int, int]
) -> dict[int, int]:
    """Pairs that share a key nobody else on either side has; a key that two posts share proves nothing."""
    known_keys, fetched_keys = [key(post) for post in known], [key(post) for post in fetched]
    known_counts, fetched_counts = Counter(known_keys), Counter(fetched_keys)
    taken = set(pairs.values())
    places = {name: place for place, name in enumerate(known_keys) if name is not None}
    return {
        place: places[name]
        for place, name in enumerate(fetched_keys)
        if place not in pairs
        and name in places
        and known_counts[name] == fetched_counts[name] == 1
        and places[name] not in taken
    }


def _all_of(*names: str) -> Key:
    """A key of several parts, none of them empty."""

    def key(post: KnownPost) -> Hashable | None:
        parts = tuple(getattr(post, name) for name in names)
        return parts if all(parts) else None

    return key


def _unchanged(post: KnownPost) -> Hashable:
    """Everything: a post that is as it was is the same, however little it says of itself."""
    return post.guid, post.link, post.title_hash, post.content_hash, post.published


def _page(post: KnownPost) -> Hashable | None:
    """The page alone; the front page of a site is nobody's own."""
    return post.link if names_a_page(post.link) else None


def _undated_guid(post: KnownPost) -> Hashable | None:
    """The guid alone, where nothing else could tell its second use from an edit."""
    return post.guid if post.guid and not post.link and not post.published else None


def _nameless(post: KnownPost) -> bool:
    return not post.guid and not post.link


def _nameless_by_date(post: KnownPost) -> Hashable | None:
    return _all_of("title_hash", "published")(post) if _nameless(post) else None


def _nameless_by_title(post: KnownPost) -> Hashable | None:
    return post.title_hash or None if _nameless(post) and not post.published else None


def _nameless_by_content(post: KnownPost) -> Hashable | None:
    return post.content_hash or None if _nameless(post) else None


def _nameless_by_moment(post: KnownPost) -> Hashable | None:
    return post.published if _nameless(post) else None


# A guid alone is not enough: some feeds use it again for another post. A page is: it is what readers open.
EVIDENCE: tuple[Key, ...] = (
    _unchanged,
    _all_of("guid", "link", "title_hash"),
    _all_of("guid", "link"),
    _all_of("guid", "title_hash"),
    _all_of("guid", "content_hash"),
    _all_of("guid", "published"),
    _undated_guid,
    _page,
    _nameless_by_date,
    _nameless_by_title,
    _nameless_by_content,
    _nameless_by_moment,
)
