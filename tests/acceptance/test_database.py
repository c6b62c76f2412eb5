"""The database of another version, or out of reach: said in a sentence, and nothing is lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from engine.store import schema
from tests.acceptance.conftest import Desk


def test_a_database_of_a_newer_program_is_refused_and_left_alone(desk: Desk) -> None:
    path = desk.filled().root / "touchbase.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'")
        connection.commit()
    for command in (
        ("send", "digest"),
        ("plan", "digest"),
        ("segments",),
        ("import", "customers", "people.csv"),
    ):
        answer = desk.run(*command)
        assert answer.code == 5
        assert "written by a newer Touchbase" in answer.err
        assert "upgrade this program" in answer.err
    assert not desk.letters()


@pytest.mark.postgres
@pytest.mark.parametrize("command", [("plan", "digest"), ("import", "customers", "people.csv"), ("feeds",)])
def test_an_unreachable_postgresql_is_named_without_its_password(
    desk: Desk, command: tuple[str, ...]
) -> None:
    desk.environment["TOUCHBASE_DATABASE_URL"] = "postgresql://ada:hunter2secret@127.0.0.1:1/letters"
    answer = desk.run(*command)
    assert answer.code == 5
    assert "127.0.0.1" in answer.err
    assert "hunter2secret" not in answer.err + answer.out


@pytest.mark.postgres
def test_the_main_job_on_postgresql_counts_as_on_sqlite(desk: Desk, postgres_url: str) -> None:
    desk.environment["TOUCHBASE_DATABASE_URL"] = postgres_url
    assert desk.json("import", "customers", "people.csv")["added"] == 5
    assert desk.json("import", "customers", "people.csv")["unchanged"] == 5
    desk.json("import", "events", "complaints.csv", "--event", "complaint_opened")
    counts = {row["segment"]: row["count"] for row in desk.json("segments")}
    assert counts == {"newsletter-readers": 4, "open-complaint": 1, "best-two": 2}
    assert desk.json("plan", "digest")["pending"] == 3
    assert desk.json("send", "digest")["accepted"] == 3
    assert desk.json("segments", "best-two", "--explain", "bjorn@mail.example")["facts"][-1]["text"] == (
        "one of the 2 with the highest lifetime_value (found: place 3, with 120.5)"
    )
    assert not (desk.root / "touchbase.db").exists()
