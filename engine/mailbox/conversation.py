"""A conversation with an IMAP server that may be slow, broken or hostile: checked address, deadlines, bounded bytes."""

from __future__ import annotations

import imaplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from engine.errors import NetworkError, TooLarge, TooSlow
from engine.network.addresses import checked_addresses

SILENCE_SECONDS = 30.0
"""How long the server may say nothing at all."""

COMMAND_SECONDS = 120.0
"""How long one command may take; a server that drips cannot stretch it."""

LARGEST_ANSWER = 64_000_000
"""Bytes of one answer: a handful of mails, cut at their limit, stay far below."""


class Conversation(imaplib.IMAP4):
    """imaplib's, connected only to an address that was checked. Raises what imaplib raises, TooLarge and TooSlow.

    `context`: for an encryption from the first byte; None begins in the open (for STARTTLS, or on this machine).
    """

    def __init__(
        self, host: str, port: int, *, context: ssl.SSLContext | None, allow_private_networks: bool
    ) -> None:
        self.addresses = checked_addresses(host, port, allow_private=allow_private_networks)
        self.context = context
        self.heard = 0
        self.late = False
        try:
            with self.in_time():
                super().__init__(host, port, SILENCE_SECONDS)
        except BaseException:
            self.drop()
            raise

    def _create_socket(self, timeout: float | None) -> socket.socket:
        """The socket imaplib talks over: to one of the addresses that were checked, and to no other."""
        failure: OSError | None = None
        for address in self.addresses:
            try:
                plain = socket.create_connection((address, self.port), timeout)
            except OSError as error:
                failure = error
                continue
            try:
                return plain if self.context is None else self._encrypted(plain, self.context)
            except BaseException:
                plain.close()
                raise
        raise failure or OSError("no address")

    def _encrypted(self, plain: socket.socket, context: ssl.SSLContext) -> socket.socket:
        return context.wrap_socket(plain, server_hostname=self.host)

    def read(self, size: int) -> bytes:
        """A literal of the server's; TooLarge before it is read where it says that it is."""
        self._count(size)
        return super().read(size)

    def readline(self) -> bytes:
        """One line; imaplib bounds its length."""
        line = super().readline()
        self._count(len(line))
        return line

    def _count(self, size: int) -> None:
        self.heard += size
        if self.heard > LARGEST_ANSWER:
            self._cut()
            raise TooLarge(
                f"`{self.host}` answers with more than {LARGEST_ANSWER:,} bytes", help="is it an IMAP server?"
            )

    @contextmanager
    def in_time(self, seconds: float = 0.0) -> Iterator[None]:
        """What is asked in this block is answered in time (default: a command's), or TooSlow is raised."""
        self.heard = 0
        watch = threading.Timer(seconds or COMMAND_SECONDS, self._give_up)
        watch.daemon = True
        watch.start()
        try:
            yield
        except (imaplib.IMAP4.error, OSError) as error:
            if self.late or isinstance(error, TimeoutError):
                raise TooSlow(
                    f"the mailbox at `{self.host}` does not answer in time", help="try again later"
                ) from error
            raise
        finally:
            watch.cancel()

    def drop(self) -> None:
        """Let go of the connection without another word, in whatever state it is."""
        if "sock" in self.__dict__:
            with suppress(OSError, AttributeError):
                self.shutdown()
            self.sock.close()

    def _give_up(self) -> None:
        self.late = True
        self._cut()

    def _cut(self) -> None:
        """End the connection under whoever waits for it; an encrypted one is not asked, it might wait too."""
        connection = self.__dict__.get("sock")
        if connection is not None:
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


def in_words(error: Exception) -> str:
    """What the server or the network said, on one short line without control characters."""
    said = error.args[0] if error.args else ""
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        text = f"its certificate is not to be trusted: {error.verify_message}"
    elif isinstance(error, ConnectionRefusedError):
        text = "nobody listens there"
    return "".join(sign if sign.isprintable() else " " for sign in text)[:200]


def not_reached(host: str, port: int, error: Exception) -> NetworkError:
    """The error for a mailbox nobody could talk to."""
    return NetworkError(
        f"no conversation with the mailbox at {host}:{port}: {in_words(error)}",
        help="check imap, port and security under `mailbox:` in config/project.yaml",
    )
