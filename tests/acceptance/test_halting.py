"""Pausing, letting go on and ending for good, by the real command; and what a campaign's brakes do."""

from __future__ import annotations

from tests.acceptance.conftest import Desk, adds_up


def test_a_paused_campaign_is_not_sent_until_it_is_resumed(desk: Desk) -> None:
    desk.filled()
    halt = desk.json("pause", "digest", "--reason", "wrong picture")
    assert halt == {"campaign": "digest", "paused": True, "runs": [], "reason": "wrong picture"}
    refused = desk.run("send", "digest")
    assert refused.code == 4
    assert "digest is paused since 2026-11-23 09:00 UTC: wrong picture" in refused.err
    assert "touchbase resume digest" in refused.err
    assert not desk.letters()
    assert desk.json("plan", "digest")["pending"] == 3, "looking is always allowed"
    assert desk.json("pause", "digest", "--reason", "again")["reason"] == "wrong picture"
    assert desk.json("resume", "digest")["paused"] is False
    assert desk.json("send", "digest")["accepted"] == 3
    assert desk.run("resume", "digest").code == 4


def test_a_pause_stops_a_run_that_was_begun_and_resuming_lets_it_end(desk: Desk) -> None:
    desk.filled()
    run = desk.json("send", "digest", "--limit", "1")["run"]
    assert desk.json("pause", "digest")["runs"] == [run]
    shown = desk.json("runs", run)
    assert (shown["state"], shown["reason"], shown["pending"]) == ("paused", "paused by command", 2)
    assert desk.run("send", "digest").code == 4
    assert desk.json("resume", "digest")["runs"] == [run]
    assert desk.json("send", "digest")["accepted"] == 3
    assert len(desk.letters()) == 3


def test_a_run_that_is_cancelled_never_goes_on(desk: Desk) -> None:
    desk.filled()
    run = desk.json("send", "digest", "--limit", "1")["run"]
    assert desk.run("cancel", run).code == 4, "nobody was there to ask"
    ended = desk.json("cancel", run, "--yes")
    assert (ended["cancelled"], ended["accepted"], ended["state"]) == (2, 1, "cancelled")
    assert ended["skipped"] == {"cancelled": 2, "excluded": 1}
    assert adds_up(ended)
    assert desk.json("send", "digest")["sent_now"] == 0
    assert len(desk.letters()) == 1
    again = desk.run("cancel", run, "--yes")
    assert (again.code, "is cancelled already" in again.err) == (4, True)
    assert desk.run("cancel", "no-such-run", "--yes").code == 2


def test_what_waits_longer_than_the_campaign_allows_expires(desk: Desk) -> None:
    desk.filled()
    desk.edit(
        "campaigns/digest.yaml", "sender: account-owner", "sender: account-owner\nsafety: { max_age: 2 days }"
    )
    desk.json("send", "digest", "--limit", "1")
    late = desk.json("send", "digest", "--at", "2026-11-23T09:00", now="2026-11-26T09:00:00+00:00")
    assert (late["accepted"], late["skipped"]["expired"], late["pending"]) == (1, 2, 0)
    assert late["state"] == "done"


def test_a_fallback_takes_over_when_the_first_way_is_out_of_order(desk: Desk) -> None:
    desk.filled()
    (desk.root / "outbox").write_text("a file where the folder should be", encoding="utf-8")
    desk.edit("config/project.yaml", "provider: outbox\n", "provider: outbox\nfallback: spare\n")
    desk.edit(
        "config/project.yaml",
        "  outbox: { type: outbox, folder: outbox }\n",
        "  outbox: { type: outbox, folder: outbox }\n  spare: { type: outbox, folder: spare }\n",
    )
    sent = desk.run("send", "digest")
    assert sent.code == 0, sent.err
    assert "3 letters went through spare, because outbox refuses" in sent.out
    assert len(list((desk.root / "spare").glob("*.eml"))) == 3


def test_a_way_out_that_is_out_of_order_stops_the_run_and_the_next_command_goes_on(desk: Desk) -> None:
    desk.filled()
    (desk.root / "outbox").write_text("a file where the folder should be", encoding="utf-8")
    stopped = desk.run("send", "digest")
    assert stopped.code == 5
    assert stopped.err.count("cannot write letters into") == 1
    (desk.root / "outbox").unlink()
    assert desk.json("send", "digest")["accepted"] == 3
