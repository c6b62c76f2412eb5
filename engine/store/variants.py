"""Variants: the parts of a run's letters that do not depend on the person, kept for ever."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from engine.store import bulk, tables
from engine.store.types import to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Variant:
    """A compiled letter. `program`: what templating wrote down to fill it again; `subject`: for lists."""

    id: int
    run: int
    key: str
    program: bytes
    subject: str


def get_or_create(
    connection: Connection,
    run: int,
    key: str,
    program: bytes,
    subject: str,
    posts: Sequence[int],
    now: datetime,
    *,
    offer: str = "",
) -> int:
    """The number of the run's variant with that key; the rest (posts by row number) counts if it is new.

    `offer`: the one the letter carries, or "".
    """
    table = tables.variants
    names = ("run", "key", "program", "subject", "created_at", "offer")
    row = (run, key, program, subject, to_microseconds(now), offer or None)
    created = bulk.insert_rows(connection, tuple(table.c[name] for name in names), [row]) == 1
    number = connection.execute(select(table.c.id).where(table.c.run == run, table.c.key == key)).scalar_one()
    if created:
        links = tables.variant_posts
        bulk.insert_rows(connection, (links.c.variant, links.c.post), [(number, post) for post in posts])
    return int(number)


def get(connection: Connection, variant: int) -> Variant | None:
    """One variant."""
    columns = [tables.variants.c[name] for name in ("id", "run", "key", "program", "subject")]
    row = connection.execute(select(*columns).where(tables.variants.c.id == variant)).first()
    return None if row is None else Variant(*row)


def keys_of_run(connection: Connection, run: int) -> list[tuple[int, str]]:
    """Each variant's number and key."""
    table = tables.variants
    query = select(table.c.id, table.c.key).where(table.c.run == run).order_by(table.c.id)
    return [(row[0], row[1]) for row in connection.execute(query)]


def of_run(connection: Connection, run: int) -> list[tuple[int, str, str, int]]:
    """Each variant's number, key, subject and how many deliveries it has; the largest first."""
    table, deliveries = tables.variants, tables.deliveries
    people = func.count(deliveries.c.id)
    query = (
        select(table.c.id, table.c.key, table.c.subject, people)
        .outerjoin(deliveries, (deliveries.c.variant == table.c.id) & (deliveries.c.run == table.c.run))
        .where(table.c.run == run)
        .group_by(table.c.id, table.c.key, table.c.subject)
        .order_by(people.desc(), table.c.id)
    )
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]


def posts_of(connection: Connection, variants: Iterable[int]) -> dict[int, frozenset[int]]:
    """The posts (row numbers) that each of these variants shows; variants without any are missing."""
    links = tables.variant_posts
    shown: dict[int, set[int]] = {}
    for variant, post in bulk.select_among(
        connection, (links.c.variant, links.c.post), links.c.variant, list(variants)
    ):
        shown.setdefault(variant, set()).add(post)
    return {variant: frozenset(posts) for variant, posts in shown.items()}
