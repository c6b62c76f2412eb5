"""Who stands in for whom on a day: a sender who is away, their cover, and the cover's own cover. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from engine.definitions.schema.senders import Sender

ONE_DAY = timedelta(days=1)

Senders = Mapping[str, Sender]


def is_away(sender: Sender, day: date) -> bool:
    """Whether it is one of the sender's days away: the first and the last are."""
    return sender.away is not None and sender.away.from_ <= day <= sender.away.until


def line_of_covers(senders: Senders, name: str, day: date) -> tuple[str, ...]:
    """The sender, whoever stands in for them, and so on; the last one is there on that day.

    Where all stand in for each other in a circle (which `check` refuses), the line ends before it closes.
    """
    line = [name]
    while (sender := senders.get(line[-1])) is not None and sender.away is not None and is_away(sender, day):
        if sender.away.cover in line:
            break
        line.append(sender.away.cover)
    return tuple(line)


def present(senders: Senders, name: str, day: date) -> str:
    """The sender, or whoever stands in on that day."""
    return line_of_covers(senders, name, day)[-1]


def covered_by(senders: Senders, name: str, day: date) -> tuple[str, ...]:
    """Those whom this sender stands in for on that day, in the order of the file."""
    return tuple(other for other in senders if other != name and present(senders, other, day) == name)


def next_change(senders: Senders, day: date) -> date | None:
    """The first day after this one on which somebody leaves or is back; None where nobody does."""
    return min((found for found in _turns(senders.values()) if found > day), default=None)


def circles(senders: Senders) -> Iterator[tuple[str, date]]:
    """Every sender for whom nobody is there on some day, and the first such day."""
    days = sorted({sender.away.from_ for sender in senders.values() if sender.away is not None})
    for name in senders:
        alone = (day for day in days if _is_alone(senders, name, day))
        first = next(alone, None)
        if first is not None:
            yield name, first


def covering_words(senders: Senders, absent: str) -> str:
    """`covering for Priya Shah until 2027-02-12`; "" where nobody is covered for."""
    sender = senders.get(absent)
    if sender is None:
        return ""
    until = f" until {sender.away.until}" if sender.away is not None else ""
    return f"covering for {sender.name}{until}"


def _is_alone(senders: Senders, name: str, day: date) -> bool:
    last = senders.get(present(senders, name, day))
    return last is not None and is_away(last, day)


def _turns(senders: Iterable[Sender]) -> Iterator[date]:
    for sender in senders:
        if sender.away is not None:
            yield sender.away.from_
            yield sender.away.until + ONE_DAY
