"""Any SMTP server: one conversation per batch, one transaction per letter.

RFC 5321. The server answers for each letter on its own. Between the final dot and its reply nobody can know
whether the letter was taken (RFC 1047), so a connection lost there makes exactly that letter UNKNOWN.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import smtplib
import socket
from collections.abc import Mapping

from engine.errors import AccountFault, LetterError, NetworkError, NotSent
from engine.model.letter import Batch, Outcome, Verdict
from engine.network.reach import check_host
from engine.network.trust import trusting_context
from engine.providers.base import Account, Limits
from engine.providers.mailboxes import wire_address
from engine.providers.mime_wire import MimeWire
from engine.providers.options import Options
from engine.providers.smtp_replies import (
    Closing,
    Reply,
    message_refused,
    read_reply,
    recipient_refused,
    sender_refused,
)

MESSAGES, BYTES = 100, 50 * 1024 * 1024
"""Letters in one call; several servers end a conversation after a hundred."""

CONNECT_SECONDS, COMMAND_SECONDS, VERDICT_SECONDS = 10.0, 60.0, 600.0
"""RFC 5321 section 4.5.3.2.6 asks for ten minutes' patience after the final dot: giving up means doubles."""

PORTS = {"starttls": 587, "tls": 465, "none": 25}
QUEUED = re.compile(r"(?:queued as|id[= ])\s*<?([A-Za-z0-9._@-]+)", re.IGNORECASE)
OPTIONS = frozenset({"host", "port", "security", "user", "password", "per_second", "hello"})


class Smtp:
    """Options: host, port, security (starttls, tls or none), user, password, hello, per_second."""

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        read = Options(name, options, OPTIONS)
        self.name = name
        self.host = read.text("host")
        self.security = read.one_of("security", tuple(PORTS), "starttls")
        self.port = int(read.number("port") or PORTS[self.security])
        self.user = read.text("user") if options.get("user") else ""
        self.password = read.text("password") if self.user else ""
        self.hello = read.text("hello", own_name())
        self.allow_private_networks = read.allow_private_networks
        self.limits = Limits(messages=MESSAGES, bytes=BYTES, per_second=read.number("per_second"))
        self.merge_wire = None
        self.wire = MimeWire()
        self.connection: smtplib.SMTP | None = None
        self.tls = trusting_context() if self.security != "none" else None

    async def open(self) -> None:
        """Check the address, connect and log in. Raises NotSent, AccountFault or AddressRefused."""
        private = await check_host(self.host, self.port, allow_private_networks=self.allow_private_networks)
        if self.security == "none" and not private:
            raise NetworkError(
                f"`{self.host}` would get letters and password unencrypted",
                help="write security: starttls or tls in config/project.yaml",
            )
        await asyncio.to_thread(self.connected)

    async def probe(self) -> Account:
        """See Probes: connecting and logging in is all there is to ask."""
        await self.open()
        return Account(f"{self.host}:{self.port}{' with a password' if self.user else ''}, {self.security}")

    async def send(self, batch: Batch) -> list[Outcome]:
        """One transaction per letter. Raises only while no letter of the batch has been tried.

        After that the letters which were not tried are RETRY, and the next call raises what is wrong.
        """
        if not len(batch):
            return []
        if self.connection is None:
            await self.open()
        return await asyncio.to_thread(self.deliver, batch)

    async def close(self) -> None:
        """Say goodbye."""
        connection, self.connection = self.connection, None
        if connection is not None:
            await asyncio.to_thread(say_goodbye, connection)

    def deliver(self, batch: Batch) -> list[Outcome]:
        """See send; runs in a thread of its own, as smtplib waits."""
        outcomes: list[Outcome] = []
        for number, message in enumerate(batch.messages()):
            try:
                outcomes.append(self.one(batch.senders[number], batch.recipients[number], message))
            except (NotSent, AccountFault) as error:
                if not outcomes:
                    raise
                outcomes.extend([Outcome(Verdict.RETRY, detail=error.message)] * (len(batch) - number))
                break
        return outcomes

    def one(self, sender: str, recipient: str, message: bytes) -> Outcome:
        """One letter; on a conversation that has gone stale it is tried once more on a new one."""
        try:
            sender, recipient = wire_address("From", sender), wire_address("To", recipient)
        except LetterError as error:
            return Outcome(Verdict.REFUSED, detail=error.message)
        stale = self.connection is not None
        while True:
            try:
                return transact(self.connected(), sender, recipient, message)
            except (Closing, smtplib.SMTPServerDisconnected) as error:
                self.drop()
                if not stale:
                    return Outcome(Verdict.RETRY, detail=f"{self.host} hung up before the letter: {error}")
                stale = False
            except AccountFault:
                self.drop()
                raise

    def drop(self) -> None:
        """Forget the conversation, without another word."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    def connected(self) -> smtplib.SMTP:
        """The conversation, begun if need be: connected, encrypted, logged in."""
        if self.connection is None:
            try:
                self.connection = self.begin()
            except smtplib.SMTPNotSupportedError as error:
                raise AccountFault(
                    f"{self.host}: {error}", help="check security, port and user in config/project.yaml"
                ) from error
            except smtplib.SMTPResponseException as error:
                raise self.turned_away(error) from error
            except (OSError, smtplib.SMTPException) as error:
                raise NotSent(
                    f"no connection to {self.host}:{self.port} ({error})",
                    help="check host, port and security in config/project.yaml",
                ) from error
        return self.connection

    def begin(self) -> smtplib.SMTP:
        """A new conversation up to and including the log-in."""
        if self.security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, self.hello, timeout=CONNECT_SECONDS, context=self.tls
            )
        else:
            connection = smtplib.SMTP(self.host, self.port, self.hello, timeout=CONNECT_SECONDS)
        try:
            connection.ehlo_or_helo_if_needed()
            if self.security == "starttls":
                connection.starttls(context=self.tls)
                connection.ehlo_or_helo_if_needed()
            if self.user:
                connection.login(self.user, self.password)
            patient(connection, COMMAND_SECONDS)
            at_once(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def turned_away(self, error: smtplib.SMTPResponseException) -> NotSent | AccountFault:
        """The error for a server that does not let us in: 4xx later, 5xx never as things are."""
        text = error.smtp_error.encode() if isinstance(error.smtp_error, str) else error.smtp_error
        reply = read_reply(error.smtp_code, text)
        if 400 <= reply.code < 500:
            return NotSent(f"{self.host} asks to come back later: {reply.detail}")
        return AccountFault(
            f"{self.host} does not let us in: {reply.detail}",
            help="check user and password in config/project.yaml and the secrets they name",
        )


def transact(connection: smtplib.SMTP, sender: str, recipient: str, message: bytes) -> Outcome:
    """MAIL, RCPT, DATA, the letter, the verdict. Raises what `Smtp.one` sorts out."""
    room = connection.esmtp_features.get("size", "")
    if room.isdigit() and 0 < int(room) < len(message):
        return Outcome(Verdict.REFUSED, detail=f"the server takes letters up to {room} bytes")
    options = [f"SIZE={len(message)}"] if "size" in connection.esmtp_features else []
    reply = read_reply(*connection.mail(sender, options))
    if reply.code != 250:
        return given_up(connection, sender_refused(reply))
    reply = read_reply(*connection.rcpt(recipient))
    if reply.code not in (250, 251, 252):
        return given_up(connection, recipient_refused(reply))
    connection.putcmd("DATA")
    reply = read_reply(*connection.getreply())
    if reply.code != 354:
        return given_up(connection, message_refused(reply))
    lines = message.replace(b"\r\n.", b"\r\n..")
    connection.send(lines if lines.endswith(b"\r\n") else lines + b"\r\n")
    return final_verdict(connection)


def final_verdict(connection: smtplib.SMTP) -> Outcome:
    """The dot, and what the server says to it; from here on silence means that nobody knows."""
    patient(connection, VERDICT_SECONDS)
    try:
        connection.send(b".\r\n")
        reply = read_reply(*connection.getreply())
    except smtplib.SMTPServerDisconnected as error:
        return Outcome(Verdict.UNKNOWN, detail=f"the connection was lost after the letter: {error}")
    patient(connection, COMMAND_SECONDS)
    if 200 <= reply.code < 300:
        return Outcome(Verdict.ACCEPTED, provider_id=queue_id(reply), detail=reply.detail)
    return message_refused(reply)


def given_up(connection: smtplib.SMTP, outcome: Outcome) -> Outcome:
    """Clear the table for the next letter."""
    with contextlib.suppress(smtplib.SMTPServerDisconnected):
        connection.rset()
    return outcome


def queue_id(reply: Reply) -> str:
    """The server's own name for the letter, or its reply where it gives none."""
    found = QUEUED.search(reply.text)
    return found[1] if found else reply.text[:100]


def patient(connection: smtplib.SMTP, seconds: float) -> None:
    """How long to wait for the next reply."""
    if connection.sock is not None:
        connection.sock.settimeout(seconds)


def at_once(connection: smtplib.SMTP) -> None:
    """Send the final dot without waiting for the letter's acknowledgement: 40 ms a letter otherwise."""
    if connection.sock is not None:
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def say_goodbye(connection: smtplib.SMTP) -> None:
    """QUIT, whatever comes of it."""
    with contextlib.suppress(OSError, smtplib.SMTPException):
        connection.quit()
    connection.close()


def own_name() -> str:
    """How we greet: the machine's name where it is a whole one, an address literal otherwise (RFC 5321)."""
    name = socket.gethostname()
    return name if "." in name else "[127.0.0.1]"
