"""A sender who may write so many letters a day: counted over campaigns, when planned and when leaving."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Desk, adds_up

SENDER = "priya: { name: Priya at Reading Room, email: priya@news.reading.example"
ONE_A_DAY = SENDER + ", at_most: 1 per day"
MONDAY, TUESDAY, WEDNESDAY = (f"2026-11-{day}T09:00:00+00:00" for day in (23, 24, 25))
RULE = "config/senders.yaml:3: at most 1 a day from Priya at Reading Room"
NEWS = """\
campaign: news
title: News
status: active
purpose: marketing
intent: inform
topic: newsletter
audience: { include: [newsletter-readers], exclude: [open-complaint] }
content: { template: letter.html, subject: News }
sender: priya
"""


@pytest.fixture
def house(filled: Desk) -> Desk:
    """A workspace in which Priya writes to three people."""
    template = (filled.root / "templates" / "letter.html").read_text(encoding="utf-8")
    start, end = template.index("{% for post"), template.index("<p>{{ sender.name")
    filled.write("templates/letter.html", template[:start] + template[end:])
    filled.write("campaigns/news.yaml", NEWS)
    filled.edit("config/senders.yaml", SENDER, ONE_A_DAY)
    return filled


def send(house: Desk, campaign: str, now: str) -> tuple[int, int]:
    """Letters that left now, and letters that wait."""
    run = house.json("send", campaign, "--yes", now=now)
    assert adds_up(run)
    return run["sent_now"], run["pending"]


def test_letters_beyond_the_number_wait_for_the_days_after(house: Desk) -> None:
    plan = house.json("plan", "news", now=MONDAY)
    assert [(wave["at"][:10], wave["people"]) for wave in plan["waves"]] == [
        ("2026-11-23", 1),
        ("2026-11-24", 1),
        ("2026-11-25", 1),
    ]
    assert plan["notes"] == [f"2 letters wait for later days, the last until 2026-11-25 ({RULE})"]
    assert [person["reason"] for person in plan["people"] if person["decision"] == "send"] == [
        None,
        "sender_full",
        "sender_full",
    ]
    assert send(house, "news", MONDAY) == (1, 2)
    why = house.run("why", "nameless@mail.example", "news", now=MONDAY).out
    assert f"gets news: sender_full\n  {RULE}\n" in why
    assert "✗ at most 1 a day from Priya at Reading Room (1 so far today)   (config/senders.yaml:3)" in why
    house.write("campaigns/more.yaml", NEWS.replace("campaign: news", "campaign: more"))
    more = house.json("plan", "more", now=MONDAY)
    assert [wave["at"][:10] for wave in more["waves"]] == ["2026-11-26", "2026-11-27", "2026-11-28"]
    assert [send(house, "news", now) for now in (MONDAY, TUESDAY, WEDNESDAY)] == [(0, 2), (1, 1), (1, 0)]


def test_the_number_holds_when_letters_leave_and_what_must_be_said_does_not_wait(house: Desk) -> None:
    house.edit("config/senders.yaml", ONE_A_DAY, SENDER)
    assert house.json("send", "news", "--yes", "--limit", "1", now=MONDAY)["pending"] == 2
    house.edit("config/senders.yaml", SENDER, ONE_A_DAY)
    sorry = NEWS.replace("campaign: news", "campaign: sorry").replace("inform", "apologise")
    house.write("campaigns/sorry.yaml", sorry)
    assert send(house, "news", MONDAY) == (1, 1)
    assert send(house, "sorry", TUESDAY) == (3, 0)
    assert [send(house, "news", now) for now in (TUESDAY, WEDNESDAY)] == [(0, 1), (1, 0)]
    assert house.json("runs", "1")["state"] == "done"


def test_longer_than_a_year_is_refused(desk: Desk) -> None:
    desk.filled().edit("config/senders.yaml", SENDER, ONE_A_DAY)
    desk.edit("campaigns/digest.yaml", "sender: account-owner", "sender: priya")
    rows = "".join(f"x{number},x{number}@mail.example,newsletter\n" for number in range(400))
    desk.write("many.csv", f"customer_id,E-mail,topics\n{rows}")
    desk.json("import", "customers", "many.csv")
    answer = desk.run("plan", "digest")
    assert answer.code == 4
    assert "403 letters from priya take longer than a year (config/senders.yaml:3" in answer.err
