"""What is on record: everybody's state and reason, sums that add up, and a letter in the ledger for each that arrived."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.two_years.checker.ledger import ACCEPTED, LEFT, Ledger

PENDING = {"planned", "claimed", "submitting", "retry_wait"}
NOT_SENT = {"skipped", "expired", "cancelled"}


def everybody(ledger: Ledger) -> Iterator[str]:
    """A run for everybody has a row for each customer there was when it was planned, and nobody has two."""
    rows: dict[int, list[int]] = defaultdict(list)
    for row in ledger.rows:
        rows[row.run.id].append(row.customer)
    for run in ledger.runs.values():
        found = rows[run.id]
        if len(found) != len(set(found)):
            yield f"{run.campaign} {run.occurrence} has two rows for somebody"
        if run.state == "missed":
            if not run.reason:
                yield f"{run.campaign} {run.occurrence} was missed, and nobody knows why"
            continue
        whole = not run.occurrence.startswith("floor")  # those fill silences, for some people alone
        if whole and ledger.campaigns[run.campaign]["audience"]["include"] == ["everybody"]:
            lacking = {
                person.key
                for person in ledger.customers.values()
                if person.created < run.as_of and person.id not in set(found)
            }
            if lacking:
                yield f"{run.campaign} {run.occurrence} knows nothing of {sorted(lacking)[:5]}"


def reasons(ledger: Ledger) -> Iterator[str]:
    """Whatever was not sent has a reason, and whatever was has a number of its own."""
    for row in ledger.rows:
        person = ledger.customers[row.customer].key
        if row.state in NOT_SENT and not row.reason:
            yield f"{row.run.campaign} {row.run.occurrence} was not sent to {person}, without a reason"
        if row.state in ACCEPTED and (not row.number or row.at is None):
            yield f"{row.run.campaign} {row.run.occurrence} to {person} has no number or no moment"
        if row.state not in LEFT | PENDING | NOT_SENT | {"failed", "held_out"}:
            yield f"{row.run.campaign} {row.run.occurrence} to {person} is {row.state}"


def sums(ledger: Ledger) -> Iterator[str]:
    """What the program says of each run is what its rows are, and it adds up."""
    states: dict[int, Counter[str]] = defaultdict(Counter)
    skipped: dict[int, Counter[str]] = defaultdict(Counter)
    for row in ledger.rows:
        states[row.run.id][row.state] += 1
        if row.state in NOT_SENT:
            skipped[row.run.id][row.reason] += 1
    for report in ledger.reports:
        number = int(report["run"])
        found = states[number]
        expected = {
            "selected": found.total(),
            "accepted": sum(found[state] for state in ACCEPTED),
            "pending": sum(found[state] for state in PENDING),
            **{state: found[state] for state in ("failed", "uncertain", "held_out")},
        }
        parts = ("accepted", "pending", "failed", "uncertain", "held_out")
        total = sum(report[part] for part in parts) + sum(report["skipped"].values())
        if total != report["selected"]:
            yield f"{report['campaign']} {report['occurrence']} does not add up: {report}"
        for word, value in expected.items():
            if report[word] != value:
                yield f"{report['campaign']} {report['occurrence']}: {report[word]} {word}, and {value} rows"
        if dict(report["skipped"]) != dict(skipped[number]):
            yield f"{report['campaign']} {report['occurrence']}: {report['skipped']} is not {skipped[number]}"
    if {int(report["run"]) for report in ledger.reports} != set(ledger.runs):
        yield "there are runs without a report"


def arrivals(ledger: Ledger) -> Iterator[str]:
    """Each letter that arrived is one in the ledger, to that person, and the other way round; none came twice."""
    numbers = {row.number: row for row in ledger.rows if row.state in ACCEPTED}
    arrived = Counter(mail.number for mail in ledger.mails)
    twice = [number for number, times in arrived.items() if times > 1]
    if twice:
        yield f"arrived twice: {twice[:5]}"
    for mail in ledger.mails:
        row = numbers.get(mail.number)
        if row is None:
            yield f"{mail.number} arrived at {mail.recipient} and stands in no row"
        elif ledger.customers[row.customer].email != mail.recipient:
            yield f"{mail.number} arrived at {mail.recipient}, meant for {ledger.customers[row.customer].email}"
    lost = [row.id for number, row in numbers.items() if number not in arrived]
    if lost:
        yield f"rows {lost[:5]} say that something arrived which did not"
