"""Whoever lacks a value their letter cannot do without is skipped while the run is planned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.errors import LetterError
from engine.flows.compose.composer import Composer
from engine.flows.compose.persons import Persons
from engine.model.words import Reason
from engine.providers.mime_wire import MimeWire
from engine.store import persons
from engine.store.ledger import missing
from engine.templating.compile import Compiled
from engine.templating.filler.filler import Filler

if TYPE_CHECKING:
    from sqlalchemy import Connection

CHUNK = 10_000
"""So many deliveries are looked at together: with a thousand variants still ten of each."""


def skip_missing(
    connection: Connection, maker: Composer, run: int, offer: str, compiled: Mapping[int, Compiled]
) -> None:
    """Skips every planned delivery of the run whose letter cannot be made.

    `compiled`: the run's variants. `offer`: the one whose codes are in the letters, or "". What everybody's letter
    needs is asked for in one statement; only letters that may fail otherwise are tried person by person.
    """
    uncertain: dict[int, tuple[Filler, Persons]] = {}
    for variant, made in compiled.items():
        filler, people_of = maker.filler(made.program, MimeWire(utf8_addresses=True), finished=False)
        for name in sorted(filler.required):
            if name in maker.columns:
                detail = f"{name.removeprefix('customer.')} has no value"
                column = maker.columns[name]
                missing.skip_without_value(
                    connection, run, variant, column, offer, Reason.MISSING_VALUE, detail
                )
        if filler.may_fail:
            uncertain[variant] = filler, people_of
    for chunk in persons.planned(connection, run, CHUNK) if uncertain else ():
        for variant, deliveries in chunk.items():
            if variant in uncertain:
                _try(connection, *uncertain[variant], offer, deliveries)


def _try(
    connection: Connection, filler: Filler, people_of: Persons, offer: str, deliveries: list[int]
) -> None:
    ended = []
    for row in persons.read(connection, people_of.wanted, offer, deliveries):
        try:
            filler.slots(people_of([row])[0])
        except LetterError as error:
            ended.append((row[0], error.reason, error.message))
    if ended:
        missing.skip_planned(connection, ended)
