"""Small worlds of past letters made up from a seed, in which every edge of a rule is often met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from engine.audience.clocks import Clocks
from engine.audience.contact import Contact
from engine.definitions.schema.wording import Weekday
from engine.model.contact import Label, Touch
from engine.model.duration import Duration, Unit
from engine.model.stage import Stage
from engine.policy.deciding import Facts, end_of_day, leaves
from engine.policy.quiet import Hours, Quiet
from engine.policy.rules import Balance, ByPeople, Cadence, Cap, Hold, Rules
from engine.policy.sunset import Ladder, Rung
from engine.store import tables, touches
from engine.store.database import Database
from engine.store.touches import TOUCHED, WAITING
from tests.audience.people import person

NOW = datetime(2027, 3, 29, 9, 30, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
ZONES = ["Europe/London", "Pacific/Auckland", "America/Los_Angeles", "Nowhere/Atall", None]
TIERS = ["gold", "silver", None]
STATES = [*TOUCHED, *WAITING, "skipped", "failed", "held_out", "cancelled"]
SPANS = ["1 day", "2 days", "7 days", "1 week", "1 month", "3 months", "1 year", "30 hours"]
HOLD = Hold("complainers", "policy.yaml:9", "no marketing for complainers now")


@dataclass(frozen=True)
class Past:
    """One letter: who, which run, its state, and when it left or is due."""

    key: str
    run: int
    state: str
    at: datetime


@dataclass
class World:
    """People, runs with their labels, letters, and the rules of one campaign.

    `visits`: whom somebody touched, how, when. `stages`: of sunset, and whether there was a sign of life since.
    """

    people: list[dict[str, Any]]
    runs: dict[int, Label]
    letters: list[Past]
    rules: Rules
    unfinished: frozenset[int] = frozenset()
    visits: tuple[tuple[str, str, datetime], ...] = ()
    zones: Mapping[str, ZoneInfo] = field(default_factory=dict)
    stages: Mapping[str, tuple[Stage, bool]] = field(default_factory=dict)

    def zone(self, somebody: Mapping[str, Any]) -> ZoneInfo:
        name = somebody["time_zone"]
        return ZoneInfo(name) if name and name != "Nowhere/Atall" else LONDON

    def due(self, zone: ZoneInfo) -> datetime:
        """At 09:30 on everybody's own clock, London's at the latest."""
        local = NOW.astimezone(LONDON).replace(tzinfo=None)
        return max(local.replace(tzinfo=zone).astimezone(UTC), NOW)

    def facts(self, somebody: Mapping[str, Any]) -> Facts:
        """What is known of one person, read from the made-up letters."""
        zone = self.zone(somebody)
        own = [letter for letter in self.letters if letter.key == somebody["customer_id"]]
        end = end_of_day(leaves(self.rules, zone, LONDON, self.due(zone)), zone)
        waiting = [
            self.runs[letter.run]
            for letter in own
            if letter.state in WAITING
            and letter.run in self.unfinished
            and self.runs[letter.run].campaign in self.rules.ahead
            and (letter.state == "claimed" or letter.at < end)
        ]
        return Facts(
            zone,
            LONDON,
            [
                *(Touch(letter.at, self.runs[letter.run]) for letter in own if letter.state in TOUCHED),
                *(
                    Touch(at, self.rules.people.label(kind))
                    for key, kind, at in self.visits
                    if key == somebody["customer_id"] and kind in self.rules.people.kinds
                ),
            ],
            waiting,
            somebody["fields"].get("tier") or "",
            [HOLD] if self.rules.holds and somebody["fields"].get("points") == 1.0 else [],
            self.stage(somebody["customer_id"]),
        )

    def stage(self, key: str) -> str:
        """The stage of sunset somebody is in, unless they gave a sign of life since."""
        stage, is_back = self.stages.get(key, (Stage.ENGAGED, True))
        return "" if is_back else str(stage)

    def store(self, database: Database, ids: Mapping[str, int]) -> None:
        """Puts runs and letters where the store keeps them."""
        with database.write() as connection:
            for number, label in self.runs.items():
                state = "sending" if number in self.unfinished else "done"
                left = [
                    letter.at
                    for letter in self.letters
                    if (letter.run, letter.state in TOUCHED) == (number, True)
                ]
                connection.execute(
                    insert(tables.runs).values(
                        id=number,
                        campaign=label.campaign,
                        occurrence=str(number),
                        state=state,
                        as_of=NOW,
                        created_at=NOW,
                        finished_at=None
                        if state == "sending"
                        else max(left, default=NOW - timedelta(days=400)),
                    )
                )
                touches.label(connection, number, label)
            for letter in self.letters:
                left = letter.state in TOUCHED or letter.state == "retry_wait"
                due = letter.state in ("planned", "retry_wait")
                connection.execute(
                    insert(tables.deliveries).values(
                        run=letter.run,
                        customer=ids[letter.key],
                        state=letter.state,
                        submitted_at=letter.at if left else None,
                        due_at=letter.at if due else None,
                    )
                )

            for key, (stage, is_back) in self.stages.items():
                since = NOW - timedelta(days=40)
                row = {
                    "customer": ids[key],
                    "stage": stage,
                    "since": since,
                    "silent_since": since,
                    "letters": 3,
                }
                connection.execute(insert(tables.stages).values(row))
                events = tables.events
                for name, days in (("order_placed", 39 if is_back else 41), ("opened", 1)):
                    at, identity = NOW - timedelta(days=days), f"{key} {name}".encode()
                    told = {
                        "customer": ids[key],
                        "name": name,
                        "at": at,
                        "identity": identity,
                        "source": "test",
                    }
                    connection.execute(insert(events).values(told))
            for key, kind, at in self.visits:
                connection.execute(
                    insert(tables.touches).values(
                        customer=ids[key], kind=kind, at=at, text="hello", recorded_at=at
                    )
                )

    def contact(self, connection: Any) -> Contact:
        """The same as the plan of a run asks with."""
        return Contact(
            self.rules,
            Clocks.reading([somebody["time_zone"] or "" for somebody in self.people], LONDON),
            self.due,
            lambda since: touches.recent_runs(connection, since),
            touches.unfinished_runs(connection, self.rules.ahead) if self.rules.ahead else {},
        )


def made(chance: Random) -> World:
    """A world from a seed."""
    people = [
        person(
            f"c{number}",
            f"c{number}@acme.example",
            time_zone=chance.choice(ZONES),
            topics={"news": True},
            tier=chance.choice(TIERS),
            points=chance.choice([1.0, 2.0, None]),
        )
        for number in range(8)
    ]
    runs = {number: label(chance, chance.choice(["digest", "sale", "note"])) for number in range(1, 8)}
    letters = [
        Past(somebody["customer_id"], number, chance.choice(STATES), moment(chance))
        for somebody in people
        for number in runs
        if chance.random() < 0.7
    ]
    unfinished = frozenset(number for number in runs if chance.random() < 0.4)
    visits = tuple(
        (somebody["customer_id"], chance.choice(["call", "gift"]), moment(chance))
        for somebody in people
        for _ in range(chance.choice([0, 0, 1, 3]))
    )
    known = rules(chance)
    stages = {
        somebody["customer_id"]: (chance.choice(list(Stage)[1:]), chance.random() < 0.2)
        for somebody in people
        if chance.random() < 0.5
    }
    return World(people, runs, letters, known, unfinished, visits, stages=stages)


def label(chance: Random, campaign: str) -> Label:
    return Label(
        campaign,
        chance.choice(["marketing", "service"]),
        chance.choice(["", "give", "sell"]),
        chance.choice(["", "news"]),
        tuple(chance.sample(["loud", "gift"], chance.randint(0, 2))),
        chance.random() < 0.8,
    )


def moment(chance: Random) -> datetime:
    """Often at an edge: whole spans before the letter, midnight, a moment too early or too late."""
    start = chance.choice([NOW, NOW.replace(hour=0, minute=0), NOW.replace(hour=23, minute=0)])
    back = chance.choice([0, 1, 2, 6, 7, 8, 14, 27, 28, 29, 30, 31, 60, 90, 200, 364, 366])
    shift = timedelta(hours=chance.choice([0, 0, 1, -1, 12, 30]), microseconds=chance.choice([0, 1, -1]))
    return start - timedelta(days=back) + shift


def span(chance: Random, choices: Sequence[str] = SPANS) -> Duration:
    count, unit = chance.choice(choices).split()
    return Duration(int(count), Unit(unit.removesuffix("s")))


def cap(chance: Random, number: int) -> Cap:
    calendar = chance.random() < 0.3
    return Cap(
        chance.choice([0, 1, 1, 2, 2, 3]) if chance.random() < 0.9 else 1,
        Duration(1, chance.choice([Unit.DAY, Unit.WEEK, Unit.MONTH])) if calendar else span(chance),
        calendar,
        chance.choice(["", "", "marketing"]),
        chance.choice(["", "", "sell"]),
        chance.choice(["", "", "news"]),
        chance.choice(["", "", "loud"]),
        f"policy.yaml:{number}",
    )


def rules(chance: Random) -> Rules:
    cadence = Cadence(
        "tier", {"gold": span(chance)}, span(chance), {"gold": "c.yaml:5", "otherwise": "c.yaml:6"}
    )
    most = chance.choice([0, 1, 1, 2])
    balance = Balance("sell", most, most + chance.randint(1, 3), chance.choice([0, 0, 2]), "policy.yaml:7")
    hours = Hours(time(chance.randint(0, 23)), time(chance.randint(0, 23), 30))
    closed = tuple(chance.sample(list(Weekday), chance.randint(0, 2)))
    return Rules(
        label(chance, "digest"),
        (HOLD,) if chance.random() < 0.3 else (),
        cadence if chance.random() < 0.4 else None,
        tuple(cap(chance, number) for number in range(chance.choice([0, 1, 1, 2]))),
        balance if chance.random() < 0.5 else None,
        Quiet(hours, closed, chance.choice(["recipient", "project", "Asia/Tokyo"]))
        if chance.random() < 0.4
        else None,
        ("sale", "note")[: chance.randint(0, 2)],
        "policy.yaml:12",
        people=ByPeople(
            tuple(chance.sample(["call", "gift"], chance.randint(0, 2))),
            chance.choice(["service", "marketing"]),
            chance.choice(["inform", "sell"]),
        ),
        sunset=ladder(chance) if chance.random() < 0.5 else None,
    )


def ladder(chance: Random) -> Ladder:
    rungs = {
        stage: Rung(stage, 100, "", span(chance) if chance.random() < 0.8 else None, f"policy.yaml:{place}")
        for place, stage in enumerate([Stage.COOLING, Stage.LAST_ASK, Stage.DORMANT], 20)
    }
    return Ladder(("clicked", "order_placed"), 3, rungs, chance.choice(["digest", "ask"]))
