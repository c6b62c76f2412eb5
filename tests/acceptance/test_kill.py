"""A send killed in its middle, again and again: the ledger adds up, nobody hears twice, what is unknown is said so."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.acceptance.conftest import SENDERS, Desk, adds_up
from tests.doubles.postmark import TOKEN, Postmark, running

SENDING = 8
"""Senders, and so variants, and so calls of one run: enough places to die between."""

LANES = 2
"""Calls a process has in flight at most."""

POSTMARK = f"  postmark: {{ type: postmark, token: {TOKEN}, url: '%s' }}\n"


def crowded(desk: Desk, each: int) -> int:
    """A house of eight senders with so many customers each; how many people that makes."""
    names = [f"person-{number}" for number in range(SENDING)]
    senders = "".join(f"  {name}: {{ name: {name}, email: {name}@news.reading.example }}\n" for name in names)
    desk.write("config/senders.yaml", SENDERS.replace("account-owner:", f"{senders}account-owner:"))
    desk.edit("config/offers.yaml", "limit: 50", f"limit: {SENDING * each}")
    rows = [f"k{n},k{n}@mail.example,Kim,{names[n % SENDING]},newsletter" for n in range(SENDING * each)]
    desk.write("crowd.csv", "\n".join(["customer_id,E-mail,first_name,account_owner,topics", *rows]) + "\n")
    assert desk.json("import", "customers", "crowd.csv")["added"] == SENDING * each
    return SENDING * each


def killed(desk: Desk, seen: Callable[[], int], enough: int) -> bool:
    """A `touchbase send` killed once `seen` is enough; False when it ended before."""
    process = desk.process("send", "digest", "--yes")
    patience = time.monotonic() + 60
    while process.poll() is None and seen() < enough:
        assert time.monotonic() < patience, "the send neither went on nor ended"
        time.sleep(0.002)
    process.kill()
    _, complaint = process.communicate(timeout=60)
    assert process.returncode in (-signal.SIGKILL, 0, 1), complaint
    return process.returncode == -signal.SIGKILL


def numbers(desk: Desk) -> Any:
    (run,) = desk.json("runs")
    assert adds_up(run)
    return run


@pytest.fixture
def api() -> Iterator[tuple[Postmark, str]]:
    double = Postmark(script=",".join(["slow:0.15"] * 100))
    with running(double) as url:
        yield double, url


@pytest.mark.slow
def test_a_killed_send_to_an_api_goes_on_and_writes_to_nobody_twice(
    desk: Desk, api: tuple[Postmark, str]
) -> None:
    double, url = api
    people = crowded(desk, each=3)
    desk.edit(
        "config/project.yaml", "provider: outbox\n", "provider: postmark\nallow_private_networks: true\n"
    )
    desk.edit("config/project.yaml", "public_url", f"{POSTMARK % url}public_url")
    deaths = 0
    for call in (1, 3, 6):
        deaths += killed(desk, lambda: double.requests, call)
        assert numbers(desk)["failed"] == 0
    assert deaths == 3, "nothing was interrupted, so nothing was shown"
    last = desk.run("send", "digest", "--yes", "--json")
    run = last.json
    assert adds_up(run)
    assert run["pending"] == run["failed"] == 0
    assert run["selected"] == run["accepted"] + run["uncertain"] == people
    assert last.code == (1 if run["uncertain"] else 0)
    assert 0 < run["uncertain"] <= deaths * LANES * (people // SENDING)
    reached = Counter(item["message"]["To"].split("<")[-1].strip(">") for item in double.accepted)
    assert max(reached.values()) == 1, "somebody was written to twice"
    assert double.violations == []
    accepted, uncertain = states(desk)
    assert accepted <= set(reached)
    assert set(reached) <= accepted | uncertain
    again = desk.run("send", "digest", "--yes", "--json").json
    assert (again["sent_now"], again["uncertain"]) == (0, run["uncertain"])
    assert len(double.accepted) == sum(reached.values())


def states(desk: Desk) -> tuple[set[str], set[str]]:
    """The addresses of those whose letter counts as accepted, and of those nobody knows about."""
    people = desk.json("plan", "digest")["people"]
    accepted = {person["email"] for person in people if person["detail"] == "accepted"}
    return accepted, {person["email"] for person in people} - accepted


@pytest.mark.slow
def test_a_killed_send_to_the_outbox_goes_on_and_writes_each_letter_once(desk: Desk) -> None:
    people = crowded(desk, each=25)
    deaths = 0
    for written in (1, people // 3, people // 2):
        deaths += killed(desk, lambda: len(desk.letters()), written)
        assert numbers(desk)["failed"] == 0
    assert deaths, "nothing was interrupted, so nothing was shown"
    run = desk.run("send", "digest", "--json").json
    assert adds_up(run)
    assert run["pending"] == run["failed"] == 0
    assert run["selected"] == run["accepted"] + run["uncertain"] == people
    assert run["uncertain"] <= deaths * (people // SENDING)
    receivers = Counter(path.name.rpartition("-")[0] for path in desk.letters())
    assert max(receivers.values()) == 1
    assert run["accepted"] <= len(receivers) <= people
    listed = [json.loads(line) for line in (desk.root / "outbox" / "index.jsonl").read_text().splitlines()]
    assert len({line["reference"] for line in listed}) == len({line["file"] for line in listed})
