"""E-mail addresses: their syntax judged without asking the network, each domain once."""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST_LOCAL = 64
LONGEST_ADDRESS = 254
"""RFC 5321 §4.5.3.1.1 and its erratum 1690; email-validator lets longer local parts pass."""

DOT_ATOM = re.compile(r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")
"""RFC 5322 §3.2.3: nearly every local part there is; the others are judged by email-validator as a whole."""


def read_address(cell: str) -> str:
    """The address with its domain in small letters and Unicode. Raises ValueError with a reason.

    Accepted are the addresses one can write to on the public internet: no quotes, comments or IP numbers, and
    none of the reserved domains (localhost, .invalid …) but .example and .test, which demonstrations use.
    """
    local, at, domain = cell.rpartition("@")
    if not at or not local or not domain:
        raise ValueError(f"`{_short(cell)}` is not an e-mail address: it needs a name, an @ and a domain")
    if len(local) > LONGEST_LOCAL:
        raise ValueError(
            f"`{_short(cell)}`: {len(local)} characters before the @, {LONGEST_LOCAL} are allowed"
        )
    if DOT_ATOM.match(local):
        address = f"{local}@{_domain(domain.lower())}"
    else:
        address = _checked(cell)
    if len(address.encode()) > LONGEST_ADDRESS:
        raise ValueError(f"`{_short(cell)}` is longer than {LONGEST_ADDRESS} characters")
    return address


@lru_cache(maxsize=1 << 14)
def _domain(domain: str) -> str:
    return _checked(f"a@{domain}").removeprefix("a@")


def _checked(address: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(address, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise ValueError(
            f"`{_short(address.removeprefix('a@'))}` is not an e-mail address: {error}"
        ) from error


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"
