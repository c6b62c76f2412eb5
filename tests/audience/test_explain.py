"""Why one person is in a segment: each condition with its verdict, what was found, and where it is written."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from engine.audience.explain import Finding, explain
from engine.audience.segments import people as members
from engine.errors import UnsupportedFeature
from engine.store.database import Database
from tests.audience.people import NOW, person, put, rules_for

SEGMENTS: dict[str, Any] = {
    "lapsed": {
        "all": [
            {"event": "order", "count": {"at_least": 2}},
            {"event": "order", "not_within": "180 days"},
            {"subscribed": "offers"},
        ],
        "not": {"any": [{"field": "tier", "is": ["gold", "silver"]}, {"field": "points", "known": False}]},
    },
    "best": {"top": 2, "by": "points"},
}


def ask(database: Database, name: str, **known: Any) -> Finding:
    orders = [("order", NOW - timedelta(days=200), {}), ("order", NOW - timedelta(days=300), {})]
    ann = person("ann", "ann@acme.example", topics={"offers": True}, events=orders, **known)
    declared = put(database, [ann])
    rules = rules_for(database, declared, SEGMENTS)
    with database.read() as connection:
        return explain(connection, rules, name, 1, locate=lambda path: ("config/segments.yaml", len(path)))


def test_each_condition_says_whether_it_holds_and_what_was_found(database: Database) -> None:
    found = ask(database, "lapsed", points=5.0)
    assert found.passed
    assert [(part.text, part.passed, part.found) for part in found.parts] == [
        ("order at least 2 times", True, "2 times, last 2026-05-04 12:00 UTC"),
        ("no order within the last 180 days", True, "2 times, last 2026-05-04 12:00 UTC"),
        ("subscribed to offers, with an address", True, ""),
        ("not this", True, ""),
    ]
    (any_of,) = found.parts[3].parts
    assert [(part.text, part.passed) for part in any_of.parts] == [
        ("tier is gold or silver", False),
        ("points is not known", False),
    ]
    assert (any_of.parts[0].found, any_of.parts[0].file, any_of.parts[0].line) == (
        "no value",
        "config/segments.yaml",
        6,
    )


def test_the_condition_that_keeps_somebody_out_is_the_one_that_fails(database: Database) -> None:
    found = ask(database, "lapsed", points=5.0, tier="gold")
    assert not found.passed
    assert [part.passed for part in found.parts] == [True, True, True, False]
    assert found.parts[3].parts[0].parts[0].found == "gold"


def test_who_is_not_among_the_best_is_told_the_place(database: Database) -> None:
    topics = {"news": True}
    crowd = [
        person("a", points=9.0, topics=topics, email="a@x.example"),
        person("b", points=5.0),
        person("c"),
    ]
    crowd += [person(key, points=7.0, topics=topics, email=f"{key}@x.example") for key in ("d", "e")]
    best = {"best": {"top": 2, "by": "points", "all": [{"subscribed": "news"}]}}
    rules = rules_for(database, put(database, crowd), best)
    with database.read() as connection:
        told = [explain(connection, rules, "best", number) for number in range(1, 6)]
    assert [found.passed for found in told] == [True, False, False, True, False]
    places = [found.parts[-1] for found in told]
    assert {place.text for place in places} == {"one of the 2 with the highest points"}
    assert [(place.passed, place.found) for place in places] == [
        (True, "place 1, with 9"),
        (False, "does not meet the other conditions"),
        (False, "does not meet the other conditions"),
        (True, "place 2, with 7"),
        (False, "place 3, with 7"),
    ]


def test_a_segment_inside_another_is_taken_apart_where_it_is_written(database: Database) -> None:
    segments = {
        "inner": {"any": [{"field": "tier", "is": "gold"}, {"field": "points", "at_least": 5}]},
        "outer": {"all": [{"not": [{"segment": "inner"}]}]},
    }
    rules = rules_for(database, put(database, [person("a", points=7.0)]), segments)
    with database.read() as connection:
        told = explain(connection, rules, "outer", 1, locate=lambda path: (".".join(map(str, path)), 1))
    (turned,) = told.parts
    (inner,) = turned.parts
    (either,) = inner.parts
    assert [(found.passed, found.file) for found in (told, turned, inner, either, *either.parts)] == [
        (False, "segments.outer"),
        (False, "segments.outer.all.0"),
        (True, "segments.outer.all.0.not.0"),
        (True, "segments.inner"),
        (False, "segments.inner.any.0"),
        (True, "segments.inner.any.1"),
    ]


def test_what_was_found_reads_the_same_on_every_database(database: Database) -> None:
    found = {
        "first_name": ("Ann", "Ann"),
        "points": (7.5, "7.5"),
        "joined": (date(2026, 2, 28), "2026-02-28"),
        "seen_at": (NOW, "2026-11-20 12:00 UTC"),
        "vip": (False, "no"),
        "interests": (("tea", "coffee"), "tea, coffee"),
        "tier": (None, "no value"),
    }
    ann = person(
        "ann",
        topics={"news": True, "offers": True, "old": False},
        **{name: value for name, (value, _) in found.items()},
    )
    every = {"every": {"all": [{"field": name, "known": True} for name in [*found, "topics", "shoe_size"]]}}
    rules = rules_for(database, put(database, [ann, person("bob")]), every)
    with database.read() as connection:
        told = [part.found for part in explain(connection, rules, "every", 1).parts]
        missing = [part.found for part in explain(connection, rules, "every", 2).parts]
    assert told[:-2] == [words for _, words in found.values()]
    assert sorted(told[-2].split(", ")) == ["news", "offers"]
    assert set(missing) == {"no value"}


def test_a_segment_that_is_unknown_says_so(database: Database) -> None:
    found = ask(database, "lapsd")
    assert (found.passed, "unknown" in found.text) == (False, True)


def test_the_best_are_listed_best_first_and_the_missing_come_last(database: Database) -> None:
    crowd = [person("c"), person("b", points=1.0), person("a", points=9.0), person("aa", points=1.0)]
    rules = rules_for(database, put(database, crowd), {**SEGMENTS, "all-of-us": {"top": 9, "by": "points"}})
    with database.read() as connection:
        assert [member.customer_id for member in members(connection, rules, "best")] == ["a", "aa"]
        assert [member.customer_id for member in members(connection, rules, "all-of-us")] == [
            "a",
            "aa",
            "b",
            "c",
        ]
        assert len(list(members(connection, rules, "all-of-us", limit=3))) == 3


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"field": "first_name", "at_least": 3}, "`at_least` cannot test"),
        ({"field": "points", "is": "many"}, "`many` is not"),
        ({"field": "joined", "is": "soon"}, "`soon` is not"),
        ({"field": "vip", "is": "perhaps"}, "neither"),
        ({"field": "topics", "is": "news"}, "cannot test the topics"),
        ({"event": "order", "same": "ref"}, "started a sequence"),
    ],
)
def test_a_test_without_a_meaning_is_refused_in_words(
    database: Database, condition: dict[str, Any], words: str
) -> None:
    rules = rules_for(database, put(database, [person("a")]), {"odd": {"all": [condition]}})
    with database.read() as connection, pytest.raises(UnsupportedFeature, match=words):
        list(members(connection, rules, "odd"))
