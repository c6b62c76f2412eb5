"""Runs on their way out: several at once, each sent by a thread of its own, until nothing of it is due."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from engine.app import dispatching
from engine.app.desk import Desk
from engine.app.following import why_not
from engine.errors import TouchbaseError
from engine.model.job import Outcome
from engine.store import runs
from engine.store.ledger import closing

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Runs sent side by side; more would only hold more bodies in memory."""

TURN = 60.0
"""Seconds after which a run makes room for one that waits, and queues again: no large run holds up a small one."""

FIRST_REST, LONGEST_REST = 30.0, 300.0
"""Seconds a run is left alone after its way out failed; twice as long each time."""


@dataclass
class Resting:
    """A run that could not be sent: how often in a row, why, and when (`tick`) it is tried again."""

    failures: int
    why: str
    until: float


class Outgoing:
    """What this process is sending. `desk`: the workspace at this moment. `stopping`: nothing new may leave."""

    def __init__(
        self, desk: Callable[[], Desk], stopping: threading.Event, tick: Callable[[], float] = time.monotonic
    ) -> None:
        self.desk = desk
        self.stopping = stopping
        self.tick = tick
        self._turn = threading.Lock()
        self._under_way: dict[int, tuple[str, threading.Thread]] = {}
        self._resting: dict[int, Resting] = {}
        self._accepted = 0
        self._ended_at: dict[int, float] = {}
        self._crowded = False

    @property
    def under_way(self) -> list[int]:
        """The runs being sent at this moment."""
        with self._turn:
            return sorted(self._under_way)

    def begin(self) -> Outcome:
        """Start sending every run of which something is due, as far as there is room; what was handed over since."""
        desk = self.desk()
        with desk.database.read() as connection:
            waiting = runs.waiting(connection)
        # Who had a turn last comes last; the oldest first among those that had none.
        in_turn = sorted(waiting, key=lambda run: (self._ended_at.get(run.run, 0.0), run.run))
        had_room = [self._begin(desk, run) for run in in_turn]
        self._crowded = not all(had_room)
        with self._turn:
            known = {run.run for run in waiting}
            self._resting = {number: rest for number, rest in self._resting.items() if number in known}
            self._ended_at = {number: at for number, at in self._ended_at.items() if number in known}
            accepted, self._accepted = self._accepted, 0
            names = [name for name, _ in self._under_way.values()]
            troubles = [rest.why for rest in self._resting.values()]
        did = [f"{accepted:,} letters handed over"] if accepted else []
        did += [f"sending {', '.join(names)}"] if names else []
        return Outcome("; ".join(did), "; ".join(troubles))

    def join(self, seconds: float) -> bool:
        """Wait until everything under way has come to its end; False if it takes longer."""
        until = self.tick() + seconds
        for _, thread in list(self._under_way.values()):
            thread.join(max(until - self.tick(), 0.0))
        return not self.under_way

    def _begin(self, desk: Desk, run: runs.Waiting) -> bool:
        """False where there was no room for it."""
        if self.stopping.is_set() or not is_due(run, desk.now) or why_not(desk, run.campaign):
            return True
        if run.next_at is None:
            # Nothing is queued: what is claimed is somebody's, and without it the run is over.
            with desk.database.write() as connection:
                closing.finish(connection, run.run, desk.now)
            return True
        with self._turn:
            rest = self._resting.get(run.run)
            tired = rest is not None and self.tick() < rest.until
            if tired or run.run in self._under_way:
                return True
            if len(self._under_way) >= AT_ONCE:
                return False
            name = f"{run.campaign} {run.occurrence}"
            thread = threading.Thread(
                target=self._send, args=(run.run, run.campaign, name), name=f"send {name}", daemon=True
            )
            self._under_way[run.run] = (name, thread)
        thread.start()
        return True

    def _send(self, number: int, campaign: str, name: str) -> None:
        """One run, in a thread of its own. Nothing that goes wrong with it stops another one."""
        why = ""
        try:
            self._hand_over(number)
        except TouchbaseError as error:
            why = f"{name}: {error.message}"
        except Exception as error:
            # The type alone: an address might stand in the text.
            why = f"{name}: a fault of Touchbase itself, {type(error).__name__}"
            log.exception("a run could not be sent", extra={"run": number, "campaign": campaign})
        with self._turn:
            del self._under_way[number]
            self._ended_at[number] = self.tick()
            if not why:
                self._resting.pop(number, None)
                return
            before = self._resting.get(number)
            failures = before.failures + 1 if before is not None else 1
            self._resting[number] = Resting(failures, why, self.tick() + rest_after(failures))
        log.warning("a run rests", extra={"run": number, "campaign": campaign, "reason": why})

    def _hand_over(self, number: int) -> None:
        desk = self.desk()
        with desk.database.read() as connection:
            run = runs.get(connection, number)
        if run is None:
            return
        prepared = dispatching.prepared(desk, run)
        done, until = 0, self.tick() + TURN

        def stop() -> bool:
            return self.stopping.is_set() or (self._crowded and self.tick() > until)

        def tell(what: str, accepted: int, total: int | None) -> None:
            nonlocal done
            with self._turn:
                self._accepted += accepted - done
            done = accepted

        dispatching.send(desk, prepared, None, tell, stop, by_schedule=True)


def is_due(run: runs.Waiting, now: datetime) -> bool:
    """Whether something of the run may be done now. What is only planned waits for whoever begins it. Pure."""
    return run.state == runs.SENDING and (run.next_at is None or run.next_at <= now)


def rest_after(failures: int) -> float:
    """Seconds until a run that failed so often in a row is tried again. Pure."""
    return min(FIRST_REST * 2.0 ** min(failures - 1, 16), LONGEST_REST)
