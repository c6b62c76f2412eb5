"""Recorded answers of two other calendars, wherever their rule can be said in a schedule of ours."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.calendar import occurrences
from tests.calendar.rules import WEEKDAYS, schedule
from tests.corpus import corpus_path

UTC_ZONE = ZoneInfo("UTC")
UNITS = {"DAILY": "days", "WEEKLY": "weeks", "MONTHLY": "months", "YEARLY": "years"}
TWO_LETTERS = {day[:2].upper(): day for day in WEEKDAYS}
NTH = {"1": "first", "2": "second", "3": "third", "4": "fourth", "-1": "last", "5": None, "L": "last"}
# In a month too short for it our day is the last one, theirs none.
NEVER_TOO_SHORT = 28


def from_rrule(text: str, start: datetime) -> dict[str, Any] | None:
    """The schedule that says the same as an RFC 5545 rule; None where there is none."""
    found = re.fullmatch(r"DTSTART:\S+\nRRULE:(\S+)", text)
    parts = dict(part.split("=") for part in found[1].split(";")) if found else {}
    unit = UNITS.get(parts.pop("FREQ", ""))
    written: dict[str, Any] = {"every": f"{parts.pop('INTERVAL', '1')} {unit}", "starting": str(start.date())}
    written["at"] = f"{start:%H:%M}"
    if "UNTIL" in parts:
        written["until"] = str(datetime.fromisoformat(parts.pop("UNTIL")).date())
    parts.pop("COUNT", None)
    if parts.get("WKST") == "MO":
        del parts["WKST"]
    days = parts.pop("BYDAY", "").split(",")
    in_month = parts.pop("BYMONTHDAY", "").split(",")
    if unit is None or parts or (len(in_month) > 1) or (in_month != [""] and unit != "months"):
        return None
    if days != [""] and unit in ("days", "weeks") and set(days) <= set(TWO_LETTERS):
        written["days"] = [TWO_LETTERS[day] for day in days]
    elif days != [""]:
        nth = re.fullmatch(r"\+?(-?\d)([A-Z]{2})", days[0])
        if nth is None or len(days) > 1 or unit != "months" or NTH.get(nth[1]) is None:
            return None
        written["day"] = f"{NTH[nth[1]]} {TWO_LETTERS[nth[2]]}"
    if in_month != [""]:
        written["day"] = "last day" if in_month[0] == "-1" else f"day {in_month[0]}"
    return written if start.day <= NEVER_TOO_SHORT else None


@pytest.mark.corpus
def test_rules_of_dateutils_own_tests() -> None:
    vectors = json.loads(corpus_path("schedules", "dateutil_rrule_vectors.json").read_text(encoding="utf-8"))
    compared = 0
    for vector in vectors:
        if vector["dtstart"] is None:
            continue
        start = datetime.fromisoformat(vector["dtstart"])
        written = from_rrule(vector["rfc5545"], start)
        if written is None or start.second:
            continue
        after = start.replace(tzinfo=UTC) - timedelta(seconds=1)
        found = occurrences(schedule(written), after, UTC_ZONE)
        expected = [datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in vector["expected"]]
        assert [one.at(UTC_ZONE) for one in islice(found, len(expected))] == expected, vector
        compared += 1
    assert compared == 24


def from_cron(expression: str) -> dict[str, Any] | None:
    """The schedule that says the same as a cron expression; None where there is none."""
    found = re.fullmatch(
        r"(\d+) (\d+) (\*|[1-9]\d?|L) (\*|[1-9]\d?) (\*|[a-z0-9,#L]+)", expression, re.IGNORECASE
    )
    if found is None:
        return None
    minute, hour, day, month, weekdays = found[0].upper().split()
    written: dict[str, Any] = {"at": f"{int(hour):02d}:{int(minute):02d}", "every": "day"}
    if day != "*" and weekdays == "*" and month == "*":
        if day != "L" and int(day) > NEVER_TOO_SHORT:
            return None
        return {**written, "every": "month", "day": "last day" if day == "L" else f"day {day}"}
    if day != "*":
        if weekdays != "*" or day == "L" or int(day) > NEVER_TOO_SHORT:
            return None
        first = date(1970, int(month), int(day))
        return {**written, "every": "year", "starting": str(first)}
    if month != "*":
        return None
    if weekdays == "*":
        return written
    nth = re.fullmatch(r"(\w)#(\d)", weekdays)
    if nth is not None and nth[1].isdecimal() and NTH.get(nth[2]):
        return {**written, "every": "month", "day": f"{NTH[nth[2]]} {WEEKDAYS[int(nth[1]) - 1]}"}
    names = [WEEKDAYS[int(day) - 1] if day.isdecimal() else day.lower() for day in weekdays.split(",")]
    if not set(names) <= set(WEEKDAYS):
        return None
    return {**written, "every": "week", "days": names}


@pytest.mark.corpus
def test_expressions_of_croniters_own_tests() -> None:
    recorded = json.loads(corpus_path("schedules", "croniter_vectors.json").read_text(encoding="utf-8"))
    compared, zoned = 0, 0
    for vector in recorded["vectors"]:
        written = from_cron(vector["expr"])
        ahead = all(
            step[0] == "next" and isinstance(step[-1], dict) and "dt" in step[-1] for step in vector["steps"]
        )
        if written is None or vector["kwargs"] or not ahead or not vector["steps"]:
            continue
        zone = ZoneInfo(vector["start"]["tz"] or "UTC")
        expected = [moment(step[-1], zone) for step in vector["steps"]]
        # Where clocks go back croniter names the same wall time twice; ours is the first.
        walls = [at.astimezone(zone).replace(tzinfo=None, fold=0) for at in expected]
        expected = [at for number, at in enumerate(expected) if walls[number] not in walls[:number]]
        found = occurrences(schedule(written), moment(vector["start"], zone), zone)
        assert [one.at(zone) for one in islice(found, len(expected))] == expected, vector
        compared += 1
        zoned += vector["start"]["tz"] is not None
    assert (compared, zoned) == (23, 15)


def moment(recorded: dict[str, Any], zone: ZoneInfo) -> datetime:
    """A recorded moment in UTC."""
    at = datetime.fromisoformat(recorded["dt"])
    return (at if at.tzinfo else at.replace(tzinfo=zone, fold=recorded["fold"])).astimezone(UTC)
