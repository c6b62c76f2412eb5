"""Rules about links and the ways out (K)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from engine.model.problem import Severity
from engine.templating.lint.finding import Flaw
from engine.templating.lint.subject import Subject, flaw_at, inner_text, name_of

# Filters know them by heart and hide where they lead.
SHORTENERS = frozenset(
    {"bit.ly", "tinyurl.com", "goo.gl", "t.co", "ow.ly", "is.gd", "buff.ly", "cutt.ly", "rb.gy"}
)
VISIBLE_URL = re.compile(r"^(?:https?://)?((?:[\w-]+\.)+[a-z]{2,})(?:[/?#:]\S*)?$", re.IGNORECASE)
NUMBERS = re.compile(r"^\[|^\d{1,3}(\.\d{1,3}){3}$")
LEAVE = re.compile(r"unsubscri|opt[ -]?out|abmelden|abbestellen|désabonn|desuscri|cancelar", re.IGNORECASE)
OTHER_SCHEMES = ("mailto:", "tel:", "sms:")
SPACES = re.compile(r"\s+")


def host_of(address: str) -> str:
    """The host of an address in lower case; "" where there is none."""
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


def is_loopback(address: str) -> bool:
    """Whether the address leads to this very machine."""
    host = host_of(address)
    return host in ("localhost", "::1") or host.startswith("127.") or host.endswith(".localhost")


def targets(subject: Subject) -> Iterator[Flaw]:
    """K01"""
    for link in subject.links:
        address = (link.get("href") or "").strip()
        lower = address.lower()
        if lower.startswith(OTHER_SCHEMES):
            continue
        host = host_of(address)
        if (
            lower.startswith("http")
            and is_loopback(address)
            and is_loopback(subject.envelope.facts.public_url)
        ):
            yield flaw_at(
                link, "this link works on this machine only", "set public_url before sending", Severity.NOTE
            )
        elif lower.startswith("#"):
            if len(address) < 2 or not subject.root.xpath("//*[@id=$name or @name=$name]", name=address[1:]):
                yield flaw_at(link, f"`{address}` leads nowhere", "write the whole address")
        elif lower.startswith(("javascript:", "data:", "vbscript:")):
            yield flaw_at(link, "mail programs block links with code in them", "link to a page")
        elif not lower.startswith(("https://", "http://")) or not host:
            yield flaw_at(link, f"`{address[:60]}` is no whole address", "start it with https://")
        elif NUMBERS.match(host):
            yield flaw_at(link, "an address made of numbers looks like phishing", "use a domain name")
        elif host in SHORTENERS:
            yield flaw_at(
                link, f"{host} hides where it leads, and filters know it", "link to the page itself"
            )
        elif lower.startswith("http://"):
            yield flaw_at(link, "this link is not encrypted", "use https://", Severity.WARNING)


def honest_links(subject: Subject) -> Iterator[Flaw]:
    """K02"""
    for link in subject.links:
        shown = VISIBLE_URL.match(inner_text(link))
        host = host_of((link.get("href") or "").strip())
        if not shown or not host:
            continue
        said = shown.group(1).lower().removeprefix("www.")
        real = host.removeprefix("www.")
        if said != real and not real.endswith("." + said) and not said.endswith("." + real):
            help = "write words instead of an address, or link to that very address"
            yield flaw_at(link, f"the text says {said}, the link leads to {real}", help)


def ways_out(subject: Subject) -> Iterator[Flaw]:
    """K03"""
    facts = subject.envelope.facts
    if not facts.marketing:
        return
    addresses = [(link.get("href") or "").strip() for link in subject.links]
    if facts.unsubscribe_url:
        leaves = facts.unsubscribe_url in addresses
    else:
        leaves = any(LEAVE.search(f"{link.get('href')} {name_of(link)}") for link in subject.links)
    if not leaves:
        yield Flaw("there is no unsubscribe link", 'add <a href="{{ unsubscribe_url }}">unsubscribe</a>')
    if facts.preferences_url and facts.preferences_url not in addresses:
        help = 'add <a href="{{ preferences_url }}">change what we send</a>'
        yield Flaw("there is no link to the preferences", help, level=Severity.WARNING)


def in_browser(subject: Subject) -> Iterator[Flaw]:
    """K04"""
    wanted = subject.envelope.facts.web_url
    addresses = [(link.get("href") or "").strip() for link in subject.links]
    found = (
        wanted in addresses if wanted else any("browser" in name_of(link).lower() for link in subject.links)
    )
    if not found:
        yield Flaw(
            "there is no way to see the letter in a browser",
            'add <a href="{{ web_url }}">view in browser</a>',
        )


def postal_address(subject: Subject) -> Iterator[Flaw]:
    """K05"""
    facts = subject.envelope.facts
    if not facts.marketing:
        return
    help = "write {{ company.address }} in the footer"
    if not facts.address.strip():
        yield Flaw(
            "no postal address is known", "write company.address in config/project.yaml", part="company"
        )
    elif SPACES.sub(" ", facts.address).strip() not in SPACES.sub(" ", subject.visible_text):
        yield Flaw("the postal address is missing", help)
