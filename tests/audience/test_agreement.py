"""The SQL of every generated segment chooses exactly whom the slow evaluator chooses, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from engine.audience.segments import count, segment_select
from engine.store import tables
from engine.store.database import Database
from tests.audience.oracle import Oracle
from tests.audience.people import KINDS, NOW, person, put, rules_for

WORDS = st.sampled_from(["tea", "Tea", "coffee", "cof", "ÉTÉ", "été", "ß", "SS", "a'b", "%", "_", "İ", "x"])
MOMENTS = st.one_of(
    st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC)),
    st.integers(-3, 40).map(lambda days: NOW - timedelta(days=days)),
    st.sampled_from(
        [
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
            datetime(2026, 3, 31, 23, 30, tzinfo=UTC),
            datetime(1969, 12, 31, 23, 59, tzinfo=UTC),
            datetime(1970, 1, 1, tzinfo=UTC),
        ]
    ),
)
DAYS = st.dates(date(2026, 8, 1), date(2026, 12, 31)) | st.integers(0, 5).map(
    lambda days: NOW.date() - timedelta(days=days)
)
NUMBERS = st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0, 10.0, 1e6])
EVENTS = st.sampled_from(["order", "complaint", "resolved"])
TOPICS = st.sampled_from(["news", "offers"])
VALUES = st.one_of(
    NUMBERS, WORDS, st.booleans(), st.sampled_from(["5", "10", "2026-11-01", "2026-11-19T10:00"])
)


@st.composite
def people(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for number in range(draw(st.integers(1, 8))):
        happened = draw(
            st.lists(
                st.tuples(
                    EVENTS, MOMENTS, st.dictionaries(st.sampled_from(["kind", "ref"]), VALUES, max_size=2)
                ),
                max_size=5,
            )
        )
        known: dict[str, Any] = {
            "first_name": draw(st.none() | WORDS),
            "tier": draw(st.none() | st.sampled_from(["gold", "silver"])),
            "points": draw(st.none() | NUMBERS),
            "joined": draw(st.none() | DAYS),
            "vip": draw(st.none() | st.booleans()),
            "interests": draw(st.none() | st.lists(WORDS, min_size=1, max_size=3, unique=True).map(tuple)),
            "tags": draw(st.none() | st.just(("vip", "été"))),
            "topics": draw(st.dictionaries(TOPICS, st.booleans())),
            "events": happened,
        }
        email = draw(st.none() | st.sampled_from(["Ann@acme.example", "bo@other.example"]))
        found.append(person(f"{draw(st.sampled_from('bBaÄ'))}{number}", email, **known))
    return found


def several(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return values | st.lists(values, min_size=1, max_size=3)


SPANS = st.sampled_from(
    ["1 day", "2 days", "3 weeks", "1 month", "9 months", "1 year", "30 hours", "90 minutes", "900000 years"]
).filter(lambda span: span != "900000 years")
BOUNDS = DAYS.map(date.isoformat)
TEXT_TESTS = st.one_of(
    st.fixed_dictionaries({"is": several(WORDS)}),
    st.fixed_dictionaries({"is_not": several(WORDS)}),
    st.fixed_dictionaries({"contains": several(WORDS)}),
    st.fixed_dictionaries({"starts_with": WORDS}),
    st.fixed_dictionaries({"ends_with": WORDS}),
    st.fixed_dictionaries({"known": st.booleans()}),
)
NUMBER_TESTS = st.one_of(
    st.fixed_dictionaries({"is": several(NUMBERS)}),
    st.fixed_dictionaries({"is_not": several(NUMBERS)}),
    st.fixed_dictionaries({"at_least": NUMBERS}),
    st.fixed_dictionaries({"at_most": NUMBERS, "at_least": NUMBERS}),
    st.fixed_dictionaries({"known": st.booleans()}),
)
DATE_TESTS = st.one_of(
    st.fixed_dictionaries({"is": several(BOUNDS)}),
    st.fixed_dictionaries({"is_not": several(BOUNDS)}),
    st.fixed_dictionaries({"within": SPANS}),
    st.fixed_dictionaries({"not_within": SPANS}),
    st.fixed_dictionaries({"before": BOUNDS}),
    st.fixed_dictionaries({"after": BOUNDS}),
    st.fixed_dictionaries({"known": st.booleans()}),
)
BOOLEAN_TESTS = st.one_of(
    st.fixed_dictionaries({"is": st.booleans()}),
    st.fixed_dictionaries({"is_not": st.booleans()}),
    st.fixed_dictionaries({"known": st.booleans()}),
)
LIST_TESTS = st.one_of(
    st.fixed_dictionaries({"contains": several(WORDS)}),
    st.fixed_dictionaries({"is": several(WORDS)}),
    st.fixed_dictionaries({"is_not": several(WORDS)}),
    st.fixed_dictionaries({"known": st.booleans()}),
)
EMAILS = st.sampled_from(["ann@ACME.example", "@acme.example", "bo@other.example", "Ann"])
EMAIL_TESTS = st.one_of(
    st.fixed_dictionaries({"is": several(EMAILS)}),
    st.fixed_dictionaries({"is_not": several(EMAILS)}),
    st.fixed_dictionaries({"ends_with": EMAILS}),
    st.fixed_dictionaries({"known": st.booleans()}),
)
TOPIC_TESTS = st.fixed_dictionaries({"contains": several(TOPICS)}) | st.fixed_dictionaries(
    {"known": st.booleans()}
)
EVENT_FIELD_TESTS = st.one_of(
    st.fixed_dictionaries({"is": several(VALUES)}),
    st.fixed_dictionaries({"is_not": several(VALUES)}),
    st.fixed_dictionaries({"contains": several(WORDS)}),
    st.fixed_dictionaries({"starts_with": WORDS}),
    st.fixed_dictionaries({"at_least": NUMBERS}),
    st.fixed_dictionaries({"at_most": NUMBERS}),
    st.fixed_dictionaries({"known": st.booleans()}),
)


def about(name: str, tests: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return tests.map(lambda written: {"field": name, **written})


COUNTS = st.fixed_dictionaries(
    {},
    optional={
        "at_least": st.integers(0, 3),
        "at_most": st.integers(0, 3),
        "distinct": st.just("days"),
    },
)
WHERE = st.sampled_from(["kind", "ref"]).flatmap(lambda name: about(name, EVENT_FIELD_TESTS))


@st.composite
def event_conditions(draw: st.DrawFn) -> dict[str, Any]:
    written: dict[str, Any] = {"event": draw(EVENTS)}
    if draw(st.booleans()):
        written["where"] = draw(st.lists(WHERE, min_size=1, max_size=2))
    if draw(st.booleans()):
        written["without_later"] = draw(EVENTS)
        if draw(st.booleans()):
            written["same"] = draw(st.sampled_from(["kind", "ref"]))
    if draw(st.integers(0, 3)) == 0:
        return {**written, "not_within": draw(SPANS)}
    if draw(st.booleans()):
        written["count"] = draw(COUNTS)
    for key, values in (("within", SPANS), ("before", BOUNDS), ("after", BOUNDS)):
        if draw(st.integers(0, 3)) == 0:
            written[key] = draw(values)
    return written


LEAVES = st.one_of(
    about("first_name", TEXT_TESTS),
    about("tier", TEXT_TESTS),
    about("email", EMAIL_TESTS),
    about("points", NUMBER_TESTS),
    about("joined", DATE_TESTS),
    about("vip", BOOLEAN_TESTS),
    about("interests", LIST_TESTS),
    about("tags", LIST_TESTS),
    about("topics", TOPIC_TESTS),
    event_conditions(),
    event_conditions(),
    st.fixed_dictionaries({"subscribed": TOPICS}),
    st.fixed_dictionaries({"segment": st.sampled_from(["asked", "other", "best", "empty", "nowhere"])}),
)
TREES = st.recursive(
    LEAVES,
    lambda parts: st.one_of(
        st.fixed_dictionaries({"all": st.lists(parts, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(parts, max_size=3)}),
        st.fixed_dictionaries({"not": parts | st.lists(parts, max_size=2)}),
    ),
    max_leaves=6,
)
SEGMENTS = st.fixed_dictionaries(
    {
        "asked": st.fixed_dictionaries({"all": st.lists(TREES, max_size=3)}),
        "other": st.fixed_dictionaries(
            {},
            optional={
                "any": st.lists(LEAVES, max_size=2),
                "not": LEAVES,
                "all": st.lists(LEAVES, max_size=2),
            },
        ),
        "best": st.fixed_dictionaries(
            {"top": st.integers(1, 4), "by": st.sampled_from(["points", "joined"])},
            optional={"all": st.lists(LEAVES, max_size=2)},
        ),
        "empty": st.just({}),
    }
)


def empty(database: Database) -> None:
    with database.write() as connection:
        for table in ("customers", "events", "subscriptions", "consent", "suppressions"):
            connection.execute(tables.metadata.tables[table].delete())


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(people=people(), segments=SEGMENTS, zone=st.sampled_from(["Europe/London", "Pacific/Auckland"]))
def test_sql_and_plain_python_choose_the_same_people(
    database: Database, people: list[dict[str, Any]], segments: dict[str, Any], zone: str
) -> None:
    empty(database)
    declared = put(database, people)
    rules = rules_for(database, declared, segments, zone=ZoneInfo(zone))
    oracle = Oracle(people, segments, KINDS, NOW, ZoneInfo(zone))
    with database.read() as connection:
        for name in [*segments, "nowhere"]:
            chosen = segment_select(rules, name).subquery()
            keys = select(tables.customers.c.customer_id).where(
                tables.customers.c.id.in_(select(chosen.c.id))
            )
            found = set(connection.execute(keys).scalars())
            assert found == oracle.members(name), name
            assert count(connection, rules, name) == len(found)
