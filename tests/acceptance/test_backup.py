"""The real `touchbase backup`: whole while others write, for its owner alone, and met by the guard against copies."""

from __future__ import annotations

import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import StoreError
from engine.store.database import open_database
from tests.acceptance.conftest import NOW, Desk, adds_up, laid_out
from tests.builders import NOW as A_MOMENT
from tests.builders import add_customers
from tests.docs.walk import ROOT, Reader


def test_a_backup_holds_everything_and_is_its_owners(desk: Desk, tmp_path: Path) -> None:
    desk.filled()
    desk.json("send", "digest")
    made = desk.json("backup", str(tmp_path / "b.db"))
    file = tmp_path / "b.db"
    assert made == {"file": str(file), "bytes": file.stat().st_size}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("b.db*")] == ["b.db"]
    with closing(sqlite3.connect(desk.root / "touchbase.db")) as now, closing(sqlite3.connect(file)) as then:
        tables = [row[0] for row in now.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            question = f"SELECT count(*) FROM {table}"
            assert now.execute(question).fetchone() == then.execute(question).fetchone(), table
    other = laid_out(tmp_path / "other")
    file.rename(other.root / "touchbase.db")
    run = other.json("runs")[0]
    assert adds_up(run)
    assert run["accepted"] == 3


def test_what_is_erased_is_not_in_it(desk: Desk, tmp_path: Path) -> None:
    desk.filled()
    desk.json("forget", "bjorn@mail.example", "--yes")
    desk.json("backup", str(tmp_path / "b.db"))
    content = (tmp_path / "b.db").read_bytes()
    assert b"bjorn@mail" not in content
    assert b"ana@mail" in content


def test_it_is_whole_while_others_write(tmp_path: Path) -> None:
    with open_database(f"sqlite:///{tmp_path / 'busy.db'}") as database:
        add_customers(database, 500)
        done = threading.Event()

        def write() -> None:
            number = 1000
            while not done.is_set():
                add_customers(database, 20, start=number)
                number += 20

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for number in range(5):
                database.back_up(tmp_path / f"b{number}.db")
        finally:
            done.set()
            writer.join()
        counts = []
        for number in range(5):
            with closing(sqlite3.connect(tmp_path / f"b{number}.db")) as copy:
                assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                (people,) = copy.execute("SELECT count(*) FROM customers").fetchone()
                (subscribed,) = copy.execute("SELECT count(*) FROM subscriptions").fetchone()
            assert (people - 500) % 20 == 0, "each write is there as a whole or not at all"
            assert people == subscribed
            counts.append(people)
    assert counts == sorted(counts)
    assert A_MOMENT


def test_nothing_is_written_over_and_nothing_is_left_behind(desk: Desk, tmp_path: Path) -> None:
    desk.filled()
    there = tmp_path / "there.db"
    there.write_text("precious", encoding="utf-8")
    refused = desk.run("backup", str(there))
    assert (refused.code, there.read_text(encoding="utf-8")) == (2, "precious")
    assert desk.run("backup", str(tmp_path / "no-folder" / "b.db")).code == 2
    with open_database("sqlite:///touchbase.db", root=desk.root) as database:
        with pytest.raises(StoreError, match="there already"):
            database.back_up(there)
        with pytest.raises(StoreError, match="cannot be written"):
            database.back_up(Path("/proc/b.db"))
    assert [path.name for path in tmp_path.glob("*.part")] == []


@pytest.mark.postgres
def test_for_postgresql_its_own_tool_is_named(desk: Desk, postgres_url: str, tmp_path: Path) -> None:
    desk.environment["TOUCHBASE_DATABASE_URL"] = postgres_url
    refused = desk.run("backup", str(tmp_path / "b.dump"))
    assert refused.code == 4
    assert f"pg_dump --format=custom --file={tmp_path / 'b.dump'}" in refused.err
    assert not (tmp_path / "b.dump").exists()


def test_the_page_is_what_happens(tmp_path: Path) -> None:
    assert Desk(tmp_path).run("init", "letters", now=NOW).code == 0
    house = Desk(tmp_path / "letters")
    assert house.run("send", "hello", "--limit", "1", now=NOW).code == 0
    assert Reader(tmp_path / "letters", NOW).follow(ROOT / "docs" / "howto" / "backup.md") >= 8
    assert len(house.letters()) == 3
    assert house.run("send", "hello", now=NOW).code == 0
    assert len(house.letters()) == 3, "nobody is written to twice"
