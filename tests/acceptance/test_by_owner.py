"""Campaigns `by: owner`: tasks with drafted texts instead of letters, each made once; real commands, both databases."""

from __future__ import annotations

from collections import Counter

import pytest

from engine.store.crash import EXIT_STATUS, HANDING
from tests.acceptance.conftest import Desk, adds_up
from tests.acceptance.test_persons import ANA

CALLS = """\
campaign: autumn-calls
title: A call in autumn
status: active
purpose: marketing
intent: ask
topic: newsletter
by: owner
task:
  kind: call
  title: "Call {{ customer.first_name | default('them') }}"
  text: call-notes.md
  due: 5 days
  expires: 30 days
audience: { include: [newsletter-readers] }
cadence: { by: tier, gold: every month, otherwise: every year }
sender: account-owner
"""
NOTES = """\
Ask {{ customer.first_name | default('them') }} how they are.
{% for interest in customer.interests or [] %}- talk about {{ interest }}
{% endfor %}{{ sender.name }}
"""
LETTER = """\
campaign: personal-note
status: active
purpose: marketing
intent: give
topic: newsletter
by: owner
task: { kind: note, title: "Send {{ customer.first_name | default('a friend') }} a note" }
audience: { include: [newsletter-readers], exclude: [open-complaint] }
content:
  feeds:
    posts: { feed: blog, since: last send, pick: 1 }
  offer: come-back-15
  template: letter.html
  subject: "For you, {{ customer.first_name | default('friend') }}"
sender: account-owner
safety: { audience_may_move: 100% }
"""
DECEMBER = "2026-12-24T09:00:00+00:00"


@pytest.fixture
def house(filled: Desk) -> Desk:
    """A workspace with customers and two campaigns for their own people."""
    return with_campaigns(filled)


@pytest.fixture
def cottage(desk: Desk) -> Desk:
    """The same on SQLite, for what asks nothing of the database."""
    return with_campaigns(desk.filled())


def with_campaigns(desk: Desk) -> Desk:
    desk.write("campaigns/autumn-calls.yaml", CALLS)
    desk.write("campaigns/personal-note.yaml", LETTER)
    desk.write("templates/call-notes.md", NOTES)
    return desk


def test_each_customers_own_person_gets_a_task_and_nobody_two(house: Desk) -> None:
    told = [line for line in house.json("check") if "autumn" in line["file"] or "notes" in line["file"]]
    assert told == []
    plan = house.json("plan", "autumn-calls")
    assert (plan["what"], plan["pending"], plan["notes"]) == (
        "task",
        4,
        ["4 tasks for 2 people: priya 2, team 2"],
    )
    assert "4 tasks to hand over" in house.run("plan", "autumn-calls").out
    assert "- talk about coffee" in house.run("preview", "autumn-calls", "--for", ANA).out
    sent = house.json("send", "autumn-calls")
    assert adds_up(sent)
    assert (sent["state"], sent["skipped"], sent["notes"]) == ("done", {"owner_task": 4}, plan["notes"])
    assert house.letters() == []
    lines = house.json("tasks")
    assert [(line["owner"], line["title"], line["kind"], line["made_by"]) for line in lines] == [
        (owner, title, "call", "campaign")
        for owner, title in (
            ("priya", "Call Ana"),
            ("priya", "Call Bjørn"),
            ("team", "Call them"),
            ("team", "Call Angus"),
        )
    ]
    first = lines[0]
    assert (
        first["text"]
        == "Ask Ana how they are.\n- talk about coffee\n- talk about books\nPriya at Reading Room"
    )
    assert (first["due_at"], first["expires_at"]) == (
        "2026-11-28T23:59:00+00:00",
        "2026-12-23T23:59:00+00:00",
    )
    assert first["reason"] == "campaign autumn-calls"
    assert house.json("send", "autumn-calls")["notes"] == plan["notes"]
    assert len(house.json("tasks")) == 4
    why = house.run("why", ANA, "autumn-calls").out
    assert "does not get autumn-calls: owner_task" in why
    later = house.json("plan", "autumn-calls", "--occurrence", "again", "--at", DECEMBER)
    assert (later["skipped"], later["notes"]) == ({"cadence": 2}, ["2 tasks for 2 people: priya 1, team 1"])


def test_a_letter_as_a_draft_keeps_its_code_and_its_posts(house: Desk) -> None:
    house.json("send", "personal-note")
    draft = next(line["text"] for line in house.json("tasks") if line["email"] == ANA)
    assert draft.startswith("Subject: For you, Ana\n\n")
    assert "The third post" in draft
    code = next(word for word in draft.split() if word.startswith("BACK-"))
    held = house.json("export", ANA)["customers"][0]["codes"]
    assert [(each["code"], each["state"]) for each in held] == [(code, "reserved")]
    house.json("send", "personal-note", "--occurrence", "again")
    drafts = [line["text"] for line in house.json("tasks", "--limit", "9") if line["email"] == ANA]
    assert len(drafts) == 2
    assert ["The second post" in text for text in drafts] == [False, True]
    assert house.run("send", "personal-note", "--test", "me@mail.example").code == 4


def test_who_left_or_is_excluded_since_the_plan_becomes_no_task(house: Desk) -> None:
    run = house.json("plan", "personal-note", "--save")["run"]
    house.run("approve", run)
    house.write("again.csv", "customer_id,at,order\nc1,2026-11-22T10:00:00,18\n")
    house.json("import", "events", "again.csv", "--event", "complaint_opened")
    house.json("suppress", "bjorn@mail.example", "--reason", "asked us on the telephone")
    sent = house.json("send", "personal-note")
    assert sent["skipped"] == {"excluded": 2, "suppressed": 1, "owner_task": 1}
    assert [line["email"] for line in house.json("tasks")] == ["nameless@mail.example"]


def test_a_title_alone_is_a_task_and_an_empty_draft_is_told(cottage: Desk) -> None:
    cottage.edit("campaigns/autumn-calls.yaml", "  text: call-notes.md\n", "")
    cottage.edit("campaigns/autumn-calls.yaml", "cadence:", "schedule: { every: day }\nx-note:")
    assert cottage.run("check", "campaigns/autumn-calls.yaml").code == 0
    assert cottage.run("preview", "autumn-calls", "--for", ANA).out.endswith("Call Ana\n")
    cottage.json("run", "--once")
    once = cottage.json("run", "--once", now="2026-11-24T10:00:00+00:00")
    assert [(run["campaign"], run["skipped"]) for run in once["sent"]] == [
        ("autumn-calls", {"owner_task": 4})
    ]
    assert {(line["title"], line["text"]) for line in cottage.json("tasks")} >= {("Call Ana", None)}
    cottage.write("templates/empty.md", "\n")
    cottage.edit("campaigns/autumn-calls.yaml", "  kind: call\n", "  kind: call\n  text: empty.md\n")
    told = cottage.run("check")
    assert (told.code, "this draft is empty" in told.out + told.err) == (1, True)


def test_tasks_grow_old_are_told_of_and_expire(house: Desk) -> None:
    house.json("send", "personal-note")
    house.json("send", "autumn-calls")
    call = {line["email"]: str(line["task"]) for line in house.json("tasks") if line["kind"] == "call"}
    house.json("done", call[ANA], "Glad we rang")
    house.json("done", call["bjorn@mail.example"], "They rang us", "--not-needed")
    house.write("answers.csv", "customer_id,at,answer\nc1,2026-11-22T10:00:00,very well\n")
    house.json("import", "events", "answers.csv", "--event", "answered")
    note = next(str(line["task"]) for line in house.json("tasks", "--limit", "9") if line["email"] == ANA)
    one = house.json("tasks", note)
    assert (one["tier"], [line["detail"] for line in one["answers"]]) == ("gold", ["answer very well"])
    shown = house.run("tasks", note).out
    assert "answer: 2026-11-22 answered (answer very well)" in shown
    assert shown.endswith(f"{one['text']}\n")
    assert house.run("tasks", "99").code == 2
    found = house.run("status", "--json", now=DECEMBER).json
    assert found["tasks"] == [
        {"owner": "team", "open": 3, "overdue": 2},
        {"owner": "priya", "open": 2, "overdue": 0},
    ]
    (need,) = [need for need in found["needs"] if need["kind"] == "tasks"]
    assert need["what"] == "2 tasks are overdue for more than a week of team"
    once = house.json("run", "--once", now=DECEMBER)
    assert once["done"] == ["2 tasks closed that nobody did in time"]
    assert house.json("run", "--once", now=DECEMBER)["done"] == []
    states = Counter(line["state"] for line in house.json("tasks", "--all", now=DECEMBER))
    assert states == {"open": 3, "done": 1, "not_needed": 1, "expired": 2}
    again = house.run("done", call["angry@mail.example"], now=DECEMBER)
    assert (again.code, "is expired since 2026-12-24 09:00 UTC: nobody did it in time" in again.err) == (
        4,
        True,
    )


def test_a_process_that_dies_makes_every_task_once(house: Desk) -> None:
    for number, place in enumerate(HANDING):
        house.edit("campaigns/autumn-calls.yaml", "cadence:", "x-note:") if not number else None
        house.environment["TOUCHBASE_CRASH"] = place
        process = house.process("send", "autumn-calls", "--occurrence", place)
        said = process.communicate(timeout=60)
        assert process.returncode == EXIT_STATUS, said
        del house.environment["TOUCHBASE_CRASH"]
        sent = house.json("send", "autumn-calls", "--occurrence", place)
        assert (sent["state"], sent["skipped"]) == ("done", {"owner_task": 4}), place
        assert len(house.json("tasks")) == 4 * (number + 1)
