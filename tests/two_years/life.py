"""Two years of one seed: the daemon's own jobs at one moment after the other, while people act and it dies now and then."""

from __future__ import annotations

import bisect
import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import text

from engine.app import privacy, tasking, ticking, touching
from engine.app.desk import Desk
from engine.app.household import Household
from engine.app.verbs import App
from engine.daemon.jobs import JOBS
from engine.model.letter import Batch, Outcome
from engine.model.touch import TouchKind
from engine.store import meta
from engine.store.database import Database
from tests.doubles.scripted import Scripted
from tests.simulator.storage import PowerCut, Process, Storage, current
from tests.simulator.surroundings import around
from tests.two_years.checker.ledger import Mail
from tests.two_years.purchases import END, START, Purchase
from tests.two_years.world import HEADER, OWNERS, World, moments

LAG = timedelta(minutes=55)
"""So long after something became due the daemon looks at the latest, while nothing is wrong."""

IDLE = timedelta(days=1)
A_MOMENT = timedelta(minutes=5)
NOBODY_YET = timedelta(days=33)
"""The first customers come into the books with the first month."""

MOST_ROUNDS = 8

BY_HAND = {"send", "heartbeat", "hear", "poll feeds"}
"""Jobs that are not asked at every look: sending happens in this thread, and there is no mailbox and no feed."""


@dataclass
class Trouble:
    """How much goes wrong, and how much people do, in the whole span. `dying`: a share of all looks."""

    dying: float = 0.06
    away: int = 6
    steps: int = 6
    complaints: int = 80
    leaving: int = 12
    touching: int = 60
    handing: int = 16
    doing: int = 120


@dataclass
class Log:
    """What happened, for whoever reads it."""

    looks: int = 0
    deaths: int = 0
    trace: list[str] = field(default_factory=list)


class Postbox(Scripted):
    """The way out: it keeps what arrived, as evidence, and takes its time."""

    def __init__(self, life: Life) -> None:
        super().__init__(name="outbox", messages=200, idempotent=True)
        self.life = life
        self.mails: list[Mail] = []

    async def send(self, batch: Batch) -> list[Outcome]:
        """Takes everything, each key once."""
        known = set(self.seen)
        outcomes = await super().send(batch)
        self.received.clear()
        for outcome, key, recipient, sender, message in zip(
            outcomes, batch.keys, batch.recipients, batch.senders, batch.messages(), strict=True
        ):
            if key not in known:
                words = hashlib.sha256(message).hexdigest()
                self.mails.append(Mail(outcome.provider_id, recipient, sender, self.life.now, words))
        self.life.now += timedelta(seconds=1 + len(batch) / 100)
        return outcomes

    def take(self, recipient: str, reference: str, key: str, message: bytes) -> Outcome:
        """One message, with a number of its own that no restart gives again."""
        self.seen.setdefault(key, f"mail-{len(self.seen) + 1}")
        return super().take(recipient, reference, key, message)


class Life:
    """The two years of one seed."""

    def __init__(
        self,
        seed: int,
        folder: Path,
        database: Database,
        purchases: list[Purchase],
        trouble: Trouble,
        end: date = END,
    ) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.trouble = trouble
        self.database = database
        self.world = World(random.Random(f"{seed} world"), folder, purchases)
        self.now = datetime.combine(START, time(5), UTC)
        self.end = datetime.combine(end, time(), UTC)
        self.log = Log()
        self.postbox = Postbox(self)
        self.household: Household | None = None
        self.process: Process | None = None
        self.next_at: datetime | None = None
        self.plans = self._plans()
        self.moments = moments(START, end)

    def live(self) -> None:
        """From the first day to the last."""
        with around(self):
            self.world.lay_out()
            with self.database.write() as connection:
                # Otherwise drawn by chance for every database, and in every letter.
                meta.put(connection, meta.INSTALL_ID, f"{self.seed:08x}" * 4)
            self._boot()
            self._look()
            while self.now < self.end:
                self.now = self._next()
                while self.plans and self.plans[0][0] <= self.now:
                    _, word, subject = self.plans.pop(0)
                    getattr(self, f"_{word}")(subject)
                self._look()
            self._die("the end")

    def _next(self) -> datetime:
        """A little after something is due, or when somebody does something, whatever comes first."""
        place = bisect.bisect_right(self.moments, self.now)
        planned = self.moments[place] if place < len(self.moments) else self.end
        coming = max(min(planned, self.next_at or self.end, self.now + IDLE), self.now)
        coming += self.chance.uniform(0.05, 1.0) * LAG
        return min(coming, max(self.plans[0][0], self.now)) if self.plans else coming

    def _plans(self) -> list[tuple[datetime, str, str]]:
        """What is going to happen, and when: the months as they end, and what people and chance do."""
        found = [(datetime.combine(first, time(6), UTC), "month", "") for first in _months(self.end.date())]
        share = (self.end - self.now) / (datetime.combine(END, time(), UTC) - self.now)
        for word in ("away", "steps", "complaints", "leaving", "touching", "handing", "doing"):
            for _ in range(round(getattr(self.trouble, word) * share)):
                moment = self.now + NOBODY_YET + self.chance.random() * (self.end - self.now - NOBODY_YET)
                found.append((moment, word, ""))
        return sorted(found)

    def tell(self, words: str) -> None:
        """For whoever reads the trace."""
        self.log.trace.append(f"{self.now:%Y-%m-%d %H:%M:%S}  {words}")

    # The daemon ------------------------------------------------------------------------------------------

    def _boot(self) -> None:
        self.process = Process(self.log.looks, random.Random(f"{self.seed} {self.now}"), 0.0)
        current.set(self.process)
        desk = Desk.open(self.world.root)
        desk._database = Storage(self.database, self.process, lambda: 0.0, lambda: None)
        assert desk.fields is not None
        self.household = Household(desk)

    @property
    def desk(self) -> Desk:
        """The workspace at this moment."""
        assert self.household is not None
        return self.household.keeper.desk()

    def desk_at_the_end(self) -> Desk:
        """A desk of its own, for whoever looks at what was left."""
        desk = Desk.open(self.world.root)
        desk._database = self.database
        return desk

    def _look(self) -> None:
        """One look of the daemon, which may die in it; then it is started again a little later."""
        dying = self.chance.random() < self.trouble.dying
        assert self.process is not None
        self.process.death = 0.05 if dying else 0.0
        try:
            self._work()
        except PowerCut as cut:
            self.log.deaths += 1
            self._die(f"dies at {cut}")
            self.now += self.chance.random() * A_MOMENT
            self._boot()
            self.next_at = self.now
            return
        self.process.death = 0.0
        self.log.looks += 1

    def _work(self) -> None:
        assert self.household is not None
        for job in JOBS:
            if job.name not in BY_HAND:
                outcome = job.act(self.household)
                if outcome.did or outcome.trouble:
                    self.tell(f"{job.name}: {outcome.did} {outcome.trouble}")
        for _ in range(MOST_ROUNDS):
            report = ticking.tick(self.desk, self.now)
            for trouble in report.troubles:
                self.tell(f"trouble: {trouble.campaign}: {trouble.problem}")
            if not report.did_something:
                break
        self.next_at = self._next_letter()

    def _next_letter(self) -> datetime | None:
        """When a letter that waits may leave."""
        with self.database.read() as connection:
            now = (self.now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
            query = f"SELECT min(due_at) FROM deliveries WHERE due_at IS NOT NULL AND due_at > {now}"
            found = connection.execute(text(query)).scalar()
        return None if found is None else datetime.fromtimestamp(found / 1_000_000, UTC)

    def _die(self, how: str) -> None:
        self.tell(how)
        assert self.process is not None
        self.process.dead = True

    # What happens ----------------------------------------------------------------------------------------

    def _month(self, _: str) -> None:
        """The shop's own figures of the month that ended come in."""
        until = self.now.date().replace(day=1)
        since = (until - timedelta(days=1)).replace(day=1)
        customers, orders, owners = self.world.turn_month(since, until, self.now)
        self._import(customers)
        self._import(orders, "order_placed")
        self._import(owners, "owner_set")

    def _away(self, _: str) -> None:
        """Nobody is there, for minutes or for days."""
        hours = self.chance.choice([0.5, 2.0, 9.0, 30.0, 80.0])
        self._die(f"away for {hours:g} hours")
        self.now += timedelta(hours=hours)
        self._boot()

    def _steps(self, _: str) -> None:
        """Somebody sets the clock: back, or forth."""
        hours = self.chance.choice([-26.0, -5.0, -1.5, -0.01, 0.01, 1.5, 5.0, 26.0])
        self.now += timedelta(hours=hours)
        self.tell(f"the clock is set by {hours:g} hours")

    def _complaints(self, _: str) -> None:
        """Somebody complains; most are answered some day."""
        key = self._somebody()
        self._happens(key, "complaint_opened", "about", "a parcel")
        if self.chance.random() < 0.85:
            days = self.chance.choice([0.2, 2.0, 9.0, 40.0])
            bisect.insort(self.plans, (self.now + timedelta(days=days), "answered", key))

    def _answered(self, key: str) -> None:
        self._happens(key, "complaint_closed", "about", "a parcel")

    def _leaving(self, _: str) -> None:
        """Somebody has had enough."""
        key = self._somebody()
        self.tell(f"{key} leaves")
        privacy.suppress(self.desk, self.world.people[key].email, topic="letters")

    def _touching(self, _: str) -> None:
        """Somebody's own person is in touch."""
        person = self.world.people[self._somebody()]
        kind = self.chance.choice([TouchKind.CALL, TouchKind.VISIT, TouchKind.NOTE])
        touching.log(self.desk, person.email, kind, "How are you?", by="account-owner")

    def _doing(self, _: str) -> None:
        """Somebody does a task, or says that it is not needed."""
        with self.database.read() as connection:
            found = connection.execute(text("SELECT id FROM tasks WHERE state = 'open' ORDER BY due_at, id"))
            numbers = [str(number) for number in found.scalars()]
        if not numbers:
            return
        task = self.chance.choice(numbers[:9])
        self.tell(f"task {task} is looked at")
        if self.chance.random() < 0.8:
            tasking.done(self.desk, task, "We had a word")
        else:
            tasking.not_needed(self.desk, task, "They are on holiday")

    def _handing(self, _: str) -> None:
        """Somebody is looked after by somebody else from now on."""
        person = self.world.people[self._somebody()]
        person.owner = self.chance.choice(OWNERS)
        self.tell(f"{person.key} is handed to {person.owner}")
        self._import(HEADER + person.row)
        self._happens(person.key, "owner_set", "to", person.owner)

    def _somebody(self) -> str:
        return self.chance.choice(list(self.world.people))

    def _happens(self, key: str, event: str, field_name: str, word: str) -> None:
        self.tell(f"{key}: {event} {word}")
        self._import(f"customer_id,at,{field_name}\n{key},{self.now.isoformat()},{word}\n", event)

    def _import(self, rows: str, event: str = "") -> None:
        if not rows:
            return
        file = self.world.write("brought.csv", rows)
        app = App(self.desk)
        report = app.import_events(file, event) if event else app.import_customers(file)
        assert not report.rejected, report


def _months(until: date) -> Iterator[date]:
    """The first of every month after the start."""
    month = START
    while month < until:
        month = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
        yield month
