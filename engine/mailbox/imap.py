"""A folder of an IMAP server: mails are read without being touched, and marked or moved once they were heard."""

from __future__ import annotations

import imaplib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address

from engine.errors import NetworkError
from engine.mailbox.conversation import Conversation, in_words, not_reached
from engine.mailbox.folders import quoted
from engine.mailbox.sources import LARGEST, Source
from engine.network.addresses import refusal
from engine.network.trust import trusting_context

PORTS = {"tls": 993, "starttls": 143, "none": 143}
AT_ONCE = 10
"""Mails in one FETCH: at most ten times LARGEST bytes in memory."""

SEARCHED_AT_ONCE = 20_000
"""Mails in one SEARCH: imaplib takes answers up to a million bytes a line."""

NUMBER = re.compile(rb"\bUID (\d+)\b")
PLACE = "under `mailbox:` in config/project.yaml"


@dataclass(frozen=True, slots=True)
class Account:
    """How to get at the folder. `move_to`: where heard mails go; "" leaves them and marks them as read."""

    host: str
    user: str
    password: str = field(repr=False)
    port: int = 0
    security: str = "tls"
    folder: str = "INBOX"
    move_to: str = ""
    allow_private_networks: bool = False


class Refusal(NetworkError):
    """The server understood, and said no."""


class ImapBox:
    """RFC 3501 with MOVE (6851) and UIDPLUS (4315) where the server has them. NetworkError for what goes wrong.

    `touched` False opens the folder so that nothing in it can change.
    """

    def __init__(self, account: Account, *, touched: bool = True) -> None:
        self.account = account
        self.port = account.port or PORTS[account.security]
        self.touched = touched
        self.conversation: Conversation | None = None

    def mails(self) -> Iterator[Source]:
        """Every mail that was not heard yet, oldest first; not more than a few of them in memory."""
        numbers = self._waiting()
        for start in range(0, len(numbers), AT_ONCE):
            yield from self._fetched(numbers[start : start + AT_ONCE])

    def heard(self, sources: Sequence[Source]) -> None:
        """Says of these mails that they need no second look."""
        if not sources or not self.touched:
            return
        these = ",".join(source.key for source in sources)
        self._ask("STORE", these, "+FLAGS.SILENT", "(\\Seen)")
        if self.account.move_to:
            self._move(these, quoted(self.account.move_to))

    def close(self) -> None:
        """Say goodbye, whatever comes of it. The folder is not closed before: that would expunge it."""
        conversation, self.conversation = self.conversation, None
        if conversation is not None:
            with suppress(imaplib.IMAP4.error, OSError, NetworkError), conversation.in_time(5):
                conversation.logout()
            conversation.drop()

    def _waiting(self) -> list[int]:
        """The UIDs that were not heard: all that have not moved away, or those still unread."""
        wanted = "UNDELETED" if self.account.move_to else "UNDELETED UNSEEN"
        number = self._select()
        found: list[int] = []
        for first in range(1, number + 1, SEARCHED_AT_ONCE):
            last = min(first + SEARCHED_AT_ONCE - 1, number)
            for line in self._ask("SEARCH", f"{first}:{last}", wanted):
                if isinstance(line, bytes):
                    found += [int(each) for each in line.split() if each.isdigit()]
        return sorted(set(found))

    def _fetched(self, numbers: Sequence[int]) -> Iterator[Source]:
        these = ",".join(map(str, numbers))
        answer = self._ask("FETCH", these, f"(UID BODY.PEEK[]<0.{LARGEST}>)")
        asked = set(numbers)
        for place, item in enumerate(answer):
            if not isinstance(item, tuple):
                continue
            # A server may name the mail before its text or after it.
            behind = answer[place + 1] if place + 1 < len(answer) else b""
            named = NUMBER.search(item[0]) or NUMBER.search(behind if isinstance(behind, bytes) else b"")
            if named and int(named[1]) in asked:
                asked.remove(int(named[1]))
                key = named[1].decode()
                yield Source(f"{self.account.folder}/{key}", item[1][:LARGEST], key)

    def _move(self, these: str, target: str) -> None:
        able = self._open().capabilities
        command = "MOVE" if "MOVE" in able else "COPY"
        try:
            self._ask(command, these, target)
        except Refusal:
            with self._talking() as conversation:
                conversation.create(target)
            self._ask(command, these, target)
        if command == "COPY":
            self._ask("STORE", these, "+FLAGS.SILENT", "(\\Deleted)")
            # Without UIDPLUS they stay, marked as deleted: EXPUNGE alone would take other people's mails along.
            if "UIDPLUS" in able:
                self._ask("EXPUNGE", these)

    def _select(self) -> int:
        """Opens the folder; how many mails lie in it."""
        conversation = self._open()
        with self._talking():
            answer, said = conversation.select(quoted(self.account.folder), readonly=not self.touched)
        if answer != "OK":
            raise NetworkError(
                f"the mailbox has no folder `{self.account.folder}`: {in_words(Exception(said[0]))}",
                help=f"check folder {PLACE}",
            )
        return int(said[0] or 0)

    def _ask(self, command: str, *words: str) -> list[bytes | tuple[bytes, bytes]]:
        conversation = self._open()
        with self._talking():
            answer, said = conversation.uid(command, *words)
        if answer != "OK":
            words_of_it = in_words(Exception(said[0] if said else b""))
            raise Refusal(f"the mailbox at {self.account.host} refuses {command}: {words_of_it}")
        return said

    @contextmanager
    def _talking(self) -> Iterator[Conversation]:
        conversation = self._open()
        try:
            with conversation.in_time():
                yield conversation
        except (imaplib.IMAP4.error, OSError) as error:
            raise not_reached(self.account.host, self.port, error) from error

    def _open(self) -> Conversation:
        if self.conversation is None:
            try:
                conversation = self._begun()
            except (imaplib.IMAP4.error, OSError) as error:
                raise not_reached(self.account.host, self.port, error) from error
            try:
                self._log_in(conversation)
            except BaseException:
                conversation.drop()
                raise
            self.conversation = conversation
        return self.conversation

    def _begun(self) -> Conversation:
        """Connected and encrypted."""
        account = self.account
        context = None if account.security == "none" else trusting_context()
        conversation = Conversation(
            account.host,
            self.port,
            context=context if account.security == "tls" else None,
            allow_private_networks=account.allow_private_networks,
        )
        if account.security == "starttls":
            try:
                with conversation.in_time():
                    conversation.starttls(context)
            except BaseException:
                conversation.drop()
                raise
        elif context is None and not all(map(_inside, conversation.addresses)):
            conversation.drop()
            raise NetworkError(
                f"`{account.host}` would get the mailbox's password unencrypted",
                help=f"write security: tls or starttls {PLACE}",
            )
        return conversation

    def _log_in(self, conversation: Conversation) -> None:
        account = self.account
        try:
            with conversation.in_time():
                if "AUTH=PLAIN" in conversation.capabilities:
                    login = f"\0{account.user}\0{account.password}".encode()
                    conversation.authenticate("PLAIN", lambda asked: login)
                elif conversation.state == "NONAUTH":
                    conversation.login(account.user, account.password)
                # What a server can do it often says only to those it knows.
                _, said = conversation.capability()
                if said[-1]:
                    conversation.capabilities = tuple(said[-1].decode("ascii", "replace").upper().split())
        except imaplib.IMAP4.abort as error:
            raise not_reached(account.host, self.port, error) from error
        except (imaplib.IMAP4.error, UnicodeError) as error:
            raise NetworkError(
                f"{account.host} does not let `{account.user}` in: {in_words(error)}",
                help=f"check user and password {PLACE}, and the secrets they name",
            ) from error
        except OSError as error:
            raise not_reached(account.host, self.port, error) from error


def _inside(address: str) -> bool:
    """Whether the address lies in a private network."""
    return bool(refusal(ip_address(address.partition("%")[0])))
