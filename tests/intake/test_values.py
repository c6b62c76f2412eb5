"""Cells read by what their field holds; a refusal says why."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from engine.flows.intake.addresses import read_address
from engine.flows.intake.allowed import check_cell
from engine.flows.intake.dates import DAY_FIRST, MONTH_FIRST, read_date, read_moment
from engine.flows.intake.evidence import Evidence
from engine.flows.intake.numbers import COMMA, POINT, read_number
from engine.flows.intake.reading import open_table
from engine.flows.intake.unsure import UNSURE, Unsure
from engine.flows.intake.values import (
    plain_reader,
    read_choice,
    read_language,
    read_list,
    read_time_zone,
    read_yes_or_no,
)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1,234.56", 1234.56),
        ("1.234,56", 1234.56),
        ("1 234,56", 1234.56),
        ("1\u00a0234,56", 1234.56),
        ("1'234.50", 1234.5),
        ("1234.56", 1234.56),
        ("12,5", 12.5),
        ("0.125", 0.125),
        ("0,125", 0.125),
        (".5", 0.5),
        ("1.234.567", 1234567.0),
        ("1,234,567", 1234567.0),
        ("€ 1.234,56", 1234.56),
        ("1.234,56 €", 1234.56),
        ("-£5.00", -5.0),
        ("£-5", -5.0),
        ("USD 5", 5.0),
        ("R$ 10,00", 10.0),
        ("(1,234.50)", -1234.5),
        ("12-", -12.0),
        ("−3", -3.0),
        ("1e3", 1000.0),
        ("007", 7.0),
    ],
)
def test_numbers_as_people_write_them(cell: str, number: float) -> None:
    assert read_number(cell) == number


@pytest.mark.parametrize(
    "cell", ["abc", "1.2.3", "1,23,456.7", "5%", "12x", "--5", "1e400", "nan", "inf", "1.234,567.8"]
)
def test_what_is_no_number_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_number(cell)


def test_a_thousand_or_a_decimal_is_not_guessed() -> None:
    with pytest.raises(Unsure):
        read_number("1.234")
    assert read_number("1.234", COMMA) == 1234.0
    assert read_number("1.234", POINT) == 1.234
    assert read_number("$1,234", POINT) == 1234.0


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_grouped_numbers_of_both_worlds_mean_the_same(value: float) -> None:
    english = f"{value:,.2f}"
    continental = english.translate(str.maketrans(",.", ".,"))
    assert read_number(english) == read_number(continental) == float(f"{value:.2f}")


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026-12-31", date(2026, 12, 31)),
        ("2026/12/31", date(2026, 12, 31)),
        ("2026-12-31T23:59:00", date(2026, 12, 31)),
        ("2026-12-31 00:00", date(2026, 12, 31)),
        ("31/12/2026", date(2026, 12, 31)),
        ("12/31/2026", date(2026, 12, 31)),
        ("03.04.2026", date(2026, 4, 3)),
        ("04/04/2026", date(2026, 4, 4)),
        ("31 December 2026", date(2026, 12, 31)),
        ("31-Dec-2026", date(2026, 12, 31)),
        ("Dec 31, 2026", date(2026, 12, 31)),
        ("1st March 2026", date(2026, 3, 1)),
    ],
)
def test_dates_as_spreadsheets_write_them(cell: str, day: date) -> None:
    assert read_date(cell) == day


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("46387", "day number"),
        ("2026-02-30", "not in the calendar"),
        ("31/31/2026", "day/month|calendar"),
        ("31/12/26", "not a date"),
        ("soon", "not a date"),
        ("31 Foo 2026", "not a date"),
    ],
)
def test_what_is_no_date_is_refused_in_words(cell: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_date(cell)


def test_day_and_month_are_not_guessed() -> None:
    with pytest.raises(Unsure):
        read_date("03/04/2026")
    assert read_date("03/04/2026", DAY_FIRST) == date(2026, 4, 3)
    assert read_date("03/04/2026", MONTH_FIRST) == date(2026, 3, 4)


def test_a_moment_without_an_offset_is_the_projects() -> None:
    london = ZoneInfo("Europe/London")
    assert read_moment("2026-07-01 09:30", london) == datetime(2026, 7, 1, 8, 30, tzinfo=UTC)
    assert read_moment("2026-07-01T09:30:00+05:30", london) == datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
    assert read_moment("2026-07-01", london) == datetime(2026, 6, 30, 23, 0, tzinfo=UTC)
    assert read_moment("31.12.2026 08:00", london) == datetime(2026, 12, 31, 8, 0, tzinfo=UTC)


def evidence(content: str) -> Evidence:
    with open_table(io.BytesIO(content.encode())) as opened:
        read = Evidence(opened, [0], [1])
        read.decimal(0)
        return read


@pytest.mark.parametrize(
    ("content", "decimal", "order"),
    [
        ("n;d\n1.234;03/04/2026\n5,5;31/01/2026\n", COMMA, DAY_FIRST),
        ("n;d\n1,234;03/04/2026\n5.5;01/31/2026\n", POINT, MONTH_FIRST),
        ("n;d\n1.234;03/04/2026\n", UNSURE, UNSURE),
        ('n,d\n"1,234",03/04/2026\n', POINT, UNSURE),
        ('n,d\n"1,5",31/01/2026\n2.5,01/31/2026\n', UNSURE, UNSURE),
    ],
)
def test_the_rest_of_the_column_tells(content: str, decimal: str, order: str) -> None:
    read = evidence(content)
    assert (read.decimal(0), read.order(1)) == (decimal, order)


def test_lists_choices_truths_zones_and_languages() -> None:
    assert read_list(" tea ;coffee| tea;; ") == ("tea", "coffee")
    assert read_choice("GOLD", ("gold", "silver")) == "gold"
    assert [read_yes_or_no(cell) for cell in ("Yes", "1", "TRUE", "no", "0", "Off")] == [True] * 3 + [
        False
    ] * 3
    assert read_time_zone("america/new york") == "America/New_York"
    assert (read_language("PT_br"), read_language("zh-hant-TW")) == ("pt-BR", "zh-Hant-TW")
    for read, cell, words in [
        (read_yes_or_no, "perhaps", "neither"),
        (read_time_zone, "Europe/Lodnon", "did you mean Europe/London"),
        (read_time_zone, "Mars", "like Europe/London"),
        (read_language, "English please", "not a language"),
    ]:
        with pytest.raises(ValueError, match=words):
            read(cell)
    with pytest.raises(ValueError, match="gold, silver"):
        read_choice("bronze", ("gold", "silver"))


def test_undeclared_event_fields_are_read_as_what_they_look_like() -> None:
    with open_table(io.BytesIO(b"n,d\n1.5,x\n")) as opened:
        read = plain_reader(0, Evidence(opened, [0], []))
        cells = [
            "12",
            "-3",
            "1.5",
            "1,234.50",
            "0123",
            "+44 20",
            "TRUE",
            "85123A",
            "2026-01-01",
            "12345678901234567",
        ]
        assert [read(cell) for cell in cells] == [
            12, -3, 1.5, 1234.5, "0123", "+44 20", True, "85123A", "2026-01-01", "12345678901234567",
        ]  # fmt: skip


@pytest.mark.parametrize("cell", ["a\x00b", "a\x1fb", "bell\x07", "\ud800", "x" * 10_001])
def test_no_cell_holds_control_characters_or_documents(cell: str) -> None:
    with pytest.raises(ValueError, match=r"control character|longer than"):
        check_cell(cell)


LOCAL = st.text(alphabet="abzAZ019.!#$%&'*+/=?^_`{|}~-éß \"@", min_size=1, max_size=12)
DOMAIN = st.text(alphabet="abzAZ019.-éß_", min_size=1, max_size=12)


@given(LOCAL, DOMAIN)
def test_the_quick_way_judges_addresses_like_email_validator(local: str, domain: str) -> None:
    address = f"{local}@{domain}"
    try:
        expected = validate_email(address, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        with pytest.raises(ValueError, match="address"):
            read_address(address)
    else:
        assert read_address(address) == expected


def test_lengths_are_kept_to_the_standard() -> None:
    assert read_address(f"{'a' * 64}@acme.example")
    for address in (f"{'a' * 65}@acme.example", f"{'a' * 60}@{'.'.join(['b' * 60] * 4)}.example"):
        with pytest.raises(ValueError, match=r"allowed|longer|address"):
            read_address(address)
    assert read_address("zoë@MÜNCHEN.example") == "zoë@münchen.example"
