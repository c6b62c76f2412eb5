"""Postmark's ear: what proves a call, what each event means, and looking letters up by our own id."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.errors import AccountFault, NotSent, WebhookRefused
from engine.model.heard import Bounce, Heard, News, Post
from engine.network.lane import Answer
from engine.providers.base import Hears, LooksUp, Sought
from engine.providers.postmark import Postmark, is_sought, messages_of
from engine.providers.registry import make_provider
from tests.corpus import CORPUS
from tests.doubles import postmark as double
from tests.providers.api_way_out import ApiWayOut, send
from tests.providers.conformance import run

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
KEY = "a-secret-of-ours"


def hearing(key: str = KEY) -> Hears:
    """A provider that listens."""
    options = {"type": "postmark", "token": "t", **({"webhook_key": key} if key else {})}
    provider = make_provider("mail", options, workspace=Path())
    assert isinstance(provider, Hears)
    return provider


def proven(body: bytes) -> Post:
    """A call as Postmark makes it with a user and a password in the webhook's address."""
    pair = base64.b64encode(f"touchbase:{KEY}".encode()).decode()
    return Post(body, {"authorization": f"Basic {pair}"})


def hear(event: dict) -> list[Heard]:
    """What an event says."""
    return run(hearing().hear(proven(json.dumps(event).encode()), NOW))


def bounce(kind: str, words: str = "", **more: object) -> dict:
    """A bounce as Postmark writes it."""
    return {
        "RecordType": "Bounce",
        "ID": 42,
        "Type": kind,
        "MessageID": "m-1",
        "Email": "reader@customers.example",
        "BouncedAt": "2026-11-23T04:59:00.1234567-05:00",
        "Details": words,
        "Description": "The server was unable to deliver your message",
        "Metadata": {"reference": "delivery-1"},
        **more,
    }


def test_an_event_says_whose_it_is() -> None:
    (news,) = hear(bounce("HardBounce", "smtp;550 5.1.1 no such user"))
    assert news == Heard(
        News.BOUNCED,
        datetime(2026, 11, 23, 9, 59, 0, 123456, tzinfo=UTC),
        "Bounce 42",
        reference="delivery-1",
        provider_id="m-1",
        address="reader@customers.example",
        bounce=Bounce.INVALID,
        detail="smtp;550 5.1.1 no such user",
    )


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Basic dG91Y2hiYXNlOndyb25n"}, {"x-touchbase-key": "no"}]
)
def test_a_call_that_proves_nothing_is_refused(headers: dict) -> None:
    with pytest.raises(WebhookRefused) as raised:
        run(hearing().hear(Post(json.dumps(bounce("HardBounce")).encode(), headers), NOW))
    assert raised.value.status == 401


def test_without_a_key_nothing_is_believed() -> None:
    with pytest.raises(WebhookRefused) as raised:
        run(hearing("").hear(proven(b"{}"), NOW))
    assert raised.value.status == 403


@pytest.mark.parametrize("body", [b"", b"5", b"not json", b"[1]"])
def test_a_proven_call_that_cannot_be_read_is_400(body: bytes) -> None:
    with pytest.raises(WebhookRefused) as raised:
        run(hearing().hear(proven(body), NOW))
    assert raised.value.status == 400


MEANINGS = [
    (bounce("HardBounce", "550 5.1.1 user unknown"), News.BOUNCED, Bounce.INVALID),
    (bounce("HardBounce"), News.BOUNCED, Bounce.INVALID),
    (bounce("HardBounce", "smtp;550 5.7.1 blocked, see spamhaus"), News.BOUNCED, Bounce.POLICY),
    (bounce("HardBounce", "smtp;552 5.2.2 mailbox full"), News.BOUNCED, Bounce.SOFT),
    (bounce("HardBounce", "smtp;550 5.2.1 mailbox disabled"), News.BOUNCED, Bounce.DISABLED),
    (bounce("SoftBounce", "smtp;550 5.1.1 user unknown"), News.BOUNCED, Bounce.SOFT),
    (bounce("Unknown", "who knows"), News.BOUNCED, Bounce.SOFT),
    (bounce("SomethingNew"), News.BOUNCED, Bounce.SOFT),
    (bounce("Blocked"), News.BOUNCED, Bounce.POLICY),
    (bounce("SpamNotification"), News.BOUNCED, Bounce.POLICY),
    (bounce("DMARCPolicy"), News.BOUNCED, Bounce.POLICY),
    (bounce("BadEmailAddress"), News.REFUSED, Bounce.INVALID),
    (bounce("ManuallyDeactivated"), News.REFUSED, Bounce.SUPPRESSED),
    (bounce("Transient"), News.DEFERRED, None),
    (bounce("AutoResponder"), News.AUTO_REPLIED, None),
    (bounce("Unsubscribe"), News.UNSUBSCRIBED, None),
    ({"RecordType": "SpamComplaint", "ID": 7}, News.COMPLAINED, None),
    ({"RecordType": "Delivery"}, News.DELIVERED, None),
    ({"RecordType": "Open"}, News.OPENED, None),
    ({"RecordType": "Click", "OriginalLink": "https://acme.example/a"}, News.CLICKED, None),
    ({"RecordType": "SubscriptionChange", "SuppressSending": False}, News.SUBSCRIBED, None),
    (
        {
            "RecordType": "SubscriptionChange",
            "SuppressSending": True,
            "SuppressionReason": "ManualSuppression",
        },
        News.UNSUBSCRIBED,
        None,
    ),
    (
        {"RecordType": "SubscriptionChange", "SuppressSending": True, "SuppressionReason": "HardBounce"},
        News.REFUSED,
        Bounce.SUPPRESSED,
    ),
    (
        {"RecordType": "SubscriptionChange", "SuppressSending": True, "SuppressionReason": "SpamComplaint"},
        News.COMPLAINED,
        None,
    ),
    ({"RecordType": "Inbound"}, None, None),
    ({}, None, None),
]


@pytest.mark.parametrize(("event", "news", "why"), MEANINGS)
def test_each_event_has_one_meaning(event: dict, news: News | None, why: Bounce | None) -> None:
    assert [(each.news, each.bounce) for each in hear(event)] == ([(news, why)] if news else [])


def test_the_same_news_told_twice_has_one_identity() -> None:
    opened = {"RecordType": "Open", "MessageID": "m-1", "ReceivedAt": "2026-11-23T09:00:00Z"}
    (first,), (again,) = hear(opened), hear(dict(reversed(opened.items())))
    assert first.identity == again.identity
    assert hear({**opened, "ReceivedAt": "2026-11-23T09:00:01Z"})[0].identity != first.identity
    assert (
        hear(bounce("HardBounce"))[0].identity != hear({"RecordType": "SpamComplaint", "ID": 42})[0].identity
    )


def samples() -> list[Path]:
    """The webhooks recorded by django-anymail, Symfony and Postmark itself, where they are."""
    return sorted((CORPUS / "providers/postmark/webhooks").glob("*/*.json")) if CORPUS else []


UNDERSTOOD = {
    "test_bounce_event": News.BOUNCED,
    "test_bounce_unsubscribe_variant": News.UNSUBSCRIBED,
    "test_click_event": News.CLICKED,
    "test_delivered_event": News.DELIVERED,
    "test_open_event": News.OPENED,
    "test_resubscribe": News.SUBSCRIBED,
    "test_spam_event": News.COMPLAINED,
    "test_subscription_change_bounce": News.REFUSED,
    "test_unsubscribe": News.UNSUBSCRIBED,
    "Bounce": News.BOUNCED,
    "Click": News.CLICKED,
    "Delivery": News.DELIVERED,
    "Open": News.OPENED,
    "SpamComplaint": News.COMPLAINED,
    "SubscriptionChange": News.UNSUBSCRIBED,
    "bounce": News.BOUNCED,
    "delivery": News.DELIVERED,
    "link_click": News.CLICKED,
    "open": News.OPENED,
    "spam_complaint": News.COMPLAINED,
    "subscription_change": News.REFUSED,
}


@pytest.mark.corpus
@pytest.mark.parametrize("path", samples(), ids=lambda path: path.stem)
def test_every_recorded_webhook_is_understood(path: Path) -> None:
    told = json.loads(path.read_text())
    name = path.stem.split(".")[1] if "." in path.stem else path.stem
    (news,) = hear(told)
    assert news.news == UNDERSTOOD[name]
    assert news.provider_id == told["MessageID"]
    assert news.at < NOW or "At" not in "".join(told)
    if news.news in (News.BOUNCED, News.REFUSED):
        assert news.bounce in (Bounce.INVALID, Bounce.SUPPRESSED)
    if news.news is News.CLICKED:
        assert news.url.startswith("https://")


class PostmarkWayOut(ApiWayOut):
    """Postmark's stand-in on loopback."""

    type_name = "postmark"
    server: double.Postmark


@pytest.fixture
def way_out() -> Iterator[PostmarkWayOut]:
    server = double.Postmark()
    with double.running(server) as url:
        yield PostmarkWayOut(server, url)


def seek(provider: object, *numbers: int) -> dict[str, str]:
    """Look letters up by our id."""
    assert isinstance(provider, Postmark)
    assert isinstance(provider, LooksUp)

    async def ask() -> dict[str, str]:
        try:
            sought = [Sought(f"delivery-{n}", f"Reader{n}@customers.example", NOW) for n in numbers]
            return dict(await provider.look_up(sought))
        finally:
            await provider.close()

    return run(ask())


def test_letters_are_found_by_our_own_id(way_out: PostmarkWayOut) -> None:
    provider = way_out.provider()
    outcomes = send(provider, 3)
    assert seek(provider, 0, 2, 7) == {
        "delivery-0": outcomes[0].provider_id,
        "delivery-2": outcomes[2].provider_id,
    }
    way_out.server.searchable = False
    assert seek(provider, 0) == {}


def test_a_search_that_fails_concludes_nothing(way_out: PostmarkWayOut) -> None:
    provider = way_out.provider()
    send(provider, 1)
    way_out.server.token = "another"
    with pytest.raises(AccountFault):
        seek(provider, 0)
    for body in (b"", b"<html>", b"[]", b'{"Messages":5}'):
        with pytest.raises(NotSent):
            messages_of(Answer(200, {}, body))


@pytest.mark.parametrize(
    ("found", "is_it"),
    [
        ({"MessageID": "m", "Recipients": ["R@x.example"], "Metadata": {"reference": "d-1"}}, True),
        ({"MessageID": "m", "Recipients": ["r@x.example"]}, True),
        ({"MessageID": "m", "Recipients": ["r@x.example"], "Metadata": {"reference": "d-2"}}, False),
        ({"MessageID": "m", "Recipients": ["other@x.example"], "Metadata": {"reference": "d-1"}}, False),
        ({"MessageID": "", "Recipients": ["r@x.example"], "Metadata": {"reference": "d-1"}}, False),
        ({"MessageID": "m", "Recipients": None, "Metadata": {"reference": "d-1"}}, False),
        ("nonsense", False),
    ],
)
def test_what_a_search_finds_is_looked_at_again(found: object, is_it: bool) -> None:
    assert is_sought(found, Sought("d-1", "r@X.example", NOW - timedelta(hours=1))) is is_it
