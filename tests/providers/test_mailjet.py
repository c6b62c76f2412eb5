"""Mailjet: the suite over real HTTP, what each answer and each result in it means, and the search."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from email.header import decode_header, make_header
from pathlib import Path

import pytest

from engine.errors import (
    AccountFault,
    BatchRefused,
    LetterError,
    NotSent,
    ProviderError,
    Unknown,
    UnsupportedFeature,
    UsageError,
)
from engine.model.letter import Verdict
from engine.network.lane import Answer
from engine.providers import mailjet
from engine.providers.base import LooksUp, Provider, Sought
from engine.providers.registry import make_provider
from tests.corpus import CORPUS
from tests.doubles import api
from tests.doubles import mailjet as double
from tests.providers.api_way_out import ApiWayOut, isolate, send
from tests.providers.conformance import NetworkConformance, deliver, run
from tests.providers.letters import HEADERS, Received, batch_of, letter, to, unix

KEY = "a-webhook-key"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class MailjetWayOut(ApiWayOut):
    """Mailjet's stand-in on loopback."""

    type_name = "mailjet"

    def options(self) -> dict[str, object]:
        return {"token": self.server.token, "secret": double.SECRET, "webhook_key": KEY}

    def received(self) -> list[Received]:
        return [read(record["message"]) for record in self.server.accepted]


def read(message: dict) -> Received:
    """A message as the reader would get it."""
    return Received(
        sender=person(message["From"]),
        reply_to=person(message.get("ReplyTo", {})),
        to=person(message["To"][0]),
        subject=message["Subject"],
        html=unix(message.get("HTMLPart", "")),
        text=unix(message.get("TextPart", "")),
        headers={name.lower(): value for name, value in message["Headers"].items()},
        reference=message["CustomID"],
    )


def person(found: dict) -> tuple[str, str]:
    """A name and an address."""
    return found.get("Name", ""), found.get("Email", "")


@pytest.fixture
def way_out() -> Iterator[MailjetWayOut]:
    server = double.Mailjet()
    with api.running(server) as url:
        yield MailjetWayOut(server, url)
    assert server.violations == []


class TestMailjetConforms(NetworkConformance):
    """Mailjet keeps every promise of the protocol."""


WHOLE_BATCH = [
    ("429:7", NotSent, 0),
    ("401", AccountFault, 0),
    ("401:mj-0001", AccountFault, 0),
    ("400:mj-0015", AccountFault, 0),
    ("403", AccountFault, 0),
    ("404", AccountFault, 0),
    ("405", AccountFault, 0),
    ("400", BatchRefused, 0),
    ("400:mj-0008", BatchRefused, 0),
    ("413", BatchRefused, 0),
    ("500", Unknown, 0),
    ("500:mj-0500", Unknown, 0),
    ("502", Unknown, 0),
    ("500-after", Unknown, 3),
    ("account", AccountFault, 0),
    ("close", Unknown, 3),
    ("reset", Unknown, 3),
    ("truncated", Unknown, 3),
    ("html", Unknown, 3),
    ("object", Unknown, 3),
    ("empty", Unknown, 3),
    ("endless", Unknown, 3),
]


@pytest.mark.parametrize(("behaviour", "meaning", "accepted"), WHOLE_BATCH)
def test_each_answer_to_a_batch_has_one_meaning(
    way_out: MailjetWayOut, behaviour: str, meaning: type[ProviderError], accepted: int
) -> None:
    way_out.server.follow(behaviour)
    with pytest.raises(meaning) as raised:
        send(way_out.provider())
    assert len(way_out.received()) == accepted
    assert raised.value.help or meaning in (Unknown, BatchRefused)


def test_its_wish_to_wait_is_heard(way_out: MailjetWayOut) -> None:
    way_out.server.follow("429:7")
    with pytest.raises(NotSent) as raised:
        send(way_out.provider())
    assert raised.value.retry_after == 7.0


def test_letters_that_left_count_although_the_call_was_answered_with_an_error(way_out: MailjetWayOut) -> None:
    way_out.server.follow("partial:1=mj-0013+2=send-0008+3=mj-0006")
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


@pytest.mark.parametrize("behaviour", ["no-id", "crossed", "vague", "broken"])
def test_a_result_that_is_not_clear_is_unknown(way_out: MailjetWayOut, behaviour: str) -> None:
    way_out.server.follow(behaviour)
    assert {outcome.verdict for outcome in send(way_out.provider())} == {Verdict.UNKNOWN}


def test_a_letter_without_a_result_is_unknown(way_out: MailjetWayOut) -> None:
    way_out.server.follow("short")
    assert [outcome.verdict for outcome in send(way_out.provider())] == [Verdict.ACCEPTED] * 2 + [
        Verdict.UNKNOWN
    ]


def test_more_results_than_letters_are_not_believed() -> None:
    with pytest.raises(Unknown):
        mailjet.results([{}, {}], ["d1"])


def test_one_dead_address_among_fifty_costs_one_call(way_out: MailjetWayOut) -> None:
    letters = [letter(n) for n in range(50)]
    letters[31] = to("dead@customers.example", 31)
    sent = isolate(way_out.provider(), letters)
    assert (sent.calls, sent.outcomes[31].verdict, sent.outcomes[31].suppress) == (1, Verdict.REFUSED, True)
    assert len({each.reference for each in way_out.received()}) == len(way_out.received()) == 49


def test_too_many_or_too_large_is_refused_before_anything_leaves(way_out: MailjetWayOut) -> None:
    provider = way_out.provider()
    with pytest.raises(BatchRefused, match="50 letters"):
        send(provider, 51)
    with pytest.raises(BatchRefused, match="bytes in a call"):
        run(deliver(provider, batch_of(provider, [letter(n, html="x" * 9_000_000) for n in range(2)])))
    assert way_out.server.requests == 0


def test_braces_arrive_as_they_are(way_out: MailjetWayOut) -> None:
    provider = way_out.provider()
    changes = {"subject": "{{var:x}}", "html": "<p>{{var:x}} {% if x %}</p>", "text": "{{var:x}}"}
    run(deliver(provider, batch_of(provider, [letter(**changes)])))
    got = way_out.received()[0]
    assert {"subject": got.subject, "html": got.html, "text": got.text} == changes


def test_a_letter_of_text_alone_asks_for_no_tracking(way_out: MailjetWayOut) -> None:
    provider = way_out.provider()
    run(deliver(provider, batch_of(provider, [letter(html="")])))
    assert way_out.received()[0].html == ""


def test_headers_it_cannot_carry_are_refused_and_never_dropped(way_out: MailjetWayOut) -> None:
    wire = way_out.provider().wire
    for name in ("Sender", "User-Agent", "X-MJ-Vars", "X-Mailjet-Campaign", "X-Feedback-Id"):
        with pytest.raises(UnsupportedFeature, match=name):
            wire.encode(letter(headers=((name, "x"),)))
    for subject in ("x" * 256, "zq0002qzc0ffeeqz" * 20):
        with pytest.raises(LetterError):
            wire.encode(letter(subject=subject))
    with pytest.raises(LetterError, match="255"):
        wire.escape("Subject", "x" * 256)


def test_a_header_outside_ascii_becomes_encoded_words(way_out: MailjetWayOut) -> None:
    provider = way_out.provider()
    run(deliver(provider, batch_of(provider, [letter(headers=(("X-Note", "Grüße"),))])))
    assert str(make_header(decode_header(way_out.received()[0].headers["x-note"]))) == "Grüße"


def test_without_a_webhook_a_letter_one_can_leave_is_refused() -> None:
    deaf = make_provider("mail", {"type": "mailjet", "token": "t", "secret": "s"}, workspace=Path())
    with pytest.raises(UnsupportedFeature, match="webhook_key"):
        deaf.wire.encode(letter())
    assert "list-unsubscribe" in deaf.limits.refused_headers
    assert deaf.wire.encode(letter(headers=HEADERS[2:]))


def looked_up(way_out: MailjetWayOut, *references: str) -> dict[str, str]:
    """What a search for these references finds."""
    provider = way_out.provider()
    assert isinstance(provider, LooksUp)

    async def ask() -> dict[str, str]:
        try:
            return dict(await provider.look_up([Sought(each, "a@b.example", NOW) for each in references]))
        finally:
            await provider.close()  # type: ignore[attr-defined]

    return run(ask())


def test_a_lost_letter_is_found_by_its_own_id(way_out: MailjetWayOut) -> None:
    way_out.server.follow("reset")
    provider = way_out.provider()
    with pytest.raises(Unknown):
        run(deliver(provider, batch_of(provider, [letter(1), letter(2)])))
    found = looked_up(way_out, "delivery-1", "delivery-2", "delivery-3")
    assert found == {record["message"]["CustomID"]: record["id"] for record in way_out.server.accepted}


@pytest.mark.parametrize("status", ["500", "429", "401"])
def test_a_search_that_failed_says_so(way_out: MailjetWayOut, status: str) -> None:
    way_out.server.follow(status)
    with pytest.raises(ProviderError):
        looked_up(way_out, "delivery-1")


@pytest.mark.parametrize("body", [b"{}", b"x", b'{"Data": 5}'])
def test_a_search_without_a_list_is_no_search(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = make_provider("mail", {"type": "mailjet", "token": "t", "secret": "s"}, workspace=Path())
    assert isinstance(provider, mailjet.Mailjet)

    async def get(path: str) -> Answer:
        assert path == "/v3/REST/message?CustomID=a%26b&ShowCustomID=true&Limit=10"
        return Answer(200, {}, body)

    monkeypatch.setattr(provider.lane, "get", get)
    with pytest.raises(NotSent):
        run(provider.look_up([Sought("a&b", "a@b.example", NOW)]))


def recorded() -> list[Path]:
    """The answers recorded by django-anymail, where they are."""
    return (
        sorted((CORPUS / "providers/mailjet/responses/anymail").glob("*.json")) if CORPUS is not None else []
    )


@pytest.mark.corpus
@pytest.mark.parametrize("path", recorded(), ids=lambda path: path.stem)
def test_every_recorded_answer_becomes_a_meaning(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = json.loads(path.read_text())
    content = {"status_code": 200, "json_data": content} if "Messages" in content else content
    raw = content.get("raw", content.get("json_data", ""))
    if isinstance(raw, str) and raw.startswith("<"):
        pytest.skip("the recording holds a Python expression, not an answer")
    body = raw.encode() if isinstance(raw, str) else json.dumps(raw).encode()
    provider = make_provider("mail", {"type": "mailjet", "token": "t", "secret": "s"}, workspace=Path())
    assert isinstance(provider, mailjet.Mailjet)

    async def post(path: str, body_: bytes) -> Answer:
        return Answer(content.get("status_code", 200), {}, body)

    monkeypatch.setattr(provider.lane, "post", post)
    letters = [letter(n, headers=()) for n in range(2 if "mixed" in path.stem else 1)]
    try:
        told = [each.verdict for each in run(provider.send(batch_of(provider, letters)))]
    except ProviderError as error:
        told = [type(error).__name__]
    expected = {
        "mixed_status": [Verdict.ACCEPTED, Verdict.REFUSED],
        "DEFAULT_RAW": [Verdict.ACCEPTED],
        "non_json": ["NotSent"],
    }
    assert told == next((value for word, value in expected.items() if word in path.stem), ["Unknown"])


def test_a_missing_secret_is_named() -> None:
    with pytest.raises(UsageError, match="secret"):
        make_provider("mail", {"type": "mailjet", "token": "t"}, workspace=Path())


def test_it_says_what_it_promises(way_out: MailjetWayOut) -> None:
    provider: Provider = way_out.provider()
    assert provider.limits.idempotency is None
    assert provider.limits.lookup is not None
    assert {"list-id", "list-unsubscribe", "message-id"} <= provider.limits.replaced_headers
