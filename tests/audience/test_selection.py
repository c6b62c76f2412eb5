"""The audience of a run: everybody it names, each with a decision and the first reason that applies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from engine.audience.holdout import BUCKETS, bucket
from engine.audience.profile import read_profile
from engine.audience.selection import Selection, audience_select
from engine.errors import Refused
from engine.model.address import address_hash
from engine.model.words import Purpose
from engine.store import suppressions, tables
from engine.store.database import Database
from engine.store.fields import FieldColumn
from tests.audience.people import NOW, person, put, rules_for

EVERYBODY = {"everybody": {"any": [{"field": "customer_id", "known": True}]}}
NEWS = Selection("monthly", "2026-11", ("everybody",), topic="news")


def decisions(
    database: Database, declared: tuple[FieldColumn, ...], selection: Selection, segments: dict[str, Any]
) -> dict[str, tuple[str, str | None]]:
    """State and reason by the customer's key."""
    rules = rules_for(database, declared, {**EVERYBODY, **segments})
    with database.read() as connection:
        keys = connection.execute(select(tables.customers.c.id, tables.customers.c.customer_id))
        names = dict(keys.all())
        rows = connection.execute(audience_select(rules, selection)).mappings().all()
    assert len(rows) == len({row["customer"] for row in rows})
    return {names[row["customer"]]: (row["state"], row["reason"]) for row in rows}


def subscriber(key: str, email: str | None = None, **known: Any) -> dict[str, Any]:
    return person(key, email or f"{key}@acme.example", topics={"news": True}, **known)


def suppress(connection: Connection, email: str, scope: str, until: datetime | None = None) -> None:
    suppressions.add(connection, address_hash(email), scope, "bounced", "test", NOW, until=until)


def delivered(connection: Connection, campaign: str, occurrence: str, customer: int, **known: Any) -> None:
    """An accepted letter in that run."""
    run = tables.runs
    found = connection.execute(
        select(run.c.id).where(run.c.campaign == campaign, run.c.occurrence == occurrence)
    ).scalar()
    if found is None:
        row = {
            "campaign": campaign,
            "occurrence": occurrence,
            "state": "done",
            "as_of": NOW,
            "created_at": NOW,
        }
        found = connection.execute(insert(run).values(row).returning(run.c.id)).scalar_one()
    state = known.pop("state", "accepted")
    connection.execute(insert(tables.deliveries).values(run=found, customer=customer, state=state, **known))


def test_everybody_selected_has_a_decision_and_a_reason(database: Database) -> None:
    people = [
        subscriber("ann"),
        subscriber("complains", tier="gold"),
        {**subscriber("addressless"), "email": None},
        subscriber("bounced"),
        subscriber("marketing-stopped"),
        person("left", "left@acme.example", topics={"news": False}),
        person("never", "never@acme.example"),
        subscriber("first", "Shared@acme.example"),
        subscriber("second", "shared@ACME.example"),
    ]
    declared = put(database, people)
    with database.write() as connection:
        suppress(connection, "bounced@acme.example", "all")
        suppress(connection, "marketing-stopped@acme.example", "marketing")
    selection = Selection("monthly", "2026-11", ("everybody",), ("complainers",), topic="news")
    complainers = {"complainers": {"all": [{"field": "tier", "is": "gold"}]}}
    assert decisions(database, declared, selection, complainers) == {
        "ann": ("planned", None),
        "complains": ("skipped", "excluded"),
        "addressless": ("skipped", "no_address"),
        "bounced": ("skipped", "suppressed"),
        "marketing-stopped": ("skipped", "suppressed"),
        "left": ("skipped", "unsubscribed"),
        "never": ("skipped", "not_subscribed"),
        "first": ("planned", None),
        "second": ("skipped", "shared_address"),
    }


def test_a_service_letter_needs_no_subscription_and_stops_only_where_everything_stops(
    database: Database,
) -> None:
    people = [
        person("left", "left@acme.example", topics={"news": False}),
        person("stopped", "stopped@acme.example"),
        person("bounced", "bounced@acme.example"),
    ]
    declared = put(database, people)
    with database.write() as connection:
        suppress(connection, "stopped@acme.example", "marketing")
        suppress(connection, "bounced@acme.example", "all")
    selection = Selection("notice", "once", ("everybody",), purpose=Purpose.SERVICE, topic="news")
    assert decisions(database, declared, selection, {}) == {
        "left": ("planned", None),
        "stopped": ("planned", None),
        "bounced": ("skipped", "suppressed"),
    }


def test_a_pause_stops_letters_until_it_ends(database: Database) -> None:
    declared = put(database, [subscriber("paused"), subscriber("back")])
    with database.write() as connection:
        suppress(connection, "paused@acme.example", "marketing", until=NOW + timedelta(seconds=1))
        suppress(connection, "back@acme.example", "marketing", until=NOW)
    assert decisions(database, declared, NEWS, {}) == {
        "paused": ("skipped", "suppressed"),
        "back": ("planned", None),
    }


def test_whoever_left_the_topic_under_another_key_is_not_written_to(database: Database) -> None:
    declared = put(
        database,
        [
            subscriber("new", "same@acme.example"),
            person("old", "same@acme.example", topics={"news": False}),
        ],
    )
    assert decisions(database, declared, NEWS, {}) == {
        "new": ("skipped", "unsubscribed"),
        "old": ("skipped", "unsubscribed"),
    }


def test_a_shared_address_goes_to_the_first_who_may_get_the_letter(database: Database) -> None:
    people = [
        subscriber("excluded", "a@acme.example", tier="gold"),
        subscriber("next", "a@acme.example"),
        subscriber("last", "a@acme.example"),
    ]
    declared = put(database, people)
    selection = Selection("monthly", "2026-11", ("everybody",), ("gold",), topic="news")
    found = decisions(database, declared, selection, {"gold": {"all": [{"field": "tier", "is": "gold"}]}})
    assert found["next"] == ("planned", None)
    assert found["last"] == ("skipped", "shared_address")


def test_a_letter_of_the_same_occurrence_is_not_sent_again(database: Database) -> None:
    declared = put(database, [subscriber(key) for key in ("accepted", "unsure", "failed", "before")])
    with database.write() as connection:
        delivered(connection, "monthly", "2026-11", 1)
        delivered(connection, "monthly", "2026-11", 2, state="uncertain")
        delivered(connection, "monthly", "2026-11", 3, state="failed")
        delivered(connection, "monthly", "2026-10", 4)
    assert decisions(database, declared, NEWS, {}) == {
        "accepted": ("skipped", "already_sent"),
        "unsure": ("skipped", "already_sent"),
        "failed": ("planned", None),
        "before": ("planned", None),
    }


@pytest.mark.parametrize("broken", ["unknown", "empty"])
def test_excluding_a_segment_that_means_nobody_is_refused(database: Database, broken: str) -> None:
    declared = put(database, [subscriber("ann")])
    selection = Selection("monthly", "2026-11", ("everybody",), (broken,), topic="news")
    with pytest.raises(Refused, match="excludes"):
        decisions(database, declared, selection, {"empty": {}})


@pytest.mark.parametrize("broken", [(), ("unknown",), ("empty",)])
def test_including_nothing_or_a_broken_segment_selects_nobody(
    database: Database, broken: tuple[str, ...]
) -> None:
    declared = put(database, [subscriber("ann")])
    selection = Selection("monthly", "2026-11", broken, topic="news")
    assert decisions(database, declared, selection, {"empty": {}}) == {}


def test_several_included_segments_select_each_person_once(database: Database) -> None:
    declared = put(
        database, [subscriber("a", tier="gold", points=3.0), subscriber("b"), subscriber("c", points=9.0)]
    )
    segments = {
        "gold": {"all": [{"field": "tier", "is": "gold"}]},
        "best": {"top": 1, "by": "points"},
        "known": {"all": [{"field": "points", "known": True}]},
    }
    selection = Selection("monthly", "2026-11", ("gold", "best", "known"), topic="news")
    assert set(decisions(database, declared, selection, segments)) == {"a", "c"}


def test_the_profile_holds_what_decides_the_variant(database: Database) -> None:
    people = [
        subscriber("ann", interests=("tea", "coffee"), tier="gold", vip=True),
        subscriber("bob"),
    ]
    declared = put(database, people)
    with database.write() as connection:
        delivered(connection, "monthly", "2026-09", 1, variant=7)
        delivered(connection, "monthly", "2026-10", 1, variant=9, state="uncertain")
        delivered(connection, "monthly", "2026-08", 1, variant=5, state="failed")
        delivered(connection, "other", "2026-08", 1, variant=4)
        code = {"offer": "spring", "code": "X1", "state": "used", "customer": 1, "delivery": 1}
        connection.execute(insert(tables.codes).values(code))
    fields = ("interests", "tier", "vip", "nothing")
    selection = Selection(
        "monthly", "2026-11", ("everybody",), topic="news", fields=fields, offers=("spring", "summer")
    )
    rules = rules_for(database, declared, EVERYBODY)
    with database.read() as connection:
        rows = connection.execute(audience_select(rules, selection)).mappings().all()
    ann, bob = (read_profile(row["profile"], 4, 2) for row in sorted(rows, key=lambda row: row["customer"]))
    assert (ann.words(0), ann.values[1:], ann.offers, ann.earlier) == (
        ("tea", "coffee"),
        ("gold", "1", ""),
        (True, False),
        (7, 9),
    )
    assert (bob.words(0), bob.values, bob.offers, bob.earlier) == ((), ("", "", "", ""), (False, False), ())


def test_a_holdout_is_stable_has_its_share_and_differs_between_experiments(database: Database) -> None:
    declared = put(database, [subscriber(f"c{number}") for number in range(3000)])

    def held(salt: str, share: float) -> set[str]:
        selection = Selection("monthly", "2026-11", ("everybody",), topic="news", holdout=share, salt=salt)
        found = decisions(database, declared, selection, {})
        return {key for key, decision in found.items() if decision == ("held_out", "holdout")}

    twenty, again, other, five = held("a", 0.2), held("a", 0.2), held("b", 0.2), held("a", 0.05)
    assert twenty == again
    assert 500 < len(twenty) < 700  # 600 expected; 4.5 standard deviations either way
    assert 75 < len(twenty & other) < 175  # 120 expected of two independent draws
    assert five < twenty
    assert held("a", 0.0) == set()
    assert len(held("a", 1.0)) == 3000


def test_both_databases_put_a_mailbox_into_the_same_bucket(database: Database) -> None:
    put(database, [subscriber("ann", "ann@acme.example"), subscriber("other", "ANN@acme.example")])
    people = tables.customers
    with database.read() as connection:
        number = bucket(people.c.address_hash, "spring", connection.dialect.name)
        found = set(connection.execute(select(number)).scalars())
    assert found == {plain_bucket(address_hash("ann@acme.example"), "spring")}


def plain_bucket(digest: str, salt: str) -> int:
    """The formula of the docstring, by hand."""
    from hashlib import sha256

    total = 0
    for place in range(8):
        drawn = sha256(f"{salt}\x1f{place}".encode()).digest()[:8]
        total += (1 + int.from_bytes(drawn, "big") % (BUCKETS - 1)) * int(digest[place], 16)
    return total % 1_000_003


def test_hours_pass_by_themselves_and_days_by_the_clock(database: Database) -> None:
    as_of = datetime(2026, 10, 25, 12, 0, tzinfo=UTC)  # London's clocks went back at 01:00 UTC
    a_day_by_the_clock = datetime(2026, 10, 24, 11, 0, tzinfo=UTC)
    declared = put(database, [subscriber("ann", events=[("order", a_day_by_the_clock, {})])])
    segments = {
        "day": {"all": [{"event": "order", "within": "1 day"}]},
        "hours": {"all": [{"event": "order", "within": "24 hours"}]},
    }
    from engine.audience.segments import count

    rules = rules_for(database, declared, segments, as_of=as_of)
    with database.read() as connection:
        assert (count(connection, rules, "day"), count(connection, rules, "hours")) == (1, 0)
