"""The pace of this process's ways out, kept in the database: asked for each batch, written only when there is news."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from engine.flows.deliver.circuit import Told, after_call
from engine.flows.deliver.pace import Limit, Permit, after_permit, permit
from engine.store import pace as store
from engine.store.pace import Pace

if TYPE_CHECKING:
    from sqlalchemy import Connection

ROUNDS = 5
"""How often a lost race for a row is run again before its letters simply wait a moment."""

LOST_RACE_WAIT = 0.05
MEASURED_CALLS = 20


@dataclass(frozen=True, slots=True)
class Bucket:
    """One row and its limit: of a provider, by its name, or of a run, by `run_bucket`."""

    name: str
    limit: Limit | None


def run_bucket(run: int) -> str:
    """The name of a run's own row: no provider's name has a blank in it."""
    return f"run {run}"


class Pacer:
    """Asks and tells. `wall`: the machine's own clock. `tick`: seconds that never jump.

    `impatient`: each closed way out may be tried once at once.
    """

    def __init__(
        self,
        worker: str,
        wall: Callable[[], datetime],
        tick: Callable[[], float],
        *,
        impatient: bool = False,
    ) -> None:
        self.worker = worker
        self.wall = wall
        self.tick = tick
        self.seen: dict[str, Pace | None] = {}
        self.calls: dict[str, deque[tuple[float, int]]] = {}
        self.impatient = impatient
        self.tried: set[str] = set()

    def permit(self, connection: Connection, buckets: Sequence[Bucket], wanted: int) -> Permit:
        """How many letters every one of these buckets lets go; what they let go is written down."""
        for _ in range(ROUNDS):
            now = self.wall()
            known = [self._read(connection, bucket.name) for bucket in buckets]
            given = Permit(wanted)
            for pace, bucket in zip(known, buckets, strict=True):
                impatient = self.impatient and bucket.name not in self.tried
                found = permit(pace, bucket.limit, given.letters, now, impatient=impatient)
                given = _narrower(given, found)
                if not given.letters:
                    return given
            if self._take(connection, buckets, known, given, now):
                self.tried.update(bucket.name for bucket in buckets)
                return given
        return Permit(0, LOST_RACE_WAIT)

    def give_back(
        self, connection: Connection, buckets: Sequence[Bucket], given: Permit, letters: int
    ) -> None:
        """Letters that were let go and did not leave; a try that was not made is somebody else's."""
        for bucket in buckets if letters > 0 else ():
            pace = self.seen.get(bucket.name)
            if given.trying and pace is not None and pace.probe == self.worker:
                freed = replace(pace, open_until=self.wall(), probe=None)
                self.seen[bucket.name] = freed if store.write(connection, bucket.name, pace, freed) else pace
            elif pace is not None:
                store.give_back(connection, bucket.name, letters)

    def handed_over(self, name: str, letters: int) -> None:
        """Notes that so many letters were taken just now."""
        self.calls.setdefault(name, deque(maxlen=MEASURED_CALLS)).append((self.tick(), letters))

    def tell(self, connection: Connection, bucket: Bucket, told: Told) -> None:
        """Draws from a call what it says about its way out. Without news nothing is read or written."""
        if not told.trouble and _is_well(self.seen.get(bucket.name)):
            return
        for _ in range(ROUNDS):
            pace = self._read(connection, bucket.name)
            after = after_call(
                pace, told, self.wall(), limit=bucket.limit, measured=self.measured(bucket.name)
            )
            if after is None or store.write(connection, bucket.name, pace, after):
                self.seen[bucket.name] = after or pace
                return

    def measured(self, name: str) -> float:
        """Letters a second over this process's last calls; 1 before there are any."""
        calls = self.calls.get(name)
        if not calls:
            return 1.0
        return max(1.0, sum(letters for _, letters in calls) / max(1.0, self.tick() - calls[0][0]))

    def _read(self, connection: Connection, name: str) -> Pace | None:
        found = self.seen[name] = store.read(connection, name)
        return found

    def _take(
        self,
        connection: Connection,
        buckets: Sequence[Bucket],
        known: Sequence[Pace | None],
        given: Permit,
        now: datetime,
    ) -> bool:
        taken: list[Bucket] = []
        for pace, bucket in zip(known, buckets, strict=True):
            own = replace(given, trying=given.trying and pace is not None and pace.failures > 0)
            after = after_permit(pace, bucket.limit, own, now, self.worker)
            if after is None:
                continue
            if not store.write(connection, bucket.name, pace, after):
                for earlier in taken:
                    store.give_back(connection, earlier.name, given.letters)
                return False
            self.seen[bucket.name] = after
            taken.append(bucket)
        return True


def _narrower(before: Permit, found: Permit) -> Permit:
    return replace(found, trying=found.trying or before.trying) if found.letters else found


def _is_well(pace: Pace | None) -> bool:
    return pace is None or (pace.failures == 0 and pace.open_until is None)
