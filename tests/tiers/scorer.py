"""A slow scorer in plain Python, one customer at a time, sharing nothing with the SQL but the meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


@dataclass
class Person:
    """Row number, tier now, fields, and events: name, moment, amount."""

    id: int
    tier: str
    signed_up: date | None
    seen: datetime | None
    referrals: float | None
    events: Sequence[tuple[str, datetime, float | None]]
    pinned: str = ""
    changed_at: datetime | None = None


def back(now: datetime, days: int) -> datetime:
    """So many days earlier on London's clock."""
    return now.astimezone(LONDON) - timedelta(days=days)


def since(now: datetime, at: datetime) -> timedelta:
    return now - at


def value(criterion: Mapping[str, Any], person: Person, now: datetime) -> Any:
    """What the criterion finds, the larger the better; None for nothing. `days` stands for `within: N days`."""
    days = criterion.get("days")

    def those(name: str, first: int = 0) -> list[tuple[str, datetime, float | None]]:
        found = [each for each in person.events if each[0] == name and each[1] <= now]
        if days is None:
            return found
        start, end = back(now, first + days), back(now, first) if first else now
        return [each for each in found if start < each[1] <= end]

    def total(these: list[tuple[str, datetime, float | None]]) -> Fraction | None:
        amounts = [Fraction(str(each[2])) for each in these if each[2] is not None and abs(each[2]) <= 10**11]
        return sum(amounts, Fraction(0)) if amounts else None

    match criterion:
        case {"sum": _}:
            return total(those("order"))
        case {"count": name}:
            return len(those(name)) or None
        case {"since_last": name}:
            moments = [each[1] for each in those(name)]
            return -since(now, max(moments)) if moments else None
        case {"since": "signed_up"}:
            today = now.astimezone(LONDON).date()
            return None if person.signed_up is None else today - person.signed_up
        case {"since": "seen"}:
            return None if person.seen is None else now - person.seen
        case {"growth": _}:
            lately, before = total(those("order")), total(those("order", days))
            return None if lately is None and before is None else (lately or 0) - (before or 0)
        case {"field": _}:
            return None if person.referrals is None else Fraction(str(person.referrals))
    raise AssertionError(criterion)


def bands(criterion: Mapping[str, Any], found: Mapping[int, Any], now: datetime) -> dict[int, int]:
    """Each person's band: those with a value in groups of equal size, equals together, or by limits."""
    groups = criterion["bands"]
    known = [each for each in found.values() if each is not None]
    result = {}
    for person, mine in found.items():
        if mine is None:
            result[person] = 1
        elif isinstance(groups, int):
            result[person] = 1 + sum(other < mine for other in known) * groups // len(known)
        else:
            result[person] = 1 + sum(mine >= _limit(criterion, limit, now) for limit in groups)
    return result


def _limit(criterion: Mapping[str, Any], limit: Any, now: datetime) -> Any:
    if "since_last" in criterion:
        return -since(now, back(now, limit))
    if criterion.get("since") == "signed_up":
        return timedelta(days=limit)
    if criterion.get("since") == "seen":
        return since(now, back(now, limit))
    return Fraction(str(limit))


def tiers(
    people: Sequence[Person],
    criteria: Sequence[Mapping[str, Any]],
    rules: Sequence[tuple[str, str, float]],
    order: Sequence[str],
    otherwise: str,
    keep_days: int | None,
    now: datetime,
) -> dict[int, tuple[int, int | None, str]]:
    """Points, place and tier of each person. `rules`: tier, `top`, `share` or `at_least`, number; best first."""
    found = [{person.id: value(each, person, now) for person in people} for each in criteria]
    banded = [bands(each, values, now) for each, values in zip(criteria, found, strict=True)]
    points = {
        person.id: sum(
            each.get("weight", 1) * band[person.id] for each, band in zip(criteria, banded, strict=True)
        )
        for person in people
    }
    ranked = [person for person in people if any(values[person.id] is not None for values in found)]
    ranked.sort(key=lambda person: person.id)
    for values in reversed(found):
        ranked.sort(key=lambda person: (values[person.id] is None, _least_first(values[person.id])))
    ranked.sort(key=lambda person: -points[person.id])
    place = {person.id: number for number, person in enumerate(ranked, 1)}
    result = {}
    for person in people:
        tier = otherwise
        for name, kind, number in reversed(rules):
            mine = place.get(person.id)
            if mine is None:
                continue
            limit = number * len(ranked) // 100 if kind == "share" else number
            if points[person.id] >= number if kind == "at_least" else mine <= limit:
                tier = name
        if person.pinned:
            tier = person.pinned
        elif keep_days is not None and person.tier and person.changed_at is not None:
            falls = not tier or order.index(tier) > order.index(person.tier)
            if falls and back(now, keep_days) < person.changed_at <= now:
                tier = person.tier
        result[person.id] = (points[person.id], place.get(person.id), tier)
    return result


def _least_first(found: Any) -> Any:
    """So that the largest comes first where everything else is sorted upwards."""
    return 0 if found is None else -found
