"""Whether an open or a click was a person's, judged by how it came. Pure.

A machine's visit is kept and flagged. It never changes consent, a tier, or what a person gets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

FASTEST_READER = 3.0
"""Seconds after the letter left. Gateways fetch while the letter is still on its way; nobody reads that fast."""

PRIVACY_PROXY = "Mozilla/5.0"
"""Apple's Mail Privacy Protection fetches every picture of every letter and calls itself just this."""

MACHINES = re.compile(
    r"bot\b|bot/|crawl|spider|preview|scan|monitor|headless|phantom|slurp|curl/|wget/|python-|httpx|aiohttp|go-http"
    r"|java/|okhttp|libwww|apache-httpclient|node-fetch|axios|ruby|perl|facebookexternalhit|barracuda|mimecast"
    r"|proofpoint|safelinks|symantec|messagelabs|fireeye|trendmicro|sophos|cloudmark|zscaler",
    re.IGNORECASE,
)
"""Words of programs that fetch by themselves, and of mail gateways that look behind links."""

PREFETCH = {"purpose": "prefetch", "sec-purpose": "prefetch", "x-purpose": "preview", "x-moz": "prefetch"}
"""Headers with which browsers say that nobody asked for the page yet."""


def is_machine(method: str, headers: Mapping[str, str], seconds: float | None) -> bool:
    """Whether no person did this.

    Args:
        headers: with lower-case names.
        seconds: since the letter left; None where that is not known.
    """
    agent = headers.get("user-agent", "").strip()
    return (
        method != "GET"
        or not agent
        or agent == PRIVACY_PROXY
        or bool(MACHINES.search(agent))
        or any(word in headers.get(name, "").lower() for name, word in PREFETCH.items())
        or (seconds is not None and seconds < FASTEST_READER)
    )
