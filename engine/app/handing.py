"""Wiring for campaigns `by: owner`: their letters made into drafts, and handed to the customers' own people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.app.desk import Desk
from engine.app.people import rulebook
from engine.audience.by_owner import owners_of, pending_by_owner
from engine.audience.owning import owning_of
from engine.definitions.schema.campaign import Campaign
from engine.errors import LetterError
from engine.flows.compose.composer import Composer
from engine.flows.compose.drafts import text_of, title_of
from engine.flows.compose.persons import Persons
from engine.flows.deliver import handing
from engine.flows.deliver.handing import Drafted
from engine.flows.deliver.order import Order
from engine.model.duration import Duration, Unit
from engine.model.words import Reason
from engine.providers.mime_wire import MimeWire
from engine.store import persons, tasks, variants
from engine.store.ledger.queue import Claim, Claimed
from engine.store.task_making import Draft
from engine.templating.filler.filler import Filler
from engine.templating.storing import load

if TYPE_CHECKING:
    from sqlalchemy import Connection


def hand_over(desk: Desk, maker: Composer, campaign: Campaign, order: Order) -> int:
    """Give the customers' own people what is due of the run; how many tasks."""
    return handing.hand_over(order, RunDrafts(desk, maker, campaign))


class RunDrafts:
    """Makes the drafts of one run; see engine.flows.deliver.handing."""

    def __init__(self, desk: Desk, maker: Composer, campaign: Campaign) -> None:
        self.desk = desk
        self.maker = maker
        self.campaign = campaign
        self.ready: tuple[int, Filler, Persons] | None = None

    def fill(self, claim: Claim, now: datetime) -> Drafted:
        """The claimed deliveries as drafts that belong to nobody yet."""
        task, offer = self.campaign.task, self.campaign.content.offer or ""
        assert task is not None
        filler, people_of = self._filler(claim.variant)
        with self.desk.database.read() as connection:
            rows = persons.read(connection, people_of.wanted, offer, [row.delivery for row in claim.rows])
        claimed = {row.delivery: row for row in claim.rows}
        drafted = Drafted()
        for row in sorted(rows, key=lambda row: row[0]):
            item = claimed.pop(row[0])
            try:
                letter = filler.letter(filler.slots(people_of([row])[0]))
            except LetterError as error:
                drafted.stopped.append((item.delivery, error.reason, error.message))
                continue
            draft = Draft(
                item.customer,
                item.delivery,
                str(task.kind),
                title_of(letter),
                text_of(self.campaign, letter),
                due_at=end_of_day(self.desk, task.due, now),
                expires_at=end_of_day(self.desk, task.expires, now),
                reason=f"campaign {self.campaign.campaign}",
            )
            drafted.drafts.append((item, draft))
        drafted.stopped += [(gone, Reason.LEFT_AUDIENCE, "") for gone in claimed]
        return drafted

    def whose(
        self, connection: Connection, drafts: Sequence[tuple[Claimed, Draft]], now: datetime
    ) -> Mapping[int, Draft]:
        """Each delivery's draft with its owner, as the customers' fields say in this transaction."""
        people = [item.customer for item, _ in drafts]
        owners = owners_of(connection, rulebook(self.desk, now), owning_of(self.desk.workspace), people)
        return {item.delivery: replace(draft, owner=owners.get(item.customer, "")) for item, draft in drafts}

    def _filler(self, variant: int) -> tuple[Filler, Persons]:
        if self.ready is None or self.ready[0] != variant:
            with self.desk.database.read() as connection:
                stored = variants.get(connection, variant)
            assert stored is not None
            self.ready = (
                variant,
                *self.maker.filler(load(stored.program), MimeWire(utf8_addresses=True)),
            )
        return self.ready[1:]


def end_of_day(desk: Desk, span: Duration | None, now: datetime) -> datetime | None:
    """So long from now: days and longer mean the end of that day in the project's zone. None for no span."""
    if span is None:
        return None
    if span.unit in (Unit.MINUTE, Unit.HOUR):
        return span.after(now)
    last = span.after(now.astimezone(desk.zone)).replace(hour=23, minute=59, second=0, microsecond=0)
    return last.astimezone(UTC)


def planned_in_words(desk: Desk, connection: Connection, run: int, moment: datetime) -> str:
    """`12 tasks for 3 people: …`, of a run nothing of which is handed over yet; "" where it has no letters."""
    found = pending_by_owner(connection, rulebook(desk, moment), owning_of(desk.workspace), run)
    return in_words(found)


def made_in_words(connection: Connection, run: int) -> str:
    """The same of the tasks that were made instead of the run's letters."""
    return in_words(tasks.by_owner(connection, run))


def in_words(by_owner: Mapping[str, int]) -> str:
    """`12 tasks for 2 people: priya-shah 7, tomas 5`; "" where there are none."""
    if not by_owner:
        return ""
    number, people = sum(by_owner.values()), len(by_owner)
    whose = ", ".join(f"{owner or 'nobody'} {each:,}" for owner, each in by_owner.items())
    return (
        f"{number:,} task{'' if number == 1 else 's'} for {people:,} {'person' if people == 1 else 'people'}"
        f": {whose}"
    )
