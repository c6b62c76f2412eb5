"""A storm of hard bounces suppresses nobody until a person has looked (F-64, T-29), on both databases."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from engine.flows.receive import quarantine
from engine.model.heard import Bounce, Heard, News
from engine.store.database import Database
from tests.builders import NOW, add_customers
from tests.receive.world import World, bounced, told, world

PEOPLE = 100


def suppressed(here: World, people: int = PEOPLE) -> int:
    return sum(bool(here.suppressed(f"c{number}@example.org")) for number in range(1, people + 1))


@pytest.mark.parametrize("size", [1, 7, 40], ids=["one by one", "by seven", "at once"])
def test_f64_a_storm_is_held_back_whole(database: Database, size: int) -> None:
    """F-64: forty of a hundred letters bounce hard within minutes; also those heard before it was a storm."""
    here = world(database, PEOPLE)
    sent = list(here.send().values())
    items = [bounced(delivery) for delivery in sent[:40]]
    random.Random(size).shuffle(items)
    actions = [
        answer.action for first in range(0, 40, size) for answer in here.hear(*items[first : first + size])
    ]
    assert actions[-1] == "hold"
    assert suppressed(here) == 0
    assert here.effects() == ["quarantined"] * 40
    assert [here.state(delivery) for delivery in sent[:40]] == ["bounced"] * 40
    with database.read() as connection:
        (storm,) = quarantine.waiting(connection)
    assert (storm.campaign, storm.bounces, storm.letters) == ("digest", 40, 100)
    assert storm.reason == "40 of 100 letters bounced (40.0%), more than 5%"
    assert storm.domains == {"example.org": 40}


def test_a_person_confirms_and_the_rest_of_the_run_needs_no_second_word(database: Database) -> None:
    here = world(database, PEOPLE)
    sent = list(here.send().values())
    here.hear(*(bounced(delivery) for delivery in sent[:30]))
    with database.write() as connection:
        (storm,) = quarantine.waiting(connection)
        assert quarantine.judge(connection, storm.run, real=True, now=NOW) == 30
    assert suppressed(here) == 30
    answers = here.hear(*(bounced(delivery) for delivery in sent[30:60]))
    assert {answer.action for answer in answers} == {"suppress"}
    assert suppressed(here) == 60
    with database.read() as connection:
        assert quarantine.waiting(connection) == []


def test_a_person_releases_and_what_still_comes_of_that_run_waits(database: Database) -> None:
    here = world(database, PEOPLE)
    sent = list(here.send().values())
    here.hear(*(bounced(delivery) for delivery in sent[:30]))
    with database.write() as connection:
        (storm,) = quarantine.waiting(connection)
        assert quarantine.judge(connection, storm.run, real=False, now=NOW) == 30
        assert quarantine.judge(connection, storm.run, real=True, now=NOW) == 0
    assert suppressed(here) == 0
    (answer,) = here.hear(bounced(sent[40]))
    assert (answer.action, suppressed(here)) == ("hold", 0)
    with database.read() as connection:
        (late,) = quarantine.waiting(connection)
    assert (late.bounces, late.reason) == (1, "more bounces of a run that was judged before")


def test_t29_an_address_that_bounced_elsewhere_stays_suppressed_in_a_storm(database: Database) -> None:
    here = world(database, PEOPLE)
    earlier = here.send("offers", at=NOW - timedelta(days=40))
    ana = here.customers[0]
    here.hear(bounced(earlier[ana]))
    sent = here.send()
    here.hear(*(bounced(delivery) for delivery in list(sent.values())[:40]))
    assert suppressed(here) == 1
    assert here.suppressed("c1@example.org") == [("all", "bounced")]


def test_complaints_and_leaving_are_never_held_back(database: Database) -> None:
    here = world(database, PEOPLE)
    sent = list(here.send().values())
    here.hear(*(bounced(delivery) for delivery in sent[:40]))
    answers = here.hear(told(sent[50], News.COMPLAINED), told(sent[51], News.UNSUBSCRIBED))
    assert [answer.action for answer in answers] == ["suppress", "unsubscribe"]
    assert suppressed(here) == 2


def test_soft_bounces_make_no_storm(database: Database) -> None:
    here = world(database, PEOPLE)
    sent = list(here.send().values())
    answers = here.hear(*(bounced(delivery, Bounce.POLICY) for delivery in sent))
    assert {answer.action for answer in answers} == {"note"}


def test_a_run_far_worse_than_the_provider_usually_is_waits(database: Database) -> None:
    here = world(database, 1000)
    usual = list(here.send("offers", at=NOW - timedelta(days=7)).values())
    here.hear(*(bounced(delivery) for delivery in usual[:5]))
    sent = list(here.send().values())
    here.hear(*(bounced(delivery) for delivery in sent[100:125]))
    assert here.effects().count("applied") == 5 + 25
    here.hear(bounced(sent[125]))
    with database.read() as connection:
        (storm,) = quarantine.waiting(connection)
    assert storm.reason == "2.60% bounced, more than 5 times the usual 0.50%"
    assert here.effects().count("quarantined") == 26


def test_one_domain_that_refuses_everybody_waits(database: Database) -> None:
    here = world(database, 1000)
    theirs = [{"email": f"p{number}@one_company.example"} for number in range(25)]
    here.customers += add_customers(database, 25, values=theirs, start=5001)
    sent = here.send()
    here.hear(*(bounced(sent[customer]) for customer in here.customers[-25:]))
    with database.read() as connection:
        (storm,) = quarantine.waiting(connection)
    assert storm.reason == "25 of 25 letters to one_company.example bounced"


def test_mails_without_our_id_cannot_close_a_whole_list(database: Database) -> None:
    """T-29: anybody can write a bounce; only letters prove that there was something to bounce."""
    here = world(database, 200)
    forged = [
        Heard(News.BOUNCED, NOW, str(number), address=f"c{number}@example.org", bounce=Bounce.INVALID)
        for number in range(1, 61)
    ]
    for item in forged:
        here.hear(item, by_mail=True)
    assert suppressed(here, 200) == 0
    with database.read() as connection:
        (storm,) = quarantine.waiting(connection)
    assert (storm.run, storm.bounces, storm.letters) == (None, 60, 200)
    with database.write() as connection:
        assert quarantine.judge(connection, None, real=True, now=NOW) == 60
    assert suppressed(here, 200) == 60
