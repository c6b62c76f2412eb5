"""Ticks the jobs. APScheduler says when; what a job did and what went wrong with it is written down here."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from engine.app.household import Household
from engine.daemon.jobs import Job
from engine.errors import TouchbaseError
from engine.model.job import Outcome

log = logging.getLogger(__name__)

# It warns at every tick of a job that takes longer than its pause, as looking at many feeds may.
logging.getLogger("apscheduler").setLevel(logging.ERROR)

FAULT = "a fault of Touchbase itself, {name}; the log says more"


class Clockwork:
    """The jobs of one leading daemon, from its first tick until it is stopped."""

    def __init__(self, household: Household, jobs: Sequence[Job]) -> None:
        self.household = household
        self.jobs = {job.name: job for job in jobs}
        self._again: set[str] = set()
        self._running: set[str] = set()
        self._troubles: dict[str, str] = {}
        self._turn = threading.Condition()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(len(self.jobs))},
            # What a sleeping machine missed is done once, however late it is.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Every job runs at once, in the order they are listed, and at its own pace from then on."""
        first = datetime.now(UTC)
        for number, job in enumerate(self.jobs.values()):
            self._scheduler.add_job(
                self._perform,
                "interval",
                args=[job],
                id=job.name,
                seconds=job.every.total_seconds(),
                next_run_time=first + timedelta(milliseconds=50 * number),
            )
        self._scheduler.start()

    def wake(self, *names: str) -> None:
        """Run these jobs now; one that is running runs once more afterwards."""
        for name in names:
            with self._turn:
                if name in self._running:
                    self._again.add(name)
                    continue
            # It may end at this very moment.
            with contextlib.suppress(JobLookupError):
                self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))

    def wake_all(self) -> None:
        """After the machine's clock was set: nothing waits for a moment that is an hour further away now."""
        self.wake(*self.jobs)

    def stop(self, seconds: float) -> bool:
        """Begin nothing new and wait for what runs; False if that takes longer than so many seconds."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        with self._turn:
            return self._turn.wait_for(lambda: not self._running, seconds)

    def _perform(self, job: Job) -> None:
        with self._turn:
            if self.household.stopping.is_set() or job.name in self._running:
                return
            self._running.add(job.name)
        try:
            again = True
            while again:
                outcome = self._once(job)
                with self._turn:
                    again = job.name in self._again and not self.household.stopping.is_set()
                    self._again.discard(job.name)
        finally:
            with self._turn:
                self._running.discard(job.name)
                self._turn.notify_all()
        if outcome.did and not self.household.stopping.is_set():
            self.wake(*job.wakes)

    def _once(self, job: Job) -> Outcome:
        """One turn of a job. Whatever goes wrong with it stops no other, and not its own next turn."""
        duty, name = self.household.duty, {"job": job.name}
        duty.begun(job.name)
        try:
            outcome = job.act(self.household)
        except TouchbaseError as error:
            outcome = Outcome(trouble=error.message)
        except Exception as error:
            log.exception("a job broke", extra=name)
            outcome = Outcome(trouble=FAULT.format(name=type(error).__name__))
        # What lasts is told once, not at every turn.
        known, self._troubles[job.name] = self._troubles.get(job.name, ""), outcome.trouble
        if outcome.trouble and outcome.trouble != known:
            log.warning("a job has trouble", extra={**name, "reason": outcome.trouble})
        if outcome.did:
            log.info("a job is done", extra={**name, "reason": outcome.did})
        try:
            duty.ended(job.name, outcome, datetime.now(UTC) + job.every)
        except TouchbaseError as error:
            log.warning("what a job did cannot be written down", extra={**name, "reason": error.message})
        return outcome
