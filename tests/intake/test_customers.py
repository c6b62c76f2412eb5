"""Customers come in whole or not at all, the same file twice changes nothing, and no import raises consent."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from engine.audience.segments import people as members
from engine.definitions.schema.customers import Customers
from engine.errors import ImportRefused
from engine.model.address import address_hash
from engine.store import subscriptions, suppressions
from engine.store.database import Database
from engine.store.fields import ensure
from tests.audience.people import rules_for
from tests.intake.desk import ACME, NOW, bring, everybody, numbers

FILE = """Customer ID;E-Mail;Given name;interests;tier;Lifetime value;signed up at;VIP;Time Zone;language;tags;topics
1;Ann@ACME.example;Zoë;tea|coffee;Gold;1.234,50;03/04/2026;yes;europe/london;en_gb;a;newsletter
2;bo@acme.example;;;;;31/12/2026;;;;;
"""


def test_a_file_comes_in_and_the_same_file_again_changes_nothing(database: Database) -> None:
    assert numbers(bring(database, FILE)) == (2, 2, 0, 0, 0)
    assert numbers(bring(database, FILE)) == (2, 0, 0, 2, 0)
    ann, bo = everybody(database)["1"], everybody(database)["2"]
    assert (ann.email, ann.time_zone, ann.language, ann.tags) == (
        "Ann@acme.example",
        "Europe/London",
        "en-GB",
        ("a",),
    )
    assert ann.fields == {
        "first_name": "Zoë",
        "interests": ("tea", "coffee"),
        "tier": "gold",
        "lifetime_value": 1234.5,
        "signed_up_at": date(2026, 4, 3),
        "vip": True,
    }
    assert bo.fields["signed_up_at"] == date(2026, 12, 31)
    assert [value or None for value in bo.fields.values()].count(None) == 5


def test_a_dry_run_counts_the_same_and_keeps_nothing(database: Database) -> None:
    file = FILE + FILE.splitlines()[1] + "\n3;bad@;;;;;;;;;;\n"
    foretold = numbers(bring(database, file, dry_run=True))
    assert everybody(database) == {}
    assert numbers(bring(database, file)) == foretold == (4, 2, 0, 1, 1)


def test_good_rows_go_in_and_bad_rows_wait_in_a_file_that_can_be_repaired(
    database: Database, tmp_path: Path
) -> None:
    rejects = tmp_path / "people.rejects.csv"
    file = (
        "customer_id,email,first_name,tier,time_zone\n"
        '1,ann@acme.example,"two\nlines",gold,\n'
        "2,ann@@acme.example,=1+1,gold,\n"
        ",no-key@acme.example,,,\n"
        "4,d@acme.example,,bronze,\n"
        "5,e@acme.example,,,Mars\n"
        "6,f@acme.example,nul\x00,,\n"
        "7,g@acme.example,short\n"
        "8,h@acme.example,Hal,silver,Europe/Oslo\n"
    )
    report = bring(database, file, rejects=rejects)
    assert numbers(report) == (8, 2, 0, 0, 6)
    assert sorted(everybody(database)) == ["1", "8"]
    with rejects.open(encoding="utf-8-sig", newline="") as stream:
        header, *rows = csv.reader(stream)
    assert header == ["line", "reason", "customer_id", "email", "first_name", "tier", "time_zone"]
    assert [row[0] for row in rows] == ["4", "5", "6", "7", "8", "9"]
    assert [
        word in row[1]
        for word, row in zip(
            ("email", "customer_id", "gold, silver", "Mars", "U+0000", "3 cells"), rows, strict=True
        )
    ] == [True] * 6
    assert rows[0][2:] == ["2", "ann@@acme.example", "'=1+1", "gold", ""]
    repaired = rejects.read_text("utf-8-sig").splitlines()
    again = bring(database, "\n".join([repaired[0], repaired[1].replace("@@", "@")]))
    assert numbers(again) == (1, 1, 0, 0, 0)
    assert everybody(database)["2"].fields["first_name"] == "=1+1"
    assert [path.name for path in tmp_path.iterdir() if "rejects" in path.name] == [rejects.name]


def test_a_row_in_another_encoding_waits_with_its_own_bytes(database: Database, tmp_path: Path) -> None:
    rejects = tmp_path / "people.rejects.csv"
    bad = "2,b@acme.example,José".encode("latin-1")
    report = bring(
        database, "customer_id,email,first_name\n1,a@acme.example,José\n".encode() + bad, rejects=rejects
    )
    assert numbers(report) == (2, 1, 0, 0, 1)
    assert report.notes[0] == "line 3: first_name holds the byte 0xE9, which is no letter in this file"
    assert everybody(database)["1"].fields["first_name"] == "José"
    assert bad in rejects.read_bytes()


def test_an_empty_cell_clears_a_field_and_a_missing_column_leaves_it(database: Database) -> None:
    bring(database, FILE)
    bring(database, "customer_id,email,tier\n1,,\n")
    ann = everybody(database)["1"]
    assert (ann.fields["tier"], ann.fields["first_name"]) == (None, "Zoë")
    assert ann.email == "Ann@acme.example", "an empty cell never takes an address away"


def test_the_last_of_equal_keys_counts(database: Database) -> None:
    report = bring(database, "customer_id,email\n1,a@acme.example\n2,b@acme.example\n1,c@acme.example\n1,\n")
    assert numbers(report) == (4, 2, 1, 1, 0)
    assert everybody(database)["1"].email == "c@acme.example"
    assert any("2 rows had a key" in note for note in report.notes)


def test_one_address_for_two_customers_is_allowed_and_told(database: Database) -> None:
    report = bring(
        database, "customer_id,email\n1,Same@acme.example\n2,same@ACME.example\n3,other@acme.example\n"
    )
    assert numbers(report) == (3, 3, 0, 0, 0)
    assert any("1 address in the database belongs to more than one" in note for note in report.notes)


def test_where_the_address_is_the_key_its_spellings_are_one_person(database: Database) -> None:
    by_email = Customers.model_validate({"key": "email", "fields": {"first_name": "text"}})
    file = "E-mail,first_name\nAnn@acme.example,A\n ann@ACME.example ,B\nzoë@münchen.example,C\nzoë@xn--mnchen-3ya.example,D\n"
    assert numbers(bring(database, file, by_email)) == (4, 2, 2, 0, 0)
    names = {key: found.fields["first_name"] for key, found in everybody(database, by_email).items()}
    assert sorted(names.values()) == ["B", "D"]


def test_an_import_never_signs_up_again_who_left(database: Database) -> None:
    file = "customer_id,email,topics\n1,ann@acme.example,newsletter\n"
    bring(database, file)
    with database.write() as connection:
        subscriptions.leave(connection, 1, "newsletter", "link", NOW)
    bring(database, file)
    bring(database, "customer_id,email,topics\n2,ANN@acme.example,newsletter\n")
    with database.read() as connection:
        assert subscriptions.topics(connection, 1) == {"newsletter": False}
        assert subscriptions.topics(connection, 2) == {}


def test_taking_a_topic_out_of_the_file_unsubscribes_nobody(database: Database) -> None:
    bring(database, "customer_id,email,topics\n1,ann@acme.example,newsletter;offers\n")
    bring(database, "customer_id,email,topics\n1,ann@acme.example,\n")
    with database.read() as connection:
        assert subscriptions.topics(connection, 1) == {"newsletter": True, "offers": True}


def test_a_new_address_does_not_undo_a_persons_word(database: Database) -> None:
    bring(
        database, "customer_id,email,topics\n1,old@acme.example,newsletter\n2,dead@acme.example,newsletter\n"
    )
    with database.write() as connection:
        subscriptions.leave_all(connection, 1, "link", NOW)
        suppressions.add(connection, address_hash("dead@acme.example"), "all", "bounced", "webhook", NOW)
    report = bring(
        database, "customer_id,email,topics\n1,new@acme.example,offers\n2,alive@acme.example,offers\n"
    )
    assert any("2 changed their address" in note for note in report.notes)
    with database.read() as connection:
        scopes = {
            word.scope for word in suppressions.of_address(connection, address_hash("new@acme.example"))
        }
        assert scopes == {"marketing", "topic:newsletter"}
        assert subscriptions.topics(connection, 1) == {"newsletter": False}
        assert suppressions.of_address(connection, address_hash("alive@acme.example")) == []
        assert subscriptions.topics(connection, 2) == {"newsletter": True, "offers": True}


def test_a_topic_nobody_offers_is_a_reason(database: Database) -> None:
    file = "customer_id,email,topics\n1,a@acme.example,newsleter\n2,b@acme.example,newsletter\n"
    report = bring(database, file, topics={"newsletter", "offers"})
    assert numbers(report) == (2, 1, 0, 0, 1)
    assert "did you mean `newsletter`?" in report.notes[0]


def test_without_an_address_column_only_known_people_are_updated(database: Database) -> None:
    bring(database, FILE)
    report = bring(database, "customer_id,tier\n1,silver\n9,gold\n")
    assert numbers(report) == (2, 0, 1, 0, 1)
    assert everybody(database)["1"].fields["tier"] == "silver"


def test_another_key_column_identifies_people(database: Database) -> None:
    members = Customers.model_validate(
        {"key": "member_no", "fields": {"member_no": "text", "first_name": "text"}}
    )
    bring(database, "Member No.,email,first_name\n0042,a@acme.example,Ann\n", members)
    found = everybody(database, members)["0042"]
    assert (found.fields["member_no"], found.fields["first_name"]) == ("0042", "Ann")


@pytest.mark.parametrize(
    ("header", "words", "help"),
    [
        ("customerid2,email", "no column `customer_id`", "did you mean `customerid2`"),
        ("who,email", "no column `customer_id`", "csv:"),
        ("customer_id,email,E-Mail", "two columns for `email`", "remove"),
        ("customer_id,first_name,Given name", "two columns for `first_name`", "remove"),
    ],
)
def test_a_header_that_cannot_be_understood_is_refused(
    database: Database, header: str, words: str, help: str
) -> None:
    with pytest.raises(ImportRefused, match=words) as refused:
        bring(database, f"{header}\n1,a,b\n")
    assert help in refused.value.help
    assert everybody(database) == {}


def test_moments_are_moments_in_segments_and_empty_cells_stay_empty(database: Database) -> None:
    """Midnight in London is 23:00 UTC the day before while its clocks are an hour ahead."""
    customers = Customers.model_validate({"fields": {"renewed": "moment"}})
    file = "customer_id,email,renewed\n1,a@acme.example,2026-07-01 00:00\n2,b@acme.example,2026-06-30T22:30Z\n3,c@acme.example,\n"
    assert numbers(bring(database, file, customers)) == (3, 3, 0, 0, 0)
    assert numbers(bring(database, file, customers)) == (3, 0, 0, 3, 0)
    found = {key: person.fields["renewed"] for key, person in everybody(database, customers).items()}
    assert found == {
        "1": datetime(2026, 6, 30, 23, tzinfo=UTC),
        "2": datetime(2026, 6, 30, 22, 30, tzinfo=UTC),
        "3": None,
    }
    july = {"july": {"all": [{"field": "renewed", "after": "2026-06-30"}]}}
    rules = rules_for(database, ensure(database, {"renewed": "moment"}, NOW), july)
    with database.read() as connection:
        assert [person.customer_id for person in members(connection, rules, "july")] == ["1"]


def test_columns_without_a_meaning_are_told(database: Database) -> None:
    report = bring(database, "customer_id,email,shoe size\n1,a@acme.example,42\n")
    assert "columns left out: `shoe size`" in report.notes


def test_progress_is_told_by_the_batch(database: Database) -> None:
    told: list[tuple[str, int, int | None]] = []
    rows = "".join(f"{number},c{number}@acme.example\n" for number in range(5000))
    bring(database, f"customer_id,email\n{rows}", progress=lambda *step: told.append(step))
    assert [done for _, done, _ in told] == [2000, 4000, 5000]
    assert all(4500 < (total or 0) < 6500 for _, _, total in told)


def test_a_rejects_file_that_cannot_be_written_is_said_before_its_rows_are_lost(
    database: Database, tmp_path: Path
) -> None:
    with pytest.raises(ImportRefused, match="rejects file"):
        bring(database, "customer_id,email\n1,bad@\n", rejects=tmp_path / "nowhere" / "r.csv")


def test_the_definition_used_here_is_the_one_a_marketer_writes() -> None:
    assert ACME.field_type("tier") is not None
