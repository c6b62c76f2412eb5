"""Where a feed comes from: the web, or a file of the workspace; whatever goes wrong is one kind of error."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.content.entries import FeedDocument
from engine.content.feeds import read_feed
from engine.errors import AddressRefused, BadAnswer, FeedUnreadable, NetworkError, TooLarge
from engine.network.pages import Fetched, FetchLimits, NotModified, Validators


@dataclass(frozen=True, slots=True)
class FeedRead:
    """A feed that was read. `moved_to`: its new address if it moved for good, else "". Keep `validators`."""

    document: FeedDocument
    validators: Validators
    moved_to: str = ""


def read_source(
    url: str,
    *,
    workspace: Path,
    validators: Validators | None = None,
    limits: FetchLimits | None = None,
    allow_private: bool = False,
    known_posts: int = 0,
) -> FeedRead | NotModified:
    """The feed at `url`: an http(s) address, or the path of a file inside the workspace.

    Args:
        url: as written in config/feeds.yaml.
        workspace: the workspace's folder.
        validators: what the last read gave, to ask "has it changed?".
        limits: of size and time.
        allow_private: `allow_private_networks` of config/project.yaml.
        known_posts: how many posts earlier reads found.

    Raises:
        FeedUnreadable: not reachable, not allowed, or not a feed. The NetworkError behind it is its cause.
    """
    limits = limits or FetchLimits()
    if not is_address(url):
        content = read_inside(workspace, url, limits.most_bytes)
        return FeedRead(read_feed(content, "", url, known_posts=known_posts), Validators())
    from engine.network.fetch import fetch

    try:
        page = fetch(url, validators=validators, limits=limits, allow_private=allow_private)
    except NetworkError as error:
        raise FeedUnreadable(error.message, help=error.help) from error
    if isinstance(page, NotModified):
        return page
    return _read(page, known_posts)


def _read(page: Fetched, known_posts: int) -> FeedRead:
    document = read_feed(page.content, page.content_type, page.url, known_posts=known_posts)
    return FeedRead(document, page.validators, page.moved_to)


def is_gone(error: FeedUnreadable) -> bool:
    """Whether the server said the feed is gone for good (410): stop asking, tell the owner."""
    return isinstance(error.__cause__, BadAnswer) and error.__cause__.status == 410


def is_passing(error: FeedUnreadable) -> bool:
    """Whether the site could not be asked just now, as opposed to answering with something that is no feed."""
    cause = error.__cause__
    if isinstance(cause, BadAnswer):
        return cause.status >= 500 or cause.status in (408, 425, 429)
    return isinstance(cause, NetworkError) and not isinstance(cause, AddressRefused | TooLarge)


def is_address(url: str) -> bool:
    """Whether `url` is an address, as opposed to a path."""
    return "://" in url


def read_inside(workspace: Path, path: str, most_bytes: int) -> bytes:
    """The bytes of a file of the workspace, wherever links on the way lead; nothing outside is read."""
    root = workspace.resolve()
    try:
        target = (root / path).resolve()
        if not target.is_relative_to(root):
            raise FeedUnreadable(
                f"`{path}` lies outside the workspace", help="put the file into the workspace"
            ) from AddressRefused(path)
        if not target.is_file():
            raise FeedUnreadable(f"there is no file `{path}`", help="paths start at the workspace's folder")
        with target.open("rb") as file:
            content = file.read(most_bytes + 1)
    except (OSError, ValueError) as error:
        raise FeedUnreadable(f"`{path}` cannot be read ({error})", help="check its permissions") from error
    if len(content) > most_bytes:
        raise FeedUnreadable(
            f"`{path}` is larger than {most_bytes / 1_000_000:g} MB", help="keep fewer posts in it"
        )
    return content
