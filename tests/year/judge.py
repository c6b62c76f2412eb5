"""Whether the year kept its promises: each letter at its moment, once, or a reason on record. Shares nothing with
what it judges but the ledger's rows, and those only where a letter did not come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import text

from engine.store.database import Database
from tests.year.life import Life, zone_of
from tests.year.reckoning import FORMS, NEWS, READERS_OWN, Form, days_of, instant
from tests.year.world import END, PROJECT_ZONE, Person

GRACE = timedelta(hours=1)
"""So late nobody calls it late."""

HELD_UP = timedelta(hours=1)
"""A letter that was on its way when the daemon died is looked into after that."""


class Broken(AssertionError):
    """A promise that was not kept."""


@dataclass(frozen=True)
class Promise:
    """One letter for one person. `due`: by the clock they had; `also`: by those they had before or came to have."""

    form: Form
    period: str
    person: Person
    due: datetime
    also: tuple[datetime, ...] = ()


@dataclass
class Verdict:
    """What a year came to, in letters."""

    promised: int = 0
    certain: int = 0
    arrived: int = 0
    on_record: int = 0
    reasons: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    posts: int = 0


def judge(life: Life) -> Verdict:
    """Raises Broken with the first promise that was not kept and what happened around it."""
    return _Judge(life).judge()


class _Judge:
    def __init__(self, life: Life) -> None:
        self.life, self.log = life, life.log
        self.verdict = Verdict()
        self.records = Records(life.database)
        self.got: dict[tuple[str, str], list[datetime]] = defaultdict(list)
        self.news: dict[str, list[tuple[datetime, list[str]]]] = defaultdict(list)
        for letter in life.postbox.arrived:
            name, *titles = letter.subject.split(" ")
            if name == NEWS:
                self.news[letter.email].append((letter.at, titles))
            else:
                self.got[name, letter.email].append(letter.at)

    def judge(self) -> Verdict:
        for form in FORMS:
            for person in self.life.world.people:
                if form.group in person.groups:
                    self._keep(form, person)
        for (name, email), moments in self.got.items():
            self._demand(
                not moments, f"{email} got {name} and nobody had promised it", moments[0] if moments else None
            )
        self._keep_news()
        return self.verdict

    def _keep(self, form: Form, person: Person) -> None:
        """One person's letters of one campaign, in order."""
        promises = list(self._promises(form, person))
        arrived: dict[str, datetime] = {}
        for moment in self.got.pop((form.name, person.email), []):
            # Of what passed meanwhile only the latest is ever sent late.
            fitting = [promise for promise in promises if self._belongs(promise, moment)]
            self._demand(
                bool(fitting), f"{person.email} got {form.name} at {moment}, no moment of it", moment
            )
            period = max(fitting, key=lambda promise: promise.due).period
            self._demand(period not in arrived, f"{person.email} got {form.name} {period} twice", moment)
            arrived[period] = moment
        first, last = _midnight(self.life.begin) + timedelta(days=2), self.life.now - timedelta(days=3)
        for promise in promises:
            # What opened before anybody looked, or may still be on its way at the end, is no promise.
            if first <= promise.due < last:
                self._one(promise, arrived.get(promise.period))

    def _one(self, promise: Promise, arrived: datetime | None) -> None:
        self.verdict.promised += 1
        certain = self._is_certain(promise)
        self.verdict.certain += certain
        if arrived is None:
            reason = self.records.reason(promise)
            self._demand(
                bool(reason), f"{_named(promise)}: nothing came, and no reason is on record", promise.due
            )
            self._demand(
                not certain,
                f"{_named(promise)}: nothing came ({reason}), though nothing stood against it",
                promise.due,
            )
            self.verdict.on_record += 1
            self.verdict.reasons[reason] += 1
            return
        self.verdict.arrived += 1
        self._demand(
            arrived >= promise.due or bool(promise.also),
            f"{_named(promise)} came early, at {arrived}",
            arrived,
        )
        if certain:
            looks = self.log.looks
            first = next(look for look in looks if look >= promise.due)
            self._demand(
                arrived <= first, f"{_named(promise)} came at {arrived}, after the look of {first}", arrived
            )

    def _promises(self, form: Form, person: Person) -> Iterator[Promise]:
        """Each period, when it is due on the clock they have then, and on others they had about that time."""
        written = getattr(person, form.of) if form.of else None
        for period, day in days_of(form, self.life.begin, END, written):
            if form.zone != READERS_OWN:
                due = instant(day, form.at, form.zone)
                also: tuple[datetime, ...] = ()
            else:
                known = self._zones(person, day)
                due = instant(day, form.at, known[0])
                also = tuple(instant(day, form.at, zone) for zone in known[1:])
            if due <= self.life.now:
                yield Promise(form, period, person, due, also)

    def _zones(self, person: Person, day: date) -> list[str]:
        """The clock somebody had in the days around a day; several where they moved then."""
        history = self.log.moved.get(person.number)
        if history is None:
            return [zone_of(person)]
        around = [_midnight(day) + timedelta(days=days) for days in (-3, 4)]
        found: list[str] = []
        for (begun, zone), end in zip(
            history, [*(at for at, _ in history[1:]), datetime.max.replace(tzinfo=UTC)], strict=True
        ):
            # The first entry says what they had before they first moved.
            since = (
                datetime.min.replace(tzinfo=UTC)
                if begun == history[0][0] and zone == history[0][1]
                else begun
            )
            if since < around[1] and end > around[0]:
                found.append(zone or PROJECT_ZONE)
        return list(dict.fromkeys(found))

    def _belongs(self, promise: Promise, moment: datetime) -> bool:
        """Whether a letter that arrived then may be this one: within what its file lets it be late."""
        earliest, latest = min((promise.due, *promise.also)), max((promise.due, *promise.also))
        late = max(promise.form.within or GRACE, GRACE) + HELD_UP
        if any(begun <= moment <= end for begun, end in self.log.astray):
            late += timedelta(days=2)
        return earliest <= moment <= latest + late

    def _is_certain(self, promise: Promise) -> bool:
        """Whether nothing at all stood against it: it must have come, at the first look after its moment."""
        due, person = promise.due, promise.person
        if promise.also or any(begun <= due <= end for begun, end in self.log.astray):
            return False
        if not any(due <= look <= due + GRACE for look in self.log.looks):
            return False
        left = self.log.left.get(person.number)
        if left is not None and left <= due + GRACE:
            return False
        before, after = due - timedelta(days=2), due + timedelta(hours=2)
        return not any(
            begun < after and end > before for begun, end in self.log.halted.get(promise.form.name, ())
        )

    def _keep_news(self) -> None:
        """Every post reaches every reader once, within two days; no reader gets two letters a day."""
        clock = ZoneInfo(PROJECT_ZONE)
        posts = [title for _, title in self.log.posted]
        for person in self.life.world.people:
            if "few" not in person.groups:
                continue
            letters = self.news.get(person.email, [])
            told = [title for _, titles in letters for title in titles]
            self._demand(len(told) == len(set(told)), f"{person.email} read of a post twice: {told}", None)
            self._demand(set(told) <= set(posts), f"{person.email} read of {set(told) - set(posts)}", None)
            days = [at.astimezone(clock).date() for at, _ in letters]
            self._demand(
                len(days) == len(set(days)), f"{person.email} got two letters on a day: {days}", None
            )
            for at, title in self.log.posted:
                self._news_of(person, at, title, title in told)

    def _news_of(self, person: Person, at: datetime, title: str, told: bool) -> None:
        self.verdict.posts += told
        left = self.log.left.get(person.number)
        if (
            told
            or (left is not None and left < at + timedelta(days=3))
            or at > self.life.now - timedelta(days=4)
        ):
            return
        troubled = [*self.log.astray, *self.log.blind, *self.log.halted.get(NEWS, ())]
        near = any(begun < at + timedelta(days=3) and end > at - timedelta(days=1) for begun, end in troubled)
        self._demand(near, f"{person.email} never read of {title}", at)

    def _demand(self, kept: bool, words: str, around: datetime | None) -> None:
        if kept:
            return
        broken = Broken(f"seed {self.life.seed}: {words}")
        trace = self.log.trace
        if around is not None:
            near = [f"{around + timedelta(hours=hours):%Y-%m-%d}" for hours in (-36, -12, 12, 36)]
            trace = [line for line in trace if line[:10] in near]
        broken.add_note("\n".join(trace[-120:]))
        broken.add_note(f"python -m tests.year --seed {self.life.seed}")
        raise broken


class Records:
    """What the ledger says of letters that did not come."""

    def __init__(self, database: Database) -> None:
        with database.read() as connection:
            found = connection.execute(text("SELECT id, campaign, occurrence, state, reason FROM runs")).all()
            self.runs = {(row[1], row[2]): (row[0], row[3], row[4] or "") for row in found}
            rows = connection.execute(
                text(
                    "SELECT d.run, c.customer_id, d.state, d.reason FROM deliveries d "
                    "JOIN customers c ON c.id = d.customer WHERE d.provider_id IS NULL"
                )
            ).all()
        self.letters = {(row[0], row[1]): (row[2], row[3] or "") for row in rows}

    def reason(self, promise: Promise) -> str:
        """A word for it; nothing where there is none."""
        found = self.runs.get((promise.form.name, promise.period))
        if found is None:
            return ""
        number, state, reason = found
        if state == "missed":
            return f"run missed: {reason.split(':')[0].split(';')[0].lstrip('0123456789 ')}" if reason else ""
        row = self.letters.get((number, promise.person.key))
        return (row[1] or (row[0] if row[0] == "uncertain" else "")) if row is not None else ""


def _named(promise: Promise) -> str:
    return f"{promise.form.name} {promise.period} to {promise.person.email} ({zone_of(promise.person)}), due {promise.due}"


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
