"""What the daemon's jobs leave for people to see, and who is signed on as what."""

from __future__ import annotations

from datetime import timedelta

from engine.model.job import LONGEST, JobState, Outcome
from engine.store import jobs, workers
from engine.store.database import Database
from tests.builders import NOW

LATER = NOW + timedelta(minutes=1)


def states(database: Database) -> dict[str, JobState]:
    with database.read() as connection:
        return {state.name: state for state in jobs.states(connection)}


def test_declared_jobs_are_there_before_they_ever_ran_and_gone_when_nobody_has_them_any_more(
    database: Database,
) -> None:
    with database.write() as connection:
        jobs.declare(connection, ["send", "poll feeds"])
    assert states(database) == {"send": JobState("send"), "poll feeds": JobState("poll feeds")}
    with database.write() as connection:
        jobs.keep(connection, [JobState("send").begun(NOW), JobState("poll feeds").begun(NOW)])
        jobs.declare(connection, ["send"])
    assert states(database) == {"send": JobState("send", started_at=NOW)}


def test_a_job_is_kept_with_all_that_is_known_of_it(database: Database) -> None:
    state = JobState("send", NOW, LATER, LATER, failures=2, error="no way out", outcome="3 letters")
    with database.write() as connection:
        jobs.declare(connection, ["send"])
        jobs.keep(connection, [state])
    assert states(database) == {"send": state}


def test_failures_in_a_row_are_counted_and_end_with_the_next_success() -> None:
    state = JobState("send").begun(NOW).ended(Outcome("3 letters"), NOW, LATER)
    for _ in range(2):
        state = state.ended(Outcome(trouble="no way out"), LATER, LATER)
    assert state == JobState("send", NOW, LATER, LATER, failures=2, error="no way out", outcome="3 letters")
    assert state.ended(Outcome(), LATER) == JobState("send", NOW, LATER, outcome="3 letters")


def test_what_is_kept_of_an_error_has_a_limit() -> None:
    state = JobState("send").ended(Outcome("y" * 10_000, "x" * 10_000), NOW)
    assert (len(state.error), len(state.outcome)) == (LONGEST, LONGEST)


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
