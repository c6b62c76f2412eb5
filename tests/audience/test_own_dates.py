"""Whose date is due, asked of the database, agrees with the calendar asked the other way round."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from engine.audience.own_dates import is_due
from engine.audience.rulebook import rulebook
from engine.calendar import days_due
from engine.definitions.schema.campaign import Campaign
from engine.flows.plan.timing import dates_of
from engine.store import fields
from engine.store.database import Database
from tests.builders import NOW, add_customers

LONDON = ZoneInfo("Europe/London")
SCHEDULES = (
    {"before": "own", "by": "30 days"},
    {"after": "own", "by": "1 month"},
    {"before": "own", "by": "1 month"},
    {"after": "own"},
    {"after": "own", "every": "year"},
    {"before": "own", "by": "2 weeks", "every": "year"},
    {"before": "own", "by": "1 month", "every": "year"},
    {"after": "own", "every": "year", "days": ["mon", "wed"], "if_skipped": "next day"},
)


def campaign(schedule: dict[str, object]) -> Campaign:
    return Campaign.model_validate(
        {
            "campaign": "dates",
            "purpose": "service",
            "audience": {"include": ["everybody"]},
            "sender": "team",
            "content": {"template": "note.html", "subject": "Hello"},
            "schedule": schedule,
        }
    )


def dates(chance: random.Random) -> list[date]:
    found = [date(2024, 2, 29), date(2023, 2, 28), date(2023, 3, 1), date(2026, 12, 31), date(1950, 1, 1)]
    found += [date(2026, 1, 1) + timedelta(days=chance.randrange(800)) for _ in range(40)]
    return found + [date(1940, 1, 1) + timedelta(days=chance.randrange(30000)) for _ in range(40)]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: " ".join(map(str, schedule.values())))
@pytest.mark.parametrize("kind", ["date", "moment"])
def test_the_database_finds_whom_the_calendar_means(
    database: Database, schedule: dict[str, object], kind: str
) -> None:
    chance = random.Random(7)
    wanted = dates(chance)
    values: list[dict[str, object]] = [
        {
            "own": day
            if kind == "date"
            else datetime(day.year, day.month, day.day, 0, 30, tzinfo=LONDON).astimezone(UTC)
        }
        for day in wanted
    ]
    people = add_customers(database, len(wanted), kinds={"own": kind}, values=values, topic=None)
    add_customers(database, 1, kinds={"own": kind}, start=9000, topic=None)
    declared = fields.ensure(database, {"own": kind}, NOW)
    rules = rulebook(database, {}, declared, as_of=NOW, zone=LONDON)
    chosen = campaign(schedule)
    assert chosen.schedule is not None
    days = [date(2027, 2, 27) + timedelta(days=number) for number in range(4)]
    days += [date(2026, 1, 1) + timedelta(days=chance.randrange(1000)) for _ in range(8)]
    with database.read() as connection:
        for day in sorted(days):
            moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
            own = dates_of(chosen, day.isoformat(), moment, LONDON)
            assert own is not None
            query = select(rules.customers.c.id).where(is_due(rules.customers, own, rules))
            found = set(connection.execute(query).scalars())
            expected = {
                number
                for number, written in zip(people, wanted, strict=True)
                if next(days_due(chosen.schedule, written, day), None) == day
            }
            assert found == expected, day
