"""SMTP: the suite against a real server in process, and what each reply means."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import AccountFault, NetworkError, NotSent, UsageError
from engine.model.letter import Outcome, Verdict
from engine.providers.base import Provider
from engine.providers.registry import make_provider
from engine.providers.smtp import Smtp
from tests.doubles import mail_server as double
from tests.providers.conformance import NetworkConformance, deliver, run
from tests.providers.letters import Received, batch_of, letter, read_message, to

SENDER = "priya@news.acme.example"


class SmtpWayOut:
    """A mail server on loopback."""

    def __init__(self, server: double.MailServer) -> None:
        self.server = server

    def provider(self, **options: object) -> Provider:
        return make_provider(
            "mail",
            {"type": "smtp", "host": "127.0.0.1", "port": self.server.port, "security": "none", **options},
            workspace=Path(),
            allow_private_networks=True,
        )

    def unusable(self) -> Provider:
        with socket.socket() as plug:
            plug.bind(("127.0.0.1", 0))
            port = plug.getsockname()[1]
        return self.provider(port=port)

    def private(self) -> Provider:
        return make_provider(
            "mail", {"type": "smtp", "host": "127.0.0.1", "port": self.server.port}, workspace=Path()
        )

    def received(self) -> list[Received]:
        return [read_message(raw) for _, _, raw in self.server.accepted]

    def dead_address(self) -> str:
        self.server.recipient["gone@customers.example"] = "550 5.1.1 User unknown"
        return "gone@customers.example"

    def lose_the_answer(self) -> None:
        self.server.vanish.add("dot:reader1@customers.example")

    def refuse_the_account(self) -> None:
        self.server.sender[SENDER] = "530 5.7.0 Authentication required"


@pytest.fixture
def way_out() -> Iterator[SmtpWayOut]:
    server = double.MailServer()
    with double.running(server):
        yield SmtpWayOut(server)


class TestSmtpConforms(NetworkConformance):
    """SMTP keeps every promise of the protocol."""


def send(provider: Provider, count: int = 3) -> list[Outcome]:
    """Send that many letters, numbered from 1."""
    return run(deliver(provider, batch_of(provider, [letter(n) for n in range(1, count + 1)])))[0]


REPLIES = [
    ("recipient", "450 4.2.1 Mailbox busy", Verdict.RETRY, False),
    ("recipient", "451 4.7.1 Greylisted", Verdict.RETRY, False),
    ("recipient", "452 4.2.2 Over quota", Verdict.RETRY, False),
    ("recipient", "550 5.1.1 No such user here", Verdict.REFUSED, True),
    ("recipient", "550 5.1.10 Domain takes no mail", Verdict.REFUSED, True),
    ("recipient", "550 5.2.1 The account is disabled", Verdict.REFUSED, False),
    ("recipient", "550 User unknown", Verdict.REFUSED, True),
    ("recipient", "550 Requested action not taken: mailbox unavailable", Verdict.REFUSED, False),
    ("recipient", "552 5.2.2 Mailbox full", Verdict.REFUSED, False),
    ("recipient", "550 5.7.1 Blocked by policy, does not exist in our list", Verdict.REFUSED, False),
    ("recipient", "551 User not local", Verdict.REFUSED, False),
    ("letter", "451 4.3.0 Try again", Verdict.RETRY, False),
    ("letter", "552 5.3.4 Message too big", Verdict.REFUSED, False),
    ("letter", "554 5.7.1 Spam message rejected", Verdict.REFUSED, False),
    ("letter", "550 5.1.1 User unknown", Verdict.REFUSED, True),
]


@pytest.mark.parametrize(("step", "reply", "verdict", "suppress"), REPLIES)
def test_each_reply_about_one_letter_means_that_letter_alone(
    way_out: SmtpWayOut, step: str, reply: str, verdict: str, suppress: bool
) -> None:
    getattr(way_out.server, step)["reader2@customers.example"] = reply
    outcomes = send(way_out.provider())
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED, verdict, Verdict.ACCEPTED]
    assert outcomes[1].suppress is suppress
    assert reply[4:] in outcomes[1].detail
    assert [each.reference for each in way_out.received()] == ["delivery-1", "delivery-3"]


ACCOUNT = [
    ("sender", SENDER, "550 5.1.8 Sender address rejected"),
    ("sender", SENDER, "553 Sender is not owned by user"),
    ("sender", SENDER, "535 5.7.8 Authentication failed"),
    ("recipient", "reader1@customers.example", "550 5.7.1 Relaying denied"),
    ("recipient", "reader1@customers.example", "554 Relay access denied"),
    ("recipient", "reader1@customers.example", "530 5.7.0 Must issue a STARTTLS command first"),
    ("recipient", "reader1@customers.example", "550 5.1.7 Invalid sender"),
    ("letter", "reader1@customers.example", "550 5.7.26 Unauthenticated email is not accepted"),
    ("letter", "reader1@customers.example", "550 5.7.515 Access denied, does not meet authentication level"),
    ("letter", "reader1@customers.example", "550 5.4.5 Daily sending quota exceeded"),
]


@pytest.mark.parametrize(("step", "address", "reply"), ACCOUNT)
def test_a_reply_about_the_account_stops_the_run(
    way_out: SmtpWayOut, step: str, address: str, reply: str
) -> None:
    getattr(way_out.server, step)[address] = reply
    with pytest.raises(AccountFault, match=reply[4:20]):
        send(way_out.provider())
    assert way_out.received() == []


def test_an_account_fault_half_way_keeps_what_was_accepted_and_is_raised_next(way_out: SmtpWayOut) -> None:
    way_out.server.recipient["reader2@customers.example"] = "550 5.7.1 Relaying denied"
    provider = way_out.provider()
    letters = [letter(n) for n in (1, 2, 3)]

    async def twice() -> list[str]:
        await provider.open()
        first = await provider.send(batch_of(provider, letters))
        with pytest.raises(AccountFault):
            await provider.send(batch_of(provider, letters[1:]))
        await provider.close()
        return [outcome.verdict for outcome in first]

    assert run(twice()) == [Verdict.ACCEPTED, Verdict.RETRY, Verdict.RETRY]
    assert [each.reference for each in way_out.received()] == ["delivery-1"]


def test_only_the_letter_whose_answer_was_lost_is_unknown(way_out: SmtpWayOut) -> None:
    way_out.server.vanish.add("dot:reader2@customers.example")
    outcomes = send(way_out.provider())
    assert [outcome.verdict for outcome in outcomes] == [
        Verdict.ACCEPTED,
        Verdict.UNKNOWN,
        Verdict.ACCEPTED,
    ]
    assert len(way_out.received()) == 3


@pytest.mark.parametrize("step", ["mail:priya@news.acme.example", "rcpt:reader2@customers.example"])
def test_a_connection_lost_before_the_letter_is_begun_again_and_nothing_arrives_twice(
    way_out: SmtpWayOut, step: str
) -> None:
    provider = way_out.provider()

    async def lose_it_in_between() -> list[str]:
        first = await provider.send(batch_of(provider, [letter(1)]))
        way_out.server.vanish.add(step)
        second = await provider.send(batch_of(provider, [letter(2), letter(3)]))
        await provider.close()
        return [outcome.verdict for outcome in first + second]

    assert run(lose_it_in_between()) == [Verdict.ACCEPTED] * 3
    assert [each.reference for each in way_out.received()] == ["delivery-1", "delivery-2", "delivery-3"]
    assert way_out.server.conversations == 2


def test_a_letter_that_kills_every_conversation_is_tried_later_and_the_others_go_on(
    way_out: SmtpWayOut,
) -> None:
    way_out.server.vanish.add("rcpt:reader1@customers.example")
    way_out.server.vanish_again = True
    outcomes = send(way_out.provider())
    assert [outcome.verdict for outcome in outcomes] == [Verdict.RETRY, Verdict.ACCEPTED, Verdict.ACCEPTED]
    assert [each.reference for each in way_out.received()] == ["delivery-2", "delivery-3"]


def test_a_server_that_ends_conversations_early_gets_a_new_one(way_out: SmtpWayOut) -> None:
    way_out.server.most_per_conversation = 2
    outcomes = send(way_out.provider(), 5)
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 5
    assert way_out.server.conversations == 3


def test_one_conversation_serves_a_whole_batch_and_the_next(way_out: SmtpWayOut) -> None:
    provider = way_out.provider()
    batch = batch_of(provider, [letter(n) for n in range(5)])
    run(deliver(provider, batch, batch))
    assert way_out.server.conversations == 1


def test_a_letter_larger_than_the_server_takes_is_not_even_tried() -> None:
    server = double.MailServer()
    with double.running(server, size=20_000):
        provider = SmtpWayOut(server).provider()
        big = letter(1, html="x" * 30_000)
        (outcomes,) = run(deliver(provider, batch_of(provider, [big, letter(2)])))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.REFUSED, Verdict.ACCEPTED]
    assert "20000 bytes" in outcomes[0].detail


def test_the_envelope_names_sender_and_reader_with_ascii_domains(way_out: SmtpWayOut) -> None:
    provider = way_out.provider()
    run(deliver(provider, batch_of(provider, [to("zoe@bücher.example")])))
    ((sender, recipient, raw),) = way_out.server.accepted
    assert (sender, recipient) == (SENDER, "zoe@xn--bcher-kva.example")
    assert raw.isascii()


def test_the_server_gets_exactly_the_bytes_that_were_encoded(way_out: SmtpWayOut) -> None:
    provider = way_out.provider()
    dots = letter(text=".\n..\n.x\n", html="<p>.</p>\n.\n")
    batch = batch_of(provider, [dots])
    run(deliver(provider, batch))
    ((_, _, raw),) = way_out.server.accepted
    assert raw == b"".join(batch.parts)


def test_letters_and_password_never_go_over_an_open_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.network.reach.checked_addresses", lambda *_, **__: ["93.184.215.14"])
    options = {"type": "smtp", "host": "mail.example.com", "security": "none"}
    provider = make_provider("mail", options, workspace=Path())
    with pytest.raises(NetworkError, match="unencrypted"):
        run(provider.open())


@pytest.mark.parametrize(
    "options", [{}, {"host": "h", "security": "ssl"}, {"host": "h", "port": "x"}, {"host": "h", "user": "u"}]
)
def test_a_wrong_option_is_named(options: dict) -> None:
    with pytest.raises(UsageError, match="provider `mail`"):
        make_provider("mail", {"type": "smtp", **options}, workspace=Path())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost and its key in one file, made for this run."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    path = folder / "both.pem"
    made = folder / "key.pem", folder / "certificate.pem"
    request = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run(
        ["openssl", *request.split(), "-keyout", made[0], "-out", made[1]], check=True, capture_output=True
    )
    path.write_bytes(made[0].read_bytes() + made[1].read_bytes())
    return path


@pytest.fixture
def guarded(certificate: Path) -> Iterator[SmtpWayOut]:
    """A mail server that wants STARTTLS and a log-in."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    server = double.MailServer()
    with double.running(server, tls=tls):
        yield SmtpWayOut(server)


def trusting(way_out: SmtpWayOut, certificate: Path, **options: object) -> Smtp:
    """A provider that trusts our certificate."""
    basis = {"host": "localhost", "security": "starttls", "user": double.USER, "password": double.PASSWORD}
    provider = way_out.provider(**{**basis, **options})
    assert isinstance(provider, Smtp)
    provider.tls = ssl.create_default_context(cafile=str(certificate))
    return provider


def test_it_encrypts_and_logs_in(guarded: SmtpWayOut, certificate: Path) -> None:
    outcomes = send(trusting(guarded, certificate))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 3


def test_a_wrong_password_is_an_account_fault(guarded: SmtpWayOut, certificate: Path) -> None:
    with pytest.raises(AccountFault, match="does not let us in"):
        send(trusting(guarded, certificate, password="wrong"))
    assert guarded.received() == []


def test_a_certificate_we_do_not_trust_ends_it_before_the_password(guarded: SmtpWayOut) -> None:
    provider = guarded.provider(
        host="localhost", security="starttls", user=double.USER, password=double.PASSWORD
    )
    with pytest.raises(NotSent, match="certificate"):
        send(provider)
    assert guarded.received() == []


def test_a_server_without_starttls_is_not_used_in_the_clear(way_out: SmtpWayOut) -> None:
    with pytest.raises(AccountFault, match="STARTTLS"):
        send(way_out.provider(security="starttls"))
    assert way_out.received() == []


@pytest.mark.parametrize(
    ("reply", "suppress", "closed"),
    [
        ("550 5.2.1 The account is disabled", False, True),
        ("550 This account has been disabled", False, True),
        ("550 5.2.1 No such user here", True, False),
        ("550 5.1.1 The account is disabled", True, False),
        ("450 4.2.1 The account is disabled for an hour", False, False),
    ],
)
def test_a_closed_mailbox_is_told_from_a_dead_one(
    way_out: SmtpWayOut, reply: str, suppress: bool, closed: bool
) -> None:
    way_out.server.recipient["reader2@customers.example"] = reply
    outcome = send(way_out.provider())[1]
    assert (outcome.suppress, outcome.closed) == (suppress, closed)
