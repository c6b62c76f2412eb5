"""Stages as they stand: who is in which, unless a sign of life has come since; and what a sign of life is."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    case,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.sql.selectable import NamedFromClause

from engine.audience.portable import JsonField
from engine.audience.rulebook import Rulebook
from engine.model.heard import News
from engine.policy.sunset import Ladder
from engine.store import tables
from engine.store.subscriptions import JOINED


def standing_stages(rules: Rulebook, ladder: Ladder, name: str = "standing_stages") -> Subquery:
    """`customer`, `stage` and `since` of everybody in a stage who has given no sign of life since."""
    kept = tables.stages.alias()
    query = select(kept.c.customer, kept.c.stage, kept.c.since).where(
        kept.c.since <= rules.as_of, not_(since_then(kept, rules, ladder))
    )
    return query.subquery(name)


def in_stages(only: int | None = None) -> Select[tuple[int]]:
    """The customers who are in any stage but the first; `only`: whether this one is."""
    query = select(tables.stages.c.customer)
    return query if only is None else query.where(tables.stages.c.customer == only)


def stages_of(
    connection: Connection, rules: Rulebook, ladder: Ladder | None, customers: Sequence[int]
) -> dict[int, str]:
    """The stages of those of these customers who are not engaged."""
    if ladder is None or not customers:
        return {}
    stage = standing_stages(rules, ladder)
    found = select(stage.c.customer, stage.c.stage).where(stage.c.customer.in_(list(customers)))
    return {row[0]: row[1] for row in connection.execute(found)}


def last_signs(rules: Rulebook, ladder: Ladder) -> Subquery:
    """Each customer's last sign of life, `at`."""
    event, consent = tables.events.alias(), tables.consent.alias()
    signs = select(event.c.customer, moment_of(event).label("at")).where(*_is_sign(event, rules, ladder))
    joined = select(consent.c.customer, moment_of(consent).label("at")).where(
        consent.c.action == JOINED, consent.c.at <= rules.as_of
    )
    every = union_all(signs, joined).subquery()
    return (
        select(every.c.customer, func.max(every.c.at).label("at"))
        .group_by(every.c.customer)
        .subquery("heard_of")
    )


def since_then(kept: NamedFromClause, rules: Rulebook, ladder: Ladder) -> ColumnElement[bool]:
    """A sign of life since the silence began: there was none when the stage was worked out, so it is news."""
    event, consent = tables.events.alias(), tables.consent.alias()
    sign = select(event.c.id).where(
        event.c.customer == kept.c.customer, event.c.at > kept.c.silent_since, *_is_sign(event, rules, ladder)
    )
    joined = select(consent.c.id).where(
        consent.c.customer == kept.c.customer,
        consent.c.at > kept.c.silent_since,
        consent.c.at <= rules.as_of,
        consent.c.action == JOINED,
    )
    return or_(exists(sign), exists(joined))


def _is_sign(event: NamedFromClause, rules: Rulebook, ladder: Ladder) -> list[ColumnElement[bool]]:
    checks = [event.c.name.in_(ladder.evidence), event.c.at <= rules.as_of]
    if str(News.CLICKED) in ladder.evidence:
        machine = JsonField(event.c.fields, "machine", rules.dialect).is_truth(True)
        by_machine = case((event.c.name == str(News.CLICKED), func.coalesce(machine, false())), else_=false())
        checks.append(not_(by_machine))
    return checks


def moment_of(rows: NamedFromClause) -> ColumnElement[int]:
    """When it happened, in microseconds."""
    return type_coerce(rows.c.at, BigInteger)
