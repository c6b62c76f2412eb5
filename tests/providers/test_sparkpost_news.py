"""What SparkPost tells: proven by the key we gave it, read by its meaning; every recorded sample."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.errors import WebhookRefused
from engine.model.heard import Bounce, Heard, News, Post
from engine.providers.base import Hears
from engine.providers.registry import make_provider
from tests.corpus import CORPUS
from tests.providers.conformance import run

KEY = "a-webhook-key"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
EVENT = {
    "type": "bounce", "bounce_class": "10", "event_id": "e-1", "rcpt_to": "anna@customers.example",
    "raw_rcpt_to": "Anna@customers.example", "rcpt_meta": {"reference": "d1"}, "timestamp": "1795341540",
    "transmission_id": "t-1", "raw_reason": "550 5.1.1 user unknown",
}  # fmt: skip


def ears(key: str = KEY) -> Hears:
    """A SparkPost that listens."""
    options = {"type": "sparkpost", "token": "t", **({"webhook_key": key} if key else {})}
    provider = make_provider("mail", options, workspace=Path())
    assert isinstance(provider, Hears)
    return provider


def hear(*events: dict, group: str = "message_event") -> list[Heard]:
    """What a proven call says."""
    return told([{"msys": {group: event}} for event in events])


def told(body: object) -> list[Heard]:
    """What a proven call with this body says."""
    post = Post(json.dumps(body).encode(), {"authorization": f"Bearer {KEY}"})
    return run(ears().hear(post, NOW))


def test_a_bounce_says_whose_it_is_and_why() -> None:
    expected = Heard(
        News.BOUNCED, datetime(2026, 11, 22, 9, 59, tzinfo=UTC), "bounce e-1", "d1", "t-1/d1",
        "Anna@customers.example", Bounce.INVALID, "550 5.1.1 user unknown",
    )  # fmt: skip
    assert hear(EVENT) == [expected]
    assert hear(EVENT, {**EVENT, "event_id": "e-2"})[1].identity == "bounce e-2"
    without = {name: value for name, value in EVENT.items() if name != "event_id"}
    assert hear(without)[0].identity == hear(dict(reversed(without.items())))[0].identity != ""


@pytest.mark.parametrize(
    ("group", "reason", "news", "meaning"),
    [
        ("10", "550 5.7.26 unauthenticated", News.BOUNCED, Bounce.POLICY),
        ("30", "550 no", News.BOUNCED, Bounce.INVALID),
        ("20", "550 5.1.1 user unknown", News.BOUNCED, Bounce.SOFT),
        ("21", "454 4.4.4 no MX or A for domain", News.BOUNCED, Bounce.SOFT),
        ("22", "", News.BOUNCED, Bounce.SOFT),
        ("1", "", News.BOUNCED, Bounce.SOFT),
        ("25", "550 refused", News.BOUNCED, Bounce.POLICY),
        ("26", "", News.REFUSED, Bounce.SUPPRESSED),
        ("51", "550 5.1.1 user unknown", News.BOUNCED, Bounce.POLICY),
        ("54", "relaying denied", News.BOUNCED, Bounce.POLICY),
        ("60", "", News.AUTO_REPLIED, None),
        ("80", "", None, None),
        ("90", "", News.UNSUBSCRIBED, None),
        ("100", "", News.AUTO_REPLIED, None),
        ("", "550 5.1.1 user unknown", News.BOUNCED, Bounce.SOFT),
    ],
)
@pytest.mark.parametrize("kind", ["bounce", "out_of_band"])
def test_a_bounce_is_read_by_its_meaning(
    kind: str, group: str, reason: str, news: News | None, meaning: Bounce | None
) -> None:
    found = hear({**EVENT, "type": kind, "bounce_class": group, "raw_reason": reason})
    assert [(each.news, each.bounce) for each in found] == ([] if news is None else [(news, meaning)])


def test_what_a_machine_fetched_beforehand_is_said_to_be_a_machines() -> None:
    opened = {"type": "open", "event_id": "e", "user_agent": "Mozilla/5.0", "ip_address": "192.0.2.1"}
    assert [
        each.machine for each in hear(opened, {**opened, "user_agent_parsed": {"is_prefetched": True}})
    ] == [False, True]


@pytest.mark.parametrize(
    "authorization",
    [f"Bearer {KEY}", "Basic " + base64.b64encode(f"sparkpost:{KEY}".encode()).decode()],
)
def test_the_key_may_come_in_any_way_sparkpost_offers(authorization: str) -> None:
    body = json.dumps([{"msys": {"message_event": EVENT}}]).encode()
    assert run(ears().hear(Post(body, {"authorization": authorization}), NOW))


def test_a_call_without_the_key_is_refused_and_without_a_key_nothing_is_listened_to() -> None:
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": KEY}):
        with pytest.raises(WebhookRefused) as raised:
            run(ears().hear(Post(b"[]", headers), NOW))
        assert raised.value.status == 401
    with pytest.raises(WebhookRefused) as raised:
        run(ears("").hear(Post(b"[]", {"authorization": "Bearer "}), NOW))
    assert raised.value.status == 403


@pytest.mark.parametrize(
    "body", [[], [{"msys": {}}], [{"msys": None}], [{}], [{"msys": {"message_event": 5}}]]
)
def test_a_ping_is_no_news(body: object) -> None:
    assert told(body) == []


def samples() -> list[Path]:
    """The recorded webhooks, where they are."""
    return sorted((CORPUS / "providers/sparkpost/webhooks").glob("*/*.json")) if CORPUS is not None else []


SAMPLES: dict[str, list[tuple[News, Bounce | None]]] = {
    "amp_events": [(News.OPENED, None), (News.CLICKED, None)],
    "bounce_challenge_response": [(News.AUTO_REPLIED, None)],
    "bounce_event": [(News.BOUNCED, Bounce.INVALID)],
    "click_event": [(News.CLICKED, None)],
    "delay_event": [(News.DEFERRED, None)],
    "delivery_event": [(News.DELIVERED, None)],
    "generation_failure_event": [(News.REFUSED, Bounce.POLICY)],
    "generation_rejection_event": [(News.REFUSED, Bounce.SUPPRESSED)],
    "initial_open_event_as_opened": [],
    "initial_open_event_as_unknown": [],
    "injection_event": [],
    "open_event": [(News.OPENED, None)],
    "ping_event": [],
    "unsubscribe_event": [(News.UNSUBSCRIBED, None)],
}


@pytest.mark.corpus
@pytest.mark.parametrize("path", samples(), ids=lambda path: path.stem)
def test_every_recorded_webhook_is_understood(path: Path) -> None:
    name = path.stem.removeprefix("SparkPostDeliveryTestCase.test_").removesuffix(".raw_events")
    found = told(json.loads(path.read_text()))
    assert [(each.news, each.bounce) for each in found] == SAMPLES[name]
    for each in found:
        assert each.identity
        assert "@" in each.address or name == "amp_events"
