"""Tiers as a marketer meets them: looked at, applied, once a month, by hand, in files; both databases."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.conftest import Desk
from tests.acceptance.test_persons import ANA

TIERS = """\
tiers:
  score:
    - { name: spend, sum: order_placed.amount, within: 12 months, bands: [100, 500], weight: 2 }
    - { name: recency, since_last: order_placed, bands: [90 days] }
  give: { gold: { at_least: 8 points }, otherwise: silver }
  keep_for: 2 months
  recompute: every month
"""
ORDERS = "customer_id,at,amount\nc2,2026-11-20,600\nc1,2026-01-10,120.40\n"
BJORN = "bjorn@mail.example"
MORE = "customer_id,at,amount\nc1,2026-11-25,700\n"


@pytest.fixture
def house(filled: Desk) -> Desk:
    """A workspace with customers, their imported tiers, and orders."""
    filled.write("orders.csv", ORDERS)
    filled.json("import", "events", "orders.csv", "--event", "order_placed")
    return filled


def changes(house: Desk, who: str) -> list[str]:
    """What the history says of a customer's tier, newest first."""
    return [line["detail"] for line in house.json("history", who) if line["what"] == "tier_changed"]


def tier_of(house: Desk, who: str, now: str) -> Any:
    return house.json("tiers", "--explain", who, now=now)["tier"]


def test_tiers_from_files_are_counted_and_their_changes_noted(house: Desk) -> None:
    report = house.json("tiers")
    assert not report["scored"]
    assert {line["tier"]: line["now"] for line in report["tiers"]} == {"gold": 2, "silver": 2, None: 1}
    house.write("again.csv", "customer_id,tier,first_name\nc1,silver,Ana\nc2,silver,B\nc3,gold,\n")
    house.json("import", "customers", "again.csv")
    house.json("import", "customers", "again.csv")
    assert changes(house, ANA) == ["from gold, to silver, reason import of again.csv"]
    assert changes(house, "c3") == ["to gold, reason import of again.csv"]
    assert changes(house, "c2") == []
    assert house.run("tiers", "--apply").code == 4
    assert house.run("tier", ANA, "gold", "--because", "a friend").code == 4


def test_nothing_changes_before_it_is_applied_and_each_change_says_why(house: Desk) -> None:
    house.write("config/tiers.yaml", TIERS)
    looked = house.json("tiers")
    moves = {(move["from"], move["to"]): move["customers"] for move in looked["moves"]}
    assert moves == {("gold", "silver"): 2, ("silver", "gold"): 1, (None, "silver"): 1}
    assert [mover["email"] for mover in looked["people"]] == [
        BJORN,
        ANA,
        "nameless@mail.example",
        "angry@mail.example",
    ]
    assert not looked["applied"]
    assert changes(house, ANA) == []
    assert house.json("tiers") == looked
    done = house.json("tiers", "--apply")
    assert done["applied"]
    assert done["people"] == looked["people"]
    assert house.json("tiers", "--apply")["moving"] == 0
    said = "spend 120 in 12 months: band 2 of 3, counts 2 times; recency 317 days ago: band 1 of 2; 5 points, place 2 of 2"
    assert changes(house, ANA) == [f"from gold, to silver, reason {said}"]
    segments = house.root / "config" / "segments.yaml"
    risen = (
        "  risen:\n    all: [ { event: tier_changed, where: [ { field: to, is: gold } ], within: 7 days } ]\n"
    )
    segments.write_text(segments.read_text(encoding="utf-8") + risen, encoding="utf-8")
    assert [person["email"] for person in house.json("segments", "risen")] == [BJORN]


def test_tiers_are_computed_once_a_month_and_nobody_falls_too_soon(house: Desk) -> None:
    house.write("config/tiers.yaml", TIERS)
    first, later, december, february = (
        f"{day}T09:00:00+00:00" for day in ("2026-11-23", "2026-11-30", "2026-12-01", "2027-02-28")
    )
    assert house.json("run", "--once", now=first)["done"] == ["tiers computed: 4 of 5 changed"]
    house.write("more.csv", MORE)
    house.json("import", "events", "more.csv", "--event", "order_placed", now=later)
    assert house.json("run", "--once", now=later)["done"] == []
    assert tier_of(house, ANA, later) == "silver"
    assert house.json("run", "--once", now=december)["done"] == ["tiers computed: 1 of 5 changed"]
    assert tier_of(house, ANA, december) == "gold"
    house.write("config/tiers.yaml", TIERS.replace("[100, 500]", "[100, 5000]"))
    kept = house.json("tiers", now="2027-01-31T09:00:00+00:00")
    assert (kept["kept"], kept["moving"]) == (1, 1)
    assert "nobody falls for 2 months" in house.run("tiers", "--explain", ANA, now=december).out
    assert house.json("run", "--once", now=february)["done"] == ["tiers computed: 2 of 5 changed"]
    assert tier_of(house, ANA, february) == "silver"


def test_a_tier_by_hand_stands_above_the_score_until_its_day_is_over(house: Desk) -> None:
    house.write("config/tiers.yaml", TIERS)
    house.json("tiers", "--apply")
    given = house.json("tier", ANA, "gold", "--because", 'Said "yes"\nto us', "--until", "2026-11-30")
    assert (given["from"], given["tier"], given["until"]) == ("silver", "gold", "2026-12-01T00:00:00+00:00")
    assert changes(house, ANA)[0] == 'from silver, to gold, reason by hand: Said "yes"\nto us'
    looked = house.json("tiers", now="2026-11-30T23:59:00+00:00")
    assert (looked["by_hand"], looked["moving"]) == (1, 0)
    house.write("again.csv", "customer_id,tier\nc1,silver\nc2,\n")
    assert "column for `tier` is left out" in house.run("import", "customers", "again.csv").out
    assert tier_of(house, ANA, "2026-11-30T23:59:00+00:00") == "gold"
    after = house.json("tiers", now="2026-12-01T00:00:00+00:00")
    assert [(mover["email"], mover["to"]) for mover in after["people"]] == [(ANA, "silver")]
    assert house.json("tier", ANA, "--release")["tier"] == "gold"
    assert house.run("tier", ANA, "--release").code == 4
    assert house.json("tiers", "--apply")["moving"] == 1
    assert tier_of(house, ANA, "2026-12-01T00:00:00+00:00") == "silver"
    wrong = house.run("tier", ANA, "golden", "--because", "a friend")
    assert (wrong.code, "did you mean `gold`?" in wrong.err) == (2, True)
    for words in (("gold",), ("gold", "--because", " "), ("gold", "--because", "x", "--until", "2020-01-01")):
        assert house.run("tier", ANA, *words).code == 2
