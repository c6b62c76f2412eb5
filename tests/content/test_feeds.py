"""Bytes become a feed, or a sentence about what they are instead; hostile bytes become nothing worse."""

from __future__ import annotations

import builtins
import html
import json
import socket
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.content.feeds import read_feed
from engine.content.posts import posts_of
from engine.errors import FeedUnreadable

URL = "https://blog.example/feed.xml"


def rss(items: str, head: str = "") -> bytes:
    return (
        f"<rss version='2.0'><channel><title>Blog</title><link>https://blog.example/</link>{head}{items}"
        "</channel></rss>"
    ).encode()


def test_an_empty_page_is_unreadable() -> None:
    for content in (b"", b" \r\n ", b"\xef\xbb\xbf", b"\0\0"):
        with pytest.raises(FeedUnreadable, match="empty page"):
            read_feed(content, "", URL)


def test_a_web_page_is_unreadable_and_its_feed_is_named() -> None:
    page = b"""<!doctype html><html><head>
      <link href="/rss?a=1&amp;b=2" type="application/rss+xml" rel="alternate"></head><body>Hi</body></html>"""
    with pytest.raises(FeedUnreadable, match="web page") as caught:
        read_feed(page, "text/html", URL)
    assert "https://blog.example/rss?a=1&b=2" in caught.value.help
    with pytest.raises(FeedUnreadable, match="web page"):
        read_feed(b"<html><body><h1>503</h1></body></html>", "application/rss+xml", URL)


def test_a_login_page_is_called_one() -> None:
    page = b"<html><body><form><input name=user><input type=password></form></body></html>"
    with pytest.raises(FeedUnreadable, match="login page"):
        read_feed(page, "text/html", URL)


@pytest.mark.parametrize(
    "content",
    [b"<note><to>Tove</to></note>", b"just words", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7", b"[1, 2]", b"{}"],
)
def test_what_is_no_feed_is_unreadable(content: bytes) -> None:
    with pytest.raises(FeedUnreadable, match=r"not a (JSON F|f)eed"):
        read_feed(content, "", URL)


def test_a_feed_that_breaks_off_is_unreadable_at_every_byte_of_an_entry() -> None:
    whole = rss("<item><title>One</title></item><item><title>Two &amp; more</title><guid>2</guid></item>")
    start, end = whole.index(b"<item"), whole.index(b"</item></channel>") + len(b"</item>")
    between = whole.index(b"</item><item>") + len(b"</item>")
    for cut in range(start, end):
        if cut in range(between, between + len(b"<item")):
            continue  # nothing of the second entry is there yet
        with pytest.raises(FeedUnreadable, match="broke off"):
            read_feed(whole[:cut], "", URL)
    assert len(read_feed(whole[:between], "", URL).entries) == 1


def test_json_that_breaks_off_is_unreadable() -> None:
    with pytest.raises(FeedUnreadable, match="not complete JSON"):
        read_feed(b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1"}', "", URL)
    with pytest.raises(FeedUnreadable, match="not complete JSON"):
        read_feed(b'{"items": ' + b"[" * 100_000, "", URL)


def test_a_feed_without_posts_is_fine_until_it_has_had_some() -> None:
    assert read_feed(rss(""), "", URL).entries == ()
    with pytest.raises(FeedUnreadable, match="no posts at all, but had 12 before"):
        read_feed(rss(""), "", URL, known_posts=12)
    with pytest.raises(FeedUnreadable, match="no posts at all"):
        read_feed(b'{"version": "1", "items": []}', "", URL, known_posts=1)


@pytest.mark.parametrize("oldest_first", [True, False])
def test_of_a_long_archive_the_newest_thousand_are_read_wherever_they_stand(oldest_first: bool) -> None:
    def number(place: int) -> int:
        return place if oldest_first else 1499 - place

    start = datetime(2020, 1, 1, tzinfo=UTC)
    dates = [start + timedelta(days=number(place)) for place in range(1500)]
    items = "".join(
        f"<item><title>{number(place)}</title><pubDate>{date:%d %b %Y %H:%M:%S} GMT</pubDate></item>"
        for place, date in enumerate(dates)
    )
    objects = [
        {"title": str(number(place)), "date_published": date.isoformat()} for place, date in enumerate(dates)
    ]
    for content in (rss(items), json.dumps({"version": "1.1", "items": objects}).encode()):
        read = [int(entry.title.value) for entry in read_feed(content, "", URL).entries]
        assert read == [number(place) for place in range(1500) if number(place) >= 500]


def test_of_a_long_archive_without_dates_the_first_thousand_are_read() -> None:
    items = "".join(f"<item><title>{number}</title></item>" for number in range(1200))
    assert [int(entry.title.value) for entry in read_feed(rss(items), "", URL).entries] == [*range(1000)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "iso-8859-1"])
def test_every_encoding_that_names_itself_is_read(encoding: str) -> None:
    name = encoding.removesuffix("-sig").removesuffix("-le")
    text = (
        f"<?xml version='1.0' encoding='{name}'?>"
        + rss("<item><title>Café à la crème</title></item>").decode()
    )
    assert read_feed(text.encode(encoding), "", URL).entries[0].title.value == "Café à la crème"


@pytest.mark.parametrize(
    "kind", ["text/xml", "application/rss+xml; charset=ISO-8859-1", "text/xml; charset=us-ascii"]
)
@pytest.mark.parametrize("declared", ["utf-8", "iso-8859-1"])
def test_utf_8_is_recognised_whatever_is_declared(kind: str, declared: str) -> None:
    text = (
        f"<?xml version='1.0' encoding='{declared}'?>"
        + rss("<item><title>Über Größe</title></item>").decode()
    )
    assert read_feed(text.encode("utf-8"), kind, URL).entries[0].title.value == "Über Größe"


class TestHostileFeeds:
    @pytest.fixture(autouse=True)
    def canaries(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither a file nor a socket may be opened while a feed is read."""
        read_feed(rss("<item/>"), "", URL)  # what is imported late is imported now

        def caught(*args: object, **_: object) -> None:
            raise AssertionError(f"opened {args}")

        monkeypatch.setattr(socket, "socket", caught)
        monkeypatch.setattr(socket, "getaddrinfo", caught)
        real = builtins.open

        def watched(file: object, *args: object, **kwargs: object) -> object:
            if "passwd" in str(file) or "canary" in str(file):
                caught(file)
            return real(file, *args, **kwargs)  # type: ignore[call-overload]

        monkeypatch.setattr(builtins, "open", watched)

    @pytest.mark.parametrize("place", ["file:///etc/passwd", "http://127.0.0.1:9/canary"])
    def test_external_entities_open_nothing(self, place: str) -> None:
        body = rss("<item><title>a&x;b</title></item>")
        for doctype in (
            f"<!DOCTYPE rss [<!ENTITY x SYSTEM '{place}'>]>",
            f"<!DOCTYPE rss SYSTEM '{place}'>",
            f"<!DOCTYPE rss [<!ENTITY % p SYSTEM '{place}'> %p;]>",
        ):
            try:
                document = read_feed(doctype.encode() + body, "", URL)
            except FeedUnreadable:
                continue
            assert "root:" not in repr(document)

    def test_a_billion_laughs_cost_nothing(self) -> None:
        laughs = "<!ENTITY a0 'ha'>" + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
        bomb = f"<?xml version='1.0'?><!DOCTYPE rss [{laughs}]>".encode() + rss(
            "<item><title>&a11;</title></item>"
        )
        tracemalloc.start()
        try:
            document = read_feed(bomb, "", URL)
            assert len(repr(document)) < 1_000_000
        except FeedUnreadable:
            pass
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < 50_000_000

    @pytest.mark.parametrize(
        ("items", "finding"),
        [
            ("<b>" * 5000, "nests more than 2000"),
            ("<item " + " ".join(f"a{n}='x'" for n in range(400)) + "/>", "hundreds of attributes"),
            ("<item></item>" * 50_000, "more than 20000 entries"),
        ],
    )
    def test_what_only_an_attack_looks_like_is_refused_before_it_is_parsed(
        self, items: str, finding: str
    ) -> None:
        with pytest.raises(FeedUnreadable, match=finding):
            read_feed(rss(items), "", URL)

    def test_entries_that_leave_their_paragraphs_open_are_no_attack(self) -> None:
        items = f"<item><title>x</title><description><![CDATA[{'<p>words' * 50}]]></description></item>" * 100
        assert len(read_feed(rss(items), "", URL).entries) == 100

    def test_a_path_or_address_as_content_is_never_opened(self) -> None:
        for content in (b"/etc/passwd", b"file:///etc/passwd", b"http://127.0.0.1:9/canary"):
            with pytest.raises(FeedUnreadable):
                read_feed(content, "", URL)

    def test_scripts_and_strange_links_do_not_survive(self) -> None:
        evil = html.escape(
            "<p onclick='x()'>Hi <a href='javascript:x()'>a</a><a href=' JaVa\tScript:x()'>b</a>"
            "<a href='data:text/html,x'>c</a><img src=x onerror=x()><svg onload=x()><script>x()</script></svg>"
            "<form action='https://evil.example'><input></form><iframe src='//evil.example'></iframe>"
            "<style>p{}</style><object data=x></object><math><mi xlink:href='javascript:x()'>m</mi></math></p>"
        )
        items = (
            f"<item><title>&lt;script&gt;x()&lt;/script&gt;News</title><link>javascript:x()</link>"
            f"<guid>javascript:x()</guid><description>{evil}</description>"
            "<enclosure url='javascript:x()' type='image/png'/></item>"
        )
        (post,) = posts_of(read_feed(rss(items), "", URL), "blog")
        assert (post.title, post.url) == ("News", "")
        assert post.image == "https://blog.example/x"
        for word in (
            "script",
            "onclick",
            "onerror",
            "onload",
            "data:",
            "<form",
            "<iframe",
            "<svg",
            "<style",
            "<object",
        ):
            assert word not in post.content.lower()

    def test_an_atom_text_title_is_taken_literally_and_its_plain_summary_is_escaped(self) -> None:
        atom = (
            b"<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title><entry><id>1</id>"
            b"<title type='text'>Using &lt;b&gt; in HTML</title>"
            b"<summary type='text'>&lt;script&gt;x()&lt;/script&gt;</summary></entry></feed>"
        )
        (post,) = posts_of(read_feed(atom, "", URL), "blog")
        assert post.title == "Using <b> in HTML"
        assert post.content == "<p>&lt;script&gt;x()&lt;/script&gt;</p>"

    def test_a_megabyte_of_title_and_a_mountain_of_tags_stay_small(self) -> None:
        mountain = html.escape("<div>" * 100_000 + "Top" + "</div>" * 100_000)
        items = f"<item><title>{'word ' * 200_000}</title><description>{mountain}</description></item>"
        (post,) = posts_of(read_feed(rss(items), "", URL), "blog")
        assert len(post.title) <= 300
        assert post.title.endswith("word…")
        assert len(post.content) < 1000

    def test_invisible_characters_leave_titles(self) -> None:
        title = "A\u202egpj.exe\u202c\u200b\u2066b\u2069\ufeff\u2028c"
        items = f"<item><title>{title}</title></item><item><title>x&#0;&#8;y</title></item>"
        titles = [post.title for post in posts_of(read_feed(rss(items), "", URL), "blog")]
        assert titles[0] == "Agpj.exeb c"
        assert not set(titles[1]) & set("\0\x08")

    @pytest.mark.parametrize(
        ("written", "read"),
        [
            ("&#xD800;", ""),
            ("&#0;", ""),
            ("&#x110000;", ""),
            ("&#999999999;", ""),
            ("&#55357;&#56832;", "\U0001f600"),
            ("&#xD83D;&#xDE00;", "\U0001f600"),
            ("&#55357;&#65;", "A"),
            ("&#65;&#56832;", "A"),
            ("&#128512;", "\U0001f600"),
        ],
    )
    @pytest.mark.parametrize("where", ["title", "link", "guid", "description", "category", "author"])
    def test_numbers_that_are_no_characters_leave_no_trace(self, where: str, written: str, read: str) -> None:
        title = "" if where == "title" else "<title>t</title>"
        items = f"<item>{title}<{where}>https://b.example/x{written}y</{where}></item>"
        (post,) = posts_of(read_feed(rss(items), "", URL), "blog")
        repr(post).encode()
        texts = [post.title, post.url, post.content, post.image, post.id, post.author, *post.topics]
        for text in texts:
            text.encode()
        if where == "title":
            assert post.title == f"https://b.example/x{read}y"

    def test_numbers_beyond_all_characters_in_another_encoding_are_unreadable_and_no_crash(self) -> None:
        text = (
            "<?xml version='1.0' encoding='utf-16'?>" + rss("<item><title>&#x110000;</title></item>").decode()
        )
        with pytest.raises(FeedUnreadable, match="confuses the parser"):
            read_feed(text.encode("utf-16"), "", URL)

    def test_raw_nul_bytes_do_no_harm(self) -> None:
        broken = rss("<item><title>a\0b</title><guid>1</guid></item>")
        (post,) = posts_of(read_feed(broken, "", URL), "blog")
        assert "\0" not in repr(post)


def test_a_feed_file_needs_no_address(tmp_path: Path) -> None:
    assert (
        read_feed(rss("<item><link>https://x.example/1</link></item>")).entries[0].link
        == "https://x.example/1"
    )
