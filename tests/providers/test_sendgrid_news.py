"""SendGrid's signed news: what proves it, and what each event means."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from engine.errors import WebhookRefused
from engine.model.heard import Bounce, Heard, News, Post
from engine.providers.base import Hears
from engine.providers.registry import make_provider
from tests.corpus import CORPUS
from tests.providers.conformance import run

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
KEY = generate_private_key(SECP256R1())


def public(key: EllipticCurvePrivateKey = KEY) -> str:
    """The key as SendGrid shows it."""
    return base64.b64encode(
        key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode()


def hearing(key: str = "") -> Hears:
    """A provider that listens."""
    options = {"type": "sendgrid", "token": "t", **({"webhook_key": key} if key else {})}
    provider = make_provider("mail", options, workspace=Path())
    assert isinstance(provider, Hears)
    return provider


def signed(body: bytes, at: datetime = NOW, key: EllipticCurvePrivateKey = KEY) -> Post:
    """A call as SendGrid signs it."""
    stamp = str(int(at.timestamp()))
    signature = key.sign(stamp.encode() + body, ECDSA(SHA256()))
    return Post(
        body,
        {
            "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
            "x-twilio-email-event-webhook-timestamp": stamp,
        },
    )


def hear(*events: dict, now: datetime = NOW) -> list[Heard]:
    """What these events say."""
    return run(hearing(public()).hear(signed(json.dumps(events).encode() + b"\r\n"), now))


def vectors() -> list[dict]:
    """SendGrid's own signature vectors, where they are."""
    path = CORPUS / "providers/sendgrid/signature-vectors/event_webhook_ecdsa.json" if CORPUS else None
    return json.loads(path.read_text())["vectors"] if path and path.exists() else []


@pytest.mark.corpus
@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector["name"])
def test_every_signature_vector_is_judged_rightly(vector: dict) -> None:
    post = Post(vector["body"].encode(), {name.lower(): value for name, value in vector["headers"].items()})
    now = datetime.fromtimestamp(1600112502, UTC)
    listening = hearing(vector["public_key_base64_der"])
    if vector["expect_valid"]:
        (news,) = run(listening.hear(post, now))
        assert (news.news, news.bounce, news.address) == (News.REFUSED, Bounce.SUPPRESSED, "hello@world.com")
        with pytest.raises(WebhookRefused):
            run(listening.hear(post, now + timedelta(days=2)))
        return
    with pytest.raises(WebhookRefused) as raised:
        run(listening.hear(post, now))
    assert raised.value.status == 401


FORGED = [
    {"body": b'[{"event":"delivered"}]\r\n '},
    {"x-twilio-email-event-webhook-signature": ""},
    {"x-twilio-email-event-webhook-signature": "not base64!"},
    {"x-twilio-email-event-webhook-signature": base64.b64encode(b"x" * 70).decode()},
    {"x-twilio-email-event-webhook-timestamp": ""},
    {"x-twilio-email-event-webhook-timestamp": str(int(NOW.timestamp()) + 1)},
]


@pytest.mark.parametrize("change", FORGED)
def test_a_forged_call_is_refused(change: dict) -> None:
    post = signed(b'[{"event":"delivered"}]\r\n')
    headers = {**post.headers, **{name: value for name, value in change.items() if name != "body"}}
    with pytest.raises(WebhookRefused) as raised:
        run(hearing(public()).hear(Post(change.get("body", post.body), headers), NOW))
    assert raised.value.status == 401


def test_another_keys_signature_and_no_signature_are_refused() -> None:
    other = generate_private_key(SECP256R1())
    for post in (signed(b"[]", key=other), Post(b"[]")):
        with pytest.raises(WebhookRefused) as raised:
            run(hearing(public()).hear(post, NOW))
        assert raised.value.status == 401


def test_a_signed_moment_that_is_no_number_is_refused() -> None:
    signature = KEY.sign(b"nan[]", ECDSA(SHA256()))
    headers = {
        "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
        "x-twilio-email-event-webhook-timestamp": "nan",
    }
    with pytest.raises(WebhookRefused):
        run(hearing(public()).hear(Post(b"[]", headers), NOW))


def test_without_a_key_or_with_something_else_for_one_nothing_is_believed() -> None:
    rsa = generate_rsa_key(65537, 1024).public_key()
    encoded = base64.b64encode(rsa.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    for key in ("", "not base64", "AAAA", encoded):
        with pytest.raises(WebhookRefused) as raised:
            run(hearing(key).hear(signed(b"[]"), NOW))
        assert raised.value.status == 403


def test_an_old_call_is_a_replay_and_one_of_today_may_be_a_repetition() -> None:
    post = signed(b"[]", NOW - timedelta(hours=23))
    assert run(hearing(public()).hear(post, NOW)) == []
    with pytest.raises(WebhookRefused):
        run(hearing(public()).hear(post, NOW + timedelta(hours=2)))


@pytest.mark.parametrize("body", [b"", b"5", b"not json", b"[1]", b'"x"'])
def test_a_proven_call_that_cannot_be_read_is_400(body: bytes) -> None:
    with pytest.raises(WebhookRefused) as raised:
        run(hearing(public()).hear(signed(body), NOW))
    assert raised.value.status == 400


def event(kind: str, **more: object) -> dict:
    """An event as SendGrid writes it."""
    return {
        "email": "reader@customers.example",
        "timestamp": int(NOW.timestamp()) - 60,
        "event": kind,
        "sg_event_id": "e1",
        "sg_message_id": "abc.filter0-1.0",
        "reference": "delivery-1",
        **more,
    }


def test_an_event_says_whose_it_is() -> None:
    (news,) = hear(event("click", url="https://acme.example/a", useragent="Firefox", ip="192.0.2.1"))
    assert news == Heard(
        News.CLICKED,
        NOW - timedelta(seconds=60),
        "click e1",
        reference="delivery-1",
        provider_id="abc/delivery-1",
        address="reader@customers.example",
        url="https://acme.example/a",
        agent="Firefox",
        ip="192.0.2.1",
    )


MEANINGS = [
    (event("processed"), None, None),
    (event("surprise"), None, None),
    (event("delivered"), News.DELIVERED, None),
    (event("deferred", response="452 mailbox full"), News.DEFERRED, None),
    (
        event("bounce", type="bounce", status="5.1.1", reason="550 5.1.1 unknown"),
        News.BOUNCED,
        Bounce.INVALID,
    ),
    (event("bounce", type="bounce", reason="550 5.7.1 spam"), News.BOUNCED, Bounce.POLICY),
    (event("bounce", type="bounce", reason="550 5.2.2 full"), News.BOUNCED, Bounce.SOFT),
    (event("bounce", type="blocked", status="5.1.1", reason="550 unknown"), News.BOUNCED, Bounce.SOFT),
    (event("bounce", type="blocked", reason="550 blocked by spamhaus"), News.BOUNCED, Bounce.POLICY),
    (event("dropped", reason="Bounced Address"), News.REFUSED, Bounce.SUPPRESSED),
    (event("dropped", reason="Unsubscribed Address"), News.REFUSED, Bounce.SUPPRESSED),
    (event("dropped", reason="Spam Reporting Address"), News.REFUSED, Bounce.SUPPRESSED),
    (event("dropped", reason="Invalid"), News.REFUSED, Bounce.INVALID),
    (event("dropped", reason="Recipient List over Package Quota"), News.REFUSED, Bounce.POLICY),
    (event("dropped"), News.REFUSED, Bounce.POLICY),
    (event("spamreport"), News.COMPLAINED, None),
    (event("open"), News.OPENED, None),
    (event("unsubscribe"), News.UNSUBSCRIBED, None),
    (event("group_unsubscribe"), News.UNSUBSCRIBED, None),
    (event("group_resubscribe"), News.SUBSCRIBED, None),
]


@pytest.mark.parametrize(("told", "news", "bounce"), MEANINGS)
def test_each_event_has_one_meaning(told: dict, news: News | None, bounce: Bounce | None) -> None:
    assert [(each.news, each.bounce) for each in hear(told)] == ([(news, bounce)] if news else [])


def test_an_open_by_a_machine_says_so() -> None:
    assert [each.machine for each in hear(event("open", sg_machine_open=True), event("open"))] == [
        True,
        False,
    ]


def test_the_same_event_told_twice_has_one_identity_even_without_an_id_of_its_own() -> None:
    for told in (event("open"), event("open", sg_event_id="")):
        (first,), (again,) = hear(told), hear(dict(reversed(told.items())))
        assert first.identity == again.identity
    assert hear(event("open"))[0].identity != hear(event("click"))[0].identity


def samples() -> list[Path]:
    """The webhooks recorded by django-anymail, Symfony and Sisimai, where they are."""
    if CORPUS is None:
        return []
    own = sorted((CORPUS / "providers/sendgrid/webhooks").glob("*/*.json"))
    return own + sorted((CORPUS / "mail/webhook_payloads").glob("sisimai-json-sendgrid-*.json"))


UNDERSTOOD = {
    "processed": [],
    "delivered": [News.DELIVERED],
    "deferred": [News.DEFERRED],
    "bounce": [News.BOUNCED],
    "dropped": [News.REFUSED],
    "open": [News.OPENED],
    "click": [News.CLICKED],
    "spamreport": [News.COMPLAINED],
    "unsubscribe": [News.UNSUBSCRIBED],
    "group_unsubscribe": [News.UNSUBSCRIBED],
    "group_resubscribe": [News.SUBSCRIBED],
    None: [],
}


@pytest.mark.corpus
@pytest.mark.parametrize("path", samples(), ids=lambda path: path.stem)
def test_every_recorded_webhook_is_understood(path: Path) -> None:
    told = json.loads(path.read_text())
    expected = [news for each in told for news in UNDERSTOOD[each.get("event")]]
    heard = hear(*told)
    assert [each.news for each in heard] == expected
    assert all(each.address and each.identity and each.at < NOW for each in heard)
    assert all((each.bounce is not None) == (each.news in (News.BOUNCED, News.REFUSED)) for each in heard)
    assert len({each.identity for each in heard}) == len(heard)
