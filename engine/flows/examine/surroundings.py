"""What lies outside: ways out and the account there, feeds, the public address, the file of secrets."""

from __future__ import annotations

import asyncio
import contextlib
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from engine.errors import NetworkError, ProviderError
from engine.model.finding import Finding, fine, problem, unknown, warning
from engine.network.fetch import Fetched, FetchLimits, fetch
from engine.network.reach import on_this_machine
from engine.providers.base import Account, Hears, Probes, Provider, Vouches

PROBE_SECONDS = 20.0
PAGE = FetchLimits(most_bytes=64 * 1024, seconds=15.0)
LINKS_WHY = "readers' links for leaving and for choosing lead there, and every letter holds them for ever"


def provider(
    way: Provider, *, used: bool, hears: bool, senders: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """One way out. `used`: whether letters go through it now. `hears`: whether its news would be believed.

    `senders`: the address of each by name, to ask whether they may send through it.
    """
    try:
        account, known = asyncio.run(_probe(way, tuple((senders or {}).values()) if used else ()))
    except ProviderError as error:
        judge = problem if used else warning
        yield judge("provider", f"{way.name}: {error.message}", "no letter leaves through it", error.help)
        return
    except NetworkError as error:
        yield problem("provider", f"{way.name}: {error.message}", "no letter leaves through it", error.help)
        return
    except TimeoutError:
        what = f"{way.name} did not answer within {PROBE_SECONDS:.0f} seconds"
        yield unknown("provider", what, "look at its status page, and try again")
        return
    if account.trouble:
        why = "letters are taken there and do not arrive, or are not taken at all"
        yield problem("provider", f"{way.name}: {account.trouble}", why, "look at the account there")
    else:
        yield fine("provider", f"{way.name}: {account.words}" if account.words else f"{way.name} answers")
    yield from _senders(way.name, senders or {}, known)
    if used and isinstance(way, Hears) and not hears:
        why = "bounces and complaints are not heard of, and dead addresses are written to again and again"
        do = f"set `webhook_key` for {way.name} in config/project.yaml, and the webhook at the provider"
        yield warning("webhooks", f"{way.name} has no webhook_key", why, do)


def _senders(way: str, senders: Mapping[str, str], known: Mapping[str, bool]) -> Iterator[Finding]:
    """Who may send through it, and who not. Pure."""
    may = [name for name, address in senders.items() if known.get(address)]
    if may:
        yield fine("senders", f"{way} takes letters from {', '.join(may)}")
    for name, address in senders.items():
        if known.get(address) is False:
            what = f"{way} does not know {address} of {name}"
            why = (
                "letters from there are held back, or refused" if may else "letters from there may be refused"
            )
            do = f"verify the address or its domain at {way}, or name another one in config/senders.yaml"
            yield (problem if may else warning)("senders", what, why, do)


async def _probe(way: Provider, addresses: Sequence[str]) -> tuple[Account, Mapping[str, bool]]:
    """What it says of the account, and of these addresses as far as it says anything."""
    known: Mapping[str, bool] = {}
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            if not isinstance(way, Probes):
                await way.open()
                return Account(""), known
            account = await way.probe()
            if addresses and isinstance(way, Vouches):
                with contextlib.suppress(ProviderError):
                    known = await way.vouch(addresses)
            return account, known
    finally:
        await way.close()


def feed(name: str, posts: int, failure: str, help: str) -> Finding:
    """One feed as it was just read: how many posts it holds, or why it could not be read. Pure."""
    if failure:
        why = "a campaign that needs it cannot say what is new, and is not sent"
        return problem("feed", f"{name}: {failure}", why, help or "correct its url in config/feeds.yaml")
    if not posts:
        return warning(
            "feed", f"{name} holds no posts", "there is nothing to send", "look at it in a browser"
        )
    return fine("feed", f"{name}: {posts} posts")


def public_address(url: str, *, leaves_machine: bool) -> Finding:
    """Whether readers' links lead to a web part that answers."""
    host = urlsplit(url).hostname or ""
    if on_this_machine(host) and leaves_machine:
        what = f"public_url is {url}, which for a reader is their own machine"
        return problem(
            "public_url", what, LINKS_WHY, "write the address readers can reach into config/project.yaml"
        )
    try:
        found = fetch(f"{url.rstrip('/')}/livez", limits=PAGE, allow_private=True)
    except NetworkError as error:
        do = "start `touchbase run` or `touchbase serve`, and look at the web server in front of it"
        judge = problem if leaves_machine else warning
        return judge("public_url", f"{url}: {error.message}", LINKS_WHY, do)
    if not isinstance(found, Fetched) or found.content.strip()[:2] != b"ok":
        what = f"{url}/livez answers, but not as Touchbase does"
        judge = problem if leaves_machine else warning
        return judge(
            "public_url", what, LINKS_WHY, "let the web server there pass everything on to `touchbase serve`"
        )
    return fine("public_url", f"{url} answers")


def secrets_file(path: Path) -> Iterator[Finding]:
    """Whether others on this machine may read the secrets."""
    if not path.is_file():
        return
    mode = path.stat().st_mode
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        why = "other accounts of this machine can read the keys"
        yield warning(
            "secrets", f"{path.name} may be read by others ({stat.filemode(mode)})", why, f"chmod 600 {path}"
        )
    else:
        yield fine("secrets", f"{path.name} is readable by its owner alone")
