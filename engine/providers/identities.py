"""Which addresses may send: judged by what an API says is verified."""

from __future__ import annotations

from collections.abc import Collection, Iterable

AT_ONCE = 100
"""Identities asked for in one question; whoever has more is not told that one of them is missing."""


def judged(
    addresses: Iterable[str],
    verified: Collection[str],
    *,
    doubtful: Collection[str] = (),
    complete: bool = True,
) -> dict[str, bool]:
    """Which addresses may send, and which certainly may not.

    Args:
        verified: addresses and domains; `*@domain` is the domain.
        doubtful: those of which nothing can be said. A domain below one of `verified` is, too.
        complete: whether these are all there are; otherwise nobody is told that they may not.
    """
    known = {name.lower().removeprefix("*@") for name in verified if name}
    unsure = {name.lower().removeprefix("*@") for name in doubtful if name}
    found = {}
    for address in addresses:
        domain = address.lower().rpartition("@")[2]
        parents = {domain.partition(".")[2], domain.split(".", 2)[-1]}
        if {address.lower(), domain} & known:
            found[address] = True
        elif complete and not ({address.lower(), domain, *parents} & unsure or parents & known):
            found[address] = False
    return found
