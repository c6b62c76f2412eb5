"""Runs that need a person's word, on their schedule: begun at their moment once approved, and not before."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.conftest import Desk
from tests.schedules.test_running import BEFORE, once, sent

DUE = "2026-11-23T09:30:00+00:00"
SOON = "2026-11-23T10:00:00+00:00"
LATE = "2026-11-23T14:00:00+00:00"
TOO_LATE = "2026-11-23T18:00:00+00:00"


@pytest.fixture
def large(desk: Desk) -> Desk:
    """A letter every day at half past nine, to five people, of whom four need approval."""
    desk.edit(
        "campaigns/weekly.yaml",
        'schedule: { every: week, days: [tue], at: "09:30", time_zone: recipient }',
        'schedule: { every: day, at: "09:30", if_late: send within 6 hours }\nsafety: { approve_above: 4 }',
    )
    once(desk, BEFORE)
    return desk


def needs(desk: Desk, now: str) -> list[Any]:
    return [
        need for need in desk.run("status", "--json", now=now).json["needs"] if need["kind"] == "approval"
    ]


def test_what_is_due_waits_for_approval_and_goes_once_it_has_it(large: Desk) -> None:
    report = once(large, DUE)
    (planned,) = report["planned"]
    assert (planned["state"], sent(report)) == ("awaiting", 0)
    (need,) = needs(large, DUE)
    assert need["command"] == f"touchbase approve {planned['run']}"
    assert sent(once(large, SOON)) == 0
    large.json("approve", planned["run"], now=SOON)
    assert not large.letters()
    assert sent(once(large, LATE)) == 5
    assert needs(large, LATE) == []


def test_an_approval_that_comes_too_late_sends_nothing(large: Desk) -> None:
    (planned,) = once(large, DUE)["planned"]
    large.json("approve", planned["run"], now=TOO_LATE)
    report = once(large, TOO_LATE)
    assert sent(report) == 0
    (missed,) = report["missed"]
    assert missed["reason"].startswith("approved too late: ")
    shown = large.json("runs", planned["run"], now=TOO_LATE)
    assert (shown["state"], shown["skipped"]) == ("missed", {"too_late": 5})


def test_a_plan_approved_beforehand_waits_for_its_moment(large: Desk) -> None:
    run = large.json("plan", "weekly", "--save", now=BEFORE)["run"]
    large.json("approve", run, now=BEFORE)
    assert sent(once(large, "2026-11-23T09:00:00+00:00")) == 0
    report = once(large, DUE)
    assert (report["planned"][0]["run"], sent(report)) == (run, 5)


def test_a_plan_saved_beforehand_and_approved_after_its_moment_goes_then(large: Desk) -> None:
    run = large.json("plan", "weekly", "--save", now=BEFORE)["run"]
    (planned,) = once(large, DUE)["planned"]
    assert (planned["run"], planned["state"]) == (run, "awaiting")
    large.json("approve", run, now=SOON)
    assert sent(once(large, SOON)) == 5


def test_an_approval_of_what_has_changed_is_taken_back_and_told_once(large: Desk) -> None:
    run = large.json("plan", "weekly", "--save", now=BEFORE)["run"]
    large.json("approve", run, now=BEFORE)
    large.edit("campaigns/weekly.yaml", "Hello {{", "Good day {{")
    report = once(large, DUE, code=4)
    assert (sent(report), len(report["troubles"])) == (0, 1)
    assert "out of date: campaigns/weekly.yaml changed" in report["troubles"][0]["problem"]
    (need,) = needs(large, DUE)
    assert "out of date" in need["what"]
    assert need["command"] == "touchbase plan weekly --save --occurrence 2026-11-23"
    assert once(large, SOON)["troubles"] == []
    again = large.json("plan", "weekly", "--save", now=SOON)["run"]
    large.json("approve", again, now=SOON)
    assert sent(once(large, LATE)) == 5
