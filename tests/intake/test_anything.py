"""Whatever bytes a file holds, an import ends in numbers that add up or in a refusal; importing it again adds nobody."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.errors import ImportRefused
from engine.store import tables
from engine.store.database import Database
from tests.intake.desk import ACME, bring, bring_events, numbers

HEADER = (
    "customer_id,email,first_name,interests,lifetime_value,signed_up_at,vip,time_zone,language,tags,topics"
)
ODD = [
    "\x00", "\ud800", "\u2028", "\x85", '"', "'", "=1+1", "1.234,5", "1,234.5", "03/04/2026", "2026-02-30", "٣٤",
    "9" * 400, "-", "e5", "1e308", "inf", "nan", "a@b.example", "é@é.example", "a@xn--.example", "x" * 11_000, "\x1f", "\x1e",
]  # fmt: skip
CELL = st.one_of(st.sampled_from(ODD), st.text(max_size=8), st.just(""))
ROWS = st.lists(st.lists(CELL, min_size=9, max_size=12), max_size=5)
BYTES = st.one_of(
    st.binary(max_size=200),
    st.builds(lambda rest: HEADER.encode() + b"\n" + rest, st.binary(max_size=200)),
)


def written(header: str, rows: list[list[str]]) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream)
    for number, row in enumerate(rows):
        writer.writerow([str(number), f"c{number}@acme.example", *row][: header.count(",") + 1])
    return f"{header}\n{stream.getvalue()}".encode(errors="surrogatepass")


def clear(database: Database) -> None:
    with database.write() as connection:
        for name in ("customers", "events", "subscriptions", "consent"):
            connection.execute(tables.metadata.tables[name].delete())


QUICK = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@QUICK
@given(content=st.one_of(BYTES, st.builds(written, st.just(HEADER), ROWS)))
@example(content=written(HEADER, [["\ud800"] * 9, ["\x00"] * 9]))
def test_any_customers_file(database: Database, tmp_path: Path, content: bytes) -> None:
    clear(database)
    try:
        first = bring(database, content, ACME, rejects=tmp_path / "rejects.csv")
    except ImportRefused as refused:
        assert refused.help
        return
    _, added, _, _, rejected = numbers(first)
    again = numbers(bring(database, content, ACME))
    assert (again[1], again[4]) == (0, rejected)
    if rejected:
        with (tmp_path / "rejects.csv").open(
            encoding="utf-8-sig", errors="surrogateescape", newline=""
        ) as file:
            assert len(list(csv.reader(file))) == rejected + 1
    assert added <= first.read


@QUICK
@given(rows=ROWS)
def test_any_events_file(database: Database, rows: list[list[str]]) -> None:
    clear(database)
    bring(database, "customer_id,email\n0,a@acme.example\n1,b@acme.example\n2,c@acme.example\n")
    dated = [["2026-01-02", *row] for row in rows]
    content = written("customer_id,ignored,at,a,b,c,d", dated)
    first = numbers(bring_events(database, "order_placed", content))
    assert numbers(bring_events(database, "order_placed", content)) == (
        first[0],
        0,
        0,
        first[1] + first[3],
        first[4],
    )
