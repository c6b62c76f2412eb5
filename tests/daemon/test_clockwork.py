"""Jobs tick at their own pace, one turn at a time, whatever happens to the others."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine.app.household import Household
from engine.app.verbs import App
from engine.daemon.clockwork import Clockwork
from engine.daemon.jobs import Job
from engine.errors import NetworkError
from engine.model.job import JobState, Outcome
from engine.store import jobs
from tests.acceptance.conftest import laid_out

SELDOM = timedelta(hours=1)
PATIENCE = 30.0


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    app = App.open(laid_out(tmp_path / "workspace").root)
    made = app.household()
    made.duty.sign_on()
    yield made
    made.stopping.set()
    made.close()


class Counted:
    """A job's act that tells when it has run so many times."""

    def __init__(self, *outcomes: Outcome | Exception) -> None:
        self.outcomes = outcomes or (Outcome(),)
        self.times = 0
        self.changed = threading.Condition()

    def __call__(self, household: Household) -> Outcome:
        with self.changed:
            outcome = self.outcomes[min(self.times, len(self.outcomes) - 1)]
            self.times += 1
            self.changed.notify_all()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def wait(self, times: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.times >= times, PATIENCE), (
                f"{self.times} of {times} times"
            )


def started(household: Household, *listed: Job) -> Clockwork:
    assert household.duty.lead([job.name for job in listed])
    clockwork = Clockwork(household, listed)
    clockwork.start()
    return clockwork


def states(household: Household) -> dict[str, JobState]:
    with household.duty.database.read() as connection:
        return {state.name: state for state in jobs.states(connection)}


def job(name: str, act: Callable[[Household], Outcome], *wakes: str, every: timedelta = SELDOM) -> Job:
    return Job(name, "for this test", every, act, wakes)


def test_a_job_that_breaks_stops_no_other_and_is_tried_again(
    household: Household, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "engine.daemon")
    broken = Counted(
        ZeroDivisionError(), NetworkError("nobody answers"), NetworkError("nobody answers"), Outcome("3 done")
    )
    steady = Counted()
    often = timedelta(milliseconds=50)
    clockwork = started(household, job("broken", broken, every=often), job("steady", steady, every=often))
    broken.wait(3)
    steady.wait(5)
    assert "nobody answers" in states(household)["broken"].error or broken.times > 3
    broken.wait(5)
    assert clockwork.stop(PATIENCE)
    told = [
        record.levelname for record in caplog.records if getattr(record, "reason", "") == "nobody answers"
    ]
    assert told == ["WARNING"], "what lasts is told once"
    found = states(household)["broken"]
    assert (found.error, found.failures, found.outcome) == ("", 0, "3 done")


def test_what_a_fault_says_is_not_shown_to_people(household: Household) -> None:
    fault = Counted(ValueError("ana@mail.example"))
    clockwork = started(household, job("broken", fault))
    fault.wait(1)
    assert clockwork.stop(PATIENCE)
    assert states(household)["broken"].error == "a fault of Touchbase itself, ValueError; the log says more"


def test_a_job_that_did_something_wakes_the_next(household: Household) -> None:
    first, second = Counted(Outcome(), Outcome("planned")), Counted()
    clockwork = started(household, job("second", second), job("first", first, "second"))
    second.wait(1)
    first.wait(1)
    clockwork.wake("first")
    second.wait(2)
    assert clockwork.stop(PATIENCE)


def test_a_job_that_is_woken_while_it_runs_runs_once_more(household: Household) -> None:
    entered, leave = threading.Event(), threading.Event()
    turns = Counted()

    def act(household: Household) -> Outcome:
        entered.set()
        assert leave.wait(PATIENCE)
        return turns(household)

    clockwork = started(household, job("slow", act))
    assert entered.wait(PATIENCE)
    for _ in range(3):
        clockwork.wake("slow")
    leave.set()
    turns.wait(2)
    assert clockwork.stop(PATIENCE)
    assert turns.times == 2, "three wishes, one more turn"


def test_a_stop_waits_for_what_runs_and_begins_nothing(household: Household) -> None:
    entered, leave = threading.Event(), threading.Event()

    def act(household: Household) -> Outcome:
        entered.set()
        leave.wait(PATIENCE)
        return Outcome("the end")

    clockwork = started(household, job("slow", act))
    assert entered.wait(PATIENCE)
    household.stopping.set()
    assert not clockwork.stop(0.1)
    leave.set()
    assert clockwork.stop(PATIENCE)
    assert states(household)["slow"].outcome == "the end"


def test_after_the_clock_was_set_every_job_runs_at_once(household: Household) -> None:
    counted = [Counted(), Counted()]
    clockwork = started(household, *(job(f"job {n}", act) for n, act in enumerate(counted)))
    for act in counted:
        act.wait(1)
    clockwork.wake_all()
    for act in counted:
        act.wait(2)
    assert clockwork.stop(PATIENCE)
