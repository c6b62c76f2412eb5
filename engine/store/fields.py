"""Declared customer fields: one typed column of `customers` for each, whose kind may change without loss."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Boolean, Column, Date, Double, MetaData, Table, Text
from sqlalchemy.types import TypeEngine

from engine.store import tables
from engine.store.types import Words

KINDS: dict[str, TypeEngine[Any]] = {
    "text": Text(),
    "one_of": Text(),
    "number": Double(),
    "date": Date(),
    "boolean": Boolean(),
    "list": Words(),
}
"""The kinds a workspace may declare, and the column type of each."""


@dataclass(frozen=True, slots=True)
class FieldColumn:
    """A declared field: its name in the workspace, its kind, and the column of `customers` that holds it."""

    name: str
    kind: str
    column: str


def customer_table(declared: Iterable[FieldColumn]) -> Table:
    """`customers` with its declared fields; `table.c["field_first_name"]` is typed by the field's kind."""
    return _customer_table(tuple(declared))


@lru_cache(maxsize=16)
def _customer_table(declared: tuple[FieldColumn, ...]) -> Table:
    table = tables.customers.to_metadata(MetaData())
    for field in declared:
        table.append_column(Column(field.column, KINDS[field.kind]))
    return table
