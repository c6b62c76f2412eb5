"""An SMTP server on loopback (aiosmtpd) that can refuse, delay and vanish at any step."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from tests.doubles.threaded import serving

USER, PASSWORD = "touchbase", "a-password"


@dataclass
class MailServer:
    """What the server does and what it got.

    `sender`, `recipient`, `letter`: replies by address, for MAIL, RCPT and the final dot. `vanish`: addresses at
    whose step the connection is broken, as `mail:…`, `rcpt:…`, `data:…` (before the letter) or `dot:…` (after).
    `accepted`: (sender, recipient, bytes) of each letter taken, also of those whose answer was lost.
    """

    sender: dict[str, str] = field(default_factory=dict)
    recipient: dict[str, str] = field(default_factory=dict)
    letter: dict[str, str] = field(default_factory=dict)
    vanish: set[str] = field(default_factory=set)
    accepted: list[tuple[str, str, bytes]] = field(default_factory=list)
    vanish_again: bool = False
    conversations: int = 0
    most_per_conversation: int = 0
    port: int = 0
    taken: dict[int, int] = field(default_factory=dict)

    def breaks(self, server: Any, step: str, address: str) -> bool:
        """Break the connection if the script says so; each such word works once, or always."""
        word = f"{step}:{address}"
        if word not in self.vanish:
            return False
        if not self.vanish_again:
            self.vanish.discard(word)
        server.transport.abort()
        return True

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.conversations += 1
        return responses

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        self.breaks(server, "mail", address)
        done = self.taken.get(id(session), 0)
        if self.most_per_conversation and done >= self.most_per_conversation:
            server.transport.close()
            return "421 4.7.0 too many letters in one conversation"
        reply = self.sender.get(address, "250 OK")
        if reply.startswith("250"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return reply

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        self.breaks(server, "rcpt", address)
        reply = self.recipient.get(address, "250 OK")
        if reply.startswith("25"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        (recipient,) = envelope.rcpt_tos
        reply = self.letter.get(recipient)
        if reply is not None:
            return reply
        self.accepted.append((envelope.mail_from, recipient, envelope.original_content))
        self.taken[id(session)] = self.taken.get(id(session), 0) + 1
        self.breaks(server, "dot", recipient)
        return f"250 2.0.0 Ok: queued as Q{len(self.accepted)}"


def check_password(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    """The one user there is."""
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=good, handled=False)


@contextlib.contextmanager
def running(
    server: MailServer, *, tls: ssl.SSLContext | None = None, size: int = 33_554_432
) -> Iterator[int]:
    """The server in a thread of this process; its port. With `tls` it offers STARTTLS and wants a log-in."""
    options: dict[str, Any] = {"data_size_limit": size, "hostname": "127.0.0.1"}
    if tls is not None:
        options |= {
            "tls_context": tls,
            "require_starttls": True,
            "authenticator": check_password,
            "auth_required": True,
        }
    with serving(lambda: SMTP(server, **options)) as server.port:
        yield server.port
