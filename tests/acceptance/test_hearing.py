"""Hearing back by mail with the real command, on both databases: bounces, complaints, storms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance.conftest import Desk
from tests.mailbox.samples import INSTALL, complaint, plain, report

LATER = "2026-12-23T09:00:00+00:00"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def sent(desk: Desk, request: pytest.FixtureRequest) -> Desk:
    """A workspace whose newsletter has gone out."""
    if request.param == "postgresql":
        desk.environment["TOUCHBASE_DATABASE_URL"] = request.getfixturevalue("postgres_url")
        desk.json("import", "customers", "people.csv")
    else:
        desk.filled()
    assert desk.json("send", "digest")["accepted"] >= 3
    return desk


def letter_to(desk: Desk, address: str) -> str:
    """The letter that went to an address, as its server would return it."""
    for path in desk.letters():
        text = path.read_text(encoding="utf-8")
        if f"<{address}>" in text or f"To: {address}" in text:
            return text
    raise AssertionError(f"no letter to {address}")


def bounce(
    desk: Desk, address: str, status: str = "5.1.1", words: str = "smtp; 550 5.1.1 User unknown"
) -> Path:
    mail = report(
        "failed",
        status,
        words,
        letter=letter_to(desk, address)[:3000],
        original=f"rfc822;{address}",
        final=f"rfc822;{address}",
    ).replace("report-1", f"report-{address}")
    return desk.write(f"mail/{address}.eml", mail)


def test_a_bounce_closes_the_address_for_every_later_letter(sent: Desk) -> None:
    bounce(sent, "ana@mail.example")
    (line,) = sent.json("hear", "mail")
    assert line == {
        "file": "mail/ana@mail.example.eml",
        "address": "ana@mail.example",
        "kind": "hard",
        "status": "5.1.1",
        "action": "suppress",
        "meaning": "invalid",
        "campaign": "digest",
        "detail": "550 5.1.1 User unknown 5.1.1 failed",
    }
    assert [each["action"] for each in sent.json("hear", "mail", "mail/ana@mail.example.eml")] == [
        "known",
        "known",
    ]
    events = [(each["kind"], each["what"]) for each in sent.json("history", "ana@mail.example")]
    assert events.count(("event", "bounced")) == 1
    assert ("delivery", "bounced") in events
    planned = sent.json("plan", "digest", now=LATER)
    assert planned["skipped"]["suppressed"] >= 1
    why = sent.run("why", "ana@mail.example", "digest", now=LATER)
    assert "bounced" in why.out


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(sent: Desk) -> None:
    bounce(sent, "ana@mail.example")
    for _ in range(2):
        (line,) = sent.json("hear", "mail", "--dry-run")
        assert (line["kind"], line["action"]) == ("hard", "suppress")
    assert "suppressed" not in sent.json("plan", "digest", now=LATER)["skipped"]


def test_our_id_counts_before_the_address(sent: Desk) -> None:
    mail = report(
        "failed",
        "5.1.1",
        letter=letter_to(sent, "ana@mail.example"),
        original="",
        final="rfc822;somebody@else.example",
    )
    sent.write("mail/forwarded.eml", mail)
    (line,) = sent.json("hear", "mail")
    assert (line["action"], line["campaign"]) == ("suppress", "digest")
    assert sent.json("why", "ana@mail.example", "digest", now=LATER)["reason"] == "suppressed"


def test_a_full_mailbox_a_complaint_and_an_absence_are_three_things(sent: Desk) -> None:
    bounce(sent, "ana@mail.example", "5.2.2", "smtp; 552 5.2.2 mailbox full")
    sent.write(
        "mail/complaint.eml",
        complaint(recipient="Original-Rcpt-To: <bjorn@mail.example>\n").replace(INSTALL, "another"),
    )
    sent.write(
        "mail/away.eml",
        plain(
            "I am away.",
            sender="nameless@mail.example",
            subject="Out of office: Hello",
            more="Auto-Submitted: auto-replied\n",
        ).replace("plain-1", "away"),
    )
    sent.write(
        "mail/letter.eml",
        plain("Lovely!", sender="friend@else.example", subject="Hello").replace("plain-1", "x"),
    )
    lines = {line["address"]: (line["kind"], line["action"]) for line in sent.json("hear", "mail")}
    assert lines == {
        "ana@mail.example": ("soft", "note"),
        "bjorn@mail.example": ("complaint", "suppress"),
        "nameless@mail.example": ("auto_reply", "note"),
        "friend@else.example": ("other", "ignore"),
    }
    people = sent.json("plan", "digest", now=LATER)["people"]
    reasons = {person["email"]: person["reason"] for person in people}
    assert reasons["bjorn@mail.example"] == "suppressed"
    assert reasons["ana@mail.example"] is None or reasons["ana@mail.example"] != "suppressed"


def test_an_mbox_and_a_maildir_are_read_alike(sent: Desk) -> None:
    first = bounce(sent, "ana@mail.example").read_text(encoding="utf-8")
    second = bounce(sent, "bjorn@mail.example").read_text(encoding="utf-8")
    sent.write("bounces.mbox", f"From daemon Tue Jan  5\n{first}\nFrom daemon Tue Jan  5\n{second}")
    for folder in ("new", "cur", "tmp"):
        (sent.root / "Maildir" / folder).mkdir(parents=True)
    sent.write("Maildir/new/1", first)
    lines = sent.json("hear", "bounces.mbox", "Maildir")
    assert [(line["file"], line["action"]) for line in lines] == [
        ("bounces.mbox:1", "suppress"),
        ("bounces.mbox:2", "suppress"),
        ("Maildir/new/1", "known"),
    ]


def test_what_a_person_sees(sent: Desk) -> None:
    bounce(sent, "ana@mail.example")
    said = sent.run("hear", "mail").out
    assert "suppress" in said
    assert "ana@mail.example" in said
    assert "1 answer: 1 hard" in said
    missing = sent.run("hear", "nowhere")
    assert missing.code == 2
    assert "cannot be read" in missing.err
    assert sent.run("heard").out == "no bounces are held back\n"


def crowd(desk: Desk, number: int) -> list[str]:
    """So many more readers, who get the same newsletter."""
    people = [f"p{place}@crowd.example" for place in range(number)]
    rows = "".join(f"x{place},{address},newsletter\n" for place, address in enumerate(people))
    desk.write("crowd.csv", "customer_id,E-mail,topics\n" + rows)
    desk.json("import", "customers", "crowd.csv")
    return people


def test_f64_a_storm_waits_for_a_persons_word(desk: Desk) -> None:
    """F-64: forty of a hundred letters bounce: nobody is suppressed, it is said, and a person decides."""
    people = crowd(desk, 100)
    run = desk.json("send", "digest")["run"]
    letters = {path: path.read_text(encoding="utf-8") for path in desk.letters()}
    for address in people[:40]:
        text = next(text for text in letters.values() if address in text)
        mail = report("failed", "5.1.1", letter=text[:2500], original="", final=f"rfc822;{address}")
        desk.write(f"mail/{address}.eml", mail.replace("report-1", address))
    answer = desk.run("hear", "mail")
    assert "touchbase heard" in answer.out
    assert "touchbase heard" in desk.run("runs", run).out
    (storm,) = desk.json("heard")
    assert (storm["run"], storm["campaign"], storm["bounces"], storm["letters"]) == (run, "digest", 40, 100)
    assert "more than 5%" in storm["reason"]
    assert "suppressed" not in desk.json("plan", "digest", now=LATER)["skipped"]
    assert desk.run("heard", "--confirm", "999").code == 2
    assert desk.run("heard", "--confirm", run, "--release", run).code == 2
    assert desk.json("heard", "--confirm", run) == {"run": run, "confirmed": True, "bounces": 40}
    assert desk.json("heard") == []
    assert desk.json("plan", "digest", now=LATER)["skipped"]["suppressed"] == 40


def test_a_released_storm_suppresses_nobody(desk: Desk) -> None:
    people = crowd(desk, 60)
    run = desk.json("send", "digest")["run"]
    for place, address in enumerate(people[:30]):
        mail = report("failed", "5.1.1", original="", final=f"rfc822;{address}", letter="Subject: x\n")
        desk.write(f"mail/{place}.eml", mail.replace("report-1", str(place)))
    assert {line["action"] for line in desk.json("hear", "mail")} == {"hold"}
    assert "released" in desk.run("heard", "--release", run).out
    assert "suppressed" not in desk.json("plan", "digest", now=LATER)["skipped"]
    assert json.loads(desk.run("heard", "--json").out) == []
