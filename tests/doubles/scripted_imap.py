"""An IMAP server on loopback that says what a script says: for servers that are slow, strange or hostile."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tests.doubles.threaded import serving

Answer = bytes | Callable[[asyncio.Transport], None]
GREETING = b"* OK [CAPABILITY IMAP4rev1] ready\r\n"


class _Conversation(asyncio.Protocol):
    """Answers each command by the first word of the script that begins it; OK for any other."""

    def __init__(self, script: Mapping[str, Answer], said: list[str]) -> None:
        self.script = script
        self.said = said
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._say(self.script.get("greeting", GREETING), "*")

    def data_received(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\r\n")
        for line in lines:
            tag, _, command = line.decode().partition(" ")
            self.said.append(command)
            answer = next((each for word, each in self.script.items() if command.startswith(word)), b"")
            self._say(answer, tag)

    def _say(self, answer: Answer, tag: str) -> None:
        if callable(answer):
            answer(self.transport)
            return
        if tag != "*" and not re.search(rb"^TAG ", answer, re.MULTILINE):
            answer += b"TAG OK done\r\n"
        self.transport.write(answer.replace(b"TAG", tag.encode()))


@contextmanager
def imap(script: Mapping[str, Answer]) -> Iterator[tuple[int, list[str]]]:
    """The port, and every command the server was given, without its tag. `TAG` in an answer is the command's own."""
    said: list[str] = []
    with serving(lambda: _Conversation(script, said)) as port:
        yield port, said
