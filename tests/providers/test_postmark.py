"""Postmark: the suite over real HTTP, and what each of its answers means."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import AccountFault, BatchRefused, NotSent, ProviderError, Unknown, UsageError
from engine.model.letter import Outcome, Verdict
from engine.network.lane import Patience
from engine.providers.base import Provider
from engine.providers.isolate import send_isolating
from engine.providers.postmark import Postmark, results
from engine.providers.registry import make_provider
from tests.corpus import CORPUS, corpus_path
from tests.doubles import postmark as double
from tests.providers.conformance import NetworkConformance, deliver, run
from tests.providers.letters import Received, batch_of, letter, to, unix

SPECIFICATION = "providers/postmark/postmark.server.openapi.servers-fixed.json"


def specification() -> Path | None:
    """Postmark's own document, where the real data lies."""
    path = CORPUS / SPECIFICATION if CORPUS is not None else None
    return path if path is not None and path.exists() else None


class PostmarkWayOut:
    """Postmark's stand-in on loopback."""

    def __init__(self, server: double.Postmark, url: str) -> None:
        self.server = server
        self.url = url

    def provider(self, **options: object) -> Provider:
        return make_provider(
            "postmark",
            {"type": "postmark", "token": double.TOKEN, "url": self.url, **options},
            workspace=Path(),
            allow_private_networks=True,
        )

    def patient(self, whole: float) -> Provider:
        """A provider that gives up after so many seconds."""
        provider = self.provider()
        assert isinstance(provider, Postmark)
        provider.lane.patience = Patience(connect=2, quiet=whole, whole=whole)
        return provider

    def unusable(self) -> Provider:
        with socket.socket() as plug:
            plug.bind(("127.0.0.1", 0))
            port = plug.getsockname()[1]
        return self.provider(url=f"http://127.0.0.1:{port}")

    def private(self) -> Provider:
        return make_provider(
            "p", {"type": "postmark", "token": double.TOKEN, "url": self.url}, workspace=Path()
        )

    def received(self) -> list[Received]:
        return [read(record["message"]) for record in self.server.accepted]

    def dead_address(self) -> str:
        return "inactive@customers.example"

    def lose_the_answer(self) -> None:
        self.server.follow("reset")

    def refuse_the_account(self) -> None:
        self.server.token = "another"


def read(message: dict) -> Received:
    """A message of the API as the reader would get it."""
    headers = {header["Name"].lower(): header["Value"] for header in message["Headers"]}
    return Received(
        sender=mailbox(message["From"]),
        reply_to=mailbox(message.get("ReplyTo", "")),
        to=mailbox(message["To"]),
        subject=message["Subject"],
        html=unix(message.get("HtmlBody", "")),
        text=unix(message.get("TextBody", "")),
        headers=headers,
        reference=message["Metadata"]["reference"],
    )


def mailbox(value: str) -> tuple[str, str]:
    """A display name and an address, as an email parser takes them apart."""
    from email.headerregistry import HeaderRegistry

    addresses = HeaderRegistry()("To", value).addresses
    return (addresses[0].display_name, addresses[0].addr_spec) if addresses else ("", "")


@pytest.fixture
def way_out() -> Iterator[PostmarkWayOut]:
    server = double.Postmark()
    with double.running(server) as url:
        yield PostmarkWayOut(server, url)
    assert server.violations == []


class TestPostmarkConforms(NetworkConformance):
    """Postmark keeps every promise of the protocol."""


def send(provider: Provider, count: int = 3) -> list[Outcome]:
    """Send that many letters."""
    return run(deliver(provider, batch_of(provider, [letter(n) for n in range(count)])))[0]


@pytest.mark.corpus
def test_its_calls_satisfy_the_providers_own_specification() -> None:
    server = double.Postmark(specification=corpus_path(*SPECIFICATION.split("/")))
    with double.running(server) as url:
        outcomes = send(PostmarkWayOut(server, url).provider())
    assert server.violations == []
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 3


WHOLE_BATCH = [
    ("429", NotSent, 0),
    ("503", Unknown, 0),
    ("500", Unknown, 0),
    ("500-after", Unknown, 3),
    ("502", Unknown, 0),
    ("401", AccountFault, 0),
    ("403", AccountFault, 0),
    ("404", AccountFault, 0),
    ("422:400", AccountFault, 0),
    ("422:405", AccountFault, 0),
    ("422:412", AccountFault, 0),
    ("422:402", BatchRefused, 0),
    ("413", BatchRefused, 0),
    ("422:410", BatchRefused, 0),
    ("account", AccountFault, 0),
    ("close", Unknown, 3),
    ("reset", Unknown, 3),
    ("truncated", Unknown, 3),
    ("html", Unknown, 3),
    ("object", Unknown, 3),
    ("endless", Unknown, 3),
]


@pytest.mark.parametrize(("behaviour", "meaning", "accepted"), WHOLE_BATCH)
def test_each_answer_to_a_batch_has_one_meaning(
    way_out: PostmarkWayOut, behaviour: str, meaning: type[ProviderError], accepted: int
) -> None:
    way_out.server.follow(behaviour)
    with pytest.raises(meaning):
        send(way_out.provider())
    assert len(way_out.received()) == accepted


def test_a_connection_broken_while_the_body_is_under_way_is_unknown(way_out: PostmarkWayOut) -> None:
    way_out.server.follow("refuse")
    provider = way_out.provider()
    big = [letter(n, html="x" * 400_000) for n in range(30)]
    with pytest.raises(Unknown):
        run(deliver(provider, batch_of(provider, big)))
    assert way_out.received() == []


@pytest.mark.parametrize("behaviour", ["silence", "drip"])
def test_a_provider_that_takes_too_long_leaves_the_batch_unknown(
    way_out: PostmarkWayOut, behaviour: str
) -> None:
    way_out.server.follow(behaviour)
    with pytest.raises(Unknown, match="may have been accepted"):
        send(way_out.patient(0.3))
    assert len(way_out.received()) == 3


def test_a_late_answer_is_still_an_answer(way_out: PostmarkWayOut) -> None:
    way_out.server.follow("slow:0.3")
    assert [outcome.verdict for outcome in send(way_out.provider())] == [Verdict.ACCEPTED] * 3


@pytest.mark.parametrize(
    ("wish", "seconds"), [("3", 3.0), ("0", 0.0), ("-1", 0.0), ("999999", 3600.0), ("soon", None), ("", None)]
)
def test_the_wish_to_wait_is_heard_and_kept_within_reason(
    way_out: PostmarkWayOut, wish: str, seconds: float | None
) -> None:
    way_out.server.follow(f"429:{wish}")
    with pytest.raises(NotSent) as raised:
        send(way_out.provider())
    assert raised.value.retry_after == seconds


def test_the_wish_to_wait_may_be_a_date(way_out: PostmarkWayOut, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHBASE_NOW", "2026-11-23T10:00:00+00:00")
    way_out.server.follow("429:Mon, 23 Nov 2026 10:02:00 GMT")
    with pytest.raises(NotSent) as raised:
        send(way_out.provider())
    assert raised.value.retry_after == 120.0


def test_each_message_has_its_own_fate(way_out: PostmarkWayOut) -> None:
    way_out.server.follow("partial:1=406+2=300+3=429+4=411+5=400")
    outcomes = send(way_out.provider(), 7)
    assert [(outcome.verdict, outcome.suppress) for outcome in outcomes] == [
        (Verdict.ACCEPTED, False),
        (Verdict.REFUSED, True),
        (Verdict.REFUSED, True),
        (Verdict.RETRY, False),
        (Verdict.REFUSED, False),
        (Verdict.RETRY, False),
        (Verdict.ACCEPTED, False),
    ]


def test_an_acceptance_that_says_in_prose_it_will_not_deliver_is_a_refusal(way_out: PostmarkWayOut) -> None:
    way_out.server.follow("prose:1")
    outcomes = send(way_out.provider())
    assert [outcome.verdict for outcome in outcomes] == [
        Verdict.ACCEPTED,
        Verdict.REFUSED,
        Verdict.ACCEPTED,
    ]
    assert outcomes[1].suppress


def test_a_delayed_message_is_accepted(way_out: PostmarkWayOut) -> None:
    way_out.server.follow("delayed")
    outcomes = send(way_out.provider())
    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert "delayed" in outcomes[0].detail


def test_a_message_the_answer_says_nothing_about_is_unknown(way_out: PostmarkWayOut) -> None:
    way_out.server.follow("short", "no-id")
    provider = way_out.provider()
    batch = batch_of(provider, [letter(1), letter(2)])
    short, without = run(deliver(provider, batch, batch))
    assert [outcome.verdict for outcome in short] == [Verdict.ACCEPTED, Verdict.UNKNOWN]
    assert [outcome.verdict for outcome in without] == [Verdict.UNKNOWN, Verdict.UNKNOWN]


def test_one_poisoned_letter_among_a_hundred_is_found_and_the_rest_arrive_once(
    way_out: PostmarkWayOut,
) -> None:
    provider = way_out.provider()
    letters = [letter(n) for n in range(100)]
    letters[61] = to("poison@customers.example", 61)
    sent = run(isolating(provider, letters))
    assert [outcome.verdict for outcome in sent.outcomes].count(Verdict.ACCEPTED) == 99
    assert (sent.outcomes[61].verdict, sent.outcomes[61].suppress) == (Verdict.REFUSED, True)
    references = [each.reference for each in way_out.received()]
    assert sorted(references) == sorted(each.reference for each in letters if each is not letters[61])
    assert sent.calls <= 1 + 2 * 7


def test_trouble_half_way_through_isolating_keeps_what_was_accepted(way_out: PostmarkWayOut) -> None:
    provider = way_out.provider()
    way_out.server.follow("422:402", "ok", "401")
    sent = run(isolating(provider, [letter(n) for n in range(4)]))
    assert [outcome.verdict for outcome in sent.outcomes] == [Verdict.ACCEPTED] * 2 + [Verdict.RETRY] * 2
    assert isinstance(sent.fault, AccountFault)
    assert len(way_out.received()) == 2


async def isolating(provider: Provider, letters: list):
    """Send through the halving."""
    await provider.open()
    try:
        return await send_isolating(provider, batch_of(provider, letters))
    finally:
        await provider.close()


def test_too_many_or_too_large_is_refused_before_anything_leaves(way_out: PostmarkWayOut) -> None:
    provider = way_out.provider()
    with pytest.raises(BatchRefused, match="500 letters"):
        send(provider, 501)
    heavy = [letter(n, html="x" * 6_000_000) for n in range(9)]
    with pytest.raises(BatchRefused, match="bytes in a call"):
        run(deliver(provider, batch_of(provider, heavy)))
    assert way_out.server.requests == 0


def test_batches_share_one_connection(way_out: PostmarkWayOut) -> None:
    provider = way_out.provider()
    batch = batch_of(provider, [letter(1)])
    run(deliver(provider, batch, batch, batch))
    assert way_out.server.connections == 1


def test_a_connection_closed_while_idle_costs_nothing(way_out: PostmarkWayOut) -> None:
    provider = way_out.provider()
    way_out.server.follow("bye")

    async def with_a_pause() -> list[str]:
        first = await provider.send(batch_of(provider, [letter(1)]))
        await asyncio.sleep(0.1)
        second = await provider.send(batch_of(provider, [letter(2)]))
        await provider.close()
        return [outcome.verdict for outcome in first + second]

    assert run(with_a_pause()) == [Verdict.ACCEPTED, Verdict.ACCEPTED]
    assert way_out.server.connections == 2


def test_a_token_never_goes_over_an_open_network(monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.errors import NetworkError

    monkeypatch.setattr("engine.network.reach.checked_addresses", lambda *_, **__: ["93.184.215.14"])
    options = {"type": "postmark", "token": "t", "url": "http://api.example.com"}
    provider = make_provider("p", options, workspace=Path())
    with pytest.raises(NetworkError, match="unencrypted"):
        run(provider.open())


@pytest.mark.parametrize(
    "options",
    [{}, {"token": ""}, {"token": 5}, {"token": "t", "steam": "x"}, {"token": "t", "per_second": 0}],
)
def test_a_wrong_option_is_named(options: dict) -> None:
    with pytest.raises(UsageError, match="provider `mail`"):
        make_provider("mail", {"type": "postmark", **options}, workspace=Path())


def test_it_runs_as_a_process_of_its_own_and_counts(tmp_path: Path) -> None:
    import subprocess
    import sys

    process = subprocess.Popen(
        [sys.executable, "-m", "tests.doubles.postmark", "--log", str(tmp_path / "log")],
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        provider = make_provider(
            "p",
            {"type": "postmark", "token": double.TOKEN, "url": url},
            workspace=Path(),
            allow_private_networks=True,
        )
        send(provider, 5)
        process.terminate()
    logged = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert len(logged) == 5


def recorded() -> list[Path]:
    """The answers recorded by django-anymail, where they are."""
    if CORPUS is None:
        return []
    return sorted((CORPUS / "providers/postmark/responses/anymail").glob("*.json"))


@pytest.mark.corpus
@pytest.mark.parametrize("path", recorded(), ids=lambda path: path.stem)
def test_every_recorded_answer_becomes_a_meaning(path: Path) -> None:
    content = json.loads(path.read_text())
    status = content.get("status_code", 200)
    raw = content.get("raw", content.get("json_data", None if "status_code" in content else content))
    if isinstance(raw, str) and raw.startswith("<"):
        pytest.skip("the recording holds a Python expression, not an answer")
    outcome = asyncio.run(answered(status, raw))
    expected = {
        "test_mixed_response": Verdict.REFUSED,
        "test_recipients_inactive": Verdict.REFUSED,
        "test_recipients_invalid": Verdict.REFUSED,
        "test_recipients_parse_error": Verdict.REFUSED,
        "test_ignore_recipient_status": Verdict.REFUSED,
        "test_errorcode_300": Verdict.REFUSED,
        "test_fail_silently": Verdict.REFUSED,
        "test_from_email_invalid": "AccountFault",
        "test_reply_to_invalid": "AccountFault",
        "test_delivery_delayed_response": Verdict.ACCEPTED,
        "test_send_attaches_anymail_status": Verdict.ACCEPTED,
        "DEFAULT_RAW_RESPONSE": Verdict.ACCEPTED,
        "test_send_without_to_attaches_anymail_status": Verdict.ACCEPTED,
        "test_send_unparsable_response": "Unknown",
        "test_api_failure": "Unknown",
        "test_api_failure_fail_silently": "Unknown",
        "test_send_failed_anymail_status": "Unknown",
    }
    name = path.stem.split(".")[1]
    if "test_api_error_includes_details" in name:
        assert outcome in (Verdict.REFUSED, "Unknown")
    else:
        assert outcome == expected[name]


async def answered(status: int, raw: object) -> str:
    """The verdict, or the error's name, for this answer to a call with one letter."""
    from engine.network.lane import Answer
    from engine.providers.postmark import error_of, refusal, refused

    body = json.dumps(raw).encode() if not isinstance(raw, str) else raw.encode()
    if status == 200:
        try:
            return results(b"[%s]" % body, 1)[0].verdict
        except ProviderError as error:
            return type(error).__name__
    error = refusal(Answer(status, {}, body))
    if isinstance(error, BatchRefused):
        return refused(*error_of(body)).verdict
    return type(error).__name__
