"""One daemon leads, whatever happens to the others."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import engine
from engine.errors import StoreError
from engine.store.database import Database, open_database
from engine.store.leading import Leadership
from tests.postgresql import administer

LEADER = """
import sys, time
from engine.store.database import open_database
from engine.store.leading import Leadership
with open_database(sys.argv[1]) as database:
    leadership = Leadership(database)
    print(leadership.take(), flush=True)
    time.sleep(600)
"""


@contextmanager
def another_process(url: str) -> Iterator[subprocess.Popen[str]]:
    """One that leads, or would like to: the first line it writes says which."""
    process = subprocess.Popen([sys.executable, "-c", LEADER, url], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_process_that_is_killed_leads_no_more(database: Database, database_url: str) -> None:
    leadership = Leadership(database)
    with another_process(database_url) as first:
        assert said(first) == "True"
        assert not leadership.take()
        with another_process(database_url) as second:
            assert said(second) == "False"
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert leadership.take()
    leadership.let_go()


def test_one_of_two_leads_and_the_other_when_it_lets_go(database: Database) -> None:
    first, second = Leadership(database), Leadership(database)
    assert (first.take(), first.take(), first.held()) == (True, True, True)
    assert (second.take(), second.held()) == (False, False)
    first.let_go()
    assert (second.take(), first.held(), first.take()) == (True, False, False)
    second.let_go()


@pytest.mark.postgres
def test_a_leader_whose_connection_broke_knows_that_it_leads_no_more(postgres_url: str) -> None:
    with open_database(postgres_url) as database:
        first, second = Leadership(database), Leadership(database)
        assert first.take()
        name = postgres_url.rpartition("/")[2].partition("?")[0]
        administer(
            postgres_url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{name}' AND pid <> pg_backend_pid()",
        )
        assert not first.held()
        assert second.take()
        assert not first.take()
        second.let_go()


def test_a_folder_that_cannot_be_written_is_told_with_its_remedy(tmp_path: Path) -> None:
    with open_database(f"sqlite:///{tmp_path / 'touchbase.db'}") as database:
        (tmp_path / "touchbase.db-daemon.lock").mkdir()
        with pytest.raises(StoreError, match="cannot be locked") as caught:
            Leadership(database).take()
    assert "may be written" in caught.value.help


def test_no_two_locks_of_postgresql_have_one_number() -> None:
    numbers = [
        number
        for file in sorted(Path(engine.__file__).parent.rglob("*.py"))
        for number in re.findall(r"\b7_236_014_\d{3}\b", file.read_text(encoding="utf-8"))
    ]
    assert len(numbers) >= 4
    assert len(numbers) == len(set(numbers))
