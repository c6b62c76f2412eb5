"""Resend: the suite over real HTTP, what each answer means, and calls that are repeated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import (
    AccountFault,
    BatchRefused,
    NotSent,
    ProviderError,
    Unknown,
    UnsupportedFeature,
)
from engine.model.letter import Outcome, Verdict
from engine.network.lane import Answer
from engine.providers import resend
from engine.providers.base import Provider
from engine.providers.call_key import call_key
from engine.providers.registry import make_provider
from tests.corpus import CORPUS, corpus_path
from tests.doubles import api
from tests.doubles import resend as double
from tests.providers.api_way_out import ApiWayOut, isolate, mailbox, send
from tests.providers.conformance import NetworkConformance, deliver, run
from tests.providers.letters import Received, batch_of, letter, to, unix


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
