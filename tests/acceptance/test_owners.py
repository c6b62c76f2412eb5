"""Whose customer everybody is: counted, given in turn or by hand, handed over; the real commands, both databases."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Desk
from tests.acceptance.test_persons import ANA

ORDER = "account-owner: { from_field: account_owner, otherwise: team"
SENDERS = """\
senders:
  team: { name: Reading Room, email: hello@news.reading.example, reply_to: hello@reading.example }
  priya: { name: Priya at Reading Room, email: priya@news.reading.example }
  tomas: { name: Tomas Berg, email: tomas@news.reading.example }
"""
NAMELESS, ANGRY, LENA = "nameless@mail.example", "angry@mail.example", "left@mail.example"
LATER = "2026-11-24T09:00:00+00:00"


@pytest.fixture
def house(filled: Desk) -> Desk:
    """Priya has two customers, the team one, and two are nobody's."""
    return rules(filled, "")


def rules(house: Desk, more: str) -> Desk:
    house.write("config/senders.yaml", f"{SENDERS}{ORDER}{more} }}\n")
    return house


def changes(house: Desk, email: str) -> list[str]:
    return [line["detail"] for line in house.json("history", email) if line["what"] == "owner_changed"]


def people(report: dict[str, object]) -> list[tuple[object, ...]]:
    found = report["people"]
    assert isinstance(found, list)
    return [(move["customer_id"], move["from"], move["to"], move["reason"]) for move in found]


def test_customers_are_counted_and_given_to_who_has_fewest(house: Desk) -> None:
    counted = house.json("owners")
    assert [(line["owner"], line["customers"]) for line in counted["owners"]] == [
        ("team", 3),
        ("priya", 2),
        ("tomas", 0),
    ]
    assert counted["unassigned"] == 2
    assert counted["owners"][1]["tiers"] == {"gold": 1, "silver": 1}
    assert house.run("owners", "--assign").code == 4
    rules(house, ", assign: fewest customers")
    house.json("task", ANGRY, "call", "Say sorry")
    told = house.json("owners", "--assign")
    assert people(told) == [
        ("c3", None, "tomas", "assigned: fewest customers"),
        ("c5", None, "tomas", "assigned: fewest customers"),
    ]
    assert (told["applied"], told["moving"], changes(house, NAMELESS)) == (False, 2, [])
    assert house.json("owners")["unassigned"] == 2
    assert people(house.json("owners", "--assign", "--apply")) == people(told)
    assert (house.json("owners")["unassigned"], house.json("owners", "--assign")["moving"]) == (0, 0)
    (change,) = changes(house, ANGRY)
    assert "assigned: fewest customers" in change
    assert house.json("tasks")[0]["owner"] == "tomas"
    assert {move["to"] for move in house.json("owners", "tomas")["people"]} == {"tomas"}


def test_by_a_field_first_then_in_turn_and_away_people_get_nobody(house: Desk) -> None:
    rules(house, ", assign: round robin, among: [priya, tomas], by: { field: tier, gold: priya }")
    assert people(house.json("owners", "--assign")) == [
        ("c3", None, "tomas", "assigned: round robin"),
        ("c5", None, "priya", "assigned by tier gold"),
    ]
    away = ", away: { from: 2026-11-01, until: 2026-12-01, cover: team } }\naccount-owner"
    house.edit("config/senders.yaml", " }\naccount-owner", away)
    assert [move[2] for move in people(house.json("owners", "--assign"))] == ["priya", "priya"]
    rules(house, ", by: { field: tier, gold: tomas }, only: open-complaint")
    assert [move[:3] for move in people(house.json("owners", "--assign"))] == [("c5", None, "tomas")]


def test_the_daemon_gives_whoever_has_nobody_a_person_and_an_import_does_not_take_them_away(
    house: Desk,
) -> None:
    rules(house, ", assign: fewest customers")
    assert "2 customers were given a person of their own" in house.run("run", "--once").out
    house.write("again.csv", "customer_id,account_owner\nc3,\nc1,tomas\nc2,priya\n")
    house.json("task", ANA, "call", "Ask how the grinder does")
    house.json("task", ANA, "visit", "See the shop", "--owner", "team")
    house.json("import", "customers", "again.csv", now=LATER)
    assert [line["customers"] for line in house.json("owners")["owners"]] == [1, 1, 3]
    assert len(changes(house, NAMELESS)) == 1
    (change,) = changes(house, ANA)
    assert "from priya, to tomas, reason import of again.csv" in change
    assert {line["title"]: line["owner"] for line in house.json("tasks")} == {
        "Ask how the grinder does": "tomas",
        "See the shop": "team",
    }
    house.json("import", "customers", "again.csv", now="2026-11-25T09:00:00+00:00")
    assert len(changes(house, ANA)) == 1


def test_one_is_given_by_hand_and_hears_who_was_there_before(house: Desk) -> None:
    assert house.run("assign", ANA, "tomas").code == 2
    assert "did you mean `tomas`" in house.run("assign", ANA, "tomaz", "--because", "x").err
    said = house.run("assign", ANA, "tomas", "--because", "They met at the fair")
    assert said.out == f"{ANA} is tomas's now (was priya)\n"
    assert "nothing was changed" in house.run("assign", ANA, "tomas", "--because", "again").out
    (change,) = changes(house, ANA)
    assert "by hand: They met at the fair" in change
    house.write(
        "config/segments.yaml",
        "segments:\n  new-person:\n    title: Somebody else's now\n"
        "    all: [ { event: owner_changed, within: 7 days } ]\n",
    )
    digest = (house.root / "campaigns" / "digest.yaml").read_text(encoding="utf-8")
    start, end = digest.index("content:"), digest.index("sender:")
    content = 'content: { template: letter.html, subject: "I follow {{ customer.previous_owner }}" }\n'
    hello = (digest[:start] + content + digest[end:]).replace("campaign: digest", "campaign: meet")
    hello = hello.replace("[newsletter-readers], exclude: [open-complaint]", "[new-person]")
    house.write("campaigns/meet.yaml", hello)
    template = (house.root / "templates" / "letter.html").read_text(encoding="utf-8")
    start, end = template.index("{% for post"), template.index("<p>{{ sender.name")
    house.write("templates/letter.html", template[:start] + template[end:])
    (house.root / "campaigns" / "digest.yaml").unlink()
    seen = house.json("preview", "meet", "--for", ANA)
    assert (seen["subject"], seen["from"].split(" <")[0]) == (
        "I follow Priya at Reading Room",
        "Tomas Berg",
    )
