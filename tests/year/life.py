"""One year: a daemon that ticks when something may be due, is killed, away, and told the wrong time."""

from __future__ import annotations

import bisect
import math
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from engine.app import feeding, following, halting, privacy, resolving, ticking
from engine.app.desk import Desk
from engine.app.keeping import Keeper
from engine.app.verbs import App
from engine.model.letter import Batch, Outcome
from engine.store.database import Database
from engine.store.ledger import recovery
from tests.doubles.scripted import Scripted
from tests.simulator.storage import PowerCut, Process, Storage, current
from tests.simulator.surroundings import around
from tests.year.reckoning import FORMS, READERS_OWN, days_of, instant
from tests.year.world import END, PROJECT_ZONE, START, ZONES, Person, World

SOON = timedelta(minutes=55)
"""So long after something became due the daemon looks at the latest, while nothing is wrong."""

IDLE = timedelta(hours=15)
"""And so often when nothing is due."""

A_MOMENT = timedelta(minutes=5)
"""So soon it is started again after it died, and looks."""

MOST_ROUNDS = 6


@dataclass(frozen=True)
class Arrived:
    """A letter that somebody got: what it was, and the daemon's own time."""

    email: str
    subject: str
    at: datetime


@dataclass
class Trouble:
    """How much goes wrong. Shares are of all looks; numbers are for the whole year."""

    dying: float = 0.08
    away: int = 7
    steps: int = 8
    edits: int = 10
    pauses: int = 4
    moves: int = 25
    leaving: int = 20
    blind: int = 4
    posts: int = 40


@dataclass
class Log:
    """What happened, for whoever judges it. `looks`: moments of looks that came to their end, in order.

    `astray`: spans in which the daemon's clock was set, with a day around each. `halted`: by campaign, spans in
    which it was paused or broken. `moved`, `left`: by person. `posted`, `blind`: the blog. `trace`: for reading.
    """

    looks: list[datetime] = field(default_factory=list)
    astray: list[tuple[datetime, datetime]] = field(default_factory=list)
    halted: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    moved: dict[int, list[tuple[datetime, str]]] = field(default_factory=dict)
    left: dict[int, datetime] = field(default_factory=dict)
    posted: list[tuple[datetime, str]] = field(default_factory=list)
    blind: list[tuple[datetime, datetime]] = field(default_factory=list)
    deaths: int = 0
    trace: list[str] = field(default_factory=list)


class Postbox(Scripted):
    """The way out: it remembers what arrived, and when by the daemon's clock."""

    def __init__(self, life: Life) -> None:
        super().__init__(name="outbox", messages=500, idempotent=True)
        self.life = life
        self.arrived: list[Arrived] = []

    async def send(self, batch: Batch) -> list[Outcome]:
        """Takes everything, each key once."""
        before = len(self.received)
        outcomes = await super().send(batch)
        new = {reference for reference, _ in self.received[before:]}
        for recipient, reference, message in zip(
            batch.recipients, batch.references, batch.messages(), strict=True
        ):
            if reference in new:
                subject = message.split(b"\r\nSubject: ", 1)[1].split(b"\r\n", 1)[0].decode()
                self.arrived.append(Arrived(recipient, subject, self.life.now))
        del self.received[before:]
        return outcomes


class Life:
    """The year of one seed."""

    def __init__(
        self,
        seed: int,
        folder: Path,
        database: Database,
        people: int,
        trouble: Trouble,
        begin: date = START,
        end: date = END,
    ) -> None:
        self.seed = seed
        self.begin = begin
        self.chance = random.Random(seed)
        self.trouble = trouble
        self.database = database
        self.world = World(random.Random(f"{seed} world"), folder)
        self.world.populate(people)
        self.now = datetime.combine(begin, time(), UTC)
        self.end = datetime.combine(end, time(), UTC)
        self.log = Log()
        self.postbox = Postbox(self)
        self.keeper: Keeper | None = None
        self.process: Process | None = None
        self.started = False
        self.plans = self._plans()
        self.moments = self._moments()

    def live(self) -> None:
        """From the first day to the last."""
        with around(self):
            self.world.lay_out()
            self._boot()
            self._import("people.csv")
            self._look()
            while self.now < self.end:
                self.now = self._next()
                while self.plans and self.plans[0][0] <= self.now:
                    self._befall(self.plans.pop(0)[1])
                self._look()
            self._die("the end")

    def _next(self) -> datetime:
        """A little after the next moment at which something may be due; soon, where it was just started again."""
        if self.started:
            self.started = False
            return self.now + self.chance.random() * A_MOMENT
        place = bisect.bisect_right(self.moments, self.now)
        coming = self.moments[place] if place < len(self.moments) else self.end
        if coming - self.now > IDLE:
            return self.now + IDLE
        return coming + self.chance.uniform(0.2, 1.0) * SOON

    def _moments(self) -> list[datetime]:
        """Every instant at which anything is due for anybody, on any clock people may come to have."""
        found: set[datetime] = set()
        for form in FORMS:
            zones = ZONES if form.zone == READERS_OWN else (form.zone,)
            dates = {getattr(person, form.of) for person in self.world.people} if form.of else {None}
            days = {day for written in dates for _, day in days_of(form, self.begin, END, written)}
            found |= {instant(day, form.at, zone) for day in days for zone in zones}
        return sorted(found)

    def _plans(self) -> list[tuple[datetime, str]]:
        """What befalls the daemon, its files and its people, and when."""
        words = ("away", "steps", "edits", "pauses", "moves", "leaving", "blind", "posts")
        span = self.end - self.now
        share = span / (END - START)
        return sorted(
            (self.now + self.chance.uniform(0.01, 0.97) * span, word)
            for word in words
            for _ in range(math.ceil(getattr(self.trouble, word) * share))
        )

    def _befall(self, word: str) -> None:
        getattr(self, f"_{word}")()

    def tell(self, words: str) -> None:
        """For whoever reads the trace."""
        self.log.trace.append(f"{self.now:%Y-%m-%d %H:%M:%S}  {words}")

    # The daemon ------------------------------------------------------------------------------------------

    def _boot(self) -> None:
        self.process = Process(len(self.log.looks), random.Random(f"{self.seed} {self.now}"), 0.0)
        current.set(self.process)
        desk = Desk.open(self.world.root)
        desk._database = Storage(self.database, self.process, lambda: 0.0, lambda: None)
        with desk.database.write() as connection:
            recovery.recover(connection, desk.database.path, self.now)
        assert desk.fields is not None
        self.keeper = Keeper(desk)

    def _desk(self) -> Desk:
        assert self.keeper is not None
        return self.keeper.desk()

    def _look(self) -> None:
        """One look of the daemon, which may die in it; then it is started again a little later."""
        dying = self.now > self.moments[0] and self.chance.random() < self.trouble.dying
        assert self.process is not None
        self.process.death = 0.05 if dying else 0.0
        try:
            self._work()
        except PowerCut as cut:
            self.log.deaths += 1
            self._die(f"dies at {cut}")
            self.now += self.chance.random() * A_MOMENT
            self._boot()
            self.started = True
            return
        self.process.death = 0.0
        self.log.looks.append(self.now)

    def _work(self) -> None:
        assert self.keeper is not None
        self.keeper.look()
        following.follow(self._desk())
        feeding.poll(self._desk())
        for _ in range(MOST_ROUNDS):
            report = ticking.tick(self._desk(), self.now)
            for trouble in report.troubles:
                self.tell(f"trouble: {trouble.campaign}: {trouble.problem}")
            for planned in report.planned:
                self.tell(
                    f"{planned.campaign} {planned.occurrence} {planned.state}: {planned.letters} letters"
                )
            for missed in report.missed:
                self.tell(f"missed {missed.campaign} {missed.occurrence}: {missed.reason}")
            if not report.did_something:
                break
        resolving.in_doubt(self._desk(), lambda: False, [])

    def _die(self, how: str) -> None:
        self.tell(how)
        assert self.process is not None
        self.process.dead = True

    # What befalls it -------------------------------------------------------------------------------------

    def _away(self) -> None:
        """Nobody is there, for minutes or for days; files may have been edited meanwhile."""
        hours = self.chance.choice([0.5, 2.0, 9.0, 30.0, 80.0])
        self._die(f"away for {hours:g} hours")
        self.now += timedelta(hours=hours)
        self._boot()

    def _steps(self) -> None:
        """Somebody sets the clock: back, or forth."""
        hours = self.chance.choice([-26.0, -5.0, -1.5, -0.01, 0.01, 1.5, 5.0, 26.0])
        before = self.now
        self.now += timedelta(hours=hours)
        around = timedelta(days=2)
        self.log.astray.append((min(before, self.now) - around, max(before, self.now) + around))
        self.tell(f"the clock is set by {hours:g} hours")

    def _edits(self) -> None:
        """Somebody edits a campaign: words that matter to nobody's moment, or nonsense that is put right later."""
        form = self.chance.choice(FORMS)
        file = f"campaigns/{form.name}.yaml"
        text = (self.world.root / file).read_text(encoding="utf-8")
        self.tell(f"{file} is edited")
        if self.chance.random() < 0.5:
            self.world.write(file, text.replace("Something for you", "Something more for you"))
            return
        self.world.write(file, text.replace("schedule:", "shcedule:"))
        self._desk()
        assert self.keeper is not None
        look = self.keeper.look()
        assert look is not None
        assert not look.taken, "nonsense must not be taken over"
        self.world.write(file, text)

    def _pauses(self) -> None:
        """A campaign is paused for some days, by command or in its file."""
        form = self.chance.choice(FORMS)
        until = self.now + self.chance.uniform(0.1, 12.0) * timedelta(days=1)
        self.log.halted.setdefault(form.name, []).append((self.now, until))
        self.tell(f"{form.name} is paused until {until:%Y-%m-%d %H:%M}")
        file = f"campaigns/{form.name}.yaml"
        text = (self.world.root / file).read_text(encoding="utf-8")
        by_command = self.chance.random() < 0.5
        if by_command:
            halting.pause(self._desk(), form.name, "for a while")
        else:
            self.world.write(file, text.replace("status: active", "status: paused"))

        def _resume() -> None:
            self.tell(f"{form.name} goes on")
            if by_command:
                halting.resume(self._desk(), form.name)
            else:
                self.world.write(file, text)

        name = f"goes_on_{len(self.log.trace)}"
        setattr(self, f"_{name}", _resume)
        bisect.insort(self.plans, (until, name))

    def _moves(self) -> None:
        """Somebody moves to another part of the world."""
        person = self.chance.choice(self.world.people)
        zone = self.chance.choice(ZONES)
        self.log.moved.setdefault(person.number, [(self.now, person.zone)]).append((self.now, zone))
        self.tell(f"{person.key} moves from {person.zone} to {zone}")
        person.zone = zone
        self.world.write("moved.csv", f"customer_id,email,time_zone\n{person.key},{person.email},{zone}\n")
        self._import("moved.csv")

    def _leaving(self) -> None:
        """Somebody has had enough."""
        person = self.chance.choice(self.world.people)
        if person.number in self.log.left:
            return
        self.log.left[person.number] = self.now
        self.tell(f"{person.key} leaves")
        privacy.suppress(self._desk(), person.email, topic="letters")

    def _blind(self) -> None:
        """The blog cannot be read for some hours."""
        until = self.now + self.chance.uniform(1.0, 20.0) * timedelta(hours=1)
        self.log.blind.append((self.now, until))
        self.tell(f"the feed is broken until {until:%Y-%m-%d %H:%M}")
        self.world.write("config/feed.xml", "<html>Something went wrong</html>")
        bisect.insort(self.plans, (until, "sees"))

    def _sees(self) -> None:
        if not any(begun <= self.now < ended for begun, ended in self.log.blind):
            self.world.publish()

    def _posts(self) -> None:
        """Something new on the blog."""
        self.world.posts.insert(0, f"p{len(self.world.posts) + 1}")
        self.log.posted.append((self.now, self.world.posts[0]))
        self.tell(f"{self.world.posts[0]} is posted")
        self._sees()

    def _import(self, name: str) -> None:
        App(self._desk()).import_customers(self.world.root / name)


def zone_of(person: Person) -> str:
    """The clock a person's letters keep to."""
    return person.zone or PROJECT_ZONE
