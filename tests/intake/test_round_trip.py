"""What is stored, written out as any spreadsheet would, comes in again as exactly the same."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.flows.intake.cells import guard
from engine.store import tables
from engine.store.database import Database
from tests.intake.desk import bring, everybody, numbers

PRINTED = st.characters(exclude_categories=("Cc", "Cs", "Cn"))
TEXTS = st.text(PRINTED | st.sampled_from("\n;,\"'=+-@|\t"), max_size=20).map(str.strip)
WORDS = st.lists(
    st.text(
        st.characters(exclude_categories=("Cc", "Cs", "Cn"), exclude_characters=";|"), min_size=1, max_size=8
    ).map(str.strip),
    max_size=3,
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12)
PERSON = st.fixed_dictionaries(
    {
        "first_name": TEXTS,
        "interests": WORDS.map(";".join),
        "tier": st.sampled_from(["", "gold", "silver"]),
        "lifetime_value": st.just("") | NUMBERS.map(repr),
        "signed_up_at": st.just("") | st.dates(date(1900, 1, 1), date(2100, 1, 1)).map(date.isoformat),
        "vip": st.sampled_from(["", "true", "false"]),
        "time_zone": st.sampled_from(["", "Europe/London", "Asia/Kathmandu"]),
        "tags": WORDS.map("|".join),
    }
)


def written(rows: list[dict[str, Any]], delimiter: str, ending: str, encoding: str) -> bytes:
    stream = io.StringIO(newline="")
    sheet = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter, lineterminator=ending)
    sheet.writeheader()
    sheet.writerows({name: guard(cell) for name, cell in row.items()} for row in rows)
    return stream.getvalue().encode(encoding)


def as_cell(value: object) -> str:
    if isinstance(value, tuple):
        return ";".join(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.lists(PERSON, min_size=1, max_size=6),
    delimiter=st.sampled_from(",;\t|"),
    ending=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_exporting_and_importing_changes_nothing(
    database: Database, people: list[dict[str, str]], delimiter: str, ending: str, encoding: str
) -> None:
    with database.write() as connection:
        connection.execute(tables.customers.delete())
    rows = [
        {"customer_id": str(number), "email": f"p{number}@acme.example", **row}
        for number, row in enumerate(people)
    ]
    report = bring(database, written(rows, delimiter, ending, encoding))
    assert numbers(report) == (len(rows), len(rows), 0, 0, 0), report.notes
    stored = everybody(database)
    for row in rows:
        assert (stored[row["customer_id"]].fields["first_name"] or "") == row["first_name"]
    exported = [
        {
            "customer_id": person.customer_id,
            "email": person.email or "",
            "time_zone": person.time_zone or "",
            "tags": as_cell(person.tags),
            **{name: as_cell(value) for name, value in person.fields.items()},
        }
        for person in stored.values()
    ]
    again = bring(database, written(exported, delimiter, ending, encoding))
    assert numbers(again) == (len(rows), 0, 0, len(rows), 0), again.notes
    assert everybody(database) == stored
