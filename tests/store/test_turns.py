"""One at a time: among threads, among processes, and after a process died in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.store.database import Database, open_database
from engine.store.turns import alone

HOLD = """
import sys, time
from engine.store.database import open_database
from engine.store.turns import alone
with alone(open_database(sys.argv[1]), "plan", "digest"):
    print("held", flush=True)
    time.sleep(600)
"""


def test_threads_go_one_after_the_other(database: Database) -> None:
    inside: list[int] = []
    most = 0

    def go(number: int) -> None:
        nonlocal most
        with alone(database, "plan", "digest"):
            inside.append(number)
            most = max(most, len(inside))
            inside.remove(number)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(go, range(60)))
    assert most == 1


def test_another_name_need_not_wait(database: Database) -> None:
    with alone(database, "plan", "digest"), alone(database, "plan", "note"), alone(database, "plandigest"):
        pass


def test_nothing_is_left_behind(database: Database) -> None:
    with alone(database, "plan", "digest"):
        pass
    if database.path is not None:
        assert [path.name for path in database.path.parent.glob("*turn*")] == []


def test_a_folder_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    from engine.errors import StoreError

    with open_database(f"sqlite:///{tmp_path / 'touchbase.db'}") as database:
        database.path = tmp_path / "gone" / "touchbase.db"
        with pytest.raises(StoreError, match="cannot be locked"), alone(database, "plan"):
            pass


def test_the_dead_hold_nobody_up(database_url: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLD, database_url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    with open_database(database_url) as database, alone(database, "plan", "digest"):
        pass
