"""Real files: CDNOW's buyers, a shop's December, Chinook's customers, hostile strings, names of the world."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.audience.rulebook import rulebook
from engine.audience.segments import count
from engine.definitions.schema.customers import Customers
from engine.definitions.schema.segments import SegmentsFile
from engine.flows.intake.addresses import read_address
from engine.flows.intake.allowed import check_cell
from engine.store.database import Database
from tests.corpus import corpus_path
from tests.intake.desk import NOW, bring, bring_events, events_of, everybody, numbers

pytestmark = pytest.mark.corpus
UTC = ZoneInfo("UTC")


def table(header: list[str], rows: list[list[Any]]) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerows([header, *rows])
    return stream.getvalue()


def sizes(database: Database, segments: dict[str, Any]) -> list[int]:
    read = SegmentsFile.model_validate({"segments": segments}).segments
    rules = rulebook(database, read, (), as_of=NOW, zone=UTC)
    with database.read() as connection:
        return [count(connection, rules, name) for name in segments]


def test_cdnow_repeat_buyers_are_counted_as_published(database: Database) -> None:
    path = corpus_path("customers", "cdnow", "cdnow_sample.csv")
    customers = Customers.model_validate({"key": "sample_id", "csv": {"date": "at"}})
    with path.open() as stream:
        keys = sorted({row["sample_id"] for row in csv.DictReader(stream)})
    people = table(["sample_id", "email"], [[key, f"buyer{key}@cdnow.example"] for key in keys])
    assert numbers(bring(database, people, customers)) == (2357, 2357, 0, 0, 0)
    assert numbers(bring_events(database, "bought", path, customers, zone=UTC)) == (6919, 6919, 0, 0, 0)
    assert numbers(bring_events(database, "bought", path, customers, zone=UTC)) == (6919, 0, 0, 6919, 0)
    assert len({(row[0], row[2]) for row in events_of(database)}) == 6696

    def bought_on(days: int) -> dict[str, Any]:
        exactly = {"at_least": days, "distinct": "days"} | ({"at_most": days} if days < 8 else {})
        return {"all": [{"event": "bought", "before": "1997-10-01", "count": exactly}]}

    repeat = sizes(database, {f"repeat-{again}": bought_on(again + 1) for again in range(8)})
    assert repeat == [1411, 439, 214, 100, 62, 38, 29, 64]
    big = {"event": "bought", "where": [{"field": "amount_usd", "at_least": 100}]}
    with path.open() as stream:
        spenders = {row["sample_id"] for row in csv.DictReader(stream) if float(row["amount_usd"]) >= 100}
    assert sizes(database, {"big": {"all": [big]}, "never": {"not": big}}) == [
        len(spenders),
        2357 - len(spenders),
    ]


def test_a_shops_december_with_rows_that_belong_to_nobody(database: Database, tmp_path: Path) -> None:
    packed = corpus_path("customers", "online_retail", "online_retail_2010-12.csv.gz")
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(packed.read_bytes()).decode())))
    plain = tmp_path / "december.csv"
    plain.write_bytes(gzip.decompress(packed.read_bytes()))
    known = {row["CustomerID"]: row["Country"] for row in rows if row["CustomerID"]}
    customers = Customers.model_validate(
        {
            "key": "CustomerID",
            "fields": {"country": "text"},
            "csv": {"InvoiceDate": "at"},
            "events": {"order_line": {"stock_code": "text", "invoice_no": "text"}},
        }
    )
    people = table(
        ["CustomerID", "email", "Country"],
        [[key, f"c{key}@shop.example", country] for key, country in known.items()],
    )
    assert numbers(bring(database, people, customers))[1] == len(known)
    nameless = sum(1 for row in rows if not row["CustomerID"])
    report = bring_events(
        database, "order_line", plain, customers, rejects=tmp_path / "rejects.csv", zone=UTC
    )
    assert numbers(report) == (42481, 42481 - nameless, 0, 0, nameless)
    stored = [json.loads(row[3]) for row in events_of(database)]
    assert sum(fields["quantity"] for fields in stored) == sum(
        int(row["Quantity"]) for row in rows if row["CustomerID"]
    )
    assert Counter(fields["stock_code"] for fields in stored) == Counter(
        row["StockCode"] for row in rows if row["CustomerID"]
    )
    returned = {row["CustomerID"] for row in rows if row["CustomerID"] and int(row["Quantity"]) < 0}
    condition = {"event": "order_line", "where": [{"field": "quantity", "at_most": -1}]}
    assert sizes(database, {"returned": {"all": [condition]}}) == [len(returned)]


def is_written_in(cell: str, encoding: str) -> bool:
    return cell.encode(encoding, "ignore").decode(encoding) == cell


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_chinooks_customers_keep_their_letters(database: Database, encoding: str) -> None:
    path = corpus_path("customers", "chinook", "customer.csv")
    customers = Customers.model_validate(
        {
            "key": "CustomerId",
            "fields": {"first_name": "text", "last_name": "text", "city": "text", "company": "text"},
        }
    )
    with path.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    rows = [row for row in rows if all(is_written_in(cell, encoding) for cell in row.values())]
    text = table(list(rows[0]), [list(row.values()) for row in rows])
    report = bring(database, text.encode(encoding), customers)
    assert numbers(report) == (len(rows), len(rows), 0, 0, 0)
    found = everybody(database, customers)
    for row in rows:
        person = found[row["CustomerId"]]
        assert (person.fields["first_name"], person.fields["last_name"]) == (
            row["FirstName"],
            row["LastName"],
        )
        assert (person.email or "").lower() == row["Email"].lower()
        assert person.fields["city"] == (row["City"].strip() or None)


def storable(text: str) -> bool:
    try:
        check_cell(text)
    except ValueError:
        return False
    return True


def test_naughty_strings_come_back_as_they_were_or_are_refused_with_a_reason(database: Database) -> None:
    strings = json.loads(corpus_path("addresses", "blns.json").read_text(encoding="utf-8"))
    customers = Customers.model_validate({"fields": {"first_name": "text"}})
    rows = [[f"n{number}", f"n{number}@acme.example", text] for number, text in enumerate(strings)]
    report = bring(database, table(["customer_id", "email", "first_name"], rows), customers)
    bad = [text for text in strings if not storable(text.strip())]
    assert numbers(report) == (len(strings), len(strings) - len(bad), 0, 0, len(bad))
    found = everybody(database, customers)
    for number, text in enumerate(strings):
        if f"n{number}" in found:
            expected = text.strip().replace("\r\n", "\n").replace("\r", "\n")
            assert found[f"n{number}"].fields["first_name"] in (expected or None, expected.removeprefix("'"))


def test_names_of_a_hundred_languages_come_back_as_they_were(database: Database) -> None:
    with corpus_path("addresses", "cldr46_person_names.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    customers = Customers.model_validate({"fields": {"first_name": "text", "surname": "text"}})
    listed = [
        [f"p{number}", f"p{number}@acme.example", row["given"], row["surname"]]
        for number, row in enumerate(rows)
    ]
    report = bring(database, table(["customer_id", "email", "first_name", "surname"], listed), customers)
    assert numbers(report) == (len(rows), len(rows), 0, 0, 0)
    found = everybody(database, customers)
    for number, row in enumerate(rows):
        fields = found[f"p{number}"].fields
        assert (fields["first_name"], fields["surname"]) == (
            row["given"].strip() or None,
            row["surname"].strip() or None,
        )


def test_the_is_email_vectors_are_judged_as_one_can_write_to_them() -> None:
    """Accepted: what is_email calls valid, or valid but for DNS, which is not asked; but not `test@io`, whose
    domain has no dot."""
    vectors = json.loads(corpus_path("addresses", "isemail_tests.json").read_text(encoding="utf-8"))
    accepted, refused = Counter[str](), Counter[str]()
    for address, diagnosis in vectors:
        try:
            read_address(address)
        except ValueError:
            refused[diagnosis] += 1
        else:
            accepted[diagnosis] += 1
    assert accepted == {"valid": 11, "dnsWarnNoRecord": 8, "dnsWarnNoMXRecord": 1}
    assert refused["valid"] == 1
    assert sum(accepted.values()) + sum(refused.values()) == len(vectors)


def test_the_is_email_vectors_at_import_go_in_or_wait_with_a_reason(
    database: Database, tmp_path: Path
) -> None:
    """A cell is taken without the spaces around it, so an address with spaces or line ends beside it goes in; an
    empty one is a customer without an address. Everything else is judged as above."""
    vectors = json.loads(corpus_path("addresses", "isemail_tests.json").read_text(encoding="utf-8"))
    rejects = tmp_path / "vectors.rejects.csv"
    rows = [[f"v{number}", address] for number, (address, _) in enumerate(vectors)]
    report = bring(database, table(["customer_id", "email"], rows), Customers(), rejects=rejects)
    stored = {key: found.email for key, found in everybody(database, Customers()).items()}
    for number, (address, _) in enumerate(vectors):
        try:
            expected = read_address(address.strip()) if address.strip() else None
        except ValueError:
            assert f"v{number}" not in stored, address
        else:
            assert stored[f"v{number}"] == expected, address
    assert numbers(report) == (len(vectors), len(stored), 0, 0, len(vectors) - len(stored))
    with rejects.open(encoding="utf-8-sig", newline="") as stream:
        refused = {row["customer_id"]: row["reason"] for row in csv.DictReader(stream)}
    assert set(refused) | set(stored) == {f"v{number}" for number in range(len(vectors))}
    assert all(reason.startswith("email") and len(reason) > 20 for reason in refused.values())
    beside = [
        address
        for number, (address, _) in enumerate(vectors)
        if f"v{number}" in stored and address != address.strip()
    ]
    assert {address.strip() for address in beside} == {"test@iana.org", ""}
    assert len(stored) == 11 + 8 + 1 + len(beside) + 1, "the last is the empty vector"
