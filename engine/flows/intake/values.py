"""One cell into one value, by what its field holds; every refusal is a reason a marketer can read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from difflib import get_close_matches
from functools import lru_cache, partial
from zoneinfo import ZoneInfo, available_timezones

from engine.definitions.schema.customers import FieldKind, FieldType
from engine.flows.intake.dates import read_date, read_moment
from engine.flows.intake.evidence import Evidence
from engine.flows.intake.numbers import read_number
from engine.flows.intake.unsure import Unsure

Value = str | float | bool | date | datetime | tuple[str, ...]
Reader = Callable[[str], Value]

SEPARATORS = re.compile(r"[;|]")
YES = frozenset({"true", "yes", "y", "1", "on", "t", "x"})
NO = frozenset({"false", "no", "n", "0", "off", "f"})
WHOLE = re.compile(r"^-?(0|[1-9]\d{0,14})$")
"""At most fifteen digits: more are not exact as a number in every program."""
PLAIN_NUMBER = re.compile(r"^-?((0|[1-9]\d{0,14})[.,]\d{1,15}|[1-9]\d{0,2}([.,]\d{3})+[.,]\d{1,2})$")
TRUTHS = {"TRUE": True, "true": True, "FALSE": False, "false": False}
LANGUAGE = re.compile(r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")


def field_reader(kind: FieldType, place: int, evidence: Evidence, zone: ZoneInfo) -> Reader:
    """The function that reads cells of the column at `place`; it raises ValueError with a reason.

    `zone` is for moments without an offset.
    """
    match kind.kind:
        case FieldKind.NUMBER:
            return partial(_with_evidence, read_number, partial(evidence.decimal, place))
        case FieldKind.DATE:
            return partial(_with_evidence, read_date, partial(evidence.order, place))
        case FieldKind.MOMENT:
            moment = partial(read_moment, zone=zone)
            return partial(_with_evidence, moment, partial(evidence.order, place))
        case FieldKind.LIST:
            return read_list
        case FieldKind.YES_OR_NO:
            return read_yes_or_no
        case FieldKind.ONE_OF:
            return partial(read_choice, choices=kind.choices)
        case FieldKind.TEXT:
            return read_text


def _with_evidence(read: Callable[..., Value], shown: Callable[[], str], cell: str) -> Value:
    try:
        return read(cell)
    except Unsure:
        return read(cell, shown())


def plain_reader(place: int, evidence: Evidence) -> Reader:
    """For a field nobody declared: numbers as numbers, TRUE and FALSE as such, everything else as text.

    Numbers with leading zeros or a plus are names of things (telephones, article codes) and stay text.
    """
    number = partial(_with_evidence, read_number, partial(evidence.decimal, place))

    def read(cell: str) -> Value:
        if WHOLE.match(cell):
            return int(cell)
        if PLAIN_NUMBER.match(cell):
            return number(cell)
        if cell in TRUTHS:
            return TRUTHS[cell]
        return read_text(cell)

    return read


def read_text(cell: str) -> str:
    """The text, its line breaks unified."""
    return cell.replace("\r\n", "\n").replace("\r", "\n") if "\r" in cell else cell


def read_list(cell: str) -> tuple[str, ...]:
    """Words separated by `;` or `|`, each once, in the order written."""
    return tuple(dict.fromkeys(word for part in SEPARATORS.split(cell) if (word := part.strip())))


def read_yes_or_no(cell: str) -> bool:
    """true/false, yes/no, y/n, 1/0, on/off, whatever the capitals."""
    word = cell.casefold()
    if word in YES:
        return True
    if word in NO:
        return False
    raise ValueError(f"`{cell}` is neither yes nor no")


@lru_cache(maxsize=4096)
def read_choice(cell: str, choices: tuple[str, ...]) -> str:
    """One of the declared values; capitals do not matter, the declared spelling is kept."""
    if cell in choices:
        return cell
    folded = {choice.casefold(): choice for choice in choices}
    if found := folded.get(cell.casefold()):
        return found
    raise ValueError(f"`{cell}` is not one of: {', '.join(choices)}")


@lru_cache(maxsize=4096)
def read_time_zone(cell: str) -> str:
    """An IANA time zone, in its own spelling."""
    known = _zones()
    if found := known.get(cell.casefold().replace(" ", "_")):
        return found
    close = get_close_matches(cell.casefold().replace(" ", "_"), known, n=1)
    hint = f"did you mean {known[close[0]]}?" if close else "write one like Europe/London"
    raise ValueError(f"`{cell}` is not a time zone; {hint}")


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in sorted(available_timezones())}


@lru_cache(maxsize=4096)
def read_language(cell: str) -> str:
    """A language tag like `en` or `pt-BR`, in its usual capitals."""
    if not LANGUAGE.match(cell):
        raise ValueError(f"`{cell}` is not a language; write one like en or pt-BR")
    first, *rest = cell.replace("_", "-").split("-")
    parts = [
        part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part.lower() for part in rest
    ]
    return "-".join([first.lower(), *parts])
