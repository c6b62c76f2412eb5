"""Counts over everything, on both databases."""

from __future__ import annotations

from sqlalchemy import insert

from engine.store import runs, tables
from engine.store.database import Database
from engine.store.totals import Totals, totals
from tests.builders import NOW, add_run


def test_everything_is_counted_by_what_it_is(database: Database) -> None:
    with database.read() as connection:
        assert totals(connection) == Totals({}, {}, {}, {})
    run, _ = add_run(database)
    other, _ = add_run(database, occurrence="2027-02")
    with database.write() as connection:
        assert runs.change(connection, other, runs.SENDING, runs.DONE, NOW)
        for provider, messages, outcome in (
            ("a", 3, "accepted"),
            ("a", 2, "accepted"),
            ("a", 5, None),
            ("b", 1, "x"),
        ):
            values = {"run": run, "provider": provider, "messages": messages, "started_at": NOW}
            connection.execute(insert(tables.calls).values(**values, outcome=outcome))
        for number, news in enumerate(("opened", "opened", "bounced")):
            values = {"provider": "a", "identity": str(number), "news": news, "at": NOW, "received_at": NOW}
            connection.execute(insert(tables.heard).values(**values, effect="noted"))
    with database.read() as connection:
        found = totals(connection)
    assert found.calls == {("a", "accepted"): 2, ("a", "open"): 1, ("b", "x"): 1}
    assert found.letters == {"a": 10, "b": 1}
    assert found.news == {("a", "opened"): 2, ("a", "bounced"): 1}
    assert found.runs == {"sending": 1, "done": 1}
