"""Mailgun: the suite over real HTTP, whole and merged, what each answer means, and looking letters up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import parseaddr
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
from engine.model.letter import Mailbox, Outcome, Verdict
from engine.network.lane import Answer
from engine.providers.base import Provider, Sought
from engine.providers.form_wire import CLOSING, CONTENT_TYPE, fields
from engine.providers.mailgun import Mailgun, assembled, refusal
from engine.providers.registry import make_provider
from tests.corpus import CORPUS, corpus_path
from tests.doubles import api
from tests.doubles import mailgun as double
from tests.providers.api_way_out import ApiWayOut, send
from tests.providers.conformance import deliver, run
from tests.providers.letters import Received, filled_batch, letter, marked, reader, unix
from tests.providers.merging import MergingConformance

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class MailgunWayOut(ApiWayOut):
    """Mailgun's stand-in on loopback."""

    type_name = "mailgun"
    server: double.Mailgun

    def options(self) -> dict[str, object]:
        return {"token": self.server.token, "domain": double.DOMAIN}

    def received(self) -> list[Received]:
        return [read(record["message"]) for record in self.server.accepted]


def read(message: dict) -> Received:
    """A message of the API as the reader would get it."""
    headers = {
        name.lower(): str(make_header(decode_header(value))) for name, value in message["headers"].items()
    }
    return Received(
        sender=pair(message["from"]),
        reply_to=pair(message["headers"].get("Reply-To", "")),
        to=pair(message["to"]),
        subject=message["subject"],
        html=unix(message.get("html", "")),
        text=unix(message.get("text", "")),
        headers=headers,
        reference=message["reference"],
    )


def pair(mailbox: str) -> tuple[str, str]:
    """A mailbox as a name and an address."""
    name, address = parseaddr(mailbox)
    return str(make_header(decode_header(name))), address


@pytest.fixture
def way_out() -> Iterator[MailgunWayOut]:
    server = double.Mailgun()
    with api.running(server) as url:
        yield MailgunWayOut(server, url)
    assert server.violations == []


class TestMailgunConforms(MergingConformance):
    """Mailgun keeps every promise of the protocol, whole and merged."""


def made(**options: object) -> Mailgun:
    """A provider that is not connected."""
    entry = {"type": "mailgun", "token": "t", "domain": double.DOMAIN, **options}
    provider = make_provider("mail", entry, workspace=Path())
    assert isinstance(provider, Mailgun)
    return provider


@pytest.mark.corpus
def test_its_calls_satisfy_the_providers_own_specification() -> None:
    server = double.Mailgun(specification=corpus_path("providers/mailgun/mailgun.openapi.yaml"))
    with api.running(server) as url:
        provider = MailgunWayOut(server, url).provider()
        assert [outcome.verdict for outcome in send(provider)] == [Verdict.ACCEPTED] * 3
        assert [outcome.verdict for outcome in merged(provider)] == [Verdict.ACCEPTED] * 3
        body = fields([("to", b"x@y.example"), ("o:tracking", b"perhaps")]) + CLOSING
        headers = {"content-type": CONTENT_TYPE, "authorization": "Basic YXBpOng="}
        broken = api.Request("POST", f"/v3/{double.DOMAIN}/messages", {}, headers, body)
        assert server.against_specification(broken)
    assert server.violations == []


def merged(provider: Provider, count: int = 3) -> list[Outcome]:
    """Send a merged batch of that many."""
    assert provider.merge_wire is not None
    readers = [reader(n) for n in range(count)]
    return run(deliver(provider, filled_batch(provider.merge_wire, marked(), readers)))[0]


WHOLE_BATCH = [
    ("429", NotSent, 0),
    ("403:Domain x is not allowed to send: limit exceeded, try again after 60 seconds", NotSent, 0),
    ("401", AccountFault, 0),
    ("402", AccountFault, 0),
    ("403", AccountFault, 0),
    ("403:not allowed to send large batches yet", AccountFault, 0),
    ("400:Domain x is not allowed to send: The domain is unverified", AccountFault, 0),
    ("400:from parameter is not a valid address", AccountFault, 0),
    ("404:Domain not found: x", AccountFault, 0),
    ("magnificent", AccountFault, 0),
    ("400:Send options are limited to 16KB total", BatchRefused, 0),
    ("413", BatchRefused, 0),
    ("500", Unknown, 0),
    ("503", Unknown, 0),
    ("500-after", Unknown, 3),
    ("close", Unknown, 3),
    ("reset", Unknown, 3),
    ("truncated", Unknown, 3),
    ("html", Unknown, 3),
    ("object", Unknown, 3),
    ("empty", Unknown, 3),
    ("endless", Unknown, 3),
    ("no-id", Unknown, 3),
    ("strange", Unknown, 3),
]


@pytest.mark.parametrize(("behaviour", "meaning", "accepted"), WHOLE_BATCH)
def test_each_answer_to_a_merged_batch_has_one_meaning(
    way_out: MailgunWayOut, behaviour: str, meaning: type[ProviderError], accepted: int
) -> None:
    way_out.server.follow(behaviour)
    with pytest.raises(meaning) as raised:
        merged(way_out.provider())
    assert meaning is Unknown or raised.value.help or meaning is BatchRefused
    assert len(way_out.received()) == accepted


def test_whole_letters_have_each_their_own_answer(way_out: MailgunWayOut) -> None:
    provider = way_out.provider()
    assert isinstance(provider, Mailgun)
    provider.singles.lanes[1:] = []
    way_out.server.follow("ok", "400:too long", "400:to parameter is not a valid address", "ok", "429")
    outcomes = send(provider, 6)
    assert [(outcome.verdict, outcome.suppress) for outcome in outcomes] == [
        (Verdict.ACCEPTED, False),
        (Verdict.REFUSED, False),
        (Verdict.REFUSED, True),
        (Verdict.ACCEPTED, False),
        (Verdict.RETRY, False),
        (Verdict.RETRY, False),
    ]
    assert [outcome.provider_id for outcome in outcomes][:1] == ["delivery-0@news.acme.example"]


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("account-requests-per-sec limit exceeded, try again after 120 seconds", 120.0),
        ("recipient limit exceeded, try again after Mon, 23 Nov 2026 10:02:00 GMT", 120.0),
        ("limit exceeded, try again after 999999 seconds", 3600.0),
        ("limit exceeded, try again after a while", None),
        ("too many requests", None),
    ],
)
def test_its_wish_to_wait_is_in_its_words(
    words: str, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHBASE_NOW", NOW.isoformat())
    error = refusal(Answer(429, {}, json.dumps({"message": words}).encode()))
    assert isinstance(error, NotSent)
    assert error.retry_after == seconds


def test_two_people_with_one_address_are_never_merged_into_one(way_out: MailgunWayOut) -> None:
    provider = way_out.provider()
    assert provider.merge_wire is not None
    readers = [reader(1), reader(2, to=Mailbox("", "READER1@customers.example"))]
    with pytest.raises(BatchRefused, match="same"):
        run(deliver(provider, filled_batch(provider.merge_wire, marked(), readers)))
    assert way_out.received() == []


@pytest.mark.parametrize("name", ["Subject", "reply-to", "DKIM-Signature", "Content-Type", "Received", "Cc"])
def test_a_header_it_sets_itself_is_refused_not_dropped(name: str) -> None:
    provider = made()
    with pytest.raises(UnsupportedFeature, match=name):
        provider.wire.encode(letter(headers=((name, "x"),)))
    assert name.lower() in provider.limits.refused_headers


@pytest.mark.parametrize(
    "changes",
    [
        {"html": "<p>%recipient.name%</p>"},
        {"text": "%recipient%"},
        {"subject": "%recipient.x%"},
        {"headers": (("X-Note", "%recipient.x%"),)},
    ],
)
def test_a_letter_with_mailguns_own_variables_in_it_is_not_merged(changes: dict) -> None:
    provider = made()
    assert provider.merge_wire is not None
    with pytest.raises(UnsupportedFeature, match="%recipient"):
        provider.merge_wire.frame(marked(**changes))
    assert provider.wire.encode(marked(**changes))


@pytest.mark.parametrize(
    "variable", ["%unsubscribe_url%", "%tag_unsubscribe_url%", "%mailing_list_unsubscribe_url%"]
)
def test_a_variable_that_mailgun_replaces_everywhere_is_refused(variable: str) -> None:
    provider = made()
    assert provider.merge_wire is not None
    with pytest.raises(UnsupportedFeature):
        provider.wire.encode(letter(html=f"<a href='{variable}'>out</a>"))
    with pytest.raises(UnsupportedFeature):
        provider.merge_wire.escape("html", variable)


def test_a_letter_without_a_subject_is_refused_beforehand() -> None:
    with pytest.raises(LetterError, match="subject"):
        made().wire.encode(letter(subject=""))


def test_a_value_cannot_end_its_field(way_out: MailgunWayOut) -> None:
    provider = way_out.provider()
    assert isinstance(provider, Mailgun)
    evil = '\r\n--x\r\nContent-Disposition: form-data; name="bcc"\r\n\r\nevil@x.example\r\n--x--\r\n'
    for wire in (provider.wire, provider.merge_wire):
        assert wire is not None
        run(deliver(provider, filled_batch(wire, marked(), [reader(1, html=evil, text=evil)])))
    assert [each.html.count("evil@x.example") for each in way_out.received()] == [2, 2]


@pytest.mark.parametrize("domain", ["a/b", "a%2fb", ""])
def test_a_domain_that_would_lead_elsewhere_is_refused(domain: str) -> None:
    with pytest.raises(UsageError, match="domain"):
        made(domain=domain)


def test_a_call_names_everybody_once_and_their_values_once() -> None:
    provider = made()
    assert provider.merge_wire is not None
    batch = filled_batch(provider.merge_wire, marked(), [reader(1), reader(2)])
    body = assembled(batch)
    assert body.count(b'name="to"') == 2
    assert body.count(b'name="recipient-variables"') == 1
    assert b"\x00" not in body


def seek(provider: Provider, *numbers: int) -> dict[str, str]:
    """Look letters up by our id."""
    assert isinstance(provider, Mailgun)

    async def ask() -> dict[str, str]:
        try:
            sought = [Sought(f"delivery-{n}", f"Reader{n}@customers.example", NOW) for n in numbers]
            return dict(await provider.look_up(sought))
        finally:
            await provider.close()

    return run(ask())


def test_letters_are_found_by_our_own_id(way_out: MailgunWayOut) -> None:
    provider = way_out.provider()
    merged(provider, 3)
    assert seek(provider, 0, 2, 7) == {
        "delivery-0": "delivery-0@news.acme.example",
        "delivery-2": "delivery-2@news.acme.example",
    }
    assert way_out.server.asked[0].query["begin"] == [str(int(NOW.timestamp()) - 300)]
    way_out.server.accepted[0]["message"]["reference"] = "another-letter"
    assert seek(provider, 0) == {}
    way_out.server.searchable = False
    assert seek(provider, 2) == {}


def test_a_search_that_fails_concludes_nothing(way_out: MailgunWayOut) -> None:
    provider = way_out.provider()
    merged(provider, 1)
    way_out.server.token = "another"
    with pytest.raises(AccountFault):
        seek(provider, 0)


def recorded() -> list[Path]:
    """The answers recorded by django-anymail, where they are."""
    return sorted((CORPUS / "providers/mailgun/responses/anymail").glob("*.json")) if CORPUS else []


RECORDED = {
    "test_magnificent_api": AccountFault,
    "test_unknown_sender_domain": AccountFault,
    "test_send_attaches_anymail_status": None,
    "DEFAULT_RAW_RESPONSE": None,
    "test_send_unparsable_response": Unknown,
    "test_send_failed_anymail_status": Unknown,
    "test_api_failure": BatchRefused,
    "test_api_failure_fail_silently": BatchRefused,
    "test_fail_silently": BatchRefused,
    "test_invalid_email": BatchRefused,
}


@pytest.mark.corpus
@pytest.mark.parametrize("path", recorded(), ids=lambda path: path.stem)
def test_every_recorded_answer_becomes_a_meaning(path: Path) -> None:
    recording = json.loads(path.read_text())
    plain = not {"status_code", "raw", "json_data"} & recording.keys()
    raw = recording if plain else recording.get("raw", recording.get("json_data", ""))
    body = raw.encode() if isinstance(raw, str) else json.dumps(raw).encode()
    status = recording.get("status_code", 200)
    outcome = run(answered(Answer(status, {}, body)))
    name = path.stem.split(".")[1]
    if name.startswith("test_api_error_includes_details"):
        assert status == 200 or outcome in (BatchRefused, Unknown)
    elif status != 200 and name in (
        "test_api_failure",
        "test_api_failure_fail_silently",
        "test_send_failed_anymail_status",
    ):
        assert outcome is (Unknown if status >= 500 else BatchRefused)
    else:
        assert outcome is RECORDED[name]


async def answered(answer: Answer) -> type[ProviderError] | None:
    """The error that an answer means; None for a letter that was taken."""

    class Answering:
        async def post(self, path: str, body: bytes) -> Answer:
            return answer

    try:
        await made().call(Answering(), b"")  # type: ignore[arg-type]
    except ProviderError as error:
        return type(error)
    return None
