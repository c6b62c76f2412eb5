"""Names and addresses in and out of the one text form that travels as a personal value."""

from __future__ import annotations

import re

from engine.errors import LetterError
from engine.model.letter import Mailbox
from engine.providers.base import TOKEN
from engine.providers.headers import checked, phrase, quoted, whole_token, with_bracket

MAILBOX_HEADERS = frozenset({"from", "to", "reply-to"})
DOT_ATOM = re.compile(r"[^\s\"(),:;<>@\[\\\].\x00-\x20]+(?:\.[^\s\"(),:;<>@\[\\\].\x00-\x20]+)*")
QUOTED_LOCAL = re.compile(r'"(?:[ !#-\[\]-~]|\\[ -~])+"')
DOMAIN = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")
LITERAL = re.compile(r"\[[0-9A-Za-z.:]+\]")
LONGEST_LOCAL, LONGEST_ADDRESS = 64, 254
"""RFC 5321 section 4.5.3.1, in bytes; 254 is what fits a path of 256 with its angle brackets."""

LABEL = r"[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*"
SIMPLE_ADDRESS = rf"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@{LABEL}(?:\.{LABEL})+"
SIMPLE = re.compile(rf"{SIMPLE_ADDRESS}|[A-Za-z0-9]+(?: [A-Za-z0-9]+)* <{SIMPLE_ADDRESS}>")
LONGEST_SIMPLE = 60
"""Most mailboxes are simple: ASCII words and an address, short, and equal to their own encoding everywhere."""

SPACES = re.compile(r" {2,}")
PLAIN_NAME = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?: [\w!#$%&'*+/=?^`{|}~-]+)*")


def is_simple(value: str) -> bool:
    """Whether a mailbox in its text form may stand on any wire as it is; spares the long way nine times in ten."""
    return len(value) <= LONGEST_SIMPLE and SIMPLE.fullmatch(value) is not None


def mailbox_value(mailbox: Mailbox) -> str:
    """The text form of a mailbox: `name <address>` or the bare address; what `Wire.escape("To", …)` reads."""
    return f"{mailbox.name} <{mailbox.address}>" if mailbox.name else mailbox.address


def read_mailbox(value: str) -> Mailbox:
    """The mailbox of a text form. The name is plain text: nothing in it is quoted or escaped."""
    value = value.strip()
    if value.endswith(">") and "<" in value:
        name, _, address = value[:-1].rpartition("<")
        return Mailbox(name.strip(), address.strip())
    return Mailbox("", value)


def is_token(mailbox: Mailbox) -> bool:
    """Whether the whole mailbox is one personal value; LetterError where only a part of it is."""
    if not mailbox.name and whole_token(mailbox.address):
        return True
    if TOKEN.search(mailbox.name) or TOKEN.search(mailbox.address):
        raise LetterError("a personal value must stand for the whole address", reason="template_error")
    return False


def header_mailbox(place: str, mailbox: Mailbox, *, utf8: bool = False) -> bytes:
    """A mailbox as it stands after `To: `: the name quoted or encoded, the address never (RFC 2047, 5)."""
    name = display_name(place, mailbox.name)
    address = wire_address(place, mailbox.address, utf8=utf8).encode()
    if not name:
        return address
    used = len(place) + 2
    return with_bracket(phrase(name, used), b"<" + address + b">", used)


def unicode_mailbox(place: str, mailbox: Mailbox) -> str:
    """A mailbox for JSON APIs: the name stays Unicode, quoted where it holds more than words."""
    name = display_name(place, mailbox.name)
    address = wire_address(place, mailbox.address)
    if not name:
        return address
    return f"{name if PLAIN_NAME.fullmatch(name) else quoted(name)} <{address}>"


def display_name(place: str, name: str) -> str:
    """A name that is safe in a header; runs of spaces become one, as parsers read them."""
    return SPACES.sub(" ", checked(place, name)).strip()


def wire_address(place: str, address: str, *, utf8: bool = False) -> str:
    """The address as servers take it: domain in ASCII (IDNA 2008), local part ASCII unless `utf8`.

    LetterError `no_address` says what is wrong with one that cannot be written.
    """
    checked(place, address)
    local, at, domain = address.rpartition("@")
    if not at or not (DOT_ATOM.fullmatch(local) or QUOTED_LOCAL.fullmatch(local)):
        raise unusable(place, address, "it is not an email address")
    if not local.isascii() and not utf8:
        raise unusable(place, address, "this provider takes only ASCII before the @")
    host = domain if domain.isascii() else ascii_domain(place, address, domain)
    if not (DOMAIN.fullmatch(host) or LITERAL.fullmatch(host)):
        raise unusable(place, address, "its domain is not a domain")
    if len(local.encode()) > LONGEST_LOCAL or len(local.encode()) + 1 + len(host) > LONGEST_ADDRESS:
        raise unusable(
            place, address, f"it is longer than {LONGEST_LOCAL} before the @ or {LONGEST_ADDRESS} in all"
        )
    return f"{local}@{host}"


def ascii_domain(place: str, address: str, domain: str) -> str:
    """An internationalised domain in its `xn--` form."""
    import idna

    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as error:
        raise unusable(place, address, "its domain is not a domain") from error


def unusable(place: str, address: str, why: str) -> LetterError:
    """The error for an address no letter can go to; the text is for the person who owns the data."""
    return LetterError(
        f"{place}: `{address}` cannot be used: {why}",
        reason="no_address",
        help="correct the customer's address",
    )
