"""Events come in once, with their own fields as what they are, for customers who are known."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from engine.definitions.schema.customers import Customers
from engine.errors import ImportRefused
from engine.store.database import Database
from tests.intake.desk import bring, bring_events, events_of, numbers

PEOPLE = "customer_id,email\n1,a@acme.example\n2,b@acme.example\n"
ORDERS = """customer_id,at,Order No,amount,sku,note
1,2026-07-01 10:00,A1,"1,234.50",0123,
1,2026-07-01 10:00,A1,"1,234.50",0123,
2,2026-07-01T10:00Z,17,-5.5,85123A,"two
lines"
9,2026-01-01,A2,5,x,
1,soon,A2,5,x,
"""


def test_events_come_in_once_and_equal_rows_stay_two(database: Database) -> None:
    bring(database, PEOPLE)
    assert numbers(bring_events(database, "order_placed", ORDERS)) == (5, 3, 0, 0, 2)
    assert numbers(bring_events(database, "order_placed", ORDERS)) == (5, 0, 0, 3, 2)
    found = [(row[0], row[2], json.loads(row[3])) for row in events_of(database)]
    twice = (1, datetime(2026, 7, 1, 9, 0, tzinfo=UTC), {"order_no": "A1", "amount": 1234.5, "sku": "0123"})
    other = {"order_no": 17, "amount": -5.5, "sku": "85123A", "note": "two\nlines"}
    assert found == [twice, twice, (2, datetime(2026, 7, 1, 10, 0, tzinfo=UTC), other)]


def test_an_unknown_customer_is_a_reason_with_its_line(database: Database) -> None:
    bring(database, PEOPLE)
    report = bring_events(database, "order_placed", ORDERS)
    assert set(report.notes) == {
        "line 6: no customer has the customer_id `9`; import customers first",
        "line 7: at: `soon` is not a date; write it like 2026-12-31",
    }


def test_no_file_brings_in_what_is_decided_here(database: Database) -> None:
    with pytest.raises(ImportRefused, match="`tier_changed` is noted by Touchbase itself"):
        bring_events(database, "tier_changed", "customer_id,at,to\n1,2026-07-01,gold\n")


def test_a_dry_run_of_events_keeps_nothing(database: Database) -> None:
    bring(database, PEOPLE)
    assert numbers(bring_events(database, "order_placed", ORDERS, dry_run=True)) == (5, 3, 0, 0, 2)
    assert events_of(database) == []


def test_declared_event_fields_are_read_by_their_kind(database: Database) -> None:
    customers = Customers.model_validate(
        {"events": {"order_placed": {"sku": "text", "paid": "date", "amount": "number"}}}
    )
    bring(database, PEOPLE, customers)
    file = "customer_id;at;sku;paid;amount\n1;2026-07-01;71053;31/12/2026;1.234,5\n1;2026-07-02;1;x;1\n"
    assert numbers(bring_events(database, "order_placed", file, customers)) == (2, 1, 0, 0, 1)
    assert json.loads(events_of(database)[0][3]) == {"sku": "71053", "paid": "2026-12-31", "amount": 1234.5}


def test_events_find_people_by_any_spelling_of_their_address(database: Database) -> None:
    by_email = Customers.model_validate({"key": "email"})
    bring(database, "email\nAnn@acme.example\n", by_email)
    assert (
        numbers(bring_events(database, "called", "e-mail,at\nann@ACME.example,2026-01-01\n", by_email))[1]
        == 1
    )


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("customer_id,when", "no column `at`"),
        ("at,amount", "no column `customer_id`"),
        ("customer_id,at,x y,x_y", "two columns"),
    ],
)
def test_an_events_file_without_its_columns_is_refused(database: Database, header: str, words: str) -> None:
    with pytest.raises(ImportRefused, match=words):
        bring_events(database, "order_placed", f"{header}\n1,2,3,4\n")
