"""Tiers at work: what everybody was scored with, in tables that last for one computing, and what changes by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    case,
    cast,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from engine.model.built_in_events import OwnEvent
from engine.store import bulk, tables
from engine.store.types import Identity, to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

SOURCE = "tiers"
"""Where events of changed tiers come from."""

SCORED, KEPT, BY_HAND = 0, 1, 2
"""Why somebody has the tier they will have: their score, that nobody falls so soon, or a person's word."""


@dataclass(frozen=True)
class Sheets:
    """The two temporary tables of one computing.

    `values`: each customer with `now` (the place of their tier, 0 the best; NULL for none) and `v0`, `v1` … (what
    each criterion found, the larger the better; NULL for nothing). `scores`: the same with `b0`, `b1` … (the bands),
    `points`, `place` (1 the best; NULL for whom nothing is known of), `scored` and `after` (places of tiers) and `how`.
    """

    values: Table
    scores: Table
    criteria: int

    @classmethod
    def of(cls, criteria: int) -> Sheets:
        """For so many criteria."""
        about = MetaData()

        def person() -> list[Column[Any]]:
            found = [Column(f"v{number}", BigInteger) for number in range(criteria)]
            return [
                Column("customer", Identity, primary_key=True, autoincrement=False),
                Column("now", Integer),
                *found,
            ]

        bands = [Column(f"b{number}", Integer) for number in range(criteria)]
        results = [Column(name, Integer) for name in ("points", "place", "scored", "after", "how")]
        values = Table("tier_values", about, *person(), prefixes=["TEMPORARY"])
        return cls(
            values, Table("tier_scores", about, *person(), *bands, *results, prefixes=["TEMPORARY"]), criteria
        )

    def lay_out(self, connection: Connection) -> None:
        """Makes both tables, empty."""
        self.clear(connection)
        self.values.create(connection, checkfirst=False)
        self.scores.create(connection, checkfirst=False)

    def clear(self, connection: Connection) -> None:
        """Takes them away."""
        for table in (self.values, self.scores):
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table.name}")

    @property
    def found(self) -> list[Column[Any]]:
        """What the criteria found, in `values`."""
        return [self.values.c[f"v{number}"] for number in range(self.criteria)]


def fill(connection: Connection, table: Table, query: Select[Any]) -> None:
    """Puts a selection with the table's columns, in their order, into it."""
    connection.execute(insert(table).from_select([column.name for column in table.c], query))


class Known(NamedTuple):
    """For how many customers each criterion found something, and for how many any of them did."""

    each: tuple[int, ...]
    any: int


def known(connection: Connection, sheets: Sheets) -> Known:
    """Counted from the filled `values`."""
    found = sheets.found
    something = func.coalesce(*found) if len(found) > 1 else found[0]
    row = connection.execute(select(*(func.count(column) for column in found), func.count(something))).one()
    return Known(tuple(row[:-1]), row[-1])


def tallies(connection: Connection, sheets: Sheets) -> list[tuple[int | None, int | None, int, int]]:
    """Places of the tiers now and afterwards, how that comes, and how many customers."""
    score = sheets.scores.c
    query = select(score.now, score.after, score.how, func.count()).group_by(
        score.now, score.after, score.how
    )
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]


def counts(connection: Connection, customers: Table, column: str) -> dict[str, int]:
    """How many customers have each value of a field, "" for none."""
    value = customers.c[column]
    found = connection.execute(select(value, func.count()).group_by(value))
    return {str(row[0] or ""): row[1] for row in found}


def moves(scores: Table) -> ColumnElement[bool]:
    """The row's tier changes."""
    return scores.c.now.is_distinct_from(scores.c.after)


class Row(NamedTuple):
    """One customer's line. Tiers by their places; `found` and `bands`: by criterion, as `values` has them."""

    customer_id: str
    email: str
    now: int | None
    after: int | None
    scored: int | None
    how: int
    points: int
    place: int | None
    found: tuple[int | None, ...]
    bands: tuple[int, ...]
    reason: str


def rows(
    connection: Connection,
    sheets: Sheets,
    reason: ColumnElement[Any],
    *,
    only: int | None = None,
    limit: int | None = None,
) -> Iterator[Row]:
    """One customer, or those whose tier changes, the best score first."""
    score, people = sheets.scores.c, tables.customers.c
    numbers = range(sheets.criteria)
    found = [score[f"v{number}"] for number in numbers] + [score[f"b{number}"] for number in numbers]
    named = (people.customer_id, people.email)
    plain = (score.now, score.after, score.scored, score.how, score.points, score.place)
    query = select(*named, *plain, reason.label("reason"), *found).join_from(
        sheets.scores, tables.customers, people.id == score.customer
    )
    query = query.where(moves(sheets.scores) if only is None else score.customer == only)
    query = query.order_by(score.place.is_(None), score.place, score.customer).limit(limit)
    for row in connection.execute(query):
        own = tuple(row[9:])
        bands = own[sheets.criteria :]
        yield Row(
            row.customer_id,
            row.email or "",
            row.now,
            row.after,
            row.scored,
            row.how,
            row.points,
            row.place,
            own[: sheets.criteria],
            bands,
            row.reason,
        )


def apply(
    connection: Connection,
    sheets: Sheets,
    customers: Table,
    column: str,
    order: Sequence[str],
    reason: ColumnElement[Any],
    now: datetime,
) -> int:
    """Gives everybody the tier they will have, and notes each change as an event; how many changed.

    Args:
        customers: with its declared fields; `column`: the one that holds the tier.
        order: the tiers by their places.
        reason: in words, for a row of the scores.
    """
    scores, pins = sheets.scores, tables.tier_pins
    before, after = customers.c[column], named_tier(scores.c.after, order)
    joined = customers.join(scores, scores.c.customer == customers.c.id)
    # The scores may be older than this transaction: a tier that was given in between stays.
    as_scored = before.is_not_distinct_from(named_tier(scores.c.now, order))
    as_scored = or_(as_scored, and_(scores.c.now.is_(None), before.not_in(list(order))))
    pinned = select(pins.c.customer).where(pins.c.customer == scores.c.customer, pins.c.at > now)
    due = (moves(scores), as_scored, ~pinned.exists())
    fields = change_as_json(connection, before, after, reason)
    name = literal(str(OwnEvent.TIER_CHANGED))
    told = (
        select(scores.c.customer, name, *_about(connection, scores, fields, now))
        .select_from(joined)
        .where(*due)
    )  # fmt: skip
    names = ["customer", "name", "at", "fields", "identity", "source"]
    connection.execute(
        bulk.inserting(connection, tables.events).from_select(names, told).on_conflict_do_nothing()
    )
    changed = update(customers).where(customers.c.id == scores.c.customer, *due)
    return connection.execute(changed.values({column: after, "updated_at": now})).rowcount


def named_tier(place: ColumnElement[Any], order: Sequence[str]) -> ColumnElement[Any]:
    """The tier's name for a place."""
    return case(*((place == number, tier) for number, tier in enumerate(order)), else_=null())


def change_as_json(
    connection: Connection, before: ColumnElement[Any], after: ColumnElement[Any], reason: ColumnElement[Any]
) -> ColumnElement[Any]:
    """The fields of a change, without those that are nothing, as the text an event keeps."""
    parts = (literal("from"), before, literal("to"), after, literal("reason"), reason)
    if bulk.is_sqlite(connection):
        return func.json_patch("{}", func.json_object(*parts))
    typed = [cast(part, Text) for part in parts]
    return cast(func.json_strip_nulls(func.json_build_object(*typed)), Text)


def _about(
    connection: Connection, scores: Table, fields: ColumnElement[Any], now: datetime
) -> tuple[ColumnElement[Any], ...]:
    """Moment, fields, identity and source of an event that one customer has at most once in a moment."""
    at = to_microseconds(now)
    words: ColumnElement[Any] = literal(f"{SOURCE}/{at}")
    for part in (scores.c.customer, func.coalesce(scores.c.now, -1), func.coalesce(scores.c.after, -1)):
        words = words.concat("/").concat(cast(part, Text))
    identity = cast(words, LargeBinary) if bulk.is_sqlite(connection) else func.convert_to(words, "UTF8")
    return literal(at, BigInteger), fields, identity, literal(SOURCE)
