"""What Brevo tells: proven by the key we gave it, read by its meaning; every recorded sample."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.errors import (
    WebhookRefused,
)
from engine.model.heard import Bounce, Heard, News, Post
from engine.providers.base import Hears
from engine.providers.registry import make_provider
from tests.corpus import CORPUS
from tests.providers.conformance import run

KEY = "a-webhook-key"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def ears(key: str = KEY) -> Hears:
    """A Brevo that listens."""
    options = {"type": "brevo", "token": "t", **({"webhook_key": key} if key else {})}
    provider = make_provider("mail", options, workspace=Path())
    assert isinstance(provider, Hears)
    return provider


def hear(event: object, **headers: str) -> list[Heard]:
    """What a proven call says."""
    proof = {"authorization": f"Bearer {KEY}"}
    return run(ears().hear(Post(json.dumps(event).encode(), headers or proof), NOW))


EVENT = {
    "event": "hard_bounce", "email": "anna@customers.example", "ts_epoch": 1795341540000, "message-id": "<m1@x>",
    "X-Mailin-custom": "d1", "reason": "550 5.1.1 user unknown",
}  # fmt: skip


def test_a_bounce_says_whose_it_is_and_why() -> None:
    (news,) = hear(EVENT)
    assert news.identity
    assert (news.news, news.reference, news.provider_id, news.address) == (
        News.BOUNCED, "d1", "<m1@x>", "anna@customers.example",
    )  # fmt: skip
    assert (news.bounce, news.at) == (Bounce.INVALID, datetime(2026, 11, 22, 9, 59, tzinfo=UTC))
    assert hear([EVENT])[0] == news
    assert hear(dict(reversed(EVENT.items())))[0].identity == news.identity
    assert hear({**EVENT, "ts_epoch": 1795341541000})[0].identity != news.identity


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer a-webhook-key"},
        {"authorization": "Basic " + base64.b64encode(b"brevo:a-webhook-key").decode()},
        {"x-touchbase-key": KEY},
    ],
)
def test_the_key_may_come_in_any_way_brevo_offers(headers: dict[str, str]) -> None:
    assert hear(EVENT, **headers)


@pytest.mark.parametrize(
    "headers", [{"x": "y"}, {"authorization": "Bearer wrong"}, {"authorization": "Basic ????"}]
)
def test_a_call_without_the_key_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(WebhookRefused) as raised:
        hear(EVENT, **headers)
    assert raised.value.status == 401


def test_without_a_key_nothing_is_listened_to() -> None:
    with pytest.raises(WebhookRefused) as raised:
        run(ears("").hear(Post(json.dumps(EVENT).encode(), {"authorization": "Bearer "}), NOW))
    assert raised.value.status == 403


@pytest.mark.parametrize("body", [b"", b"5", b"[1]", b"x"])
def test_a_proven_call_that_cannot_be_read_is_400(body: bytes) -> None:
    with pytest.raises(WebhookRefused) as raised:
        run(ears().hear(Post(body, {"authorization": f"Bearer {KEY}"}), NOW))
    assert raised.value.status == 400


@pytest.mark.parametrize(
    ("kind", "reason", "news", "meaning"),
    [
        ("hard_bounce", "552 5.2.2 mailbox full", News.BOUNCED, Bounce.SOFT),
        ("hard_bounce", "550 5.7.26 unauthenticated", News.BOUNCED, Bounce.POLICY),
        ("soft_bounce", "550 5.1.1 user unknown", News.BOUNCED, Bounce.SOFT),
        ("blocked", "blocked : due to blacklist user", News.REFUSED, Bounce.SUPPRESSED),
        ("error", "", News.REFUSED, Bounce.POLICY),
        ("list_addition", "", None, None),
    ],
)
def test_other_events(kind: str, reason: str, news: News | None, meaning: Bounce | None) -> None:
    found = hear({**EVENT, "event": kind, "reason": reason})
    assert [(each.news, each.bounce) for each in found] == ([] if news is None else [(news, meaning)])


SAMPLES: dict[str, tuple[News, Bounce | None] | None] = {
    "blocked": (News.REFUSED, Bounce.SUPPRESSED), "click": (News.CLICKED, None), "clicked": (News.CLICKED, None),
    "complaint": (News.COMPLAINED, None), "spam": (News.COMPLAINED, None), "defered": (News.DEFERRED, None),
    "deferred": (News.DEFERRED, None), "delivered": (News.DELIVERED, None), "error_email": (News.REFUSED, Bounce.POLICY),
    "error": (News.BOUNCED, Bounce.INVALID), "hard_bounce": (News.BOUNCED, Bounce.INVALID),
    "invalid_email": (News.BOUNCED, Bounce.INVALID), "opened": (News.OPENED, None), "proxy_open": (News.OPENED, None),
    "unique_opened": (News.OPENED, None), "unique_proxy_open": (News.OPENED, None), "sent": None, "request": None,
    "request_without_tags": None, "soft_bounce": (News.BOUNCED, Bounce.SOFT), "unsubscribe": (News.UNSUBSCRIBED, None),
    "unsubscribed": (News.UNSUBSCRIBED, None),
}  # fmt: skip


def samples() -> list[Path]:
    """The recorded webhooks, where they are."""
    return sorted((CORPUS / "providers/brevo/webhooks").glob("*/*.json")) if CORPUS is not None else []


@pytest.mark.corpus
@pytest.mark.parametrize("path", samples(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_recorded_webhook_is_understood(path: Path) -> None:
    name = (
        path.stem.removeprefix("BrevoDeliveryTestCase.test_")
        .removesuffix(".raw_event")
        .removesuffix("_event")
    )
    expected = SAMPLES[name]
    found = hear(json.loads(path.read_text()))
    assert [(each.news, each.bounce) for each in found] == ([] if expected is None else [expected])
    for each in found:
        assert each.provider_id
        assert "@" in each.address
        assert 2018 <= each.at.year <= 2023
        assert each.machine is ("proxy" in name)
        assert bool(each.url) is (each.news is News.CLICKED)
