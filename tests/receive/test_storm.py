"""When hard bounces are a storm: the table of the rule."""

from __future__ import annotations

import pytest

from engine.flows.receive.storm import Share, Weather, storm

CALM, STORM = False, True
GOOD_YEAR = Share(20, 10_000)
BAD_YEAR = Share(300, 10_000)

TABLE = [
    ("nothing", Weather(Share(0, 1000)), CALM),
    ("a dead address", Weather(Share(1, 3)), CALM),
    ("nineteen of twenty are too few to tell", Weather(Share(19, 20)), CALM),
    ("twenty of twenty", Weather(Share(20, 20)), STORM),
    ("forty of a hundred", Weather(Share(40, 100)), STORM),
    ("exactly five of a hundred", Weather(Share(50, 1000)), CALM),
    ("more than five of a hundred", Weather(Share(51, 1000)), STORM),
    ("two of a hundred and nothing known from before", Weather(Share(200, 10_000)), CALM),
    ("two of a hundred after a good year", Weather(Share(200, 10_000), GOOD_YEAR), STORM),
    ("two of a hundred after a bad year", Weather(Share(200, 10_000), BAD_YEAR), CALM),
    ("five times the usual and no more", Weather(Share(100, 10_000), GOOD_YEAR), CALM),
    ("a first few after a spotless year", Weather(Share(30, 10_000), Share(0, 10_000)), CALM),
    ("a baseline of a handful", Weather(Share(30, 1000), Share(0, 900)), CALM),
    (
        "one domain refuses everybody",
        Weather(Share(25, 10_000), domains={"mail.example": Share(25, 30)}),
        STORM,
    ),
    (
        "four of five to one domain",
        Weather(Share(24, 10_000), domains={"mail.example": Share(24, 30)}),
        CALM,
    ),
    ("a small domain", Weather(Share(30, 10_000), domains={"mail.example": Share(10, 10)}), CALM),
    ("no letters known", Weather(Share(500, 0)), CALM),
]


@pytest.mark.parametrize(("name", "weather", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_a_storm_is_told_from_dead_addresses(name: str, weather: Weather, expected: bool) -> None:
    assert bool(storm(weather)) is expected, storm(weather)


def test_the_reason_is_a_sentence_with_the_numbers() -> None:
    assert storm(Weather(Share(40, 100))) == "40 of 100 letters bounced (40.0%), more than 5%"
