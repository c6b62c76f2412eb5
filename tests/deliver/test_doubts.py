"""Which road there is to find out what became of a call, as a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from engine.flows.deliver.doubts import LONGEST_CALL, MARGIN, Road, prospect
from engine.model.words import State
from engine.providers.base import Idempotency, Limits, Lookup
from engine.store.ledger.unanswered import Doubt, Unanswered
from tests.builders import NOW

REMEMBERS = Limits(100, 10**6, idempotency=Idempotency(lifetime=3600.0, longest_key=64))
FOR_EVER = Limits(100, 10**6, idempotency=Idempotency(lifetime=float("inf"), longest_key=64))
SEARCHES = Limits(100, 10**6, lookup=Lookup(lag=60.0, retention=86400.0))
BOTH = Limits(100, 10**6, idempotency=REMEMBERS.idempotency, lookup=SEARCHES.lookup)
NEITHER = Limits(100, 10**6)
MINUTE = timedelta(minutes=1)


def letter(number: int, state: State = State.UNCERTAIN, **more: object) -> Doubt:
    kept = {"slots": b"x", "key": f"key-{number}", "lease": "0123456789abcdef.1", "detail": ""}
    return Doubt(number, number, state, **{"submitted_at": NOW, "settled_at": NOW, **kept, **more})  # type: ignore[arg-type]


def call(*letters: Doubt, messages: int = 2, ended: datetime | None = NOW) -> Unanswered:
    return Unanswered(7, 1, "api", 1, messages, NOW, ended, letters or (letter(1), letter(2)))


@pytest.mark.parametrize(
    ("unanswered", "limits", "minutes", "road"),
    [
        (call(), REMEMBERS, 1, Road.REPEAT),
        (call(letter(1), letter(2, State.DELIVERED)), REMEMBERS, 1, Road.REPEAT),
        (call(), REMEMBERS, 60 - MARGIN / MINUTE - 0.1, Road.REPEAT),
        (call(), REMEMBERS, 60 - MARGIN / MINUTE, Road.PERSON),
        (call(), FOR_EVER, 10**6, Road.REPEAT),
        # A letter that went on under another key would go out twice if the whole call were made again.
        (call(letter(1)), REMEMBERS, 1, Road.PERSON),
        (call(letter(1), letter(2, State.RETRY_WAIT)), REMEMBERS, 1, Road.PERSON),
        (call(letter(1), letter(2, State.FAILED)), REMEMBERS, 1, Road.PERSON),
        (call(letter(1), letter(2, slots=None)), REMEMBERS, 1, Road.PERSON),
        (call(letter(1), letter(2, key="")), REMEMBERS, 1, Road.PERSON),
        (call(), SEARCHES, 1, Road.WAIT),
        (call(), SEARCHES, 2.9, Road.WAIT),
        (call(), SEARCHES, 3, Road.SEARCH),
        (call(letter(1)), SEARCHES, 3, Road.SEARCH),
        (call(), SEARCHES, 24 * 60, Road.PERSON),
        (call(ended=None), SEARCHES, LONGEST_CALL / MINUTE - 0.1, Road.WAIT),
        (call(ended=None), SEARCHES, LONGEST_CALL / MINUTE, Road.SEARCH),
        (call(), BOTH, 1, Road.REPEAT),
        (call(), BOTH, 60, Road.SEARCH),
        (call(), NEITHER, 1, Road.PERSON),
    ],
)
def test_each_call_has_its_road(unanswered: Unanswered, limits: Limits, minutes: float, road: Road) -> None:
    assert prospect(unanswered, limits, NOW + minutes * MINUTE, ended=True).road is road


@pytest.mark.parametrize("limits", [REMEMBERS, SEARCHES, NEITHER])
def test_nothing_is_concluded_while_the_process_may_still_be_at_it(limits: Limits) -> None:
    assert prospect(call(ended=None), limits, NOW + 10 * MINUTE, ended=False).road is Road.WAIT


def test_a_clock_that_was_fixed_says_nothing_about_how_long_ago_it_was() -> None:
    roads = [
        prospect(call(), limits, NOW + 10 * MINUTE, ended=True, clock_fixed=True).road
        for limits in (REMEMBERS, SEARCHES, FOR_EVER)
    ]
    assert roads == [Road.PERSON, Road.PERSON, Road.REPEAT]


def test_a_search_waits_from_when_the_call_was_given_up() -> None:
    found_dead = NOW + 30 * MINUTE
    late = call(letter(1, settled_at=found_dead), letter(2, settled_at=found_dead), ended=None)
    assert prospect(late, SEARCHES, found_dead + 4 * MINUTE, ended=True).road is Road.WAIT
    assert prospect(late, SEARCHES, found_dead + 5 * MINUTE, ended=True).road is Road.SEARCH
    waiting = prospect(replace(late, ended_at=found_dead), SEARCHES, found_dead + MINUTE, ended=True)
    assert waiting.at == found_dead + 3 * MINUTE
    assert waiting.words == f"api will be searched from {waiting.at:%H:%M} UTC on"
