"""What the store already knows of the people in a batch, and what follows a person to a new address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from engine.model.address import address_hash
from engine.store import bulk, suppressions, tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

FAULTS_OF_AN_ADDRESS = frozenset(
    {"bounced", "soft_bounces", "hard_bounce", "hard", "invalid", "refused_by_provider"}
)
"""Reasons for a suppression that say something about the mailbox and nothing about the person's wish."""


@dataclass(frozen=True, slots=True)
class Known:
    """A customer as stored: the address ("" where there is none) and its hash."""

    email: str
    address_hash: str


def known_customers(connection: Connection, keys: Iterable[str]) -> dict[str, Known]:
    """Those of the keys that are customers already."""
    people = tables.customers.c
    columns = (people.customer_id, people.email, people.address_hash)
    found = bulk.select_among(connection, columns, people.customer_id, sorted(set(keys)))
    return {key: Known(email or "", digest or "") for key, email, digest in found}


def follow_to_new_addresses(
    connection: Connection, known: Mapping[str, Known], given: Sequence[tuple[str, str]], now: datetime
) -> int:
    """Carries the wish not to be written to over to a changed address; how many addresses changed.

    A suppression belongs to an address. Without this an import that brings a new address would undo the word
    of somebody who unsubscribed under the old one.

    Args:
        known: the customers before the import.
        given: key and address of every row.
    """
    moved = 0
    for key, email in given:
        before = known.get(key)
        if before is None or not email or not before.address_hash or before.email == email:
            continue
        after = address_hash(email)
        if after == before.address_hash:
            continue
        moved += 1
        for word in suppressions.of_address(connection, before.address_hash, moment=now):
            if word.reason not in FAULTS_OF_AN_ADDRESS:
                source = f"import, from an earlier address ({word.source})"
                suppressions.add(
                    connection, after, word.scope, word.reason, source, now, word.detail, until=word.until
                )
    return moved
