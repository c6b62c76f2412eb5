"""Sunset by the real command, on both databases: down to the end, once, and back by a sign of life."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.acceptance.conftest import NOW, Desk
from tests.acceptance.test_contact import with_note

RULES = """\
policy:
  sunset:
    evidence: [click, order_placed]
    letters: 2
    cooling: { after: 2 days, cadence: every day }
    last_ask: { after: 3 days, campaign: ask }
    dormant: { after: 4 days, cadence: every 2 days }
    suppressed: { after: 6 days }
"""


def day(number: int) -> str:
    return (datetime.fromisoformat(NOW) + timedelta(days=number)).isoformat()


def test_who_does_nothing_is_asked_once_and_given_up_and_comes_back_at_once(
    desk: Desk, database_url: str
) -> None:
    desk.environment["TOUCHBASE_DATABASE_URL"], desk.people = database_url, None
    with_note(desk)
    desk.write("config/policy.yaml", RULES)
    note = (desk.root / "campaigns" / "note.yaml").read_text(encoding="utf-8")
    desk.write("campaigns/ask.yaml", note.replace("campaign: note", "campaign: ask"))
    for number in (0, 3):
        assert desk.json("send", "note", "--occurrence", str(number), now=day(number))["accepted"] == 4
    preview = desk.json("sunset", now=day(11))
    assert (preview["moving"], preview["tasks"], preview["applied"]) == (4, 0, False)
    assert {move["to"] for move in preview["people"]} == {"last_ask"}
    assert desk.json("plan", "ask", now=day(11))["selected"] == 0, "a preview changes nothing"
    assert desk.json("preview", "ask", "--for", "ana@mail.example", now=day(11))["subject"]
    once = desk.json("run", "--once", now=day(11))
    assert [run["accepted"] for run in once["sent"]] == [4]
    assert desk.json("run", "--once", now=day(12))["sent"] == [], "each is asked once"
    assert desk.json("send", "note", "--occurrence", "13", now=day(13))["accepted"] == 4
    ended = desk.json("sunset", "--apply", now=day(20))
    assert {move["customer_id"]: move["to"] for move in ended["people"]} == {
        "c3": "suppressed",
        "c5": "suppressed",
    }
    assert len(desk.json("tasks", "--owner", "priya", now=day(20))) == 2, "owners' customers became tasks"
    again = desk.json("sunset", "--apply", now=day(20))
    assert (again["moving"], len(desk.json("tasks", now=day(20)))) == (0, 2)
    left = desk.json("plan", "note", "--occurrence", "20", now=day(20))["skipped"]
    assert left == {"suppressed": 2}
    refused = desk.run("suppress", "nameless@mail.example", "--lift", now=day(20))
    assert (refused.code, "with a sign of life" in refused.err) == (4, True), refused.err
    desk.write("orders.csv", f"customer_id,at\nc3,{day(20)}\n")
    desk.json("import", "events", "orders.csv", "--event", "order_placed", now=day(20))
    left = desk.json("plan", "note", "--occurrence", "20", now=day(20))["skipped"]
    assert left == {"suppressed": 1}, "a sign of life counts at once"
    assert desk.json("send", "note", "--occurrence", "20", now=day(20))["accepted"] == 3
    names = [line["what"] for line in desk.json("history", "nameless@mail.example", now=day(20))]
    assert names.count("stage_changed") == 4
