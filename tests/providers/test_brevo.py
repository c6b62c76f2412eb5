"""Brevo: the suite over real HTTP, what each answer means, calls that are repeated, its template language."""

from __future__ import annotations

import json
from collections.abc import Iterator
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
)
from engine.model.letter import Mailbox, Verdict
from engine.network.lane import Answer
from engine.providers import brevo
from engine.providers.base import Provider
from engine.providers.registry import make_provider
from tests.corpus import CORPUS, corpus_path
from tests.doubles import api
from tests.doubles import brevo as double
from tests.providers.api_way_out import ApiWayOut, isolate, send
from tests.providers.conformance import NetworkConformance, deliver, run
from tests.providers.letters import HEADERS, Received, batch_of, letter, to, unix

KEY = "a-webhook-key"


class BrevoWayOut(ApiWayOut):
    """Brevo's stand-in on loopback."""

    type_name = "brevo"

    def __init__(self, server: double.Brevo, url: str) -> None:
        super().__init__(server, f"{url}/v3")

    def options(self) -> dict[str, object]:
        return {"token": self.server.token, "webhook_key": KEY}

    def received(self) -> list[Received]:
        return [read(record["message"]) for record in self.server.accepted]


def read(version: dict) -> Received:
    """A version as the reader would get it."""
    headers = {name.lower(): value for name, value in version["headers"].items()}
    return Received(
        sender=person(version["sender"]),
        reply_to=person(version.get("replyTo", {})),
        to=person(version["to"][0]),
        subject=version["subject"],
        html=unix(version["htmlContent"]),
        text=unix(version.get("textContent", "")),
        headers=headers,
        reference=headers["x-mailin-custom"],
    )


def person(found: dict) -> tuple[str, str]:
    """A name, its encoded words read, and an address."""
    return str(make_header(decode_header(found.get("name", "")))), found.get("email", "")


@pytest.fixture
def way_out() -> Iterator[BrevoWayOut]:
    server = double.Brevo()
    with api.running(server) as url:
        yield BrevoWayOut(server, url)
    assert server.violations == []


class TestBrevoConforms(NetworkConformance):
    """Brevo keeps every promise of the protocol."""

    def test_a_key_that_was_seen_is_not_sent_again_where_that_is_promised(self, way_out: BrevoWayOut) -> None:  # type: ignore[override]
        """As the suite has it, but that Brevo does not give the ids a second time."""
        provider = way_out.provider()
        batch = batch_of(provider, [letter(1), letter(2)])
        first, second = run(deliver(provider, batch, batch))
        assert [each.verdict for each in first + second] == [Verdict.ACCEPTED] * 4
        assert len(way_out.received()) == 2


@pytest.mark.corpus
def test_its_calls_satisfy_the_providers_own_specification() -> None:
    path = corpus_path("providers", "brevo", "brevo.openapi.normalised.json")
    server = double.Brevo(specification=path)
    with api.running(server) as url:
        outcomes = send(BrevoWayOut(server, url).provider())
    assert server.violations == []
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 3


WHOLE_BATCH = [
    ("429:7", NotSent, 0),
    ("429", NotSent, 0),
    ("401", AccountFault, 0),
    ("402", AccountFault, 0),
    ("403", AccountFault, 0),
    ("400:account_under_validation", AccountFault, 0),
    ("400:invalid_parameter:valid_sender_email_required", AccountFault, 0),
    ("404", AccountFault, 0),
    ("405", AccountFault, 0),
    ("406", AccountFault, 0),
    ("400:missing_parameter", BatchRefused, 0),
    ("400:invalid_parameter:subject_is_empty", BatchRefused, 0),
    ("422", BatchRefused, 0),
    ("413", BatchRefused, 0),
    ("500", Unknown, 0),
    ("502", Unknown, 0),
    ("500-after", Unknown, 3),
    ("close", Unknown, 3),
    ("reset", Unknown, 3),
    ("truncated", Unknown, 3),
    ("html", Unknown, 3),
    ("object", Unknown, 3),
    ("empty", Unknown, 3),
    ("endless", Unknown, 3),
    ("short", Unknown, 3),
    ("single", Unknown, 3),
]


@pytest.mark.parametrize(("behaviour", "meaning", "accepted"), WHOLE_BATCH)
def test_each_answer_to_a_batch_has_one_meaning(
    way_out: BrevoWayOut, behaviour: str, meaning: type[ProviderError], accepted: int
) -> None:
    way_out.server.follow(behaviour)
    with pytest.raises(meaning) as raised:
        send(way_out.provider())
    assert len(way_out.received()) == accepted
    assert raised.value.help or meaning in (Unknown, BatchRefused)


def test_its_wish_to_wait_is_heard(way_out: BrevoWayOut) -> None:
    way_out.server.follow("429:7")
    with pytest.raises(NotSent) as raised:
        send(way_out.provider())
    assert raised.value.retry_after == 7.0


def test_one_letter_may_be_answered_with_one_id(way_out: BrevoWayOut) -> None:
    way_out.server.follow("single")
    (outcome,) = send(way_out.provider(), 1)
    assert outcome.verdict == Verdict.ACCEPTED
    assert outcome.provider_id == way_out.server.accepted[0]["id"]


@pytest.mark.parametrize("behaviour", ["reset", "truncated", "500-after", "silence", "object"])
def test_a_call_without_an_answer_is_repeated_without_a_second_letter(
    way_out: BrevoWayOut, behaviour: str
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


def test_other_letters_have_another_key(way_out: BrevoWayOut) -> None:
    provider = way_out.provider()
    whole = batch_of(provider, [letter(n) for n in range(4)])
    run(deliver(provider, whole.slice(0, 2), whole.slice(2, 4), whole.slice(0, 1)))
    assert len(way_out.received()) == 5
    assert len(way_out.server.keys) == 3  # type: ignore[attr-defined]


def test_one_poisoned_letter_among_many_is_found_and_the_rest_arrive_once(way_out: BrevoWayOut) -> None:
    letters = [letter(n) for n in range(50)]
    letters[31] = to("dead@customers.example", 31)
    outcomes = isolate(way_out.provider(), letters).outcomes
    assert [outcome.verdict for outcome in outcomes].count(Verdict.ACCEPTED) == 49
    assert (outcomes[31].verdict, outcomes[31].suppress) == (Verdict.REFUSED, True)
    assert len({each.reference for each in way_out.received()}) == len(way_out.received()) == 49


def test_too_many_or_too_large_is_refused_before_anything_leaves(way_out: BrevoWayOut) -> None:
    provider = way_out.provider()
    with pytest.raises(BatchRefused, match="1000 letters"):
        send(provider, 1001)
    with pytest.raises(BatchRefused, match="bytes in a call"):
        run(deliver(provider, batch_of(provider, [letter(n, html="x" * 9_000_000) for n in range(3)])))
    assert way_out.server.requests == 0


@pytest.mark.parametrize("place", ["subject", "html", "text"])
@pytest.mark.parametrize("mark", ["{{ params.x }}", "{% if x %}", "a {# note #} b", "{zq0003qzc0ffeeqz"])
def test_text_that_brevo_would_read_as_a_template_is_refused(
    way_out: BrevoWayOut, place: str, mark: str
) -> None:
    with pytest.raises((UnsupportedFeature, LetterError)):
        way_out.provider().wire.encode(letter(**{place: mark}))


def test_a_style_sheet_is_no_template(way_out: BrevoWayOut) -> None:
    html = "<style>@media screen{#main{color:red}}</style><p>{ }</p>"
    provider = way_out.provider()
    run(deliver(provider, batch_of(provider, [letter(html=html)])))
    assert way_out.received()[0].html == html


@pytest.mark.parametrize("value", ["{{ 7*7 }}", "{% now %}", "{# x #}", "#}", "ends with {"])
def test_a_personal_value_is_never_read_as_a_template(way_out: BrevoWayOut, value: str) -> None:
    wire = way_out.provider().wire
    assert b"{" not in wire.escape("html", value)
    for place in ("text", "Subject", "X-Note", "reference"):
        with pytest.raises(LetterError):
            wire.escape(place, value)
    with pytest.raises(LetterError):
        wire.escape("To", f"{value}{{ <anna@customers.example>")


def test_a_letter_without_html_is_refused(way_out: BrevoWayOut) -> None:
    with pytest.raises(UnsupportedFeature, match="HTML"):
        way_out.provider().wire.encode(letter(html=""))


def test_a_letter_without_text_stays_without(way_out: BrevoWayOut) -> None:
    provider = way_out.provider()
    run(deliver(provider, batch_of(provider, [letter(text="")])))
    assert way_out.received()[0].text == ""


def test_headers_it_cannot_carry_are_refused_and_never_dropped(way_out: BrevoWayOut) -> None:
    wire = way_out.provider().wire
    for name in ("Sender", "X-Mailin-custom", "idempotencyKey", "sender.ip"):
        with pytest.raises(UnsupportedFeature, match="itself"):
            wire.encode(letter(headers=((name, "x"),)))
    with pytest.raises(LetterError, match="plain ASCII"):
        wire.encode(letter(headers=(("List-ID", "Größe <monthly.acme.example>"),)))
    with pytest.raises(LetterError, match="70 characters"):
        wire.escape("To", f"{'a' * 71} <anna@customers.example>")
    with pytest.raises(UnsupportedFeature, match="Reply-To"):
        wire.encode(letter(reply_to=Mailbox("Zoë, B.Sc.", "zoe@acme.example")))


def test_without_a_webhook_a_letter_one_can_leave_is_refused() -> None:
    deaf: Provider = make_provider("mail", {"type": "brevo", "token": "t"}, workspace=Path())
    with pytest.raises(UnsupportedFeature, match="webhook_key"):
        deaf.wire.encode(letter())
    assert "list-unsubscribe" in deaf.limits.refused_headers
    assert deaf.wire.encode(letter(headers=HEADERS[2:]))


def recorded() -> list[Path]:
    """The answers recorded by django-anymail, where they are."""
    return sorted((CORPUS / "providers/brevo/responses/anymail").glob("*.json")) if CORPUS is not None else []


@pytest.mark.corpus
@pytest.mark.parametrize("path", recorded(), ids=lambda path: path.stem)
def test_every_recorded_answer_becomes_a_meaning(path: Path) -> None:
    content = json.loads(path.read_text())
    if "json_data" in content:
        pytest.skip("the recording holds a Python expression, not an answer")
    if "messageId" in content:
        assert brevo.results(json.dumps(content).encode(), 1)[0].verdict == Verdict.ACCEPTED
        return
    content = content if "status_code" in content else {"status_code": 400, "raw": content}
    body = json.dumps(content.get("raw", "")).encode()
    error = brevo.refusal(Answer(content["status_code"], {}, body), *brevo.error_of(body))
    says_sender = b"sender" in body
    expected = AccountFault if says_sender else BatchRefused if content["status_code"] == 400 else Unknown
    assert isinstance(error, expected)


def test_it_says_what_it_promises() -> None:
    provider: Provider = make_provider("mail", {"type": "brevo", "token": "t"}, workspace=Path())
    assert provider.limits.idempotency is not None
    assert (provider.limits.idempotency.lifetime, provider.limits.idempotency.longest_key) == (1800.0, 36)
