"""Plans that wait for a person: saved, approved, sent as they are, refused when they are not what they were."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.acceptance.conftest import PEOPLE, Desk, adds_up, feed, laid_out

APPROVED = "2026-11-23T10:30:00+00:00"
SAFETY = "sender: account-owner\nsafety: { approve_above: 2 }"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    """A workspace on either database with a campaign that needs approval above two letters; it has three."""
    if request.param == "sqlite":
        made = laid_out(tmp_path / "workspace", request.getfixturevalue("people")).filled()
    else:
        made = laid_out(tmp_path / "workspace")
        made.environment["TOUCHBASE_DATABASE_URL"] = str(request.getfixturevalue("postgres_url"))
        made.filled()
    made.edit("campaigns/digest.yaml", "sender: account-owner", SAFETY)
    return made


def saved(desk: Desk, *more: str) -> str:
    """The run of a plan just saved."""
    return str(desk.json("plan", "digest", "--save", *more)["run"])


def codes(desk: Desk) -> set[str]:
    """The codes in the letters that were sent."""
    text = "".join(path.read_text(encoding="utf-8") for path in desk.letters())
    return set(re.findall(r"BACK-[2-9A-Z]{4}-[2-9A-Z]{4}", text))


def more_people(desk: Desk, number: int) -> None:
    """So many new subscribers."""
    rows = "".join(f"n{row},new{row}@mail.example,New,,,,,,newsletter\n" for row in range(number))
    desk.write("more.csv", PEOPLE.splitlines()[0] + "\n" + rows)
    desk.json("import", "customers", "more.csv")


def test_a_large_run_is_refused_with_the_three_commands_that_lead_on(desk: Desk) -> None:
    for words in (("send", "digest"), ("send", "digest", "--yes")):
        refused = desk.run(*words)
        assert refused.code == 4
        assert "3 letters need a person's approval: more than `approve_above: 2` (campaigns/digest.yaml:" in (
            refused.err
        )
        for command in ("touchbase plan digest --save", "touchbase approve RUN", "touchbase send digest"):
            assert f"`{command}`" in refused.err
    assert desk.json("runs") == []
    assert not desk.letters()


def test_a_run_of_no_more_letters_than_allowed_needs_nobody(desk: Desk) -> None:
    desk.edit("campaigns/digest.yaml", "approve_above: 2", "approve_above: 3")
    assert desk.json("send", "digest")["accepted"] == 3


def test_a_saved_plan_is_approved_and_exactly_that_is_sent(desk: Desk) -> None:
    plan = desk.json("plan", "digest", "--save")
    assert (plan["state"], plan["pending"], adds_up(plan)) == ("awaiting", 3, True)
    waiting = desk.run("send", "digest", "--yes")
    assert waiting.code == 4
    assert f"run {plan['run']} of digest waits for a person's approval" in waiting.err
    assert f"`touchbase approve {plan['run']}`" in waiting.err
    # A post that comes after the plan is not in its letters.
    desk.write(
        "config/feed.xml", feed("The fourth post", "The third post", "The second post", "The first post")
    )
    approved = desk.json("approve", plan["run"], "--by", "Priya", now=APPROVED)
    assert approved["state"] == "ready"
    assert approved["approved"] == {"at": APPROVED, "by": "Priya"}
    assert not desk.letters(), "approving sends nothing"
    sent = desk.json("send", "digest")
    assert (sent["run"], sent["accepted"], sent["state"]) == (plan["run"], 3, "done")
    assert adds_up(sent)
    assert len(codes(desk)) == 3
    assert not any("The fourth post" in path.read_text(encoding="utf-8") for path in desk.letters())
    shown = desk.json("runs", plan["run"])
    assert shown["approved"]["by"] == "Priya"


def test_what_a_person_sees_of_a_saved_plan(desk: Desk) -> None:
    run = saved(desk)
    assert f"next: touchbase approve {run}" in desk.run("plan", "digest").out
    assert f"touchbase approve {run}" in desk.run("runs", run).out
    assert "awaiting" in desk.run("runs").out
    assert f"saved as run {run}" in desk.run("why", "ana@mail.example", "digest").out
    said = desk.run("approve", run, "--by", "Priya").out
    assert f"run {run} of digest (2026-11-23) is approved by Priya: 3 letters" in said
    assert "touchbase send digest" in said
    assert "approved by Priya" in desk.run("why", "ana@mail.example", "digest").out
    assert desk.json("approve", run, "--by", "Somebody else")["approved"]["by"] == "Priya"


@pytest.mark.parametrize("edited", ["campaign", "template", "segment", "sender", "offer", "company"])
def test_a_plan_whose_files_changed_is_out_of_date(desk: Desk, edited: str) -> None:
    file, before, after, part = {
        "campaign": ("campaigns/digest.yaml", "} reads", "} good reads", "campaigns/digest.yaml changed"),
        "template": ("templates/letter.html", "Hello", "Good day", "templates/letter.html changed"),
        "segment": (
            "config/segments.yaml", "Asked for the", "Wants the", "segment newsletter-readers (config/segments.yaml) changed",
        ),
        "sender": ("config/senders.yaml", "Priya at", "Priya from", "sender priya (config/senders.yaml) changed"),
        "offer": ("config/offers.yaml", "15% off", "Fifteen off", "offer come-back-15 (config/offers.yaml) changed"),
        "company": ("config/project.yaml", "1 Reading Lane", "2 Reading Lane", "config/project.yaml changed"),
    }[edited]  # fmt: skip
    run = saved(desk)
    desk.edit(file, before, after)
    refused = desk.run("approve", run)
    assert refused.code == 4
    assert f"the plan of run {run} is out of date: {part}" in refused.err
    assert "`touchbase plan digest --save`" in refused.err
    desk.edit(file, after, before)
    desk.json("approve", run)
    desk.edit(file, before, after)
    assert desk.run("send", "digest", "--yes").code == 4, "an approval is for what was approved"
    assert not desk.letters()
    assert part in desk.run("plan", "digest").out


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("config/segments.yaml", "\n  # a remark\n  another: { title: Another, all: [ { subscribed: offers } ] }\n"),
        ("campaigns/digest.yaml", "\n# a remark\nx-note: for ourselves\n"),
        ("templates/other.html", "<p>nobody includes this</p>"),
    ],
    ids=["another-segment", "remarks", "another-template"],
)  # fmt: skip
def test_what_the_letters_are_not_made_of_may_change(desk: Desk, file: str, text: str) -> None:
    run = saved(desk)
    path = desk.root / file
    desk.write(file, (path.read_text(encoding="utf-8") if path.exists() else "") + text)
    desk.json("approve", run)
    assert desk.json("send", "digest")["accepted"] == 3


def test_a_plan_whose_people_moved_too_far_is_out_of_date(desk: Desk) -> None:
    run = saved(desk)
    more_people(desk, 1)
    refused = desk.run("approve", run)
    assert refused.code == 4
    assert "of 3 people 0 left and 1 came, more than `audience_may_move: 5%`" in refused.err
    desk.edit("campaigns/digest.yaml", "approve_above: 2", "approve_above: 2, audience_may_move: 40%")
    run = saved(desk)
    desk.json("approve", run)
    desk.run("suppress", "nameless@mail.example")
    assert desk.json("plan", "digest")["state"] == "ready"
    desk.run("suppress", "bjorn@mail.example")
    refused = desk.run("send", "digest", "--yes")
    assert refused.code == 4
    assert "of 4 people 2 left and 0 came" in refused.err
    again = saved(desk)
    desk.json("approve", again)
    assert desk.json("send", "digest")["accepted"] == 2


def test_saving_again_replaces_the_plan_and_its_codes_are_free(desk: Desk) -> None:
    desk.edit("config/offers.yaml", "limit: 50", "limit: 3")
    first = saved(desk)
    second = desk.json("plan", "digest", "--save")
    assert second["run"] != first
    assert all(line["offer"] for line in second["variants"]), "the codes of the first plan came back"
    assert f"the plan of run {first} was thrown away for this one" in second["notes"]
    assert desk.run("approve", first).code == 2
    desk.json("approve", second["run"])
    third = desk.json("plan", "digest", "--save")
    assert third["state"] == "awaiting", "a new plan needs a new approval"
    assert f"the approved plan of run {second['run']} was thrown away for this one" in third["notes"]
    desk.json("approve", third["run"])
    desk.json("send", "digest")
    assert len(codes(desk)) == 3


@pytest.mark.parametrize("end", ["discard", "cancel"])
def test_a_plan_that_is_given_up_lets_its_codes_go(desk: Desk, end: str) -> None:
    desk.edit("config/offers.yaml", "limit: 50", "limit: 3")
    run = saved(desk)
    if end == "discard":
        assert desk.json("plan", "digest", "--discard") == {"campaign": "digest", "discarded": run}
        assert desk.run("plan", "digest", "--discard").code == 4
        assert desk.json("runs") == []
    else:
        ended = desk.json("cancel", run, "--yes")
        assert (ended["state"], ended["cancelled"]) == ("cancelled", 3)
        refused = desk.run("plan", "digest", "--save")
        assert (
            refused.code,
            "is cancelled: 2026-11-23 of digest cannot be planned again" in refused.err,
        ) == (4, True)
    other = desk.json("plan", "digest", "--save", "--occurrence", "another try")
    assert other["pending"] == 3
    assert all(line["offer"] for line in other["variants"])
    refused = desk.run("send", "digest", "--occurrence", "another try")
    assert "`touchbase send digest --occurrence 'another try'`" in refused.err
    desk.json("approve", other["run"])
    assert desk.json("send", "digest", "--occurrence", "another try")["accepted"] == 3


def test_a_plan_that_cannot_be_made_again_leaves_the_one_there_is(desk: Desk) -> None:
    run = saved(desk)
    text = (desk.root / "config/feed.xml").read_text(encoding="utf-8")
    (desk.root / "config/feed.xml").write_text("not a feed", encoding="utf-8")
    assert desk.run("plan", "digest", "--save").code == 1
    (desk.root / "config/feed.xml").write_text(text, encoding="utf-8")
    desk.json("approve", run)
    assert desk.json("send", "digest")["accepted"] == 3


def test_a_pause_keeps_an_approved_plan_and_its_check(desk: Desk) -> None:
    run = saved(desk)
    desk.json("approve", run)
    desk.json("pause", "digest")
    assert desk.run("send", "digest").code == 4
    desk.edit("templates/letter.html", "Hello", "Good day")
    desk.json("resume", "digest")
    refused = desk.run("send", "digest")
    assert (refused.code, "out of date" in refused.err) == (4, True)
    desk.json("approve", saved(desk))
    assert desk.json("send", "digest")["accepted"] == 3


def test_a_plan_on_its_way_goes_on_whatever_changes(desk: Desk) -> None:
    desk.json("approve", saved(desk))
    assert desk.json("send", "digest", "--limit", "1")["pending"] == 2
    desk.edit("templates/letter.html", "Hello", "Good day")
    more_people(desk, 2)
    assert desk.run("plan", "digest", "--save").code == 4
    assert desk.json("send", "digest")["accepted"] == 3
    assert not any("Good day" in path.read_text(encoding="utf-8") for path in desk.letters())


def test_slips_of_the_hand(desk: Desk) -> None:
    assert desk.run("approve", "99").code == 2
    assert desk.run("approve", "9" * 30).code == 2
    assert desk.run("approve", "digest").code == 2
    assert desk.run("plan", "digest", "--save", "--discard").code == 2
    desk.edit("campaigns/digest.yaml", "status: active", "status: draft")
    refused = desk.run("plan", "digest", "--save")
    assert (refused.code, "is draft" in refused.err) == (4, True)
    desk.edit("campaigns/digest.yaml", "status: draft", "status: active")
    desk.json("approve", saved(desk))
    run = desk.json("send", "digest")["run"]
    done = desk.run("approve", run)
    assert (done.code, f"run {run} of digest is done" in done.err) == (4, True)
