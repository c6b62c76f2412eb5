"""Why one person is in a segment: each condition with its verdict, what was found, and where it is written."""

from __future__ import annotations

from datetime import timedelta
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
