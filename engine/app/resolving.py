"""Wiring for letters in doubt: finding out what became of them, showing those that are left, a person's word."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from engine import clock
from engine.app.desk import Desk
from engine.app.mailing import inquiry_of, stopping
from engine.app.numbers import find_run
from engine.errors import Refused, UsageError
from engine.flows.deliver.doubts import Road
from engine.flows.deliver.reconciling import Findings, Inquiry, has_ended, outlook, reconcile
from engine.model.doubt import DoubtLine, Word
from engine.store import customers, runs, unfinished, workers
from engine.store.ledger import recovery, unanswered

if TYPE_CHECKING:
    from engine.store.ledger.unanswered import Doubt, Unanswered

BY_HAND = "decided by command"


def in_doubt(desk: Desk, stop: Callable[[], bool], but: Collection[int] = ()) -> tuple[int, dict[str, int]]:
    """Settle what can be settled by evidence in every run, until `stop`; how many letters were, and how many are
    left in doubt in each run, by `campaign occurrence`.

    `but`: runs somebody else is busy with.
    """
    with desk.database.read() as connection:
        doubtful = [
            run
            for number in sorted(set(unfinished.doubts(connection)) - set(but))
            if (run := runs.get(connection, number)) is not None
        ]
    settled, left = 0, {}
    for run in doubtful:
        if stop():
            break
        with workers.sign_on(desk.database, clock.now()) as worker:
            findings = asyncio.run(reconcile(inquiry_of(desk, run, worker, stop)))
        settled += findings.settled
        waiting = sum(len(call.doubts) for call, _ in findings.left)
        if waiting:
            left[f"{run.campaign} {run.occurrence}"] = waiting
    return settled, left


def look_into(desk: Desk, run: str) -> tuple[runs.Run, Findings, list[DoubtLine]]:
    """Settle what can be settled by evidence; what was found, and the letters still in doubt."""
    found = known_run(desk, run)
    with stopping() as stop, workers.sign_on(desk.database, clock.now()) as worker:
        with desk.database.write() as connection:
            recovery.recover(connection, desk.database.path, clock.now())
        inquiry = inquiry_of(desk, found, worker, stop)
        findings = asyncio.run(reconcile(inquiry))
        return found, findings, _lines(desk, inquiry, [call for call, _ in findings.left])


def decide(desk: Desk, run: str, word: Word, emails: Sequence[str]) -> int:
    """Settle letters in doubt by a person's word: those to these addresses, or all; how many.

    Raises Refused while a call is still under way, UsageError for an address without a letter in doubt.
    """
    found = known_run(desk, run)
    with stopping() as stop, workers.sign_on(desk.database, clock.now()) as worker:
        inquiry = inquiry_of(desk, found, worker, stop)
        with desk.database.read() as connection:
            calls = unanswered.calls_of(connection, found.id)
        chosen = _chosen(desk, found, calls, emails)
        under_way = [call for call, _ in chosen if not has_ended(inquiry, call)]
        if under_way:
            raise Refused(
                f"a call to {under_way[0].provider} is still under way",
                help="wait for it, or stop its process",
            )
        changed = 0
        with desk.database.write() as connection:
            for call, letters in chosen:
                numbers = [letter.delivery for letter in letters]
                arrived = [(number, "") for number in numbers] if word is Word.ACCEPTED else []
                unsent = numbers if word is Word.NOT_SENT else []
                changed += unanswered.settle(connection, call, arrived, [], unsent, BY_HAND, desk.now)
        return changed


def known_run(desk: Desk, run: str) -> runs.Run:
    """The run of that number; UsageError when there is none."""
    with desk.database.read() as connection:
        return find_run(connection, run)


def _chosen(
    desk: Desk, run: runs.Run, calls: Sequence[Unanswered], emails: Sequence[str]
) -> list[tuple[Unanswered, list[Doubt]]]:
    if not emails:
        return [(call, call.doubts) for call in calls]
    wanted: dict[int, str] = {}
    with desk.database.read() as connection:
        for email in emails:
            for customer in customers.find(connection, desk.fields, email):
                wanted[customer.id] = email
    chosen = [(call, [letter for letter in call.doubts if letter.customer in wanted]) for call in calls]
    found = {wanted[letter.customer] for _, letters in chosen for letter in letters}
    missing = [email for email in emails if email not in found]
    if missing:
        raise UsageError(
            f"no letter of run {run.id} to {missing[0]} is in doubt",
            help=f"`touchbase resolve {run.id}` lists those that are",
        )
    return [(call, letters) for call, letters in chosen if letters]


def _lines(desk: Desk, inquiry: Inquiry, calls: Sequence[Unanswered]) -> list[DoubtLine]:
    lines = []
    with desk.database.read() as connection:
        people = customers.by_ids(
            connection, desk.fields, [letter.customer for call in calls for letter in call.doubts]
        )
    for call in calls:
        prospect, witness = outlook(inquiry, call), inquiry.witness(call.provider)
        for letter in call.doubts:
            reference, address = "", ""
            if witness is not None and letter.slots:
                reference, address = witness.archive.whom(letter.slots)
            person = people.get(letter.customer)
            lines.append(
                DoubtLine(
                    customer_id=person.customer_id if person is not None else "",
                    email=address or (person.email or "" if person is not None else ""),
                    reference=reference,
                    provider=call.provider,
                    submitted_at=letter.submitted_at,
                    detail=letter.detail,
                    next=prospect.words,
                    held=prospect.road is Road.WAIT and prospect.at is None,
                )
            )
    return lines
