"""Everything a person can get wrong: a clear error with its remedy, and nothing half done."""

from __future__ import annotations

import gzip
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from engine.store import sqlite
from tests.acceptance.conftest import DIGEST, Answer, Desk, feed

SEQUENCE = """\
campaign: thanks
status: active
purpose: marketing
intent: thank
topic: newsletter
trigger: { event: order_placed }
steps:
  - { send: letter.html, subject: Thank you }
exit_when: [ { event: complaint_opened } ]
sender: team
"""


def bomb() -> str:
    """Nine levels of nine: a file of 500 bytes that would unfold into hundreds of millions of words."""
    first = "x-a: &a [" + ", ".join(["word"] * 9) + "]\n"
    return first + "".join(
        f"x-{name}: &{name} [{', '.join(['*' + before] * 9)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )


BROKEN_CAMPAIGNS = {
    "tab": (DIGEST.replace("  include", "\tinclude").replace("audience: {", "audience:\n\t{"), "tab"),
    "duplicate": (DIGEST + "status: draft\n", "twice"),
    "unknown_key": (DIGEST.replace("purpose:", "porpose:"), "did you mean"),
    "wrong_word": (DIGEST.replace("marketing", "markting"), "did you mean"),
    "unquoted_braces": (DIGEST.replace('"{{ posts[0].title }}"', "{{ posts[0].title }}"), "quotes"),
    "missing_template": (DIGEST.replace("letter.html", "lettre.html"), "letter.html"),
    "unknown_segment": (DIGEST.replace("[newsletter-readers]", "[newsletter-reader]"), "newsletter-readers"),
    "unknown_feed": (DIGEST.replace("feed: blog", "feed: blogg"), "blog"),
    "unknown_offer": (DIGEST.replace("offer: come-back-15", "offer: come-back"), "come-back-15"),
    "unknown_sender": (DIGEST.replace("sender: account-owner", "sender: tema"), "team"),
    "undefined_name": (DIGEST.replace("customer.first_name |", "customer.first_nam |"), "first_name"),
    "alias": (DIGEST + "x-note: &a [1]\nx-more: *a\n", "anchor"),
    "alias bomb": (DIGEST + bomb(), "anchor"),
    "a text for a number": (DIGEST.replace("pick: 5", "pick: five"), "number alone"),
    "a list for a word": (DIGEST.replace("status: active", "status: [active]"), "choose from"),
    "a word for a list": (DIGEST.replace("[newsletter-readers]", "newsletter-readers"), "list"),
    "a line break in the subject": (DIGEST.replace('reads"', 'reads\\nBcc: x@y.example"'), "one line"),
}


@pytest.mark.parametrize("name", BROKEN_CAMPAIGNS)
def test_check_names_the_file_the_line_and_the_remedy_and_send_refuses(desk: Desk, name: str) -> None:
    text, remedy = BROKEN_CAMPAIGNS[name]
    assert text != DIGEST
    desk.filled()
    desk.write("campaigns/digest.yaml", text)
    checked = desk.run("check", "--json")
    assert checked.code == 1
    found = [problem for problem in checked.json if problem["file"] == "campaigns/digest.yaml"]
    assert found, checked.out
    assert all(problem["line"] > 0 for problem in found)
    assert any(remedy in problem["message"] + problem["help"] for problem in found), found
    sent = desk.run("send", "digest", "--yes")
    assert sent.code == 1
    assert not desk.letters()


def test_a_template_with_an_undefined_name_is_found_with_its_line(desk: Desk) -> None:
    desk.edit("templates/letter.html", "customer.tier ==", "customer.teir ==")
    problems = desk.run("check", "--json").json
    assert any(
        problem["file"] == "templates/letter.html" and problem["line"] == 6 and "tier" in problem["help"]
        for problem in problems
    ), problems


def test_every_problem_is_told_at_once(desk: Desk) -> None:
    desk.edit("campaigns/digest.yaml", "feed: blog", "feed: blogg")
    desk.edit("campaigns/digest.yaml", "sender: account-owner", "sender: tema")
    desk.edit("config/segments.yaml", "by: lifetime_value", "by: lifetime_valu")
    problems = desk.run("check", "--json").json
    assert {"campaigns/digest.yaml", "config/segments.yaml"} <= {problem["file"] for problem in problems}
    assert len(problems) >= 3


def test_a_customer_without_the_value_a_template_needs_is_skipped_with_the_reason(desk: Desk) -> None:
    desk.filled()
    desk.edit("templates/letter.html", "customer.first_name | default('you')", "customer.first_name")
    planned = desk.json("plan", "digest")
    assert planned["skipped"]["missing_value"] == 1
    sent = desk.json("send", "digest")
    assert (sent["accepted"], sent["skipped"]["missing_value"]) == (2, 1)
    why = desk.json("why", "nameless@mail.example", "digest")
    assert why["reason"] == "missing_value"
    assert "first_name" in why["detail"]


def test_a_segment_outside_its_expected_size_is_refused(desk: Desk) -> None:
    desk.filled()
    desk.edit(
        "config/segments.yaml",
        "    all: [ { subscribed: newsletter } ]\n  open",
        "    all: [ { subscribed: newsletter } ]\n    expect: { between: [50, 90] }\n  open",
    )
    for verb in ("plan", "send"):
        answer = desk.run(verb, "digest")
        assert answer.code == 4
        assert "50" in answer.err
    assert desk.json("runs") == []


def test_an_empty_segment_means_nobody(desk: Desk) -> None:
    desk.filled()
    desk.edit("config/segments.yaml", "all: [ { subscribed: newsletter } ]\n  open", "all: []\n  open")
    assert desk.json("plan", "digest")["selected"] == 0


@pytest.mark.parametrize(
    "content",
    [
        b"<html><body><h1>Please log in</h1></body></html>",
        b"",
        b"<?xml version='1.0'?><rss><channel><item><title>cut o",
        gzip.compress(b"0" * 60_000_000, mtime=0),
    ],
    ids=["html page", "empty", "truncated", "gzip bomb"],
)
def test_an_unreadable_feed_is_an_error_with_a_reason_not_no_new_posts(desk: Desk, content: bytes) -> None:
    desk.filled()
    (desk.root / "config" / "feed.xml").write_bytes(content)
    answer = desk.run("send", "digest")
    assert answer.code == 1, answer.out + answer.err
    assert "blog" in answer.err
    assert not desk.letters()
    desk.write("config/feed.xml", feed("The first post"))
    assert desk.json("send", "digest")["accepted"] == 3


def test_a_missing_feed_file_is_named(desk: Desk) -> None:
    desk.filled()
    (desk.root / "config" / "feed.xml").unlink()
    answer = desk.run("send", "digest")
    assert answer.code == 1
    assert "feed.xml" in answer.err


def test_a_pool_that_runs_dry_follows_when_exhausted(desk: Desk) -> None:
    desk.filled()
    desk.write("config/codes.csv", "AAA\nBBB\n")
    for policy, letters, skipped in (("skip", 2, 1), ("send_without", 3, 0)):
        desk.write(
            "config/offers.yaml",
            "offers:\n  come-back-15:\n    title: 15% off\n    code: { pool: config/codes.csv }\n"
            f"    valid_for: 14 days\n    when_exhausted: {policy}\n",
        )
        planned = desk.json("plan", "digest")
        assert planned["pending"] == letters
        assert planned["skipped"].get("offer_exhausted", 0) == skipped
    desk.edit("config/offers.yaml", "send_without", "stop")
    answer = desk.run("send", "digest")
    assert answer.code == 4
    assert not desk.letters()


def test_no_postal_address_is_refused(desk: Desk) -> None:
    desk.filled()
    desk.edit("config/project.yaml", ', address: "1 Reading Lane, London N1 1AA, United Kingdom"', "")
    assert desk.run("check").code == 1
    answer = desk.run("send", "digest")
    assert answer.code in (1, 4)
    assert "address" in answer.err
    assert not desk.letters()


def test_a_missing_secret_is_an_error_at_its_line(desk: Desk) -> None:
    desk.edit(
        "config/project.yaml",
        "  outbox: { type: outbox, folder: outbox }",
        "  outbox: { type: outbox, folder: outbox }\n  postmark: { type: postmark, token: !secret POSTMARK_TOKEN_X }",
    )
    desk.edit("config/project.yaml", "provider: outbox", "provider: postmark")
    problems = desk.run("check", "--json")
    assert problems.code == 1
    assert any("POSTMARK_TOKEN_X" in problem["message"] and problem["line"] == 9 for problem in problems.json)


def test_an_unwritable_outbox_loses_nothing(desk: Desk) -> None:
    desk.filled()
    (desk.root / "outbox").write_text("in the way", encoding="utf-8")
    answer = desk.run("send", "digest")
    assert answer.code == 5, answer.out + answer.err
    assert "outbox" in answer.err
    (desk.root / "outbox").unlink()
    assert desk.json("send", "digest")["accepted"] == 3
    assert len(desk.letters()) == 3


def test_a_corrupt_database_is_refused_and_left_as_it_is(desk: Desk) -> None:
    garbage = b"this is not a database" * 400
    (desk.root / "touchbase.db").write_bytes(garbage)
    answer = desk.run("send", "digest")
    assert answer.code == 5
    assert "touchbase.db" in answer.err
    assert (desk.root / "touchbase.db").read_bytes() == garbage


def test_a_locked_database_is_said_to_be_locked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.filled()
    pragmas = tuple(pragma for pragma in sqlite.PRAGMAS if "busy_timeout" not in pragma)
    monkeypatch.setattr(sqlite, "PRAGMAS", ("PRAGMA busy_timeout = 200", *pragmas))
    holder = sqlite3.connect(desk.root / "touchbase.db", isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        answer = desk.run("send", "digest")
    finally:
        holder.close()
    assert answer.code == 5
    assert "lock" in answer.err or "busy" in answer.err or "another" in answer.err
    assert desk.json("send", "digest")["accepted"] == 3


def unprivileged(desk: Desk, *arguments: str) -> Answer:
    """A command that may not write where its user has no right to, as root may."""
    setpriv = shutil.which("setpriv")
    if os.geteuid() == 0 and setpriv is None:
        pytest.skip("root may write anywhere, and setpriv is not there to change that")
    before = [str(setpriv), "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    process = desk.started(*arguments, before=before)
    out, err = process.communicate(timeout=120)
    return Answer(process.returncode, out, err)


def test_a_read_only_database_is_said_to_be_read_only(desk: Desk) -> None:
    database = desk.filled().root / "touchbase.db"
    database.chmod(0o400)
    content = database.read_bytes()
    answer = unprivileged(desk, "send", "digest")
    assert answer.code == 5, answer
    assert "touchbase.db" in answer.err
    assert "help: " in answer.err
    assert not desk.letters()
    assert database.read_bytes() == content
    database.chmod(0o600)
    assert desk.json("send", "digest")["accepted"] == 3


def test_an_outbox_without_the_right_to_write_loses_nothing(desk: Desk) -> None:
    outbox = desk.filled().root / "outbox"
    outbox.mkdir(mode=0o500)
    answer = unprivileged(desk, "send", "digest")
    assert answer.code == 5, answer
    assert "outbox" in answer.err
    assert "help: " in answer.err
    outbox.chmod(0o700)
    assert desk.json("send", "digest")["accepted"] == 3
    assert len(desk.letters()) == 3


@pytest.mark.parametrize("damage", ["cut short", "overwritten"])
def test_a_damaged_database_is_refused_and_left_as_it_is(desk: Desk, damage: str) -> None:
    database = desk.filled().root / "touchbase.db"
    content = bytearray(database.read_bytes())
    if damage == "cut short":
        del content[20_000:]
    else:
        for place in range(8192, len(content), 4096):
            content[place : place + 64] = b"\xff" * 64
    database.write_bytes(content)
    for verb in (("send", "digest"), ("runs",), ("import", "customers", "people.csv")):
        answer = desk.run(*verb)
        assert answer.code == 5
        assert "touchbase.db" in answer.err
        assert "copy from before the damage" in answer.err
    assert database.read_bytes() == content
    assert not desk.letters()


def test_a_file_over_the_size_limit_and_one_in_another_encoding_are_named(desk: Desk) -> None:
    desk.write("campaigns/big.yaml", "campaign: " + "a" * 300_000)
    (desk.root / "campaigns" / "latin.yaml").write_bytes("campaign: für-alle\n".encode("latin-1"))
    said = {problem["file"]: problem for problem in desk.run("check", "--json").json}
    assert "256 KB" in said["campaigns/big.yaml"]["message"]
    assert "UTF-8" in said["campaigns/latin.yaml"]["help"]
    assert said["campaigns/latin.yaml"]["line"] == 1


def test_a_draft_is_not_sent(desk: Desk) -> None:
    desk.filled()
    desk.edit("campaigns/digest.yaml", "status: active", "status: draft")
    answer = desk.run("send", "digest", "--yes")
    assert answer.code == 4
    assert "draft" in answer.err


def test_what_is_not_run_yet_is_said_by_check_and_refused_by_send(desk: Desk) -> None:
    desk.filled()
    desk.write("campaigns/thanks.yaml", SEQUENCE)
    said = desk.run("check", "--json").json
    assert {"N002", "N003", "N004"} <= {problem["code"] for problem in said}
    answer = desk.run("send", "thanks", "--yes")
    assert answer.code == 4
    assert "trigger" in answer.err
    assert not desk.letters()


def test_wrong_usage_exits_with_two(desk: Desk) -> None:
    assert desk.run("sendd", "digest").code == 2
    assert desk.run("plan").code == 2
    nowhere = desk.run("plan", "digets")
    assert nowhere.code == 2
    assert "digest" in nowhere.err


def test_outside_a_workspace_the_remedy_is_init(desk: Desk, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    answer = Desk(elsewhere).run("check")
    assert answer.code == 2
    assert "init" in answer.err


@pytest.mark.parametrize(
    ("words", "code", "remedy"),
    [
        (["sendd", "digest"], 2, "`send`"),
        (["send", "digets"], 2, "`digest`"),
        (["import", "people.csv"], 2, "touchbase import customers people.csv"),
        (["import", "customers", "nowhere.csv"], 1, "check the path"),
        (["import", "customers", "."], 1, "."),
        (["check", "campaigns/digets.yaml"], 2, "digets.yaml"),
        (["check", ".."], 2, "not in the workspace"),
        (["segments", "best-tow"], 2, "`best-two`"),
        (["why", "nobody@mail.example", "digest"], 2, "check the spelling"),
        (["plan", "digest", "--at", "tomorrow"], 2, "2027-01-05T09:30"),
        (["send", "digest", "--test", "nobody"], 2, "--test you@example.com"),
        (["send", "digest", "--limit", "0"], 2, "--limit"),
        (["runs", "99"], 2, "touchbase runs"),
        (["init", "."], 2, "touchbase init my-letters"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_slips_of_the_hand_are_answered_with_the_remedy(
    desk: Desk, words: list[str], code: int, remedy: str
) -> None:
    answer = desk.filled().run(*words)
    assert answer.code == code, answer
    assert remedy in answer.err
    assert not desk.letters()
