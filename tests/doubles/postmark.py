"""A Postmark on loopback: checks every call strictly, remembers what it accepted, and misbehaves on request.

    python -m tests.doubles.postmark --port 0 [--log FILE] [--script "ok,429:3,silence"] [--count-only]

prints its address on the first line. GET /count answers {"requests": n, "messages": n}. Each word of the
script is for one POST; after the last one everything is `ok`:

    ok              accept and answer
    delayed         accept; every result says "delivery may be delayed" and has no ErrorCode
    STATUS[:X]      accept nothing; 429:3 adds Retry-After: 3, 422:406 answers that ErrorCode
    500-after       accept, then answer 500
    partial:1=406+3=300      these messages (from 0) are refused in the answer, the others accepted
    prose:1         this one is accepted with "will not deliver to these inactive addresses"
    account         every message is refused with 400, sender signature not found
    silence, close, reset    accept, then never answer, close, or break the connection
    bye             accept and answer, then close the connection a moment later
    refuse          break the connection after the headers; nothing is accepted
    truncated, html, object, short, no-id, endless    accept, then answer in that broken way
    slow:SECONDS, drip       accept, then answer late, or one byte at a time

`inactive@…` is always answered 406, and one `poison@…` has its whole batch refused with 422.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
import struct
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from tests.doubles import counting
from tests.doubles.postmark_rules import (
    Specification,
    faults_of_batch,
    faults_of_message,
    faults_of_request,
)
from tests.doubles.threaded import serving

TOKEN = "a-server-token"
INACTIVE = "You tried to send to a recipient that has been marked as inactive."
PROSE = "Message OK, but will not deliver to these inactive addresses: {}. Inactive recipients are ones that…"


class Postmark:
    """What the server knows. `accepted`: message, its id, and the number of its request."""

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
        self.specification = Specification(specification) if specification else None
        self.requests = 0
        self.messages = 0
        self.connections = 0
        self.accepted: list[dict[str, Any]] = []
        self.violations: list[str] = []

    def follow(self, *words: str) -> None:
        """The script for the next calls."""
        self.script = list(words)

    def step(self) -> str:
        """What to do with this call."""
        self.requests += 1
        return self.script.pop(0) if self.script else "ok"

    def accept(self, message: dict[str, Any]) -> str:
        """Remember a message; its id."""
        identifier = str(uuid.uuid4())
        record = {"id": identifier, "request": self.requests, "message": message}
        self.accepted.append(record)
        self.messages += 1
        if self.log is not None:
            self.log.write(orjson.dumps(record) + b"\n")
            self.log.flush()
        return identifier


def results_of(postmark: Postmark, messages: list[dict[str, Any]], word: str) -> list[dict[str, Any]]:
    """Accept what is to be accepted and say so, message by message."""
    kind, _, rest = word.partition(":")
    wrong = dict(pair.split("=") for pair in rest.split("+")) if kind == "partial" else {}
    results = []
    for number, message in enumerate(messages):
        code = int(wrong.get(str(number), 0))
        if kind == "account":
            code = 400
        elif "inactive@" in message["To"]:
            code = 406
        if code:
            results.append({"ErrorCode": code, "Message": prose_of(code, message)})
            continue
        identifier = postmark.accept(message)
        said = PROSE.format(message["To"]) if kind == "prose" and rest == str(number) else "OK"
        result = {"To": message["To"], "SubmittedAt": "2026-11-23T10:00:00Z", "MessageID": identifier}
        if kind == "delayed":
            results.append({**result, "Message": "Message accepted, but delivery may be delayed."})
        else:
            results.append({**result, "ErrorCode": 0, "Message": said})
    return results


def prose_of(code: int, message: dict[str, Any]) -> str:
    """Postmark's words for an ErrorCode."""
    return {
        300: f"Invalid 'To' address: '{message['To']}'.",
        400: f"The 'From' address you supplied ({message['From']}) is not a Sender Signature on your account.",
        406: f"{INACTIVE}\nFound inactive addresses: {message['To'].lower()}.",
    }.get(code, "An error")


class Connection(asyncio.BufferedProtocol):
    """One connection. The body is received straight into a buffer of its announced size."""

    def __init__(self, postmark: Postmark) -> None:
        self.postmark = postmark
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
        self.postmark.connections += 1

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
        if self.line.startswith("POST") and self.postmark.script[:1] == ["refuse"]:
            self.postmark.step()
            self.reset()

    def answer(self, body: bytes) -> None:
        """Do with a whole request what the script says."""
        method, path, _ = self.line.split(" ")
        if method == "GET" and path == "/count":
            counts = {"requests": self.postmark.requests, "messages": self.postmark.messages}
            self.reply(200, orjson.dumps(counts))
        elif method != "POST" or path not in ("/email/batch", "/email"):
            self.reply(404, b'{"ErrorCode":404,"Message":"not found"}')
        else:
            self.judge(path, body)

    def judge(self, path: str, body: bytes) -> None:
        """Check the call strictly, then behave as told."""
        word = self.postmark.step()
        faults = faults_of_request(self.headers, body, self.postmark.token)
        if "token" in faults:
            return self.error(401, 10, "Request does not contain a valid Server token.")
        messages = orjson.loads(body) if path == "/email/batch" else [orjson.loads(body)]
        faults += faults_of_batch(messages)
        for message in messages:
            faults += faults_of_message(message)
        if self.postmark.specification is not None:
            faults += self.postmark.specification.faults(path, self.headers, body)
        if faults:
            self.postmark.violations += faults
            return self.error(422, 300, "; ".join(faults)[:500])
        poisoned = [message["To"] for message in messages if "poison@" in message["To"]]
        if poisoned:
            return self.error(422, 300, f"Invalid 'To' address: '{poisoned[0]}'.")
        return self.behave(word, messages)

    def behave(self, word: str, messages: list[dict[str, Any]]) -> None:
        """One word of the script."""
        kind, _, rest = word.partition(":")
        if kind.isdigit():
            return self.turn_down(int(kind), rest)
        answer = orjson.dumps(results_of(self.postmark, messages, word))
        match kind:
            case "silence":
                return None
            case "close":
                return self.transport.close()
            case "reset":
                return self.reset()
            case "500-after":
                return self.reply(500, b"Internal Server Error", "text/plain")
            case "truncated":
                self.reply(200, answer[: len(answer) // 2], length=len(answer))
                return self.transport.close()
            case "bye":
                self.reply(200, answer)
                return self.transport.close()
            case "html":
                return self.reply(200, b"<html>a proxy's page</html>", "text/html")
            case "object":
                return self.reply(200, b"{}")
            case "short":
                return self.reply(200, orjson.dumps(orjson.loads(answer)[:-1]))
            case "no-id":
                return self.reply(
                    200, b"[%s]" % b",".join([b'{"ErrorCode":0,"Message":"OK"}'] * len(messages))
                )
            case "slow" | "drip" | "endless":
                return self.later(kind, answer, float(rest or 0.05))
            case _:
                return self.reply(200, answer)

    def turn_down(self, status: int, rest: str) -> None:
        """Answer an error; nothing was accepted."""
        if status == 429:
            extra = f"Retry-After: {rest}\r\n" if rest else ""
            return self.reply(429, b'{"ErrorCode":429,"Message":"Rate limit exceeded"}', extra=extra)
        codes = {401: 10, 422: 300, 503: 100}
        return self.error(status, int(rest or codes.get(status, 0)), f"status {status}")

    def later(self, kind: str, answer: bytes, seconds: float) -> None:
        """Answer in a task of its own."""

        async def run() -> None:
            if kind == "slow":
                await asyncio.sleep(seconds)
                self.reply(200, answer)
                return
            size = len(answer) if kind == "drip" else 10**9
            self.transport.write(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
            for byte in answer if kind == "drip" else range(1000):
                if self.transport.is_closing():
                    return
                self.transport.write(bytes((byte,)) if kind == "drip" else b" " * 1_000_000)
                await asyncio.sleep(seconds if kind == "drip" else 0.01)

        task = asyncio.get_running_loop().create_task(run())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def error(self, status: int, code: int, message: str) -> None:
        """An error in Postmark's words."""
        self.reply(status, orjson.dumps({"ErrorCode": code, "Message": message}))

    def reply(
        self,
        status: int,
        body: bytes,
        kind: str = "application/json",
        *,
        length: int | None = None,
        extra: str = "",
    ) -> None:
        """Write an answer."""
        size = len(body) if length is None else length
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n{extra}\r\n"
        self.transport.write(head.encode() + body)

    def reset(self) -> None:
        """Break the connection off with an RST."""
        plug = self.transport.get_extra_info("socket")
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


@contextlib.contextmanager
def running(postmark: Postmark) -> Iterator[str]:
    """The server in a thread of this process; its address."""
    with serving(lambda: Connection(postmark)) as port:
        yield f"http://127.0.0.1:{port}"


async def serve_alone(postmark: Postmark, port: int) -> None:
    """The server as its own process."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(postmark), "127.0.0.1", port, backlog=256)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    """See the top of this file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--script", default="")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--specification", type=Path)
    parser.add_argument("--count-only", action="store_true")
    options = parser.parse_args()
    if options.count_only:
        return counting.serve(options.port)
    postmark = Postmark(
        token=options.token,
        script=options.script,
        log=options.log,
        specification=options.specification,
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve_alone(postmark, options.port))


if __name__ == "__main__":
    main()
