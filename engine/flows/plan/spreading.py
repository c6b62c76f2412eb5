"""A sender who may write so many letters a day: the rest of a run waits for the days after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.definitions.workspace import Workspace
from engine.errors import Refused
from engine.flows.plan.choosing import VariantKey
from engine.model.words import Reason
from engine.policy.rules import obeys
from engine.store import sender_days, variants
from engine.store.ledger.spreading import Turn, put_off

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.flows.plan.planning import Plan

ONE_DAY = timedelta(days=1)
MOST_DAYS = 366
"""A run that takes its sender longer than a year is a mistake in a number."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many letters a day a sender may write, and where that is written."""

    at_most: int
    name: str
    where: str

    @property
    def words(self) -> str:
        """The rule as the ledger keeps it."""
        return f"{self.where}: at most {self.at_most:,} a day from {self.name}"


def allowances(workspace: Workspace) -> dict[str, Allowance]:
    """Of every sender who has one."""
    found = {}
    for name, sender in workspace.senders.items():
        if sender.at_most is not None:
            where = workspace.where("senders", name, "at_most")
            found[name] = Allowance(sender.at_most.number, sender.name, where)
    return found


def turns(
    due: Sequence[tuple[datetime, int]], taken: Mapping[date, int], at_most: int, zone: ZoneInfo
) -> list[Turn]:
    """Which letters are put off to which moment: as few days as the number allows, at the hour they were due. Pure.

    Args:
        due: moments in their order, and how many letters are due then.
        taken: by day of the zone's calendar, how many of other letters it has already.

    Raises ValueError where the last one would leave more than MOST_DAYS after it was due.
    """
    found, given, place, day = [], dict(taken), 1, date.min
    for moment, letters in due:
        local = moment.astimezone(zone)
        day, left = max(day, local.date()), letters
        while left:
            room = min(at_most - given.get(day, 0), left)
            if room <= 0:
                day += ONE_DAY
                if (day - local.date()).days > MOST_DAYS:
                    raise ValueError("too many days")
                continue
            if day != local.date():
                later = datetime.combine(day, local.time(), zone)
                found.append(Turn(place, place + room - 1, later))
            given[day] = given.get(day, 0) + room
            place, left = place + room, left - room
    return found


def spread(connection: Connection, plan: Plan) -> None:
    """Puts off letters of the run that its senders may not write on the day they are due. Refused after a year.

    What other runs have waiting takes room, and so does what left today; when letters leave, it is counted again.
    """
    allowed = allowances(plan.workspace)
    if not allowed or not obeys(plan.campaign) or plan.campaign.by_owner:
        return
    open_runs = sender_days.variants_of_open_runs(connection)
    for sender, allowance in allowed.items():
        own = [number for number, text in _keys(connection, plan) if VariantKey.read(text).sender == sender]
        mine = sender_days.due(connection, plan.run.id, own) if own else []
        if not mine:
            continue
        taken = {_day(plan, plan.now): sender_days.left_on(connection, sender, _day(plan, plan.now))}
        others: dict[int, list[int]] = {}
        for run, number, text in open_runs:
            if run != plan.run.id and VariantKey.read(text).sender == sender:
                others.setdefault(run, []).append(number)
        for run, numbers in others.items():
            for moment, letters in sender_days.due(connection, run, numbers):
                day = max(_day(plan, moment), _day(plan, plan.now))
                taken[day] = taken.get(day, 0) + letters
        try:
            found = turns(mine, taken, allowance.at_most, plan.rules.zone)
        except ValueError as error:
            letters = sum(number for _, number in mine)
            raise Refused(
                f"{letters:,} letters from {sender} take longer than a year ({allowance.words})",
                help="raise `at_most`, name another sender, or write to fewer people",
            ) from error
        moved = put_off(connection, plan.run.id, own, found, Reason.SENDER_FULL, allowance.words)
        if moved:
            last = found[-1].due_at.astimezone(plan.rules.zone)
            wait = "letter waits" if moved == 1 else "letters wait"
            until = f"the last until {last:%Y-%m-%d} ({allowance.words})"
            plan.notes.append(f"{moved:,} {wait} for later days, {until}")


def _keys(connection: Connection, plan: Plan) -> list[tuple[int, str]]:
    return variants.keys_of_run(connection, plan.run.id)


def _day(plan: Plan, moment: datetime) -> date:
    return moment.astimezone(plan.rules.zone).date()
