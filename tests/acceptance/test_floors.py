"""Floors by the real command: who is silent, what is done about it once a day, and what is on record afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from engine.store.crash import EXIT_STATUS, VARIABLE
from tests.acceptance.conftest import Desk, adds_up
from tests.acceptance.test_contact import with_note

FLOORS = """\
policy:
  cadence:
    gold: { at_least: every 30 days, personal: every 6 months }
    otherwise: { at_least: every 60 days }
    fill: [note, owner]
    ahead: 6 days
"""
FIRST, LAST_DAYS, TOO_LATE = (
    "2026-11-23T09:00:00+00:00",
    "2026-12-21T09:00:00+00:00",
    "2027-02-07T09:00:00+00:00",
)


@pytest.fixture
def floors(desk: Desk) -> Desk:
    """Everybody had the digest on the first day; ana is gold, angry has a complaint, left is unsubscribed."""
    return with_floors(desk)


def with_floors(desk: Desk) -> Desk:
    """The same on whichever database the desk has."""
    with_note(desk, rules=FLOORS)
    desk.edit("campaigns/note.yaml", "intent: sell", "intent: thank")
    desk.edit(
        "campaigns/note.yaml", "[newsletter-readers]", "[newsletter-readers], exclude: [open-complaint]"
    )
    assert desk.json("send", "digest", now=FIRST)["accepted"] == 3
    return desk


def people(report: dict[str, Any]) -> dict[tuple[str, str], tuple[bool, str | None, str | None]]:
    """By address and clock: too late, what prevents it, and why nothing does."""
    return {
        (person["email"].split("@")[0], person["clock"]): (
            person["missed"],
            person["prevented_by"],
            person["reason"],
        )
        for person in report["people"]
    }


def test_who_will_be_silent_is_told_and_adds_up(floors: Desk) -> None:
    report = floors.json("silent", "--within", "70 days", now=FIRST)
    found = people(report)
    assert found["ana", "hear_from_us"] == (False, "note", None)
    assert found["bjorn", "hear_from_us"] == (False, "note", None)
    assert found["left", "hear_from_us"] == found["angry", "hear_from_us"] == (False, "owner", None)
    groups = report["groups"]
    assert all(row["customers"] == row["in_touch"] + row["lapsing"] + row["silent"] for row in groups)
    told = sum(report["prevented_by"].values()) + sum(report["not_prevented"].values())
    assert told == len(report["people"]) == sum(row["lapsing"] + row["silent"] for row in groups)
    only = floors.json("silent", "--within", "70 days", "--tier", "gold", "--owner", "priya", now=FIRST)
    assert {key[0] for key in people(only)} == {"ana"}
    assert {(row["value"], row["owner"]) for row in only["groups"]} == {("gold", "priya")}


def test_a_filler_goes_to_those_alone_who_would_not_hear_from_us(floors: Desk) -> None:
    assert floors.json("run", "--once", now="2026-12-10T09:00:00+00:00")["planned"] == []
    done = floors.json("run", "--once", now=LAST_DAYS)
    (run,) = done["planned"]
    assert (run["campaign"], run["occurrence"], run["letters"]) == ("note", "floor 2026-12-21", 1)
    assert floors.json("run", "--once", now=LAST_DAYS)["planned"] == []
    assert floors.json("runs", run["run"])["selected"] == 1
    assert ("ana", "hear_from_us") not in people(floors.json("silent", "--within", "29 days", now=LAST_DAYS))


def test_whoever_no_letter_may_reach_becomes_a_task_and_a_missed_floor_has_its_reason(floors: Desk) -> None:
    for day in range(1, 8):
        floors.json("run", "--once", now=f"2027-02-0{day}T09:00:00+00:00")
    tasks = {task["email"].split("@")[0]: task for task in floors.json("tasks", "--all", now=TOO_LATE)}
    assert {"left", "angry"} <= tasks.keys()
    assert (tasks["left"]["made_by"], tasks["left"]["owner"]) == ("policy", "team")
    assert tasks["left"]["reason"] == "config/policy.yaml:4: at least every 60 days for everybody else"
    history = floors.json("history", "left@mail.example", now=TOO_LATE)
    missed = [line["detail"] for line in history if line["what"] == "floor_missed"]
    assert len(missed) == 1
    assert "clock hear_from_us" in missed[0]
    assert "reason not_subscribed" in missed[0]
    count = len(floors.json("tasks", "--all", now=TOO_LATE))
    floors.json("run", "--once", now=TOO_LATE)
    assert len(floors.json("tasks", "--all", now=TOO_LATE)) == count


def test_a_filling_that_dies_again_and_again_is_gone_on_with(floors: Desk) -> None:
    for place in ("after_plan", "after_filler", "after_floor_tasks"):
        floors.environment[VARIABLE] = place
        dead = floors.process("run", "--once", now=LAST_DAYS)
        said = dead.communicate(timeout=60)
        assert dead.returncode == EXIT_STATUS, said
    del floors.environment[VARIABLE]
    floors.json("run", "--once", now=LAST_DAYS)
    history = floors.json("history", "ana@mail.example", now=LAST_DAYS)
    assert [line["campaign"] for line in history if line["kind"] == "delivery"] == ["note", "digest"]


def test_a_filler_that_sells_is_refused_by_check(floors: Desk) -> None:
    floors.edit("campaigns/note.yaml", "intent: thank", "intent: sell")
    found = floors.run("check")
    assert found.code == 1
    assert "X076" in found.out + found.err


def test_what_stands_against_a_filler_keeps_the_others_waiting_for_a_day(floors: Desk) -> None:
    template = (floors.root / "templates" / "note.html").read_text(encoding="utf-8")
    floors.write("templates/note.html", "{{ customer.nothing_like_it }}")
    first = floors.run("run", "--once", "--json", now=LAST_DAYS)
    assert (first.code, first.json["troubles"][0]["campaign"], first.json["done"]) == (1, "note", [])
    floors.write("templates/note.html", template)
    assert floors.json("run", "--once", now=LAST_DAYS)["planned"][0]["letters"] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tier", "golden"], "did you mean `gold`?"),
        (["--owner", "prya"], "did you mean `priya`?"),
        (["--within", "soon"], "`soon` is not a moment to come"),
    ],
)
def test_wrong_words_are_told(floors: Desk, arguments: list[str], words: str) -> None:
    found = floors.run("silent", *arguments)
    assert found.code == 2
    assert words in found.err


def test_a_workspace_without_floors_says_how_to_write_them(desk: Desk) -> None:
    found = desk.filled().run("silent")
    assert found.code == 2
    assert "at_least: every 30 days" in found.err


@pytest.mark.parametrize("house", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_what_the_rules_keep_back_becomes_a_task_when_planned_and_when_it_leaves(
    desk: Desk, house: str, request: pytest.FixtureRequest
) -> None:
    if house == "postgresql":
        desk.filled_on(request.getfixturevalue("postgres_url"))
    with_note(desk, rules="policy:\n  caps:\n    - { at_most: 1, per: 7 days }\n", policy="{ instead: task }")
    assert desk.json("send", "note", "--limit", "1")["accepted"] == 1
    assert desk.json("tasks") == []
    assert desk.json("send", "digest")["accepted"] == 2
    note = desk.json("send", "note")
    assert (note["accepted"], note["skipped"], adds_up(note)) == (2, {"owner_task": 2}, True)
    planned = desk.json("plan", "note", "--occurrence", "again")
    assert planned["skipped"] == {"owner_task": 4}
    assert len(desk.json("tasks")) == 2
    again = desk.json("send", "note", "--occurrence", "again")
    assert (again["skipped"], adds_up(again)) == ({"owner_task": 4}, True)
    tasks = desk.json("tasks")
    assert len(tasks) == 6
    assert {task["title"] for task in tasks} == {"Instead of the letter “A short note”"}
    assert {task["reason"] for task in tasks} == {"config/policy.yaml:3: at most 1 letter in 7 days"}
    assert {task["owner"] for task in tasks} == {"priya", "team"}


@pytest.mark.postgres
def test_a_day_of_floors_on_postgresql(desk: Desk, postgres_url: str) -> None:
    with_floors(desk.filled_on(postgres_url))
    desk.edit("config/policy.yaml", "  cadence:\n", "  cadence:\n    by: grade\n")
    desk.edit("config/customers.yaml", "    tier:", "    grade: { one_of: [gold, silver] }\n    tier:")
    assert desk.run("check").code == 0
    desk.edit("config/policy.yaml", "    by: grade\n", "")
    (run,) = desk.json("run", "--once", now=LAST_DAYS)["planned"]
    assert (run["occurrence"], run["letters"]) == ("floor 2026-12-21", 1)
    assert desk.json("run", "--once", now=LAST_DAYS)["planned"] == []
    done = desk.json("run", "--once", now=TOO_LATE)["done"]
    assert any("missed" in words for words in done)
    report = desk.json("silent", now=TOO_LATE)
    assert all(
        row["customers"] == row["in_touch"] + row["lapsing"] + row["silent"] for row in report["groups"]
    )
    assert sum(report["prevented_by"].values()) + sum(report["not_prevented"].values()) == len(
        report["people"]
    )
