"""A sender's domain as mailbox providers see it: does it exist, take replies, and vouch for the letters.

Sources: RFC 7208 (SPF), RFC 6376 and 8301 (DKIM and its keys), RFC 7489 (DMARC), RFC 5321 and 7505 (MX); the rules of
Gmail, Yahoo and Microsoft for bulk senders, which want DKIM or SPF aligned with the From address and a DMARC record.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from typing import Protocol

from engine.errors import NetworkError
from engine.model.finding import Finding, fine, problem, unknown, warning
from engine.network.names import Records

MOST_LOOKUPS = 10
"""RFC 7208 section 4.6.4: beyond that the result is an error, and counts as none."""

ASKING = re.compile(
    r"^[+?~-]?(?:include:|redirect=|exists:|a(?:[:/]|$)|mx(?:[:/]|$)|ptr(?::|$))", re.IGNORECASE
)
INCLUDED = re.compile(r"^[+?~-]?(?:include:|redirect=)(\S+)$", re.IGNORECASE)
EVERYBODY = re.compile(r"^\+?all$", re.IGNORECASE)

SHORTEST_KEY, GOOD_KEY = 1024, 2048
"""Bits: below the first a signature is not looked at (RFC 8301), below the second it is frowned upon."""

SPF_WHY = (
    "receivers ask it which servers may send for the domain; without it, more letters are taken for spam"
)
DKIM_WHY = "without a valid signature for the From domain, Gmail, Yahoo and Outlook turn bulk mail away"
DMARC_WHY = "Gmail, Yahoo and Outlook want one from everybody who sends in bulk, `p=none` at the least"
MX_WHY = "replies come back to nobody, and many receivers refuse mail from where none can be sent to"


class Asks(Protocol):
    """Whoever can be asked for DNS records: see engine.network.names."""

    def ask(self, name: str, kind: str) -> Records: ...


def examine(names: Asks, domain: str, selectors: Sequence[str]) -> Iterator[Finding]:
    """Everything about one sender's domain. `selectors`: where its DKIM keys may stand."""
    try:
        yield from _examined(names, domain, selectors)
    except NetworkError as error:
        yield unknown("dns", f"{domain}: {error.message}", error.help)


def _examined(names: Asks, domain: str, selectors: Sequence[str]) -> Iterator[Finding]:
    servers = names.ask(domain, "MX")
    if not servers.exists:
        why = "no letter from a domain that does not exist is taken by anybody"
        yield problem(
            "dns", f"there is no domain {domain}", why, "correct the sender's email in config/senders.yaml"
        )
        return
    yield replies(domain, servers, names)
    yield spf(domain, names)
    yield dkim(domain, selectors, names)
    yield dmarc(domain, names)


def answers(names: Asks, domain: str) -> Finding:
    """Whether replies to a domain arrive, of which no letter is sent."""
    try:
        return replies(domain, names.ask(domain, "MX"), names)
    except NetworkError as error:
        return unknown("dns", f"{domain}: {error.message}", error.help)


def replies(domain: str, servers: Records, names: Asks) -> Finding:
    """Whether somebody takes mail for the domain."""
    hosts = [text.split()[-1] for text in servers.texts]
    if hosts == ["."]:
        return problem(
            "mx", f"{domain} says that it takes no mail (MX .)", MX_WHY, "give it a mail server (MX)"
        )
    if hosts:
        return fine("mx", f"{domain}: mail goes to {', '.join(host.rstrip('.') for host in hosts)}")
    if names.ask(domain, "A").texts or names.ask(domain, "AAAA").texts:
        return warning(
            "mx", f"{domain} has an address, but no MX record", MX_WHY, "give it a mail server (MX)"
        )
    return problem("mx", f"nobody takes mail for {domain}", MX_WHY, "give it a mail server (MX)")


def spf(domain: str, names: Asks) -> Finding:
    """The one record that says who sends for the domain."""
    found = _records(names, domain, "v=spf1")
    if not found:
        do = f"publish a TXT record at {domain}, as the provider's page on domains says"
        return warning("spf", f"{domain} has no SPF record", SPF_WHY, do)
    if len(found) > 1:
        do = "make one record of them"
        return problem(
            "spf", f"{domain} has {len(found)} SPF records, which counts as a broken one", SPF_WHY, do
        )
    terms = found[0].split()[1:]
    if any(EVERYBODY.match(term) for term in terms):
        do = "end it with ~all or -all"
        return problem("spf", f"{domain} lets everybody send (+all)", "anybody may send in its name", do)
    lookups = _lookups(domain, names, set())
    if lookups > MOST_LOOKUPS:
        what = f"the SPF record of {domain} needs {lookups} look-ups, and {MOST_LOOKUPS} are allowed"
        return problem(
            "spf", what, "beyond that it counts as a broken one", "take out an `include:` nobody needs"
        )
    return fine("spf", f"{domain}: {found[0]}")


def _lookups(domain: str, names: Asks, seen: set[str]) -> int:
    """How many questions a receiver must ask to read the SPF record of a domain."""
    if domain in seen or len(seen) > 2 * MOST_LOOKUPS:
        return 0
    seen.add(domain)
    number = 0
    for term in [term for text in _records(names, domain, "v=spf1")[:1] for term in text.split()[1:]]:
        number += bool(ASKING.match(term))
        if (included := INCLUDED.match(term)) and "%" not in included[1]:
            number += _lookups(included[1].lower(), names, seen)
    return number


def dkim(domain: str, selectors: Sequence[str], names: Asks) -> Finding:
    """The key that signatures for the domain are checked with."""
    if not selectors:
        do = "write `dkim_selectors: [NAME]` into config/project.yaml, from the provider's page on domains"
        return unknown("dkim", f"{domain}: nobody knows under which selector its DKIM key stands", do)
    judged = [(selector, _key(names, f"{selector}._domainkey.{domain}")) for selector in selectors]
    good = [(selector, bits) for selector, bits in judged if bits is not None and bits >= SHORTEST_KEY]
    if not good:
        weak = [f"{selector} ({bits} bits)" for selector, bits in judged if bits]
        what = (
            f"{domain}: the DKIM key is too short: {', '.join(weak)}"
            if weak
            else f"{domain} has no DKIM key at {', '.join(f'{name}._domainkey' for name in selectors)}"
        )
        do = "publish the records that the provider's page on domains shows, or correct `dkim_selectors`"
        return problem("dkim", what, DKIM_WHY, do)
    selector, bits = max(good, key=lambda found: found[1])
    if bits < GOOD_KEY:
        do = f"have the provider make one of {GOOD_KEY} bits"
        return warning("dkim", f"{domain}: the DKIM key {selector} has {bits} bits", DKIM_WHY, do)
    return fine("dkim", f"{domain}: a DKIM key at {selector}._domainkey")


def _key(names: Asks, place: str) -> int | None:
    """Bits of the key at a place; 0 for one that was withdrawn or cannot be read, None where there is none."""
    found = [text for text in names.ask(place, "TXT").texts if "p=" in text]
    if not found:
        return None
    tags = _tags(found[0])
    return key_bits(tags.get("k", "rsa"), re.sub(r"\s", "", tags.get("p", "")))


def key_bits(kind: str, written: str) -> int:
    """The strength of a public key as DKIM writes it, in bits of RSA; 0 for one that cannot be read."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        raw = base64.b64decode(written, validate=True)
        if kind.lower() == "ed25519":
            return GOOD_KEY if len(raw) == 32 else 0
        key = load_der_public_key(raw)
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return 0
    return key.key_size if isinstance(key, RSAPublicKey) else 0


def dmarc(domain: str, names: Asks) -> Finding:
    """What receivers are told to do with letters that nobody vouches for: of the domain, or of one above it."""
    labels = domain.split(".")
    for above in range(max(1, len(labels) - 1)):
        place = ".".join(labels[above:])
        found = _records(names, f"_dmarc.{place}", "v=dmarc1")
        if len(found) > 1:
            do = "leave one of them"
            return problem(
                "dmarc", f"{place} has {len(found)} DMARC records, which counts as none", DMARC_WHY, do
            )
        if found:
            policy = _tags(found[0]).get("p", "").lower()
            if policy not in ("none", "quarantine", "reject"):
                do = "write `p=none`, `p=quarantine` or `p=reject`"
                return problem("dmarc", f"the DMARC record of {place} has no policy", DMARC_WHY, do)
            return fine("dmarc", f"{domain}: p={policy}" + (f", from {place}" if above else ""))
    do = f'publish a TXT record at _dmarc.{domain}: "v=DMARC1; p=none; rua=mailto:…"'
    return problem("dmarc", f"{domain} has no DMARC record", DMARC_WHY, do)


def _records(names: Asks, name: str, begin: str) -> list[str]:
    """The TXT records that begin with a version, whatever else stands there."""
    found = names.ask(name, "TXT").texts
    return [
        text.strip()
        for text in found
        if re.match(rf"{re.escape(begin)}(?:[ ;]|$)", text.strip(), re.IGNORECASE)
    ]


def _tags(record: str) -> dict[str, str]:
    """`a=b; c=d` as a mapping."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}
