"""The main job as its user does it: files on disk, the real command, letters one can open."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.acceptance.conftest import TEMPLATE, Desk, adds_up, feed, laid_out


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    """A fresh workspace on either database, nothing imported yet."""
    if request.param == "sqlite":
        return laid_out(tmp_path / "workspace", request.getfixturevalue("people"))
    made = laid_out(tmp_path / "workspace")
    made.environment["TOUCHBASE_DATABASE_URL"] = str(request.getfixturevalue("postgres_url"))
    return made


NOTE = """\
campaign: note
status: active
purpose: marketing
topic: newsletter
audience: { include: [newsletter-readers] }
content: { template: note.html, subject: A short note, preheader: "One thing we forgot to say last week, and one we did not" }
sender: team
"""


def opened(path: Path) -> EmailMessage:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_newsletter_goes_from_yaml_to_letters_and_the_numbers_add_up(desk: Desk) -> None:
    assert desk.run("check").code == 0
    imported = desk.json("import", "customers", "people.csv")
    assert imported == {"read": 5, "added": 5, "updated": 0, "unchanged": 0, "rejected": 0}
    desk.json("import", "events", "complaints.csv", "--event", "complaint_opened")
    planned = desk.json("plan", "digest")
    assert adds_up(planned)
    assert planned["pending"] == 3
    assert planned["skipped"] == {"excluded": 1}
    assert not desk.letters()
    sent = desk.json("send", "digest")
    assert adds_up(sent)
    assert (sent["accepted"], sent["selected"]) == (3, 4)
    letters = {opened(path)["To"].addresses[0].addr_spec: opened(path) for path in desk.letters()}
    assert set(letters) == {"ana@mail.example", "bjorn@mail.example", "nameless@mail.example"}
    ana = letters["ana@mail.example"]
    assert ana["Subject"] == "Ana, 3 reads"
    assert ana["From"].addresses[0].addr_spec == "priya@news.reading.example"
    assert letters["nameless@mail.example"]["From"].addresses[0].addr_spec == "hello@news.reading.example"
    html = ana.get_body(("html",)).get_content()  # type: ignore[union-attr]
    text = ana.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Thank you for being with us so long." in html
    assert "Thank you for being with us so long." not in letters["bjorn@mail.example"].as_string()
    codes = {re.search(r"BACK-\w{4}-\w{4}", letter.as_string())[0] for letter in letters.values()}  # type: ignore[index]
    assert len(codes) == 3
    assert "The third post" in html
    assert "https://blog.reading.example/2" in text
    assert "List-Unsubscribe=One-Click" in ana["List-Unsubscribe-Post"]
    assert "ana" not in ana["List-Unsubscribe"]


def test_sending_twice_sends_nothing_twice(desk: Desk) -> None:
    desk.filled()
    first = desk.json("send", "digest")
    second = desk.json("send", "digest")
    assert len(desk.letters()) == 3
    assert second["run"] == first["run"]
    assert second["sent_now"] == 0
    assert adds_up(second)


def test_an_occurrence_of_ones_own_sends_once_more_and_only_once(desk: Desk) -> None:
    desk.filled().write("campaigns/note.yaml", NOTE)
    desk.write("templates/note.html", re.sub(r"\{% (for|if offer).*\n", "", TEMPLATE))
    assert desk.json("send", "note")["accepted"] == 4
    assert desk.json("send", "note")["sent_now"] == 0
    again = desk.json("send", "note", "--occurrence", "corrected address")
    assert again["sent_now"] == 4
    assert again["run"] != desk.json("send", "note")["run"]
    assert desk.json("send", "note", "--occurrence", "corrected address")["sent_now"] == 0
    assert len(desk.letters()) == 8
    assert desk.run("send", "note", "--occurrence", " ").code == 2


def test_a_limited_send_leaves_the_rest_pending_and_goes_on(desk: Desk) -> None:
    desk.filled()
    first = desk.json("send", "digest", "--limit", "1")
    assert (first["accepted"], first["pending"]) == (1, 2)
    rest = desk.json("send", "digest")
    assert (rest["accepted"], rest["pending"], rest["sent_now"]) == (3, 0, 2)
    assert len(desk.letters()) == 3


def test_next_month_everybody_gets_only_the_posts_they_have_not_seen(desk: Desk) -> None:
    desk.filled().json("send", "digest")
    quiet = desk.json("send", "digest", now="2026-12-01T09:00:00+00:00")
    assert quiet["accepted"] == 0
    assert quiet["skipped"]["no_new_posts"] == 3
    desk.write(
        "config/feed.xml", feed("The fourth post", "The third post", "The second post", "The first post")
    )
    again = desk.json("send", "digest", now="2026-12-02T09:00:00+00:00")
    assert again["accepted"] == 3
    newest = [opened(path) for path in desk.letters() if "1 reads" in opened(path)["Subject"]]
    assert len(newest) == 3
    assert all("The third post" not in letter.as_string() for letter in newest)


def test_somebody_who_joins_later_gets_the_posts_others_have_seen(desk: Desk) -> None:
    desk.filled().json("send", "digest")
    desk.write("more.csv", "customer_id,E-mail,first_name,topics\nc9,new@mail.example,Nell,newsletter\n")
    desk.json("import", "customers", "more.csv")
    later = desk.json("send", "digest", now="2026-12-01T09:00:00+00:00")
    assert later["accepted"] == 1
    assert later["skipped"]["no_new_posts"] == 3


def test_why_names_the_reason_and_the_facts(desk: Desk) -> None:
    desk.filled()
    angry = desk.json("why", "angry@mail.example", "digest")
    assert (angry["decision"], angry["reason"]) == ("skip", "excluded")
    assert any("open-complaint" in fact["text"] for fact in angry["facts"])
    ana = desk.json("why", "ana@mail.example", "digest")
    assert ana["decision"] == "send"
    desk.json("send", "digest")
    after = desk.json("why", "ana@mail.example", "digest")
    assert after["state"] == "accepted"
    outsider = desk.json("why", "left@mail.example", "digest")
    assert outsider["decision"] == "skip"


def test_history_runs_and_segments_tell_what_happened(desk: Desk) -> None:
    desk.filled()
    sent = desk.json("send", "digest")
    history = desk.json("history", "ana@mail.example")
    assert any(line["campaign"] == "digest" and line["what"] == "accepted" for line in history)
    assert desk.json("history", "angry@mail.example")[0]["what"]
    runs = desk.json("runs")
    assert [run["run"] for run in runs] == [sent["run"]]
    assert desk.json("runs", sent["run"])["accepted"] == 3
    counts = {row["segment"]: row["count"] for row in desk.json("segments")}
    assert counts == {"newsletter-readers": 4, "open-complaint": 1, "best-two": 2}
    assert {row["customer_id"] for row in desk.json("segments", "best-two")} == {"c1", "c5"}
    explained = desk.json("segments", "open-complaint", "--explain", "angry@mail.example")
    assert explained["in"] is True


def test_preview_shows_the_very_letter_that_is_sent_later(desk: Desk) -> None:
    desk.filled()
    shown = desk.json("preview", "digest", "--for", "bjorn@mail.example")
    assert shown["subject"] == "Bjørn, 3 reads"
    assert shown["preheader"] == "The third post"
    desk.edit("campaigns/digest.yaml", "{{ posts[0].title }}", "News for {{ customer.first_name }}")
    assert "Preheader: News for Bjørn\n" in desk.run("preview", "digest", "--for", "bjorn@mail.example").out
    assert desk.run("preview", "digest", "--for", "bjorn@mail.example", "--out", "letter.html").code == 0
    assert "The third post" in (desk.root / "letter.html").read_text(encoding="utf-8")
    assert not desk.letters()


def test_a_test_letter_is_sent_but_not_recorded(desk: Desk) -> None:
    desk.filled()
    assert desk.run("send", "digest", "--test", "me@desk.example").code == 0
    assert [opened(path)["To"].addresses[0].addr_spec for path in desk.letters()] == ["me@desk.example"]
    assert desk.json("runs") == []
    assert desk.json("send", "digest")["accepted"] == 3


def test_import_never_brings_back_anyone_who_left(desk: Desk) -> None:
    desk.filled()
    again = desk.json("import", "customers", "people.csv")
    assert again == {"read": 5, "added": 0, "updated": 0, "unchanged": 5, "rejected": 0}
    text = (desk.root / "people.csv").read_text(encoding="utf-8").replace(",newsletter;offers", ",newsletter")
    piped = desk.run("import", "customers", "-", "--json", stdin=text)
    assert piped.code == 0


def test_init_makes_a_workspace_that_sends_at_once(desk: Desk) -> None:
    assert desk.run("init", "fresh").code == 0
    fresh = Desk(desk.root / "fresh", environment=desk.environment)
    assert fresh.run("check").code == 0
    assert fresh.json("send", "hello")["accepted"] == 3
    assert len(fresh.letters()) == 3
