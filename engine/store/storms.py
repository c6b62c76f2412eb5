"""Hard bounces counted against letters, by run: what tells a dead address from a provider's bad hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.model.heard import HARD, Effect, News
from engine.store import bulk
from engine.store.types import to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Bounces:
    """Hard bounces of one run: the letters they are about, by what was done with the news."""

    run: int
    effects: dict[Effect, int]

    @property
    def counted(self) -> int:
        """Those that are not known to be the provider's fault."""
        return sum(number for effect, number in self.effects.items() if effect is not Effect.RELEASED)


@dataclass(frozen=True, slots=True)
class Held:
    """Bounces of one run that wait for a person's word. `run` is None where no letter is known to them."""

    run: int | None
    campaign: str
    occurrence: str
    provider: str
    bounces: int


def bounces(connection: Connection, run: int | None, since: datetime) -> Bounces:
    """The hard bounces of a run; for None those of customers without a letter, received since a moment."""
    of_run = (
        "run = :run" if run is not None else "run IS NULL AND customer IS NOT NULL AND received_at >= :since"
    )
    counted = "delivery" if run is not None else "customer"
    statement = (
        f"SELECT effect, count(DISTINCT {counted}) FROM heard WHERE {of_run} AND {_HARD} GROUP BY effect"
    )
    given = {"run": run, "since": to_microseconds(since)}
    return Bounces(
        run or 0, {Effect(effect): number for effect, number in _run(connection, statement, given)}
    )


def numbers(connection: Connection, run: int | None, effects: Sequence[Effect], since: datetime) -> list[int]:
    """The pieces of news behind those bounces, with these effects."""
    of_run = (
        "run = :run" if run is not None else "run IS NULL AND customer IS NOT NULL AND received_at >= :since"
    )
    among = ", ".join(f"'{effect}'" for effect in effects)
    statement = f"SELECT id FROM heard WHERE {of_run} AND effect IN ({among}) AND {_HARD} ORDER BY id"
    return [row[0] for row in _run(connection, statement, {"run": run, "since": to_microseconds(since)})]


def addresses(connection: Connection, ids: Sequence[int]) -> list[str]:
    """The addresses (their hashes) that news is about."""
    from engine.store import tables

    found = bulk.select_among(connection, (tables.heard.c.address_hash,), tables.heard.c.id, ids)
    return sorted({row[0] for row in found if row[0]})


def letters(connection: Connection, run: int | None) -> int:
    """How many letters of the run were handed over; for None how many customers have an address."""
    if run is None:
        statement = "SELECT count(*) FROM customers WHERE address_hash IS NOT NULL"
    else:
        statement = "SELECT coalesce(sum(messages), 0) FROM calls WHERE run = :run"
    return int(_run(connection, statement, {"run": run})[0][0])


def before(connection: Connection, run: int, span_microseconds: int) -> tuple[int, int]:
    """What the same provider's earlier runs brought within a span before this one: hard bounces and letters."""
    earlier = """
        (SELECT e.id FROM runs e JOIN runs r ON r.id = :run WHERE e.id <> r.id AND e.provider = r.provider
         AND e.created_at <= r.created_at AND e.created_at > r.created_at - :span)
    """
    given = {"run": run, "span": span_microseconds}
    released = f"effect <> '{Effect.RELEASED}'"
    hard = f"SELECT count(DISTINCT delivery) FROM heard WHERE run IN {earlier} AND {released} AND {_HARD}"
    sent = f"SELECT coalesce(sum(messages), 0) FROM calls WHERE run IN {earlier}"
    return int(_run(connection, hard, given)[0][0]), int(_run(connection, sent, given)[0][0])


def domains(connection: Connection, run: int) -> Counter[str]:
    """The hard bounces of a run by the domain the letters went to."""
    statement = f"""
        SELECT DISTINCT d.id, d.address FROM heard h JOIN deliveries d ON d.id = h.delivery
        WHERE h.run = :run AND h.effect <> '{Effect.RELEASED}' AND d.address IS NOT NULL AND {_HARD_OF_H}
    """
    found = _run(connection, statement, {"run": run})
    return Counter(str(address).rpartition("@")[2].lower() for _, address in found)


def letters_to(connection: Connection, run: int, domain: str, most: int) -> int:
    """How many letters of the run went to a domain; counting stops at `most`."""
    escaped = domain.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    statement = """
        SELECT count(*) FROM (
            SELECT 1 FROM deliveries WHERE run = :run AND submitted_at IS NOT NULL
            AND lower(address) LIKE :suffix ESCAPE '\\' LIMIT :most
        ) AS found
    """
    given = {"run": run, "suffix": f"%@{escaped}", "most": most}
    return int(_run(connection, statement, given)[0][0])


def held(connection: Connection) -> list[Held]:
    """Everything that waits for a person's word, the newest run first."""
    statement = f"""
        SELECT h.run, coalesce(r.campaign, ''), coalesce(r.occurrence, ''), min(h.provider), count(*)
        FROM heard h LEFT JOIN runs r ON r.id = h.run WHERE h.effect = '{Effect.QUARANTINED}'
        GROUP BY h.run, r.campaign, r.occurrence ORDER BY coalesce(h.run, 0) DESC
    """
    return [Held(*row) for row in _run(connection, statement, {})]


def _run(connection: Connection, statement: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    written = statement if bulk.is_sqlite(connection) else bulk.named(statement)
    return list(bulk.run(connection, written, given).fetchall())


def _hard(alias: str = "") -> str:
    news = ", ".join(f"'{each}'" for each in (News.BOUNCED, News.REFUSED))
    kinds = ", ".join(f"'{each}'" for each in sorted(HARD))
    return f"{alias}news IN ({news}) AND {alias}bounce IN ({kinds})"


_HARD, _HARD_OF_H = _hard(), _hard("h.")
