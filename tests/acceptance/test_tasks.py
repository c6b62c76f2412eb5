"""Tasks: made, listed with what their owners need to know, closed once; the real commands, both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from engine.model.task import TaskState
from engine.store import tasks
from engine.store.database import Database
from tests.acceptance.conftest import Desk
from tests.acceptance.test_persons import ANA, rows
from tests.builders import NOW, add_customers

BJORN, ANGRY, NAMELESS = "bjorn@mail.example", "angry@mail.example", "nameless@mail.example"
TOMORROW = "2026-11-24T09:00:00+00:00"
DECEMBER = "2026-12-02T09:00:00+00:00"
POLICY = "policy: { hold_marketing_for: [open-complaint] }\n"


@pytest.fixture
def house(filled: Desk) -> Desk:
    """A workspace with customers, one of whom has complained, and four tasks."""
    filled.write("config/policy.yaml", POLICY)
    filled.json(
        "task", ANA, "call", "Ask how the grinder does", "--due", "2026-11-30", "--text", "Dear Ana, …"
    )
    filled.json("task", ANGRY, "call", "Say sorry", "--due", "2026-11-24T12:00")
    filled.json("task", BJORN, "gift", "A book", "--due", "2 weeks", "--owner", "team")
    filled.json("task", NAMELESS, "note", "Ask for their name")
    return filled


def numbers(house: Desk, *words: str, now: str = TOMORROW) -> list[int]:
    return [line["task"] for line in house.json("tasks", *words, now=now)]


def test_tasks_belong_to_the_customers_own_person_and_stand_by_their_date(house: Desk) -> None:
    lines = house.json("tasks")
    assert [(line["task"], line["owner"], line["due_at"]) for line in lines] == [
        (2, "team", "2026-11-24T12:00:00+00:00"),
        (1, "priya", "2026-11-30T23:59:00+00:00"),
        (3, "team", "2026-12-07T23:59:00+00:00"),
        (4, "team", None),
    ]
    assert {(line["state"], line["made_by"], line["overdue"]) for line in lines} == {
        ("open", "person", False)
    }
    assert [line["overdue"] for line in house.json("tasks", now=DECEMBER)] == [True, True, False, False]
    assert numbers(house, "--owner", "priya") == [1]
    assert numbers(house, "--within", "7 days") == [2, 1]
    assert numbers(house, "--within", "1 day", now=DECEMBER) == [2, 1]
    assert numbers(house, "--limit", "2", "--skip", "1") == [1, 3]
    assert house.run("tasks", "--limit", "2").out.splitlines()[-1] == "more: say the same with --skip 2"
    assert house.run("tasks", "--skip", "4").out == "no more tasks\n"


def test_a_task_is_shown_with_what_its_owner_needs_to_know(house: Desk) -> None:
    house.json("send", "digest")
    house.json("log", ANA, "visit", "Showed us\nthe shop", "--by", "priya", "--at", "2026-11-20")
    by_number = {line["task"]: line for line in house.json("tasks", now=TOMORROW)}
    assert [(line["kind"], line["what"], line["campaign"]) for line in by_number[1]["last"]] == [
        ("delivery", "accepted", "digest"),
        ("touch", "visit", None),
    ]
    assert by_number[2]["matters"] == ["Has an open complaint"]
    assert by_number[1]["matters"] == []
    said = house.run("tasks", now=DECEMBER).out.splitlines()
    assert said[:2] == [
        "    2  overdue since 2026-11-24  call angry@mail.example · Say sorry · team",
        "       open: Has an open complaint",
    ]
    assert "       draft: Dear Ana, …" in said
    assert "       last: 2026-11-23 letter digest · 2026-11-20 visit by priya (Showed us the shop)" in said


def test_a_task_that_is_done_is_a_touch_and_done_once(house: Desk) -> None:
    done = house.json("done", "1", "It grinds", now=TOMORROW)
    assert (done["state"], done["closed_at"]) == ("done", TOMORROW)
    first = house.json("history", ANA)[0]
    assert (first["kind"], first["what"], first["detail"], first["by"]) == (
        "touch",
        "call",
        "It grinds",
        "priya",
    )
    again = house.run("done", "1", "Rang again", now=DECEMBER)
    assert again.code == 4
    assert "task 1 (Ask how the grinder does) is done since 2026-11-24 09:00 UTC" in again.err
    assert len([line for line in house.json("history", ANA) if line["kind"] == "touch"]) == 1
    assert house.run("snooze", "1", "2027-01-05").code == 4
    assert numbers(house) == [2, 3, 4]
    assert numbers(house, "--all") == [2, 3, 4, 1]
    # Without words, what was to be done was done; somebody else may have done it, and earlier.
    house.json("done", "3", "--by", "priya", "--at", "2026-11-22T10:00")
    (gift,) = [line for line in house.json("history", BJORN) if line["kind"] == "touch"]
    assert (gift["at"], gift["what"], gift["detail"], gift["by"]) == (
        "2026-11-22T10:00:00+00:00",
        "gift",
        "A book",
        "priya",
    )


def test_a_task_that_is_not_needed_says_why_and_is_no_touch(house: Desk) -> None:
    assert house.run("done", "2", "--not-needed").code == 2
    closed = house.json("done", "2", "They rang us", "--not-needed")
    assert (closed["state"], closed["reason"], closed["touch"]) == ("not_needed", "They rang us", None)
    again = house.run("done", "2", "Rang")
    assert again.code == 4
    assert "not needed since 2026-11-23 09:00 UTC: They rang us" in again.err
    assert "touch" not in {line["kind"] for line in house.json("history", ANGRY)}
    assert "reason: They rang us" in house.run("tasks", "--all").out


def test_a_snoozed_task_comes_back(house: Desk) -> None:
    assert house.json("snooze", "1", "3 days")["snoozed_until"] == "2026-11-26T09:00:00+00:00"
    assert numbers(house) == [2, 3, 4]
    assert "snoozed until 2026-11-26" in house.run("tasks", "--all").out
    assert numbers(house, now=DECEMBER) == [2, 1, 3, 4]
    assert "overdue since 2026-11-30" in house.run("tasks", "--all", now=DECEMBER).out


def test_tasks_are_handed_over_and_erased_with_the_person(house: Desk) -> None:
    house.json("done", "1", "It grinds")
    (held,) = house.json("export", ANA)["customers"]
    assert [(each["title"], each["text"], each["state"]) for each in held["tasks"]] == [
        ("Ask how the grinder does", "Dear Ana, …", "done")
    ]
    assert held["touches"][0]["task"] == held["tasks"][0]["id"]
    house.json("forget", ANA)
    assert not [row for row in rows(house) if "grind" in row]
    assert numbers(house, "--all") == [2, 3, 4]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("task", "anna@mail.example", "call", "x"), "did you mean `ana@mail.example`?"),
        (("task", ANA, "call", " "), "title of the task is empty"),
        (("task", ANA, "call", "x", "--due", "2026-11-22"), "has passed"),
        (("task", ANA, "call", "x", "--due", "soon"), "is not a moment to come"),
        (("task", ANA, "call", "x", "--due", "99999999 years"), "is not a moment to come"),
        (("task", ANA, "call", "x", "--owner", "prya"), "did you mean `priya`?"),
        (("tasks", "--owner", "prya"), "did you mean `priya`?"),
        (("tasks", "--within", "long"), "is not a moment to come"),
        (("done", "one"), "is no task's number"),
        (("done", "7"), "there is no task 7"),
        (("done", "7", "x", "--not-needed"), "there is no task 7"),
        (("done", "7", "x", "--not-needed", "--by", "team"), "leave out --at and --by"),
        (("done", "1" * 30), "is no task's number"),
        (("snooze", "7", "3 days"), "there is no task 7"),
        (("snooze", "7", "2026-11-01"), "has passed"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)
def test_what_cannot_be_is_refused_with_a_remedy(desk: Desk, words: tuple[str, ...], said: str) -> None:
    answer = desk.filled().run(*words)
    assert answer.code == 2
    assert said in answer.err
    assert desk.json("tasks", "--all") == []


def test_of_many_who_close_a_task_at_once_one_does(database: Database) -> None:
    (ada,) = add_customers(database, 1)
    with database.write() as connection:
        task = tasks.add(connection, ada, "call", "Ring", NOW)
    many = 4
    together = Barrier(many)

    def close(number: int) -> bool:
        together.wait()
        with database.write() as connection:
            state = TaskState.DONE if number % 2 else TaskState.EXPIRED
            return tasks.close(connection, task, state, NOW, reason=str(number))

    with ThreadPoolExecutor(many) as pool:
        closed = list(pool.map(close, range(many)))
    assert closed.count(True) == 1
    with database.read() as connection:
        found = tasks.get(connection, task)
    assert found is not None
    assert found.reason == str(closed.index(True))
    with database.write() as connection:
        assert not tasks.snooze(connection, task, NOW)
        with pytest.raises(ValueError, match="never opened again"):
            tasks.close(connection, task, TaskState.OPEN, NOW)
