"""Digests for owners: what they say, and that each leaves once; real commands, both databases."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from engine.app.digest_sending import MOST_ATTEMPTS, next_try, outcome_of
from engine.model.letter import Outcome, Verdict
from engine.providers.isolate import Sent
from engine.store import digests, workers
from engine.store.crash import EXIT_STATUS
from engine.store.database import Database
from tests.acceptance.conftest import Desk
from tests.acceptance.test_persons import ANA
from tests.builders import NOW

MONDAY = "2026-11-30T09:00:00+00:00"
TUESDAY = "2026-12-01T09:00:00+00:00"
FRIDAY = "2026-11-27T09:00:00+00:00"

TIERS = """\
tiers:
  field: tier
  order: [gold, silver]
  score: [ { name: worth, field: lifetime_value, bands: [100, 500] } ]
  give: { gold: { at_least: 3 points }, otherwise: silver }
"""


@pytest.fixture
def house(filled: Desk) -> Desk:
    """A workspace of a week: a letter sent, a call, an answer, a complaint, two tasks."""
    return after_a_week(filled)


@pytest.fixture
def cottage(desk: Desk) -> Desk:
    """The same on SQLite, for what asks nothing of the database."""
    return after_a_week(desk.filled())


def after_a_week(desk: Desk) -> Desk:
    desk.edit(
        "config/senders.yaml", "otherwise: team }", "otherwise: team, digest: weekly on monday at 08:00 }"
    )
    desk.json("send", "digest")
    desk.json("log", ANA, "call", "Moves to Leeds", "--by", "priya", now=FRIDAY)
    desk.write("answers.csv", "customer_id,at,answer\nc1,2026-11-27T10:00:00,very well\n")
    desk.json("import", "events", "answers.csv", "--event", "answered", now=MONDAY)
    desk.json("task", ANA, "gift", "A book", "--due", "2026-11-27")
    desk.json("task", "bjorn@mail.example", "note", "Write", "--due", "2026-12-03")
    return desk


def test_a_digest_tells_an_owner_of_their_own_customers(house: Desk) -> None:
    told = house.json("digest", "priya", now=MONDAY)
    assert (told["address"], told["period"], told["customers"]) == (
        "priya@news.reading.example",
        "2026-W49",
        2,
    )
    parts = {
        part["part"]: (part["number"], [(line["what"], line["who"]) for line in part["lines"]])
        for part in told["parts"]
    }
    assert parts == {
        "overdue": (1, [("gift: A book", ANA)]),
        "due": (1, [("note: Write", "bjorn@mail.example")]),
        "answered": (1, [("answered", ANA)]),
        "heard": (3, [("Monthly reading list: 2 letters", None), ("call by priya", ANA)]),
    }
    page = house.root / "digest.html"
    assert house.run("digest", "priya", "--preview", "--out", str(page), now=MONDAY).code == 0
    assert "unsubscribe" not in page.read_text(encoding="utf-8").lower()
    assert house.run("digest", "prya", now=MONDAY).code == 2
    assert house.run("digest", "priya", "--send", "--out", "x.html", now=MONDAY).code == 2


def test_floors_that_run_out_and_changes_are_told(house: Desk) -> None:
    house.write("config/policy.yaml", "policy: { cadence: { otherwise: { at_least: every 14 days } } }\n")
    house.write("config/tiers.yaml", TIERS)
    house.json("tier", ANA, "silver", "--because", "moved away", now=FRIDAY)
    told = house.json("digest", "priya", now=MONDAY)
    parts = {part["part"]: part for part in told["parts"]}
    (line,) = parts["changes"]["lines"]
    assert (line["what"], line["who"], line["detail"]) == ("tier: gold → silver", ANA, "by hand: moved away")
    lines = parts["lapsing"]["lines"]
    assert (parts["lapsing"]["number"], [line["who"] for line in lines]) == (1, ["bjorn@mail.example"])
    assert "every 14 days" in lines[0]["what"]


def test_it_leaves_once_for_each_owner_and_period(house: Desk) -> None:
    before = len(house.letters())
    assert house.json("run", "--once", now="2026-11-27T10:00:00+00:00")["done"] == []
    assert house.json("run", "--once", now=MONDAY)["done"] == [
        "digest of team (2026-W49) sent",
        "digest of priya (2026-W49) sent",
    ]
    assert house.json("run", "--once", now=TUESDAY)["done"] == []
    assert house.run("digest", "priya", "--send", now=TUESDAY).code == 4
    letters = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in house.letters()]
    sent = [letter for letter in letters if letter["Auto-Submitted"] == "auto-generated"]
    assert len(sent) == len(house.letters()) - before == 2
    assert {letter["From"] for letter in sent} == {"Reading Room Ltd <hello@news.reading.example>"}
    assert all(letter["List-Unsubscribe"] is None for letter in sent)
    assert house.json("digest", "priya", now=TUESDAY)["since"] == MONDAY
    assert house.json("runs")[0]["accepted"] == 3


def test_whoever_is_away_is_told_through_their_cover(cottage: Desk) -> None:
    away = 'away: { from: "2026-11-29", until: "2026-12-02", cover: team } }'
    cottage.edit("config/senders.yaml", "priya@news.reading.example }", f"priya@news.reading.example, {away}")
    assert cottage.json("run", "--once", now=MONDAY)["done"] == ["digest of team (2026-W49) sent"]
    told = cottage.json("digest", "team", now=MONDAY)
    assert told["customers"] == 5
    shown = " ".join(cottage.run("digest", "team", now=MONDAY).out.split())
    assert "You stand in for Priya at Reading Room." in shown
    back = cottage.json("run", "--once", now="2026-12-03T09:00:00+00:00")["done"]
    assert back == ["digest of priya (2026-W49) sent"]


def test_a_process_that_dies_leaves_a_doubt_and_no_second_digest(cottage: Desk) -> None:
    cottage.environment["TOUCHBASE_CRASH"] = "after_call"
    process = cottage.process("digest", "priya", "--send", now=MONDAY)
    said = process.communicate(timeout=60)
    assert process.returncode == EXIT_STATUS, said
    del cottage.environment["TOUCHBASE_CRASH"]
    assert cottage.json("run", "--once", now=MONDAY)["done"] == ["digest of team (2026-W49) sent"]
    (need,) = cottage.run("status", "--json", now=MONDAY).json["needs"]
    assert (need["kind"], need["command"]) == ("digest", "touchbase digest priya --send")
    again = cottage.json("digest", "priya", "--send", now=MONDAY)
    assert again["state"] == "accepted", "a person's word sends what may have arrived once more"
    assert cottage.run("status", now=MONDAY).code == 0


def test_only_one_of_two_processes_gets_it(database: Database) -> None:
    def intend(boot: str, *, by_hand: bool = False, at: timedelta = timedelta()) -> digests.Sending | None:
        with database.write() as connection:
            return digests.intend(
                connection, "priya", "2027-W01", "p@x.example", NOW, "outbox", boot, NOW + at, by_hand=by_hand
            )

    with workers.sign_on(database, NOW) as worker:
        first = intend(worker.boot)
        assert first is not None
        assert (first.attempt, intend("another"), intend("a person", by_hand=True)) == (1, None, None)
        with database.write() as connection:
            assert digests.recover(connection, database.path, NOW) == 0
            assert not digests.settle(connection, first.id, "another", digests.ACCEPTED, NOW)
            later = NOW + timedelta(minutes=1)
            assert digests.settle(
                connection, first.id, worker.boot, digests.WAITING, NOW, detail="busy", due_at=later
            )
        assert intend("early") is None
        second = intend(worker.boot, at=timedelta(minutes=1))
        assert second is not None
        assert second.attempt == 2
    with database.write() as connection:
        assert digests.recover(connection, database.path, NOW) == 1
        kept = digests.find(connection, "priya", "2027-W01")
        assert kept is not None
        assert kept.state == digests.UNCERTAIN
    assert intend("by itself", at=timedelta(days=1)) is None
    assert intend("a person", by_hand=True) is not None


@pytest.mark.parametrize(
    ("sent", "state"),
    [
        (Sent([Outcome(Verdict.ACCEPTED, "p1")]), "accepted"),
        (Sent([Outcome(Verdict.REFUSED, detail="no such mailbox")]), "failed"),
        (Sent([Outcome(Verdict.RETRY, detail="busy")]), "waiting"),
        (Sent([Outcome(Verdict.UNKNOWN, detail="no answer")]), "uncertain"),
        (Sent(trouble="somebody wanted to stop"), "uncertain"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_follows_from_a_call(sent: Sent, state: str) -> None:
    assert outcome_of(sent)[0] == state


def test_it_is_tried_again_ever_later_and_not_for_ever() -> None:
    waits = [next_try(attempt, NOW) for attempt in range(1, MOST_ATTEMPTS + 1)]
    minutes = [(at - NOW).total_seconds() / 60 for at in waits[:-1] if at is not None]
    assert minutes == [1, 2, 4, 8, 16, 32, 64]
    assert waits[-1] is None
