"""What Resend tells: Svix's signature over raw bytes, replays and forgeries, every recorded sample."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.errors import (
    WebhookRefused,
)
from engine.model.heard import Bounce, Heard, News, Post
from engine.providers import resend
from engine.providers.base import Hears
from engine.providers.registry import make_provider
from tests.corpus import CORPUS
from tests.providers.conformance import run

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def ears(key: str = SECRET) -> Hears:
    """A Resend that listens."""
    options = {"type": "resend", "token": "t", **({"webhook_key": key} if key else {})}
    provider = make_provider("mail", options, workspace=Path())
    assert isinstance(provider, Hears)
    return provider


def signed(body: bytes, identifier: str = "msg_1", at: datetime = NOW, key: str = SECRET) -> Post:
    """A call as Svix signs it."""
    moment = str(int(at.timestamp()))
    secret = base64.b64decode(key.removeprefix("whsec_"))
    signature = hmac.new(secret, f"{identifier}.{moment}.".encode() + body, hashlib.sha256).digest()
    encoded = base64.b64encode(signature).decode()
    return Post(body, {"svix-id": identifier, "svix-timestamp": moment, "svix-signature": f"v1,{encoded}"})


def hear(event: dict, **changes: object) -> list[Heard]:
    """What a well-signed event says."""
    return run(ears().hear(signed(json.dumps(event).encode(), **changes), NOW))  # type: ignore[arg-type]


def vectors() -> list[dict]:
    """The signature vectors, where they are."""
    if CORPUS is None:
        return []
    return json.loads((CORPUS / "providers/resend/signature-vectors/svix_hmac.json").read_text())["vectors"]


@pytest.mark.corpus
@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector["name"])
def test_every_signature_vector_is_judged_rightly(vector: dict) -> None:
    post = Post(vector["body"].encode(), vector["headers"])
    at = datetime.fromtimestamp(int(vector["headers"]["svix-timestamp"]), UTC)
    if vector["expect_valid_signature"]:
        resend.check_svix(post, at, vector["secret"], "mail")
        with pytest.raises(WebhookRefused, match="seconds away"):
            resend.check_svix(post, at + timedelta(seconds=301), vector["secret"], "mail")
        return
    with pytest.raises(WebhookRefused, match="does not fit"):
        resend.check_svix(post, at, vector["secret"], "mail")


EVENT = {
    "type": "email.bounced",
    "created_at": "2026-11-23T09:59:00.000Z",
    "data": {
        "email_id": "e-1", "to": ["Anna <anna@customers.example>"], "tags": {"reference": "d1", "campaign": "c"},
        "bounce": {"type": "Permanent", "subType": "General", "message": "gone", "diagnosticCode": ["smtp; 550 5.1.1 user unknown"]},
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"svix-signature": ""}, 401),
        ({"svix-signature": "v1,AAAA"}, 401),
        ({"svix-signature": "v2,AAAA"}, 401),
        ({"svix-id": "msg_2"}, 401),
        ({"svix-id": ""}, 401),
        ({"svix-timestamp": str(int(NOW.timestamp()) + 1)}, 401),
        ({"svix-timestamp": "soon"}, 401),
    ],
)
def test_a_forged_call_is_refused(change: dict, status: int) -> None:
    post = signed(json.dumps(EVENT).encode())
    with pytest.raises(WebhookRefused) as raised:
        run(ears().hear(Post(post.body, {**post.headers, **change}), NOW))
    assert raised.value.status == status


def test_without_a_key_or_with_half_a_key_nothing_is_believed() -> None:
    post = signed(json.dumps(EVENT).encode())
    for key in ("", "whsec_not base64!"):
        with pytest.raises(WebhookRefused) as raised:
            run(ears(key).hear(post, NOW))
        assert raised.value.status == 403
    with pytest.raises(WebhookRefused) as raised:
        run(ears().hear(signed(json.dumps(EVENT).encode(), key="whsec_QUJD"), NOW))
    assert raised.value.status == 401


def test_an_old_call_is_a_replay_and_the_same_news_has_the_same_identity() -> None:
    post = signed(json.dumps(EVENT).encode(), at=NOW - timedelta(seconds=301))
    with pytest.raises(WebhookRefused, match="seconds away"):
        run(ears().hear(post, NOW))
    assert hear(EVENT)[0].identity == hear(EVENT)[0].identity == "msg_1"


@pytest.mark.parametrize("body", [b"", b"[]", b"5", b"not json", b"[1]"])
def test_a_proven_call_that_cannot_be_read_is_400(body: bytes) -> None:
    with pytest.raises(WebhookRefused) as raised:
        run(ears().hear(signed(body), NOW))
    assert raised.value.status == 400


def test_a_bounce_says_whose_it_is_and_why() -> None:
    (news,) = hear(EVENT)
    assert news == Heard(
        News.BOUNCED, datetime(2026, 11, 23, 9, 59, tzinfo=UTC), "msg_1", "d1", "e-1",
        "anna@customers.example", Bounce.INVALID, "gone",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "subtype", "words", "meaning"),
    [
        ("Permanent", "General", ["550 5.7.26 unauthenticated"], Bounce.POLICY),
        ("Permanent", "NoEmail", [], Bounce.INVALID),
        ("Permanent", "MailboxFull", [], Bounce.SOFT),
        ("Transient", "General", ["550 5.1.1 user unknown"], Bounce.SOFT),
        ("Transient", "ContentRejected", [], Bounce.POLICY),
        ("Undetermined", "Undetermined", [], Bounce.SOFT),
    ],
)
def test_a_bounce_is_read_by_its_meaning(kind: str, subtype: str, words: list, meaning: Bounce) -> None:
    bounce = {"type": kind, "subType": subtype, "message": "m", "diagnosticCode": words}
    (news,) = hear({**EVENT, "data": {**EVENT["data"], "bounce": bounce}})  # type: ignore[dict-item]
    assert (news.news, news.bounce) == (News.BOUNCED, meaning)


@pytest.mark.parametrize(
    ("kind", "news", "bounce"),
    [
        ("email.suppressed", News.REFUSED, Bounce.SUPPRESSED),
        ("email.failed", News.REFUSED, Bounce.POLICY),
        ("email.sent", None, None),
        ("email.received", None, None),
        ("contact.updated", None, None),
        ("something.new", None, None),
    ],
)
def test_other_events(kind: str, news: News | None, bounce: Bounce | None) -> None:
    found = hear(
        {"type": kind, "created_at": "2026-11-23T09:00:00Z", "data": {"email_id": "e", "to": ["a@b.example"]}}
    )
    assert [(each.news, each.bounce) for each in found] == ([] if news is None else [(news, bounce)])


def samples() -> list[Path]:
    """The recorded webhooks, where they are."""
    return sorted((CORPUS / "providers/resend/webhooks").glob("*/*.json")) if CORPUS is not None else []


SAMPLES = {
    "clicked": (News.CLICKED, None),
    "complained": (News.COMPLAINED, None),
    "delivered": (News.DELIVERED, None),
    "delivery_delayed": (News.DEFERRED, None),
    "hard_bounced": (News.BOUNCED, Bounce.INVALID),
    "opened": (News.OPENED, None),
    "suppressed": (News.REFUSED, Bounce.SUPPRESSED),
    "sent": None,
}


@pytest.mark.corpus
@pytest.mark.parametrize("path", samples(), ids=lambda path: path.stem)
def test_every_recorded_webhook_is_understood(path: Path) -> None:
    found = hear(json.loads(path.read_text()))
    name = path.stem.removeprefix("ResendTestCase.test_").removesuffix("_event.raw_event")
    expected = SAMPLES[name]
    assert [(each.news, each.bounce) for each in found] == ([] if expected is None else [expected])
    for each in found:
        assert each.provider_id
        assert each.address
        assert each.at.year == 2023
    if name == "clicked":
        assert (found[0].url, found[0].agent, found[0].ip) == (
            "https://example.com/test",
            "Mozilla/5.0 ...",
            "192.168.1.101",
        )
