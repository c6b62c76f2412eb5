"""What one process is told about sending one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from engine.flows.deliver.brakes import Brakes
from engine.flows.deliver.pace import Limit
from engine.flows.deliver.pacing import Bucket, run_bucket
from engine.flows.deliver.ways import Way
from engine.store.ledger.call import Consent
from engine.store.ledger.gate import Gate, Room
from engine.store.workers import Worker

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.store.database import Database

PATIENCE = 30.0
"""Seconds a one-off send waits for a way out in trouble, or for letters to come due; later ones stay pending."""

GRACE = 30.0
"""Seconds that calls in flight may still take once somebody wants to stop: docs/howto/when-a-send-goes-wrong.md."""


def _silent(accepted: int) -> None:
    """Progress nobody watches."""


def _not_followed(connection: Connection, addresses: Iterable[str], now: datetime) -> None:
    """Nobody draws conclusions."""


@dataclass(frozen=True)
class Order:
    """What to send and how.

    `ways`: the first way out, and perhaps one that steps in. `lanes`: calls in flight. `limit`: at most so many
    letters now, or None. `until`: nothing is claimed from that moment on. `limit_of_run`: the campaign's own speed.
    `gate`: rules that are asked once more for each batch. `room`: how many of a
    batch may leave today. `senders`: who each variant is from. `now`: the moment, asked anew for every step.
    `wall`: the machine's own clock, also where the moment is fixed. `tick`: seconds of a clock that never jumps.
    `chance`: a number in [0, 1). `stopping`: true once somebody wants to stop. `impatient`: a person asks, so a
    way out that is closed is tried at once. `follow`: brings the suppressions of addresses (their hashes) in line
    with what was heard of them, in the caller's transaction.
    """

    database: Database
    run: int
    worker: Worker
    ways: Sequence[Way]
    consent: Consent
    now: Callable[[], datetime]
    wall: Callable[[], datetime]
    tick: Callable[[], float]
    chance: Callable[[], float]
    stopping: Callable[[], bool]
    tell: Callable[[int], None] = _silent
    lanes: int = 1
    limit: int | None = None
    until: datetime | None = None
    limit_of_run: Limit | None = None
    gate: Gate | None = None
    room: Room | None = None
    senders: Mapping[int, str] = field(default_factory=dict)
    brakes: Brakes = field(default_factory=Brakes)
    patience: float = PATIENCE
    grace: float = GRACE
    impatient: bool = False
    follow: Callable[[Connection, Iterable[str], datetime], object] = _not_followed

    @property
    def bucket_of_run(self) -> str:
        """The name of the run's own row of pace."""
        return run_bucket(self.run)

    def buckets(self, way: Way) -> tuple[Bucket, ...]:
        """What a letter through this way must pass: the way's own bucket first."""
        own = Bucket(way.name, way.limit)
        return (own,) if self.limit_of_run is None else (own, Bucket(self.bucket_of_run, self.limit_of_run))
