"""Which posts one customer gets, and the reason when there are none."""

from __future__ import annotations

from datetime import timedelta

from engine.content.choice import Candidate, Choice, candidates, choose
from engine.model.duration import Duration, Unit
from engine.model.words import Reason
from tests.content.test_identity import DAY, NOON, post


def shelf(*topics: str) -> tuple[Candidate, ...]:
    """Posts 1, 2, 3 …, the last the newest, each with the topics named for it (separated by commas)."""
    posts = [
        (post(number, identity=str(number), topics=tuple(names.split(",")) if names else ()), NOON - DAY)
        for number, names in enumerate(topics, 1)
    ]
    return candidates(posts, NOON)


def numbers(choice: Choice) -> list[int]:
    return [int(one.identity) for one in choice.posts]


def test_the_newest_unseen_posts_are_picked() -> None:
    assert numbers(choose(shelf("", "", "", ""), seen={"4"}, pick=2)) == [3, 2]


def test_posts_of_one_moment_stand_in_a_fixed_order() -> None:
    posts = [(post(1, identity=name, published=NOON), NOON) for name in "cab"]
    assert [one.post.identity for one in candidates(posts, NOON)] == ["a", "b", "c"]
    assert candidates(posts, NOON) == candidates(posts[::-1], NOON)


def test_a_post_without_a_date_is_as_old_as_our_knowledge_of_it() -> None:
    posts = [(post(1, identity="dated"), NOON), (post(2, identity="undated", published=None), NOON - DAY)]
    assert [one.post.identity for one in candidates(posts, NOON)] == ["undated", "dated"]


def test_what_became_news_after_the_run_began_is_for_the_next_one() -> None:
    assert candidates([(post(1), NOON + timedelta(seconds=1))], NOON) == ()


def test_max_age_goes_by_the_posts_date_and_since_by_when_it_became_news() -> None:
    posts = [(post(1, published=NOON - 50 * DAY), NOON - DAY), (post(2, published=None), NOON - 50 * DAY)]
    assert candidates(posts, NOON, max_age=Duration(30, Unit.DAY)) == ()
    assert len(candidates(posts, NOON, since=NOON - 2 * DAY)) == 1


def test_only_matching_posts_count_whatever_their_case() -> None:
    posts = shelf("Tea", "coffee", "tea party", " TEA ")
    assert numbers(choose(posts, interests=["tea"], match=True)) == [4, 1]
    assert numbers(choose(posts, interests=["tea"], match=False)) == [4, 3, 2, 1]


def test_a_customer_without_interests_gets_all_posts() -> None:
    for nothing in ([], [""], ["  "]):
        assert numbers(choose(shelf("tea", "", "coffee"), interests=nothing, match=True)) == [3, 2, 1]


def test_nothing_new_and_too_little_new_have_their_own_reasons() -> None:
    posts = shelf("tea", "coffee")
    assert choose(posts, seen={"1", "2"}) == Choice((), Reason.NO_NEW_POSTS)
    assert choose(posts, interests=["jazz"], match=True) == Choice((), Reason.NO_NEW_POSTS)
    assert choose(posts, interests=["tea"], match=True, at_least=2) == Choice((), Reason.TOO_FEW_POSTS)
    assert choose((), at_least=0) == Choice(())


def test_too_few_posts_may_be_sent_all_the_same() -> None:
    posts = shelf("tea", "coffee")
    for word in ("send", "send_without"):
        assert numbers(choose(posts, interests=["tea"], match=True, at_least=2, if_fewer=word)) == [1]  # type: ignore[arg-type]
        assert choose((), at_least=2, if_fewer=word) == Choice(())  # type: ignore[arg-type]


def test_too_few_posts_may_be_filled_with_others() -> None:
    posts = shelf("tea", "coffee", "jazz", "rain")
    filled = choose(posts, seen={"4"}, interests=["tea"], match=True, at_least=2, if_fewer="fill")
    assert numbers(filled) == [1, 3]
    assert choose(posts, seen={"2", "3", "4"}, at_least=2, if_fewer="fill").reason == Reason.TOO_FEW_POSTS
