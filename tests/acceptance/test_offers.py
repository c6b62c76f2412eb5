"""Offers through the real command: who gets which code, who gets none, and when there are no more."""

from __future__ import annotations

import re
from email import message_from_bytes, policy

import pytest

from tests.acceptance.conftest import NOW, Desk, feed

NEXT_WEEK = "2026-11-30T09:00:00+00:00"


def offer(desk: Desk, *, code: str, more: str = "") -> None:
    desk.write(
        "config/offers.yaml", f"offers:\n  come-back-15:\n    title: 15% off\n    code: {code}\n{more}"
    )


def codes(desk: Desk) -> dict[str, str]:
    """The code in each letter, by address; "" for a letter without the offer."""
    found = {}
    for path in desk.letters():
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        body = message.get_body(("html",))
        assert body is not None
        shown = re.search(r"15% off[^:<]*: <strong[^>]*>([^<]*)</strong>", body.get_content())
        found[message["To"].addresses[0].addr_spec] = shown[1] if shown else ""
    return found


@pytest.fixture
def shop(desk: Desk) -> Desk:
    return desk.filled()


def next_letter(desk: Desk, when: str = NEXT_WEEK) -> dict[str, str]:
    """One more letter, with one more post; the codes of that letter alone."""
    titles = [f"Post {number}" for number in range(len(desk.letters()) + 9, 0, -1)]
    desk.write("config/feed.xml", feed(*titles))
    before = set(desk.letters())
    desk.run("send", "digest", now=when)
    after = desk.letters()
    for path in before:
        path.unlink()
    found = codes(desk)
    assert len(after) > len(before) or not found
    return found


def test_each_gets_a_code_of_their_own_and_once(shop: Desk) -> None:
    shop.json("send", "digest")
    first = codes(shop)
    assert sorted(first) == ["ana@mail.example", "bjorn@mail.example", "nameless@mail.example"]
    assert len(set(first.values())) == 3
    assert all(re.fullmatch(r"BACK-[2-9B-Z]{4}-[2-9B-Z]{4}", code) for code in first.values())
    assert set(next_letter(shop).values()) == {""}, "one_per: customer, so the second letter has none"


@pytest.mark.parametrize(
    ("one_per", "second"),
    [("customer", {"offer_taken": 3}), ("campaign", {"offer_taken": 3}), ("letter", {})],
)
def test_one_per_says_who_is_skipped(shop: Desk, one_per: str, second: dict[str, int]) -> None:
    more = f"    one_per: {one_per}\n    when_exhausted: skip\n"
    offer(shop, code='{ unique: "BACK-####-####" }', more=more)
    assert shop.json("send", "digest")["accepted"] == 3
    shop.write("config/feed.xml", feed("Post 4", "Post 3", "Post 2", "Post 1"))
    skipped = shop.json("plan", "digest", now=NEXT_WEEK)["skipped"]
    assert {reason: number for reason, number in skipped.items() if "offer" in reason} == second


def test_a_shared_code_is_in_every_letter_and_segments_know_it(shop: Desk) -> None:
    offer(shop, code="{ shared: SPRING }")
    shop.edit(
        "config/segments.yaml",
        "segments:\n",
        "segments:\n  had-it:\n    all: [ { offer: come-back-15, within: 3 days } ]\n"
        "  long-ago:\n    all: [ { offer: come-back-15 }, { offer: come-back-15, not_within: 3 days } ]\n",
    )
    shop.json("send", "digest")
    assert set(codes(shop).values()) == {"SPRING"}

    def sizes(now: str) -> dict[str, int]:
        return {row["segment"]: row["count"] for row in shop.json("segments", now=now)}

    assert (sizes(NOW)["had-it"], sizes(NOW)["long-ago"]) == (3, 0)
    assert (sizes(NEXT_WEEK)["had-it"], sizes(NEXT_WEEK)["long-ago"]) == (0, 3)
    assert set(next_letter(shop).values()) == {"SPRING"}


def test_a_pool_warns_before_it_runs_dry_and_names_what_cannot_be_a_code(shop: Desk) -> None:
    shop.write("config/codes.csv", "Code\nAAA\nBBB\n" + "x" * 101 + "\nCCC\nDDD\n")
    offer(shop, code="{ pool: codes.csv }", more="    warn_below: 2\n")
    planned = shop.run("plan", "digest")
    assert "only 1 code left after this run" in planned.out
    assert "`codes.csv` has 1 lines that cannot be codes: 4" in planned.out
    assert shop.json("send", "digest")["accepted"] == 3
    assert sorted(codes(shop).values()) == ["AAA", "BBB", "CCC"]


def test_a_limit_counts_over_every_letter(shop: Desk) -> None:
    offer(
        shop,
        code='{ unique: "BACK-####-####" }',
        more="    limit: 4\n    one_per: letter\n    when_exhausted: send_without\n",
    )
    shop.json("send", "digest")
    assert "" not in codes(shop).values()
    assert sorted(code != "" for code in next_letter(shop).values()) == [False, False, True]


def test_an_offer_that_is_over_is_not_sent(shop: Desk) -> None:
    offer(shop, code='{ unique: "BACK-####-####" }', more="    until: 2026-11-22\n")
    for verb in ("plan", "send"):
        answer = shop.run(verb, "digest")
        assert answer.code == 4
        assert "offer `come-back-15` ended on 2026-11-22 (config/offers.yaml:5)" in answer.err
    assert shop.run("preview", "digest", "--for", "ana@mail.example").code == 0
    shop.edit("config/offers.yaml", "2026-11-22", "2026-11-23")
    assert shop.json("send", "digest")["accepted"] == 3


def test_no_letter_leaves_with_a_code_that_has_ended(shop: Desk) -> None:
    offer(shop, code='{ unique: "BACK-####-####" }', more="    valid_for: 3 days\n")
    assert shop.json("send", "digest", "--limit", "1", "--occurrence", "once")["pending"] == 2
    late = shop.run("send", "digest", "--occurrence", "once", "--json", now="2026-11-26T09:00:01+00:00").json
    assert (late["accepted"], late["pending"], late["skipped"]["expired"]) == (1, 0, 2)
    assert len(shop.letters()) == 1


def test_no_letter_leaves_with_a_code_that_ends_too_soon(shop: Desk) -> None:
    more = "    valid_for: 3 days\n    at_least_left: 1 day\n"
    offer(shop, code='{ unique: "BACK-####-####" }', more=more)
    assert shop.json("send", "digest", "--limit", "1", "--occurrence", "once")["pending"] == 2
    good = shop.json(
        "send", "digest", "--limit", "1", "--occurrence", "once", now="2026-11-25T08:59:00+00:00"
    )
    assert good["accepted"] == 2
    late = shop.run("send", "digest", "--occurrence", "once", "--json", now="2026-11-25T09:00:01+00:00").json
    assert (late["accepted"], late["skipped"]["expired"]) == (2, 1)


def test_who_used_their_code_is_known_from_their_orders(shop: Desk) -> None:
    offer(shop, code='{ unique: "BACK-####-####" }', more="    used_in: coupon\n")
    shop.edit(
        "config/segments.yaml",
        "segments:\n",
        "segments:\n"
        "  used: { title: Came back, all: [ { offer: come-back-15, is: used } ] }\n"
        "  unused: { title: Did not yet, all: [ { offer: come-back-15, is: unused } ] }\n",
    )
    assert "N009" not in {problem["code"] for problem in shop.run("check", "--json").json}
    shop.json("send", "digest")
    assert counted(shop) == (0, 3)
    address, code = "ana@mail.example", codes(shop)["ana@mail.example"]
    shop.write("orders.csv", f"customer_id,at,coupon,code\nc1,2026-11-24T10:00:00,{code.lower()} ,x\n")
    for _ in range(2):
        dry = shop.run("import", "events", "orders.csv", "--event", "order_placed", "--dry-run")
        assert "1 code of an offer was used" in dry.out + dry.err
        assert counted(shop) == (0, 3)
    told = shop.run("import", "events", "orders.csv", "--event", "order_placed", now=AFTER)
    assert told.code == 0
    assert counted(shop) == (1, 2)
    other = codes(shop)["bjorn@mail.example"]
    shop.write("passed.csv", f"customer_id,at,coupon\nc1,2026-11-24T11:00:00,{other}\n")
    passed = shop.run("import", "events", "passed.csv", "--event", "code_redeemed", "--dry-run", now=AFTER)
    assert "1 code of an offer was used, 1 by somebody else than it was given to" in passed.out + passed.err
    assert "has used" in shop.run("segments", "used", "--explain", address, now=AFTER).out
    again = shop.run("import", "events", "orders.csv", "--event", "order_placed", now=AFTER)
    assert "of an offer" not in again.out + again.err


AFTER = "2026-11-25T09:00:00+00:00"


def counted(shop: Desk) -> tuple[int, int]:
    found = {each["segment"]: each["count"] for each in shop.json("segments", now=AFTER)}
    return found["used"], found["unused"]


def test_a_used_code_of_a_pool_is_given_to_nobody(shop: Desk) -> None:
    shop.write("codes.csv", "AAA\nBBB\nCCC\nDDD\n")
    offer(shop, code="{ pool: codes.csv }", more="    one_per: letter\n    when_exhausted: send_without\n")
    assert shop.json("send", "digest")["accepted"] == 3
    (left,) = {"AAA", "BBB", "CCC", "DDD"} - set(codes(shop).values())
    shop.write("orders.csv", f"customer_id,at,code\nc1,2026-11-24T10:00:00,{left}\n")
    told = shop.run("import", "events", "orders.csv", "--event", "order_placed", now=AFTER)
    assert "1 code of an offer was used" in told.out + told.err
    assert set(next_letter(shop).values()) == {""}
