"""A workspace whose one campaign is due, its email API, and real `touchbase run` processes on it."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from engine.app.verbs import App
from engine.clock import VARIABLE
from engine.model.job import JobState
from engine.store import jobs, runs, workers
from tests.doubles.postmark import Postmark
from tests.kills.world import CAMPAIGN, World, make_world
from tests.nursery import Born

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0
"""Seconds until a test gives up: the machine may be busy with others."""

DAILY = 'schedule: { every: day, at: "00:00", if_late: send within 24 hours }\n'


class Slow(Postmark):
    """Takes its time over every letter's call, so that there is something to interrupt."""

    def __init__(self, seconds: float = 0.0, log: Path | None = None) -> None:
        super().__init__(log=log)
        self.seconds = seconds

    def step(self) -> str:
        """One word."""
        self.requests += 1
        return f"slow:{self.seconds}" if self.seconds else "ok"


@dataclass
class House:
    """The workspace. Its campaign goes out every day at midnight, and has been watched since yesterday."""

    world: World
    processes: list[Born] = field(default_factory=list)

    @property
    def root(self) -> Path:
        """Its folder."""
        return self.world.root

    def start(self, verb: str = "run", **environment: str) -> Born:
        """A daemon; what it says goes into a file of its own."""
        options = ["--port", "0"] if verb == "run" else []
        said = self.root / f"said-{len(self.processes)}"
        with said.open("w", encoding="utf-8") as stderr:
            variables = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
            words = [verb, "--json", *options]
            process = Born("engine", words, self.root, variables, errors_to=stderr)
        self.processes.append(process)
        return process

    def said(self, number: int = 0) -> list[dict[str, Any]]:
        """What a daemon logged."""
        text = (self.root / f"said-{number}").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def events(self, number: int = 0) -> list[str]:
        """The names of what a daemon logged."""
        return [str(line["event"]) for line in self.said(number)]

    def runs(self) -> list[runs.Run]:
        """All runs, the newest first."""
        with self.world.database() as database, database.read() as connection:
            return runs.recent(connection)

    def job(self, name: str) -> JobState:
        """How a job is."""
        with self.world.database() as database, database.read() as connection:
            return next(state for state in jobs.states(connection) if state.name == name)

    def senders(self) -> int:
        """How many processes have letters in their hands."""
        lease = text("SELECT count(DISTINCT substr(lease, 1, 16)) FROM deliveries WHERE state = 'submitting'")
        with self.world.database() as database, database.read() as connection:
            return int(connection.execute(lease).scalar_one())

    def roles(self) -> list[str]:
        """What the living processes are there for, but for those that only send."""
        with self.world.database() as database, database.read() as connection:
            found = workers.present(connection, database.path)
        return sorted(one.role for one in found if one.role != workers.SENDER)

    def letters(self) -> list[str]:
        """The states of today's letters."""
        return list(self.world.states(today()).values())

    def edit(self, name: str, before: str, after: str) -> None:
        """Somebody edits a file, as editors do it: a new one takes the old one's place."""
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert before in text
        new = path.with_name(f".{path.name}.new")
        new.write_text(text.replace(before, after), encoding="utf-8")
        new.replace(path)

    def wait(self, what: str, happened: Callable[[], bool]) -> None:
        """Until something has happened."""
        until = time.monotonic() + PATIENCE
        while not happened():
            if time.monotonic() > until:
                said = [
                    (self.root / f"said-{n}").read_text(encoding="utf-8") for n in range(len(self.processes))
                ]
                raise AssertionError(f"{what} did not happen; it said {said}")
            time.sleep(0.1)

    def stop(self, process: Born) -> int:
        """Tells a daemon to stop; its exit code."""
        process.send_signal(signal.SIGTERM)
        return process.wait(PATIENCE)


def today() -> str:
    """The occurrence that is due."""
    return datetime.now(UTC).date().isoformat()


@contextmanager
def opened_house(folder: Path, address: str, log: Path, url: str) -> Iterator[House]:
    """A house, with nobody left in it afterwards."""
    house = House(make_world(folder, address, log, url))
    path = house.root / "campaigns" / f"{CAMPAIGN}.yaml"
    path.write_text(path.read_text(encoding="utf-8") + DAILY, encoding="utf-8")
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = (datetime.now(UTC).replace(hour=12) - timedelta(days=1)).isoformat()
    try:
        app = App.open(house.root)
        app.run_once()
        app.close()
    finally:
        os.environ.pop(VARIABLE)
        if before is not None:
            os.environ[VARIABLE] = before
    try:
        yield house
    finally:
        for process in house.processes:
            process.kill()
            process.communicate()
