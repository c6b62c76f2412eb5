"""What generosity asks about customers: the tier of each, in SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from engine.audience.contact import field_text
from engine.audience.rulebook import Rulebook


def tiers_select(rules: Rulebook, field: str) -> Select[Any]:
    """A row for each customer: `customer` and `tier`, the value of that field, "" where there is none."""
    people = rules.customers.alias()
    return select(people.c.id.label("customer"), field_text(people, field, rules).label("tier"))
