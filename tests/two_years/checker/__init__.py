"""Whether two years kept their promises: from the ledger's rows and the workspace's files, by plain SQL and Python.

ledger     everything that is judged, read at once
days       spans on somebody's calendar
contact    caps, balance, quiet hours, cadence, order, senders' days
people     complaints, welcome, consent, whose letter it is, and whose task
tiers      what was spent, and what follows
floors     silences and their reasons
records    every state and reason, sums, and the letters as they arrived

Nothing of the engine is imported here; `tests.two_years.test_two_years` asserts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tests.two_years.checker import contact, floors, people, records, tiers
from tests.two_years.checker.faults import Fault
from tests.two_years.checker.ledger import Ledger

CHECKS: Mapping[str, Callable[[Ledger], Iterator[str]]] = {
    "cap": contact.caps,
    "balance": contact.balance,
    "quiet": contact.quiet,
    "cadence": contact.cadence,
    "order": contact.order,
    "full": contact.full_days,
    "hold": people.holds,
    "welcome": people.welcome,
    "consent": people.consent,
    "sender": people.senders,
    "task": people.tasks,
    "tier": tiers.tiers,
    "floor": floors.floors,
    "false": floors.false_reasons,
    "everybody": records.everybody,
    "reason": records.reasons,
    "sum": records.sums,
    "arrival": records.arrivals,
}


def check(ledger: Ledger) -> list[Fault]:
    """Every promise that was not kept."""
    return [Fault(rule, words) for rule, find in CHECKS.items() for words in find(ledger)]
