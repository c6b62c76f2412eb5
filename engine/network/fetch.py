"""Fetching one page, with limits of size, time and redirects and only from checked addresses."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpcore
import httpx

from engine import __version__
from engine.errors import AddressRefused, BadAnswer, NetworkError
from engine.network.guarded import Deadline, GuardedTransport
from engine.network.pages import Fetched, FetchLimits, NotModified, Validators
from engine.network.unpack import read_limited

USER_AGENT = f"Touchbase/{__version__} (newsletter engine)"
ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
MOST_VALIDATOR_BYTES = 1024
# A server with a broken ETag would say "not changed" for ever, so every seventh question has no condition.
CONDITIONAL_IN_A_ROW = 6
PERMANENT = frozenset({301, 308})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_RETRY_AFTER = 86_400.0

__all__ = ["FetchLimits", "Fetched", "NotModified", "Validators", "fetch"]


def fetch(
    url: str,
    *,
    validators: Validators | None = None,
    limits: FetchLimits | None = None,
    allow_private: bool = False,
) -> Fetched | NotModified:
    """The page at `url`, or NotModified when the server says it is the one `validators` came with.

    Raises:
        AddressRefused: it, or a page it redirects to, is not a public http(s) address.
        TooLarge: more bytes than `limits` allow.
        TooSlow: more seconds than that.
        BadAnswer: the server answered with an error; carries the status.
        NetworkError: not found, not reachable, broken off, redirects without end.
    """
    limits = limits or FetchLimits()
    deadline = Deadline(limits.seconds)
    start = _web_address(url)
    conditional = validators if validators and validators.used < CONDITIONAL_IN_A_ROW else None
    # The transport alone, without an httpx.Client: no proxies, which would look names up for us unchecked,
    # no cookies, and no judging of redirects before we do.
    with GuardedTransport(deadline, allow_private=allow_private) as transport:
        try:
            return _follow(transport, start, conditional, limits, deadline)
        except (httpcore.TimeoutException, httpx.TimeoutException) as error:
            raise deadline.missed() from error
        except (httpcore.ProtocolError, httpx.ProtocolError) as error:
            message = f"`{start.host}` broke off or did not speak HTTP ({error})"
            raise NetworkError(message, help="try again later") from error
        except (httpcore.NetworkError, httpx.HTTPError, OSError) as error:
            raise NetworkError(
                f"`{start.host}` could not be read ({error})", help="try again later"
            ) from error


def _follow(
    transport: GuardedTransport,
    start: httpx.URL,
    conditional: Validators | None,
    limits: FetchLimits,
    deadline: Deadline,
) -> Fetched | NotModified:
    """One request, and one more for each redirect, every address checked anew by the transport."""
    target, seen, moved_to, permanent = start, {start}, "", True
    while True:
        with _opened(transport, target, conditional) as response:
            location = response.headers.get("location", "")
            if response.status_code not in REDIRECTS or not location:
                return _answer(response, target, conditional, limits, deadline, moved_to)
        permanent = permanent and response.status_code in PERMANENT
        target = _redirected(target, location, start)
        moved_to = shown(target) if permanent else moved_to
        if target in seen or len(seen) > limits.redirects:
            how = "in a circle" if target in seen else f"more than {limits.redirects} times"
            raise NetworkError(
                f"`{shown(start)}` redirects {how}",
                help="open it in a browser and use the address it ends at",
            )
        seen.add(target)


@contextmanager
def _opened(
    transport: GuardedTransport, target: httpx.URL, conditional: Validators | None
) -> Iterator[httpx.Response]:
    """One request; its answer with the body still on the way."""
    request = httpx.Request("GET", target, headers=_headers(conditional, target))
    response = transport.handle_request(request)
    response.request = request
    try:
        yield response
    finally:
        response.close()


def _answer(
    response: httpx.Response,
    target: httpx.URL,
    conditional: Validators | None,
    limits: FetchLimits,
    deadline: Deadline,
    moved_to: str,
) -> Fetched | NotModified:
    """What the last page in the chain says."""
    if response.status_code == 304 and conditional is not None:
        asked = replace(conditional, used=conditional.used + 1)
        return NotModified(shown(target), asked, moved_to)
    if response.status_code != 200:
        raise _bad_answer(response, target)
    return Fetched(
        url=shown(target),
        content=read_limited(response, limits.most_bytes, deadline),
        content_type=response.headers.get("content-type", "")[:MOST_VALIDATOR_BYTES],
        validators=Validators(
            etag=_validator(response.headers.get("etag", "")),
            last_modified=_validator(response.headers.get("last-modified", "")),
        ),
        moved_to=moved_to,
    )


def _web_address(url: str) -> httpx.URL:
    """`url` as an http(s) address, or AddressRefused."""
    try:
        target = httpx.URL(url.strip()).copy_with(fragment=None)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise AddressRefused(f"`{url}` is not a web address", help="write it like https://…") from error
    if target.scheme not in ("http", "https") or not target.host:
        raise AddressRefused(
            f"`{shown(target)}` is not a web address",
            help="only addresses that begin with https:// or http://",
        )
    return target


def _redirected(here: httpx.URL, location: str, start: httpx.URL) -> httpx.URL:
    """Where a redirect leads. A name and password go only to the server they were written for."""
    try:
        there = _web_address(str(here.join(location)))
    except httpx.InvalidURL as error:
        raise AddressRefused(f"`{shown(here)}` redirects to nonsense", help="try again later") from error
    same_server = (there.scheme, there.host, there.port) == (start.scheme, start.host, start.port)
    return there.copy_with(userinfo=start.userinfo if same_server else b"")


def shown(url: httpx.URL) -> str:
    """The address as it may be shown and stored: without a name and password."""
    return str(url.copy_with(userinfo=b""))


def _headers(conditional: Validators | None, target: httpx.URL) -> dict[str, str]:
    # gzip and deflate only: what we cannot unpack within a limit we do not ask for.
    headers = {"User-Agent": USER_AGENT, "Accept": ACCEPT, "Accept-Encoding": "gzip, deflate"}
    if target.userinfo:
        pair = f"{target.username}:{target.password}".encode()
        headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
    if conditional and conditional.etag:
        headers["If-None-Match"] = conditional.etag
    if conditional and conditional.last_modified:
        headers["If-Modified-Since"] = conditional.last_modified
    return headers


def _validator(value: str) -> str:
    """A validator worth keeping: short, one line of ASCII. Anything else is dropped, not cut."""
    fits = len(value) <= MOST_VALIDATOR_BYTES and value.isascii() and value.isprintable()
    return value if fits else ""


def _bad_answer(response: httpx.Response, target: httpx.URL) -> BadAnswer:
    status = response.status_code
    help = {
        401: "it wants a login; use an address that needs none",
        403: "it does not let us in; ask whoever runs the site to allow it",
        404: "check the address; the page may have moved",
        410: "the page is gone for good; remove it or give its new address",
        429: "it was asked too often; wait before trying again",
    }.get(
        status, "try again later" if status >= 500 else "open the address in a browser to see what is there"
    )
    return BadAnswer(
        f"`{shown(target)}` answered {status} {response.reason_phrase}".rstrip(),
        help=help,
        status=status,
        retry_after=_retry_after(response.headers.get("retry-after", "")),
    )


def _retry_after(value: str) -> float | None:
    """Whole seconds, at most a day. A date is not used: it would need the server's clock to be right."""
    return min(float(value), MOST_RETRY_AFTER) if value.isascii() and value.isdigit() else None
