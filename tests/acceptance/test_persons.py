"""What a person may ask: no more letters, everything held on them, everything erased; the real commands, both databases."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import NOW, Desk, adds_up
from tests.mailbox.samples import report

ANA = "ana@mail.example"
LATER = "2026-12-23T09:00:00+00:00"


@pytest.fixture
def sent(filled: Desk) -> Desk:
    """A workspace whose newsletter has gone out."""
    assert filled.json("send", "digest")["accepted"] == 3
    return filled


def reasons(desk: Desk, now: str = LATER) -> dict[str, str | None]:
    return {person["email"]: person["reason"] for person in desk.json("plan", "digest", now=now)["people"]}


def test_a_suppressed_address_gets_nothing_until_it_is_lifted(sent: Desk) -> None:
    done = sent.json("suppress", "ANA@mail.example", "--reason", "asked by phone")
    assert (done["scope"], done["changed"]) == ("all", True)
    assert [(each["reason"], each["detail"]) for each in done["standing"]] == [("manual", "asked by phone")]
    assert not sent.json("suppress", ANA)["changed"]
    assert reasons(sent)[ANA] == "suppressed"
    assert "asked by phone" in sent.run("why", ANA, "digest", now=LATER).out
    assert "every letter again" in sent.run("suppress", ANA, "--lift").out
    assert reasons(sent)[ANA] != "suppressed"


def test_a_topic_alone_can_be_suppressed(sent: Desk) -> None:
    assert sent.json("suppress", ANA, "--topic", "newsletter")["scope"] == "topic:newsletter"
    assert reasons(sent)[ANA] == "unsubscribed"
    unknown = sent.run("suppress", ANA, "--topic", "news")
    assert unknown.code == 2
    assert "newsletter" in unknown.err
    nothing = sent.run("suppress", ANA, "--lift")
    assert nothing.code == 2
    assert "topic:newsletter" in nothing.err


def test_only_what_a_person_made_is_lifted_and_what_was_heard_meanwhile_stands(sent: Desk) -> None:
    sent.json("suppress", ANA)
    letter = next(path for path in sent.letters() if ANA in path.read_text(encoding="utf-8"))
    sent.write(
        "dead.eml",
        report(
            "failed",
            "5.1.1",
            letter=letter.read_text(encoding="utf-8")[:2500],
            final=f"rfc822;{ANA}",
            original="",
        ),
    )
    assert sent.json("hear", "dead.eml")[0]["action"] == "suppress"
    lifted = sent.json("suppress", ANA, "--lift")
    assert [each["reason"] for each in lifted["standing"]] == ["bounced"]
    refused = sent.run("suppress", ANA, "--lift")
    assert refused.code == 4
    assert "bounced since" in refused.err
    assert "new address" in refused.err
    assert reasons(sent)[ANA] == "suppressed"


@pytest.mark.parametrize("nonsense", ["nobody", "@", "ana@", "@mail.example"])
def test_what_is_no_address_is_said_to_be_none(desk: Desk, nonsense: str) -> None:
    answer = desk.filled().run("suppress", nonsense)
    assert answer.code == 2
    assert "no address" in answer.err


def test_everything_held_on_a_person_can_be_seen(sent: Desk) -> None:
    sent.json("suppress", ANA, "--topic", "offers")
    held = sent.json("export", ANA)
    (customer,) = held["customers"]
    assert (customer["customer_id"], customer["email"]) == ("c1", ANA)
    assert customer["fields"]["first_name"] == "Ana"
    assert customer["fields"]["signed_up_at"] == "2024-01-31"
    assert customer["fields"]["interests"] == ["coffee", "books"]
    assert {each["topic"] for each in customer["subscriptions"]} == {"newsletter", "offers"}
    assert {each["action"] for each in customer["consent"]} == {"imported"}
    (letter,) = customer["letters"]
    assert (letter["campaign"], letter["state"], letter["address"]) == ("digest", "accepted", ANA)
    assert letter["subject"].startswith("Ana, ")
    assert "Hello Ana" in letter["text"]
    assert customer["codes"][0]["code"].startswith("BACK-")
    assert held["suppressions"][0]["address"] == ANA
    assert sent.json("export", "c1")["customers"] == held["customers"]
    text = sent.run("export", ANA).out
    for word in ("Customer c1", "first name: Ana", "newsletter", "Hello Ana", customer["codes"][0]["code"]):
        assert word in text
    assert sent.json("export", "c5")["customers"][0]["events"][0]["name"] == "complaint_opened"


def test_of_a_stranger_nothing_is_held(desk: Desk) -> None:
    answer = desk.filled().run("export", "stranger@else.example")
    assert answer.code == 2
    assert "nothing is held" in answer.err


def rows(desk: Desk) -> Iterator[str]:
    """Every value of every row of every table, as text."""
    url = desk.environment.get("TOUCHBASE_DATABASE_URL")
    if url is None:
        with sqlite3.connect(desk.root / "touchbase.db") as connection:
            tables = [
                row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            ]
            for table in tables:
                yield from (f"{table}: {row!r}" for row in connection.execute(f'SELECT * FROM "{table}"'))
        connection.close()
        return
    import psycopg

    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql")) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in found:
            yield from (f"{table}: {row!r}" for row in connection.execute(f'SELECT * FROM "{table}"'))


TRACES = (ANA, "Ana", "c1'", "coffee")


def test_an_erased_person_leaves_numbers_and_a_hash_and_nothing_else(sent: Desk) -> None:
    before = sent.json("runs", "1")
    code = sent.json("export", ANA)["customers"][0]["codes"][0]["code"]
    done = sent.json("forget", ANA)
    assert {name: done[name] for name in ("customers", "letters", "codes", "addresses")} == {
        "customers": 1,
        "letters": 1,
        "codes": 1,
        "addresses": 1,
    }
    for row in rows(sent):
        assert not any(trace in row for trace in TRACES), row
    after = sent.json("runs", "1")
    assert after == before
    assert adds_up(after)
    assert sent.run("history", ANA).code == 2
    held = sent.json("export", ANA)
    assert held["customers"] == []
    assert [(each["scope"], each["reason"]) for each in held["suppressions"]] == [("all", "forgotten")]
    assert any(code in row for row in rows(sent)), "a code once given is never given again"


def test_an_erased_person_is_never_written_to_again_however_they_come_back(sent: Desk) -> None:
    sent.json("forget", ANA)
    sent.json("import", "customers", "people.csv")
    sent.write(
        "again.csv", "customer_id,E-mail,first_name,topics\nnew-key,ANA@MAIL.example,Ana,newsletter;offers\n"
    )
    sent.json("import", "customers", "again.csv")
    # Nobody signs them up again, and a letter that needs no subscription would be stopped, too.
    assert ANA not in reasons(sent)
    sent.edit("campaigns/digest.yaml", "purpose: marketing", "purpose: service")
    sent.edit(
        "config/segments.yaml",
        "all: [ { subscribed: newsletter } ]\n  open",
        "all: [ { field: email, known: true } ]\n  open",
    )
    assert reasons(sent)[ANA] == "suppressed"
    sent.json("send", "digest", "--occurrence", "later", now=LATER)
    letters = [path for path in sent.letters() if ANA in path.read_text(encoding="utf-8")]
    assert len(letters) == 1
    refused = sent.run("suppress", ANA, "--lift")
    assert refused.code == 4
    assert "erased" in refused.err


def test_forgetting_twice_and_forgetting_a_stranger_close_the_address(sent: Desk) -> None:
    sent.json("forget", ANA)
    assert sent.json("forget", ANA)["customers"] == 0
    assert "1 address closed for good" in sent.run("forget", "stranger@else.example").out
    assert sent.run("forget", "no-such-key").code == 2


def test_news_about_an_erased_person_keeps_nothing_of_them(sent: Desk) -> None:
    letter = next(path for path in sent.letters() if ANA in path.read_text(encoding="utf-8"))
    sent.write(
        "dead.eml",
        report(
            "failed",
            "5.1.1",
            f"smtp; 550 <{ANA}> user unknown",
            original="",
            letter=letter.read_text(encoding="utf-8")[:2500],
            final=f"rfc822;{ANA}",
        ),
    )
    sent.json("forget", ANA)
    sent.json("hear", "dead.eml")
    for row in rows(sent):
        assert not any(trace in row for trace in TRACES), row
    assert sent.json("runs", "1")["accepted"] == 3


def test_who_changed_their_address_is_forgotten_under_both(sent: Desk) -> None:
    sent.write("moved.csv", "customer_id,E-mail\nc1,ana.new@mail.example\n")
    sent.json("import", "customers", "moved.csv")
    assert sent.json("forget", "ana.new@mail.example")["addresses"] == 2
    assert sent.json("export", ANA)["suppressions"][0]["reason"] == "forgotten"


def test_the_file_itself_holds_no_trace_of_an_erased_person(desk: Desk) -> None:
    desk.filled()
    desk.json("send", "digest")
    assert desk.json("forget", ANA)["swept"]
    for path in desk.root.glob("touchbase.db*"):
        content = path.read_bytes()
        assert ANA.encode() not in content, path
        assert b"Ana" not in content, path


def test_a_letter_that_waits_for_an_erased_person_never_leaves(desk: Desk) -> None:
    desk.filled()
    sent = desk.json("send", "digest", "--limit", "1")
    assert sent["pending"] == 2
    waiting = [
        person["email"] for person in desk.json("plan", "digest")["people"] if person["decision"] == "send"
    ]
    for address in waiting:
        desk.json("forget", address)
    after = desk.json("send", "digest")
    assert (after["pending"], after["accepted"]) == (0, 1)
    assert adds_up(after)


def test_json_of_an_export_is_text_everywhere(desk: Desk) -> None:
    """Nothing in it needs this program to be read."""

    def check(value: Any) -> None:
        if isinstance(value, dict):
            for each in value.values():
                check(each)
        elif isinstance(value, list):
            for each in value:
                check(each)
        else:
            assert isinstance(value, (str, int, float, bool)), value

    desk.filled()
    desk.json("send", "digest", now=NOW)
    check(json.loads(desk.run("export", ANA, "--json").out))


def test_an_export_can_be_written_to_a_file(desk: Desk, tmp_path: Path) -> None:
    answer = desk.filled().run("export", ANA, "--json")
    (tmp_path / "ana.json").write_text(answer.out, encoding="utf-8")
    assert json.loads((tmp_path / "ana.json").read_text(encoding="utf-8"))["asked_for"] == ANA
