"""A letter at every reader's own half past nine, sent by hand: who waits, until when, and what goes on then."""

from __future__ import annotations

from tests.acceptance.conftest import Desk, adds_up

MONDAY = "2026-11-23T20:00:00+00:00"
TOKYO = "2026-11-24T00:30:00+00:00"
LONDON = "2026-11-24T09:30:00+00:00"
WEDNESDAY = "2026-11-25T09:00:00+00:00"


def addresses(desk: Desk) -> list[str]:
    return sorted(line.split("/")[-1] for line in map(str, desk.letters()))


def test_the_plan_says_when_each_wave_is_due(desk: Desk) -> None:
    planned = desk.json("plan", "weekly", now=MONDAY)
    assert planned["pending"] == 5
    assert planned["waves"] == [
        {"at": "2026-11-23T19:30:00+00:00", "people": 1},
        {"at": TOKYO, "people": 1},
        {"at": LONDON, "people": 2},
        {"at": "2026-11-24T14:30:00+00:00", "people": 1},
    ]
    shown = desk.run("plan", "weekly", now=MONDAY).out
    assert "2  due Tue 24 Nov 2026 09:30 UTC" in shown


def test_sending_by_hand_sends_what_is_due_and_says_who_waits(desk: Desk) -> None:
    first = desk.json("send", "weekly", now=MONDAY)
    assert adds_up(first)
    assert (first["accepted"], first["pending"], first["waiting"]) == (1, 4, 4)
    assert (first["state"], first["next_at"]) == ("sending", TOKYO)
    told = desk.run("send", "weekly", now=MONDAY)
    assert told.code == 0
    assert "4 letters wait for their readers' own moments: the first Tue 24 Nov 2026 00:30 UTC" in told.out
    second = desk.json("send", "weekly", now=LONDON)
    assert (second["run"], second["accepted"], second["waiting"]) == (first["run"], 4, 1)
    last = desk.json("send", "weekly", now=WEDNESDAY)
    assert (last["accepted"], last["pending"], last["state"]) == (5, 0, "done")
    assert len(desk.letters()) == 5


def test_a_person_may_let_nobody_wait(desk: Desk) -> None:
    at_once = desk.json("send", "weekly", "--now", now=MONDAY)
    assert (at_once["accepted"], at_once["waiting"], at_once["state"]) == (5, 0, "done")


def test_those_who_wait_are_sent_at_once_when_a_person_says_so_later(desk: Desk) -> None:
    assert desk.json("send", "weekly", now=MONDAY)["waiting"] == 4
    assert desk.json("send", "weekly", "--now", now=MONDAY)["accepted"] == 5
    assert len(desk.letters()) == 5


def test_why_says_when_and_on_whose_clock(desk: Desk) -> None:
    told = desk.run("why", "toshi@mail.example", "weekly", now=MONDAY).out
    assert "due 2026-11-24 09:30 in Asia/Tokyo (their own clock), which is 2026-11-24 00:30 UTC" in told
    told = desk.run("why", "nowhere@mail.example", "weekly", now=MONDAY).out
    assert "in Europe/London (the project's clock, because no time zone of theirs is known)" in told
    desk.json("send", "weekly", now=MONDAY)
    told = desk.run("why", "nora@mail.example", "weekly", now=MONDAY).out
    assert "due 2026-11-24 09:30 in America/New_York (their own clock)" in told


def test_who_moves_between_the_waves_keeps_the_moment_and_gets_one_letter(desk: Desk) -> None:
    desk.json("send", "weekly", now=TOKYO)
    assert len(desk.letters()) == 2
    moved = "customer_id,time_zone\nc2,America/New_York\nc4,Asia/Tokyo\n"
    desk.write("moved.csv", moved)
    desk.json("import", "customers", "moved.csv")
    for now in (TOKYO, LONDON, WEDNESDAY):
        ended = desk.json("send", "weekly", now=now)
    assert (ended["accepted"], ended["state"]) == (5, "done")
    assert len(desk.letters()) == 5


def test_who_leaves_before_their_wave_gets_nothing(desk: Desk) -> None:
    desk.json("send", "weekly", now=MONDAY)
    desk.json("suppress", "nora@mail.example", now=MONDAY)
    ended = desk.json("send", "weekly", now=WEDNESDAY)
    assert (ended["accepted"], ended["skipped"], ended["state"]) == (4, {"suppressed": 1}, "done")


def test_an_occurrence_of_ones_own_has_no_moments(desk: Desk) -> None:
    assert desk.json("send", "weekly", "--occurrence", "once more", now=MONDAY)["accepted"] == 5


def test_a_campaign_on_the_projects_clock_is_sent_at_once_by_hand(desk: Desk) -> None:
    desk.edit("campaigns/weekly.yaml", "time_zone: recipient", "time_zone: project")
    assert desk.json("send", "weekly", now=MONDAY)["accepted"] == 5
    assert desk.json("plan", "weekly", now=MONDAY)["waves"] == []


def test_letters_that_wait_are_never_too_old(desk: Desk) -> None:
    desk.edit("campaigns/weekly.yaml", "sender: team", "sender: team\nsafety: { max_age: 2 hours }")
    assert desk.json("send", "weekly", now="2026-11-23T19:30:00+00:00")["waiting"] == 4
    assert desk.json("send", "weekly", now=TOKYO)["accepted"] == 2
    late = desk.json("send", "weekly", now=WEDNESDAY)
    assert (late["accepted"], late["skipped"], late["state"]) == (2, {"expired": 3}, "done")
