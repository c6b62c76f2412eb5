"""Who is held out: a stable share of all mailboxes, different for every experiment.

The bucket is sum(weight[i] * digit[i]) mod 1,000,003 over the first eight hexadecimal digits of the address
hash, with weights drawn from the salt. The two databases spell no hash of a salted text alike; this sum is
plain arithmetic in both, and for a fixed salt as even as the hash's own digits. The weights of two salts have
nothing to do with each other: being held out in one experiment says nothing about the next. The bucket
belongs to the mailbox: customers that share an address share their fate.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, func, literal

from engine.audience.portable import HEX, position

BUCKETS = 1_000_003
"""A prime, so that every weight spreads the digits over all of the buckets."""
DIGITS = 8
"""16^8 combinations are about 4,300 in each bucket; more digits would only cost time."""


def bucket(address_hash: ColumnElement[Any], salt: str, dialect: str) -> ColumnElement[int]:
    """The mailbox's bucket, 0 to BUCKETS - 1, for the experiment named by `salt`."""
    total: ColumnElement[int] = literal(0)
    for place, weight in enumerate(weights(salt)):
        digit = func.substr(address_hash, place + 1, 1)
        total = total + (position(literal(HEX), digit, dialect) - 1) * weight
    return total % BUCKETS


def is_held_out(
    address_hash: ColumnElement[Any], salt: str, share: float, dialect: str
) -> ColumnElement[bool]:
    """The mailbox belongs to the share (0 to 1) that gets nothing; a larger share holds every smaller one."""
    return bucket(address_hash, salt, dialect) < round(share * BUCKETS)


def weights(salt: str) -> list[int]:
    """One factor for each digit, from 1 to BUCKETS - 1."""
    drawn = (sha256(f"{salt}\x1f{place}".encode()).digest() for place in range(DIGITS))
    return [1 + int.from_bytes(digest[:8], "big") % (BUCKETS - 1) for digest in drawn]
