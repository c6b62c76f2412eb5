"""Segments evaluated slowly and plainly, person by person, as the documentation says they mean.

Shares no code with the compiler: it reads the written YAML-like dictionaries, not the models, and keeps its own
calendar. When this and the SQL disagree, one of them is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

Written = Mapping[str, Any]
BUILT_IN = {"email": "text", "customer_id": "text", "time_zone": "text", "language": "text", "tags": "list"}


class Oracle:
    """People as dictionaries: `fields` by name, `events` as (name, moment, fields), `topics` as name to yes/no."""

    def __init__(
        self,
        people: list[dict[str, Any]],
        segments: Mapping[str, Written],
        kinds: Mapping[str, str],
        as_of: datetime,
        zone: ZoneInfo,
    ) -> None:
        self.people = people
        self.segments = segments
        self.kinds = {**BUILT_IN, **kinds}
        self.as_of = as_of
        self.zone = zone

    def members(self, name: str) -> set[str]:
        """The keys of everybody in the segment."""
        if not self.meaningful(name, ()):
            return set()
        segment = self.segments[name]
        parts = []
        if "all" in segment:
            parts += list(segment["all"])
        if "any" in segment:
            parts.append({"any": segment["any"]})
        if "not" in segment:
            parts.append({"not": segment["not"]})
        chosen = [p for p in self.people if (not parts and "top" in segment) or self.every(p, parts)]
        if "top" in segment:
            chosen.sort(key=lambda p: p["customer_id"].encode())
            with_value = [p for p in chosen if p["fields"].get(segment["by"]) is not None]
            without = [p for p in chosen if p["fields"].get(segment["by"]) is None]
            with_value.sort(key=lambda p: p["fields"][segment["by"]], reverse=True)
            chosen = (with_value + without)[: segment["top"]]
        return {p["customer_id"] for p in chosen}

    def meaningful(self, name: str, above: tuple[str, ...]) -> bool:
        segment = self.segments.get(name)
        if segment is None or name in above:
            return False
        if "top" not in segment and not segment.get("all") and "any" not in segment and "not" not in segment:
            return False
        mentioned: list[str] = []
        for key in ("all", "any", "not"):
            if key in segment:
                collect(segment[key], mentioned)
        return all(self.meaningful(other, (*above, name)) for other in mentioned)

    def every(self, person: dict[str, Any], conditions: list[Written]) -> bool:
        return bool(conditions) and all(self.holds(person, condition) for condition in conditions)

    def holds(self, person: dict[str, Any], condition: Written) -> bool:
        if "all" in condition:
            return self.every(person, as_list(condition["all"]))
        if "any" in condition:
            return any(self.holds(person, part) for part in as_list(condition["any"]))
        if "not" in condition:
            parts = as_list(condition["not"])
            return bool(parts) and not self.every(person, parts)
        if "segment" in condition:
            return person["customer_id"] in self.members(condition["segment"])
        if "subscribed" in condition:
            return bool(person["email"]) and person["topics"].get(condition["subscribed"]) is True
        if "offer" in condition:
            return self.offer_holds(person, condition)
        if "event" in condition:
            return self.event_holds(person, condition)
        return self.field_holds(person, condition)

    def offer_holds(self, person: dict[str, Any], condition: Written) -> bool:
        wanted = condition.get("is", "given")
        given = [
            at
            for offer, letter, code, at, ends in person["offers"]
            if offer == condition["offer"]
            and at <= self.as_of
            and letter in ("accepted", "delivered", "bounced", "complained", "uncertain")
            and (wanted == "given" or code == {"used": "used", "unused": "reserved"}[wanted])
            and ("expires_within" not in condition or self.ends_soon(code, ends, condition["expires_within"]))
        ]
        if "within" in condition:
            given = [at for at in given if at >= self.back(condition["within"])]
        if "not_within" in condition:
            return not [at for at in given if at >= self.back(condition["not_within"])]
        return bool(given)

    def ends_soon(self, code: str, ends: datetime | None, span: str) -> bool:
        return code == "reserved" and ends is not None and self.as_of < ends <= self.forth(span)

    def field_holds(self, person: dict[str, Any], condition: Written) -> bool:
        name = condition["field"]
        if name == "topics":
            words = {topic for topic, yes in person["topics"].items() if yes}
            value: Any = tuple(sorted(words)) or None
            tests = {key: test for key, test in condition.items() if key != "field"}
            return all(
                (value is not None) is test if key == "known" else bool(words & set(as_list(test)))
                for key, test in tests.items()
            )
        value = person["fields"].get(name) if name not in BUILT_IN else person.get(name)
        if value in ((), ""):
            value = None
        kind = self.kinds[name]
        return all(
            self.field_test(name, kind, value, key, test) for key, test in condition.items() if key != "field"
        )

    def field_test(self, name: str, kind: str, value: Any, key: str, test: Any) -> bool:
        if key == "known":
            return (value is not None) is test
        if value is None:
            return False
        wanted = as_list(test)
        if kind == "date" and key in ("within", "not_within"):
            first = self.back(test).astimezone(self.zone).date()
            inside = first <= value <= self.as_of.astimezone(self.zone).date()
            return inside is (key == "within")
        if kind == "date":
            days = [date.fromisoformat(text) for text in wanted]
            return {
                "is": value in days,
                "is_not": value not in days,
                "before": value < days[0],
                "after": value > days[0],
            }[key]
        if kind == "moment":
            return self.moment_test(value, key, test)
        if kind == "list":
            entries = [small(entry) for entry in value]
            if key == "contains":
                return any(small(text) in entries for text in wanted)
            return (entries in [[small(text)] for text in wanted]) is (key == "is")
        if key == "contains":
            return any(small(text) in small(value) for text in wanted)
        if key == "starts_with":
            return small(value).startswith(small(test))
        if key == "ends_with":
            return small(value).endswith(small(test))
        if key == "at_least":
            return bool(value >= test)
        if key == "at_most":
            return bool(value <= test)
        if name == "email":
            return (small(value) in [small(text) for text in wanted]) is (key == "is")
        return (value in wanted) is (key == "is")

    def moment_test(self, value: datetime, key: str, test: Any) -> bool:
        if key in ("within", "not_within"):
            return (self.back(test) <= value <= self.as_of) is (key == "within")
        if key in ("before", "after"):
            return self.lies(value, key, test)
        same = any(
            not self.lies(value, "before", one) and not self.lies(value, "after", one)
            for one in as_list(test)
        )
        return same is (key == "is")

    def lies(self, value: datetime, key: str, bound: str) -> bool:
        """Before or after a day, or a moment on the project's clock."""
        if len(bound) == 10:
            here = value.astimezone(self.zone).date()
            return here < day(bound) if key == "before" else here > day(bound)
        moment = datetime.fromisoformat(bound).replace(tzinfo=self.zone).astimezone(UTC)
        return value < moment if key == "before" else value > moment

    def event_holds(self, person: dict[str, Any], condition: Written) -> bool:
        happened = [event for event in person["events"] if event[1] <= self.as_of]
        found = [
            event
            for event in happened
            if event[0] == condition["event"]
            and all(self.event_test(event[2], test) for test in as_list(condition.get("where", [])))
            and not self.followed(event, happened, condition)
        ]
        if "within" in condition:
            found = [event for event in found if event[1] >= self.back(condition["within"])]
        for key in ("before", "after"):
            if key in condition:
                found = [event for event in found if self.lies(event[1], key, condition[key])]
        if "not_within" in condition:
            return not [event for event in found if event[1] >= self.back(condition["not_within"])]
        count = condition.get("count", {"at_least": 1})
        number = (
            len({event[1].astimezone(UTC).date() for event in found}) if "distinct" in count else len(found)
        )
        if "at_least" not in count and "at_most" not in count:
            return number >= 1
        return count.get("at_least", 0) <= number <= count.get("at_most", number)

    def followed(self, event: Any, happened: list[Any], condition: Written) -> bool:
        name = condition.get("without_later")
        if name is None:
            return False
        for other in happened:
            if other[0] != name or other[1] < event[1] or (name == event[0] and other[1] == event[1]):
                continue
            same = condition.get("same")
            if same is None:
                return True
            mine, theirs = event[2].get(same), other[2].get(same)
            if mine is not None and mine == theirs and sort(mine) == sort(theirs):
                return True
        return False

    def event_test(self, fields: Mapping[str, Any], tests: Written) -> bool:
        value = fields.get(tests["field"])
        return all(self.event_value_test(value, key, test) for key, test in tests.items() if key != "field")

    def event_value_test(self, value: Any, key: str, test: Any) -> bool:
        if key == "known":
            return (value is not None) is test
        if value is None:
            return False
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if key in ("is", "is_not"):
            same = any(alike(value, wanted) for wanted in as_list(test))
            return same is (key == "is")
        if key in ("at_least", "at_most"):
            return number and (value >= test if key == "at_least" else value <= test)
        if not isinstance(value, str):
            return False
        if key in ("within", "not_within", "before", "after"):
            return self.day_test(value, key, test)
        if key == "contains":
            return any(small(text) in small(value) for text in as_list(test))
        return (
            small(value).startswith(small(test))
            if key == "starts_with"
            else small(value).endswith(small(test))
        )

    def day_test(self, value: str, key: str, test: str) -> bool:
        """An event's own field that begins like an ISO date."""
        if value[4:5] != "-" or value[7:8] != "-" or len(value) < 10:
            return False
        then = value[:10]
        if key == "before":
            return then < test
        if key == "after":
            return then > test
        first, today = self.back(test).astimezone(self.zone).date(), self.as_of.astimezone(self.zone).date()
        return (str(first) <= then <= str(today)) is (key == "within")

    def forth(self, span: str) -> datetime:
        """The moment that long after, counted the same way."""
        number, unit = span.split()
        count, unit = int(number), unit.rstrip("s")
        if unit in ("minute", "hour"):
            return self.as_of + timedelta(**{f"{unit}s": count})
        local = self.as_of.astimezone(self.zone)
        return local + relativedelta(**{f"{unit}s": count})  # type: ignore[arg-type]

    def back(self, span: str) -> datetime:
        """The moment that long before: calendar units on the project's clock, hours and minutes as they pass."""
        number, unit = span.split()
        count, unit = int(number), unit.rstrip("s")
        if unit in ("minute", "hour"):
            return self.as_of - timedelta(**{f"{unit}s": count})
        local = self.as_of.astimezone(self.zone)
        return local - relativedelta(**{f"{unit}s": count})  # type: ignore[arg-type]


def alike(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, bool):
        return value is wanted
    if isinstance(value, bool):
        return False
    if isinstance(value, str):
        return value == str(wanted)
    try:
        return bool(value == float(wanted))
    except ValueError:
        return False


def sort(value: Any) -> str:
    """What JSON calls it; Python thinks that True is 1."""
    return "boolean" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"


def collect(written: Any, names: list[str]) -> None:
    """Every segment name mentioned anywhere inside."""
    if isinstance(written, list):
        for part in written:
            collect(part, names)
    elif isinstance(written, dict):
        if "segment" in written:
            names.append(written["segment"])
        for key in ("all", "any", "not"):
            if key in written:
                collect(written[key], names)


def as_list(written: Any) -> list[Any]:
    return list(written) if isinstance(written, list | tuple) else [written]


def day(text: str) -> date:
    return date.fromisoformat(text)


def small(text: str) -> str:
    """Capitals and small letters are one where they are two letters of equal length that change into each other."""
    pairs = ((letter, letter.lower()) for letter in text)
    return "".join(low if len(low) == 1 and low.upper() == letter else letter for letter, low in pairs)
