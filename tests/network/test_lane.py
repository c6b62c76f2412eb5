"""The lane: one connection, and the truth about what may have left."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest

from engine.errors import AddressRefused, NetworkError, NotSent, Unknown
from engine.network.lane import Answer, Lane, Patience
from engine.network.line import Abandoned, Progress, proxy_for, proxy_headers
from tests.doubles import postmark as double
from tests.doubles.threaded import serving

SHORT = Patience(connect=1, quiet=0.3, whole=0.6)


class Speaker(asyncio.Protocol):
    """A server that says one thing when it has heard a body, and remembers everything it heard."""

    def __init__(self, said: bytes, heard: bytearray, *, hang_up: bool = False) -> None:
        self.said, self.heard, self.hang_up = said, heard, hang_up

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard += data
        body = self.heard.partition(b"\r\n\r\n")[2]
        if body:
            self.transport.write(self.said)
        if body and self.hang_up:
            self.transport.close()


def post(port: int, body: bytes = b"[]", *, scheme: str = "http", lane: Lane | None = None) -> Answer:
    """One call to a port of this machine."""

    async def call() -> Answer:
        made = lane or Lane(
            f"{scheme}://127.0.0.1:{port}", {"X-A": "1"}, allow_private_networks=True, patience=SHORT
        )
        try:
            return await made.post("/path", body)
        finally:
            await made.close()

    return asyncio.run(call())


def test_a_call_carries_the_headers_and_exactly_the_bytes() -> None:
    heard = bytearray()
    answer = b"HTTP/1.1 200 OK\r\nX-Request: 7\r\nContent-Length: 2\r\n\r\n{}"
    with serving(lambda: Speaker(answer, heard)) as port:
        got = post(port, b"\x00\xffbody")
    assert got == Answer(200, {"x-request": "7", "content-length": "2"}, b"{}")
    head, _, body = bytes(heard).partition(b"\r\n\r\n")
    assert body == b"\x00\xffbody"
    assert head.startswith(b"POST /path HTTP/1.1\r\n")
    assert b"\r\nX-A: 1" in head
    assert b"\r\nContent-Length: 6" in head


def test_an_answer_in_chunks_is_read_whole() -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    with serving(lambda: Speaker(answer, bytearray())) as port:
        assert post(port).body == b"{}"


BROKEN = {
    "nothing at all": b"",
    "not HTTP": b"220 mail.example ESMTP\r\n",
    "cut short": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
    "cut short in chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf",
    "headers without end": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000,
}


@pytest.mark.parametrize("said", BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_after_the_body_is_unknown(said: bytes) -> None:
    heard = bytearray()
    with serving(lambda: Speaker(said, heard, hang_up=True)) as port, pytest.raises(Unknown):
        post(port)
    assert heard.endswith(b"[]")


def test_a_silent_server_is_left_in_time_and_the_batch_unknown() -> None:
    started = time.monotonic()
    with serving(lambda: Speaker(b"", bytearray())) as port, pytest.raises(Unknown, match="may have been"):
        post(port)
    assert time.monotonic() - started < 5


def test_a_server_that_cannot_speak_tls_gets_no_byte_of_the_body() -> None:
    heard = bytearray()
    with serving(lambda: Speaker(b"HTTP/1.1 400 Bad\r\n\r\n", heard)) as port, pytest.raises(NotSent):
        post(port, b"secret", scheme="https")
    assert b"secret" not in heard


def test_a_certificate_nobody_vouches_for_ends_it_before_the_token(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    request = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run(
        ["openssl", *request.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    heard = bytearray()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    with serving(lambda: Speaker(answer, heard), tls=tls) as port:
        with pytest.raises(NotSent, match="certificate"):
            post(port, scheme="https")
        assert heard == b""
        trusting = Lane(f"https://127.0.0.1:{port}", {}, allow_private_networks=True, patience=SHORT)

        async def trusted() -> Answer:
            await trusting.open()
            assert trusting.line is not None
            trusting.line.tls = ssl.create_default_context(cafile=str(certificate))
            try:
                return await trusting.post("/", b"[]")
            finally:
                await trusting.close()

        assert asyncio.run(trusted()).status == 200


def test_nobody_there_is_not_sent() -> None:
    with serving(lambda: Speaker(b"", bytearray())) as port:
        pass
    with pytest.raises(NotSent, match="nobody listens"):
        post(port)


def test_a_name_that_does_not_exist_is_not_sent() -> None:
    with pytest.raises(NotSent):
        asyncio.run(Lane("https://nobody.invalid", {}).open())


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:1", "https://[::1]:1"])
def test_this_machine_is_refused_unless_allowed(url: str) -> None:
    with pytest.raises(AddressRefused):
        asyncio.run(Lane(url, {}).open())


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1", "https://"])
def test_what_is_no_web_address_is_said_so(url: str) -> None:
    with pytest.raises(NetworkError, match="not a web address"):
        asyncio.run(Lane(url, {}, allow_private_networks=True).open())


def test_a_refusal_while_the_body_is_under_way_is_heard() -> None:
    """A server may answer 413 and close before it has read 20 MB; that answer says that nothing was taken."""
    answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    heard = bytearray()

    class Refuser(Speaker):
        def data_received(self, data: bytes) -> None:
            if not self.heard:
                self.transport.write(answer)
            self.heard += data[:1]

    with serving(lambda: Refuser(answer, heard)) as port:
        lane = Lane(f"http://127.0.0.1:{port}", {}, allow_private_networks=True)
        assert post(port, b"x" * 20_000_000, lane=lane).status == 413


def test_a_lane_works_again_after_it_gave_up() -> None:
    server = double.Postmark()
    server.follow("silence")
    body = b'[{"From":"a@b.example","To":"c@d.example","Subject":"s","TextBody":"t"}]'
    headers = {
        "X-Postmark-Server-Token": double.TOKEN,
        "Content-Type": "application/json",
        "Accept": "application/json",
    }

    async def twice(url: str) -> int:
        lane = Lane(url, headers, allow_private_networks=True, patience=SHORT)
        with pytest.raises(Unknown):
            await lane.post("/email/batch", body)
        answer = await lane.post("/email/batch", body)
        await lane.close()
        return answer.status

    with double.running(server) as url:
        assert asyncio.run(twice(url)) == 200
    assert len(server.accepted) == 2


def test_a_call_given_up_before_its_body_never_sends_it() -> None:
    progress = Progress()
    progress.abandon()
    with pytest.raises(Abandoned):
        progress.begin()
    assert not progress.begun


def test_giving_up_and_beginning_never_both_happen() -> None:
    for _ in range(200):
        progress, sent = Progress(), []

        def call(progress: Progress = progress, sent: list[bool] = sent) -> None:
            try:
                progress.begin()
                sent.append(True)
            except Abandoned:
                pass

        thread = threading.Thread(target=call)
        thread.start()
        progress.abandon()
        told = progress.begun
        thread.join()
        assert told == bool(sent)


def test_a_cancelled_call_hangs_up() -> None:
    async def cancelled(port: int) -> None:
        lane = Lane(f"http://127.0.0.1:{port}", {}, allow_private_networks=True)
        call = asyncio.ensure_future(lane.post("/", b"[]"))
        await asyncio.sleep(0.1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert lane.line is None

    with serving(lambda: Speaker(b"", bytearray())) as port:
        asyncio.run(cancelled(port))


def test_a_proxy_of_the_environment_is_used_but_never_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from urllib.parse import urlsplit

    monkeypatch.setenv("https_proxy", "http://us%40er:secret@proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    proxy = proxy_for(urlsplit("https://api.example.com"))
    assert proxy is not None
    assert (proxy.hostname, proxy.port) == ("proxy.example", 3128)
    assert proxy_headers(proxy) == {"Proxy-Authorization": "Basic dXNAZXI6c2VjcmV0"}
    assert proxy_for(urlsplit("https://127.0.0.1:8443")) is None
    assert proxy_for(urlsplit("https://api.inside.example")) is None
