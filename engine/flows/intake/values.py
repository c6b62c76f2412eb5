"""One cell into one value, by what its field holds; every refusal is a reason a marketer can read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from engine.definitions.schema.customers import FieldKind, FieldType
from engine.flows.intake.dates import read_date, read_moment
from engine.flows.intake.numbers import read_number

Value = str | float | bool | date | datetime | tuple[str, ...]
Reader = Callable[[str], Value]

LONGEST_CELL = 10_000
"""Characters; longer cells are documents, not facts about a person."""
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|[\ud800-\udfff]")
"""No keyboard types these; PostgreSQL cannot keep the first, a letter's header must not carry the others."""
SEPARATORS = re.compile(r"[;|]")
YES = frozenset({"true", "yes", "y", "1", "on", "t", "x"})
NO = frozenset({"false", "no", "n", "0", "off", "f"})
LANGUAGE = re.compile(r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")


def field_reader(kind: FieldType, zone: ZoneInfo, *, decimal: str, order: str) -> Reader:
    """The function that reads cells of a field of this kind.

    Args:
        zone: for moments without an offset.
        decimal: the column's decimal mark, as engine.flows.intake.numbers names it.
        order: the column's order of day and month, as engine.flows.intake.dates names it.
    """
    match kind.kind:
        case FieldKind.NUMBER:
            return lambda cell: read_number(cell, decimal)
        case FieldKind.DATE:
            return lambda cell: read_date(cell, order)
        case FieldKind.MOMENT:
            return lambda cell: read_moment(cell, zone, order)
        case FieldKind.LIST:
            return read_list
        case FieldKind.YES_OR_NO:
            return read_yes_or_no
        case FieldKind.ONE_OF:
            return lambda cell: read_choice(cell, kind.choices)
        case FieldKind.TEXT:
            return read_text


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


def check_cell(cell: str) -> None:
    """Raises ValueError for what no cell may hold: control characters, half characters, whole documents."""
    if found := CONTROL.search(cell):
        raise ValueError(f"holds a control character (U+{ord(found[0]):04X})")
    if len(cell) > LONGEST_CELL:
        raise ValueError(f"is longer than {LONGEST_CELL:,} characters")
