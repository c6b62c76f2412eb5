"""Rounds of killing: each occurrence is sent by processes that die at any moment, until one gets to the end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.kills.nursery import UNFORESEEN
from tests.kills.world import PEOPLE, World

MOST_SENDERS = 3
LAST_TRIES = 30
"""How often the last sender, which nobody kills, may be started before the round counts as stuck."""

ENDED = {"accepted", "uncertain", "failed"}
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Tally:
    """What the rounds came to. `lost`: letters in no final state. `doubled`: letters the API accepted again."""

    rounds: int = 0
    kills: int = 0
    pauses: int = 0
    letters: int = 0
    accepted: int = 0
    uncertain: int = 0
    uncertain_arrived: int = 0
    doubled: int = 0
    lost: int = 0
    untrue: int = 0
    faults: list[str] = field(default_factory=list)


class Nursery:
    """The process that senders are forked from."""

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.kills.nursery", str(root)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def say(self, words: str) -> int:
        """One command and its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, self.process.stderr.read() if self.process.stderr else ""
        return int(answer)

    def close(self) -> str:
        """Ends it; what its senders complained of."""
        assert self.process.stdin is not None
        _, complaints = self.process.communicate(timeout=60)
        return complaints


@contextmanager
def misbehaving(seed: int, log: Path) -> Iterator[str]:
    """The email API in a process of its own; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.kills.double", str(seed), str(log)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate(timeout=30)


def disturbance(url: str) -> Callable[[], None]:
    """Breaks every connection to a PostgreSQL database, as its restart does; SQLite has none to break."""
    if url.startswith("sqlite"):
        return lambda: None

    def disturb() -> None:
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    return disturb


def run_rounds(
    world: World,
    rounds: int,
    chance: random.Random,
    tell: Callable[[Tally], None] = lambda tally: None,
    disturb: Callable[[], None] = lambda: None,
) -> Tally:
    """So many rounds; what they came to. `disturb`: called now and then, to restart a database for example."""
    tally = Tally()
    nursery = Nursery(world.root)
    for number in range(rounds):
        occurrence = f"round-{number}"
        for _ in range(chance.randint(1, 3)):
            one_attempt(nursery, occurrence, chance, tally, disturb)
        finish(nursery, world, occurrence, tally)
        judge(world, occurrence, tally)
        tell(tally)
    complaints = nursery.close()
    if complaints:
        tally.faults.append(complaints[-4000:])
    return tally


def one_attempt(
    nursery: Nursery, occurrence: str, chance: random.Random, tally: Tally, disturb: Callable[[], None]
) -> None:
    """One to three senders at once, killed or made to pause after a moment."""
    senders = [nursery.say(f"start {occurrence}") for _ in range(chance.choice((1, 1, 2, MOST_SENDERS)))]
    time.sleep(chance.uniform(0.02, 0.9))
    if chance.random() < 0.2:
        disturb()
    for sender in senders:
        if chance.random() < 0.15:
            # Asleep in the middle of a call while others go on, and awake again.
            os.kill(sender, signal.SIGSTOP)
            time.sleep(chance.uniform(0.0, 0.4))
            os.kill(sender, signal.SIGCONT)
            tally.pauses += 1
            time.sleep(chance.uniform(0.0, 0.2))
        os.kill(sender, signal.SIGKILL)
        time.sleep(chance.uniform(0.0, 0.1))
    for sender in senders:
        tally.kills += nursery.say(f"wait {sender}") == -signal.SIGKILL


def finish(nursery: Nursery, world: World, occurrence: str, tally: Tally) -> None:
    """Sends the rest in peace; the email API still misbehaves."""
    for _ in range(LAST_TRIES):
        status = nursery.say(f"wait {nursery.say(f'start {occurrence}')}")
        if status == UNFORESEEN:
            tally.faults.append(f"{occurrence}: a sender ended with something unforeseen")
        states = world.states(occurrence)
        if len(states) == PEOPLE and set(states.values()) <= ENDED:
            return
    tally.faults.append(f"{occurrence}: still not at its end: {sorted(set(states.values()))}")


def judge(world: World, occurrence: str, tally: Tally) -> None:
    """Holds the ledger against the API's own log."""
    sent, states = world.sent(), world.states(occurrence)
    tally.rounds += 1
    tally.letters += len(states)
    tally.lost += PEOPLE - sum(state in ENDED for state in states.values())
    for reference, state in states.items():
        times = sent[reference]
        tally.doubled += max(times - 1, 0)
        tally.accepted += state == "accepted"
        tally.uncertain += state == "uncertain"
        tally.uncertain_arrived += state == "uncertain" and times > 0
        # Said to have arrived although it did not, or the other way round.
        tally.untrue += (state == "accepted" and not times) or (state == "failed" and times > 0)
    tally.untrue += world.codes()
