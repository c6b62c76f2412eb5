"""The daemon: stands by until it leads, then keeps its jobs ticking and the web part open until it is told to stop."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import FrameType

from engine.app.household import Household
from engine.app.keeping import FOLDERS
from engine.daemon import notifying
from engine.daemon.clockwork import Clockwork
from engine.daemon.files import Files
from engine.daemon.jobs import HANDS, JOBS, Job
from engine.daemon.webside import Webside
from engine.errors import StoreError

log = logging.getLogger(__name__)

GLANCE = 2.0
"""Seconds between looks at whether we lead, may lead, or the machine's clock was set."""

GRACE = 45.0
"""Seconds a stop may take: calls in flight have 30 (docs/howto/daemon.md); whoever kills us should wait longer."""

JUMP = 5.0
"""Seconds that the clock may go back before every job is told; forward needs no telling."""

STOPPED_AT_ONCE = 130
UNFINISHED = 1


class Daemon:
    """One process of `touchbase run`, or of `touchbase worker`. `tell`: what a person at a terminal is to know."""

    jobs: Sequence[Job] = JOBS

    def __init__(
        self, household: Household, webside: Webside | None, tell: Callable[[str], None] = lambda words: None
    ) -> None:
        self.household = household
        self.webside = webside
        self.tell = tell
        self.clockwork: Clockwork | None = None
        self.files = Files([household.root / name for name in FOLDERS], self.follow)
        self._signals: deque[int] = deque()
        self._wake = threading.Event()
        self._told: set[str] = set()
        self._offset = self._wall_offset()

    def run(self) -> int:
        """Until SIGTERM or SIGINT; the exit code. SIGHUP looks at the files at once."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._heard)
        try:
            self._sign_on()
            self.files.start()
            while not self._asked_to_stop():
                self._look()
                notifying.notify(notifying.ALIVE)
                self._wake.wait(GLANCE)
                self._wake.clear()
            return self._drain()
        finally:
            self.files.stop()
            self.household.close()

    def follow(self) -> None:
        """Somebody edited a file, or says so."""
        self.household.edited.set()
        if self.clockwork is not None:
            # The first job of each list is the one that looks at files.
            self.clockwork.wake(self.jobs[0].name)

    def _heard(self, number: int, _: FrameType | None) -> None:
        self._signals.append(number)
        stops = sum(one != signal.SIGHUP for one in self._signals)
        if stops > 1:
            # Not sys.exit: it would wait for the very threads that are to be stopped. The ledger knows what left.
            os._exit(STOPPED_AT_ONCE)
        self._wake.set()

    def _sign_on(self) -> None:
        self.household.duty.sign_on()

    def _asked_to_stop(self) -> bool:
        while self._signals and self._signals[0] == signal.SIGHUP:
            self._signals.popleft()
            notifying.reloading()
            self.follow()
            notifying.notify(notifying.READY)
        return bool(self._signals)

    def _look(self) -> None:
        """Lead where nobody else does; stop leading where somebody else may."""
        try:
            if self.clockwork is None:
                self._stand_by()
            elif not self._still_mine():
                self._step_down()
            else:
                self._watch_the_clock()
        except StoreError as error:
            self._say("the database cannot be reached", reason=error.message)
        self.household.reception.role = "standby" if self.clockwork is None else "daemon"
        self._serve()

    def _serve(self) -> None:
        """Whoever leads serves. Who stands by does too, on a machine of its own, where the address is free."""
        if self.webside is None or self.webside.address:
            return
        if self.clockwork is None and "the web part waits for its address" in self._told:
            return
        if self.webside.open():
            self.household.web_trouble = ""
            self.tell(f"serving {self.webside.address}")
            log.info("serving", extra={"reason": self.webside.address})
            return
        place = f"{self.webside.host}:{self.webside.port}"
        self.household.web_trouble = f"{place} cannot be listened on, so readers' links lead nowhere"
        self._say("the web part waits for its address", reason=place)

    def _still_mine(self) -> bool:
        return self.household.duty.leads()

    def _stand_by(self) -> None:
        if not self.household.duty.lead([job.name for job in self.jobs]):
            if "standing by" not in self._told:
                leader = self.household.duty.leader()
                who = f"; process {leader.pid} on {leader.host} leads" if leader is not None else ""
                self.tell(f"standing by{who}")
                self._say("standing by")
                notifying.notify(notifying.READY, "STATUS=standing by")
            else:
                self.household.duty.beat()
            return
        self.household.take_back()
        self._tick()
        self._told.discard("standing by")
        self.tell("leading: campaigns go out on their schedules; stop with Ctrl-C")
        log.info("leading", extra={"role": "daemon"})
        notifying.notify(notifying.READY, "STATUS=leading")

    def _tick(self) -> None:
        self.clockwork = Clockwork(self.household, self.jobs)
        self.clockwork.start()

    def _step_down(self) -> None:
        """The lock is gone, with the connection that held it: whoever has it now leads."""
        log.warning("leading no more: the connection to the database broke", extra={"role": "standby"})
        self._halt(GRACE)
        self.clockwork = None
        self.household.stopping.clear()

    def _halt(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        self.household.stopping.set()
        ended = self.clockwork is None or self.clockwork.stop(seconds)
        return self.household.outgoing.join(max(until - time.monotonic(), 0.0)) and ended

    def _drain(self) -> int:
        """Claim nothing new, wait for the calls in flight and write down what they answer."""
        self.tell("stopping: letters in flight are waited for; once more stops at once")
        log.info("stopping")
        self.household.reception.draining = True
        notifying.notify(notifying.STOPPING)
        self.household.reception.draining = True
        ended = self._halt(GRACE)
        if self.webside is not None:
            self.webside.close(GRACE)
        if not ended:
            log.warning("stopped before everything had come to its end", extra={"seconds": GRACE})
            os._exit(UNFINISHED)
        log.info("stopped")
        return 0

    def _watch_the_clock(self) -> None:
        """A clock that was set back would let every job wait until it is again as late as it was."""
        offset = self._wall_offset()
        jumped, self._offset = offset - self._offset, offset
        if abs(jumped) > JUMP:
            log.warning("the machine's clock was set", extra={"seconds": round(jumped)})
            if self.clockwork is not None:
                self.clockwork.wake_all()

    def _say(self, event: str, *, reason: str = "") -> None:
        """Logs what lasts once, not at every look."""
        if event not in self._told:
            self._told.add(event)
            log.warning(event, extra={"reason": reason or None})

    @staticmethod
    def _wall_offset() -> float:
        return datetime.now(UTC).timestamp() - time.monotonic()


class Hand(Daemon):
    """A process that only sends, along with whoever leads."""

    jobs = HANDS

    def _sign_on(self) -> None:
        self.household.duty.lend_a_hand()

    def _still_mine(self) -> bool:
        return True

    def _stand_by(self) -> None:
        self._tick()
        self.tell("sending along with the daemon; stop with Ctrl-C")
        log.info("sending along", extra={"role": "worker"})
        notifying.notify(notifying.READY, "STATUS=sending along")
