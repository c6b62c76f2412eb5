"""What is kept no longer goes, a part at a time; what a promise rests on stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from engine.store import retention, runs, tables, variants
from engine.store.database import Database
from tests.builders import NOW

OLD, CUT = NOW - timedelta(days=1), NOW


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)


def news(number: int, effect: str, received_at: object) -> dict[str, object]:
    return {
        "provider": "p",
        "identity": str(number),
        "news": "opened",
        "at": OLD,
        "received_at": received_at,
        "effect": effect,
    }


@pytest.mark.usefixtures("few_at_once")
def test_old_news_goes_but_for_bounces_that_wait_for_a_word(database: Database) -> None:
    rows = [news(number, "noted", OLD) for number in range(3)]
    rows += [news(3, "quarantined", OLD), news(4, "applied", CUT)]
    with database.write() as connection:
        connection.execute(insert(tables.heard), rows)
        assert [retention.forget_heard(connection, CUT) for _ in range(3)] == [2, 1, 0]
        left = connection.execute(select(tables.heard.c.identity).order_by(tables.heard.c.id)).scalars()
        assert list(left) == ["3", "4"]


@pytest.mark.usefixtures("few_at_once")
def test_of_an_old_call_only_the_words_go(database: Database) -> None:
    call = {
        "run": 1,
        "provider": "p",
        "messages": 1,
        "started_at": OLD,
        "outcome": "accepted",
        "detail": "words",
    }
    with database.write() as connection:
        connection.execute(
            insert(tables.calls), [{**call, "ended_at": at} for at in (OLD, OLD, OLD, CUT, None)]
        )
        assert [retention.forget_answers(connection, CUT) for _ in range(3)] == [2, 1, 0]
        found = connection.execute(
            select(tables.calls.c.outcome, tables.calls.c.detail).order_by(tables.calls.c.id)
        )
        assert [tuple(row) for row in found] == [("accepted", None)] * 3 + [("accepted", "words")] * 2


@pytest.mark.usefixtures("few_at_once")
def test_links_of_old_letters_go(database: Database) -> None:
    with database.write() as connection:
        run, _ = runs.get_or_create(connection, "digest", "2026-11", as_of=OLD, now=OLD)
        old = variants.get_or_create(connection, run.id, "old", b"", "Hello", [], OLD)
        new = variants.get_or_create(connection, run.id, "new", b"", "Hello", [], CUT)
        rows = [
            {"variant": each, "number": n, "target": "https://a.example"}
            for each in (old, new)
            for n in range(3)
        ]
        connection.execute(insert(tables.links), rows)
        assert [retention.forget_links(connection, CUT) for _ in range(3)] == [2, 1, 0]
        assert connection.execute(select(func.count()).where(tables.links.c.variant == new)).scalar_one() == 3
