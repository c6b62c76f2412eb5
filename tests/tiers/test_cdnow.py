"""Tiers of a real shop's customers: the CDNOW sample of 1997 and 1998, against figures worked out here with decimals."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from engine.audience.rulebook import rulebook
from engine.definitions.schema.customers import Customers
from engine.definitions.schema.tiers import Tiers
from engine.flows.intake.kinds import stored_kinds
from engine.flows.tiers.computing import Computing
from engine.store.database import Database
from engine.store.fields import ensure
from tests.corpus import corpus_path
from tests.intake.desk import bring, bring_events, numbers

AT = datetime(1998, 7, 1, tzinfo=UTC)
ORDER = ("platinum", "gold", "silver")
SHOP = Customers.model_validate(
    {"key": "sample_id", "fields": {"tier": {"one_of": list(ORDER)}}, "csv": {"date": "at"}}
)
RFM = Tiers.model_validate(
    {
        "order": list(ORDER),
        "score": [
            {"name": "monetary", "sum": "bought.amount_usd", "bands": 5},
            {"name": "frequency", "count": "bought", "bands": 5},
            {"name": "recency", "since_last": "bought", "bands": 5},
        ],
        "give": {"platinum": {"top": "1%"}, "gold": {"at_least": 12}, "otherwise": "silver"},
    }
)


def fifths(values: dict[str, object]) -> dict[str, int]:
    """Each buyer's fifth, 5 the best; equals together, in the lower one."""
    ranked = sorted(values.values())  # type: ignore[type-var]
    first: dict[object, int] = {}
    for place, found in enumerate(ranked):
        first.setdefault(found, place)
    return {buyer: 1 + first[found] * 5 // len(ranked) for buyer, found in values.items()}


@pytest.mark.corpus
def test_the_best_of_a_real_shop_are_who_they_are(database: Database) -> None:
    path = corpus_path("customers", "cdnow", "cdnow_sample.csv")
    spent: dict[str, Decimal] = {}
    orders: Counter[str] = Counter()
    last: dict[str, date] = {}
    with path.open() as stream:
        for row in csv.DictReader(stream):
            buyer = row["sample_id"]
            spent[buyer] = spent.get(buyer, Decimal(0)) + Decimal(row["amount_usd"])
            orders[buyer] += 1
            last[buyer] = max(last.get(buyer, date.min), date.fromisoformat(row["date"]))
    buyers = sorted(spent)
    people = "\n".join(["sample_id,email", *(f"{buyer},buyer{buyer}@cdnow.example" for buyer in buyers)])
    assert numbers(bring(database, people, SHOP)) == (2357, 2357, 0, 0, 0)
    bring_events(database, "bought", path, SHOP, zone=ZoneInfo("UTC"))

    monetary, frequency, recency = fifths(dict(spent)), fifths(dict(orders)), fifths(dict(last))
    points = {buyer: monetary[buyer] + frequency[buyer] + recency[buyer] for buyer in buyers}
    best = sorted(
        buyers, key=lambda buyer: (-points[buyer], -spent[buyer], -orders[buyer], -last[buyer].toordinal(), buyer)
    )  # fmt: skip
    expected = {
        buyer: "platinum" if place < 23 else "gold" if points[buyer] >= 12 else "silver"
        for place, buyer in enumerate(best)
    }

    declared = ensure(database, stored_kinds(SHOP.fields), AT)
    book = rulebook(database, {}, declared, as_of=AT, zone=ZoneInfo("UTC"))
    with database.write() as connection:
        computing = Computing.begin(connection, RFM, ORDER, book)
        first = next(computing.movers(1))
        assert computing.apply() == 2357
    with database.read() as connection:
        stored = book.customers
        query = select(stored.c.customer_id, stored.c[declared[0].column])
        found = {row[0]: row[1] for row in connection.execute(query)}
    assert found == expected
    assert Counter(expected.values()) == {"silver": 1650, "gold": 684, "platinum": 23}
    assert first.customer_id == best[0]
    assert (
        f"monetary {round(spent[best[0]])}: band 5 of 5; frequency {orders[best[0]]}: band 5 of 5"
        in first.reason
    )
