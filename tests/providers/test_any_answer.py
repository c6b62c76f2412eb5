"""Whatever a provider says: an answer becomes outcomes or an error we know, an event becomes news or nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ProviderError, WebhookRefused
from engine.model.heard import Heard
from engine.model.letter import Batch, Outcome, Verdict
from engine.network.lane import Answer
from engine.providers import (
    amazon_news,
    brevo,
    mailersend,
    mailersend_news,
    mailgun,
    mailgun_news,
    mailjet,
    postmark,
    resend,
    sendgrid,
    ses,
    sparkpost,
    sparkpost_news,
)

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
LETTERS = ["d0", "d1", "d2"]
BATCH = Batch(recipients=["a@x.example", "b@x.example", "c@x.example"], ends=[1, 2, 3], references=LETTERS)
VERDICTS = {Verdict.ACCEPTED, Verdict.REFUSED, Verdict.RETRY, Verdict.UNKNOWN}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """Every place inside a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


@st.composite
def spoiled(draw: st.DrawFn, sample: Any) -> Any:
    """A sample with a few of its places holding something else, or nothing."""
    value = copy.deepcopy(sample)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(value)))
        if not path:
            return draw(JSON)
        holder = value
        for key in path[:-1]:
            holder = holder[key]
        if draw(st.booleans()):
            holder[path[-1]] = draw(JSON)
        else:
            del holder[path[-1]]
    return value


ANSWERS: dict[str, tuple[Any, Callable[[bytes], list[Outcome]]]] = {
    "postmark": (
        [{"ErrorCode": 0, "Message": "OK", "MessageID": "a"}, {"ErrorCode": 406, "Message": "inactive"}, {"ErrorCode": 300, "Message": "Invalid 'To' address"}],
        lambda body: postmark.results(body, 3),
    ),
    "mailersend": (
        {"id": "b", "state": "completed", "validation_errors_count": 1, "validation_errors": {"message.1": {"to.0.email": ["no"]}}, "suppressed_recipients": {"m": {"to": [{"email": "c@x.example", "reasons": ["r"]}]}}, "messages_id": ["m"]},
        lambda body: mailersend.settled("b", orjson.loads(body), BATCH),
    ),
    "resend": (
        {"data": [{"id": "a"}, {"id": "b"}], "errors": [{"index": 1, "message": "Invalid `to` field"}]},
        lambda body: resend.results(body, 3),
    ),
    "brevo": ({"messageIds": ["a", "b", "c"]}, lambda body: brevo.results(body, 3)),
    "mailjet": (
        [
            {"Status": "success", "CustomID": "d0", "To": [{"MessageID": 5}]},
            {"Status": "error", "Errors": [{"ErrorCode": "mj-0013", "StatusCode": 400, "ErrorRelatedTo": ["To[0].Email"]}]},
            {"Status": "error", "Errors": [{"ErrorCode": "send-0008", "StatusCode": 403, "ErrorRelatedTo": ["From"]}]},
        ],
        lambda body: mailjet.results(found if isinstance(found := orjson.loads(body), list) else [found], LETTERS),
    ),
    "ses": (
        {"BulkEmailEntryResults": [{"Status": "SUCCESS", "MessageId": "a"}, {"Status": "FAILED"}, {"Status": "MESSAGE_REJECTED", "Error": "x"}]},
        lambda body: ses.results(body, 3),
    ),
    "sparkpost": (
        {"results": {"id": "5", "total_accepted_recipients": 3, "total_rejected_recipients": 0, "rcpt_to_errors": [{"code": "1"}]}},
        lambda body: sparkpost.results(sparkpost.parsed(body), LETTERS),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(ANSWERS))
@settings(deadline=None)
@given(data=st.data())
def test_an_answer_means_one_thing_for_each_letter_or_fails_in_a_known_way(
    name: str, data: st.DataObject
) -> None:
    sample, read = ANSWERS[name]
    try:
        outcomes = read(orjson.dumps(data.draw(spoiled(sample))))
    except ProviderError:
        return
    assert len(outcomes) == 3
    for outcome in outcomes:
        assert outcome.verdict in VERDICTS
        assert outcome.provider_id or outcome.verdict != Verdict.ACCEPTED


ERRORS: dict[str, tuple[Any, Callable[[Answer], ProviderError]]] = {
    "postmark": ({"ErrorCode": 300, "Message": "Invalid 'From' address"}, postmark.refusal),
    "sendgrid": ({"errors": [{"field": "from.email", "message": "no", "help": None}]}, lambda it: sendgrid.refusal(it)[0]),
    "mailgun": ({"message": "Domain x is not allowed to send: try again after 5 seconds"}, mailgun.refusal),
    "mailersend": ({"message": "no #MS42207", "errors": {"from.email": ["no"]}}, mailersend.refusal),
    "resend": ({"name": "validation_error", "message": "no", "statusCode": 400}, resend.refusal),
    "brevo": ({"code": "invalid_parameter", "message": "no"}, lambda it: brevo.refusal(it, *brevo.error_of(it.body))),
    "mailjet": ({"ErrorCode": "mj-0002", "ErrorMessage": "no"}, lambda it: mailjet.refusal(it, mailjet.parsed(it.body))),
    "ses": ({"message": "no", "__type": "MessageRejected"}, ses.refusal),
    "sparkpost": ({"errors": [{"message": "no", "code": "1100", "description": "no"}]}, sparkpost.refusal),
}  # fmt: skip
STATUSES = st.sampled_from(
    [200, 201, 204, 301, 400, 401, 403, 404, 409, 413, 418, 420, 422, 429, 451, 500, 502, 503, 599]
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["retry-after", "ratelimit-reset", "x-sib-ratelimit-reset", "x-ratelimit-reset", "x-amzn-errortype"]
    ),
    st.text(max_size=8),
)


@pytest.mark.parametrize("name", sorted(ERRORS))
@settings(deadline=None)
@given(data=st.data(), status=STATUSES, headers=HEADERS)
def test_an_error_is_always_one_we_know(
    name: str, data: st.DataObject, status: int, headers: dict[str, str]
) -> None:
    sample, read = ERRORS[name]
    body = data.draw(spoiled(sample).map(orjson.dumps) | st.binary(max_size=20))
    error = read(Answer(status, headers, body))
    assert isinstance(error, ProviderError)
    assert type(error) is not ProviderError
    wish = getattr(error, "retry_after", None)
    assert wish is None or 0 <= wish <= 3600


MAIL = {
    "messageId": "m",
    "destination": ["a@b.example"],
    "tags": {"reference": ["d"]},
    "headers": [{"name": "X", "value": "y"}],
}
NOTICES = {
    "Bounce": {"bounce": {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": [{"emailAddress": "a@b"}]}},
    "Complaint": {"complaint": {"complainedRecipients": [{"emailAddress": "a@b"}], "complaintFeedbackType": "abuse"}},
    "Subscription": {"subscription": {"newTopicPreferences": {"unsubscribeAll": True}}},
    "Click": {"click": {"link": "https://x.example", "ipAddress": "192.0.2.1", "timestamp": "2026-01-01T00:00:00Z"}},
}  # fmt: skip
EVENTS: list[tuple[str, Any, Callable[[Any], list[Heard]]]] = [
    ("postmark", {"RecordType": "Bounce", "ID": 5, "Type": "HardBounce", "MessageID": "m", "Email": "a@b", "BouncedAt": "2026-01-01T00:00:00Z", "Details": "550 5.1.1", "Metadata": {"reference": "d"}, "Geo": {"IP": "x"}}, lambda event: postmark.news_of(event, NOW)),
    ("postmark subscription", {"RecordType": "SubscriptionChange", "SuppressSending": True, "SuppressionReason": "HardBounce", "Recipient": "a@b"}, lambda event: postmark.news_of(event, NOW)),
    ("sendgrid", {"event": "bounce", "email": "a@b", "timestamp": 1795341540, "sg_event_id": "e", "sg_message_id": "m.1", "type": "bounce", "status": "5.1.1", "reason": "r", "reference": "d"}, lambda event: sendgrid.news_of(event, NOW)),
    ("mailgun", {"event": "failed", "id": "e", "timestamp": 1795341540.5, "severity": "permanent", "reason": "bounce", "recipient": "a@b", "delivery-status": {"code": 550, "message": "5.1.1"}, "user-variables": {"reference": "d"}, "client-info": {"bot": "x"}, "message": {"headers": {"message-id": "m"}}}, lambda event: mailgun_news.news_of(event, NOW)),
    ("mailersend", {"type": "activity.hard_bounced", "data": {"id": "e", "type": "hard_bounced", "created_at": "2026-01-01T00:00:00Z", "email": {"tags": ["reference:d"], "message": {"id": "m"}, "recipient": {"email": "a@b"}}, "morph": {"reason": "r"}}}, lambda event: mailersend_news.news_of(event, NOW)),
    ("mailersend bulk", {"type": "bulk_email.completed", "data": {"id": "b", "validation_errors": {"message.1": {"to.0.email": ["no"]}}}}, lambda event: mailersend_news.news_of(event, NOW)),
    (
        "resend",
        {"type": "email.bounced", "created_at": "2026-01-01T00:00:00Z", "data": {"email_id": "e", "to": ["A <a@b>"], "tags": {"reference": "d"}, "bounce": {"type": "Permanent", "subType": "General", "message": "m", "diagnosticCode": ["550 5.1.1"]}, "click": {"link": "x"}}},
        lambda event: resend.heard(event, "i", NOW),
    ),
    ("brevo", {"event": "hard_bounce", "email": "a@b", "ts_epoch": 1795341540000, "message-id": "m", "reason": "r"}, lambda event: brevo.heard(event, NOW)),
    ("mailjet", {"event": "bounce", "time": 1795341540, "MessageID": 5, "email": "a@b", "hard_bounce": True, "error": "user unknown", "error_related_to": "recipient"}, lambda event: mailjet.heard(event, NOW)),
    ("sparkpost", {"msys": {"message_event": {"type": "bounce", "bounce_class": "10", "event_id": "5", "rcpt_meta": {"reference": "d"}, "timestamp": "1795341540", "user_agent_parsed": {"is_prefetched": True}}}}, lambda event: sparkpost_news.heard(event, NOW)),
    *[
        (f"ses {kind}", {"eventType": kind, "mail": MAIL, **details}, lambda event: amazon_news.heard({"MessageId": "n", "Message": orjson.dumps(event).decode()}, NOW))
        for kind, details in NOTICES.items()
    ],
]  # fmt: skip


@pytest.mark.parametrize(("sample", "read"), [each[1:] for each in EVENTS], ids=[each[0] for each in EVENTS])
@settings(deadline=None)
@given(data=st.data())
def test_an_event_is_news_or_nothing(
    sample: Any, read: Callable[[Any], list[Heard]], data: st.DataObject
) -> None:
    event = data.draw(spoiled(sample))
    if not isinstance(event, dict):
        return
    try:
        found = read(event)
    except WebhookRefused as error:
        assert error.status == 400
        return
    for each in found:
        assert isinstance(each, Heard)
        assert each.identity
        assert each.at <= NOW
        assert all(
            isinstance(value, str) for value in (each.reference, each.provider_id, each.address, each.detail)
        )
