"""Resend: the suite over real HTTP, what each answer means, calls that are repeated, and its signed news."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.errors import (
    AccountFault,
    BatchRefused,
    NotSent,
    ProviderError,
    Unknown,
    UnsupportedFeature,
    WebhookRefused,
)
from engine.model.heard import Bounce, Heard, News, Post
from engine.model.letter import Outcome, Verdict
from engine.network.lane import Answer
from engine.providers import resend
from engine.providers.base import Hears, Provider
from engine.providers.call_key import call_key
from engine.providers.registry import make_provider
from tests.corpus import CORPUS, corpus_path
from tests.doubles import api
from tests.doubles import resend as double
from tests.providers.api_way_out import ApiWayOut, isolate, mailbox, send
from tests.providers.conformance import NetworkConformance, deliver, run
from tests.providers.letters import Received, batch_of, letter, to, unix

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class ResendWayOut(ApiWayOut):
    """Resend's stand-in on loopback."""

    type_name = "resend"

    def received(self) -> list[Received]:
        return [read(record["message"]) for record in self.server.accepted]


def read(message: dict) -> Received:
    """A message of the API as the reader would get it."""
    return Received(
        sender=mailbox(message["from"]),
        reply_to=mailbox(message.get("reply_to", "")),
        to=mailbox(message["to"][0]),
        subject=message["subject"],
        html=unix(message.get("html", "")),
        text=unix(message.get("text", "")),
        headers={name.lower(): value for name, value in message["headers"].items()},
        reference={tag["name"]: tag["value"] for tag in message["tags"]}["reference"],
    )


@pytest.fixture
def way_out() -> Iterator[ResendWayOut]:
    server = double.Resend()
    with api.running(server) as url:
        yield ResendWayOut(server, url)
    assert server.violations == []


class TestResendConforms(NetworkConformance):
    """Resend keeps every promise of the protocol."""


@pytest.mark.corpus
def test_its_calls_satisfy_the_providers_own_specification() -> None:
    server = double.Resend(specification=corpus_path("providers", "resend", "resend.openapi.json"))
    with api.running(server) as url:
        outcomes = send(ResendWayOut(server, url).provider())
    assert server.violations == []
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 3


WHOLE_BATCH = [
    ("429:7", NotSent, 0),
    ("429:rate_limit_exceeded", NotSent, 0),
    ("429:daily_quota_exceeded", AccountFault, 0),
    ("429:monthly_quota_exceeded", AccountFault, 0),
    ("401", AccountFault, 0),
    ("401:restricted_api_key", AccountFault, 0),
    ("403", AccountFault, 0),
    ("403:validation_error", AccountFault, 0),
    ("451", AccountFault, 0),
    ("404", AccountFault, 0),
    ("405", AccountFault, 0),
    ("409", Unknown, 0),
    ("409:invalid_idempotent_request", Unknown, 0),
    ("400:missing_required_field", BatchRefused, 0),
    ("422", BatchRefused, 0),
    ("413", BatchRefused, 0),
    ("500", Unknown, 0),
    ("503", Unknown, 0),
    ("500-after", Unknown, 3),
    ("account", AccountFault, 0),
    ("close", Unknown, 3),
    ("reset", Unknown, 3),
    ("truncated", Unknown, 3),
    ("html", Unknown, 3),
    ("object", Unknown, 3),
    ("empty", Unknown, 3),
    ("endless", Unknown, 3),
    ("strange", Unknown, 3),
]


@pytest.mark.parametrize(("behaviour", "meaning", "accepted"), WHOLE_BATCH)
def test_each_answer_to_a_batch_has_one_meaning(
    way_out: ResendWayOut, behaviour: str, meaning: type[ProviderError], accepted: int
) -> None:
    way_out.server.follow(behaviour)
    with pytest.raises(meaning) as raised:
        send(way_out.provider())
    assert len(way_out.received()) == accepted
    assert raised.value.help or meaning in (Unknown, BatchRefused)


@pytest.mark.parametrize(
    ("behaviour", "seconds"), [("429:7", 7.0), ("429", 1.0), ("429:rate_limit_exceeded", None)]
)
def test_its_wish_to_wait_is_heard(way_out: ResendWayOut, behaviour: str, seconds: float | None) -> None:
    way_out.server.follow(behaviour)
    with pytest.raises(NotSent) as raised:
        send(way_out.provider())
    assert raised.value.retry_after == seconds


def test_each_message_has_its_own_fate(way_out: ResendWayOut) -> None:
    way_out.server.follow("partial:1=to+2=account+3=size")
    outcomes = send(way_out.provider(), 5)
    assert [(outcome.verdict, outcome.suppress) for outcome in outcomes] == [
        (Verdict.ACCEPTED, False),
        (Verdict.REFUSED, True),
        (Verdict.RETRY, False),
        (Verdict.REFUSED, False),
        (Verdict.ACCEPTED, False),
    ]
    ids = [record["id"] for record in way_out.server.accepted]
    assert [outcomes[0].provider_id, outcomes[4].provider_id] == ids


@pytest.mark.parametrize("behaviour", ["short", "no-id"])
def test_letters_whose_id_is_missing_are_unknown(way_out: ResendWayOut, behaviour: str) -> None:
    way_out.server.follow(behaviour)
    assert {outcome.verdict for outcome in send(way_out.provider())} == {Verdict.UNKNOWN}


def test_one_poisoned_letter_among_a_hundred_is_found_and_the_rest_arrive_once(way_out: ResendWayOut) -> None:
    letters = [letter(n) for n in range(100)]
    letters[61] = to("poison@customers.example", 61)
    sent = isolate(way_out.provider(), letters)
    assert [outcome.verdict for outcome in sent.outcomes].count(Verdict.ACCEPTED) == 99
    assert sent.outcomes[61].verdict == Verdict.REFUSED
    assert len({each.reference for each in way_out.received()}) == len(way_out.received()) == 99


def test_too_many_or_too_large_is_refused_before_anything_leaves(way_out: ResendWayOut) -> None:
    provider = way_out.provider()
    with pytest.raises(BatchRefused, match="100 letters"):
        send(provider, 101)
    with pytest.raises(BatchRefused, match="bytes in a call"):
        run(deliver(provider, batch_of(provider, [letter(n, html="x" * 9_000_000) for n in range(5)])))
    assert way_out.server.requests == 0


def test_a_header_it_writes_itself_is_refused(way_out: ResendWayOut) -> None:
    with pytest.raises(UnsupportedFeature, match="Sender"):
        way_out.provider().wire.encode(letter(headers=(("Sender", "x@y.example"),)))


@pytest.mark.parametrize("behaviour", ["reset", "truncated", "500-after", "silence"])
def test_a_call_without_an_answer_is_repeated_without_a_second_letter(
    way_out: ResendWayOut, behaviour: str
) -> None:
    way_out.server.follow(behaviour)
    letters = [letter(1), letter(2)]
    with pytest.raises(Unknown):
        run(deliver(provider := way_out.patient(0.3), batch_of(provider, letters)))
    # Another process, later, with the same stored letters and keys.
    provider = way_out.provider()
    (outcomes,) = run(deliver(provider, batch_of(provider, letters)))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 2
    assert [each.reference for each in way_out.received()] == ["delivery-1", "delivery-2"]


def test_the_same_key_with_other_letters_is_never_taken_for_success(way_out: ResendWayOut) -> None:
    provider = way_out.provider()
    first = batch_of(provider, [letter(1)])
    other = batch_of(provider, [letter(1, subject="Changed since")])
    run(deliver(provider, first))
    with pytest.raises(Unknown, match="invalid_idempotent_request"):
        run(deliver(provider, other))


def test_the_key_of_a_call_is_that_of_its_letters_in_order(way_out: ResendWayOut) -> None:
    provider = way_out.provider()
    whole = batch_of(provider, [letter(n) for n in range(4)])
    again = batch_of(provider, [letter(n) for n in range(4)])
    assert call_key(whole) == call_key(again)
    assert len(call_key(whole)) <= provider.limits.idempotency.longest_key  # type: ignore[union-attr]
    others = [whole.slice(0, 2), whole.slice(2, 4), whole.slice(0, 3)]
    others.append(batch_of(provider, [letter(n) for n in (1, 0, 2, 3)]))
    changed = batch_of(provider, [letter(n) for n in range(4)])
    changed.keys[2] = "a new key"
    unkeyed = batch_of(provider, [letter(n) for n in range(4)])
    unkeyed.keys[:] = [""] * 4
    other_unkeyed = batch_of(provider, [letter(n) for n in range(4, 8)])
    other_unkeyed.keys[:] = [""] * 4
    keys = [call_key(each) for each in (whole, *others, changed, unkeyed, other_unkeyed)]
    assert len({*keys}) == len(keys)


def recorded() -> list[Path]:
    """The answers recorded by django-anymail, where they are."""
    if CORPUS is None:
        return []
    return sorted((CORPUS / "providers/resend/responses/anymail").glob("*.json"))


@pytest.mark.corpus
@pytest.mark.parametrize("path", recorded(), ids=lambda path: path.stem)
def test_every_recorded_answer_becomes_a_meaning(path: Path) -> None:
    content = json.loads(path.read_text())
    if "status_code" not in content:
        content = {"status_code": content.get("statusCode", 200), "json_data": content}
    raw = content.get("raw", content.get("json_data", ""))
    if raw == "<self._mock_batch_response>":
        pytest.skip("the recording holds a Python expression, not an answer")
    body = raw.encode() if isinstance(raw, str) else json.dumps(raw).encode()
    name = path.stem.split(".")[1]
    if content["status_code"] == 200:
        with pytest.raises(Unknown):
            resend.results(body, 1)
        return
    meaning = AccountFault if "api_failure" in name else Unknown
    assert isinstance(resend.refusal(Answer(content["status_code"], {}, body)), meaning)


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


def test_outcomes_are_plain_values() -> None:
    body = b'{"data":[{"id":"1"}],"errors":[{"index":1,"message":"Invalid `to` field."}]}'
    assert resend.results(body, 2) == [
        Outcome(Verdict.ACCEPTED, "1"),
        Outcome(Verdict.REFUSED, detail="Invalid `to` field.", suppress=True),
    ]


def test_it_says_what_it_promises() -> None:
    provider: Provider = make_provider("mail", {"type": "resend", "token": "t"}, workspace=Path())
    assert provider.limits.idempotency is not None
    assert provider.limits.idempotency.lifetime == 86400.0
    assert provider.limits.lookup is None
