"""Web addresses: made absolute, kept harmless, and brought to one form so that spellings compare."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

MOST_ADDRESS = 2048
WEB = frozenset({"http", "https"})
# Query parameters that say where a click came from, not which page is meant.
TRACKING = re.compile(
    r"^(?:utm_\w+|mtm_\w+|pk_\w+|fbclid|gclid|dclid|msclkid|mc_cid|mc_eid|igshid|yclid|_hsenc|_hsmi|ref_src"
    r"|feature=youtu\.be|cmpid|ocid|spm|wt_mc|at_medium|at_campaign|source=rss\w*)$",
    re.IGNORECASE,
)
UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069<>\"\\^`{|}]")
INDEX_PAGES = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?)$", re.IGNORECASE)


def absolute(address: str, base: str) -> str:
    """`address` as an absolute http(s) address seen from `base`; "" when it is none or cannot be made one."""
    joined = joined_with(address, base)
    return joined if joined.partition(":")[0].lower() in WEB else ""


def joined_with(address: str, base: str) -> str:
    """`address` seen from `base`, of any scheme, unsafe characters percent-encoded; "" if unreadable."""
    address = re.sub(r"[\t\r\n\x00]", "", address).strip()
    if not address:
        return ""
    try:
        joined = urljoin(base, address) if base else address
        parts = urlsplit(joined)
        if joined.startswith("//"):
            joined = "https:" + joined
        elif parts.scheme.lower() in WEB and not parts.hostname:
            return ""
    except ValueError:
        return ""
    joined = UNSAFE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8")), joined)
    return joined if len(joined) <= MOST_ADDRESS else ""


def canonical(address: str) -> str:
    """One form for every spelling of the same page: no scheme, www, port, tracking, fragment or last slash.

    Fragments that begin with `!` or `/` name pages in old applications and stay. "" stays "".
    """
    try:
        parts = urlsplit(address.strip())
        host = (parts.hostname or "").rstrip(".").removeprefix("www.")
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    except ValueError:
        return address.strip()
    if not host:
        return address.strip()
    query = urlencode(
        sorted(
            pair
            for pair in parse_qsl(parts.query, keep_blank_values=True)
            if not TRACKING.match(pair[0]) and not TRACKING.match("=".join(pair))
        )
    )
    path = INDEX_PAGES.sub("/", parts.path).rstrip("/")
    fragment = f"#{parts.fragment}" if parts.fragment[:1] in ("!", "/") else ""
    return f"{host}{port}{path}{'?' + query if query else ''}{fragment}"


def names_a_page(canonical_link: str) -> bool:
    """Whether a canonical link can tell one post from another; the front page of a site cannot."""
    return any(mark in canonical_link for mark in "/?#")
