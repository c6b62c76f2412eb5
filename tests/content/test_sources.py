"""A feed from a real server or a file of the workspace; whatever goes wrong is one kind of error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.content.sources import FeedRead, is_gone, read_source
from engine.errors import FeedUnreadable
from engine.network.fetch import FetchLimits, NotModified
from tests.content.test_feeds import rss
from tests.network.site import Site, open_site

FEED = rss("<item><title>One</title><link>/one</link></item>")


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as running:
        yield running


def test_a_feed_is_read_from_the_web_and_asked_again_by_its_validator(site: Site, tmp_path: Path) -> None:
    url = site.answer("/feed", FEED, ETag='"1"', Content_Type="application/rss+xml")
    found = read_source(url, workspace=tmp_path, allow_private=True)
    assert isinstance(found, FeedRead)
    assert found.document.entries[0].link == site.root + "/one"
    site.answer("/feed", status=304)
    again = read_source(url, workspace=tmp_path, allow_private=True, validators=found.validators)
    assert isinstance(again, NotModified)


def test_every_failure_is_unreadable_with_its_cause(site: Site, tmp_path: Path) -> None:
    site.answer("/moved", status=302, Location="http://169.254.169.254/")
    site.answer("/gone", status=410)
    site.answer("/login", b"<html><input type=password></html>", Content_Type="text/html")
    for path in ("/missing", "/moved", "/gone", "/login"):
        with pytest.raises(FeedUnreadable) as caught:
            read_source(site.root + path, workspace=tmp_path, allow_private=True)
        assert caught.value.help
        assert is_gone(caught.value) is (path == "/gone")
    with pytest.raises(FeedUnreadable, match="not public"):
        read_source("http://127.0.0.1/feed", workspace=tmp_path)


def test_a_feed_may_be_a_file_of_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "feed.xml").write_bytes(FEED)
    found = read_source("samples/feed.xml", workspace=tmp_path)
    assert isinstance(found, FeedRead)
    assert found.document.entries[0].link == "https://blog.example/one"


def test_nothing_outside_the_workspace_is_read(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (tmp_path / "secret.xml").write_bytes(FEED)
    (workspace / "link.xml").symlink_to(tmp_path / "secret.xml")
    for path in ("../secret.xml", str(tmp_path / "secret.xml"), "link.xml"):
        with pytest.raises(FeedUnreadable, match="outside the workspace"):
            read_source(path, workspace=workspace)
    for path in ("nothing.xml", ".", "a\0b"):
        with pytest.raises(FeedUnreadable):
            read_source(path, workspace=workspace)
    with pytest.raises(FeedUnreadable, match="not a web address"):
        read_source("file:///etc/passwd", workspace=workspace)


def test_a_file_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_bytes(FEED)
    with pytest.raises(FeedUnreadable, match="larger"):
        read_source("feed.xml", workspace=tmp_path, limits=FetchLimits(most_bytes=10))
