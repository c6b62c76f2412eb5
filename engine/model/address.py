"""One person's address in one spelling, and the hash by which a suppression remembers it."""

from __future__ import annotations

import unicodedata
from hashlib import blake2b

DIGEST_BYTES = 16
"""128 bits: two of a billion addresses share a hash with a chance of about one in 10^21."""


def normalise_address(email: str) -> str:
    """The spelling in which two writings of one mailbox are equal.

    NFC, without surrounding space, the local part casefolded, the domain lower-case and in its ASCII (IDNA) form.
    Not a check: a text without an `@` is only trimmed and casefolded.
    """
    text = unicodedata.normalize("NFC", email).strip()
    local, at, domain = text.rpartition("@")
    if not at:
        return text.casefold()
    return f"{unicodedata.normalize('NFC', local.casefold())}@{_ascii_domain(domain)}"


def address_hash(email: str) -> str:
    """The normalised address as 32 hexadecimal characters (blake2b, 128 bits)."""
    return blake2b(
        normalise_address(email).encode(errors="surrogatepass"), digest_size=DIGEST_BYTES
    ).hexdigest()


def _ascii_domain(domain: str) -> str:
    lowered = domain.lower().rstrip(".")
    if lowered.isascii():
        return lowered
    import idna

    try:
        return idna.encode(lowered, uts46=True).decode("ascii")
    except idna.IDNAError:
        return lowered
