"""Addresses in other people's texts: found, unwrapped, and told from those that are no recipient's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

ADDRESS = re.compile(
    r"(?<![\w.!#$%&'*+/=?^`{|}~@-])"
    r"([\w!#$%&'*+/=?^`{|}~-][\w.!#$%&'*+/=?^`{|}~-]{0,63}@(?:[\w-]{1,63}\.){1,8}[\w-]{1,63})"
    r"(?![\w@])"
)
"""An address in running text; not a check, and no quoted local parts."""

TYPED = re.compile(r"^\s*(rfc822|utf-8|unknown|smtp)\s*;\s*(.*)$", re.IGNORECASE | re.DOTALL)
HEXADECIMAL = re.compile(r"\+([0-9A-F]{2})")
WRAPPING = " \t\r\n<>\"'[](){},;:"
LONGEST = 320

MACHINES = frozenset(
    {"mailer-daemon", "mailerdaemon", "mail-daemon", "mdaemon", "postmaster", "mail-deamon", "mailer_daemon"}
    | {"mail.delivery.system", "mailadm", "daemon", "delivery", "maildaemon", "mailmaster", "majordomo"}
)
"""Local parts of programs: who returns mail, and never who it was for."""


def found_in(text: str) -> Iterator[str]:
    """Every address in a text, in order."""
    for found in ADDRESS.finditer(text):
        yield trimmed(found[1])


def trimmed(address: str) -> str:
    """Without what prose puts around it."""
    address = address.strip(WRAPPING).strip(".'`*=|/")
    for prefix in ("mailto:", "smtp:", "rfc822;", "smtp="):
        if address.lower().startswith(prefix):
            address = address[len(prefix) :]
    return address


def of_field(value: str) -> str:
    """The address of a Final-Recipient or Original-Recipient field (RFC 3464, 2.3.1); "" where it holds none."""
    typed = TYPED.match(value[:2000])
    text = typed[2] if typed else value[:2000]
    if not typed and re.match(r"^\s*[\w-]{1,30}\s*;", text) and "@" not in text:
        return ""
    if typed and re.search(r"\+[0-9A-F]{2}", text) and "@" not in text:
        # RFC 3461 writes an address as xtext; a plain plus sign is the usual thing, though.
        text = HEXADECIMAL.sub(lambda found: chr(int(found[1], 16)), text)
    text = re.sub(r"\([^()]{0,200}\)", "", text)
    bracketed = re.search(r"<([^<>\s]{3,320})>", text)
    candidate = trimmed(bracketed[1] if bracketed else text)
    if is_address(candidate):
        return candidate
    return next(found_in(text), "")


def is_address(text: str) -> bool:
    """Whether the whole text looks like one address, quoted local parts included."""
    local, at, domain = text.rpartition("@")
    return bool(at and local and domain) and len(text) <= LONGEST and not re.search(r"\s|[<>]", text)


def in_header(value: str) -> str:
    """The first address of a From or To field, lower-case domain untouched; "" without one."""
    bracketed = re.search(r"<\s*([^<>\s]{1,320})\s*>", value[:5000])
    if bracketed and is_address(bracketed[1]):
        return trimmed(bracketed[1])
    return next(found_in(value[:5000]), "")


def is_machine(address: str) -> bool:
    """Whether the address is a mail program's."""
    return address.partition("@")[0].lower() in MACHINES


def without(addresses: Iterable[str], left_out: Iterable[str]) -> list[str]:
    """The addresses without those, each once, in order."""
    gone = {each.lower() for each in left_out}
    return list({each.lower(): each for each in addresses if each and each.lower() not in gone}.values())
