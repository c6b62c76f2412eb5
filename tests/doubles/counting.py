"""A sink that only counts: takes batches as fast as the machine can hand them over, and answers like the real API.

    python -m tests.doubles.counting [--port 0]

It speaks as Postmark does, and to calls of SendGrid's as SendGrid does. GET /count says what has arrived.

One blocking thread per connection, one buffer per thread that is never given back: receiving 13 MB costs little
more than the copy itself, so that a benchmark measures the sender.
"""

from __future__ import annotations

import argparse
import socket
import threading

ONCE_PER_MESSAGE = (b'"MessageStream":"', b'"To":"', b'"to":[')
"""Postmark's, Postmark's without a stream, SendGrid's for each person. Inside a body quotes are escaped."""


class Counter:
    """What has arrived."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.requests = 0
        self.messages = 0
        self.bytes = 0

    def take(self, count: int, size: int) -> int:
        """Add a request with its messages; the number of the first."""
        with self.lock:
            first = self.messages
            self.requests += 1
            self.messages += count
            self.bytes += size
            return first


def serve(port: int) -> None:
    """Print the address, then answer for ever."""
    counter = Counter()
    with socket.create_server(("127.0.0.1", port), backlog=256) as listening:
        print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=converse, args=(connection, counter), daemon=True).start()


def converse(connection: socket.socket, counter: Counter) -> None:
    """Answer one connection's requests until it closes."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer = bytearray(1 << 16)
    held = 0
    with connection:
        while True:
            while (end := buffer.find(b"\r\n\r\n", 0, held)) < 0:
                count = connection.recv_into(memoryview(buffer)[held:])
                if not count:
                    return
                held += count
            head = bytes(buffer[:end]).lower()
            size = content_length(head)
            stop = end + 4 + size
            if stop + 65536 > len(buffer):
                buffer.extend(bytes(stop + 65536 - len(buffer)))
            view = memoryview(buffer)
            while held < stop:
                count = connection.recv_into(view[held:])
                if not count:
                    return
                held += count
            view.release()
            connection.sendall(answer(counter, head, buffer, end + 4, stop))
            buffer[: held - stop] = buffer[stop:held]
            held -= stop


def content_length(head: bytes) -> int:
    """The announced size of the body."""
    _, found, rest = head.partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


def answer(counter: Counter, head: bytes, buffer: bytearray, start: int, stop: int) -> bytes:
    """The whole answer to one request."""
    if head.startswith(b"get"):
        return reply(
            b'{"requests":%d,"messages":%d,"bytes":%d}' % (counter.requests, counter.messages, counter.bytes)
        )
    count = next((n for mark in ONCE_PER_MESSAGE if (n := buffer.count(mark, start, stop))), 0)
    first = counter.take(count, stop - start)
    if head.startswith(b"post /v3/mail/send"):
        return b"HTTP/1.1 202 Accepted\r\nX-Message-Id: counted-%d\r\nContent-Length: 0\r\n\r\n" % first
    results = b",".join(
        b'{"To":"x","SubmittedAt":"2026-11-23T10:00:00Z","MessageID":"%d","ErrorCode":0,"Message":"OK"}'
        % number
        for number in range(first, first + count)
    )
    return reply(b"[%s]" % results if head.startswith(b"post /email/batch") else results)


def reply(body: bytes) -> bytes:
    """A 200 with this body."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        len(body),
        body,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    serve(parser.parse_args().port)
