"""Tables as spreadsheets write them: every encoding, separator and line ending, and the true line of every fault."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ImportRefused
from engine.flows.intake.cells import guard, unguard
from engine.flows.intake.reading import Table, open_table


def table(content: bytes) -> tuple[Table, list[tuple[int, list[str], str]]]:
    with open_table(io.BytesIO(content)) as opened:
        return opened, [(row.line, row.cells, row.fault) for row in opened.rows()]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "mac_roman"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_what_a_spreadsheet_writes_is_read_back(encoding: str, delimiter: str, ending: str) -> None:
    lines = ["id,name,city", "1,André Müller,Zürich", '2,"two', 'lines",Genève', "3,Zoë,São Paulo"]
    text = ending.join(line.replace(",", delimiter) for line in lines) + ending
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    opened, rows = table(mark + text.encode(encoding))
    assert opened.delimiter == delimiter
    assert opened.header == ["id", "name", "city"]
    assert rows == [
        (2, ["1", "André Müller", "Zürich"], ""),
        (3, ["2", f"two{ending}lines", "Genève"], ""),
        (5, ["3", "Zoë", "São Paulo"], ""),
    ]


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp1250", ["Łukasz Wałęsa", "Żółć Świętosław", "Jiří Dvořák", "Ďuro Šťastný"]),
        ("cp1251", ["Пётр Ильич Чайковский", "Анна Каренина", "Фёдор Достоевский"]),
        ("cp1253", ["Νίκος Καζαντζάκης", "Οδυσσέας Ελύτης", "Γιώργος Σεφέρης"]),
        ("cp932", ["山田太郎", "鈴木花子", "佐藤健一", "高橋さくら"]),
    ],
)
def test_code_pages_of_other_languages_are_told_by_their_letters(encoding: str, names: list[str]) -> None:
    text = "id;name\n" + "".join(f"{number};{name}\n" for number, name in enumerate(names * 5))
    _, rows = table(text.encode(encoding))
    assert [cells[1] for _, cells, _ in rows] == names * 5


def test_one_foreign_letter_at_the_end_of_a_long_file_is_noticed() -> None:
    text = "id,name\n" + "".join(f"{number},somebody\n" for number in range(50_000)) + "last,Zoë\n"
    _, rows = table(text.encode("cp1252"))
    assert rows[-1] == (50_002, ["last", "Zoë"], "")


def test_among_lines_of_utf_8_a_line_of_another_encoding_is_at_fault_alone() -> None:
    good = "".join(f"{number},Zoë,Łódź\n" for number in range(5)).encode()
    opened, rows = table(b"id,name,city\n" + good + "5,Zoë,\n".encode("cp1252") + b"6,Ann,Bath\n")
    assert opened.encoding == "utf-8"
    assert [cells for _, cells, _ in rows] == [
        *([str(number), "Zoë", "Łódź"] for number in range(5)),
        ["5", "Zo\udceb", ""],
        ["6", "Ann", "Bath"],
    ]


def test_a_byte_that_is_no_letter_of_a_code_page_is_the_fault_of_its_row() -> None:
    _, rows = table("id,name\n1,Zoë\n2,".encode("cp1252") + b"\x81\n3,Ann\n")
    assert [cells[0] for _, cells, _ in rows] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (b"1," + b"x" * 200_000, "a cell is longer than 131,072 characters"),
        (b'1,"' + b"x" * 200_000 + b'"', "a cell is longer than 131,072 characters"),
        (b'1,"' + b"x\n" * 100_000, "a quote opens in this row and is not closed"),
    ],
)
def test_a_cell_without_end_costs_its_own_line_only(row: bytes, words: str) -> None:
    _, rows = table(b"id,name\n" + row + b"\n2,Ann\n")
    assert rows[0][::2] == (2, words)
    assert rows[-1][1:] == (["2", "Ann"], "")


def test_the_separator_named_in_the_first_line_is_believed() -> None:
    opened, rows = table(b"sep=|\r\nid|name\r\n1|a,b;c\r\n")
    assert (opened.header, rows) == (["id", "name"], [(3, ["1", "a,b;c"], "")])


def test_commas_inside_names_do_not_hide_the_semicolon() -> None:
    opened, _ = table(b"id;name;city\n1;Smith, John, Jr;Reading, Berks\n2;Doe, Jane;Bath\n")
    assert opened.header == ["id", "name", "city"]


def test_a_forgotten_quote_costs_its_own_line_only() -> None:
    _, rows = table(b'id,name\n1,"Smith\n2,"Jones"\n3,Brown\n4,"never closed\n5,White\n')
    assert [(line, cells, bool(fault)) for line, cells, fault in rows] == [
        (2, ['1,"Smith'], True),
        (3, ["2", "Jones"], False),
        (4, ["3", "Brown"], False),
        (5, ['4,"never closed'], True),
        (6, ["5", "White"], False),
    ]


def test_a_quote_that_never_closes_in_a_long_file_is_found_where_it_opens() -> None:
    rows_after = b"".join(b"%d,somebody with a longish name\n" % number for number in range(20_000))
    _, rows = table(b'id,name\n0,fine\n1,"open\n' + rows_after)
    assert [row for row in rows if row[2]] == [
        (3, ['1,"open'], "a quote opens in this row and is not closed")
    ]
    assert rows[-1][:2] == (20_003, ["19999", "somebody with a longish name"])


def test_rows_of_another_width_are_told_with_their_line() -> None:
    _, rows = table(b"id,name,city\n1,a\n2,a,b,c\n3,a,b,,\n\n,,\n4,a,b\n")
    assert rows == [
        (2, ["1", "a"], "2 cells where the header has 3"),
        (3, ["2", "a", "b", "c"], "4 cells where the header has 3"),
        (4, ["3", "a", "b"], ""),
        (7, ["4", "a", "b"], ""),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "no header"),
        (b",,\n1,2,3\n", "no header"),
        (b"PK\x03\x04rest", "workbook"),
        (b"\x1f\x8brest", "gzip"),
        (b"\xef\xbb\xbf <!doctype html><html></html>", "a web page or XML"),
        (b'[{"customer_id": 1}]', "JSON"),
        (bytes(range(256)) * 20, "not a text file"),
        (b'"open\n1\n', "quote opens"),
        (b"a" * 1_000_001, "longer than"),
        (b",".join(b"c%d" % number for number in range(501)) + b"\n", "501 columns"),
    ],
)
def test_what_is_no_table_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(ImportRefused, match=words):
        table(content)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="No such file"), open_table(tmp_path / "nowhere.csv"):
        pass


@given(st.text())
def test_guarding_a_cell_can_be_undone(cell: str) -> None:
    assert unguard(guard(cell)) == cell


@pytest.mark.parametrize("cell", ["=1+1", "+44", "-5", "@x", "\tx", "\rx", "'=1", "''=1", "\n="])
def test_no_guarded_cell_begins_like_a_formula(cell: str) -> None:
    assert guard(cell)[0] == "'"
    assert unguard(guard(cell)) == cell
