"""A delivery's profile: everything about the person that decides which variant of the letter they get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.sql.selectable import FromClause, NamedFromClause, Subquery

from engine.audience.conditions import GIVEN_STATES, People
from engine.audience.owning import Owning, owner_of
from engine.audience.rulebook import Rulebook
from engine.model.words import Reason, State
from engine.store import tables

BETWEEN = "\x1e"
"""ASCII "record separator", which no import lets into a value."""
OBJECTS = "@objects"
"""Asked for like a field, which no field's name can be: "1" for people who do not want to be tracked."""
OWNER = "@owner"
"""Asked for like a field: the name of the customer's own person, "" where the workspace names none."""

WITHIN = "\x1f"
"""What the store puts around the words of a list."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile read back.

    `values`: the deciding fields' stored texts in the asked order, "" where missing (lists keep their
    separators: see `words`). `offers`: whether each asked offer was given before. `earlier`: the variants of
    this campaign that went to the person before, oldest first.
    """

    values: tuple[str, ...]
    offers: tuple[bool, ...]
    earlier: tuple[int, ...]

    def words(self, place: int) -> tuple[str, ...]:
        """The words of a list field."""
        text = self.values[place].strip(WITHIN)
        return tuple(text.split(WITHIN)) if text else ()


def read_profile(text: str, fields: int, offers: int) -> Profile:
    """The profile of a delivery whose selection asked for so many fields and offers."""
    parts = text.split(BETWEEN)
    earlier = tuple(sorted(int(number) for number in parts[-1].split(",") if number))
    return Profile(
        tuple(parts[:fields]), tuple(part == "1" for part in parts[fields : fields + offers]), earlier
    )


def profile_text(
    people: People,
    fields: tuple[str, ...],
    given: tuple[FromClause, ...],
    earlier: FromClause,
    rules: Rulebook,
    owning: Owning | None = None,
) -> ColumnElement[str]:
    """The profile as one text. `given`: joined rows that exist where an offer was given before."""
    parts = [
        owner_of(people, owning, rules) if name == OWNER else _field_text(people, name, rules)
        for name in fields
    ]
    parts += [case((offer.c.customer.is_not(None), "1"), else_="") for offer in given]
    parts.append(func.coalesce(earlier.c.variants, ""))
    text: ColumnElement[str] = type_coerce(parts[0], Text)
    for part in parts[1:]:
        text = text.concat(BETWEEN).concat(part)
    return text


def _field_text(people: People, name: str, rules: Rulebook) -> ColumnElement[Any]:
    if name == OBJECTS:
        chosen = tables.preferences
        objects = select(1).where(chosen.c.customer == people.c.id, chosen.c.tracked.is_(False)).exists()
        return case((objects, "1"), else_="")
    declared = rules.columns.get(name)
    if declared is None and name not in people.c:
        return literal("")
    column = people.c[declared.column if declared else name]
    if isinstance(column.type, Boolean):
        return case((column.is_(True), "1"), (column.is_(False), "0"), else_="")
    return func.coalesce(cast(type_coerce(column, Text), Text) if declared else type_coerce(column, Text), "")


def earlier_variants(campaign: str) -> Subquery:
    """For each customer the variants of the campaign that went out to them, or may have, in any run.

    What stands in a draft for their own person went out.
    """
    delivery, run = tables.deliveries.alias(), tables.runs.alias()
    states = (*GIVEN_STATES, State.SUBMITTING)
    drafted = and_(delivery.c.reason == Reason.OWNER_TASK.value, delivery.c.submitted_at.is_not(None))
    went_out = or_(delivery.c.state.in_(states), drafted)
    listed = (
        select(
            delivery.c.customer,
            func.aggregate_strings(cast(delivery.c.variant, Text), ",").label("variants"),
        )
        .join_from(delivery, run, run.c.id == delivery.c.run)
        .where(run.c.campaign == campaign, delivery.c.variant.is_not(None), went_out)
        .group_by(delivery.c.customer)
    )
    return listed.subquery("earlier")


def given_offer(offer: str, number: int) -> NamedFromClause:
    """The customers who were given the offer before, each once."""
    code, delivery = tables.codes.alias(), tables.deliveries.alias()
    chosen: Select[Any] = (
        select(code.c.customer)
        .join_from(code, delivery, delivery.c.id == code.c.delivery)
        .where(code.c.offer == offer, delivery.c.state.in_((*GIVEN_STATES, State.SUBMITTING)))
        .distinct()
    )
    return chosen.subquery(f"given_{number}")
