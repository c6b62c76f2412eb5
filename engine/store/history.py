"""Everything that happened between us and one customer, the newest first, a page at a time."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, cast, func, literal, null, select, union_all

from engine.model.report import HistoryLine
from engine.store import tables
from engine.store.types import Moment

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

PAGE = 50


def history(
    connection: Connection, customer: int, *, before: datetime | None = None, limit: int = PAGE
) -> list[HistoryLine]:
    """The customer's deliveries, events and consent, newest first.

    `before`: only what is older; hand in the last line's moment to turn the page.
    """
    lines = union_all(_deliveries(customer), _events(connection, customer), _consent(customer)).subquery()
    page = select(lines).order_by(lines.c.at.desc(), lines.c.kind, lines.c.what).limit(limit)
    if before is not None:
        page = page.where(lines.c.at < before)
    return [_line(row) for row in connection.execute(page)]


def _deliveries(customer: int) -> Select[Any]:
    table, runs, variants = tables.deliveries, tables.runs, tables.variants
    # A delivery without a letter happened when its run was planned.
    at = func.coalesce(
        table.c.settled_at, table.c.submitted_at, runs.c.planned_at, runs.c.created_at, type_=Moment
    )
    subject = func.coalesce(variants.c.subject, "")
    return (
        select(
            at.label("at"),
            literal("delivery").label("kind"),
            table.c.state.label("what"),
            func.coalesce(table.c.reason, table.c.detail, subject).label("detail"),
            runs.c.campaign.label("campaign"),
            cast(runs.c.id, String).label("run"),
        )
        .join(runs, runs.c.id == table.c.run)
        .outerjoin(variants, variants.c.id == table.c.variant)
        .where(table.c.customer == customer)
    )


def _events(connection: Connection, customer: int) -> Select[Any]:
    """The index of events begins with their name, and there are few names: ask for each."""
    table = tables.events
    return select(
        table.c.at,
        literal("event").label("kind"),
        table.c.name.label("what"),
        table.c.fields.label("detail"),
        cast(null(), String).label("campaign"),
        cast(null(), String).label("run"),
    ).where(table.c.name.in_(_names(connection)), table.c.customer == customer)


def _names(connection: Connection) -> list[str]:
    table = tables.events
    names: list[str] = []
    while True:
        following = select(func.min(table.c.name))
        if names:
            following = following.where(table.c.name > names[-1])
        name = connection.execute(following).scalar()
        if name is None:
            return names
        names.append(name)


def _consent(customer: int) -> Select[Any]:
    table = tables.consent
    return select(
        table.c.at,
        literal("consent").label("kind"),
        table.c.action.label("what"),
        (table.c.topic + " by " + table.c.source).label("detail"),
        cast(null(), String).label("campaign"),
        cast(null(), String).label("run"),
    ).where(table.c.customer == customer)


def _line(row: Any) -> HistoryLine:
    detail = row.detail or ""
    if row.kind == "event":
        detail = ", ".join(f"{name} {value}" for name, value in json.loads(detail or "{}").items())
    return HistoryLine(row.at, row.kind, row.what, detail, row.campaign or "", row.run or "")
