"""People and segments made up from a seed: small worlds in which every edge of a condition is often met."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from tests.audience.people import NOW, Given, person

WORDS = ["tea", "Tea", "coffee", "cof", "ÉTÉ", "été", "ß", "SS", "a'b", "%", "_", "İ", "x"]
NUMBERS = [-1.0, 0.0, 0.5, 1.0, 2.0, 10.0, 1e6]
EVENTS = ["order", "complaint", "resolved"]
TOPICS = ["news", "offers"]
SHARED = "autumn"
OFFERS = ["spring", "summer", SHARED]
LETTERS = [
    "accepted",
    "delivered",
    "bounced",
    "complained",
    "uncertain",
    "planned",
    "submitting",
    "skipped",
    "failed",
]
ZONES_OF_PEOPLE = ["Europe/London", "America/New_York"]
LANGUAGES = ["en-GB", "de", "pt-BR"]
VALUES = [*NUMBERS, 5, 10, *WORDS, True, False, "5", "10", "2026-11-01", "2026-11-19T10:00"]
DATES = ["2026-10-20", "2026-10-19T23:30:00+00:00", "2025-11-20", "2026-11-20", "2026-11-22", "20-11-2026"]
VALUES += DATES
EMAILS = ["ann@ACME.example", "@acme.example", "bo@other.example", "Ann"]
SPANS = ["1 day", "2 days", "3 weeks", "1 month", "9 months", "1 year", "30 hours", "90 minutes"]
ENDS = [
    NOW + timedelta(minutes=90),
    NOW + timedelta(minutes=90, microseconds=1),
    NOW + timedelta(days=3),
    NOW + timedelta(days=21),
    NOW + timedelta(days=21, microseconds=1),
    datetime(2026, 12, 20, 12, 0, tzinfo=UTC),
]
MOMENTS = [
    NOW,
    NOW + timedelta(microseconds=1),
    NOW + timedelta(days=2),
    NOW - timedelta(hours=30),
    NOW - timedelta(minutes=90),
    NOW - timedelta(minutes=90, microseconds=1),
    *(NOW - timedelta(days=days) for days in range(1, 6)),
    NOW - timedelta(days=21),
    NOW - timedelta(days=21, microseconds=1),
    datetime(2026, 10, 20, 11, 0, tzinfo=UTC),
    datetime(2026, 10, 20, 10, 59, 59, tzinfo=UTC),
    datetime(2026, 10, 19, 23, 0, tzinfo=UTC),
    datetime(2026, 10, 19, 22, 59, 59, tzinfo=UTC),
    datetime(2025, 11, 20, 12, 0, tzinfo=UTC),
    datetime(2026, 2, 20, 12, 0, tzinfo=UTC),
    datetime(2026, 3, 31, 23, 30, tzinfo=UTC),
    datetime(2026, 11, 19, tzinfo=UTC),
    datetime(2026, 11, 18, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 11, 18, 11, 0, tzinfo=UTC),
    datetime(2026, 11, 18, 8, 0, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
]
"""Where conditions turn: the ends of spans and of days in each zone, a change to winter time in between, and 1970."""
DAYS = [date(2026, 10, 20), date(2026, 10, 19), date(2025, 11, 20), date(2026, 10, 30)] + [
    NOW.date() - timedelta(days=days) for days in range(-2, 5)
]


TIMES = [f"{moment:%Y-%m-%d %H:%M}" for moment in MOMENTS if moment.year > 2000]


class Made:
    """Draws everything from one source of chance."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance

    def maybe(self, make: Callable[[], Any], odds: float = 0.7) -> Any:
        return make() if self.chance.random() < odds else None

    def of(self, choices: list[Any]) -> Any:
        return self.chance.choice(choices)

    def several(self, choices: list[Any]) -> Any:
        if self.chance.random() < 0.6:
            return self.of(choices)
        return self.chance.choices(choices, k=self.chance.randint(1, 3))

    def people(self, number: int) -> list[dict[str, Any]]:
        return [self.person(place) for place in range(number)]

    def person(self, place: int) -> dict[str, Any]:
        return person(
            f"{self.of(['b', 'B', 'a', 'Ä'])}{place}",
            self.maybe(lambda: self.of(["Ann@acme.example", "bo@other.example"])),
            first_name=self.maybe(lambda: self.of(WORDS)),
            tier=self.maybe(lambda: self.of(["gold", "silver"])),
            points=self.maybe(lambda: self.of(NUMBERS)),
            joined=self.maybe(lambda: self.of(DAYS)),
            seen_at=self.maybe(lambda: self.of(MOMENTS)),
            vip=self.maybe(lambda: self.of([True, False])),
            time_zone=self.maybe(lambda: self.of(ZONES_OF_PEOPLE)),
            language=self.maybe(lambda: self.of(LANGUAGES)),
            interests=self.maybe(lambda: tuple(self.chance.sample(WORDS, k=self.chance.randint(1, 3)))),
            tags=self.maybe(lambda: ("vip", "été"), 0.4),
            topics={topic: self.of([True, False]) for topic in TOPICS if self.chance.random() < 0.5},
            events=[self.event() for _ in range(self.chance.randint(0, 7))],
            offers=[self.given() for _ in range(self.chance.choice([0, 0, 1, 2, 3]))],
        )

    def given(self) -> Given:
        """An offer, the state of the letter it came in, the code's state, when, and when the code ends."""
        offer = self.of(OFFERS)
        code = self.of(["reserved", "used"]) if offer != SHARED else ""
        ends = self.maybe(lambda: self.of([*MOMENTS, *ENDS])) if code else None
        return offer, self.of(LETTERS), code, self.of(MOMENTS), ends

    def event(self) -> tuple[str, datetime, dict[str, Any]]:
        fields = {name: self.of(VALUES) for name in ("kind", "ref") if self.chance.random() < 0.6}
        if self.chance.random() < 0.6:
            fields["due"] = self.of(DATES)
        return self.of(EVENTS), self.of(MOMENTS), fields

    def tests(self, makers: dict[str, Callable[[], Any]]) -> dict[str, Any]:
        names = self.chance.sample(sorted(makers), k=1 if self.chance.random() < 0.8 else 2)
        return {name: makers[name]() for name in names}

    def text_tests(self, words: list[str]) -> dict[str, Any]:
        def one() -> Any:
            return self.of(words)

        def many() -> Any:
            return self.several(words)

        return self.tests(
            {
                "is": many,
                "is_not": many,
                "contains": many,
                "starts_with": one,
                "ends_with": one,
                "known": self.yes,
            }
        )

    def yes(self) -> bool:
        return bool(self.of([True, False]))

    def number_tests(self) -> dict[str, Any]:
        def one() -> Any:
            return self.of(NUMBERS)

        def many() -> Any:
            return self.several(NUMBERS)

        return self.tests({"is": many, "is_not": many, "at_least": one, "at_most": one, "known": self.yes})

    def date_tests(self) -> dict[str, Any]:
        days = [day.isoformat() for day in DAYS]
        return self.tests(
            {
                "is": lambda: self.several(days),
                "is_not": lambda: self.several(days),
                "within": lambda: self.of(SPANS),
                "not_within": lambda: self.of(SPANS),
                "before": lambda: self.of(days),
                "after": lambda: self.of(days),
                "known": self.yes,
            }
        )

    def moment_tests(self) -> dict[str, Any]:
        bounds = [*(day.isoformat() for day in DAYS), *TIMES]
        return self.tests(
            {
                "is": lambda: self.several(bounds),
                "is_not": lambda: self.several(bounds),
                "within": lambda: self.of(SPANS),
                "not_within": lambda: self.of(SPANS),
                "before": lambda: self.of(bounds),
                "after": lambda: self.of(bounds),
                "known": self.yes,
            }
        )

    def field(self) -> dict[str, Any]:
        name = self.of(
            [
                "first_name",
                "tier",
                "email",
                "points",
                "joined",
                "seen_at",
                "vip",
                "interests",
                "tags",
                "topics",
                "language",
                "time_zone",
                "customer_id",
            ]
        )
        return {"field": name, **self.tests_of(name)}

    def tests_of(self, name: str) -> dict[str, Any]:
        match name:
            case "points":
                return self.number_tests()
            case "joined":
                return self.date_tests()
            case "seen_at":
                return self.moment_tests()
            case "vip":
                return self.tests({"is": self.yes, "is_not": self.yes, "known": self.yes})
            case "interests" | "tags":
                many = lambda: self.several(WORDS)  # noqa: E731
                return self.tests({"contains": many, "is": many, "is_not": many, "known": self.yes})
            case "topics":
                return self.tests({"contains": lambda: self.several(TOPICS), "known": self.yes})
            case _:
                words = {
                    "email": EMAILS,
                    "tier": ["gold", "silver", "Gold", "old"],
                    "language": [*LANGUAGES, "en", "EN-gb", "-"],
                    "time_zone": [*ZONES_OF_PEOPLE, "europe/", "London"],
                    "customer_id": ["a0", "A0", "ä1", "b", "0", "B"],
                }.get(name, WORDS)
                return self.text_tests(words)

    def event_field(self) -> dict[str, Any]:
        makers: dict[str, Callable[[], Any]] = {
            "is": lambda: self.several(VALUES),
            "is_not": lambda: self.several(VALUES),
            "contains": lambda: self.several(WORDS),
            "starts_with": lambda: self.of(WORDS),
            "ends_with": lambda: self.of(WORDS),
            "at_least": lambda: self.of(NUMBERS),
            "at_most": lambda: self.of(NUMBERS),
            "within": lambda: self.of(SPANS),
            "not_within": lambda: self.of(SPANS),
            "before": lambda: self.of([day.isoformat() for day in DAYS]),
            "after": lambda: self.of([day.isoformat() for day in DAYS]),
            "known": self.yes,
        }
        if self.chance.random() < 0.3:
            dated = {key: makers[key] for key in ("within", "not_within", "before", "after", "known")}
            return {"field": "due", **self.tests(dated)}
        return {"field": self.of(["kind", "ref"]), **self.tests(makers)}

    def happening(self) -> dict[str, Any]:
        written: dict[str, Any] = {"event": self.of(EVENTS)}
        if self.chance.random() < 0.4:
            written["where"] = [self.event_field() for _ in range(self.chance.randint(1, 2))]
        if self.chance.random() < 0.35:
            written["without_later"] = self.of(EVENTS)
            if self.chance.random() < 0.5:
                written["same"] = self.of(["kind", "ref"])
        if self.chance.random() < 0.25:
            return {**written, "not_within": self.of(SPANS)}
        if self.chance.random() < 0.5:
            written["count"] = {}
            for key, odds, make in (
                ("at_least", 0.6, lambda: self.chance.randint(0, 3)),
                ("at_most", 0.4, lambda: self.chance.randint(0, 3)),
                ("distinct", 0.4, lambda: "days"),
            ):
                if self.chance.random() < odds:
                    written["count"][key] = make()
        days = [*(day.isoformat() for day in DAYS), *TIMES[:6]]
        for key, values in (("within", SPANS), ("before", days), ("after", days)):
            if self.chance.random() < 0.25:
                written[key] = self.of(values)
        return written

    def leaf(self) -> dict[str, Any]:
        draw = self.chance.random()
        if draw < 0.45:
            return self.happening()
        if draw < 0.8:
            return self.field()
        return {"subscribed": self.of(TOPICS)} if draw < 0.88 else self.offered()

    def offered(self) -> dict[str, Any]:
        written: dict[str, Any] = {"offer": self.of(OFFERS)}
        if self.chance.random() < 0.6:
            written["is"] = self.of(["given", "unused", "used"])
        if self.chance.random() < 0.6:
            written[self.of(["within", "not_within"])] = self.of(SPANS)
        if written.get("is") != "used" and "not_within" not in written and self.chance.random() < 0.5:
            written["expires_within"] = self.of(SPANS)
        return written

    def tree(self, depth: int) -> dict[str, Any]:
        if depth == 0 or self.chance.random() < 0.3:
            if self.chance.random() < 0.15:
                return {"segment": self.of(["best", "first", "other"])}
            return self.leaf()
        key = self.of(["all", "any", "not"])
        parts = [self.tree(depth - 1) for _ in range(self.chance.randint(1, 3))]
        return {key: parts[0] if key == "not" and len(parts) == 1 else parts}

    def segments(self) -> dict[str, Any]:
        """Conditions alone, trees, one with `top`, one with parts beside each other, and some that are broken."""
        written: dict[str, Any] = {f"leaf-{number}": {"all": [self.leaf()]} for number in range(30)}
        written |= {f"not-{number}": {"not": self.leaf()} for number in range(5)}
        written |= {f"tree-{number}": {"all": [self.tree(3)]} for number in range(12)}
        written["first"] = {"any": [self.leaf(), self.leaf()]}
        written["best"] = {"top": self.chance.randint(1, 6), "by": self.of(["points", "joined"])}
        if self.chance.random() < 0.5:
            written["best"]["all"] = [self.leaf()]
        written["other"] = {"all": [self.leaf()], "any": [self.leaf()], "not": [self.leaf(), self.leaf()]}
        written |= {
            "empty": {},
            "nothing": {"all": []},
            "not-nothing": {"not": []},
            "not-empty": {"not": {"segment": "empty"}},
            "not-unknown": {"any": [self.leaf(), {"not": {"segment": "unknown"}}]},
            "circle": {"any": [self.leaf(), {"segment": "round"}]},
            "round": {"not": {"segment": "circle"}},
        }
        return written
