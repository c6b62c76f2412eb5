"""An email API on loopback that can misbehave: what the doubles of all of them share.

A double inherits Api and says what its API accepts and how it answers. Each word of its script is for one POST;
after the last one everything is `ok`. The words every double knows:

    ok              accept and answer
    STATUS[:X]      accept nothing; what X means is the API's own business (429:3 is Retry-After: 3)
    500-after       accept, then answer 500
    silence, close, reset    accept, then never answer, close, or break the connection
    bye             accept and answer, then close the connection a moment later
    refuse          break the connection after the headers; nothing is accepted
    truncated, html, object, empty, endless    accept, then answer in that broken way
    slow:SECONDS, drip       accept, then answer late, or one byte at a time

GET /count answers {"requests": n, "messages": n}.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
import struct
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from tests.doubles.specification import Specification
from tests.doubles.threaded import serving

TOKEN = "a-server-token"


@dataclass(frozen=True)
class Request:
    """One call. `headers` with lower-case names."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def json_reply(status: int, value: object, **headers: str) -> Reply:
    """An answer in JSON; header names are written with underscores."""
    return Reply(
        status, orjson.dumps(value), headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


class Api:
    """What the server knows. `accepted`: message, its id, and the number of its request.

    `base`: the real API's address, for which its own document is meant.
    """

    base = ""

    def __init__(
        self,
        *,
        token: str = TOKEN,
        script: str = "",
        log: Path | None = None,
        specification: Path | None = None,
    ) -> None:
        self.token = token
        self.script = [word for word in script.split(",") if word] if script else []
        self.log = log.open("ab") if log else None
        self.specification = Specification(specification, self.base) if specification else None
        self.requests = 0
        self.messages = 0
        self.connections = 0
        self.asked: list[Request] = []
        self.accepted: list[dict[str, Any]] = []
        self.violations: list[str] = []

    def follow(self, *words: str) -> None:
        """The script for the next calls."""
        self.script = list(words)

    def step(self) -> str:
        """What to do with this call."""
        self.requests += 1
        return self.script.pop(0) if self.script else "ok"

    def accept(self, message: dict[str, Any], identifier: str = "") -> str:
        """Remember a message; its id."""
        identifier = identifier or str(uuid.uuid4())
        record = {"id": identifier, "request": self.requests, "message": message}
        self.accepted.append(record)
        self.messages += 1
        if self.log is not None:
            self.log.write(orjson.dumps(record) + b"\n")
            self.log.flush()
        return identifier

    def against_specification(self, request: Request) -> list[str]:
        """What the provider's own document says is wrong with a call."""
        if self.specification is None:
            return []
        return self.specification.faults(request.method, request.path, request.headers, request.body)

    def judge(self, request: Request) -> Reply | None:
        """The refusal of a call that breaks the API's rules, its faults noted in `violations`; None otherwise."""
        raise NotImplementedError

    def take(self, request: Request, word: str) -> Reply:
        """Accept what is to be accepted, and the answer to it."""
        raise NotImplementedError

    def refuse(self, status: int, rest: str) -> Reply:
        """An error in the API's words; nothing was accepted. `rest`: what the script says after the status."""
        return json_reply(status, {})

    def question(self, request: Request) -> Reply:
        """The answer to a GET."""
        return json_reply(404, {})


class Connection(asyncio.BufferedProtocol):
    """One connection. The body is received straight into a buffer of its announced size."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.head = bytearray()
        self.block = bytearray(65536)
        self.body: bytearray | None = None
        self.got = 0
        self.headers: dict[str, str] = {}
        self.line = ""
        self.tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.api.connections += 1

    def connection_lost(self, error: Exception | None) -> None:
        for task in self.tasks:
            task.cancel()

    def get_buffer(self, sizehint: int) -> memoryview:
        if self.body is None:
            return memoryview(self.block)
        return memoryview(self.body)[self.got :]

    def buffer_updated(self, count: int) -> None:
        if self.body is None:
            self.head += self.block[:count]
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return
            self.read_head(bytes(self.head[:end]), bytes(self.head[end + 4 :]))
        else:
            self.got += count
        if self.body is not None and self.got == len(self.body):
            body, self.body = bytes(self.body), None
            self.head.clear()
            self.answer(body)

    def read_head(self, head: bytes, rest: bytes) -> None:
        """Take the headers apart and make room for the body."""
        self.line, *lines = head.decode("latin-1").split("\r\n")
        self.headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
        }
        self.body = bytearray(int(self.headers.get("content-length", "0")))
        self.body[: len(rest)] = rest
        self.got = len(rest)
        if self.line.startswith("POST") and self.api.script[:1] == ["refuse"]:
            self.api.step()
            self.reset()

    def answer(self, body: bytes) -> None:
        """Do with a whole request what the script says."""
        method, target, _ = self.line.split(" ")
        url = urlsplit(target)
        request = Request(method, url.path, parse_qs(url.query), self.headers, body)
        if method == "GET" and url.path == "/count":
            counts = {"requests": self.api.requests, "messages": self.api.messages}
            return self.reply(json_reply(200, counts))
        if method != "POST":
            self.api.asked.append(request)
            return self.reply(self.api.question(request))
        word = self.api.step()
        refusal = self.api.judge(request)
        return self.reply(refusal) if refusal is not None else self.behave(word, request)

    def behave(self, word: str, request: Request) -> None:
        """One word of the script."""
        kind, _, rest = word.partition(":")
        if kind.isdigit():
            return self.reply(self.api.refuse(int(kind), rest))
        answer = self.api.take(request, word)
        match kind:
            case "silence":
                return None
            case "close":
                return self.transport.close()
            case "reset":
                return self.reset()
            case "500-after":
                return self.reply(Reply(500, b"Internal Server Error", "text/plain"))
            case "truncated":
                half = replace(answer, body=answer.body[: len(answer.body) // 2])
                self.reply(half, announced=len(answer.body) + 1)
                return self.transport.close()
            case "bye":
                self.reply(answer)
                return self.transport.close()
            case "html":
                return self.reply(Reply(200, b"<html>a proxy's page</html>", "text/html"))
            case "object":
                return self.reply(Reply(200, b"{}"))
            case "empty":
                return self.reply(Reply(200))
            case "slow" | "drip" | "endless":
                return self.later(kind, answer, float(rest or 0.05))
            case _:
                return self.reply(answer)

    def later(self, kind: str, answer: Reply, seconds: float) -> None:
        """Answer in a task of its own."""

        async def run() -> None:
            if kind == "slow":
                await asyncio.sleep(seconds)
                self.reply(answer)
                return
            body = answer.body or b" " * 200
            size = len(body) if kind == "drip" else 10**9
            self.transport.write(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
            for byte in body if kind == "drip" else range(1000):
                if self.transport.is_closing():
                    return
                self.transport.write(bytes((byte,)) if kind == "drip" else b" " * 1_000_000)
                await asyncio.sleep(seconds if kind == "drip" else 0.01)

        task = asyncio.get_running_loop().create_task(run())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def reply(self, answer: Reply, *, announced: int | None = None) -> None:
        """Write an answer. `announced`: its size according to its head, where that is a lie."""
        size = len(answer.body) if announced is None else announced
        lines = [f"HTTP/1.1 {answer.status} X", f"Content-Type: {answer.kind}", f"Content-Length: {size}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + answer.body)

    def reset(self) -> None:
        """Break the connection off with an RST."""
        plug = self.transport.get_extra_info("socket")
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


@contextlib.contextmanager
def running(api: Api) -> Iterator[str]:
    """The server in a thread of this process; its address."""
    with serving(lambda: Connection(api)) as port:
        yield f"http://127.0.0.1:{port}"


async def serve_alone(api: Api, port: int) -> None:
    """The server as its own process."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(api), "127.0.0.1", port, backlog=256)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await server.serve_forever()


def arguments() -> argparse.ArgumentParser:
    """What a double that runs as its own process can be told."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--script", default="")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--specification", type=Path)
    return parser


def serve(make: type[Api], options: argparse.Namespace) -> None:
    """Serve until the process is ended."""
    api = make(
        token=options.token,
        script=options.script,
        log=options.log,
        specification=options.specification,
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve_alone(api, options.port))
