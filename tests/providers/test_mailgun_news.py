"""Mailgun's signed news: what proves it, what each event means, now and in the form of before 2018."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from engine.errors import WebhookRefused
from engine.model.heard import Bounce, Heard, News, Post
from engine.providers import proof
from engine.providers.base import Hears
from engine.providers.mailgun import Mailgun
from engine.providers.proof import Tokens
from engine.providers.registry import make_provider
from tests.corpus import CORPUS
from tests.providers.conformance import run

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
KEY = "key-of-the-webhooks"


def hearing(key: str = KEY) -> Hears:
    """A provider that listens."""
    options = {"type": "mailgun", "token": "t", "domain": "news.acme.example"}
    provider = make_provider("mail", {**options, **({"webhook_key": key} if key else {})}, workspace=Path())
    assert isinstance(provider, Hears)
    return provider


def signature(token: str = "t" * 50, at: datetime = NOW, key: str = KEY) -> dict[str, str]:
    """What Mailgun signs a call with."""
    stamp = str(int(at.timestamp()))
    claimed = hmac.new(key.encode(), (stamp + token).encode(), hashlib.sha256).hexdigest()
    return {"timestamp": stamp, "token": token, "signature": claimed}


def signed(event: object, **more: object) -> Post:
    """A call as Mailgun makes it."""
    told = {"signature": signature(**more), "event-data": event}  # type: ignore[arg-type]
    return Post(json.dumps(told).encode(), {"content-type": "application/json"})


def hear(event: object, now: datetime = NOW) -> list[Heard]:
    """What an event says."""
    return run(hearing().hear(signed(event), now))


def event(kind: str, **more: object) -> dict:
    """An event as Mailgun writes it."""
    return {
        "event": kind,
        "id": "e1",
        "timestamp": NOW.timestamp() - 60.5,
        "recipient": "reader@customers.example",
        "user-variables": {"reference": "delivery-1"},
        "message": {"headers": {"message-id": "delivery-1@news.acme.example"}},
        **more,
    }


def failed(
    reason: str, words: str = "", code: object = 550, severity: str = "permanent", **more: object
) -> dict:
    """A letter that could not be delivered."""
    status = {"code": code, "message": words, "description": "Mailgun's own words", **more}
    return event("failed", severity=severity, reason=reason, **{"delivery-status": status})


def test_an_event_says_whose_it_is() -> None:
    client = {"user-agent": "Firefox", "client-type": "browser"}
    (news,) = hear(event("clicked", url="https://acme.example/a", ip="192.0.2.1", **{"client-info": client}))
    assert news == Heard(
        News.CLICKED,
        NOW - timedelta(seconds=60.5),
        "clicked e1",
        reference="delivery-1",
        provider_id="delivery-1@news.acme.example",
        address="reader@customers.example",
        url="https://acme.example/a",
        agent="Firefox",
        ip="192.0.2.1",
    )


MEANINGS = [
    (event("accepted"), None, None),
    (event("stored"), None, None),
    (event("surprise"), None, None),
    (event("delivered"), News.DELIVERED, None),
    (event("opened"), News.OPENED, None),
    (event("complained"), News.COMPLAINED, None),
    (event("unsubscribed"), News.UNSUBSCRIBED, None),
    (event("rejected", reject={"reason": "Sandbox"}), News.REFUSED, Bounce.POLICY),
    (failed("generic", "4.2.2 full", 452, "temporary"), News.DEFERRED, None),
    (failed("bounce", "5.1.1 unknown"), News.BOUNCED, Bounce.INVALID),
    (failed("bounce", "No Such User Here"), News.BOUNCED, Bounce.INVALID),
    (failed("bounce", "not accepted", **{"enhanced-code": "5.7.1"}), News.BOUNCED, Bounce.POLICY),
    (failed("bounce", "mailbox full", 552), News.BOUNCED, Bounce.SOFT),
    (failed("bounce", "mailbox disabled"), News.BOUNCED, Bounce.DISABLED),
    (failed("generic", "No MX for x.example", 498), News.BOUNCED, Bounce.INVALID),
    (failed("old", "Unable to connect to MX servers", 602), News.BOUNCED, Bounce.SOFT),
    (failed("old", "user unknown", 602), News.BOUNCED, Bounce.SOFT),
    (failed("espblock", "not today"), News.BOUNCED, Bounce.POLICY),
    (failed("suppress-bounce", code=605), News.REFUSED, Bounce.SUPPRESSED),
    (failed("suppress-complaint", code=607), News.REFUSED, Bounce.SUPPRESSED),
    (failed("suppress-unsubscribe", code=606), News.REFUSED, Bounce.SUPPRESSED),
]


@pytest.mark.parametrize(("told", "news", "bounce"), MEANINGS)
def test_each_event_has_one_meaning(told: dict, news: News | None, bounce: Bounce | None) -> None:
    assert [(each.news, each.bounce) for each in hear(told)] == ([(news, bounce)] if news else [])


@pytest.mark.parametrize(
    ("client", "machine"),
    [({"bot": "apple"}, True), ({"client-type": "robot"}, True), ({"bot": ""}, False), (None, False)],
)
def test_an_open_by_a_machine_says_so(client: object, machine: bool) -> None:
    assert [each.machine for each in hear(event("opened", **{"client-info": client}))] == [machine]


def vectors() -> list[dict]:
    """Mailgun's signature vectors, where they are."""
    path = CORPUS / "providers/mailgun/signature-vectors/webhook_hmac.json" if CORPUS else None
    return json.loads(path.read_text())["vectors"] if path and path.exists() else []


@pytest.mark.corpus
@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector["name"])
def test_every_signature_vector_is_judged_rightly(vector: dict) -> None:
    assert CORPUS is not None
    body = (CORPUS / "providers/mailgun/webhooks/symfony" / vector["name"]).read_bytes()
    assert json.loads(body)["signature"] == vector["signature"]
    now = datetime.fromtimestamp(int(vector["signature"]["timestamp"]), UTC)
    listening = hearing(vector["signing_key"])
    assert vector["expect_valid"]
    heard = run(listening.hear(Post(body), now))
    assert len(heard) == (0 if "accepted" in vector["name"] else 1)
    for key, wrong in [
        ("another", body),
        (vector["signing_key"], body.replace(b'"token": "', b'"token": "0')),
    ]:
        with pytest.raises(WebhookRefused) as raised:
            run(hearing(key).hear(Post(wrong), now))
        assert raised.value.status == 401


@pytest.mark.parametrize(
    "change",
    [
        {"signature": ""},
        {"signature": "0" * 64},
        {"signature": "é"},
        {"token": "another"},
        {"timestamp": str(int(NOW.timestamp()) + 1)},
        {"timestamp": ""},
    ],
)
def test_a_forged_call_is_refused(change: dict) -> None:
    told = {"signature": {**signature(), **change}, "event-data": event("delivered")}
    with pytest.raises(WebhookRefused) as raised:
        run(hearing().hear(Post(json.dumps(told).encode()), NOW))
    assert raised.value.status == 401


@pytest.mark.parametrize(
    "told", [{}, {"event-data": {"event": "delivered"}}, {"signature": None}, {"signature": []}]
)
def test_an_unsigned_call_is_refused(told: dict) -> None:
    with pytest.raises(WebhookRefused) as raised:
        run(hearing().hear(Post(json.dumps(told).encode()), NOW))
    assert raised.value.status == 401


def test_without_a_key_nothing_is_believed() -> None:
    with pytest.raises(WebhookRefused) as raised:
        run(hearing("").hear(signed(event("delivered")), NOW))
    assert raised.value.status == 403


def test_an_old_call_is_a_replay_and_one_of_today_may_be_a_repetition() -> None:
    assert run(hearing().hear(signed(event("delivered"), at=NOW - timedelta(hours=8)), NOW))
    with pytest.raises(WebhookRefused):
        run(hearing().hear(signed(event("delivered"), at=NOW - timedelta(hours=10)), NOW))


def test_a_signature_serves_one_event_alone() -> None:
    listening = hearing()
    first = run(listening.hear(signed(event("delivered")), NOW))
    assert run(listening.hear(signed(event("delivered")), NOW)) == first
    with pytest.raises(WebhookRefused, match="another event"):
        run(listening.hear(signed(event("complained")), NOW))
    assert run(listening.hear(signed(event("complained"), token="u" * 50), NOW))


def test_only_so_many_tokens_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "TOKENS_KEPT", 3)
    listening = hearing()
    for number in range(9):
        run(listening.hear(signed(event("delivered"), token=f"t{number}"), NOW))
    assert isinstance(listening, Mailgun)
    assert isinstance(listening.spends, Tokens)
    assert list(listening.spends.events) == ["t6", "t7", "t8"]


@pytest.mark.parametrize("body", [b"", b"5", b"not json", b"[1]"])
def test_a_call_that_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(WebhookRefused) as raised:
        run(hearing().hear(Post(body), NOW))
    assert raised.value.status == 400


@pytest.mark.parametrize("event", [None, [], "x", 5])
def test_a_signed_call_without_an_event_is_400(event: object) -> None:
    with pytest.raises(WebhookRefused) as raised:
        run(hearing().hear(signed(event), NOW))
    assert raised.value.status == 400


def test_the_same_event_told_twice_has_one_identity_even_without_an_id_of_its_own() -> None:
    for told in (event("opened"), event("opened", id="")):
        (first,), (again,) = hear(told), hear(dict(reversed(told.items())))
        assert first.identity == again.identity
    assert hear(event("opened"))[0].identity != hear(event("clicked"))[0].identity


def samples(*folders: str) -> list[Path]:
    """Recorded webhooks, where they are."""
    if CORPUS is None:
        return []
    return sorted(
        path for folder in folders for path in (CORPUS / "providers/mailgun/webhooks" / folder).glob("*.json")
    )


UNDERSTOOD = {
    "delivered": (News.DELIVERED, None),
    "opened": (News.OPENED, None),
    "clicked": (News.CLICKED, None),
    "complained": (News.COMPLAINED, None),
    "unsubscribed": (News.UNSUBSCRIBED, None),
    "rejected": (News.REFUSED, Bounce.POLICY),
    ("failed", "permanent", "bounce"): (News.BOUNCED, Bounce.INVALID),
    ("failed", "permanent", "suppress-bounce"): (News.REFUSED, Bounce.SUPPRESSED),
    ("failed", "temporary", "generic"): (News.DEFERRED, None),
    ("failed", "temporary", "greylisted"): (News.DEFERRED, None),
}
MODERN = [path for path in samples("anymail", "mailgun-docs", "symfony") if "Legacy" not in path.name]


@pytest.mark.corpus
@pytest.mark.parametrize("path", MODERN, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_recorded_webhook_is_understood(path: Path) -> None:
    told = json.loads(path.read_text())
    told = told.get("event-data", told)
    key = told["event"] if told["event"] != "failed" else ("failed", told["severity"], told["reason"])
    heard = [(each.news, each.bounce) for each in hear(told)]
    assert heard == ([UNDERSTOOD[key]] if told["event"] not in ("accepted", "stored") else [])
    for each in hear(told):
        assert each.address == told.get("recipient", "")
        assert each.at < NOW
        assert each.identity


LEGACY = {
    "test_alt_smtp_code": (News.BOUNCED, Bounce.INVALID),
    "test_delivered_event": (News.DELIVERED, None),
    "test_dropped_bounce": (News.REFUSED, Bounce.SUPPRESSED),
    "test_dropped_spam": (News.REFUSED, Bounce.SUPPRESSED),
    "test_dropped_timed_out": (News.BOUNCED, Bounce.SOFT),
    "test_invalid_mailbox": (News.BOUNCED, Bounce.INVALID),
    "test_metadata_key_conflicts": (News.CLICKED, None),
    "test_metadata_message_headers": (News.DELIVERED, None),
    "test_metadata_post_fields": (News.CLICKED, None),
    "test_misconfigured_inbound": None,
    "test_tags": (News.OPENED, None),
    "test_x_tags": (News.DELIVERED, None),
}


@pytest.mark.corpus
@pytest.mark.parametrize(
    "path", [path for path in samples("anymail") if "Legacy" in path.name], ids=lambda path: path.stem
)
def test_every_recorded_webhook_of_the_older_kind_is_understood(path: Path) -> None:
    fields = {**json.loads(path.read_text()), **signature()}
    post = Post(urlencode(fields, doseq=True).encode(), {"content-type": "application/x-www-form-urlencoded"})
    heard = [(each.news, each.bounce) for each in run(hearing().hear(post, NOW))]
    expected = LEGACY[path.stem.split(".")[1]]
    assert heard == ([expected] if expected else [])
    fields["token"] = "another"
    with pytest.raises(WebhookRefused):
        run(hearing().hear(Post(urlencode(fields, doseq=True).encode(), post.headers), NOW))
