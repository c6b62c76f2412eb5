"""Letters of people who are away come from whoever stands in on the day they leave; the real commands."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from tests.acceptance.conftest import Desk
from tests.acceptance.test_persons import ANA

PRIYA = "priya: { name: Priya at Reading Room, email: priya@news.reading.example"
AWAY = PRIYA + ", away: { from: 2026-11-24, until: 2026-11-26, cover: team }"
MONDAY, TUESDAY, FRIDAY = (f"2026-11-{day}T09:00:00+00:00" for day in (23, 24, 27))
LATE_ON_MONDAY = "2026-11-23T23:59:59+00:00"
COVERING = "covering for Priya at Reading Room until 2026-11-26"


def letter_to(desk: Desk, address: str) -> EmailMessage:
    """The one letter to that address."""
    found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in desk.letters()]
    (mine,) = [message for message in found if address in str(message["To"])]
    assert isinstance(mine, EmailMessage)
    return mine


def test_the_cover_signs_is_answered_and_is_said_everywhere(desk: Desk) -> None:
    desk.filled().edit("config/senders.yaml", PRIYA, AWAY)
    team = "team: { name: Reading Room"
    desk.edit("config/senders.yaml", team, f"{team}, photo: https://reading.example/team.jpg")
    template = "{{ sender.name }},"
    covering = "{{ sender.name }}{% if sender.covering_for %} for {{ sender.covering_for }}{% endif %},"
    covering += '<img src="{{ sender.photo }}" width="80" height="80" alt="The reading room">'
    desk.edit("templates/letter.html", template, covering)
    (before,) = {line["covering"] for line in desk.json("plan", "digest", now=MONDAY)["variants"]}
    assert before is None
    plan = desk.json("plan", "digest", now=TUESDAY)
    told = {(line["sender"], line["covering"], line["people"]) for line in plan["variants"]}
    assert told == {("Reading Room", COVERING, 2), ("Reading Room", None, 1)}
    assert f"from Reading Room, {COVERING}" in desk.run("plan", "digest", now=TUESDAY).out
    assert COVERING in desk.run("preview", "digest", "--for", ANA, now=TUESDAY).out.splitlines()[0]
    assert f"from team, {COVERING}, posts" in desk.run("why", ANA, "digest", now=TUESDAY).out
    assert desk.json("send", "digest", "--yes", now=TUESDAY)["accepted"] == 3
    letter = letter_to(desk, ANA)
    assert (letter["From"], letter["Reply-To"]) == (
        "Reading Room <hello@news.reading.example>",
        "Reading Room <hello@reading.example>",
    )
    body = letter.get_body(("html",))
    assert body is not None
    assert "Reading Room for Priya at Reading Room" in body.get_content()
    assert 'src="https://reading.example/team.jpg"' in body.get_content()
    assert f"from team, {COVERING}" in desk.run("why", ANA, "digest", now=TUESDAY).out


@pytest.mark.parametrize("base", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_what_was_planned_before_comes_from_who_is_there_when_it_leaves(
    desk: Desk, base: str, request: pytest.FixtureRequest
) -> None:
    if base == "postgresql":
        desk.filled_on(request.getfixturevalue("postgres_url"))
    desk.filled().edit("config/senders.yaml", PRIYA, AWAY)
    desk.edit("campaigns/digest.yaml", "sender: account-owner", "sender: priya")
    first = ("send", "digest", "--occurrence", "autumn", "--yes", "--limit", "1")
    names = []
    for now in (LATE_ON_MONDAY, TUESDAY, FRIDAY):
        before = set(desk.letters())
        desk.json(*first, now=now)
        (new,) = set(desk.letters()) - before
        names.append(str(message_from_bytes(new.read_bytes(), policy=policy.default)["From"]).split(" <")[0])
    assert names == ["Priya at Reading Room", "Reading Room", "Priya at Reading Room"]
    run = desk.json("runs", "1", now=FRIDAY)
    assert (run["accepted"], run["state"]) == (3, "done")


def test_tasks_of_somebody_away_are_their_covers_too(desk: Desk) -> None:
    desk.filled().edit("config/senders.yaml", PRIYA, AWAY)
    desk.json("task", ANA, "call", "Ask how the grinder does")
    assert desk.json("tasks", "--owner", "team", now=MONDAY) == []
    (line,) = desk.json("tasks", "--owner", "team", now=TUESDAY)
    assert (line["owner"], line["cover"]) == ("priya", "team")
    assert desk.json("tasks", "--owner", "priya", now=TUESDAY) == [line]
    assert "· priya (away; team stands in)" in desk.run("tasks", now=TUESDAY).out
