"""Touches by people: logged, shown, handed over and erased; the real commands, both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from engine.store import customers, touches_by_people
from engine.store.database import Database
from tests.acceptance.conftest import Desk
from tests.acceptance.test_persons import ANA, rows
from tests.builders import NOW, add_customers

MORNING = "2026-11-23T09:00:00+00:00"
LATER = "2026-11-23T09:00:40+00:00"
EVENING = "2026-11-23T18:00:00+00:00"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def house(desk: Desk, request: pytest.FixtureRequest) -> Desk:
    """A workspace with customers and without letters."""
    if request.param == "postgresql":
        desk.environment["TOUCHBASE_DATABASE_URL"] = request.getfixturevalue("postgres_url")
        desk.json("import", "customers", "people.csv")
        return desk
    return desk.filled()


def test_a_call_stands_in_the_history(house: Desk) -> None:
    said = ("log", "Ana@Mail.example", "call", "Glad about the grinder", "--by", "priya")
    done = house.json(*said, now=EVENING)
    assert (done["new"], done["kind"], done["by"], done["customer_id"]) == (True, "call", "priya", "c1")
    house.json("log", ANA, "GIFT", "A book", "--at", "2026-11-20T15:00")
    assert house.json("log", "c5", "call", "Sorry", "--by", "account-owner")["by"] == "team"
    first, second = [line for line in house.json("history", ANA) if line["kind"] == "touch"]
    assert (first["what"], first["detail"], first["by"]) == ("call", "Glad about the grinder", "priya")
    assert (second["what"], second["at"], second["by"]) == ("gift", "2026-11-20T15:00:00+00:00", None)
    lines = house.run("history", ANA).out.splitlines()
    assert lines[0] == "2026-11-23 18:00  touch      call by priya · Glad about the grinder"
    assert "touch      gift · A book" in house.run("history", ANA, "--skip", "1").out
    assert house.run("history", ANA, "--skip", "99").out == "nothing older\n"


def test_the_same_line_twice_is_told_and_not_doubled(house: Desk) -> None:
    words = ("log", ANA, "visit", "Showed us the shop")
    first = house.json(*words, now=MORNING)
    again = house.json(*words, now=LATER)
    assert (first["new"], again["new"], again["touch"]) == (True, False, first["touch"])
    assert "nothing new" in house.run(*words, now=LATER).out
    assert house.json(*words, now=EVENING)["new"]
    assert house.json("log", ANA, "call", "Showed us the shop", now=EVENING)["new"]
    assert house.json(*words, "--by", "team", now=EVENING)["new"]
    assert house.json("log", "c2", "visit", "Showed us the shop", now=EVENING)["new"]
    assert len([line for line in house.json("history", ANA) if line["kind"] == "touch"]) == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("anna@mail.example", "call", "x"), "did you mean `ana@mail.example`?"),
        (("nobody@else.example", "call", "x"), "touchbase import customers"),
        ((ANA, "call", "x", "--at", "2026-11-23T09:01"), "still to come"),
        ((ANA, "call", "x", "--at", "yesterday"), "is not a moment"),
        ((ANA, "call", "x", "--by", "pria"), "did you mean `priya`? There are: team, priya"),
        ((ANA, "call", "x", "--by", "zzz"), "there are: team, priya"),
        ((ANA, "call", "  "), "is empty"),
        ((ANA, "telegram", "x"), "'message'"),
    ],
    ids=["misspelt", "unknown", "future", "no-moment", "near-sender", "no-sender", "nothing-said", "kind"],
)
def test_what_cannot_be_logged_is_refused_with_a_remedy(
    desk: Desk, words: tuple[str, ...], said: str
) -> None:
    answer = desk.filled().run("log", *words)
    assert answer.code == 2
    assert said in answer.err
    assert "touch" not in {line["kind"] for line in desk.json("history", ANA)}


def test_without_account_owners_nobody_is_a_customers_own_person(desk: Desk) -> None:
    desk.filled().edit(
        "config/senders.yaml", "account-owner: { from_field: account_owner, otherwise: team }", ""
    )
    desk.edit("campaigns/digest.yaml", "sender: account-owner", "sender: team")
    answer = desk.run("log", ANA, "call", "x", "--by", "account-owner")
    assert answer.code == 2
    assert "add `account-owner:" in answer.err
    assert desk.json("task", ANA, "call", "x")["owner"] is None


def test_what_was_logged_is_handed_over_and_erased(house: Desk) -> None:
    house.json("log", ANA, "meeting", "Moves to Leeds in spring\nand takes the dog", "--by", "priya")
    (touch,) = house.json("export", ANA)["customers"][0]["touches"]
    assert (touch["kind"], touch["by"]) == ("meeting", "priya")
    assert "Moves to Leeds" in house.run("export", ANA).out
    assert len(house.run("history", ANA, "--limit", "1").out.splitlines()) == 2
    house.json("forget", ANA)
    assert not [row for row in rows(house) if "Leeds" in row]


def test_touches_are_read_for_many_customers_at_once(database: Database) -> None:
    ada, bob, eve = add_customers(database, 3)
    hours = [NOW + timedelta(hours=number) for number in range(4)]
    with database.write() as connection:
        for person, place in ((ada, 0), (bob, 1), (ada, 2), (ada, 3), (eve, 3)):
            at = hours[place]
            touches_by_people.record(connection, person, "call", at, f"{place}", hours[3], by="team")
    with database.read() as connection:
        read = touches_by_people.of_customers
        assert [(each.customer, each.at) for each in read(connection, [ada, bob])] == [
            (ada, hours[0]),
            (bob, hours[1]),
            (ada, hours[2]),
            (ada, hours[3]),
        ]
        assert [each.customer for each in read(connection, [ada, bob, eve], hours[3])] == [ada, eve]
        assert read(connection, []) == []
        last = touches_by_people.last_of(connection, [ada, bob], 2)
        assert [(each.customer, each.text) for each in last] == [(ada, "3"), (ada, "2"), (bob, "1")]
    with database.write() as connection, pytest.raises(LookupError):
        touches_by_people.record(connection, eve + 1, "call", NOW, "to nobody", NOW)


def test_addresses_spelt_alike_are_found_at_either_end(database: Database) -> None:
    add_customers(database, 1, values=[{"email": "Marianne_100%@mail.example"}])
    with database.read() as connection:
        for alike in ("marianne_10@mail.example", "arianne_100%@mail.example", "marianne"):
            assert customers.spelt_alike(connection, alike) == ["marianne_100%@mail.example"]
        for other in ("zoe@mail.example", "", "@", "%_"):
            assert customers.spelt_alike(connection, other) == []


def test_the_same_line_from_many_at_once_is_one_touch(database: Database) -> None:
    (ada,) = add_customers(database, 1)
    many = 4
    together = Barrier(many)

    def log(_: int) -> tuple[int, bool]:
        together.wait()
        with database.write() as connection:
            return touches_by_people.record(connection, ada, "call", NOW, "Rang", NOW, by="team")

    with ThreadPoolExecutor(many) as pool:
        logged = list(pool.map(log, range(many)))
    assert [new for _, new in logged].count(True) == 1
    assert len({touch for touch, _ in logged}) == 1
