"""The real daemon, in real time, on both databases: schedules, takeovers, edits, signals, copies."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from engine.app import originality
from engine.app.desk import Desk
from engine.daemon.jobs import JOBS
from engine.store import jobs, runs
from tests.daemon.house import House, Slow, opened_house, today
from tests.doubles.postmark import running
from tests.kills.rounds import disturbance
from tests.kills.world import CAMPAIGN, PEOPLE
from tests.nursery import Born

pytestmark = pytest.mark.slow

FILE = f"campaigns/{CAMPAIGN}.yaml"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Slow]:
    made = Slow(log=tmp_path / "accepted.jsonl")
    yield made
    assert made.log is not None
    made.log.close()


@pytest.fixture
def house(tmp_path: Path, api: Slow, database_url: str) -> Iterator[House]:
    with (
        running(api) as address,
        opened_house(tmp_path, address, tmp_path / "accepted.jsonl", database_url) as made,
    ):
        yield made


def everybody_has_one(house: House) -> bool:
    """Every letter is accepted, and the API took each of them exactly once."""
    return Counter(house.letters()) == {"accepted": PEOPLE} and set(house.world.sent().values()) == {1}


def address_of(process: Born) -> str:
    """Where it serves, from the lines it prints."""
    assert process.stdout is not None
    for line in process.stdout:
        event = str(json.loads(line)["event"])
        if event.startswith("serving "):
            return event.removeprefix("serving ")
    raise AssertionError("it ended without serving")


def test_what_is_due_goes_out_and_a_stop_leaves_nothing_behind(house: House) -> None:
    daemon = house.start()
    address = address_of(daemon)
    assert httpx.get(f"{address}/readyz").status_code == 200
    house.wait("the run", lambda: [run.state for run in house.runs()] == [runs.DONE])
    assert everybody_has_one(house)
    assert house.roles() == ["daemon"]
    assert house.stop(daemon) == 0
    assert house.roles() == []
    assert house.events()[-1] == "stopped"
    with house.world.database() as database, database.read() as connection:
        found = {state.name: state for state in jobs.states(connection)}
    assert set(found) == {job.name for job in JOBS}
    assert found["watch calendars"].outcome == f"planned {CAMPAIGN} {today()}: {PEOPLE} letters"
    assert not any(state.error for state in found.values())


def test_of_two_one_stands_by_and_takes_over_when_the_other_is_killed(house: House, api: Slow) -> None:
    api.seconds = 0.7
    first = house.start()
    house.wait("leading", lambda: house.roles() == ["daemon"])
    second = house.start()
    house.wait("standing by", lambda: house.roles() == ["daemon", "standby"])
    house.wait("the first calls", lambda: len(house.world.sent()) >= 10)
    first.send_signal(signal.SIGKILL)
    first.wait()
    house.wait("the takeover", lambda: house.roles() == ["daemon"])
    house.wait("the end", lambda: [run.state for run in house.runs()] == [runs.DONE])
    # What was in flight may be in doubt, until the search is believed: its letters are never sent twice.
    states = Counter(house.letters())
    assert states["accepted"] + states["uncertain"] == PEOPLE
    assert states["uncertain"] <= 10
    assert set(house.world.sent().values()) == {1}
    assert house.stop(second) == 0


def test_a_stop_waits_for_the_calls_in_flight_and_the_next_start_goes_on(house: House, api: Slow) -> None:
    api.seconds = 4.0
    daemon = house.start()
    address = address_of(daemon)
    house.wait("the first call", lambda: api.requests > 0)
    daemon.send_signal(signal.SIGTERM)
    house.wait("no more visitors", lambda: httpx.get(f"{address}/readyz").status_code == 503)
    assert httpx.get(f"{address}/livez").status_code == 200, "readers are served while letters are waited for"
    assert daemon.wait(60) == 0
    states = Counter(house.letters())
    assert set(states) == {"accepted", "planned"}
    assert states["accepted"] == len(house.world.sent())
    api.seconds = 0.0
    house.start()
    house.wait("the rest", lambda: everybody_has_one(house))


def test_a_second_word_stops_at_once_and_nothing_is_sent_twice(house: House, api: Slow) -> None:
    api.seconds = 10.0
    daemon = house.start()
    house.wait("the first call", lambda: api.requests > 0)
    daemon.send_signal(signal.SIGTERM)
    house.wait("the wish to stop", lambda: "stopping" in house.events())
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(60) == 130
    assert "submitting" in house.letters(), "no answer was waited for"
    time.sleep(10.5)
    api.seconds = 0.0
    house.start()
    house.wait("the rest", lambda: [run.state for run in house.runs()] == [runs.DONE])
    states = Counter(house.letters())
    assert states["accepted"] + states["uncertain"] == PEOPLE
    assert set(house.world.sent().values()) == {1}


def test_a_campaign_that_is_paused_in_its_file_stops_and_goes_on(house: House, api: Slow) -> None:
    api.seconds = 0.7
    house.start()
    house.wait("the first call", lambda: api.requests > 0)
    house.edit(FILE, "status: active", "status: paused")
    house.wait("the pause", lambda: [run.state for run in house.runs()] == [runs.PAUSED])
    (run,) = house.runs()
    assert run.reason == f"`status: paused` in {FILE}"
    house.wait("the calls in flight", lambda: set(house.letters()) <= {"accepted", "planned"})
    had = len(house.world.sent())
    assert 0 < had < PEOPLE
    api.seconds = 0.0
    house.edit(FILE, "status: paused", "status: active")
    house.wait("the rest", lambda: everybody_has_one(house))


def test_a_campaign_whose_file_is_gone_stops(house: House, api: Slow) -> None:
    api.seconds = 0.7
    house.start()
    house.wait("the first call", lambda: api.requests > 0)
    (house.root / FILE).unlink()
    house.wait("the pause", lambda: [run.state for run in house.runs()] == [runs.PAUSED])
    assert house.runs()[0].reason.startswith("its file is gone")
    assert len(house.world.sent()) < PEOPLE


def test_a_broken_file_is_told_and_the_last_good_one_counts(house: House, api: Slow) -> None:
    api.seconds = 0.5
    daemon = house.start()
    house.wait("the first call", lambda: api.requests > 0)
    house.edit(FILE, "topic: news", "topic: nonsense")
    house.wait("the complaint", lambda: house.job("follow files").error.startswith(f"{FILE}:4: "))
    assert house.job("follow files").error.endswith("the files as they were before still count")
    assert any(FILE in str(line.get("reason", "")) for line in house.said())
    api.seconds = 0.0
    house.wait("all letters", lambda: everybody_has_one(house))
    house.edit(FILE, "topic: nonsense", "topic: news")
    house.wait("peace", lambda: not house.job("follow files").error)
    daemon.send_signal(signal.SIGHUP)
    house.edit("config/project.yaml", "project: kills", "project: kills-again")
    house.wait("the next edit", lambda: house.events().count("a job has trouble") >= 1)
    assert house.stop(daemon) == 0


def test_a_database_whose_connections_break_is_led_again_and_nothing_is_sent_twice(
    house: House, api: Slow
) -> None:
    api.seconds = 0.5
    daemon = house.start()
    house.wait("the first calls", lambda: len(house.world.sent()) >= 10)
    for _ in range(2):
        disturbance(house.world.url)()
        time.sleep(1.0)
    house.wait("the end", lambda: [run.state for run in house.runs()] == [runs.DONE])
    house.wait("leading", lambda: house.roles() == ["daemon"])
    states = Counter(house.letters())
    assert states["accepted"] + states["uncertain"] == PEOPLE
    assert max(house.world.sent().values()) == 1
    assert house.stop(daemon) == 0


def test_a_restored_copy_sends_nothing_by_itself(tmp_path: Path, api: Slow) -> None:
    with (
        running(api) as address,
        opened_house(tmp_path, address, tmp_path / "a", "sqlite:///touchbase.db") as original,
    ):
        desk = Desk.open(original.root)
        assert originality.note(desk) == ""
        desk.close()
        shutil.copytree(original.root, tmp_path / "restored")
        copy = House(original.world.__class__(tmp_path / "restored", original.world.log, original.world.url))
        try:
            daemon = copy.start()
            served = address_of(daemon)
            copy.wait("the refusal", lambda: "this database is a copy" in copy.job("send").error)
            assert httpx.get(f"{served}/livez").status_code == 200
            assert "doctor --accept-copy" in copy.job("watch calendars").error
            assert (copy.runs(), api.requests) == ([], 0)
            desk = Desk.open(copy.root)
            assert originality.accept(desk).was
            desk.close()
            copy.wait("peace", lambda: not copy.job("watch calendars").error)
            assert (copy.runs(), api.requests) == ([], 0), "nothing of its past is due"
        finally:
            for process in copy.processes:
                process.kill()
                process.communicate()


def test_a_second_sender_helps_and_may_die(tmp_path: Path, api: Slow, postgres_url: str) -> None:
    api.seconds = 3.0
    log = tmp_path / "accepted.jsonl"
    with running(api) as address, opened_house(tmp_path, address, log, postgres_url) as house:
        hand = house.start(verb="worker")
        house.wait("the second sender", lambda: house.roles() == ["worker"])
        daemon = house.start()
        house.wait("both", lambda: house.roles() == ["daemon", "worker"])
        house.wait("calls of both", lambda: house.senders() == 2)
        hand.send_signal(signal.SIGKILL)
        hand.wait()
        house.wait("the end", lambda: [run.state for run in house.runs()] == [runs.DONE])
        states = Counter(house.letters())
        assert states["accepted"] + states["uncertain"] == PEOPLE
        assert set(house.world.sent().values()) == {1}
        assert house.stop(daemon) == 0


def test_a_second_sender_on_sqlite_is_refused(tmp_path: Path, api: Slow) -> None:
    with (
        running(api) as address,
        opened_house(tmp_path, address, tmp_path / "a", "sqlite:///touchbase.db") as house,
    ):
        hand = house.start(verb="worker")
        out, _ = hand.communicate(timeout=120)
        assert hand.returncode == 2
        assert "PostgreSQL" in out


def test_a_clock_that_stands_still_ticks_nothing(house: House) -> None:
    daemon = house.start(TOUCHBASE_NOW="2027-01-05T09:30")
    out, _ = daemon.communicate(timeout=120)
    assert daemon.returncode == 2
    assert "run --once" in out
