"""The real `touchbase status`: what needs a person first, with the command that settles it."""

from __future__ import annotations

import shlex
from datetime import timedelta

from engine.store import jobs, runs
from engine.store.database import open_database
from tests.acceptance.conftest import NOW, Desk
from tests.builders import NOW as A_MOMENT


def test_a_house_in_good_order_needs_nobody(desk: Desk) -> None:
    found = desk.run("status")
    assert found.code == 0, found.out + found.err
    assert found.out.startswith("nothing needs a person\n")
    assert "outbox (outbox): no trouble known" in found.out


def test_an_interrupted_run_is_told_and_its_command_settles_it(desk: Desk) -> None:
    desk.filled()
    run = desk.json("send", "digest", "--limit", "1")["run"]
    answer = desk.run("status", "--json")
    assert answer.code == 1
    (need,) = answer.json["needs"]
    assert need["kind"] == "waiting"
    (line,) = answer.json["runs"]
    assert (line["run"], line["selected"], line["pending"], line["due"]) == (run, 4, 2, 2)
    shown = desk.run("status")
    assert shown.code == 1
    assert shown.out.splitlines()[:3] == [
        "1 thing needs a person",
        f"  ! {need['what']}",
        f"      {need['command']}",
    ]
    program, *command = shlex.split(need["command"])
    assert program == "touchbase"
    assert desk.run(*command).code == 0
    assert desk.json("status")["runs"] == []


def test_errors_in_files_are_told_and_hide_nothing_else(desk: Desk) -> None:
    desk.filled()
    desk.json("send", "digest", "--limit", "1")
    desk.edit("config/segments.yaml", "subscribed: newsletter", "subscribd: newsletter")
    answer = desk.run("status", "--json")
    assert answer.code == 1, answer.err
    assert [need["kind"] for need in answer.json["needs"]] == ["workspace", "waiting"]
    assert "config/segments.yaml:4" in answer.json["needs"][0]["what"]


def test_feeds_that_fail_and_jobs_that_fail_are_told(desk: Desk) -> None:
    desk.write("config/feed.xml", "this is no feed")
    for _ in range(3):
        assert desk.run("feeds", "blog", "--read").code == 1
    with open_database("sqlite:///touchbase.db", root=desk.root) as database, database.write() as connection:
        jobs.declare(connection, ["poll feeds"])
        failing = jobs.JobState("poll feeds", started_at=A_MOMENT, failures=3, error="the disk is full")
        jobs.keep(connection, [failing])
    answer = desk.run("status", "--json")
    assert [need["kind"] for need in answer.json["needs"]] == ["feed", "job"]
    assert "the disk is full" in desk.run("status").out


def test_status_changes_nothing(desk: Desk) -> None:
    desk.filled()
    desk.json("send", "digest", "--limit", "1")
    before = desk.json("runs")
    assert desk.run("status", now=NOW).out == desk.run("status", now=NOW).out
    assert desk.json("runs") == before


def test_what_comes_next_and_what_was_missed_is_told(desk: Desk) -> None:
    desk.filled()
    weekly = 'schedule: { every: week, days: [mon], at: "09:30" }\n'
    desk.edit("campaigns/digest.yaml", "sender: account-owner", weekly + "sender: account-owner")
    (line,) = desk.json("status")["coming"]
    assert line == {"campaign": "digest", "occurrence": "2026-W48", "at": "2026-11-23T09:30:00+00:00"}
    with open_database("sqlite:///touchbase.db", root=desk.root) as database, database.write() as connection:
        for moment, name in ((A_MOMENT, "2027-W01"), (A_MOMENT - timedelta(days=30), "2026-W49")):
            assert runs.miss(connection, "digest", name, moment, "nobody was there", moment)
    found = desk.run("status", "--json", now=A_MOMENT.isoformat())
    assert [line["occurrence"] for line in found.json["missed"]] == ["2027-W01"]
    assert found.code == 0, "that it was missed needs nobody: a person may send it, or not"
    assert (
        "    touchbase send digest --occurrence 2027-W01" in desk.run("status", now=A_MOMENT.isoformat()).out
    )
    for edit in (("status: active", "status: paused"), ("template: letter.html", "template: gone.html")):
        desk.edit("campaigns/digest.yaml", *edit)
        assert desk.run("status", "--json").json["coming"] == [], edit
        desk.edit("campaigns/digest.yaml", *reversed(edit))
    desk.json("pause", "digest")
    assert desk.run("status", "--json").json["coming"] == []


def test_a_daemon_that_was_here_and_is_gone_is_told(desk: Desk) -> None:
    desk.filled()
    weekly = "schedule: { every: week }\n"
    desk.edit("campaigns/digest.yaml", "sender: account-owner", weekly + "sender: account-owner")
    assert desk.run("status").code == 0
    with open_database("sqlite:///touchbase.db", root=desk.root) as database, database.write() as connection:
        jobs.declare(connection, ["send"])
    answer = desk.run("status", "--json")
    assert [(need["kind"], need["command"]) for need in answer.json["needs"]] == [("daemon", "touchbase run")]
