"""Rules about the person behind the address: complaints, newcomers, consent, and who the letter comes from."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

from tests.two_years.checker.ledger import Ledger

FOR_EVER = datetime.max.replace(tzinfo=UTC)
NEWCOMERS = timedelta(days=45)
"""As the segment of that name says."""


def as_of(ledger: Ledger, event: str) -> Callable[[int, datetime], str]:
    """What a value was at a moment, by the events that set it (`to`); "" before the first."""
    found = ledger.events_of(event)
    moments = {customer: [each.at for each in events] for customer, events in found.items()}

    def value(customer: int, moment: datetime) -> str:
        place = bisect.bisect_right(moments.get(customer, []), moment)
        return str(found[customer][place - 1].fields.get("to", "")) if place else ""

    return value


def holds(ledger: Ledger) -> Iterator[str]:
    """No marketing, and so nothing that sells, leaves for somebody whose complaint is open at that moment."""
    opened, closed = ledger.events_of("complaint_opened"), ledger.events_of("complaint_closed")
    for customer, letters in ledger.letters().items():
        for letter in letters:
            since = max(
                (each.at for each in opened.get(customer, ()) if each.at <= letter.left), default=None
            )
            if since is None or not letter.run.obeys:
                continue
            if not any(since < each.at <= letter.left for each in closed.get(customer, ())):
                yield f"{ledger.named(letter)}, whose complaint of {since} is open"


def welcome(ledger: Ledger) -> Iterator[str]:
    """Whoever has just arrived gets no other marketing than what welcomes them."""
    rule = ledger.policy["welcome"]
    for customer, letters in ledger.letters().items():
        since = ledger.customers[customer].signed_up
        for letter in letters:
            today = letter.left.astimezone(ledger.project).date()
            if (
                letter.run.obeys
                and letter.run.campaign not in rule["campaigns"]
                and since is not None
                and since <= today <= since + NEWCOMERS
            ):
                yield f"{ledger.named(letter)}, who came on {since} and is welcomed first"


def consent(ledger: Ledger) -> Iterator[str]:
    """Nothing on a topic leaves for somebody who has left it."""
    for customer, letters in ledger.letters().items():
        since = ledger.suppressed.get(ledger.customers[customer].hash)
        for letter in letters:
            if since is not None and letter.run.topic and letter.left > since:
                yield f"{ledger.named(letter)}, who left at {since}"


def senders(ledger: Ledger) -> Iterator[str]:
    """Each letter comes from whom its file names: a sender, or the customer's own person when it was planned.

    Whoever is away on the day on which it leaves is covered.
    """
    owners = as_of(ledger, "owner_set")
    mails = {mail.number: mail for mail in ledger.mails}
    for customer, letters in ledger.letters().items():
        for letter in letters:
            wanted = ledger.campaigns[letter.run.campaign]["sender"]
            if wanted == "account-owner":
                wanted = own_person(ledger, owners(customer, letter.run.planned_at or letter.left))
            day = letter.left.astimezone(ledger.project).date()
            wanted = there(ledger, wanted, day)
            if letter.sender != wanted:
                yield f"{ledger.named(letter)} comes from {letter.sender}, not from {wanted}"
            mail = mails.get(letter.number)
            if mail is not None and mail.sender != ledger.senders[wanted]["email"]:
                yield f"{ledger.named(letter)} arrived from {mail.sender}"


def own_person(ledger: Ledger, named: str) -> str:
    """The sender of that name, or who looks after everybody else."""
    return named if named in ledger.senders else ledger.otherwise


def there(ledger: Ledger, name: str, day: date) -> str:
    """Who writes on that day: the sender, or the first of their covers who is there."""
    while True:
        away = ledger.senders[name].get("away")
        if away is None or not away["from"] <= f"{day}" <= away["until"]:
            return name
        name = away["cover"]


def tasks(ledger: Ledger) -> Iterator[str]:
    """Whoever got no letter because a person acts has one task for it, with their own person; closed ones say how.

    Open tasks go along when somebody is handed to another person.
    """
    owners = as_of(ledger, "owner_set")
    rows = {row.id: row for row in ledger.rows if row.reason == "owner_task"}
    made = Counter(task.delivery for task in ledger.tasks if task.delivery)
    for number in rows.keys() ^ made.keys():
        yield f"row {number} and its task do not belong together"
    for number, times in made.items():
        if times > 1:
            yield f"{times} tasks for row {number}"
    for task in ledger.tasks:
        own = own_person(ledger, owners(task.customer, task.closed or FOR_EVER))
        if task.made_by != "person" and task.owner != own:
            yield f"task {task.id} is with {task.owner}, not with {own}"
        if (task.state == "open") != (task.closed is None):
            yield f"task {task.id} is {task.state} and closed at {task.closed}"
