"""MailerSend: the suite over real HTTP, bulk calls that are asked after, single letters, and recorded exchanges."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.errors import (
    AccountFault,
    BatchRefused,
    LetterError,
    NotSent,
    ProviderError,
    Unknown,
    UnsupportedFeature,
)
from engine.model.letter import Mailbox, Outcome, Verdict
from engine.network.lane import Answer
from engine.providers.base import Provider
from engine.providers.mailersend import Checking, Mailersend, address_of, refusal, taken
from engine.providers.registry import make_provider
from tests.corpus import CORPUS, corpus_path
from tests.doubles import api
from tests.doubles import mailersend as double
from tests.providers.api_way_out import ApiWayOut, isolate, send
from tests.providers.conformance import NetworkConformance, deliver, run
from tests.providers.letters import UNSUBSCRIBE, Received, batch_of, letter, to, unix

QUICK = Checking(first=0.01, whole=0.3)


class MailersendWayOut(ApiWayOut):
    """MailerSend's stand-in on loopback."""

    type_name = "mailersend"
    server: double.Mailersend

    def make(self, url: str, allow_private_networks: bool, **options: object) -> Provider:
        provider = super().make(url, allow_private_networks, **options)
        assert isinstance(provider, Mailersend)
        provider.checking = QUICK
        return provider

    def received(self) -> list[Received]:
        return [read(record["message"]) for record in self.server.accepted]

    def written_name(self, name: str) -> str:
        """A recipient's name as it is sent: without commas and semicolons."""
        return " ".join(name.replace(",", " ").replace(";", " ").split())


def read(message: dict) -> Received:
    """A message of the API as the reader would get it."""
    (reference,) = [tag for tag in message["tags"] if tag.startswith("reference:")]
    return Received(
        sender=pair(message["from"]),
        reply_to=pair(message.get("reply_to", {})),
        to=pair(message["to"][0]),
        subject=message["subject"],
        html=unix(message.get("html", "")),
        text=unix(message.get("text", "")),
        headers={header["name"].lower(): header["value"] for header in message.get("headers", [])},
        reference=reference.removeprefix("reference:"),
    )


def pair(mailbox: dict) -> tuple[str, str]:
    """A mailbox as a name and an address."""
    return mailbox.get("name", ""), mailbox.get("email", "")


@pytest.fixture
def way_out() -> Iterator[MailersendWayOut]:
    server = double.Mailersend()
    with api.running(server) as url:
        yield MailersendWayOut(server, url)
    assert server.violations == []


class TestMailersendConforms(NetworkConformance):
    """MailerSend keeps every promise of the protocol."""


WHOLE_BATCH = [
    ("429:3", NotSent, 0),
    ("421", NotSent, 0),
    ("429:daily quota #MS42901", AccountFault, 0),
    ("401", AccountFault, 0),
    ("403:token scope #MS40301", AccountFault, 0),
    ("404", AccountFault, 0),
    ("422:the domain is not verified #MS42207", AccountFault, 0),
    ("422:0.from.email=must be verified", AccountFault, 0),
    ("422:headers=not on this plan", AccountFault, 0),
    ("422:subject=too long", BatchRefused, 0),
    ("413", BatchRefused, 0),
    ("500", Unknown, 0),
    ("503", Unknown, 0),
    ("500-after", Unknown, 3),
    ("close", Unknown, 3),
    ("reset", Unknown, 3),
    ("truncated", Unknown, 3),
    ("html", Unknown, 3),
    ("object", Unknown, 3),
    ("endless", Unknown, 3),
    ("no-id", Unknown, 3),
]


@pytest.mark.parametrize(("behaviour", "meaning", "accepted"), WHOLE_BATCH)
def test_each_answer_to_a_bulk_call_has_one_meaning(
    way_out: MailersendWayOut, behaviour: str, meaning: type[ProviderError], accepted: int
) -> None:
    way_out.server.follow(behaviour)
    with pytest.raises(meaning):
        send(way_out.provider())
    assert len(way_out.received()) == accepted


def test_its_wish_to_wait_is_heard(way_out: MailersendWayOut) -> None:
    way_out.server.follow("429:3")
    with pytest.raises(NotSent) as raised:
        send(way_out.provider())
    assert raised.value.retry_after == 3.0


def test_letters_that_fail_the_later_check_are_refused_each_for_its_own_fault(
    way_out: MailersendWayOut,
) -> None:
    way_out.server.follow("partial:1=to.0.email+2=html+3=from.email")
    outcomes = send(way_out.provider(), 5)
    assert [(outcome.verdict, outcome.suppress) for outcome in outcomes] == [
        (Verdict.ACCEPTED, False),
        (Verdict.REFUSED, True),
        (Verdict.REFUSED, False),
        (Verdict.RETRY, False),
        (Verdict.ACCEPTED, False),
    ]
    assert [outcome.provider_id for outcome in outcomes if outcome.verdict == Verdict.ACCEPTED] == [
        record["id"] for record in way_out.server.accepted
    ]


def test_a_sender_who_fails_the_later_check_for_every_letter_stops_the_run(way_out: MailersendWayOut) -> None:
    way_out.server.follow("partial:0=from.email+1=from.email+2=from.email")
    with pytest.raises(AccountFault, match="every letter"):
        send(way_out.provider(), 3)
    assert way_out.received() == []


def test_suppressed_people_are_refused_whether_alone_or_among_others(way_out: MailersendWayOut) -> None:
    provider = way_out.provider()
    gone = to("gone@customers.example", 1)
    among, alone = run(
        deliver(provider, batch_of(provider, [letter(0), gone, letter(2)]), batch_of(provider, [gone]))
    )
    assert [outcome.verdict for outcome in among] == [Verdict.ACCEPTED, Verdict.REFUSED, Verdict.ACCEPTED]
    for outcome in (among[1], alone[0]):
        assert (outcome.verdict, outcome.suppress) == (Verdict.REFUSED, True)
    assert len(way_out.received()) == 2


@pytest.mark.parametrize("behaviour", ["never", "vague:1"])
def test_what_is_not_told_in_time_or_not_clearly_stays_unknown(
    way_out: MailersendWayOut, behaviour: str
) -> None:
    way_out.server.follow(behaviour)
    outcomes = send(way_out.provider())
    assert {outcome.verdict for outcome in outcomes} == {Verdict.UNKNOWN}
    (bulk,) = way_out.server.bulks
    assert [outcome.provider_id for outcome in outcomes] == [f"{bulk}/{place}" for place in range(3)]


def test_a_question_that_fails_is_asked_again_and_sends_nothing_again(way_out: MailersendWayOut) -> None:
    provider = way_out.provider()
    answers = iter([double.problem(500, "oops"), double.problem(429, "wait")])
    ask = way_out.server.question
    way_out.server.question = lambda request: next(answers, None) or ask(request)  # type: ignore[method-assign]
    assert [outcome.verdict for outcome in send(provider)] == [Verdict.ACCEPTED] * 3
    assert way_out.server.requests == 1


@pytest.mark.parametrize("count", [1, 3])
def test_letters_taken_while_sending_is_paused_are_taken_and_the_next_call_stops_the_run(
    way_out: MailersendWayOut, count: int
) -> None:
    provider = way_out.provider()
    way_out.server.follow("paused")
    assert [outcome.verdict for outcome in send(provider, count)] == [Verdict.ACCEPTED] * count
    with pytest.raises(AccountFault, match="paused"):
        send(provider, count)
    assert way_out.server.requests == 1
    assert [outcome.verdict for outcome in send(provider, count)] == [Verdict.ACCEPTED] * count


ONE_LETTER = [
    ("ok", Verdict.ACCEPTED, False),
    ("suppressed", Verdict.REFUSED, True),
    ("no-id", Verdict.UNKNOWN, False),
    ("422:to.0.email=must be an address", Verdict.REFUSED, True),
    ("422:subject=too long", Verdict.REFUSED, False),
]


@pytest.mark.parametrize(("behaviour", "verdict", "suppress"), ONE_LETTER)
def test_each_answer_to_one_letter_alone_has_one_meaning(
    way_out: MailersendWayOut, behaviour: str, verdict: str, suppress: bool
) -> None:
    way_out.server.follow(behaviour)
    (outcome,) = send(way_out.provider(), 1)
    assert (outcome.verdict, outcome.suppress) == (verdict, suppress)


@pytest.mark.parametrize("behaviour", ["422:from.email=must be verified #MS42207", "401", "429:#MS42901"])
def test_one_letter_alone_is_not_blamed_for_its_sender(way_out: MailersendWayOut, behaviour: str) -> None:
    way_out.server.follow(behaviour)
    with pytest.raises(AccountFault):
        send(way_out.provider(), 1)


def test_too_many_or_too_large_is_refused_before_anything_leaves(way_out: MailersendWayOut) -> None:
    with pytest.raises(BatchRefused, match="500"):
        send(way_out.provider(), 501)
    provider = way_out.provider()
    heavy = [letter(n, html="x" * 6_000_000) for n in range(9)]
    with pytest.raises(BatchRefused, match="bytes"):
        run(deliver(provider, batch_of(provider, heavy)))
    assert way_out.server.requests == 0


def test_a_letter_refused_with_its_batch_is_found_alone(way_out: MailersendWayOut) -> None:
    provider = way_out.provider()
    letters = [letter(n) for n in range(5)]
    letters[3] = to("dead@customers.example", 3)
    way_out.server.follow("422:3.subject=too long")
    sent = isolate(provider, letters)
    assert [outcome.verdict for outcome in sent.outcomes] == [
        Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.REFUSED, Verdict.ACCEPTED,
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["Subject", "reply-to", "DKIM-Signature", "Content-Type", "Received", "Cc"])
def test_a_header_it_sets_itself_is_refused_not_dropped(name: str) -> None:
    provider = make_provider("mail", {"type": "mailersend", "token": "t"}, workspace=Path())
    with pytest.raises(UnsupportedFeature, match=name):
        provider.wire.encode(letter(headers=((name, "x"),)))
    assert name.lower() in provider.limits.refused_headers


@pytest.mark.parametrize(
    "changes", [{"html": "<p>{{ name }}</p>"}, {"text": "{$name}"}, {"subject": "{{x}}"}]
)
def test_a_letter_with_mailersends_own_values_in_it_is_refused(changes: dict) -> None:
    provider = make_provider("mail", {"type": "mailersend", "token": "t"}, workspace=Path())
    with pytest.raises(UnsupportedFeature):
        provider.wire.encode(letter(**changes))


def test_braces_of_a_value_are_character_references_in_html_and_refused_elsewhere() -> None:
    wire = make_provider("mail", {"type": "mailersend", "token": "t"}, workspace=Path()).wire
    assert wire.escape("html", "{{ name }} {") == b"&#123;&#123; name }} &#123;"
    assert wire.escape("text", "{ a } 100%") == b"{ a } 100%"
    for place in ("text", "Subject", "To"):
        with pytest.raises(LetterError, match="braces"):
            wire.escape(place, "{{ name }} <a@b.example>")


def test_the_address_to_leave_by_is_told_on_its_own(way_out: MailersendWayOut) -> None:
    send(way_out.provider(), 1)
    assert way_out.server.accepted[0]["message"]["list_unsubscribe"] == UNSUBSCRIBE[1:].partition(">")[0]
    assert address_of("<mailto:a@b.example>, <https://x.example/u>") == "https://x.example/u"
    assert address_of("<mailto:a@b.example>") == "mailto:a@b.example"


def test_commas_in_a_recipients_name_become_spaces() -> None:
    provider = make_provider("mail", {"type": "mailersend", "token": "t"}, workspace=Path())
    written = json.loads(provider.wire.encode(letter(to=Mailbox("Shah, Priya; CEO", "priya@x.example"))))
    assert written["to"] == [{"email": "priya@x.example", "name": "Shah Priya CEO"}]
    assert provider.wire.escape("To", "Shah, Priya <priya@x.example>") == (
        b'{"email":"priya@x.example","name":"Shah Priya"}'
    )


# Exchanges recorded by MailerSend's own SDK.


def exchanges() -> list[tuple[str, dict[str, Any]]]:
    """Every recorded exchange that sends letters, where they are."""
    if CORPUS is None:
        return []
    found = []
    for path in sorted((CORPUS / "providers/mailersend/recorded").glob("email_send_*.yaml")):
        cassette = yaml.safe_load(path.read_text())
        found += [(f"{path.stem}-{number}", each) for number, each in enumerate(cassette["interactions"])]
    return found


def fields(value: Any, name: str = "") -> set[str]:
    """Every place in a message with its kind of value, as `to[].email: str`."""
    if isinstance(value, dict):
        return {found for key, each in value.items() for found in fields(each, f"{name}.{key}".lstrip("."))}
    if isinstance(value, list):
        return {found for each in value for found in fields(each, f"{name}[]")}
    return {f"{name}: {type(value).__name__}"}


NOT_RECORDED = {"list_unsubscribe: str", "settings.track_content: bool"}
"""From MailerSend's pages: no recorded exchange has them."""


@pytest.mark.corpus
def test_its_calls_have_the_shape_of_recorded_ones() -> None:
    corpus_path("providers/mailersend/recorded")
    server = double.Mailersend()
    with api.running(server) as url:
        provider = MailersendWayOut(server, url).provider()
        run(deliver(provider, batch_of(provider, [letter(1)]), batch_of(provider, [letter(2), letter(3)])))
    known, calls = set(NOT_RECORDED), set()
    for _, exchange in exchanges():
        request = exchange["request"]
        calls.add((request["method"], request["uri"].removeprefix("https://api.mailersend.com")[:14]))
        body = json.loads(request["body"] or "{}")
        for message in body if isinstance(body, list) else [body]:
            known |= fields(message)
    for record in server.accepted:
        assert fields(record["message"]) <= known
    assert calls == {("POST", "/v1/email"), ("POST", "/v1/bulk-email"), ("GET", "/v1/bulk-email")}


@pytest.mark.corpus
@pytest.mark.parametrize(("name", "exchange"), exchanges(), ids=[name for name, _ in exchanges()])
def test_every_recorded_exchange_becomes_a_meaning(name: str, exchange: dict) -> None:
    response, uri = exchange["response"], exchange["request"]["uri"]
    headers = {key.lower(): values[0] for key, values in response["headers"].items()}
    answer = Answer(response["status"]["code"], headers, response["body"]["string"].encode())
    if "/bulk-email/" in uri:
        data = json.loads(answer.body)["data"]
        assert data["state"] == "queued"
        assert data.keys() >= {"validation_errors", "suppressed_recipients", "messages_id"}
    elif uri.endswith("/bulk-email"):
        assert answer.status == 202
        assert json.loads(answer.body)["bulk_email_id"]
    elif answer.status == 202:
        outcome = taken(answer)
        assert outcome == Outcome(Verdict.ACCEPTED, headers["x-message-id"], outcome.detail)
        assert ("paused" in outcome.detail) == (headers.get("x-send-paused") == "true")
    else:
        assert isinstance(refusal(answer), (BatchRefused, AccountFault))


def recorded() -> list[Path]:
    """The answers recorded by django-anymail, where they are."""
    return sorted((CORPUS / "providers/mailersend/responses/anymail").glob("*.json")) if CORPUS else []


@pytest.mark.corpus
@pytest.mark.parametrize("path", recorded(), ids=lambda path: path.stem)
def test_every_recorded_answer_becomes_a_meaning(path: Path) -> None:
    content = json.loads(path.read_text())
    status = content.get("status_code", 202)
    told = content.get("json_data", content if "status_code" not in content else {})
    if isinstance(told, str):
        pytest.skip("the recording holds a Python expression, not an answer")
    answer = Answer(status, {}, json.dumps(told).encode())
    if status == 202:
        assert taken(answer).verdict == Verdict.UNKNOWN
    else:
        assert type(refusal(answer)) is (AccountFault if status == 401 else BatchRefused)
