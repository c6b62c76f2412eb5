"""Letters in doubt by the real command: found out by themselves where that is possible, else by a person's word."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import Desk, adds_up
from tests.doubles.postmark import TOKEN, Postmark, running


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
            "providers:\n",
            f"allow_private_networks: true\nproviders:\n  pm: {{ type: postmark, token: {TOKEN}, url: {address} }}\n",
        )
        desk.edit("config/project.yaml", "provider: outbox\n", "provider: pm\n")
        yield desk


def test_what_died_in_the_middle_of_a_call_is_found_out_by_itself(desk: Desk) -> None:
    """The outbox knows what it has written: the very same call once more, and nothing is written twice."""
    desk.filled()
    desk.environment["TOUCHBASE_CRASH"] = "after_call"
    died = desk.process("send", "digest")
    died.communicate(timeout=120)
    assert died.returncode == 86
    written = {path.name: path.read_bytes() for path in desk.letters()}
    assert written
    desk.environment.clear()
    sent = desk.run("send", "digest")
    assert sent.code == 0, sent.err
    assert "that were in doubt had arrived" in sent.out
    assert desk.json("runs", "1")["accepted"] == 3
    assert {path.name: path.read_bytes() for path in desk.letters()}.items() >= written.items()
    assert len(desk.letters()) == 3


def test_a_person_settles_what_nobody_else_can(online: Desk, postmark: Postmark) -> None:
    postmark.follow(*["500-after"] * 9)
    sent = online.run("send", "digest", "--yes", "--json")
    assert sent.code in (1, 5)
    run = online.json("runs")[0]["run"]
    before = online.json("runs", run)
    assert before["uncertain"] == len(postmark.accepted) > 0
    shown = online.run("resolve", run, "--json")
    assert shown.code == 1
    doubts = shown.json["doubts"]
    assert len(doubts) == before["uncertain"]
    assert {line["provider"] for line in doubts} == {"pm"}
    assert {line["reference"] for line in doubts} == {
        each["message"]["Metadata"]["reference"] for each in postmark.accepted
    }
    listed = online.run("resolve", run)
    assert doubts[0]["email"] in listed.out
    assert doubts[0]["reference"] in listed.out
    first = doubts[0]["email"]
    refused = online.run("resolve", run, "--accepted", first)
    assert (refused.code, "nobody is here to ask" in refused.err) == (4, True)
    one = online.run("resolve", run, "--accepted", first, "--yes", "--json").json
    assert (one["decided"], one["uncertain"]) == (1, before["uncertain"] - 1)
    assert adds_up(one)
    assert online.run("resolve", run, "--accepted", first, "--yes").code == 2, "it is in doubt no more"
    rest = online.run("resolve", run, "--accepted", "--yes", "--json")
    assert rest.json["uncertain"] == 0
    assert rest.json["decided"] == before["uncertain"] - 1


def test_what_a_person_knows_was_not_sent_is_sent_again(online: Desk, postmark: Postmark) -> None:
    postmark.follow("reset")
    online.run("send", "digest", "--yes", "--limit", "1")
    run = online.json("runs")[0]["run"]
    doubtful = online.json("runs", run)["uncertain"]
    assert doubtful
    told = online.run("resolve", run, "--not-sent", "--yes", "--json")
    assert (told.json["decided"], told.json["uncertain"]) == (doubtful, 0)
    assert told.json["pending"] == 3
    postmark.follow()
    assert online.run("send", "digest", "--yes", "--json").json["accepted"] == 3


def test_resolving_asks_for_a_run_and_for_one_word(online: Desk) -> None:
    assert online.run("resolve", "99").code == 2
    assert online.run("resolve", "1", "--accepted", "--not-sent").code == 2
    assert online.run("resolve", "1", "ana@mail.example").code == 2
