"""A post is news exactly once, whatever the feed does to its names, dates and order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from engine.content.identity import Recognition, Rules, recognise
from engine.content.known import HELD_FLOOD, HELD_FUTURE, KnownPost, release
from engine.model.post import Post

NOON = datetime(2027, 1, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ALL = Rules(backfill=100)


def post(number: int, **changes: object) -> Post:
    plain = Post(
        feed="blog",
        identity="",
        id=f"guid-{number}",
        url=f"https://blog.example/{number}",
        title=f"Title {number}",
        summary="",
        content=f"<p>Text {number}</p>",
        image="",
        author="",
        published=NOON - timedelta(days=30 - number),
        topics=(),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


class Memory:
    """Plays the store: remembers what recognise says and collects what was news."""

    def __init__(self) -> None:
        self.known: dict[str, KnownPost] = {}
        self.news: list[str] = []
        self.first = True

    def read(self, *posts: Post, at: datetime = NOON, rules: Rules = ALL) -> Recognition:
        found = recognise(list(self.known.values()), posts, at, rules, first=self.first)
        self.first = False
        self.known |= {item.known.identity: item.known for item in found.to_store()}
        self.known |= {known.identity: known for known in found.released}
        self.news += [item.post.identity for item in found.new] + [known.identity for known in found.released]
        assert all(item.post.identity == item.known.identity for item in found.to_store())
        return found


def titles(found: Recognition) -> list[str]:
    return [item.post.title for item in found.new]


def after_reading(*posts: Post) -> Memory:
    memory = Memory()
    memory.read(*posts)
    return memory


def test_at_the_first_read_only_the_newest_few_are_news() -> None:
    memory = Memory()
    found = memory.read(post(1), post(3), post(2), post(4), rules=Rules(backfill=2))
    assert found.baseline
    assert titles(found) == ["Title 4", "Title 3"]
    assert {item.post.title for item in found.old} == {"Title 1", "Title 2"}
    assert [known.announce for known in memory.known.values()].count(True) == 2
    assert memory.read(post(5), post(4), post(3), post(2), post(1)).new[0].post.title == "Title 5"


def test_without_dates_the_documents_order_says_what_is_newest() -> None:
    found = Memory().read(*(post(n, published=None) for n in (9, 2, 5)), rules=Rules(backfill=1))
    assert titles(found) == ["Title 9"]


def test_after_an_empty_first_read_everything_is_news() -> None:
    memory = after_reading()
    assert titles(memory.read(post(1))) == ["Title 1"]


def test_reading_the_same_again_finds_nothing() -> None:
    memory = after_reading(post(1), post(2))
    found = memory.read(post(2), post(1))
    assert (found.new, found.changed, found.held) == ((), (), ())
    assert len(found.same) == 2


def test_every_kind_of_change_is_no_news() -> None:
    plain = post(1)
    for changed in (
        post(1, id="other-guid"),
        post(1, id="other-guid", title="Edited", content="<p>Rewritten</p>"),
        post(1, url="http://www.blog.example/1/?utm_source=feed#top"),
        post(1, published=NOON),
        post(1, published=None),
        post(1, title="Edited", content="<p>Rewritten</p>", published=NOON),
        post(1, url="https://new.example/renamed", title="Edited"),
        post(1, url="https://new.example/renamed", title="Edited", content="<p>Rewritten</p>"),
        post(1, url="https://new.example/renamed", id="other", published=None),
        post(1, url="https://new.example/renamed", id="other"),
        post(1, url="", id="guid-1", title="Edited"),
        post(1, title="TITLE 1!"),
    ):
        memory = after_reading(plain, post(0))
        found = memory.read(changed, post(0))
        assert (found.new, found.held) == ((), ()), changed
        assert len(memory.known) == 2


def test_a_changed_post_keeps_its_identity_and_its_first_moment() -> None:
    memory = after_reading(post(1))
    found = memory.read(post(1, title="Edited"), at=NOON + DAY)
    assert [item.post.identity for item in found.changed] == ["guid:guid-1"]
    assert found.changed[0].post.title == "Edited"
    assert found.changed[0].known.first_seen == NOON


def test_an_http_guid_that_becomes_https_is_the_same() -> None:
    memory = after_reading(post(1, id="http://blog.example/?p=1", url=""))
    assert memory.read(post(1, id="https://blog.example/?p=1", url="", title="x", published=None)).new == ()


def test_a_guid_used_again_for_another_post_is_news() -> None:
    memory = after_reading(post(1))
    other = post(2, id="guid-1")
    assert titles(memory.read(other)) == ["Title 2"]
    assert memory.read(other, post(1)).new == ()
    assert len(set(memory.news)) == 2


def test_all_entries_with_one_guid_are_still_many_posts() -> None:
    same = [post(number, id="the-only-guid") for number in range(1, 4)]
    memory = after_reading(*same)
    assert len(set(memory.news)) == 3
    assert titles(memory.read(post(4, id="the-only-guid"), *same)) == ["Title 4"]


def test_all_entries_linking_to_one_page_are_still_many_posts() -> None:
    page = "https://blog.example/changelog"
    same = [post(number, url=page) for number in range(1, 4)]
    memory = after_reading(*same)
    assert titles(memory.read(post(4, url=page), *same)) == ["Title 4"]
    assert memory.read(*same[1:]).new == ()


def test_a_feed_whose_posts_link_to_the_front_page_goes_by_guid() -> None:
    home = "https://blog.example/"
    memory = after_reading(post(1, url=home))
    assert titles(memory.read(post(2, url=home))) == ["Title 2"]


def test_the_same_post_twice_in_one_document_is_one() -> None:
    memory = after_reading(post(1), post(1), post(1, id="another", published=NOON))
    assert len(memory.news) == 1
    assert memory.known[memory.news[0]].published == NOON


def test_all_guids_changed_every_day_is_no_news() -> None:
    memory = after_reading(*(post(number) for number in range(1, 11)))
    for day in range(1, 4):
        found = memory.read(
            *(post(number, id=f"{day}-{number}") for number in range(1, 11)), at=NOON + day * DAY
        )
        assert (found.new, found.held) == ((), ())


def test_a_site_that_moved_announces_nothing_again() -> None:
    memory = after_reading(*(post(number) for number in range(1, 11)))
    moved = [
        post(
            number, id=f"new-{number}", url=f"https://new.example/posts/{number}", content="<p>New layout</p>"
        )
        for number in range(1, 11)
    ]
    found = memory.read(*moved, post(11), at=NOON + DAY)
    assert titles(found) == ["Title 11"]


def test_titles_that_come_again_every_year_are_news() -> None:
    months = ["January", "February", "March", "April"]

    def year(number: int) -> list[Post]:
        return [
            post(number * 10 + place, title=title, published=NOON + timedelta(days=365 * number + 30 * place))
            for place, title in enumerate(months)
        ]

    memory = Memory()
    memory.read(*year(0), at=NOON + 200 * DAY)
    assert titles(memory.read(*year(1), at=NOON + 600 * DAY)) == months


def test_an_open_thread_with_the_same_words_every_month_is_news() -> None:
    thread = {"title": "Open thread", "content": "<p>Say hello</p>"}
    memory = after_reading(post(1, **thread), post(2))
    assert titles(memory.read(post(25, **thread), post(20), post(21))) == [
        "Open thread",
        "Title 20",
        "Title 21",
    ]


def test_a_flood_is_held_and_stays_held_until_somebody_releases_it() -> None:
    memory = after_reading(*(post(number) for number in range(1, 11)))
    strange = [post(number, published=None) for number in range(101, 111)]
    found = memory.read(*strange, at=NOON + DAY)
    assert found.new == ()
    assert {item.known.held for item in found.held} == {HELD_FLOOD}
    assert "10 of 10 posts look new" in found.notice
    again = memory.read(*strange, post(111, published=None), at=NOON + 2 * DAY)
    assert titles(again) == ["Title 111"]
    freed = release(found.held[0].known, NOON + 3 * DAY)
    assert (freed.announce, freed.held, freed.first_seen) == (True, "", NOON + 3 * DAY)


def test_catching_up_after_a_long_pause_is_no_flood() -> None:
    daily = [post(number) for number in range(1, 11)]
    memory = Memory()
    memory.read(*daily, at=NOON - 20 * DAY)
    month_later = [post(number) for number in range(21, 31)]
    assert len(memory.read(*month_later, at=NOON).new) == 10


def test_a_few_new_posts_are_never_a_flood() -> None:
    memory = after_reading(*(post(number) for number in range(1, 11)))
    assert len(memory.read(*(post(number, published=None) for number in range(50, 55))).new) == 5


def test_a_post_from_the_future_waits_for_its_day() -> None:
    memory = after_reading(post(1))
    tomorrow_but_one = post(2, published=NOON + 3 * DAY)
    found = memory.read(post(1), tomorrow_but_one)
    assert found.new == ()
    assert [item.known.held for item in found.held] == [HELD_FUTURE]
    assert memory.read(post(1), tomorrow_but_one, at=NOON + DAY).new == ()
    assert titles(memory.read(post(1), tomorrow_but_one, at=NOON + 3 * DAY)) == ["Title 2"]
    assert memory.read(post(1), tomorrow_but_one, at=NOON + 4 * DAY).new == ()
    assert memory.known["guid:guid-2"].first_seen == NOON + 3 * DAY


def test_a_waiting_post_that_left_the_document_is_not_lost() -> None:
    memory = after_reading(post(1), post(2, published=NOON + 3 * DAY))
    found = memory.read(at=NOON + 3 * DAY)
    assert [known.identity for known in found.released] == ["guid:guid-2"]
    assert memory.read(at=NOON + 3 * DAY).released == ()


def test_a_waiting_post_whose_date_is_corrected_is_news() -> None:
    memory = after_reading(post(1), post(2, published=datetime(2999, 1, 1, tzinfo=UTC)))
    assert titles(memory.read(post(1), post(2))) == ["Title 2"]


def test_entries_without_names_are_known_by_their_words() -> None:
    bare = {"id": "", "url": ""}
    memory = after_reading(post(1, **bare), post(2, **bare))
    assert memory.read(post(1, **bare, content="<p>Edited</p>"), post(2, **bare, title="Edited")).new == ()
    assert titles(memory.read(post(3, **bare))) == ["Title 3"]
