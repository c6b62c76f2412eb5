"""A sender whom the provider does not know: nobody else's letters wait for them; the real commands."""

from __future__ import annotations

from tests.acceptance.conftest import PROJECT, Desk, adds_up
from tests.acceptance.test_persons import ANA
from tests.doubles.api import TOKEN, Reply, Request, json_reply, running
from tests.doubles.resend import Resend

OUTBOX = "provider: outbox\nproviders:\n  outbox: { type: outbox, folder: outbox }\n"
LATER = "2026-11-23T10:30:00+00:00"


class Domains(Resend):
    """Says which domains are verified."""

    verified = ("news.reading.example",)

    def question(self, request: Request) -> Reply:
        domains = [{"name": name, "status": "verified"} for name in self.verified]
        return json_reply(200, {"data": domains} if request.path.startswith("/domains") else {})


def test_their_letters_wait_and_the_others_leave(desk: Desk) -> None:
    desk.filled().edit("config/senders.yaml", "priya@news.reading.example", "priya@gone.example")
    api = Domains()
    with running(api) as url:
        desk.write(
            "config/project.yaml",
            PROJECT.replace(
                OUTBOX,
                "provider: mail\nallow_private_networks: true\n"
                f"providers:\n  mail: {{ type: resend, token: {TOKEN}, webhook_key: x, url: '{url}' }}\n",
            ),
        )
        (note,) = desk.json("plan", "digest")["notes"]
        assert note.startswith("letters from priya would wait: mail does not know priya@gone.example")
        run = desk.json("send", "digest", "--yes")
        assert adds_up(run)
        assert (run["accepted"], run["pending"], run["failed"]) == (1, 2, 0)
        (note,) = run["notes"]
        assert note.startswith("2 letters from priya wait for an hour: mail does not know priya@gone.example")
        why = desk.run("why", ANA, "digest").out
        assert "gets digest: sender_refused" in why
        assert "verify its address or domain there" in why
        needs = {need["kind"]: need for need in desk.run("status", "--json").json["needs"]}
        assert needs["sender"]["what"].startswith(
            "2 letters of digest wait because of their sender: mail does"
        )
        api.verified = (*Domains.verified, "gone.example")
        assert desk.json("send", "digest", "--yes", now=LATER)["accepted"] == 3


def test_a_list_that_knows_nobody_says_nothing(desk: Desk) -> None:
    desk.filled()
    api = Domains()
    api.verified = ("else.example",)
    with running(api) as url:
        options = f"type: resend, token: {TOKEN}, webhook_key: x, url: '{url}'"
        project = PROJECT.replace(
            OUTBOX, f"provider: mail\nallow_private_networks: true\nproviders:\n  mail: {{ {options} }}\n"
        )
        desk.write("config/project.yaml", project)
        assert desk.json("send", "digest", "--yes")["accepted"] == 3
