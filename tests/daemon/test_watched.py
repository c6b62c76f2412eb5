"""The daemon as machines that watch over it see it: what it is there for, what it did, and that it is about to stop."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from engine.daemon.jobs import JOBS
from tests.daemon.house import PATIENCE, House, Slow, opened_house
from tests.daemon.test_daemon import address_of
from tests.doubles.postmark import running
from tests.web.test_health import read

pytestmark = pytest.mark.slow


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    log = tmp_path / "accepted.jsonl"
    api = Slow(seconds=3.0, log=log)
    with running(api) as address, opened_house(tmp_path, address, log, database_url) as made:
        yield made
    assert api.log is not None
    api.log.close()


def test_it_says_what_it_is_there_for_and_that_it_is_about_to_stop(house: House) -> None:
    daemon = house.start()
    with httpx.Client(base_url=address_of(daemon), timeout=30) as client:
        assert client.get("/readyz").text.splitlines() == ["ok", "daemon"]
        house.wait("a call", lambda: any(state == "submitting" for state in house.letters()))
        measured = read(client.get("/metrics").text)
        assert measured["touchbase_processes", (("role", "daemon"),)] == 1
        assert {labels[0][1] for name, labels in measured if name == "touchbase_job_failures"} == {
            job.name for job in JOBS
        }
        daemon.send_signal(signal.SIGTERM)
        answers = set()

        def is_stopping() -> bool:
            answers.add(client.get("/readyz").text)
            return "stopping" in answers

        house.wait("the word that it is stopping", is_stopping)
        assert client.get("/livez").status_code == 200
    assert daemon.wait(PATIENCE) == 0
