"""Taking back what dead processes left: a claim was nothing yet, a call may have been everything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, bindparam, select, text

from engine.model.words import State
from engine.store import tables, workers
from engine.store.crash import crash
from engine.store.types import to_microseconds

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was taken back: deliveries that are queued again, and those whose call nobody can answer for."""

    queued: int = 0
    uncertain: int = 0
    workers: int = 0


def recover(connection: Connection, path: Path | None, now: datetime) -> Recovered:
    """Takes back the deliveries of dead processes; doing it twice changes nothing more.

    Args:
        path: `database.path`.

    A claim goes back into the queue, also when its process lives but its lease ran out: nothing has left. A
    submitted delivery becomes uncertain, only if its process is certainly dead and never because time passed.
    """
    leased = set(connection.execute(_LEASED).scalars())
    boots = leased | set(connection.execute(select(tables.workers.c.boot)).scalars())
    dead = workers.dead_among(connection, path, sorted(boots))
    given: dict[str, Any] = {"dead": dead, "now": to_microseconds(now)}
    queued = uncertain = 0
    if leased:
        queued = connection.execute(_QUEUE_AGAIN, given).rowcount
        uncertain = connection.execute(_UNCERTAIN, given).rowcount
    workers.forget(connection, path, dead)
    crash("recover")
    return Recovered(queued, uncertain, len(dead))


_OPEN = "run IN (SELECT id FROM runs WHERE state NOT IN ('done', 'missed'))"
_BOOT = f"substr(lease, 1, {workers.BOOT_CHARACTERS})"

_LEASED = text(f"""
SELECT DISTINCT {_BOOT} FROM deliveries
WHERE {_OPEN} AND state IN ('{State.CLAIMED}', '{State.SUBMITTING}')
""")
_QUEUE_AGAIN = text(f"""
UPDATE deliveries SET state = '{State.PLANNED}', due_at = :now, lease = NULL, lease_until = NULL
WHERE {_OPEN} AND state = '{State.CLAIMED}' AND ({_BOOT} IN :dead OR lease_until < :now)
""").bindparams(bindparam("dead", expanding=True, type_=Text))
_UNCERTAIN = text(f"""
UPDATE deliveries SET state = '{State.UNCERTAIN}', settled_at = :now,
    bound_to = provider, detail = 'the process that sent it died before the answer was written down'
WHERE {_OPEN} AND state = '{State.SUBMITTING}' AND {_BOOT} IN :dead
""").bindparams(bindparam("dead", expanding=True, type_=Text))
