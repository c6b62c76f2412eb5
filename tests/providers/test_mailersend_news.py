"""MailerSend's signed news: what proves it, what each event means, and what a finished bulk call says."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.errors import WebhookRefused
from engine.model.heard import Bounce, Heard, News, Post
from engine.providers.base import Hears
from engine.providers.mailersend_news import Complaint, complaints, suppressed
from engine.providers.registry import make_provider
from tests.corpus import CORPUS
from tests.providers.conformance import run

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SECRET = "a-signing-secret"


def hearing(key: str = SECRET) -> Hears:
    """A provider that listens."""
    options = {"type": "mailersend", "token": "t", **({"webhook_key": key} if key else {})}
    provider = make_provider("mail", options, workspace=Path())
    assert isinstance(provider, Hears)
    return provider


def signed(body: bytes, key: str = SECRET) -> Post:
    """A call as MailerSend signs it."""
    return Post(body, {"signature": hmac.new(key.encode(), body, hashlib.sha256).hexdigest()})


def hear(event: object) -> list[Heard]:
    """What an event says."""
    return run(hearing().hear(signed(json.dumps(event).encode()), NOW))


def event(kind: str, **morph: object) -> dict:
    """An event as MailerSend writes it."""
    return {
        "type": f"activity.{kind}",
        "created_at": "2026-11-23T09:59:30.000000Z",
        "data": {
            "id": "a1",
            "type": kind,
            "created_at": "2026-11-23T09:59:00.000000Z",
            "email": {
                "message": {"id": "m1"},
                "recipient": {"email": "reader@customers.example"},
                "tags": ["monthly-digest", "reference:delivery-1"],
            },
            "morph": morph or None,
        },
    }


def test_an_event_says_whose_it_is() -> None:
    (news,) = hear(event("clicked", url="https://acme.example/a", ip="192.0.2.1"))
    assert news == Heard(
        News.CLICKED,
        NOW - timedelta(seconds=60),
        "clicked a1",
        reference="delivery-1",
        provider_id="m1",
        address="reader@customers.example",
        url="https://acme.example/a",
        ip="192.0.2.1",
    )


MEANINGS = [
    (event("sent"), None, None),
    (event("survey_opened"), None, None),
    ({"type": "maintenance.start", "data": {"type": "delivered"}}, None, None),
    (event("delivered"), News.DELIVERED, None),
    (event("deferred"), News.DEFERRED, None),
    (event("hard_bounced", reason="user unknown"), News.BOUNCED, Bounce.INVALID),
    (event("hard_bounced"), News.BOUNCED, Bounce.INVALID),
    (event("hard_bounced", reason="550 5.7.1 blocked"), News.BOUNCED, Bounce.POLICY),
    (event("hard_bounced", reason="mailbox full"), News.BOUNCED, Bounce.SOFT),
    (event("soft_bounced", reason="user unknown"), News.BOUNCED, Bounce.SOFT),
    (event("soft_bounced", reason="blocked as spam"), News.BOUNCED, Bounce.POLICY),
    (event("opened"), News.OPENED, None),
    (event("opened_unique"), News.OPENED, None),
    (event("spam_complaint"), News.COMPLAINED, None),
    (event("unsubscribed"), News.UNSUBSCRIBED, None),
]


@pytest.mark.parametrize(("told", "news", "bounce"), MEANINGS)
def test_each_event_has_one_meaning(told: dict, news: News | None, bounce: Bounce | None) -> None:
    assert [(each.news, each.bounce) for each in hear(told)] == ([(news, bounce)] if news else [])


def test_the_same_event_told_twice_has_one_identity_even_without_an_id_of_its_own() -> None:
    bare = event("opened")
    del bare["data"]["id"]
    for told in (event("opened"), bare):
        (first,), (again,) = hear(told), hear(dict(reversed(told.items())))
        assert first.identity == again.identity
    assert hear(event("opened"))[0].identity == hear(event("opened_unique"))[0].identity
    assert hear(event("opened"))[0].identity != hear(event("clicked"))[0].identity


@pytest.mark.parametrize("tags", [None, [], "reference:x", ["monthly"], [5, None]])
def test_tags_that_are_not_ours_are_no_reference(tags: object) -> None:
    told = event("delivered")
    told["data"]["email"]["tags"] = tags
    assert [each.reference for each in hear(told)] == [""]


def vectors() -> list[dict]:
    """MailerSend's signature vectors, where they are."""
    path = CORPUS / "providers/mailersend/signature-vectors/signature_hmac.json" if CORPUS else None
    return json.loads(path.read_text())["vectors"] if path and path.exists() else []


@pytest.mark.corpus
@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector["name"])
def test_every_signature_vector_is_judged_rightly(vector: dict) -> None:
    post = Post(vector["body"].encode(), {name.lower(): value for name, value in vector["headers"].items()})
    if vector["expect_valid"]:
        assert run(hearing(vector["secret"]).hear(post, NOW)) == []
        return
    with pytest.raises(WebhookRefused) as raised:
        run(hearing(vector["secret"]).hear(post, NOW))
    assert raised.value.status == 401


@pytest.mark.parametrize(
    "post",
    [
        Post(b"{}"),
        Post(b"{}", {"signature": ""}),
        Post(b"{}", {"signature": "0" * 64}),
        Post(b"{} ", signed(b"{}").headers),
        signed(b"{}", "another-secret"),
    ],
)
def test_a_forged_or_unsigned_call_is_refused(post: Post) -> None:
    with pytest.raises(WebhookRefused) as raised:
        run(hearing().hear(post, NOW))
    assert raised.value.status == 401


def test_without_a_key_nothing_is_believed() -> None:
    with pytest.raises(WebhookRefused) as raised:
        run(hearing("").hear(signed(b"{}"), NOW))
    assert raised.value.status == 403


@pytest.mark.parametrize("body", [b"", b"5", b"not json", b"[1]", b"[{},{}]"])
def test_a_proven_call_that_cannot_be_read_is_400(body: bytes) -> None:
    with pytest.raises(WebhookRefused) as raised:
        run(hearing().hear(signed(body), NOW))
    assert raised.value.status == 400


def test_a_finished_bulk_call_tells_of_letters_that_were_not_settled_before() -> None:
    told = {
        "type": "bulk_email.completed",
        "created_at": "2026-11-23T09:59:00.000000Z",
        "data": {
            "id": "b1",
            "validation_errors": {
                "message.2": {"to.0.email": ["must be a valid email address."]},
                "message.7": {"from.email": ["must be verified."]},
            },
        },
    }
    assert [(each.news, each.provider_id, each.bounce, each.identity) for each in hear(told)] == [
        (News.REFUSED, "b1/2", Bounce.INVALID, "bulk_email b1/2"),
        (News.REFUSED, "b1/7", Bounce.POLICY, "bulk_email b1/7"),
    ]


@pytest.mark.parametrize(
    "errors",
    [
        {"message.2": {"to.0.email": ["wrong"]}},
        {"2": {"to.0.email": ["wrong"]}},
        {"2": {"to.0.email": "wrong"}},
        {"2.to.0.email": ["wrong"]},
        {"message.2.to.0.email": ["wrong"]},
        [None, None, {"to.0.email": ["wrong"]}],
    ],
)
def test_the_place_of_a_refused_letter_is_read_however_it_is_written(errors: object) -> None:
    assert list(complaints({"validation_errors": errors})) == [Complaint(2, "to.0.email", "wrong")]


@pytest.mark.parametrize("errors", [None, [], {}, {"unknown": ["?"]}, "nonsense", 5])
def test_errors_that_name_no_letter_are_blamed_on_none(errors: object) -> None:
    assert list(complaints({"validation_errors": errors})) == []


def test_suppressed_people_are_found_wherever_they_stand() -> None:
    told = {"62fb": {"to": [{"email": "A@x.example", "reasons": ["blocklisted", "unsubscribed"]}]}}
    assert suppressed({"suppressed_recipients": told}) == {"a@x.example": "blocklisted, unsubscribed"}
    assert suppressed({"suppressed_recipients": [{"email": "b@x.example", "reason": "x"}]}) == {
        "b@x.example": "x"
    }
    assert suppressed({"suppressed_recipients": None}) == {}


def samples() -> list[Path]:
    """The webhooks recorded by django-anymail and Symfony, where they are."""
    return sorted((CORPUS / "providers/mailersend/webhooks").glob("*/*.json")) if CORPUS else []


UNDERSTOOD = {
    "sent": None,
    "delivered": (News.DELIVERED, None),
    "soft_bounced": (News.BOUNCED, Bounce.SOFT),
    "hard_bounced": (News.BOUNCED, Bounce.INVALID),
    "opened": (News.OPENED, None),
    "opened_unique": (News.OPENED, None),
    "clicked": (News.CLICKED, None),
    "clicked_unique": (News.CLICKED, None),
    "unsubscribed": (News.UNSUBSCRIBED, None),
    "spam_complaint": (News.COMPLAINED, None),
}


@pytest.mark.corpus
@pytest.mark.parametrize("path", samples(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_recorded_webhook_is_understood(path: Path) -> None:
    body = path.read_bytes()
    told = json.loads(body)
    expected = UNDERSTOOD[told["type"].removeprefix("activity.")]
    heard = run(hearing().hear(signed(body), NOW))
    assert [(each.news, each.bounce) for each in heard] == ([expected] if expected else [])
    for each in heard:
        assert each.address == told["data"]["email"]["recipient"]["email"]
        assert each.provider_id == told["data"]["email"]["message"]["id"]
        assert each.at < NOW
