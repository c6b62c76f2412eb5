"""Freezing a run's audience, choosing each profile's letter in one statement, and opening the run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, case, func, literal, select, text, true, update

from engine.errors import StoreError
from engine.model.words import Reason, State
from engine.store import bulk, codes, runs, tables
from engine.store.crash import crash
from engine.store.types import Moment

if TYPE_CHECKING:
    from sqlalchemy import Connection

REQUIRED = ("customer", "state")
OPTIONAL = ("reason", "detail", "profile", "address", "due_at")


@dataclass(frozen=True, slots=True)
class Choice:
    """What everybody with a profile gets: a variant, or no letter and the reason."""

    profile: str
    variant: int | None = None
    reason: str = ""
    detail: str = ""


def freeze(connection: Connection, run: int, audience: Select[Any], now: datetime, *, step: str = "") -> int:
    """Writes a delivery for everybody the audience names; how many are new.

    Args:
        run: a run that is being planned.
        audience: a SELECT with one row a customer and columns labelled `customer` (customers.id) and `state`
            (planned, skipped or held_out), and any of `reason`, `detail`, `profile` (text of whatever decides
            the letter), `address` and `due_at` (when a planned one may leave; `now` without it).
        step: the step of a sequence.

    Whoever has a delivery in this run and step already keeps it, so that a plan that broke off goes on.
    """
    chosen = audience.subquery()
    missing = [name for name in REQUIRED if name not in chosen.c]
    if missing:
        raise ValueError(f"the audience's SELECT has no column {' and '.join(missing)}")
    given: dict[str, Any] = {name: chosen.c[name] for name in (*REQUIRED, *OPTIONAL) if name in chosen.c}
    given["profile"] = func.coalesce(given.get("profile", literal("")), "")
    due = func.coalesce(given["due_at"], literal(now, Moment)) if "due_at" in given else literal(now, Moment)
    given["due_at"] = case((chosen.c.state == State.PLANNED, due))
    columns = ["run", "step", *given]
    # SQLite reads ON CONFLICT after a SELECT without WHERE as a join condition.
    source = select(literal(run), literal(step), *given.values()).where(true())
    if not bulk.is_sqlite(connection):
        # Rows that come in the order of the key's index cost PostgreSQL a tenth less; SQLite has them so anyway.
        source = source.order_by(chosen.c.customer)
    statement = bulk.inserting(connection, tables.deliveries).from_select(
        columns, source, include_defaults=False
    )
    if bulk.is_sqlite(connection) or not _is_untouched(connection, run):
        statement = statement.on_conflict_do_nothing()
    added = int(connection.execute(statement.execution_options(preserve_rowcount=True)).rowcount)
    if added < 0:
        # Python's sqlite3 does not count for a statement that begins with WITH; SQLite does.
        added = int(connection.exec_driver_sql("SELECT changes()").scalar_one())
    crash("freeze")
    return added


def _is_untouched(connection: Connection, run: int) -> bool:
    """Whether nobody has a delivery in the run, and nobody else gets one before this transaction ends.

    Then PostgreSQL need not look for each row's rival, which is a sixth of what freezing costs there.
    """
    some = select(tables.deliveries.c.id).where(tables.deliveries.c.run == run).limit(1)
    if connection.execute(some).first() is not None:
        return False
    runs.get(connection, run, hold=True)
    return connection.execute(some).first() is None


def profiles(connection: Connection, run: int) -> list[tuple[str, int]]:
    """Every profile whose letter is not chosen yet, and how many people have it; the most frequent first."""
    table = tables.deliveries
    people = func.count()
    query = (
        select(table.c.profile, people)
        .where(table.c.run == run, table.c.state == State.PLANNED, table.c.variant.is_(None))
        .group_by(table.c.profile)
        .order_by(people.desc(), table.c.profile)
    )
    return [(row[0], row[1]) for row in connection.execute(query)]


def assign(connection: Connection, run: int, choices: Iterable[Choice]) -> None:
    """Gives every planned delivery its profile's variant, or ends it with its profile's reason."""
    connection.execute(text(_CHOSEN))
    connection.execute(text("DELETE FROM chosen"))
    rows = [
        (choice.profile, choice.variant, choice.reason or None, choice.detail or None) for choice in choices
    ]
    bulk.insert_rows(connection, _chosen_columns(), rows)
    skipped = connection.execute(text(_SKIP), {"run": run}).rowcount
    connection.execute(text(_ASSIGN), {"run": run})
    if skipped:
        codes.release(connection, run)
    crash("assign")


def mark_without_code(connection: Connection, run: int, offer: str) -> int:
    """Adds "without a code of this offer" to the profile of planned deliveries that got none; how many.

    Their letter differs, so they need a variant of their own; see `without_code`.
    """
    values = {"run": run, "offer": offer, "mark": without_code(offer)}
    return connection.execute(text(_WITHOUT_CODE), values).rowcount


def without_code(offer: str) -> str:
    """What `mark_without_code` adds to the end of a profile."""
    return f"\x1ewithout {offer}"


def skip_without_code(connection: Connection, run: int, offer: str, one_per: str) -> int:
    """Ends planned deliveries that got no code of the offer; how many.

    `one_per`: of the offer (see codes.HAD_ONE); who had a code before is told apart from who came too late.
    """
    statement = _SKIP_WITHOUT_CODE.format(had_one=codes.HAD_ONE[one_per])
    return connection.execute(text(statement), {"run": run, "offer": offer}).rowcount


def leave_out(
    connection: Connection,
    run: int,
    reason: Reason,
    detail: str,
    *,
    those: Select[tuple[int]] | None = None,
    all_but: Select[tuple[int]] | None = None,
) -> int:
    """Ends planned deliveries, by their numbers: `those`, or `all_but` those; how many."""
    table = tables.deliveries
    here = update(table).where(table.c.run == run, table.c.state == State.PLANNED)
    if those is not None:
        here = here.where(table.c.id.in_(those))
    if all_but is not None:
        here = here.where(table.c.id.not_in(all_but))
    ended = here.values(state=State.SKIPPED, due_at=None, reason=reason, detail=detail or None)
    return connection.execute(ended).rowcount


def open_run(connection: Connection, run: int, now: datetime, *, approved: bool = True) -> bool:
    """Makes the planned run ready to be sent; False if somebody did so before.

    `approved`: False lets it await a person's word first.

    Raises StoreError while any planned delivery has no letter: half a plan is never sent.
    """
    table = tables.deliveries
    unfinished = select(func.count()).where(
        table.c.run == run, table.c.state == State.PLANNED, table.c.variant.is_(None)
    )
    left = connection.execute(unfinished).scalar_one()
    if left:
        raise StoreError(
            f"{left} planned deliveries of run {run} have no letter chosen", help="plan it again"
        )
    changed = runs.change(connection, run, runs.PLANNING, runs.READY if approved else runs.AWAITING, now)
    crash("open_run")
    return changed


def _chosen_columns() -> tuple[Any, ...]:
    from sqlalchemy import BigInteger, Column, MetaData, Table, Text

    chosen = Table(
        "chosen",
        MetaData(),
        Column("profile", Text, primary_key=True),
        Column("variant", BigInteger),
        Column("reason", Text),
        Column("detail", Text),
    )
    return tuple(chosen.c)


_CHOSEN = """
CREATE TEMPORARY TABLE IF NOT EXISTS chosen
(profile TEXT PRIMARY KEY, variant BIGINT, reason TEXT, detail TEXT)
"""
_HERE = "run = :run AND state = 'planned'"
_SKIP = f"""
UPDATE deliveries SET state = '{State.SKIPPED}', due_at = NULL,
    reason = (SELECT c.reason FROM chosen c WHERE c.profile = deliveries.profile),
    detail = (SELECT c.detail FROM chosen c WHERE c.profile = deliveries.profile)
WHERE {_HERE} AND variant IS NULL AND profile IN (SELECT profile FROM chosen WHERE variant IS NULL)
"""
_ASSIGN = f"""
UPDATE deliveries SET variant = (SELECT c.variant FROM chosen c WHERE c.profile = deliveries.profile)
WHERE {_HERE} AND variant IS NULL AND profile IN (SELECT profile FROM chosen WHERE variant IS NOT NULL)
"""
_NO_CODE = """
NOT EXISTS (SELECT 1 FROM codes c WHERE c.delivery = deliveries.id AND c.offer = :offer)
"""
_WITHOUT_CODE = f"""
UPDATE deliveries SET profile = profile || :mark WHERE {_HERE} AND variant IS NULL AND {_NO_CODE}
AND substr(profile, length(profile) - length(:mark) + 1) <> :mark
"""
_SKIP_WITHOUT_CODE = f"""
UPDATE deliveries AS d SET state = '{State.SKIPPED}', due_at = NULL,
    reason = CASE WHEN {{had_one}} THEN '{Reason.OFFER_TAKEN}' ELSE '{Reason.OFFER_EXHAUSTED}' END
WHERE d.run = :run AND d.state = 'planned'
AND NOT EXISTS (SELECT 1 FROM codes c WHERE c.delivery = d.id AND c.offer = :offer)
"""
