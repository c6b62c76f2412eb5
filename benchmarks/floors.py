"""What it costs to know who will be silent, among a million customers with twenty past letters each, and to act on it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Connection, func, select

from benchmarks.planning import NOW, served
from benchmarks.ways.starting import peak
from engine.audience import silences, silences_acted, silences_prevented, silences_told
from engine.audience.rulebook import Rulebook
from engine.audience.selection import Selection, audience_select
from engine.audience.silences import Outlook
from engine.audience.silences_told import Narrowed
from engine.model.duration import Duration, Unit
from engine.policy.floors import Floor, Floors, Silence
from engine.store import runs, touches
from engine.store.database import Database
from engine.store.ledger import plan

FLOORS = Floors(
    "tier",
    (
        Floor("gold", Duration(30, Unit.DAY), Duration(6, Unit.MONTH), "policy.yaml:3"),
        Floor("silver", Duration(6, Unit.WEEK), None, "policy.yaml:4"),
        Floor("", Duration(60, Unit.DAY), None, "policy.yaml:5"),
    ),
    Duration(3, Unit.DAY),
    fill=("letter-1", "owner"),
)
WITHIN = timedelta(days=30)


class GivenUp(Exception):
    """Leaves a transaction without keeping it."""


def measured(database: Database, rules: Rulebook) -> dict[str, dict[str, float]]:
    """Every step of a day, in one transaction that is given up."""
    found: dict[str, dict[str, float]] = {}

    def step(name: str, act: Callable[[], int]) -> None:
        began, used = time.perf_counter(), time.process_time() + served(database)
        people = act()
        found[name] = {
            "people": people,
            "seconds": time.perf_counter() - began,
            "cpu": time.process_time() + served(database) - used,
            "peak": peak(),
        }

    with contextlib.suppress(GivenUp), database.write() as connection:
        outlook = Outlook(FLOORS, rules, touches.recent_runs(connection, None))
        step("silent: laid out", lambda: _laid_out(connection, outlook))
        step("silent: told", lambda: _told(connection, outlook))
        step("a filler's run", lambda: _filled(connection, rules))
        step("tasks for owners", lambda: silences_acted.make_tasks(connection, outlook, NOW))
        step("missed floors noted", lambda: silences_acted.note_missed(connection, outlook, NOW))
        raise GivenUp
    return found


def _laid_out(connection: Connection, outlook: Outlook) -> int:
    silences.lay_out(connection, outlook, outlook.today + WITHIN)
    return int(connection.execute(select(func.count()).select_from(silences.silences)).scalar_one())


def _told(connection: Connection, outlook: Outlook) -> int:
    numbers = silences_told.numbers(connection, outlook, Narrowed())
    silences_told.page(connection, outlook, Narrowed(), 50, 0)
    return sum(number for key, number in numbers.customers.items() if key[0] is Silence.HEAR_FROM_US)


def _filled(connection: Connection, rules: Rulebook) -> int:
    run, _ = runs.get_or_create(connection, "letter-1", "floor", as_of=NOW, now=NOW)
    selection = Selection(
        "letter-1", "floor", ("readers",), topic="newsletter", among=silences_prevented.open_customers()
    )
    people = plan.freeze(connection, run.id, audience_select(rules, selection), NOW)
    silences_prevented.prevented_by_run(connection, run.id, "letter-1")
    return people
