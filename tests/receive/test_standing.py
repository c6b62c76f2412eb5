"""What an address's news has it suppressed for: a table, and the same in whatever order it came."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from engine.flows.receive.standing import standing
from engine.model.heard import Bounce, Effect, News
from engine.store.heard import Told
from tests.builders import NOW

Said = tuple[float, News, Bounce | None, str]


def told(*said: Said, effect: Effect = Effect.NOTED, machine: bool = False) -> list[Told]:
    """News as (day, what, why, campaign)."""
    return [
        Told(place, news, NOW + timedelta(days=day), bounce, effect, machine, "postmark", campaign, "")
        for place, (day, news, bounce, campaign) in enumerate(said)
    ]


def soft(day: float, campaign: str = "digest") -> Said:
    return day, News.BOUNCED, Bounce.SOFT, campaign


def closed(day: float) -> Said:
    return day, News.BOUNCED, Bounce.DISABLED, "digest"


def arrived(day: float, news: News = News.DELIVERED) -> Said:
    return day, news, None, "digest"


ENDLESS = None
FIVE = (soft(0), soft(8, "offers"), soft(16, "news"), soft(24), soft(32))

TABLE = {
    "nothing": ((), []),
    "invalid": (((0, News.BOUNCED, Bounce.INVALID, "a"),), [("all", "bounced", ENDLESS)]),
    "on the provider's list": (((0, News.REFUSED, Bounce.SUPPRESSED, "a"),), [("all", "bounced", ENDLESS)]),
    "policy, however often": (tuple((day, News.BOUNCED, Bounce.POLICY, str(day)) for day in range(50)), []),
    "closed once": ((closed(0),), []),
    "closed twice in six days": ((closed(0), closed(6.9)), []),
    "closed twice in seven days": ((closed(0), closed(7)), [("all", "bounced", ENDLESS)]),
    "closed, and open in between": ((closed(0), arrived(3), closed(9)), []),
    "closed, open, closed for a week": (
        (closed(0), arrived(3), closed(9), closed(16)),
        [("all", "bounced", ENDLESS)],
    ),
    "complained": (((0, News.COMPLAINED, None, "a"),), [("marketing", "complained", ENDLESS)]),
    "complained and dead": (
        ((0, News.COMPLAINED, None, "a"), (1, News.BOUNCED, Bounce.INVALID, "a")),
        [("all", "bounced", ENDLESS), ("marketing", "complained", ENDLESS)],
    ),
    "one soft": ((soft(0),), []),
    "four soft": (FIVE[:4], []),
    "five soft of three campaigns over a month": (FIVE, [("marketing", "soft_bounces", 92)]),
    "five soft of two campaigns": (
        (soft(0), soft(8, "offers"), soft(16), soft(24, "offers"), soft(32)),
        [],
    ),
    "five soft within a month": (
        (soft(0), soft(7, "offers"), soft(14, "news"), soft(21), soft(29)),
        [],
    ),
    "five soft, a letter arrived in between": ((*FIVE[:3], arrived(20), *FIVE[3:]), []),
    "a letter arrived after the pause began": ((*FIVE, arrived(40)), []),
    "more during the pause change nothing": ((*FIVE, soft(60)), [("marketing", "soft_bounces", 92)]),
    "the one letter after the pause bounces": ((*FIVE, soft(100)), [("marketing", "soft_bounces", 160)]),
    "refused for now is no soft bounce": (
        tuple((day * 8, News.DEFERRED, None, str(day)) for day in range(9)),
        [],
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_what_is_heard_of_an_address_decides_its_suppressions(name: str) -> None:
    said, expected = TABLE[name]
    found = standing(told(*said))
    days = [(each.until - NOW).days if each.until else None for each in found]
    assert [(each.scope, each.reason, end) for each, end in zip(found, days, strict=True)] == expected


@pytest.mark.parametrize("name", TABLE)
def test_the_order_of_the_news_does_not_matter(name: str) -> None:
    news = told(*TABLE[name][0])
    expected = standing(news)
    for order in itertools.islice(itertools.permutations(news), 200):
        assert standing(order) == expected


@pytest.mark.parametrize("effect", [Effect.QUARANTINED, Effect.RELEASED, Effect.ORPHAN])
def test_what_is_held_back_does_not_count(effect: Effect) -> None:
    assert standing(told((0, News.BOUNCED, Bounce.INVALID, "a"), effect=effect)) == []


def test_what_a_machine_clicked_does_not_prove_that_letters_arrive() -> None:
    clicks = told(arrived(20, News.CLICKED), machine=True)
    assert [each.reason for each in standing([*told(*FIVE), *clicks])] == ["soft_bounces"]
