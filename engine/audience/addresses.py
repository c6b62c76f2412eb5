"""Addresses that several customers have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from engine.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection


def shared_addresses(connection: Connection) -> int:
    """How many addresses belong to more than one customer; read from the index alone."""
    people = tables.customers.c
    shared = (
        select(people.address_hash)
        .where(people.address_hash.is_not(None))
        .group_by(people.address_hash)
        .having(func.count() > 1)
        .subquery()
    )
    return connection.execute(select(func.count()).select_from(shared)).scalar_one()
