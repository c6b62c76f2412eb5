"""The rules of contact by the real command: at planning, again when letters leave, and what people see of them."""

from __future__ import annotations

from tests.acceptance.conftest import Desk, adds_up

NOTE = """\
campaign: note
title: A short note
status: active
purpose: marketing
intent: sell
topic: newsletter
audience: { include: [newsletter-readers] }
content: { template: note.html, subject: "A note for {{ customer.first_name | default('you') }}" }
sender: team
"""
TEMPLATE = """\
<!DOCTYPE html>
<html lang="en" dir="ltr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{ campaign.title }}</title></head>
<body><p>A note.</p><p>{{ company.name }}, {{ company.address }}</p>
<p><a href="{{ preferences_url }}">Preferences</a> <a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>
"""
WEEKLY = "policy:\n  caps:\n    - { at_most: 1, per: 7 days }\n"
NEXT_DAY, NEXT_WEEK = "2026-11-24T09:00:00+00:00", "2026-11-30T09:00:00+00:00"


def with_note(desk: Desk, *, rules: str = "", **changes: str) -> Desk:
    """A second campaign beside the digest, with these lines of it changed or added."""
    text = NOTE + "".join(f"{key}: {value}\n" for key, value in changes.items())
    desk.filled()
    desk.write("campaigns/note.yaml", text)
    desk.write("templates/note.html", TEMPLATE)
    if rules:
        desk.write("config/policy.yaml", rules)
    return desk


def test_a_cap_that_fills_up_between_planning_and_sending_still_holds(desk: Desk) -> None:
    with_note(desk, rules=WEEKLY)
    first = desk.json("send", "note", "--limit", "1")
    assert (first["accepted"], first["pending"]) == (1, 3)
    digest = desk.json("send", "digest")
    assert digest["skipped"] == {"cap": 1, "excluded": 1}
    assert (digest["accepted"], adds_up(digest)) == (2, True)
    rest = desk.json("send", "note")
    assert (rest["accepted"], rest["skipped"], adds_up(rest)) == (2, {"cap": 2}, True)
    assert rest["state"] == "done"
    why = desk.json("why", "bjorn@mail.example", "note")
    assert (why["decision"], why["reason"]) == ("skip", "cap")
    assert why["detail"] == "config/policy.yaml:3: at most 1 letter in 7 days"
    (fact,) = [fact for fact in why["facts"] if fact["where"] == "config/policy.yaml:3"]
    assert (fact["passed"], "digest on 2026-11-23" in fact["text"]) == (False, True)


def test_a_week_later_a_weekly_cap_leaves_everybody_free(desk: Desk) -> None:
    with_note(desk, rules=WEEKLY, schedule="{ every: week }")
    assert desk.json("send", "note", now="2026-11-23T09:00:30+00:00")["accepted"] == 4
    assert desk.json("plan", "note", now="2026-11-29T23:00:00+00:00")["skipped"] == {}, "the same occurrence"
    assert desk.json("plan", "digest", now="2026-11-29T23:00:00+00:00")["skipped"]["cap"] == 3
    assert desk.json("send", "note", now=NEXT_WEEK)["accepted"] == 4


def test_a_campaign_that_does_not_count_takes_no_room_and_one_that_does_not_obey_always_goes(
    desk: Desk,
) -> None:
    with_note(desk, rules=WEEKLY, policy="{ counts: false }")
    assert desk.json("send", "note")["accepted"] == 4
    assert desk.json("send", "digest")["accepted"] == 3
    desk.edit("campaigns/note.yaml", "policy: { counts: false }", "policy: { obeys: false }")
    assert desk.json("send", "note", "--occurrence", "again")["accepted"] == 4


def test_a_complaint_after_planning_holds_the_letters_that_have_not_left(desk: Desk) -> None:
    with_note(desk, rules="policy:\n  hold_marketing_for: [open-complaint]\n")
    desk.json("send", "note", "--limit", "1")
    desk.write("new.csv", "customer_id,at,order\nc2,2026-11-23T08:59:00,9\nc3,2026-11-23T08:59:00,9\n")
    desk.json("import", "events", "new.csv", "--event", "complaint_opened")
    sent = desk.json("send", "note")
    assert (sent["accepted"], sent["skipped"], adds_up(sent)) == (1, {"hold": 3}, True)


def test_whoever_comes_into_an_excluded_segment_after_planning_gets_nothing(desk: Desk) -> None:
    with_note(desk, rules="")
    desk.edit(
        "campaigns/note.yaml",
        "include: [newsletter-readers]",
        "include: [newsletter-readers], exclude: [open-complaint]",
    )
    desk.json("send", "note", "--limit", "1")
    desk.write("new.csv", "customer_id,at,order\nc2,2026-11-23T08:59:00,9\n")
    desk.json("import", "events", "new.csv", "--event", "complaint_opened")
    assert desk.json("send", "note")["skipped"] == {"excluded": 2}
    why = desk.json("why", "bjorn@mail.example", "note")
    assert why["detail"] == "campaigns/note.yaml:7: in open-complaint since the letter was planned"


def test_letters_wait_for_the_end_of_quiet_hours_even_when_somebody_sends_too_early(desk: Desk) -> None:
    with_note(desk, rules='policy:\n  quiet_hours: { from: "20:00", until: "10:00" }\n')
    early = desk.json("send", "note")
    assert (early["accepted"], early["pending"], early["state"]) == (0, 4, "sending")
    assert desk.json("send", "note", now="2026-11-23T09:59:59+00:00")["accepted"] == 0
    shown = desk.run("plan", "note").out
    assert "quiet_hours (config/policy.yaml:2: quiet from 20:00 until 10:00)" in shown
    assert desk.json("send", "note", "--limit", "1", now="2026-11-23T10:00:00+00:00")["accepted"] == 1
    night = desk.json("send", "note", now="2026-11-23T23:00:00+00:00")
    assert (night["accepted"], night["pending"]) == (1, 3)
    assert desk.json("send", "note", now="2026-11-24T10:00:00+00:00")["accepted"] == 4


def test_a_patient_campaign_waits_for_room_and_is_left_out_when_it_takes_too_long(desk: Desk) -> None:
    with_note(desk, rules=WEEKLY, policy="{ wait: 8 days }")
    assert desk.json("send", "digest")["accepted"] == 3
    planned = desk.json("plan", "note", now=NEXT_DAY)
    assert (planned["pending"], planned["skipped"]) == (4, {})
    waiting = desk.json("send", "note", now=NEXT_DAY)
    assert (waiting["accepted"], waiting["pending"]) == (1, 3)
    assert desk.json("why", "ana@mail.example", "note", now=NEXT_DAY)["reason"] == "cap"
    assert desk.json("send", "note", now="2026-11-29T23:00:00+00:00")["accepted"] == 1
    assert desk.json("send", "note", now=NEXT_WEEK)["accepted"] == 4


def test_a_campaign_with_little_patience_leaves_out_whom_it_would_wait_for_too_long(desk: Desk) -> None:
    with_note(desk, rules=WEEKLY, policy="{ wait: 2 days }")
    desk.json("send", "digest")
    sent = desk.json("send", "note", now=NEXT_DAY)
    assert (sent["accepted"], sent["skipped"], sent["pending"]) == (1, {"cap": 3}, 0)


def test_a_preview_shows_the_letter_whatever_the_rules_say_and_says_what_they_say(desk: Desk) -> None:
    with_note(desk, rules=WEEKLY)
    desk.json("send", "digest")
    shown = desk.run("preview", "note", "--for", "ana@mail.example")
    assert shown.code == 0
    assert "would not be sent now: cap config/policy.yaml:3" in shown.out
