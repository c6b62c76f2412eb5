"""A send that is told to stop, as a process of its own, against an email API that takes its time."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from engine.flows.deliver.order import GRACE
from tests.acceptance.conftest import Desk, adds_up
from tests.doubles.postmark import TOKEN, Postmark, running

PATIENCE = 60.0


@pytest.fixture
def postmark() -> Postmark:
    return Postmark()


@pytest.fixture
def online(desk: Desk, postmark: Postmark) -> Iterator[Desk]:
    """The workspace, sending through a Postmark on loopback."""
    with running(postmark) as address:
        desk.filled()
        desk.edit(
            "config/project.yaml",
            "provider: outbox\nproviders:\n",
            "provider: pm\nallow_private_networks: true\nproviders:\n"
            f"  pm: {{ type: postmark, token: {TOKEN}, url: {address} }}\n",
        )
        yield desk


def wait_for_calls(postmark: Postmark, number: int) -> None:
    until = time.monotonic() + PATIENCE
    while postmark.requests < number:
        assert time.monotonic() < until, "nothing was sent"
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_waits_for_the_answer_and_writes_it_down(
    online: Desk, postmark: Postmark, number: signal.Signals
) -> None:
    postmark.follow("slow:1.5", "slow:1.5")
    sender = online.process("send", "digest", "--yes", "--json")
    wait_for_calls(postmark, 1)
    sender.send_signal(number)
    _, complaint = sender.communicate(timeout=PATIENCE)
    assert sender.returncode == 130, complaint
    run = online.json("runs")[0]
    assert (run["uncertain"], run["accepted"]) == (0, len(postmark.accepted))
    assert adds_up(run)
    assert postmark.accepted
    postmark.follow()
    assert online.run("send", "digest", "--yes", "--json").json["accepted"] == 3
    assert len(postmark.accepted) == 3


def test_told_twice_it_stops_at_once_and_says_honestly_what_it_does_not_know(
    online: Desk, postmark: Postmark
) -> None:
    postmark.follow("silence", "silence")
    sender = online.process("send", "digest", "--yes", "--json")
    wait_for_calls(postmark, 2)
    for _ in range(2):
        sender.send_signal(signal.SIGTERM)
        time.sleep(0.3)
    # Before the grace is over, and long before a silent connection is given up.
    sender.communicate(timeout=GRACE - 5)
    assert sender.returncode == 130
    postmark.follow()
    assert online.run("send", "digest", "--yes", "--json").code == 1
    run = online.json("runs")[0]
    assert (run["uncertain"], run["accepted"]) == (len(postmark.accepted), 0)
    assert run["uncertain"] == 3
