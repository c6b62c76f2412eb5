"""What the daemon's jobs leave for people to see, and who is signed on as what."""

from __future__ import annotations

from datetime import timedelta

from engine.store import jobs, workers
from engine.store.database import Database
from tests.builders import NOW

LATER = NOW + timedelta(minutes=1)


def states(database: Database) -> dict[str, jobs.JobState]:
    with database.read() as connection:
        return {state.name: state for state in jobs.states(connection)}


def test_declared_jobs_are_there_before_they_ever_ran_and_gone_when_nobody_has_them_any_more(
    database: Database,
) -> None:
    with database.write() as connection:
        jobs.declare(connection, ["send", "poll feeds"])
    assert states(database) == {"send": jobs.JobState("send"), "poll feeds": jobs.JobState("poll feeds")}
    with database.write() as connection:
        jobs.started(connection, "send", NOW)
        jobs.declare(connection, ["send"])
    assert states(database) == {"send": jobs.JobState("send", started_at=NOW)}


def test_failures_in_a_row_are_counted_and_end_with_the_next_success(database: Database) -> None:
    with database.write() as connection:
        jobs.started(connection, "send", NOW)
        jobs.ended(connection, "send", NOW, outcome="3 letters", next_at=LATER)
        for _ in range(2):
            jobs.failed(connection, "send", LATER, error="no way out", next_at=LATER)
    assert states(database)["send"] == jobs.JobState(
        "send", NOW, LATER, LATER, failures=2, error="no way out", outcome="3 letters"
    )
    with database.write() as connection:
        jobs.ended(connection, "send", LATER, outcome="nothing due")
    assert states(database)["send"] == jobs.JobState("send", NOW, LATER, None, outcome="nothing due")


def test_what_is_kept_of_an_error_has_a_limit(database: Database) -> None:
    with database.write() as connection:
        jobs.failed(connection, "send", NOW, error="x" * 10_000)
    assert len(states(database)["send"].error) == jobs.LONGEST


def test_those_who_are_signed_on_and_alive_say_what_they_are_there_for(database: Database) -> None:
    with (
        workers.sign_on(database, NOW, workers.STANDBY) as first,
        workers.sign_on(database, LATER) as second,
    ):
        dead = workers.sign_on(database, NOW)
        dead.let_go()
        with database.write() as connection:
            workers.change_role(connection, first, workers.DAEMON)
            workers.heartbeat(connection, first, LATER)
        with database.read() as connection:
            found = workers.present(connection, database.path)
    assert [(one.boot, one.role, one.heartbeat_at) for one in found] == [
        (first.boot, "daemon", LATER),
        (second.boot, "sender", LATER),
    ]
