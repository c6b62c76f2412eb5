"""Of several people who belong together one gets the letter: the others are skipped while the run is planned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, delete, select, update

from engine.model.words import Reason, State
from engine.store import codes, tables
from engine.store.crash import crash

if TYPE_CHECKING:
    from sqlalchemy import Connection


def skip_others(connection: Connection, run: int, contacts: Select[Any]) -> int:
    """Skips every planned delivery that is not the first of its people; how many.

    `contacts`: columns `delivery`, `place` (1 for the first) and `told` (who is first, in words).
    """
    chosen, table = contacts.subquery("contacts"), tables.deliveries
    this = (
        update(table)
        .where(table.c.id == chosen.c.delivery, chosen.c.place > 1)
        .where(table.c.run == run, table.c.state == State.PLANNED)
        .values(
            state=str(State.SKIPPED),
            reason=str(Reason.ONE_PER_ACCOUNT),
            detail=chosen.c.told,
            due_at=None,
        )
    )
    skipped = connection.execute(this).rowcount
    crash("skip_others")
    return skipped


def forget(connection: Connection, run: int, deserted: Select[Any]) -> int:
    """Removes the rows of those who were skipped for somebody who gets no letter either; how many.

    `deserted`: a SELECT of deliveries. They are frozen anew, with whatever holds for them by themselves; the codes of
    those in whose place they step are free for them.
    """
    table = tables.deliveries
    this = delete(table).where(
        table.c.run == run,
        table.c.state == State.SKIPPED,
        table.c.reason == str(Reason.ONE_PER_ACCOUNT),
        table.c.id.in_(select(deserted.subquery("deserted").c[0])),
    )
    removed = connection.execute(this).rowcount
    if removed:
        codes.release(connection, run)
    return removed
