"""What Mailjet tells: proven by the key we gave it, read by its meaning; every recorded sample."""

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
    """A Mailjet that listens."""
    options = {"type": "mailjet", "token": "t", "secret": "s", **({"webhook_key": key} if key else {})}
    provider = make_provider("mail", options, workspace=Path())
    assert isinstance(provider, Hears)
    return provider


def hear(event: object, user: str = "mailjet", key: str = KEY) -> list[Heard]:
    """What a proven call says."""
    login = base64.b64encode(f"{user}:{key}".encode()).decode()
    return run(ears().hear(Post(json.dumps(event).encode(), {"authorization": f"Basic {login}"}), NOW))


EVENT = {
    "event": "bounce", "time": 1795341540, "MessageID": 13792286917004336, "email": "anna@customers.example",
    "CustomID": "d1", "hard_bounce": True, "error_related_to": "recipient", "error": "user unknown", "comment": "",
}  # fmt: skip


def test_a_bounce_says_whose_it_is_and_why() -> None:
    (news,) = hear(EVENT)
    assert (news.news, news.reference, news.provider_id, news.address, news.bounce) == (
        News.BOUNCED, "d1", "13792286917004336", "anna@customers.example", Bounce.INVALID,
    )  # fmt: skip
    assert news.at == datetime(2026, 11, 22, 9, 59, tzinfo=UTC)
    assert hear([EVENT, {**EVENT, "event": "click"}])[0] == news
    assert len({each.identity for each in hear([EVENT, {**EVENT, "time": 1}, EVENT])}) == 2


def test_a_call_without_the_key_is_refused_and_without_a_key_nothing_is_listened_to() -> None:
    with pytest.raises(WebhookRefused) as raised:
        hear(EVENT, key="wrong")
    assert raised.value.status == 401
    for headers in ({}, {"authorization": "Basic ????"}):
        with pytest.raises(WebhookRefused) as raised:
            run(ears().hear(Post(b"{}", headers), NOW))
        assert raised.value.status == 401
    with pytest.raises(WebhookRefused) as raised:
        run(ears("").hear(Post(b"{}", {"authorization": "Basic Og=="}), NOW))
    assert raised.value.status == 403


@pytest.mark.parametrize(
    ("error", "comment", "hard", "meaning"),
    [
        ("user unknown", "", True, Bounce.INVALID),
        ("user unknown", "", False, Bounce.SOFT),
        ("mailbox inactive", "", True, Bounce.DISABLED),
        ("quota exceeded", "", True, Bounce.SOFT),
        ("relay/access denied", "", True, Bounce.POLICY),
        ("content blocked", "", True, Bounce.POLICY),
        ("", "550 5.7.26 unauthenticated", True, Bounce.POLICY),
        ("", "550 5.1.1 user unknown", True, Bounce.INVALID),
        ("", "550 5.1.1 user unknown", False, Bounce.SOFT),
    ],
)
def test_a_bounce_is_read_by_its_meaning(error: str, comment: str, hard: bool, meaning: Bounce) -> None:
    (news,) = hear({**EVENT, "error": error, "comment": comment, "hard_bounce": hard})
    assert (news.news, news.bounce) == (News.BOUNCED, meaning)


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        ("preblocked", Bounce.SUPPRESSED),
        ("spam reporter", Bounce.SUPPRESSED),
        ("duplicate in campaign", Bounce.POLICY),
        ("typofix", Bounce.INVALID),
    ],
)
def test_what_was_never_tried_says_why(error: str, meaning: Bounce) -> None:
    (news,) = hear({**EVENT, "event": "blocked", "error": error, "hard_bounce": False})
    assert (news.news, news.bounce) == (News.REFUSED, meaning)


SAMPLES: dict[str, tuple[News, Bounce | None]] = {
    "blocked_event": (News.REFUSED, Bounce.INVALID), "bounce_event": (News.BOUNCED, Bounce.INVALID),
    "bounced_greylist_event": (News.DEFERRED, None), "click_event": (News.OPENED, None), "open_event": (News.OPENED, None),
    "non_grouped_event": (News.DELIVERED, None), "sent_event": (News.DELIVERED, None),
    "spam_event": (News.COMPLAINED, None), "unsub_event": (News.UNSUBSCRIBED, None),
    "blocked": (News.REFUSED, Bounce.SUPPRESSED), "bounce": (News.BOUNCED, Bounce.POLICY), "click": (News.CLICKED, None),
    "open": (News.OPENED, None), "sent": (News.DELIVERED, None), "spam": (News.COMPLAINED, None),
    "unsub": (News.UNSUBSCRIBED, None),
}  # fmt: skip
"""The sample called click_event is an open with a url, as it was recorded."""


def samples() -> list[Path]:
    """The recorded webhooks, where they are."""
    return sorted((CORPUS / "providers/mailjet/webhooks").glob("*/*.json")) if CORPUS is not None else []


@pytest.mark.corpus
@pytest.mark.parametrize("path", samples(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_recorded_webhook_is_understood(path: Path) -> None:
    name = (
        path.stem.removeprefix("MailjetDeliveryTestCase.test_")
        .removesuffix(".raw_events")
        .removesuffix(".raw_event")
    )
    found = hear(json.loads(path.read_text()))
    assert [(each.news, each.bounce) for each in found] == [SAMPLES[name]]
    for each in found:
        assert each.provider_id.isdigit()
        assert "@" in each.address
        assert 2015 <= each.at.year <= 2023
        assert each.reference == ("" if "_event" in name else "helloworld")
