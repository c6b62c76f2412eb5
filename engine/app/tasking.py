"""Wiring for tasks: what people are to do for customers, and what became of it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from engine.app.desk import Desk
from engine.app.owners import own_person, sender_name
from engine.app.people import find_customer, rulebook
from engine.app.touching import past_moment, words
from engine.audience.standing import is_ranked, standing
from engine.definitions.covering import covered_by, present
from engine.definitions.schema.wording import read_duration
from engine.errors import Refused, UsageError
from engine.model.duration import Duration, Unit
from engine.model.report import HistoryLine
from engine.model.task import TaskLine, TaskState
from engine.model.touch import TouchKind
from engine.store import customers, history, tasks, touches_by_people
from engine.store.tasks import Task

if TYPE_CHECKING:
    from sqlalchemy import Connection

LAST = 3
"""How many of a customer's last touches stand below a task."""


def listed(
    desk: Desk,
    *,
    owner: str = "",
    within: str | None = None,
    everything: bool = False,
    limit: int = 100,
    skip: int = 0,
) -> list[TaskLine]:
    """The tasks that wait, those due longest first, with what their owners need to know."""
    whose = sender_name(desk, owner) if owner else ""
    covered = covered_by(desk.workspace.senders, whose, _today(desk)) if whose else ()
    until = later(desk, within, "--within") if within else None
    with desk.database.read() as connection:
        found = tasks.listed(
            connection,
            desk.now,
            owner=whose,
            covered=covered,
            until=until,
            closed=everything,
            limit=limit,
            skip=skip,
        )
        people = sorted({each.customer for each in found})
        known = _known_of(desk, connection, people)
    return [_line(desk, each, known[each.customer]) for each in found]


def one(desk: Desk, task: str) -> TaskLine:
    """One task in whatever state, with what its owner needs to know."""
    number = _number(task)
    with desk.database.read() as connection:
        found = _known(connection, number)
        return _line(desk, found, _known_of(desk, connection, [found.customer])[found.customer])


def add(
    desk: Desk,
    email: str,
    kind: TouchKind,
    title: str,
    *,
    due: str | None = None,
    owner: str = "",
    text: str = "",
) -> TaskLine:
    """A new task. `owner`: a sender's name; without it, the customer's own person."""
    named = words(title, "the title of the task")
    due_at = later(desk, due, "--due", whole_day=True) if due else None
    customer = find_customer(desk, email)
    whose = sender_name(desk, owner, customer) if owner else own_person(desk, customer)
    help = words(text, "--text") if text else ""
    try:
        with desk.database.write() as connection:
            made = tasks.add(
                connection, customer.id, kind, named, desk.now, text=help, owner=whose, due_at=due_at
            )
            return _line(desk, _known(connection, made))
    except LookupError as error:
        raise UsageError(f"`{email}` was erased just now", help="no task was made") from error


def done(desk: Desk, task: str, text: str = "", *, at: str | None = None, by: str = "") -> TaskLine:
    """Closes a task and writes down the touch it was. `by`: else its owner. Refused where it is closed already."""
    number, happened = _number(task), past_moment(desk, at)
    with desk.database.write() as connection:
        found = _open(connection, number)
        who = sender_name(desk, by) if by else found.owner
        said = words(text, "what was said") if text else found.title
        touch, _ = touches_by_people.record(
            connection, found.customer, found.kind, happened, said, desk.now, by=who, task=number
        )
        if not tasks.close(connection, number, TaskState.DONE, desk.now, touch=touch):
            raise _closed(_known(connection, number))
        return _line(desk, _known(connection, number))


def not_needed(desk: Desk, task: str, reason: str) -> TaskLine:
    """Closes a task that nobody has to do any more. Refused where it is closed already."""
    number = _number(task)
    why = words(reason, "the reason why the task is not needed")
    with desk.database.write() as connection:
        _open(connection, number)
        if not tasks.close(connection, number, TaskState.NOT_NEEDED, desk.now, reason=why):
            raise _closed(_known(connection, number))
        return _line(desk, _known(connection, number))


def snooze(desk: Desk, task: str, until: str) -> TaskLine:
    """Puts a task out of sight until then. Refused where it is closed already."""
    number, moment = _number(task), later(desk, until, "UNTIL")
    with desk.database.write() as connection:
        _open(connection, number)
        if not tasks.snooze(connection, number, moment):
            raise _closed(_known(connection, number))
        return _line(desk, _known(connection, number))


def later(desk: Desk, written: str, source: str, *, whole_day: bool = False) -> datetime:
    """A moment to come: `3 days` from now, or a date or moment in the project's zone.

    `whole_day`: a date, or a number of days or more, means the end of that day. UsageError where it has passed.
    """
    span, day_alone = _span(written), len(written.strip()) == len("2027-01-05")
    try:
        moment = span.after(desk.now) if span is not None else desk.moment(written)
    except (UsageError, OverflowError, ValueError) as error:
        raise UsageError(
            f"{source}: `{written}` is not a moment to come",
            help="write it like `3 days`, 2027-01-05 or 2027-01-05T09:30",
        ) from error
    if whole_day and (day_alone if span is None else span.unit not in (Unit.MINUTE, Unit.HOUR)):
        last = moment.astimezone(desk.zone).replace(hour=23, minute=59, second=0, microsecond=0)
        moment = last.astimezone(UTC)
    if moment <= desk.now:
        raise UsageError(
            f"{source}: {written} has passed; it is {desk.now.astimezone(desk.zone):%Y-%m-%d %H:%M} now",
            help="name a day to come; what has been done is written down by `touchbase log`",
        )
    return moment


def _span(written: str) -> Duration | None:
    try:
        return read_duration(written.strip())
    except ValueError:
        return None


def _number(task: str) -> int:
    if not task.isascii() or not task.isdecimal() or len(task) > MOST_DIGITS:
        raise UsageError(f"`{task}` is no task's number", help="`touchbase tasks` lists them")
    return int(task)


MOST_DIGITS = 18
"""A longer number fits in no database."""


def _known(connection: Connection, task: int) -> Task:
    found = tasks.get(connection, task)
    if found is None:
        raise UsageError(f"there is no task {task}", help="`touchbase tasks` lists them")
    return found


def _open(connection: Connection, task: int) -> Task:
    found = _known(connection, task)
    if found.state is not TaskState.OPEN:
        raise _closed(found)
    return found


def _closed(found: Task) -> Refused:
    became = found.state.replace("_", " ")
    told = found.state in (TaskState.NOT_NEEDED, TaskState.EXPIRED) and found.reason
    why = f": {found.reason}" if told else ""
    return Refused(
        f"task {found.id} ({found.title}) is {became} since {found.closed_at:%Y-%m-%d %H:%M} UTC{why}",
        help=f"nothing was changed; `touchbase history {found.email or found.customer_id}` shows what was done, "
        "`touchbase log` writes down what is new",
    )


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a task's customer: last touches, open matters, last answers, tier."""

    last: Sequence[HistoryLine] = ()
    matters: Sequence[str] = ()
    answers: Sequence[HistoryLine] = ()
    tier: str = ""


NOTHING_KNOWN = Known()


def _known_of(desk: Desk, connection: Connection, people: Sequence[int]) -> dict[int, Known]:
    last, matters = _last(connection, people), _matters(desk, connection, people)
    found = customers.by_ids(connection, desk.fields, people)
    answers = defaultdict(list)
    for customer, at, name, fields in touches_by_people.answers_of(connection, people, LAST):
        detail = ", ".join(f"{key} {value}" for key, value in json.loads(fields or "{}").items())
        answers[customer].append(HistoryLine(at, "event", name, detail))
    tiers = {number: str(each.fields.get(desk.workspace.tiers.field) or "") for number, each in found.items()}
    return {
        number: Known(last[number], matters.get(number, ()), answers[number], tiers.get(number, ""))
        for number in people
    }


def _today(desk: Desk) -> date:
    return desk.now.astimezone(desk.zone).date()


def _last(connection: Connection, people: Sequence[int]) -> defaultdict[int, list[HistoryLine]]:
    lines: defaultdict[int, list[HistoryLine]] = defaultdict(list)
    for touch in touches_by_people.last_of(connection, people, LAST):
        line = HistoryLine(touch.at, "touch", touch.kind, touch.text, by=touch.by)
        lines[touch.customer].append(line)
    for customer, letter in history.last_letters(connection, people):
        lines[customer].append(letter)
    for customer, found in lines.items():
        lines[customer] = sorted(found, key=lambda line: line.at, reverse=True)[:LAST]
    return lines


def _matters(desk: Desk, connection: Connection, people: Sequence[int]) -> dict[int, list[str]]:
    """The titles of the segments of `hold_marketing_for` each of them is in."""
    rules = rulebook(desk, desk.now)
    policy = desk.workspace.policy
    names = [name for name in policy.hold_marketing_for if not is_ranked(rules, name)]
    if not names or not people:
        return {}
    segments = desk.workspace.segments
    return {
        each.customer: [segments[name].title or name for name in each.segments]
        for each in standing(connection, rules, people, "", names)
    }


def _line(desk: Desk, task: Task, known: Known = NOTHING_KNOWN) -> TaskLine:
    overdue = task.state is TaskState.OPEN and task.due_at is not None and task.due_at < desk.now
    asleep = task.snoozed_until is not None and task.snoozed_until > desk.now
    return TaskLine(
        task.id,
        task.customer_id,
        task.email,
        task.kind,
        task.title,
        task.state,
        task.made_by,
        task.created_at,
        task.text,
        task.owner,
        cover if (cover := present(desk.workspace.senders, task.owner, _today(desk))) != task.owner else "",
        task.due_at,
        overdue,
        task.snoozed_until if asleep else None,
        task.reason,
        task.closed_at,
        task.touch,
        task.expires_at,
        known.last,
        known.matters,
        known.answers,
        known.tier,
    )
