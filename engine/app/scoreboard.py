"""Wiring for the scoreboard: how well each person's customers are kept, so that keeping them can be rewarded."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.app.desk import Desk
from engine.app.people import rulebook
from engine.app.silence import asked as asked_floors
from engine.audience import silences, silences_told
from engine.audience.owning import owning_of
from engine.audience.scores import Question, scores
from engine.audience.silences_told import Narrowed
from engine.errors import UsageError
from engine.model.scoreboard import Score, Scoreboard

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.audience.owning import Owning
    from engine.flows.plan.silences import Silences


def scoreboard(desk: Desk, *, since: str | None = None) -> Scoreboard:
    """The scoreboard of the period that ends now. `since`: its first day or moment; else as long as the policy says."""
    rules, asked = rulebook(desk, desk.now), desk.workspace.policy.scoreboard
    if since is None:
        begins = rules.span_start(asked.period)
        before = asked.period.before(begins.astimezone(desk.zone)).astimezone(UTC)
    else:
        begins = _past(desk, since)
        before = begins - (desk.now - begins)
    owning = owning_of(desk.workspace)
    question = Question(rules, owning, desk.workspace.tiers.field, asked.purchase, before, begins, desk.now)
    floors = asked_floors(desk)
    with desk.trial() as connection:
        found = scores(connection, question, _names(owning))
        if floors is not None:
            found = _with_floors(connection, floors, found)
    zone = desk.zone
    return Scoreboard(
        before.astimezone(zone), begins.astimezone(zone), desk.now.astimezone(zone), asked.purchase, found
    )


def _with_floors(connection: Connection, floors: Silences, found: list[Score]) -> list[Score]:
    """The same, with how many floors each person's customers have and how many are kept today."""
    outlook = floors.outlook(connection)
    silences.lay_out(connection, outlook, outlook.today)
    numbers = silences_told.numbers(connection, outlook, Narrowed())
    every: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for (_, _, owner), customers in numbers.customers.items():
        every[owner] += customers
    for (_, _, owner), customers in numbers.silent.items():
        missed[owner] += customers
    return [
        replace(score, floors=every[score.owner], floors_kept=every[score.owner] - missed[score.owner])
        for score in found
    ]


def _names(owning: Owning | None) -> tuple[str, ...]:
    return owning.names if owning is not None else ()


def _past(desk: Desk, since: str) -> datetime:
    try:
        moment = desk.moment(since)
    except UsageError as error:
        raise UsageError(f"--since: `{since}` is no day", help="write it like 2027-01-01") from error
    if moment >= desk.now:
        raise UsageError(f"--since: {since} is still to come", help="name a day that has passed")
    return moment
