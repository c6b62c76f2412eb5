"""SparkPost: the suite over real HTTP, whole and merged; what each answer and each count in it means; the search."""

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
)
from engine.model.letter import Mailbox, Outcome, Verdict
from engine.network.lane import Answer
from engine.providers import sparkpost
from engine.providers.base import LooksUp, Provider, Sought
from engine.providers.isolate import Sent, send_isolating
from engine.providers.registry import make_provider
from tests.corpus import CORPUS
from tests.doubles import api
from tests.doubles import sparkpost as double
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

KEY = "a-webhook-key"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class SparkpostWayOut(ApiWayOut):
    """SparkPost's stand-in on loopback."""

    type_name = "sparkpost"

    def __init__(self, server: double.Sparkpost, url: str) -> None:
        super().__init__(server, f"{url}/api/v1")

    def options(self) -> dict[str, object]:
        return {"token": self.server.token, "webhook_key": KEY}

    def received(self) -> list[Received]:
        return [read(record["message"]) for record in self.server.accepted]

    def dead_address(self) -> str:
        """SparkPost does not refuse an address that it can read; what becomes of it is told by events."""
        return ""


def read(message: dict) -> Received:
    """A message as the reader would get it."""
    return Received(
        sender=tuple(message["from"]),
        reply_to=tuple(message["reply_to"]),
        to=tuple(message["to"]),
        subject=message["subject"],
        html=unix(message["html"]),
        text=unix(message["text"]),
        headers={name.lower(): value for name, value in message["headers"].items()},
        reference=message["reference"],
    )


@pytest.fixture
def way_out() -> Iterator[SparkpostWayOut]:
    server = double.Sparkpost()
    with api.running(server) as url:
        yield SparkpostWayOut(server, url)
    assert server.violations == []


class TestSparkpostConforms(MergingConformance):
    """SparkPost keeps every promise of the protocol, whole and merged."""


ONE_CALL = [
    ("429:7", NotSent),
    ("420", AccountFault),
    ("401", AccountFault),
    ("403", AccountFault),
    ("404", AccountFault),
    ("405", AccountFault),
    ("400:7001:Invalid_domain", AccountFault),
    ("400:1100:DKIM_key_'marketing'_is_not_verified", AccountFault),
    ("400:1300", BatchRefused),
    ("413", BatchRefused),
    ("422", BatchRefused),
    ("nobody", BatchRefused),
    ("409", Unknown),
    ("500", Unknown),
    ("503", Unknown),
    ("500-after", Unknown),
    ("close", Unknown),
    ("reset", Unknown),
    ("truncated", Unknown),
    ("html", Unknown),
    ("object", Unknown),
    ("empty", Unknown),
    ("odd", Unknown),
    ("no-id", Unknown),
]


@pytest.mark.parametrize(("behaviour", "meaning"), ONE_CALL)
def test_each_answer_to_a_merged_call_has_one_meaning(
    way_out: SparkpostWayOut, behaviour: str, meaning: type[ProviderError]
) -> None:
    way_out.server.follow(behaviour)
    with pytest.raises(meaning) as raised:
        merged(way_out.provider())
    assert raised.value.help or meaning in (Unknown, BatchRefused)
    if meaning is not Unknown:
        assert way_out.received() == []


@pytest.mark.parametrize(("behaviour", "meaning"), ONE_CALL)
def test_each_answer_to_a_whole_letter_has_the_same_meaning(
    way_out: SparkpostWayOut, behaviour: str, meaning: type[ProviderError]
) -> None:
    way_out.server.follow(behaviour)
    try:
        told = send(way_out.provider(), 1)[0].verdict
    except ProviderError as error:
        told = type(error).__name__
    assert told == {BatchRefused: Verdict.REFUSED, Unknown: Verdict.UNKNOWN}.get(meaning, meaning.__name__)


def merged(provider: Provider, count: int = 4) -> list[Outcome]:
    """Send that many people one letter."""
    assert provider.merge_wire is not None
    batch = filled_batch(provider.merge_wire, marked(), [reader(n) for n in range(count)])
    return run(deliver(provider, batch))[0]


def test_its_wish_to_wait_is_heard(way_out: SparkpostWayOut) -> None:
    way_out.server.follow("429:7")
    with pytest.raises(NotSent) as raised:
        merged(way_out.provider())
    assert raised.value.retry_after == 7.0


def test_who_was_refused_among_several_is_not_guessed_but_looked_up(way_out: SparkpostWayOut) -> None:
    way_out.server.follow("mixed:1+3")
    outcomes = merged(way_out.provider())
    assert {outcome.verdict for outcome in outcomes} == {Verdict.UNKNOWN}
    assert "2 of 4" in outcomes[0].detail
    assert set(looked_up(way_out, *range(4))) == {"delivery-0", "delivery-2"}


def test_everybody_refused_is_found_out_one_by_one(way_out: SparkpostWayOut) -> None:
    way_out.server.follow("nobody", "nobody", "ok", "ok")
    provider = way_out.provider()
    assert provider.merge_wire is not None
    batch = filled_batch(provider.merge_wire, marked(), [reader(n) for n in range(3)])

    async def isolating() -> Sent:
        try:
            return await send_isolating(provider, batch)
        finally:
            await provider.close()

    sent = run(isolating())
    assert [outcome.verdict for outcome in sent.outcomes] == [
        Verdict.REFUSED,
        Verdict.ACCEPTED,
        Verdict.ACCEPTED,
    ]
    assert len(way_out.received()) == 2


def test_trouble_with_one_whole_letter_leaves_the_others(way_out: SparkpostWayOut) -> None:
    letters = [letter(1), to("poison@customers.example", 2), letter(3)]
    outcomes = isolate(way_out.provider(), letters).outcomes
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED, Verdict.REFUSED, Verdict.ACCEPTED]
    assert not outcomes[1].suppress


def test_a_whole_letters_braces_arrive_as_they_are(way_out: SparkpostWayOut) -> None:
    provider = way_out.provider()
    changes = {"html": "<p>{{name}} {{{x}}}</p>", "text": "{{name}}"}
    run(deliver(provider, batch_of(provider, [letter(**changes)])))
    got = way_out.received()[0]
    assert (got.html, got.text) == (changes["html"], changes["text"])


@pytest.mark.parametrize(
    "changes",
    [
        {"html": "<p>{{name}}</p>"},
        {"text": "{{{x}}}"},
        {"html": "<p>{zq0003qzc0ffeeqz</p>"},
        {"html": "<p>zq0003qzc0ffeeqz}</p>"},
        {"subject": "{{x}}"},
        {"headers": (("X-Note", "{{x}}"), *HEADERS)},
        {"sender": Mailbox("{{x}}", "a@b.example")},
    ],
)
def test_a_letter_with_braces_is_not_merged(way_out: SparkpostWayOut, changes: dict) -> None:
    wire = way_out.provider().merge_wire
    assert wire is not None
    with pytest.raises(UnsupportedFeature):
        wire.frame(marked(**changes))


def test_braces_that_are_no_tags_are_merged(way_out: SparkpostWayOut) -> None:
    provider = way_out.provider()
    assert provider.merge_wire is not None
    html = "<style>@media x{p{color:red}}</style><p>zq0003qzc0ffeeqz { } }}</p>"
    run(deliver(provider, filled_batch(provider.merge_wire, marked(html=html), [reader(1)])))
    assert way_out.received()[0].html == html.replace("zq0003qzc0ffeeqz", "Reader 1")


def test_a_personal_value_is_never_read_as_a_template(way_out: SparkpostWayOut) -> None:
    provider = way_out.provider()
    assert provider.merge_wire is not None
    tricky = reader(1, html="{{ 7*7 }} {{{t_0004}}}", text="{{address.email}}", subject="{{t_0004}}")
    run(deliver(provider, filled_batch(provider.merge_wire, marked(), [tricky])))
    got = way_out.received()[0]
    assert tricky.html in got.html
    assert tricky.text in got.text
    assert got.subject == tricky.subject
    for wire in (provider.wire, provider.merge_wire):
        with pytest.raises(LetterError):
            wire.escape("To", "{{address.email}} <a@b.example>")
    with pytest.raises(LetterError):
        provider.wire.escape("Subject", "{{address.email}}")


def test_a_personal_header_is_merged(way_out: SparkpostWayOut) -> None:
    provider = way_out.provider()
    assert provider.merge_wire is not None
    basis = marked(headers=(("X-Reader", "zq0007qzc0ffeeqz"), *HEADERS[2:]))
    run(deliver(provider, filled_batch(provider.merge_wire, basis, [reader(1), reader(2)])))
    assert [got.headers["x-reader"] for got in way_out.received()] == ["delivery-1", "delivery-2"]


def test_only_a_letter_that_can_be_left_is_marked_as_bulk(way_out: SparkpostWayOut) -> None:
    provider = way_out.provider()
    run(deliver(provider, batch_of(provider, [letter(1), letter(2, headers=HEADERS[2:])])))
    bulk = {
        record["message"]["reference"]: record["message"]["transactional"]
        for record in way_out.server.accepted
    }
    assert bulk == {"delivery-1": False, "delivery-2": True}


def test_without_a_webhook_a_letter_one_can_leave_is_refused() -> None:
    deaf = make_provider("mail", {"type": "sparkpost", "token": "t"}, workspace=Path())
    assert deaf.merge_wire is not None
    for attempt in (deaf.wire.encode, deaf.merge_wire.frame):
        with pytest.raises(UnsupportedFeature, match="webhook_key"):
            attempt(letter())
    assert "list-unsubscribe" in deaf.limits.refused_headers
    assert deaf.wire.encode(letter(headers=HEADERS[2:]))


def test_headers_it_cannot_carry_are_refused_and_never_dropped(way_out: SparkpostWayOut) -> None:
    for name in ("Sender", "Cc", "X-MSYS-API", "Content-Type"):
        with pytest.raises(UnsupportedFeature, match=name):
            way_out.provider().wire.encode(letter(headers=((name, "x"),)))


def test_headers_outside_ascii_become_encoded_words(way_out: SparkpostWayOut) -> None:
    provider = way_out.provider()
    headers = (("List-ID", "Größe <monthly.news.acme.example>"),)
    whole = letter(headers=headers, reply_to=Mailbox("Zoë, B.Sc.", "zoe@acme.example"))
    run(deliver(provider, batch_of(provider, [whole])))
    got = way_out.received()[0]
    assert str(make_header(decode_header(got.headers["list-id"]))) == headers[0][1]
    assert got.reply_to == ("Zoë, B.Sc.", "zoe@acme.example")


def looked_up(way_out: SparkpostWayOut, *numbers: int) -> dict[str, str]:
    """What a search for these people's letters finds."""
    provider = way_out.provider()
    assert isinstance(provider, LooksUp)
    sought = [Sought(f"delivery-{n}", f"reader{n}@customers.example", NOW) for n in numbers]

    async def ask() -> dict[str, str]:
        try:
            return dict(await provider.look_up(sought))
        finally:
            await provider.close()  # type: ignore[attr-defined]

    return run(ask())


def test_lost_letters_are_found_by_our_own_reference_page_by_page(way_out: SparkpostWayOut) -> None:
    way_out.server.follow("reset")
    with pytest.raises(Unknown):
        merged(way_out.provider(), 7)
    found = looked_up(way_out, *range(9))
    assert found == {record["message"]["reference"]: record["id"] for record in way_out.server.accepted}
    assert len(way_out.server.asked) == 4


def test_another_letter_to_the_same_address_is_not_taken_for_the_one_sought(way_out: SparkpostWayOut) -> None:
    provider = way_out.provider()
    run(deliver(provider, batch_of(provider, [letter(1, reference="another")])))
    assert looked_up(way_out, 1) == {}


def test_many_addresses_are_asked_for_in_questions_that_fit() -> None:
    sought = [Sought(f"d{n}", f"reader+{n}@customers.example", NOW) for n in range(500)]
    asked = sparkpost.questions(sought)
    assert all(len(each) < 4000 for each in asked)
    assert sum(each.count("%40") + each.count("@") for each in asked) == 500
    assert all("reader%2B" in each and "from=2026-11-23T09%3A55%3A00Z" in each for each in asked)
    assert sparkpost.questions([]) == []


@pytest.mark.parametrize("status", ["500", "429", "401"])
def test_a_search_that_failed_says_so(way_out: SparkpostWayOut, status: str) -> None:
    way_out.server.follow(status)
    with pytest.raises(ProviderError):
        looked_up(way_out, 1)


def recorded() -> list[Path]:
    """The answers recorded by django-anymail, where they are."""
    return (
        sorted((CORPUS / "providers/sparkpost/responses/anymail").glob("*.json"))
        if CORPUS is not None
        else []
    )


@pytest.mark.corpus
@pytest.mark.parametrize("path", recorded(), ids=lambda path: path.stem)
def test_every_recorded_answer_becomes_a_meaning(path: Path) -> None:
    content = json.loads(path.read_text())
    if content.get("raw") == "<raw>":
        pytest.skip("the recording holds a Python expression, not an answer")
    status = content.get("status_code", 400 if "errors" in content else 200)
    raw = content.get("raw", {} if "status_code" in content else content)
    if status == 200:
        try:
            assert sparkpost.results(raw, ["d1"]) == [Outcome(Verdict.ACCEPTED, "12345678901234567890/d1")]
        except Unknown:
            assert "unparsable" in path.stem
        return
    assert isinstance(sparkpost.refusal(Answer(status, {}, json.dumps(raw).encode())), BatchRefused)


def test_it_says_what_it_promises(way_out: SparkpostWayOut) -> None:
    limits = way_out.provider().limits
    assert limits.idempotency is None
    assert limits.lookup is not None
    assert limits.lookup.retention == 864_000.0
    assert {"list-unsubscribe", "list-unsubscribe-post"} <= limits.replaced_headers
