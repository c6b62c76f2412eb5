"""Wiring for `silent`: whose floor runs out when, what prevents it, and why nothing does; nothing is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

from engine.app import running
from engine.app.desk import Desk
from engine.app.owners import sender_name
from engine.app.people import rulebook
from engine.app.tasking import later
from engine.audience import silences, silences_prevented, silences_told
from engine.audience.silences import Outlook
from engine.audience.silences_told import Laid, Narrowed, Numbers
from engine.errors import UsageError
from engine.flows.plan.silences import OWNER, Silences, last_day
from engine.model.silence import SilentGroup, SilentPerson, SilentReport
from engine.model.words import Reason
from engine.policy.floors import Floors, floors_of, lapses
from engine.store import history, touches_by_people
from engine.store.ledger.discarding import discard
from engine.store.types import from_microseconds, to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

NO_FILLER = "no_filler"
PREVIEW = "floor, as a preview"


def asked(desk: Desk) -> Silences | None:
    """What the floors of the workspace are asked with; None where it has none."""
    floors = floors_of(desk.workspace)
    # Columns are added in a transaction of their own, before ours begins.
    assert desk.fields is not None
    if floors is None or not floors.floors:
        return None
    return Silences(desk.workspace, floors, rulebook(desk, desk.now))


def silent(
    desk: Desk,
    *,
    within: str = "30 days",
    tier: str = "",
    owner: str = "",
    fill: bool = False,
    limit: int = 50,
    skip: int = 0,
) -> SilentReport:
    """Who is silent, and who will be within that time. `fill`: those for whom something is done today, and what."""
    question = asked(desk)
    if question is None:
        raise UsageError(
            "there is no floor to ask about",
            help="write `cadence:` in config/policy.yaml, such as `gold: { at_least: every 30 days }`",
        )
    floors = question.floors
    narrowed = Narrowed(_place(floors, tier) if tier else None, sender_name(desk, owner) if owner else None)
    today = desk.now.astimezone(desk.zone).date()
    until = last_day(floors, today) if fill else later(desk, within, "--within").astimezone(desk.zone).date()
    with desk.trial() as connection:
        outlook = question.lay_out(connection, until, in_turn=fill)
        prevent(desk, connection, question, with_content=fill)
        numbers = silences_told.numbers(connection, outlook, narrowed)
        rows = silences_told.page(connection, outlook, narrowed, limit, skip)
        people = list(_people(connection, outlook, rows))
    if fill:
        numbers = replace(numbers, customers=_sums(numbers))
    return SilentReport(
        today, until, floors.by, _groups(floors, numbers), numbers.fillers, numbers.reasons, people
    )


@dataclass(frozen=True, slots=True)
class Lapsing:
    """How many floors of an owner's customers run out in time, or have, and the people whose does first."""

    number: int = 0
    people: Sequence[SilentPerson] = ()


def lapsing(desk: Desk, until: date, owners: Sequence[str], limit: int) -> dict[str, Lapsing]:
    """Of each of these owners, asked once for all of them; what is planned already counts as what prevents it."""
    question = asked(desk)
    if question is None or not owners:
        return {}
    found = {}
    with desk.trial() as connection:
        outlook = question.lay_out(connection, until)
        for owner in owners:
            narrowed = Narrowed(None, owner)
            numbers = silences_told.numbers(connection, outlook, narrowed)
            rows = silences_told.page(connection, outlook, narrowed, limit, 0)
            number = sum(numbers.lapsing.values()) + sum(numbers.silent.values())
            found[owner] = Lapsing(number, list(_people(connection, outlook, rows)))
    return found


def prevent(
    desk: Desk, connection: Connection, question: Silences, *, with_content: bool = False, keep: bool = True
) -> None:
    """What would prevent each silence that is laid out, in the order of `fill`; and why nothing would.

    `with_content`: the letters are chosen too, from feeds that are read for it. `keep`: False throws the runs away again
    that were planned for it, because the transaction stays.
    """

    def open_ones(_: Connection) -> Select[tuple[int]]:
        return silences_prevented.open_customers()

    fillers = {campaign.campaign: campaign for campaign in question.fillers()}
    for name in question.floors.fill:
        if name == OWNER:
            silences_prevented.prevented_by_owner(connection, OWNER)
        elif name in fillers:
            made = running.Draft(fillers[name], PREVIEW, desk.now, among=open_ones)
            if with_content:
                plan, _ = running.begin(desk, connection, running.with_feeds(desk, made))
            else:
                plan = running.frozen(desk, connection, made)
            silences_prevented.prevented_by_run(connection, plan.run.id, name)
            if not keep:
                discard(connection, plan.run.id)
    for campaign in fillers.values():
        question.blame_consent(connection, campaign)
    silences_prevented.left_out(connection, str(Reason.NOT_SELECTED) if fillers else NO_FILLER)


def _place(floors: Floors, tier: str) -> int:
    """The place of the floor for that value of the field."""
    known = [floor.value or "otherwise" for floor in floors.floors]
    if tier not in known:
        near = get_close_matches(tier, known, n=1)
        raise UsageError(
            f"there is no floor for {floors.by} `{tier}`",
            help=f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(known)}",
        )
    return known.index(tier)


def _sums(numbers: Numbers) -> dict[silences_told.Key, int]:
    keys = [*numbers.lapsing, *numbers.silent]
    return {key: numbers.lapsing.get(key, 0) + numbers.silent.get(key, 0) for key in keys}


def _groups(floors: Floors, numbers: Numbers) -> list[SilentGroup]:
    keys = sorted(numbers.customers, key=lambda key: (silences.CLOCKS.index(key[0]), key[1], key[2]))
    return [
        SilentGroup(
            str(key[0]),
            floors.floors[key[1]].value,
            key[2],
            numbers.customers[key],
            numbers.lapsing.get(key, 0),
            numbers.silent.get(key, 0),
        )
        for key in keys
    ]


def _people(connection: Connection, outlook: Outlook, rows: Sequence[Laid]) -> list[SilentPerson]:
    floors, zone = outlook.floors, outlook.rules.zone
    what = _what(connection, rows)
    found = []
    for row in rows:
        floor = floors.floors[row.place]
        rhythm = floor.rhythm(row.clock)
        assert rhythm is not None
        until: date = lapses(rhythm, floors.grace, from_microseconds(row.start).astimezone(zone).date())
        last: datetime | None = from_microseconds(row.last).astimezone(zone) if row.last is not None else None
        found.append(
            SilentPerson(
                row.customer_id,
                row.email,
                str(row.clock),
                floor.value,
                row.owner,
                until,
                row.missed,
                last,
                what.get((row.customer, row.last or 0), ""),
                row.filler,
                row.reason,
                floors.words(floor, row.clock),
                floor.where,
            )
        )
    return found


def _what(connection: Connection, rows: Sequence[Laid]) -> dict[tuple[int, int], str]:
    """What each customer's last letter and last touch by a person were, by their moments."""
    people = sorted({row.customer for row in rows})
    found = {
        (customer, to_microseconds(line.at)): line.campaign or "a letter"
        for customer, line in history.last_letters(connection, people)
    }
    for touch in touches_by_people.last_of(connection, people, 1):
        found[touch.customer, to_microseconds(touch.at)] = f"a {touch.kind}"
    return found
