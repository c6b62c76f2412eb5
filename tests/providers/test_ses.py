"""Amazon SES: the suite over real HTTP, whole and merged, and what each of its answers means."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.headerregistry import HeaderRegistry
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
from engine.providers import ses
from engine.providers.base import Provider
from engine.providers.mailboxes import mailbox_value
from engine.providers.registry import make_provider
from tests.corpus import corpus_path
from tests.doubles import api
from tests.doubles import ses as double
from tests.providers.api_way_out import ApiWayOut, isolate, send
from tests.providers.conformance import deliver, run
from tests.providers.letters import (
    HEADERS,
    Received,
    batch_of,
    filled_batch,
    letter,
    marked,
    reader,
    to,
    unix,
)
from tests.providers.merging import MergingConformance

OPTIONS = {"region": double.REGION, "access_key": double.ACCESS_KEY, "secret_key": double.SECRET_KEY}


class SesWayOut(ApiWayOut):
    """SES's stand-in on loopback."""

    type_name = "ses"

    def options(self) -> dict[str, object]:
        return {**OPTIONS, "configuration_set": "letters"}

    def received(self) -> list[Received]:
        return [read(record["message"]) for record in self.server.accepted]


def read(call: dict) -> Received:
    """A call's letter as the reader would get it."""
    simple = call["Content"]["Simple"]
    headers = {header["Name"].lower(): header["Value"] for header in simple["Headers"]}
    reference = {tag["Name"]: tag["Value"] for tag in call["EmailTags"]}["reference"]
    assert headers["x-touchbase-reference"] == reference
    return Received(
        sender=mailbox(call["FromEmailAddress"]),
        reply_to=mailbox(call["ReplyToAddresses"][0]) if "ReplyToAddresses" in call else ("", ""),
        to=mailbox(call["Destination"]["ToAddresses"][0]),
        subject=simple["Subject"]["Data"],
        html=unix(simple["Body"].get("Html", {}).get("Data", "")),
        text=unix(simple["Body"].get("Text", {}).get("Data", "")),
        headers=headers,
        reference=reference,
    )


def mailbox(value: str) -> tuple[str, str]:
    """A name, its encoded words read, and an address."""
    (found,) = HeaderRegistry()("To", value).addresses
    return found.display_name, found.addr_spec


@pytest.fixture
def way_out() -> Iterator[SesWayOut]:
    server = double.Ses()
    with api.running(server) as url:
        yield SesWayOut(server, url)
    assert server.violations == []


class TestSesConforms(MergingConformance):
    """SES keeps every promise of the protocol, whole and merged."""


@pytest.mark.corpus
def test_its_calls_satisfy_the_service_model() -> None:
    model = corpus_path("providers", "ses", "botocore-sesv2-service-2.json")
    server = double.Ses(model=model)
    with api.running(server) as url:
        provider = SesWayOut(server, url).provider()
        outcomes = send(provider) + merged(provider)
    assert server.violations == []
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 6
    assert server.model is not None
    assert (server.model.operation(ses.ONE), server.model.operation(ses.MANY)) == (
        "SendEmail",
        "SendBulkEmail",
    )


def test_a_temporary_key_brings_its_session() -> None:
    server = double.Ses(session="a/session+token")
    with api.running(server) as url:
        way_out = SesWayOut(server, url)
        assert send(way_out.provider(session_token="a/session+token"), 1)[0].verdict == Verdict.ACCEPTED
        with pytest.raises(AccountFault):
            send(way_out.provider(), 1)


def test_a_wrong_clock_is_said_to_be_one(way_out: SesWayOut, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHBASE_NOW", "2020-01-01T00:00:00+00:00")
    with pytest.raises(AccountFault) as raised:
        send(way_out.provider(), 1)
    assert "clock" in raised.value.help


def merged(provider: Provider, count: int = 3) -> list[Outcome]:
    """Send that many people one letter."""
    assert provider.merge_wire is not None
    batch = filled_batch(provider.merge_wire, marked(), [reader(n) for n in range(count)])
    return run(deliver(provider, batch))[0]


MERGED = [
    ("429:7", NotSent, 0),
    ("400:AccountSuspendedException", AccountFault, 0),
    ("400:MessageRejected:Email_address_is_not_verified.", AccountFault, 0),
    ("400:BadRequestException", BatchRefused, 0),
    ("500", Unknown, 0),
    ("reset", Unknown, 3),
    ("truncated", Unknown, 3),
    ("object", Unknown, 3),
    ("html", Unknown, 3),
    ("all:ACCOUNT_SUSPENDED", AccountFault, 0),
    ("all:ACCOUNT_DAILY_QUOTA_EXCEEDED", AccountFault, 0),
    ("all:ACCOUNT_SENDING_PAUSED", AccountFault, 0),
    ("all:CONFIGURATION_SET_NOT_FOUND", AccountFault, 0),
    ("all:MAIL_FROM_DOMAIN_NOT_VERIFIED", AccountFault, 0),
    ("all:ACCOUNT_THROTTLED", NotSent, 0),
]


@pytest.mark.parametrize(("behaviour", "meaning", "accepted"), MERGED)
def test_each_answer_to_a_merged_call_has_one_meaning(
    way_out: SesWayOut, behaviour: str, meaning: type[ProviderError], accepted: int
) -> None:
    way_out.server.follow(behaviour)
    with pytest.raises(meaning):
        merged(way_out.provider())
    assert len(way_out.received()) == accepted


def test_each_person_of_a_merged_call_has_their_own_fate(way_out: SesWayOut) -> None:
    statuses = [
        "MESSAGE_REJECTED",
        "ACCOUNT_THROTTLED",
        "TRANSIENT_FAILURE",
        "FAILED",
        "INVALID_PARAMETER",
        "NEW_ONE",
    ]
    way_out.server.follow("each:" + "+".join(f"{n}={status}" for n, status in enumerate(statuses, 1)))
    outcomes = merged(way_out.provider(), 8)
    assert [outcome.verdict for outcome in outcomes] == [
        Verdict.ACCEPTED, Verdict.REFUSED, Verdict.RETRY, Verdict.RETRY, Verdict.RETRY, Verdict.REFUSED, Verdict.UNKNOWN,
        Verdict.ACCEPTED,
    ]  # fmt: skip
    assert not any(outcome.suppress for outcome in outcomes)


@pytest.mark.parametrize(("behaviour", "unknown"), [("short", 1), ("no-id", 3)])
def test_people_without_a_result_or_an_id_are_unknown(
    way_out: SesWayOut, behaviour: str, unknown: int
) -> None:
    way_out.server.follow(behaviour)
    verdicts = [outcome.verdict for outcome in merged(way_out.provider())]
    assert verdicts == [Verdict.ACCEPTED] * (3 - unknown) + [Verdict.UNKNOWN] * unknown


@pytest.mark.parametrize(
    "changes",
    [
        {"html": "<p>{{name}}</p>"},
        {"text": "{{#if x}}"},
        {"html": "<p>{zq0003qzc0ffeeqz</p>"},
        {"html": "<p>zq0003qzc0ffeeqz}</p>"},
        {"text": "C:\\zq0004qzc0ffeeqz"},
        {"html": "x" * 800_000},
    ],
)
def test_a_letter_that_a_template_would_change_is_not_merged(way_out: SesWayOut, changes: dict) -> None:
    wire = way_out.provider().merge_wire
    assert wire is not None
    with pytest.raises(UnsupportedFeature):
        wire.frame(marked(**changes))


def test_a_value_that_looks_like_a_tag_sends_its_letter_whole(way_out: SesWayOut) -> None:
    provider = way_out.provider()
    assert provider.merge_wire is not None
    for place in ("html", "text", "Subject"):
        with pytest.raises(UnsupportedFeature):
            provider.merge_wire.escape(place, "{{t0004}}")
        assert provider.wire.escape(place, "{{t0004}}") == b"{{t0004}}"


def test_a_merged_call_is_never_larger_than_amazon_takes(way_out: SesWayOut) -> None:
    provider = way_out.provider()
    assert provider.merge_wire is not None
    readers = [reader(n, html="&amp;" * 8_000) for n in range(50)]
    batch = filled_batch(provider.merge_wire, marked(), readers)
    with pytest.raises(BatchRefused, match="bytes in a merged call"):
        run(deliver(provider, batch))
    assert way_out.server.requests == 0


ONE_LETTER = [
    ("429:7", NotSent),
    ("429", NotSent),
    ("400:ThrottlingException:Maximum_sending_rate_exceeded.", NotSent),
    ("400:ThrottlingException:Daily_message_quota_exceeded.", AccountFault),
    ("429:TooManyRequestsException:Daily_message_quota_exceeded.", AccountFault),
    ("400:AccountSuspendedException", AccountFault),
    ("400:SendingPausedException", AccountFault),
    ("400:MailFromDomainNotVerifiedException", AccountFault),
    ("400:LimitExceededException", AccountFault),
    ("404:NotFoundException:Configuration_set_<letters>_does_not_exist.", AccountFault),
    ("403:MessageRejected:Email_address_is_not_verified.", AccountFault),
    ("400:MessageRejected:Email_address_is_not_verified._The_following_identities_failed", AccountFault),
    ("403", AccountFault),
    ("403:ExpiredTokenException", AccountFault),
    ("400:ExpiredTokenException", AccountFault),
    ("403:UnrecognizedClientException", AccountFault),
    ("400:MessageRejected:Address_blacklisted", Verdict.REFUSED),
    ("400:BadRequestException", Verdict.REFUSED),
    ("413", Verdict.REFUSED),
    ("500", Verdict.UNKNOWN),
    ("503", Verdict.UNKNOWN),
    ("503:ThrottlingException:Maximum_sending_rate_exceeded.", Verdict.UNKNOWN),
    ("500-after", Verdict.UNKNOWN),
    ("close", Verdict.UNKNOWN),
    ("reset", Verdict.UNKNOWN),
    ("truncated", Verdict.UNKNOWN),
    ("html", Verdict.UNKNOWN),
    ("object", Verdict.UNKNOWN),
    ("empty", Verdict.UNKNOWN),
]


@pytest.mark.parametrize(("behaviour", "meaning"), ONE_LETTER)
def test_each_answer_has_one_meaning(
    way_out: SesWayOut, behaviour: str, meaning: type[Exception] | str
) -> None:
    way_out.server.follow(behaviour)
    provider = way_out.provider()
    if isinstance(meaning, str):
        assert [(each.verdict, each.suppress) for each in send(provider, 1)] == [(meaning, False)]
        return
    with pytest.raises(meaning) as raised:
        send(provider, 1)
    assert getattr(raised.value, "help", "")
    assert way_out.received() == []


def test_its_wish_to_wait_is_heard(way_out: SesWayOut) -> None:
    way_out.server.follow("429:7")
    with pytest.raises(NotSent) as raised:
        send(way_out.provider(), 1)
    assert raised.value.retry_after == 7.0


@pytest.mark.parametrize(
    ("words", "suppress"),
    [
        ("Illegal address", True),
        ("Missing final '@domain'", True),
        ("Local address contains control or whitespace", True),
        ("Domain contains illegal character", True),
        ("Message length is more than 10485760 bytes long", False),
    ],
)
def test_an_address_that_cannot_be_written_to_is_told_from_other_faults(words: str, suppress: bool) -> None:
    assert ses.about_address(words) is suppress


def test_trouble_with_one_letter_leaves_the_others(way_out: SesWayOut) -> None:
    letters = [letter(1), to("dead@customers.example", 2), *(letter(n) for n in range(3, 9))]
    outcomes = isolate(way_out.provider(), letters).outcomes
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED, Verdict.REFUSED] + [
        Verdict.ACCEPTED
    ] * 6
    assert outcomes[1].suppress
    assert len(way_out.received()) == 7


def test_too_many_or_too_large_is_refused_before_anything_leaves(way_out: SesWayOut) -> None:
    provider = way_out.provider()
    with pytest.raises(BatchRefused):
        send(provider, provider.limits.messages + 1)
    (outcome,) = run(deliver(provider, batch_of(provider, [letter(html="x" * 42_000_000)])))[0]
    assert outcome.verdict == Verdict.REFUSED
    assert way_out.server.requests == 0


def test_headers_it_cannot_carry_are_refused_and_never_dropped(way_out: SesWayOut) -> None:
    wire = way_out.provider().wire
    with pytest.raises(UnsupportedFeature, match="Sender"):
        wire.encode(letter(headers=(("Sender", "x@y.example"),)))
    with pytest.raises(UnsupportedFeature, match="15 headers"):
        wire.encode(letter(headers=tuple((f"X-{n}", "x") for n in range(15))))
    with pytest.raises(LetterError, match="995"):
        wire.encode(letter(headers=(("X-Long", "x" * 996),)))
    with pytest.raises(LetterError, match="320"):
        wire.escape("To", f"{'é' * 200} <anna@customers.example>")
    with pytest.raises(LetterError):
        wire.escape("reference", "no/tag")


def test_a_list_id_outside_ascii_becomes_encoded_words(way_out: SesWayOut) -> None:
    headers = (("List-ID", "Größe und Maß <monthly.news.acme.example>"), *HEADERS[:2])
    provider = way_out.provider()
    run(deliver(provider, batch_of(provider, [letter(headers=headers)])))
    from email.header import decode_header, make_header

    written = way_out.received()[0].headers["list-id"]
    assert written.isascii()
    assert str(make_header(decode_header(written))) == "Größe und Maß <monthly.news.acme.example>"


def test_a_name_outside_ascii_is_encoded_not_sent_raw(way_out: SesWayOut) -> None:
    written = way_out.provider().wire.escape("From", mailbox_value(Mailbox("Zoë", "zoe@acme.example")))
    assert written.isascii()
    assert mailbox(json.loads(b'"%b"' % written)) == ("Zoë", "zoe@acme.example")


@pytest.mark.corpus
def test_the_recorded_refusal_blames_the_account() -> None:
    path = corpus_path(
        "providers", "ses", "responses", "anymail",
        "AmazonSESBackendStandardEmailTests.test_api_failure.error_response.json",
    )  # fmt: skip
    recorded = json.loads(path.read_text())
    metadata, error = recorded["ResponseMetadata"], recorded["Error"]
    body = json.dumps({"message": error["Message"]}).encode()
    answer = Answer(metadata["HTTPStatusCode"], metadata["HTTPHeaders"], body)
    assert isinstance(ses.refusal(answer), AccountFault)
    assert ses.taken(b'{"wrong": "format"}').verdict == Verdict.UNKNOWN


@pytest.mark.parametrize("missing", ["region", "access_key", "secret_key"])
def test_a_missing_option_is_named(missing: str) -> None:
    with pytest.raises(UsageError, match=missing):
        make_provider(
            "mail", {"type": "ses", **{k: v for k, v in OPTIONS.items() if k != missing}}, workspace=Path()
        )


def test_it_says_what_it_promises() -> None:
    provider: Provider = make_provider("mail", {"type": "ses", **OPTIONS}, workspace=Path())
    assert (provider.limits.idempotency, provider.limits.lookup) == (None, None)
    assert getattr(provider, "url") == "https://email.eu-west-1.amazonaws.com"  # noqa: B009
