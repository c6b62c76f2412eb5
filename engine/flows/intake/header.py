"""The header: which column is which field, however the spreadsheet spells it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from engine.definitions.schema.customers import BUILT_IN, Customers
from engine.errors import ImportRefused

SIGNS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where things stand in a row: `key` identifies the person, `fields` are the others by place, `ignored`
    the
    names of columns that mean nothing here."""

    key: int
    fields: Mapping[int, str]
    ignored: tuple[str, ...]


def customer_columns(header: list[str], customers: Customers, file: str) -> Columns:
    """The columns of a customers file.

    Raises ImportRefused when the key's column is missing, or when two columns are the same field.
    """
    key, fields, ignored = _match(header, customers, [*customers.fields, *BUILT_IN], file)
    if customers.key != "customer_id":
        # What identifies people is called otherwise here; a column of this name has no place to go.
        stray = [place for place, name in fields.items() if name == "customer_id"]
        ignored = (*ignored, *(header[place] for place in stray))
        fields = {place: name for place, name in fields.items() if place not in stray}
    if customers.key not in (*customers.fields, "email"):
        fields.pop(key)
    return Columns(key, fields, ignored)


def event_columns(header: list[str], customers: Customers, file: str) -> Columns:
    """The columns of an events file: the key, `at`, and every other column as a field of the event."""
    key, fields, rest = _match(header, customers, ["at"], file)
    if "at" not in fields.values():
        raise ImportRefused(
            f"{file} has no column `at`, which says when it happened; it has: {_listed(header)}",
            help=_rename("at", header),
        )
    fields.pop(key)
    own = {place: name for place, name in enumerate(header) if place != key and place not in fields and name}
    named: dict[int, str] = dict(fields)
    for place, name in own.items():
        field = customers.csv.get(name) or event_field(name)
        if field in named.values():
            raise ImportRefused(f"{file} has two columns for `{field}`", help="keep one of them")
        named[place] = field
    return Columns(key, named, tuple(name for name in rest if not name))


def event_field(column: str) -> str:
    """A column's name as a field's: `Unit Price` becomes unit_price, and `InvoiceNo` invoice_no."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", unicodedata.normalize("NFKC", column).strip())
    return SIGNS.sub("_", apart).strip("_").lower() or "field"


def squeezed(name: str) -> str:
    """The name without capitals, spaces and signs: `E-Mail`, `e mail` and `EMAIL` are one."""
    return SIGNS.sub("", unicodedata.normalize("NFKC", name).casefold())


def _match(
    header: list[str], customers: Customers, names: Iterable[str], file: str
) -> tuple[int, dict[int, str], tuple[str, ...]]:
    known = {squeezed(name): name for name in (*names, customers.key)}
    known |= {squeezed(column): field for column, field in customers.csv.items()}
    places: dict[str, int] = {}
    ignored: list[str] = []
    for place, column in enumerate(header):
        field = known.get(squeezed(column)) if column else None
        if field is None:
            ignored.append(column)
        elif field in places:
            raise ImportRefused(
                f"{file} has two columns for `{field}`: `{header[places[field]]}` and `{column}`",
                help="remove one of them, or give it another name",
            )
        else:
            places[field] = place
    if customers.key not in places:
        raise ImportRefused(
            f"{file} has no column `{customers.key}`, which tells people apart; it has: {_listed(header)}",
            help=_rename(customers.key, header),
        )
    return places[customers.key], {place: field for field, place in places.items()}, tuple(ignored)


def _rename(wanted: str, header: list[str]) -> str:
    by_letters = {squeezed(column): column for column in header}
    near = get_close_matches(squeezed(wanted), by_letters, n=1, cutoff=0.5)
    column = by_letters[near[0]] if near else "Your column"
    asked = f"did you mean `{column}`? " if near else ""
    return f'{asked}map it in config/customers.yaml: csv: {{ "{column}": {wanted} }}'


def _listed(header: list[str]) -> str:
    shown = [f"`{column}`" for column in header[:20] if column]
    return ", ".join(shown) + (" …" if len(header) > 20 else "")
