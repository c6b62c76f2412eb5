"""When a floor is missed: a table of last touches, and the days on which the next one is in time."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from engine.audience import silences
from engine.audience.owning import Owning
from engine.audience.silences import CLOCKS, Outlook
from engine.definitions.schema.wording import read_duration
from engine.model.contact import Label, Resets
from engine.model.duration import Duration, Unit
from engine.policy.floors import (
    Floor,
    Floors,
    Known,
    Silence,
    head_start,
    is_time,
    kept_until,
    lapses,
    lead,
    spread,
    standing,
)
from engine.store import tables, touches
from engine.store.database import Database
from engine.store.touches import TOUCHED
from tests.policy.test_agreement import world_in
from tests.policy.worlds import LONDON, NOW, World

EXAMPLES = int(os.environ.get("TOUCHBASE_EXAMPLES", "6"))
SPANS = ["1 day", "7 days", "30 days", "2 weeks", "1 month", "3 months", "1 year"]


@pytest.mark.parametrize(
    ("rhythm", "grace", "last", "until"),
    [
        ("30 days", None, "2027-01-05", "2027-02-04"),
        ("1 month", None, "2027-01-05", "2027-02-05"),
        ("1 month", None, "2027-01-31", "2027-02-28"),
        ("1 month", "3 days", "2027-01-31", "2027-03-03"),
        ("2 weeks", None, "2027-01-05", "2027-01-19"),
        ("1 year", "1 month", "2028-02-29", "2029-03-28"),
    ],
)
def test_a_floor_lasts_whole_days(rhythm: str, grace: str | None, last: str, until: str) -> None:
    spare = read_duration(grace) if grace else None
    found = lapses(read_duration(rhythm), spare, date.fromisoformat(last))
    assert found == date.fromisoformat(until)


@given(
    rhythm=st.sampled_from(SPANS),
    grace=st.sampled_from([None, "3 days", "1 month"]),
    day=st.dates(date(2027, 1, 1), date(2029, 12, 31)),
    back=st.integers(0, 420),
)
@settings(max_examples=60, deadline=None)
def test_kept_until_is_where_the_day_begins_to_last(
    rhythm: str, grace: str | None, day: date, back: int
) -> None:
    span, spare = read_duration(rhythm), read_duration(grace) if grace else None
    last = day - timedelta(days=back)
    evening = datetime(last.year, last.month, last.day, 23, 59, tzinfo=LONDON)
    assert (evening >= kept_until(span, spare, day, LONDON)) is (lapses(span, spare, last) >= day)


MONTHLY = Floors("tier", (Floor("", Duration(30, Unit.DAY), Duration(1, Unit.YEAR)),))
JANUARY = datetime(2027, 1, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("resets", "label", "hears"),
    [
        (("letters", "people"), Label("digest"), True),
        (("letters",), Label("notice", "service", counts=False), False),
        (("service",), Label("notice", "service", counts=False), True),
        (("marketing",), Label("notice", "service"), False),
        (("people",), Label("digest"), False),
    ],
)
def test_what_resets_a_clock_is_said_in_words(resets: tuple[str, ...], label: Label, hears: bool) -> None:
    floors = Floors("tier", MONTHLY.floors, resets=Resets(resets))
    known = Known(1, JANUARY - timedelta(days=900), letters=[(JANUARY, label)])
    hear, personal = standing(floors, known, LONDON)
    assert (hear.last == JANUARY, personal.last) == (hears, None)


def test_a_call_is_personal_and_a_letter_is_not() -> None:
    known = Known(
        1, JANUARY, letters=[(JANUARY, Label("digest"))], people=[(JANUARY - timedelta(days=9), "call")]
    )
    hear, personal = standing(MONTHLY, known, LONDON)
    assert (hear.until, personal.until) == (date(2027, 2, 4), date(2027, 12, 27))


def test_people_without_a_touch_fall_due_evenly_and_never_at_once() -> None:
    due = Counter(next(standing(MONTHLY, Known(number, JANUARY), LONDON)).until for number in range(1, 2401))
    assert min(due) == date(2027, 1, 12)
    assert max(due) == date(2027, 2, 4)
    assert max(due.values()) <= 2 * 2400 / head_start(MONTHLY, Duration(30, Unit.DAY))


def test_something_is_done_on_one_of_the_days_before_the_last_and_then_once_a_week() -> None:
    start = datetime(2027, 1, 1, 12, tzinfo=UTC)
    first: Counter[int] = Counter()
    for customer in range(1, 401):
        (found,) = [
            each
            for each in standing(MONTHLY, Known(customer, start, letters=[(start, Label("digest"))]), LONDON)
            if each.clock is Silence.HEAR_FROM_US
        ]
        days = [found.until - timedelta(days=9 - number) for number in range(24)]
        turns = [day for day in days if is_time(MONTHLY, found, customer, day)]
        first[(found.until - turns[0]).days] += 1
        assert [day for day in days if turns[0] <= day <= found.until] == [
            day for day in turns if day <= found.until
        ]
        assert len([day for day in turns if found.until < day <= found.until + timedelta(days=14)]) == 2
    assert set(first) == {4, 5, 6, 7}
    assert max(first.values()) <= 2 * 400 / lead(MONTHLY)


def test_neighbours_are_spread_far_apart() -> None:
    assert {spread(number, 7) for number in range(1, 40)} == set(range(7))


def floors_in(chance: Random) -> Floors:
    def span() -> Duration:
        return read_duration(chance.choice(SPANS))

    named = [Floor("gold", span(), chance.choice([None, span()]), "policy.yaml:3")]
    if chance.random() < 0.7:
        named.append(Floor("", span(), None, "policy.yaml:4"))
    words = ["letters", "marketing", "service", "people", "call"]
    return Floors(
        "tier",
        tuple(named),
        chance.choice([None, Duration(3, Unit.DAY)]),
        Resets(tuple(chance.sample(words, chance.randint(1, 3)))),
        ahead=Duration(chance.choice([3, 7]), Unit.DAY),
    )


def known_of(world: World, somebody: Mapping[str, Any], customer: int, since: datetime) -> Known:
    key = somebody["customer_id"]
    return Known(
        customer,
        since,
        somebody["fields"].get("tier") or "",
        [
            (letter.at, world.runs[letter.run])
            for letter in world.letters
            if letter.key == key and letter.state in TOUCHED
        ],
        [(at, kind) for who, kind, at in world.visits if who == key],
    )


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_sql_and_the_floors_of_one_person_agree(database: Database, seed: int) -> None:
    world, ids, rules = world_in(database, seed)
    chance = Random(seed)
    floors = floors_in(chance)
    since = {number: NOW - timedelta(days=chance.choice([0, 1, 20, 29, 40, 400])) for number in ids.values()}
    until = NOW.date() + timedelta(days=chance.choice([0, 7, 40]))
    with database.write() as connection:
        for number, moment in since.items():
            this = update(tables.customers).where(tables.customers.c.id == number)
            connection.execute(this.values(created_at=moment))
        past = touches.recent_runs(connection, None)
        outlook = Outlook(floors, rules, past, Owning("tier", "team", ("gold",)))
        silences.lay_out(connection, outlook, until)
        laid = connection.execute(select(silences.silences)).mappings().all()
        rows = {(row["customer"], CLOCKS[row["clock"]]): row for row in laid}
        silences.lay_out(connection, outlook, outlook.today + timedelta(days=floors.days_ahead), in_turn=True)
        turns = {(row.customer, CLOCKS[row.clock]) for row in connection.execute(select(silences.silences))}
    expected, due = {}, set()
    for somebody in world.people:
        customer = ids[somebody["customer_id"]]
        for found in standing(floors, known_of(world, somebody, customer, since[customer]), LONDON):
            if found.until <= until:
                expected[customer, found.clock] = (found, found.until < outlook.today)
            if is_time(floors, found, customer, outlook.today):
                due.add((customer, found.clock))
    assert rows.keys() == expected.keys(), (floors, seed)
    assert turns == due
    for key, (found, missed) in expected.items():
        row = rows[key]
        assert (row["place"], bool(row["missed"])) == (found.place, missed)
        assert row["start"] == (found.start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        assert (row["last"] is None) is (found.last is None)
        assert row["owner"] in ("gold", "team")
