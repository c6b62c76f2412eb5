"""`touchbase run --once` by the real command: what is due is sent once, what was missed is on record, and why."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.conftest import Desk, adds_up

BEFORE = "2026-11-23T08:00:00+00:00"
KIRITIMATI = "2026-11-23T19:30:00+00:00"
MONDAY = "2026-11-23T20:00:00+00:00"
TOKYO = "2026-11-24T00:35:00+00:00"
LONDON = "2026-11-24T09:31:00+00:00"
NEW_YORK = "2026-11-24T14:30:00+00:00"
WEDNESDAY = "2026-11-25T09:00:00+00:00"


def once(desk: Desk, now: str, code: int = 0) -> Any:
    answer = desk.run("run", "--once", "--json", now=now)
    assert answer.code == code, answer.out + answer.err
    return answer.json


def sent(report: Any) -> int:
    assert all(adds_up(run) for run in report["sent"])
    return sum(run["sent_now"] for run in report["sent"])


def daily(desk: Desk, **more: str) -> None:
    rest = "".join(f", {key}: {value}" for key, value in more.items())
    desk.edit(
        "campaigns/weekly.yaml",
        'schedule: { every: week, days: [tue], at: "09:30", time_zone: recipient }',
        f'schedule: {{ every: day, at: "09:30"{rest} }}',
    )


def states(desk: Desk) -> dict[str, str]:
    return {run["occurrence"]: run["state"] for run in desk.json("runs")}


def test_every_reader_gets_the_letter_at_their_own_moment(desk: Desk) -> None:
    assert sent(once(desk, BEFORE)) == 0
    first = once(desk, KIRITIMATI)
    assert (sent(first), first["planned"][0]["waiting"]) == (1, 4)
    assert first["next_at"] == "2026-11-24T00:30:00+00:00"
    assert [sent(once(desk, now)) for now in (MONDAY, TOKYO, LONDON, NEW_YORK, WEDNESDAY)] == [0, 1, 2, 1, 0]
    assert states(desk) == {"2026-W48": "done"}
    assert len(desk.letters()) == 5


def test_a_look_too_late_for_some_leaves_them_out_with_a_reason(desk: Desk) -> None:
    once(desk, BEFORE)
    report = once(desk, "2026-11-24T09:00:00+00:00")
    assert (sent(report), report["planned"][0]["waiting"]) == (0, 3)
    shown = desk.json("runs", report["planned"][0]["run"])
    assert shown["skipped"] == {"too_late": 2}
    why = desk.json("why", "toshi@mail.example", "weekly", now=LONDON)
    assert (why["reason"], why["decision"]) == ("too_late", "skip")
    assert why["detail"].startswith("2026-11-24 09:30 in Asia/Tokyo: 8 hours late")
    assert [sent(once(desk, now)) for now in (LONDON, NEW_YORK)] == [2, 1]


def test_waves_that_nobody_attended_to_are_late_too(desk: Desk) -> None:
    once(desk, BEFORE)
    assert sent(once(desk, KIRITIMATI)) == 1
    assert sent(once(desk, "2026-11-24T13:00:00+00:00")) == 0
    assert sent(once(desk, NEW_YORK)) == 1
    (run,) = desk.json("runs")
    assert (run["accepted"], run["skipped"], run["state"]) == (2, {"too_late": 3}, "done")


def test_waves_that_are_late_are_sent_within_the_time_allowed(desk: Desk) -> None:
    desk.edit(
        "campaigns/weekly.yaml", "time_zone: recipient", "time_zone: recipient, if_late: send within 6 hours"
    )
    once(desk, BEFORE)
    assert sent(once(desk, KIRITIMATI)) == 1
    assert sent(once(desk, "2026-11-24T13:00:00+00:00")) == 2
    assert sent(once(desk, NEW_YORK)) == 1
    assert desk.json("runs")[0]["skipped"] == {"too_late": 1}


def test_a_campaign_that_was_never_seen_is_watched_from_now_on(desk: Desk) -> None:
    daily(desk)
    report = once(desk, "2026-11-23T09:45:00+00:00")
    assert (report["planned"], report["missed"]) == ([], [])
    assert sent(once(desk, "2026-11-24T09:45:00+00:00")) == 5


def test_twice_the_same_moment_sends_nothing_twice(desk: Desk) -> None:
    daily(desk)
    once(desk, BEFORE)
    assert sent(once(desk, "2026-11-23T09:30:00+00:00")) == 5
    for _ in range(2):
        assert once(desk, "2026-11-23T09:30:00+00:00")["planned"] == []
    assert len(desk.letters()) == 5


def test_what_was_missed_is_on_record_and_a_person_may_still_send_it(desk: Desk) -> None:
    daily(desk, if_late="send within 12 hours")
    once(desk, BEFORE)
    report = once(desk, "2026-11-25T20:00:00+00:00")
    assert [(missed["occurrence"], missed["reason"]) for missed in report["missed"]] == [
        ("2026-11-23", "2 days late; it may leave within 12 hours"),
        ("2026-11-24", "34 hours late; it may leave within 12 hours"),
    ]
    assert sent(report) == 5
    assert states(desk) == {"2026-11-23": "missed", "2026-11-24": "missed", "2026-11-25": "done"}
    by_hand = desk.json("send", "weekly", "--occurrence", "2026-11-24", now="2026-11-25T21:00:00+00:00")
    assert by_hand["accepted"] == 5
    assert states(desk)["2026-11-24"] == "done"


def test_sending_by_hand_does_not_take_what_was_missed_for_what_was_meant(desk: Desk) -> None:
    daily(desk)
    once(desk, BEFORE)
    once(desk, "2026-11-23T12:00:00+00:00")
    refused = desk.run("send", "weekly", now="2026-11-23T13:00:00+00:00")
    assert refused.code == 4
    assert "2026-11-23 of weekly was missed: 2 hours late" in refused.err
    assert "touchbase send weekly --occurrence 2026-11-23" in refused.err


def test_what_a_person_sent_is_not_sent_by_the_calendar_and_the_other_way_round(desk: Desk) -> None:
    daily(desk)
    once(desk, BEFORE)
    assert desk.json("send", "weekly", now="2026-11-23T09:00:00+00:00")["accepted"] == 5
    assert once(desk, "2026-11-23T09:30:00+00:00")["planned"] == []
    assert sent(once(desk, "2026-11-24T09:30:00+00:00")) == 5
    assert desk.json("send", "weekly", now="2026-11-24T10:00:00+00:00")["sent_now"] == 0
    assert len(desk.letters()) == 10


@pytest.mark.parametrize("by_command", [True, False], ids=["command", "file"])
def test_what_passes_while_a_campaign_is_paused_is_on_record(desk: Desk, by_command: bool) -> None:
    daily(desk, if_late="send within 3 days")
    once(desk, BEFORE)
    if by_command:
        desk.json("pause", "weekly", "--reason", "wrong picture")
    else:
        desk.edit("campaigns/weekly.yaml", "status: active", "status: paused")
    report = once(desk, "2026-11-23T09:30:00+00:00")
    assert report["missed"][0]["reason"].startswith("paused: ")
    if by_command:
        desk.json("resume", "weekly")
    else:
        desk.edit("campaigns/weekly.yaml", "status: paused", "status: active")
    assert once(desk, "2026-11-23T10:00:00+00:00")["planned"] == []
    assert sent(once(desk, "2026-11-24T09:30:00+00:00")) == 5


def test_a_draft_is_forgotten_and_nothing_of_its_past_is_due_when_it_comes_back(desk: Desk) -> None:
    daily(desk, if_late="send within 3 days")
    once(desk, BEFORE)
    desk.edit("campaigns/weekly.yaml", "status: active", "status: draft")
    assert once(desk, "2026-11-24T12:00:00+00:00")["missed"] == []
    desk.edit("campaigns/weekly.yaml", "status: draft", "status: active")
    report = once(desk, "2026-11-24T12:01:00+00:00")
    assert (report["planned"], report["missed"]) == ([], [])


def test_a_clock_that_goes_back_and_forth_sends_nothing_twice(desk: Desk) -> None:
    daily(desk)
    once(desk, BEFORE)
    assert sent(once(desk, "2026-11-23T09:30:00+00:00")) == 5
    assert once(desk, "2026-11-22T09:00:00+00:00")["planned"] == []
    assert sent(once(desk, "2026-11-22T09:31:00+00:00")) == 5, "that day had no letter yet"
    assert once(desk, "2026-11-23T09:30:00+00:00")["planned"] == []
    assert sent(once(desk, "2026-11-24T09:30:00+00:00")) == 5
    assert set(states(desk).values()) == {"done"}


def test_a_broken_campaign_stops_no_other_and_is_sent_once_it_is_repaired(desk: Desk) -> None:
    daily(desk)
    broken = (desk.root / "campaigns/weekly.yaml").read_text().replace("campaign: weekly", "campaign: broken")
    desk.write("campaigns/broken.yaml", broken)
    once(desk, BEFORE)
    desk.edit("campaigns/broken.yaml", "newsletter-readers", "nobody-knows")
    report = once(desk, "2026-11-23T09:30:00+00:00", code=1)
    assert sent(report) == 5
    (trouble,) = report["troubles"]
    assert trouble["campaign"] == "broken"
    assert "campaigns/broken.yaml:5: there is no segment `nobody-knows`" in trouble["problem"]
    assert trouble["try_again_at"] == "2026-11-23T09:31:00+00:00"
    desk.edit("campaigns/broken.yaml", "nobody-knows", "newsletter-readers")
    assert sent(once(desk, "2026-11-23T10:00:00+00:00")) == 5


def test_a_file_that_cannot_be_read_is_told_when_its_moment_comes(desk: Desk) -> None:
    daily(desk)
    once(desk, BEFORE)
    whole = (desk.root / "campaigns/weekly.yaml").read_text(encoding="utf-8")
    desk.write("campaigns/weekly.yaml", "campaign: [")
    assert once(desk, "2026-11-23T09:00:00+00:00")["troubles"] == []
    report = once(desk, "2026-11-23T09:30:00+00:00", code=1)
    assert report["troubles"][0]["problem"].startswith("campaigns/weekly.yaml:")
    needs = desk.run("status", "--json", now="2026-11-23T09:30:30+00:00").json["needs"]
    assert "touchbase plan weekly" in [need["command"] for need in needs]
    desk.write("campaigns/weekly.yaml", whole)
    assert sent(once(desk, "2026-11-23T10:00:00+00:00")) == 5


def test_what_could_not_be_planned_until_it_was_too_late_says_so(desk: Desk) -> None:
    daily(desk)
    once(desk, BEFORE)
    desk.edit(
        "config/segments.yaml",
        "all: [ { subscribed: newsletter } ]\n",
        "all: [ { subscribed: newsletter } ]\n    expect: { between: [500, 900] }\n",
    )
    report = once(desk, "2026-11-23T09:30:00+00:00", code=4)
    assert "has 5 people" in report["troubles"][0]["problem"]
    report = once(desk, "2026-11-23T11:00:00+00:00")
    assert report["missed"][0]["reason"].startswith("90 minutes late; ")
    assert "has 5 people" in report["missed"][0]["reason"]
    assert once(desk, "2026-11-23T11:01:00+00:00")["troubles"] == []


def test_a_moment_that_had_passed_when_its_campaign_was_first_seen_is_on_record(desk: Desk) -> None:
    desk.edit(
        "campaigns/weekly.yaml",
        'every: week, days: [tue], at: "09:30", time_zone: recipient',
        'once: "2026-11-20 09:30"',
    )
    report = once(desk, BEFORE)
    assert report["missed"][0]["reason"] == "the campaign was first seen after its moment"
    assert once(desk, BEFORE)["missed"] == []


def test_a_day_that_has_the_hour_not_at_all_or_twice_has_one_letter(desk: Desk) -> None:
    desk.edit(
        "campaigns/weekly.yaml",
        'every: week, days: [tue], at: "09:30", time_zone: recipient',
        'every: day, at: "01:30"',
    )
    once(desk, "2027-03-27T12:00:00+00:00")
    assert once(desk, "2027-03-28T00:59:00+00:00")["planned"] == []
    assert sent(once(desk, "2027-03-28T01:00:00+00:00")) == 5, (
        "01:30 is not on the clocks of London on this day"
    )
    once(desk, "2027-10-30T12:00:00+00:00")
    assert sent(once(desk, "2027-10-31T00:30:00+00:00")) == 5
    assert once(desk, "2027-10-31T01:30:00+00:00")["planned"] == [], "half past one comes twice"


def test_words_for_people(desk: Desk) -> None:
    daily(desk)
    assert "nothing is due" in desk.run("run", "--once", now=BEFORE).out
    told = desk.run("run", "--once", now="2026-11-23T09:30:00+00:00")
    assert "planned   weekly · 2026-11-23 · run 1 · sending · 5 letters" in told.out
    assert "5 now" in told.out
    told = desk.run("run", "--once", now="2026-11-24T12:00:00+00:00")
    assert "missed    weekly · 2026-11-24" in told.out


def test_a_large_run_waits_for_a_person_and_goes_once_it_is_approved(desk: Desk) -> None:
    daily(desk, if_late="send within 12 hours")
    desk.edit("campaigns/weekly.yaml", "sender: team", "sender: team\nsafety: { approve_above: 3 }")
    once(desk, BEFORE)
    report = once(desk, "2026-11-23T09:30:00+00:00")
    assert [(planned["state"], planned["letters"]) for planned in report["planned"]] == [("awaiting", 5)]
    assert sent(once(desk, "2026-11-23T10:00:00+00:00")) == 0
    desk.json("approve", report["planned"][0]["run"], now="2026-11-23T15:00:00+00:00")
    assert sent(once(desk, "2026-11-23T15:01:00+00:00")) == 5
    assert states(desk) == {"2026-11-23": "done"}


def test_what_is_approved_too_late_is_missed(desk: Desk) -> None:
    daily(desk)
    desk.edit("campaigns/weekly.yaml", "sender: team", "sender: team\nsafety: { approve_above: 3 }")
    once(desk, BEFORE)
    run = once(desk, "2026-11-23T09:30:00+00:00")["planned"][0]["run"]
    desk.json("approve", run, now="2026-11-23T15:00:00+00:00")
    report = once(desk, "2026-11-23T15:01:00+00:00")
    assert report["missed"][0]["reason"].startswith("approved too late: 5 hours late")
    (shown,) = desk.json("runs")
    assert (shown["state"], shown["skipped"]) == ("missed", {"too_late": 5})


def test_a_plan_that_was_saved_and_approved_beforehand_goes_when_its_moment_comes(desk: Desk) -> None:
    daily(desk)
    once(desk, BEFORE)
    run = desk.json("plan", "weekly", "--save", now="2026-11-23T09:00:00+00:00")["run"]
    desk.json("approve", run, now="2026-11-23T09:05:00+00:00")
    assert sent(once(desk, "2026-11-23T09:10:00+00:00")) == 0, "its moment has not come"
    assert sent(once(desk, "2026-11-23T09:30:00+00:00")) == 5
