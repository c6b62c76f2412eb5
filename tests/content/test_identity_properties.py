"""Any history of a feed: shuffles, new guids, edits, moved dates, failures. Each post is news once and only once."""

from __future__ import annotations

import re
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.content.identity import Rules
from engine.model.post import Post
from tests.content.test_identity import DAY, NOON, Memory, post

# A flood guard that holds posts would hide a loss; it has tests of its own.
NO_GUARD = Rules(backfill=100, flood_least=10_000)
MINUTE = timedelta(minutes=1)


# What a feed leaves alone of a post: its page, or its name and one trait. Without that nobody could know it again.
ANCHORS = ("page", "title", "content", "published")


@st.composite
def mishaps(draw: st.DrawFn, number: int, anchor: str) -> Post:
    """Post `number` as a careless feed may show it today."""
    here = f"https://blog.example/{number}"
    guids = [f"guid-{number}", "", f"other-{number}", f"{draw(st.integers(0, 99))}-{number}"]
    pages = [
        here,
        f"http://www.blog.example/{number}/?utm_campaign=rss",
        f"https://blog.example:443/{number}#top",
    ]
    elsewhere = ["", here, f"https://moved.example/{number}"]
    traits: dict[str, list[object]] = {
        "title": [f"Title {number}", f"Edited {number}", "", "Same for all"],
        "content": [f"<p>Text {number}</p>", f"<p>Edited {number}</p>", ""],
        "published": [NOON - timedelta(days=30 - number), NOON - DAY, NOON + number * MINUTE, None],
    }
    kept = {
        name: values[0] if name == anchor else draw(st.sampled_from(values))
        for name, values in traits.items()
    }
    if anchor == "page":
        return post(number, id=draw(st.sampled_from(guids)), url=draw(st.sampled_from(pages)), **kept)
    return post(number, url=draw(st.sampled_from(elsewhere)), **kept)


@st.composite
def histories(draw: st.DrawFn) -> list[list[Post] | None]:
    """Reads of a feed that grows to at most eight posts and shows the last five; None is a read that failed."""
    reads: list[list[Post] | None] = []
    anchors = draw(st.lists(st.sampled_from(ANCHORS), min_size=9, max_size=9))
    grown = draw(st.integers(0, 3))
    for _ in range(draw(st.integers(1, 6))):
        grown = min(8, grown + draw(st.integers(0, 3)))
        shown = [draw(mishaps(number, anchors[number])) for number in range(max(1, grown - 4), grown + 1)]
        failed = draw(st.integers(0, 4)) == 0
        reads.append(None if failed else draw(st.permutations(shown)))
    return reads


def number_of(shown: Post) -> int:
    """The number a post was made with, read back from its page or its name."""
    return int((re.findall(r"\.example(?::443)?/(\d+)", shown.url) or re.findall(r"-(\d+)", shown.id))[0])


@settings(max_examples=200, deadline=None)
@given(histories())
def test_every_post_that_was_shown_is_news_exactly_once(reads: list[list[Post] | None]) -> None:
    memory = Memory()
    announced: list[int] = []
    shown: set[int] = set()
    for step, posts in enumerate(reads):
        if posts is None:
            continue
        found = memory.read(*posts, at=NOON + DAY + step * MINUTE, rules=NO_GUARD)
        announced += [number_of(item.post) for item in found.new]
        shown |= {number_of(one) for one in posts}
    assert sorted(announced) == sorted(shown)
    assert len(memory.news) == len(set(memory.news))


@settings(max_examples=100, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_reading_again_what_was_just_read_changes_nothing(
    reads: list[list[Post] | None], dice: object
) -> None:
    memory = Memory()
    for posts in reads:
        if posts is None:
            continue
        memory.read(*posts, rules=NO_GUARD)
        dice.shuffle(posts)  # type: ignore[attr-defined]
        again = memory.read(*posts, rules=NO_GUARD)
        assert (again.new, again.changed, again.held, again.released) == ((), (), (), ())
