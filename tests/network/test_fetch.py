"""Fetching from a real server that behaves, and from servers that do not."""

from __future__ import annotations

import gzip
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from engine.errors import AddressRefused, BadAnswer, NetworkError, TooLarge, TooSlow
from engine.network.fetch import Fetched, FetchLimits, NotModified, Validators, fetch
from tests.network.site import Site, open_site

FEED = b"<rss version='2.0'><channel><title>t</title></channel></rss>"
SMALL = FetchLimits(most_bytes=100_000, seconds=5)


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as running:
        yield running


def page(url: str, limits: FetchLimits = SMALL) -> Fetched:
    found = fetch(url, limits=limits, allow_private=True)
    assert isinstance(found, Fetched)
    return found


def test_a_page_comes_with_its_type_and_validators(site: Site) -> None:
    url = site.answer(
        "/feed", FEED, Content_Type="application/rss+xml", ETag='"v1"', Last_Modified="yesterday"
    )
    found = page(url)
    assert found == Fetched(url, FEED, "application/rss+xml", Validators('"v1"', "yesterday"))
    assert "Touchbase" in site.asked[0][1]["user-agent"]


def test_the_next_question_is_conditional_and_not_modified_is_believed(site: Site) -> None:
    url = site.answer("/feed", status=304)
    found = fetch(url, validators=Validators('"v1"', "yesterday"), allow_private=True)
    assert found == NotModified(url, Validators('"v1"', "yesterday", used=1))
    assert site.asked[0][1]["if-none-match"] == '"v1"'
    assert site.asked[0][1]["if-modified-since"] == "yesterday"


def test_every_seventh_question_has_no_condition(site: Site) -> None:
    url = site.answer("/feed", FEED, ETag='"broken for ever"')
    found = fetch(url, validators=Validators('"v1"', used=6), allow_private=True)
    assert isinstance(found, Fetched)
    assert found.validators.used == 0
    assert "if-none-match" not in site.asked[0][1]


def test_not_modified_without_a_condition_is_an_error(site: Site) -> None:
    with pytest.raises(BadAnswer, match="304"):
        page(site.answer("/feed", status=304))


@pytest.mark.parametrize("value", ['"' + "x" * 2000 + '"', '"caf\xe9"'])
def test_a_monstrous_validator_is_dropped_not_cut(site: Site, value: str) -> None:
    assert page(site.answer("/feed", FEED, ETag=value)).validators == Validators()


@pytest.mark.parametrize(
    ("packing", "packed"),
    [
        ("gzip", gzip.compress(FEED, mtime=0)),
        ("gzip", gzip.compress(FEED[:20], mtime=0) + gzip.compress(FEED[20:], mtime=0)),
        ("gzip", gzip.compress(FEED, mtime=0) + b"\0\0rubbish"),
        ("deflate", zlib.compress(FEED)),
        ("deflate", zlib.compress(FEED)[2:-4]),
    ],
)
def test_packed_pages_are_unpacked(site: Site, packing: str, packed: bytes) -> None:
    assert page(site.answer("/feed", packed, Content_Encoding=packing)).content == FEED


@pytest.mark.parametrize(
    ("packing", "packed"),
    [("gzip", b"not gzip at all"), ("gzip", gzip.compress(FEED, mtime=0)[:-12]), ("br", b"x")],
)
def test_a_page_that_cannot_be_unpacked_is_a_network_error(site: Site, packing: str, packed: bytes) -> None:
    with pytest.raises(NetworkError):
        page(site.answer("/feed", packed, Content_Encoding=packing))


def test_a_gzip_bomb_is_stopped_at_the_limit_and_costs_no_memory(site: Site) -> None:
    bomb = gzip.compress(bytes(200_000_000), 9)
    url = site.answer("/bomb", bomb, Content_Encoding="gzip")
    tracemalloc.start()
    with pytest.raises(TooLarge, match="more than 5 MB"):
        page(url, FetchLimits())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 25_000_000


def test_an_endless_page_is_stopped_at_the_limit(site: Site) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        while True:
            handler.wfile.write(b"2000\r\n" + bytes(0x2000) + b"\r\n")

    site.pages["/endless"] = endless
    with pytest.raises(TooLarge):
        page(site.root + "/endless")


def drip_body(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b"x")
        time.sleep(0.05)


def drip_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(1000):
        handler.wfile.write(b"X-%d: y\r\n" % number)
        time.sleep(0.05)


def say_nothing(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(1.5)


@pytest.mark.parametrize("slow", [drip_body, drip_headers, say_nothing])
def test_a_dripping_server_cannot_stretch_the_deadline(site: Site, slow: object) -> None:
    site.pages["/slow"] = slow  # type: ignore[assignment]
    with pytest.raises(TooSlow, match=r"within 0\.4 seconds"):
        page(site.root + "/slow", FetchLimits(seconds=0.4))


def test_a_page_that_breaks_off_is_a_network_error(site: Site) -> None:
    def broken(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"<rss>")
        handler.close_connection = True

    site.pages["/broken"] = broken
    with pytest.raises(NetworkError, match="broke off"):
        page(site.root + "/broken")


def test_a_server_that_is_not_there_is_a_network_error(site: Site) -> None:
    with pytest.raises(NetworkError, match="does not answer"):
        page("http://127.0.0.1:1/feed")


def test_a_permanent_move_is_told_and_a_temporary_one_is_not(site: Site) -> None:
    here = site.answer("/feed", FEED)
    assert page(site.answer("/old", status=301, Location="/feed")).moved_to == here
    assert page(site.answer("/away", status=302, Location="/feed")).moved_to == ""
    mixed = page(site.answer("/mixed", status=301, Location="/away"))
    assert (mixed.url, mixed.moved_to) == (here, site.root + "/away")


def test_redirects_end(site: Site) -> None:
    site.answer("/a", status=302, Location="/b")
    circle = site.answer("/b", status=302, Location="/a")
    for number in range(10):
        site.answer(f"/{number}", status=302, Location=f"/{number + 1}")
    with pytest.raises(NetworkError, match="in a circle"):
        page(circle)
    with pytest.raises(NetworkError, match="more than 5 times"):
        page(site.root + "/0")
    site.answer("/10", FEED)
    assert page(site.root + "/5").content == FEED


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://0.0.0.0/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "javascript:alert(1)",
    ],
)
def test_a_redirect_to_a_forbidden_place_is_refused(site: Site, location: str) -> None:
    with pytest.raises(AddressRefused):
        page(site.answer("/trap", status=302, Location=location))


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://example.org/feed", "feed.xml", "http://", "", "http://\0"]
)
def test_only_web_addresses_are_fetched(url: str) -> None:
    with pytest.raises(AddressRefused):
        fetch(url, allow_private=True)


def test_this_machine_is_refused_unless_allowed(site: Site) -> None:
    url = site.answer("/feed", FEED)
    with pytest.raises(AddressRefused, match="port"):
        fetch(url)
    with pytest.raises(AddressRefused, match="this machine itself"):
        fetch("http://127.0.0.1/feed")
    assert site.asked == []


def test_an_error_status_is_told_with_its_remedy(site: Site) -> None:
    with pytest.raises(BadAnswer, match="404") as missing:
        page(site.root + "/nothing")
    assert missing.value.status == 404
    with pytest.raises(BadAnswer) as gone:
        page(site.answer("/gone", status=410))
    assert "for good" in gone.value.help
    with pytest.raises(BadAnswer) as busy:
        page(site.answer("/busy", status=429, Retry_After="999999999"))
    assert busy.value.retry_after == 86_400


def test_a_password_goes_to_its_own_server_only_and_is_never_shown(site: Site) -> None:
    with open_site() as other:
        other.answer("/feed", FEED)
        site.answer("/there", status=302, Location=other.root + "/feed")
        site.answer("/here", status=302, Location="/there")
        found = page(site.root.replace("//", "//ann:secret@") + "/here")
        assert [headers.get("authorization", "") != "" for _, headers in site.asked] == [True, True]
        assert "authorization" not in other.asked[0][1]
        assert "secret" not in found.url
    with pytest.raises(BadAnswer) as caught:
        page(site.root.replace("//", "//ann:secret@") + "/nothing")
    assert "secret" not in caught.value.message


class TestWithAPretendedPublicAddress:
    """127.0.0.5 plays a public server, so that what lies behind it can be shown to be refused."""

    @pytest.fixture
    def public(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
        from engine.network import addresses, guarded

        real = addresses.refusal
        monkeypatch.setattr(
            addresses,
            "refusal",
            lambda address, **kw: "" if str(address) == "127.0.0.5" else real(address, **kw),
        )
        with open_site("127.0.0.5") as running:
            monkeypatch.setattr(guarded, "STANDARD_PORTS", frozenset({80, running.port}))
            yield running

    def test_a_redirect_into_the_house_is_refused(self, public: Site) -> None:
        for inside in ("http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://10.0.0.1/"):
            with pytest.raises(AddressRefused, match="not public"):
                fetch(public.answer("/trap", status=302, Location=inside))

    def test_a_name_that_changes_its_answer_gains_nothing(
        self, public: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lookups: list[str] = []

        def rebinding(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
            if host[0].isdigit():  # the socket module turns a written address into bytes this way too
                return [(2, 1, 6, "", (host, port))]
            lookups.append(host)
            address = "127.0.0.5" if len(lookups) == 1 else "127.0.0.1"
            return [(2, 1, 6, "", (address, port))]

        public.answer("/feed", FEED)
        monkeypatch.setattr("socket.getaddrinfo", rebinding)
        found = fetch(f"http://rebinding.example:{public.port}/feed")
        assert isinstance(found, Fetched)
        assert lookups == ["rebinding.example"]
        assert public.asked[0][1]["host"] == f"rebinding.example:{public.port}"
