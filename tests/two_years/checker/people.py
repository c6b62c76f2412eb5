"""Rules about the person behind the address: complaints, newcomers, consent, and who the letter comes from."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from tests.two_years.checker.ledger import Ledger

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
    """Each letter comes from whom its file names: a sender, or the customer's own person when it was planned."""
    owners = as_of(ledger, "owner_set")
    mails = {mail.number: mail for mail in ledger.mails}
    for customer, letters in ledger.letters().items():
        for letter in letters:
            wanted = ledger.campaigns[letter.run.campaign]["sender"]
            if wanted == "account-owner":
                own = owners(customer, letter.run.planned_at or letter.left)
                wanted = own if own in ledger.senders else ledger.otherwise
            if letter.sender != wanted:
                yield f"{ledger.named(letter)} comes from {letter.sender}, not from {wanted}"
            mail = mails.get(letter.number)
            if mail is not None and mail.sender != ledger.senders[wanted]["email"]:
                yield f"{ledger.named(letter)} arrived from {mail.sender}"
