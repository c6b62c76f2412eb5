"""What an SMTP reply means: for the letter, for its recipient, or for the account."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.errors import AccountFault
from engine.model.diagnosis import is_dead, meaning
from engine.model.heard import Bounce
from engine.model.letter import Outcome, Verdict

ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
SERVICE_CLOSING = 421
TOO_LARGE = 552
LOG_IN = frozenset({530, 534, 535, 538})
"""RFC 4954: authentication needed, too weak, failed, encryption required."""

DEAD = frozenset({"1.1", "1.3", "1.6", "1.10"})
"""RFC 3463 and 7505: no such mailbox, not an address, moved away, domain takes no mail."""

CLOSED = "2.1"
"""RFC 3463: the mailbox is there and disabled, perhaps for a holiday or an unpaid bill."""

SENDER_ADDRESS = frozenset({"1.7", "1.8"})
ACCOUNT = frozenset({"4.5", "7.3", "7.8", "7.9", "7.11", "7.13", "7.14"} | {f"7.{n}" for n in range(23, 31)})
"""RFC 3463, 4954, 7372: quota of the day, encryption or log-in wanted, SPF, DKIM or DMARC not satisfied."""

ACCOUNT_OF_BIG_PROVIDERS = frozenset({"7.515"})
"""Outlook.com: the sending domain does not meet its authentication rules."""

RELAYING = re.compile(r"relay(?:ing)?\b", re.IGNORECASE)


class Closing(Exception):
    """The server says 421: it closes this connection, and nothing of this letter was taken."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply's code and its text, lines joined by spaces."""

    code: int
    text: str

    @property
    def subject(self) -> str:
        """The enhanced status without its class, like `1.1`; "" where the server gives none."""
        found = ENHANCED.search(self.text)
        return f"{int(found[2])}.{int(found[3])}" if found else ""

    @property
    def detail(self) -> str:
        """The reply for a person to read."""
        return f"{self.code} {self.text}"


def read_reply(code: int, text: bytes) -> Reply:
    """A reply as smtplib gives it."""
    return Reply(code, " ".join(text.decode("utf-8", "replace").split()))


def sender_refused(reply: Reply) -> Outcome:
    """A reply to MAIL that is not 250: the sender is the account's business, unless it is about size."""
    common(reply)
    if 500 <= reply.code < 600 and reply.code != TOO_LARGE and reply.subject != "3.4":
        raise account(reply)
    return verdict(reply)


def recipient_refused(reply: Reply) -> Outcome:
    """A reply to RCPT that is not 250, 251 or 252."""
    common(reply)
    if reply.code >= 500:
        if reply.subject in SENDER_ADDRESS:
            raise account(reply)
        if RELAYING.search(reply.text) and reply.subject in ("", "7.0", "7.1"):
            raise account(reply)
    return verdict(reply)


def message_refused(reply: Reply) -> Outcome:
    """A reply to DATA or to the letter itself that is not 354 or 250."""
    common(reply)
    return verdict(reply)


def common(reply: Reply) -> None:
    """What means the same at every step."""
    if reply.code == SERVICE_CLOSING:
        raise Closing(reply.detail)
    if reply.code in LOG_IN:
        raise account(reply)
    if reply.code >= 500 and (reply.subject in ACCOUNT or reply.subject in ACCOUNT_OF_BIG_PROVIDERS):
        raise account(reply)


def verdict(reply: Reply) -> Outcome:
    """RETRY for 4xx, REFUSED for 5xx; the address is given up only when the reply says it is dead, or closed again."""
    if 400 <= reply.code < 500:
        return Outcome(Verdict.RETRY, detail=reply.detail)
    if not 500 <= reply.code < 600:
        return Outcome(Verdict.UNKNOWN, detail=reply.detail)
    if reply.subject in ("", CLOSED):
        dead = is_dead(reply.text)
        closed = not dead and meaning("", reply.detail) is Bounce.DISABLED
    else:
        dead, closed = reply.subject in DEAD, False
    return Outcome(Verdict.REFUSED, detail=reply.detail, suppress=dead, closed=closed)


def account(reply: Reply) -> AccountFault:
    """The error that stops the run."""
    return AccountFault(
        f"the mail server refuses the sender: {reply.detail}",
        help="check user, password and the sender's domain (SPF, DKIM, DMARC) with the server's owner",
    )
