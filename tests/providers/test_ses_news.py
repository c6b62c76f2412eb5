"""What SES tells through SNS: proven, confirmed, read by its meaning; every recorded sample."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.errors import NetworkError, WebhookRefused
from engine.model.heard import Bounce, Heard, News, Post
from engine.providers import amazon_notices
from engine.providers.registry import make_provider
from engine.providers.ses import Ses
from tests.corpus import CORPUS
from tests.providers.amazon import (
    CERTIFICATE,
    CONFIRM,
    NOW,
    TOPIC,
    Amazon,
    certificate,
    confirmation,
    notification,
    post,
    signed,
)
from tests.providers.conformance import run

BOUNCE: dict[str, Any] = {
    "eventType": "Bounce",
    "bounce": {
        "bounceType": "Permanent", "bounceSubType": "General", "timestamp": "2026-11-23T09:59:00.000Z",
        "bouncedRecipients": [
            {"emailAddress": "anna@customers.example", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
        ],
    },
    "mail": {"messageId": "m-1", "destination": ["anna@customers.example"], "tags": {"reference": ["d1"]}},
}  # fmt: skip


def ears(amazon: Amazon, topic: str = TOPIC) -> Ses:
    """An SES that listens to a topic."""
    options = {"type": "ses", "region": "eu-west-1", "access_key": "a", "secret_key": "s"}
    provider = make_provider("mail", options | ({"topic": topic} if topic else {}), workspace=Path())
    assert isinstance(provider, Ses)
    provider.notices.fetch = amazon.fetch
    return provider


def hear(event: object) -> list[Heard]:
    """What a well-signed event says."""
    return run(ears(Amazon()).hear(post(signed(notification(event))), NOW))


def refusal(notice: Post, amazon: Amazon | None = None, topic: str = TOPIC) -> WebhookRefused:
    """The error of a call that is refused."""
    with pytest.raises(WebhookRefused) as raised:
        run(ears(amazon or Amazon(), topic).hear(notice, NOW))
    return raised.value


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", [{}, {"Subject": "Amazon SES Email Event Notification"}])
def test_a_signed_notice_is_believed(version: str, subject: dict[str, str]) -> None:
    notice = signed(notification(BOUNCE, **subject), version)
    headers = {"x-amz-sns-message-type": "Notification", "x-amz-sns-message-id": "n-1"}
    assert run(ears(Amazon()).hear(post(notice, **headers), NOW)) == [
        Heard(
            News.BOUNCED, datetime(2026, 11, 23, 9, 59, tzinfo=UTC), "n-1/0", "d1", "m-1",
            "anna@customers.example", Bounce.INVALID, "smtp; 550 5.1.1 user unknown",
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"Message": json.dumps({**BOUNCE, "eventType": "Complaint"})},
        {"MessageId": "n-2"},
        {"Timestamp": "2026-11-23T10:00:00.000Z"},
        {"Subject": "added"},
        {"Signature": "AAAA"},
        {"Signature": "not base64!"},
        {"SignatureVersion": "1"},
        {"SignatureVersion": "3"},
        {"Type": "SubscriptionConfirmation"},
        {"Type": "UnsubscribeConfirmation"},
        {"Type": "Other"},
        {"TopicArn": TOPIC.replace("SES", "Other")},
        {"TopicArn": TOPIC.replace("123456789012", "999999999999")},
    ],
)
def test_a_forged_notice_is_refused(change: dict[str, str]) -> None:
    amazon = Amazon()
    assert refusal(post({**signed(notification(BOUNCE)), **change}), amazon).status == 401
    assert CONFIRM not in amazon.asked


@pytest.mark.parametrize(
    "missing", ["Signature", "SigningCertURL", "SignatureVersion", "MessageId", "Type", "Message"]
)
def test_an_unsigned_notice_is_refused(missing: str) -> None:
    notice = {name: value for name, value in signed(notification(BOUNCE)).items() if name != missing}
    assert refusal(post(notice)).status == 401


def test_without_a_topic_nothing_is_listened_to() -> None:
    amazon = Amazon()
    assert refusal(post(signed(notification(BOUNCE))), amazon, topic="").status == 403
    assert refusal(post(signed(confirmation())), amazon, topic="").status == 403
    assert amazon.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/a.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/a.pem",
        "https://evilsns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
        "https://sns.us-east-1.amazonaws.com/a.pem",
        "https://bucket.s3.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com\\@evil.example/a.pem",
        "https://[sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com/a.pem\r\nX: y",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_certificate_or_confirmation_elsewhere_is_never_fetched(url: str) -> None:
    amazon = Amazon()
    amazon.pages[url] = certificate()
    assert refusal(post({**signed(notification(BOUNCE)), "SigningCertURL": url}), amazon).status == 401
    assert refusal(post(signed(confirmation(SubscribeURL=url))), amazon).status == 401
    assert url not in amazon.asked


def test_a_subscription_is_confirmed_once_it_is_proven() -> None:
    amazon = Amazon()
    assert run(ears(amazon).hear(post(signed(confirmation())), NOW)) == []
    assert amazon.asked == [CERTIFICATE, CONFIRM]
    forged = {**signed(confirmation()), "Token": "another"}
    assert refusal(post(forged), later := Amazon()).status == 401
    assert later.asked == [CERTIFICATE]


def test_the_end_of_a_subscription_is_not_undone() -> None:
    amazon = Amazon()
    ended = signed(confirmation(Type="UnsubscribeConfirmation"))
    assert run(ears(amazon).hear(post(ended), NOW)) == []
    assert amazon.asked == [CERTIFICATE]


def test_a_certificate_is_fetched_once() -> None:
    amazon = Amazon()
    provider = ears(amazon)
    for number in range(3):
        assert run(provider.hear(post(signed(notification(BOUNCE, MessageId=f"n-{number}"))), NOW))
    assert amazon.asked == [CERTIFICATE]


@pytest.mark.parametrize(
    "page", [certificate(2), certificate(-10), certificate(elliptic=True), b"no certificate", b""]
)
def test_a_certificate_that_proves_nothing_is_not_believed(page: bytes) -> None:
    assert refusal(post(signed(notification(BOUNCE))), Amazon({CERTIFICATE: page})).status == 401


def test_a_certificate_or_confirmation_that_cannot_be_had_is_asked_for_again() -> None:
    assert refusal(post(signed(notification(BOUNCE))), Amazon({})).status == 503
    assert refusal(post(signed(confirmation())), Amazon({CERTIFICATE: certificate()})).status == 503


def test_what_is_fetched_never_comes_from_a_private_network(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NetworkError):
        amazon_notices.guarded("http://127.0.0.1:9/certificate.pem")
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("10.0.0.1", 443))])
    with pytest.raises(NetworkError):
        amazon_notices.guarded(CERTIFICATE)


@pytest.mark.parametrize(
    "headers", [{"x-amz-sns-message-type": "SubscriptionConfirmation"}, {"x-amz-sns-message-id": "x"}]
)
def test_headers_must_say_what_the_notice_says(headers: dict[str, str]) -> None:
    assert refusal(post(signed(notification(BOUNCE)), **headers)).status == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"x", 400), (b"[]", 400), (b'"x"', 400), (b"{}", 401), (b'{"Type": 5}', 401)],
)
def test_what_is_no_notice_is_refused(body: bytes, status: int) -> None:
    assert refusal(Post(body)).status == status


def test_a_notice_larger_than_any_of_amazons_is_not_read() -> None:
    assert refusal(Post(b" " * 300_001 + b"{}")).status == 401


@pytest.mark.parametrize(
    "message",
    ["Successfully validated SNS topic for Amazon SES event publishing.", '{"eventType":"Send"}', "{}"],
)
def test_other_messages_of_the_topic_are_no_news(message: str) -> None:
    assert hear(message) == []


@pytest.mark.parametrize("message", ["{broken", "{]"])
def test_a_proven_notice_without_an_event_is_400(message: str) -> None:
    assert refusal(post(signed(notification(message)))).status == 400


@pytest.mark.parametrize(
    ("kind", "subtype", "status", "words", "news", "meaning"),
    [
        ("Permanent", "General", "5.1.1", "smtp; 550 5.1.1 user unknown", News.BOUNCED, Bounce.INVALID),
        ("Permanent", "General", "5.7.26", "smtp; 550-5.7.26 unauthenticated", News.BOUNCED, Bounce.POLICY),
        ("Permanent", "General", "5.2.2", "smtp; 552 5.2.2 mailbox full", News.BOUNCED, Bounce.SOFT),
        ("Permanent", "General", "5.2.1", "smtp; 550 5.2.1 mailbox disabled", News.BOUNCED, Bounce.DISABLED),
        ("Permanent", "General", "", "", News.BOUNCED, Bounce.INVALID),
        ("Permanent", "NoEmail", "", "", News.BOUNCED, Bounce.INVALID),
        ("Permanent", "Suppressed", "", "", News.REFUSED, Bounce.SUPPRESSED),
        ("Permanent", "OnAccountSuppressionList", "", "", News.REFUSED, Bounce.SUPPRESSED),
        ("Transient", "General", "5.1.1", "smtp; 550 5.1.1 user unknown", News.BOUNCED, Bounce.SOFT),
        ("Transient", "MailboxFull", "", "", News.BOUNCED, Bounce.SOFT),
        ("Transient", "MessageTooLarge", "", "", News.BOUNCED, Bounce.SOFT),
        ("Transient", "ContentRejected", "", "", News.BOUNCED, Bounce.POLICY),
        ("Transient", "AttachmentRejected", "", "", News.BOUNCED, Bounce.POLICY),
        ("Undetermined", "Undetermined", "", "", News.BOUNCED, Bounce.SOFT),
    ],
)
def test_a_bounce_is_read_by_its_meaning(
    kind: str, subtype: str, status: str, words: str, news: News, meaning: Bounce
) -> None:
    person = {"emailAddress": "anna@customers.example", "status": status, "diagnosticCode": words}
    bounce = {**BOUNCE["bounce"], "bounceType": kind, "bounceSubType": subtype, "bouncedRecipients": [person]}
    (found,) = hear({**BOUNCE, "bounce": bounce})
    assert (found.news, found.bounce) == (news, meaning)


def test_each_person_of_an_event_has_an_identity_that_stays() -> None:
    people = [{"emailAddress": f"{name}@customers.example"} for name in ("anna", "bo")]
    event = {**BOUNCE, "bounce": {**BOUNCE["bounce"], "bouncedRecipients": people}}
    found = hear(event)
    assert [(each.identity, each.address) for each in found] == [
        ("n-1/0", "anna@customers.example"), ("n-1/1", "bo@customers.example"),
    ]  # fmt: skip
    assert found == hear(event)


@pytest.mark.parametrize(
    ("feedback", "complains"),
    [
        ("abuse", True),
        ("", True),
        ("fraud", True),
        ("other", True),
        ("not-spam", False),
        ("auth-failure", False),
        ("virus", False),
    ],
)
def test_only_a_readers_complaint_is_one(feedback: str, complains: bool) -> None:
    complaint = {"complainedRecipients": [{"emailAddress": "a@b.example"}], "complaintFeedbackType": feedback}
    found = hear({"eventType": "Complaint", "complaint": complaint, "mail": {"messageId": "m"}})
    assert [each.news for each in found] == ([News.COMPLAINED] if complains else [])


@pytest.mark.parametrize("everything", [True, False])
def test_leaving_everything_at_amazon_is_leaving(everything: bool) -> None:
    event = {
        "eventType": "Subscription",
        "subscription": {"newTopicPreferences": {"unsubscribeAll": everything}},
        "mail": {"destination": ["a@b.example"]},
    }
    found = hear(event)
    assert [(each.news, each.topic, each.address) for each in found] == (
        [(News.UNSUBSCRIBED, "", "a@b.example")] if everything else []
    )


def test_the_reference_is_found_in_the_letters_header_too() -> None:
    mail = {
        "messageId": "m",
        "destination": ["a@b.example"],
        "headers": [{"name": "X-Touchbase-Reference", "value": "d7"}],
    }
    (found,) = hear(
        {"notificationType": "Delivery", "delivery": {"recipients": ["a@b.example"]}, "mail": mail}
    )
    assert (found.news, found.reference) == (News.DELIVERED, "d7")


def test_an_open_of_a_letter_to_several_is_nobodys() -> None:
    (found,) = hear(
        {"eventType": "Open", "open": {}, "mail": {"destination": ["a@b.example", "c@d.example"]}}
    )
    assert (found.news, found.address) == (News.OPENED, "")


def samples() -> list[Path]:
    """Every recorded event and notice, where they are; the fragments among them left out."""
    if CORPUS is None:
        return []
    found = [
        *(CORPUS / "providers/ses/webhooks").glob("*/*.json"),
        *(CORPUS / "mail/webhook_payloads").glob("*amazonses*.json"),
    ]
    return sorted(path for path in found if "notification-contents." not in path.name)


EXPECTED = {
    "bounce": [(News.BOUNCED, Bounce.INVALID)],
    "bounce_without_a_dsn": [(News.BOUNCED, Bounce.INVALID)] * 2,
    "click": [(News.CLICKED, None)],
    "complaint": [(News.COMPLAINED, None)],
    "delivery": [(News.DELIVERED, None)],
    "delay": [(News.DEFERRED, None)],
    "open": [(News.OPENED, None)],
    "reject": [(News.REFUSED, Bounce.POLICY)],
    "rendering": [(News.REFUSED, Bounce.POLICY)],
    "send": [],
    "received": [],
    "subscription": [(News.UNSUBSCRIBED, None)],
}
MEANINGS = {
    "multiple_bounce": "bounce_without_a_dsn", "without-a-dsn": "bounce_without_a_dsn", "deliverydelay": "delay",
    "amazonses-01": "bounce", "amazonses-02": "bounce", "amazonses-03": "complaint", "amazonses-04": "delivery",
    "amazonses-05": "delivery", "amazonses-06": "bounce", "rendering": "rendering", "reject": "reject",
    "incorrect_received": "received", "delivery-notification": "delivery",
}  # fmt: skip


def expected(name: str) -> list[tuple[News, Bounce | None]]:
    """What a sample says, by its name."""
    for part, meaning in MEANINGS.items():
        if part in name:
            return EXPECTED[meaning]
    return next(EXPECTED[word] for word in EXPECTED if f".{word}-" in name or f"_{word}_" in name)


@pytest.mark.corpus
@pytest.mark.parametrize("path", samples(), ids=lambda path: path.stem)
def test_every_recorded_event_is_understood(path: Path) -> None:
    recorded = json.loads(path.read_text())
    event = recorded["Message"] if recorded.get("Type") == "Notification" else recorded
    found = hear(event)
    assert [(each.news, each.bounce) for each in found] == expected(path.stem)
    for each in found:
        assert 2016 <= each.at.year <= NOW.year
        assert each.provider_id
        assert each.address or each.news in (News.REFUSED, News.OPENED, News.CLICKED)
