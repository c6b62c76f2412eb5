"""SendGrid: the suite over real HTTP, whole and merged, what each answer means, looking letters up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
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
from engine.providers.base import LooksUp, Sought
from engine.providers.registry import make_provider
from engine.providers.sendgrid import Sendgrid, news_of, refusal
from tests.corpus import CORPUS, corpus_path
from tests.doubles import api
from tests.doubles import sendgrid as double
from tests.providers.api_way_out import ApiWayOut, send
from tests.providers.conformance import deliver, run
from tests.providers.letters import Received, filled_batch, letter, marked, reader, unix
from tests.providers.merging import MergingConformance

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class SendgridWayOut(ApiWayOut):
    """SendGrid's stand-in on loopback."""

    type_name = "sendgrid"
    server: double.Sendgrid

    def received(self) -> list[Received]:
        return [read(record["message"]) for record in self.server.accepted]


def read(message: dict) -> Received:
    """A message of the API as the reader would get it."""
    return Received(
        sender=pair(message["from"]),
        reply_to=pair(message["reply_to"]),
        to=pair(message["to"]),
        subject=message["subject"],
        html=unix(message["html"]),
        text=unix(message["text"]),
        headers={name.lower(): value for name, value in message["headers"].items()},
        reference=message["reference"],
    )


def pair(mailbox: dict) -> tuple[str, str]:
    """A mailbox as a name and an address."""
    return mailbox.get("name", ""), mailbox.get("email", "")


@pytest.fixture
def way_out() -> Iterator[SendgridWayOut]:
    server = double.Sendgrid()
    with api.running(server) as url:
        yield SendgridWayOut(server, url)
    assert server.violations == []


class TestSendgridConforms(MergingConformance):
    """SendGrid keeps every promise of the protocol, whole and merged."""


@pytest.mark.corpus
def test_its_calls_satisfy_the_providers_own_specification() -> None:
    server = double.Sendgrid(specification=corpus_path("providers/sendgrid/tsg_mail_v3.json"))
    with api.running(server) as url:
        provider = SendgridWayOut(server, url).provider()
        assert provider.merge_wire is not None
        assert [outcome.verdict for outcome in send(provider)] == [Verdict.ACCEPTED] * 3
        batch = filled_batch(provider.merge_wire, marked(), [reader(1), reader(2)])
        (outcomes,) = run(deliver(provider, batch))
    assert server.violations == []
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 2


@pytest.mark.corpus
def test_the_specification_would_notice() -> None:
    server = double.Sendgrid(specification=corpus_path("providers/sendgrid/tsg_mail_v3.json"))
    body = {"personalizations": [{"to": [{"name": "x"}]}], "from": {"email": "a@b.example"}}
    request = api.Request(
        "POST", "/v3/mail/send", {}, {"content-type": "application/json"}, json.dumps(body).encode()
    )
    assert server.against_specification(request)


def merged(provider: object, count: int = 3):
    """Send a merged batch of that many."""
    assert isinstance(provider, Sendgrid)
    assert provider.merge_wire is not None
    readers = [reader(n) for n in range(count)]
    return run(deliver(provider, filled_batch(provider.merge_wire, marked(), readers)))[0]


WHOLE_BATCH = [
    ("429", NotSent, 0),
    ("401", AccountFault, 0),
    ("403", AccountFault, 0),
    ("404", AccountFault, 0),
    ("405", AccountFault, 0),
    ("400:from.email", AccountFault, 0),
    ("400:reply_to.email", AccountFault, 0),
    ("400:content.0.value", BatchRefused, 0),
    ("413", BatchRefused, 0),
    ("500", Unknown, 0),
    ("503", Unknown, 0),
    ("500-after", Unknown, 3),
    ("close", Unknown, 3),
    ("reset", Unknown, 3),
    ("truncated", Unknown, 3),
    ("html", Unknown, 3),
    ("empty", Unknown, 3),
    ("endless", Unknown, 3),
    ("no-id", Unknown, 3),
    ("sandbox", Unknown, 0),
]


@pytest.mark.parametrize(("behaviour", "meaning", "accepted"), WHOLE_BATCH)
def test_each_answer_to_a_merged_batch_has_one_meaning(
    way_out: SendgridWayOut, behaviour: str, meaning: type[ProviderError], accepted: int
) -> None:
    way_out.server.follow(behaviour)
    with pytest.raises(meaning):
        merged(way_out.provider())
    assert len(way_out.received()) == accepted


def test_whole_letters_have_each_their_own_answer(way_out: SendgridWayOut) -> None:
    provider = way_out.provider()
    assert isinstance(provider, Sendgrid)
    provider.singles.lanes[1:] = []
    way_out.server.follow(
        "ok", "400:content.0.value", "400:personalizations.0.to.0.email", "ok", "429:9", "ok"
    )
    outcomes = send(provider, 7)
    verdicts = [(outcome.verdict, outcome.suppress) for outcome in outcomes]
    assert verdicts[:4] == [
        (Verdict.ACCEPTED, False),
        (Verdict.REFUSED, False),
        (Verdict.REFUSED, True),
        (Verdict.ACCEPTED, False),
    ]
    assert verdicts[4:] == [(Verdict.RETRY, False)] * 3
    assert len(way_out.received()) == 2


def test_a_sender_who_is_not_known_stops_the_run_at_the_first_letter(way_out: SendgridWayOut) -> None:
    way_out.server.follow(*["403"] * 10)
    with pytest.raises(AccountFault, match="403"):
        send(way_out.provider(), 10)
    assert way_out.server.requests <= 4


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 9)}, 9.0),
        ({"x-ratelimit-reset": "1"}, 0.0),
        ({"x-ratelimit-reset": "soon"}, None),
        ({"retry-after": "3", "x-ratelimit-reset": "1"}, 3.0),
        ({}, None),
    ],
)
def test_its_wish_to_wait_is_heard(
    headers: dict, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHBASE_NOW", NOW.isoformat())
    error, _ = refusal(Answer(429, headers, b""))
    assert isinstance(error, NotSent)
    assert error.retry_after == seconds


def test_ids_are_the_calls_and_ours(way_out: SendgridWayOut) -> None:
    outcomes = merged(way_out.provider(), 2)
    (call,) = {outcome.provider_id.partition("/")[0] for outcome in outcomes}
    assert call
    assert [outcome.provider_id.partition("/")[2] for outcome in outcomes] == ["delivery-0", "delivery-1"]


@pytest.mark.parametrize("name", ["Subject", "reply-to", "DKIM-Signature", "Content-Type", "Received", "Cc"])
def test_a_header_it_sets_itself_is_refused_not_dropped(name: str) -> None:
    provider = make_provider("mail", {"type": "sendgrid", "token": "t"}, workspace=Path())
    assert provider.merge_wire is not None
    for wire in (provider.wire, provider.merge_wire):
        with pytest.raises(UnsupportedFeature, match=name):
            wire.encode(letter(headers=((name, "x"),)))
    assert name.lower() in provider.limits.refused_headers


def test_a_letter_without_a_subject_is_refused_beforehand() -> None:
    provider = make_provider("mail", {"type": "sendgrid", "token": "t"}, workspace=Path())
    assert provider.merge_wire is not None
    with pytest.raises(LetterError, match="subject"):
        provider.wire.encode(letter(subject=""))
    with pytest.raises(LetterError, match="subject"):
        provider.merge_wire.frame(letter(subject=""))


def test_fixed_text_that_looks_like_a_tag_stays_what_it_is(way_out: SendgridWayOut) -> None:
    provider = way_out.provider()
    assert provider.merge_wire is not None
    first = provider.merge_wire.encode(marked())
    tags = re.findall(r"-tbmerge-[0-9a-f]+-[0-9]+-", first.decode())
    assert tags
    basis = marked(html="<p>" + "|".join(tags) + "zq0003qzc0ffeeqz</p>")
    run(deliver(provider, filled_batch(provider.merge_wire, basis, [reader(1)])))
    assert way_out.received()[0].html == "<p>" + "|".join(tags) + "Reader 1</p>"


@pytest.mark.parametrize("place", ["html", "text", "Subject"])
def test_a_value_that_looks_like_a_tag_sends_its_letter_whole(place: str) -> None:
    provider = make_provider("mail", {"type": "sendgrid", "token": "t"}, workspace=Path())
    assert provider.merge_wire is not None
    with pytest.raises(UnsupportedFeature):
        provider.merge_wire.escape(place, "x-tbmerge-00000000-0001- <a@b.example>")
    assert provider.wire.escape(place, "x-tbmerge-00000000-0001- <a@b.example>")


def seek(provider: object, *numbers: int) -> dict[str, str]:
    """Look letters up by our id."""
    assert isinstance(provider, LooksUp)

    async def ask():
        await provider.open()
        try:
            return await provider.look_up(
                [Sought(f"delivery-{n}", f"Reader{n}@customers.example", NOW) for n in numbers]
            )
        finally:
            await provider.close()

    return dict(run(ask()))


def test_letters_are_found_by_our_own_id(way_out: SendgridWayOut) -> None:
    provider = way_out.provider()
    outcomes = merged(provider, 3)
    assert seek(provider, 0, 2, 7) == {
        "delivery-0": outcomes[0].provider_id,
        "delivery-2": outcomes[2].provider_id,
    }


def test_a_search_that_passes_over_the_question_finds_nobody(way_out: SendgridWayOut) -> None:
    provider = way_out.provider()
    merged(provider, 3)
    way_out.server.accepted[0]["message"]["to"]["email"] = "somebody@else.example"
    assert set(seek(provider, 0, 1)) == {"delivery-1"}
    way_out.server.searchable = False
    assert seek(provider, 1) == {}


def test_a_search_without_the_right_to_it_fails_and_concludes_nothing(way_out: SendgridWayOut) -> None:
    provider = way_out.provider()
    merged(provider, 1)
    way_out.server.token = "another"
    with pytest.raises(AccountFault):
        seek(provider, 0)


def test_what_it_tells_has_the_id_it_answered_with(way_out: SendgridWayOut) -> None:
    (outcome,) = merged(way_out.provider(), 1)
    call = outcome.provider_id.partition("/")[0]
    told = {"event": "delivered", "sg_message_id": f"{call}.recvd-0-1.0", "reference": "delivery-0"}
    assert [news.provider_id for news in news_of(told, NOW)] == [outcome.provider_id]


def recorded() -> list[Path]:
    """The answers recorded by django-anymail, where they are."""
    if CORPUS is None:
        return []
    return sorted((CORPUS / "providers/sendgrid/responses/anymail").glob("*.json"))


@pytest.mark.corpus
@pytest.mark.parametrize("path", recorded(), ids=lambda path: path.stem)
def test_every_recorded_answer_becomes_a_meaning(path: Path) -> None:
    content = json.loads(path.read_text())
    raw = content.get("raw", content.get("json_data", content))
    body = raw.encode() if isinstance(raw, str) else json.dumps(raw).encode()
    error, _ = refusal(Answer(content.get("status_code", 400), {}, body))
    expected = Unknown if content.get("status_code", 400) >= 500 else BatchRefused
    assert type(error) is expected
    if "errors" in body.decode() and '"message"' in body.decode():
        assert "Helpful explanation" in error.message


def test_a_sender_in_the_letter_stays_one_mailbox() -> None:
    provider = make_provider("mail", {"type": "sendgrid", "token": "t"}, workspace=Path())
    written = json.loads(provider.wire.encode(letter(to=Mailbox("Shah, Priya", "priya@x.example"))))
    assert written["personalizations"][0]["to"] == [{"email": "priya@x.example", "name": '"Shah, Priya"'}]
    assert written["from"] == {"email": "priya@news.acme.example", "name": "Priya at Acme"}
