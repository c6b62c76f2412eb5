"""The strict loader: what the marketer wrote is what arrives, and every value knows its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.definitions import loader
from engine.definitions.loader import LARGEST_FILE, Source, load
from engine.definitions.places import Document
from engine.definitions.schema.values import Secret, as_written
from engine.model.problem import Problem


def read(folder: Path, text: str | bytes, **source: Any) -> tuple[Document | None, list[Problem]]:
    path = folder / "file.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load(path, Source(folder, **source))


def data(folder: Path, text: str | bytes, **source: Any) -> Any:
    document, problems = read(folder, text, **source)
    assert not problems
    assert document is not None
    return document.data


def codes(folder: Path, text: str | bytes) -> list[tuple[str, int, int]]:
    return [(found.code, found.line, found.column) for found in read(folder, text)[1]]


@pytest.mark.parametrize(
    "written", ["10:30", "on", "off", "yes", "NO", "2027-01-05", "1_000", "12e", "=", ".inf", "0b1"]
)
def test_words_that_other_loaders_change_stay_text(tmp_path: Path, written: str) -> None:
    assert data(tmp_path, f"key: {written}") == {"key": written}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0123", 123),
        ("+44", 44),
        ("1.10", 1.1),
        ("1e3", 1000.0),
        ("0x1F", 31),
        ("0o17", 15),
        ("-0", 0),
        ("5", 5),
    ],
)
def test_numbers_are_numbers_and_remember_how_they_were_written(
    tmp_path: Path, written: str, value: float
) -> None:
    number = data(tmp_path, f"key: {written}")["key"]
    assert number == value
    assert as_written(number) == written


def test_true_false_and_null_are_the_only_words_with_a_meaning(tmp_path: Path) -> None:
    assert data(tmp_path, "a: true\nb: False\nc: null\nd: ~\ne:\nf: 'true'") == {
        "a": True, "b": False, "c": None, "d": None, "e": None, "f": "true",
    }  # fmt: skip


def test_keys_are_text_as_written(tmp_path: Path) -> None:
    assert data(tmp_path, "on: 1\n0123: 2\ntrue: 3\n2027-01-05: 4") == {
        "on": 1,
        "0123": 2,
        "true": 3,
        "2027-01-05": 4,
    }


def test_a_digit_string_too_long_for_a_number_stays_text(tmp_path: Path) -> None:
    digits = "9" * 5000
    assert data(tmp_path, f"key: {digits}") == {"key": digits}


def test_every_key_and_value_knows_its_place(tmp_path: Path) -> None:
    document, _ = read(tmp_path, "å: ünï\nlist:\n  - first\n  - { two: 22 }\n")
    assert document is not None
    assert (document.keys[("å",)].line, document.keys[("å",)].column) == (1, 1)
    assert (document.values[("å",)].column, document.values[("å",)].width) == (4, 3)
    assert (document.values[("list", 0)].line, document.values[("list", 0)].column) == (3, 5)
    assert (document.keys[("list", 1, "two")].line, document.keys[("list", 1, "two")].column) == (4, 7)
    assert document.value_place(("list", 1, "three")).line == 4


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    document, problems = read(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert not problems
    assert document is not None
    assert document.data == {"a": 1, "b": 2}
    assert document.keys[("b",)].line == 2


def test_a_file_in_another_encoding_is_refused_where_it_starts_to_differ(tmp_path: Path) -> None:
    assert codes(tmp_path, "a: 1\nname: Zoë\n".encode("latin-1")) == [("Y007", 2, 9)]


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    assert codes(tmp_path, "a: " + "x" * LARGEST_FILE) == [("Y005", 0, 0)]


def test_a_file_that_is_a_folder_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "file.yaml").mkdir()
    _, problems = load(tmp_path / "file.yaml", Source(tmp_path))
    assert [found.code for found in problems] == ["Y013"]


@pytest.mark.parametrize("nested", ["[" * 5000, "{a: " * 5000, "- " * 5000])
def test_a_tower_of_brackets_is_refused_at_once(tmp_path: Path, nested: str) -> None:
    assert [code for code, _, _ in codes(tmp_path, "a:\n  " + nested)] in (["Y008"], ["Y001"])


def test_an_alias_bomb_is_refused_at_its_first_anchor(tmp_path: Path) -> None:
    bomb = "a: &a [x, x, x]\n" + "".join(f"{key}: &{key} [*a, *a, *a]\n" for key in "bcdefghij")
    assert codes(tmp_path, bomb) == [("Y004", 1, 4)]


def test_a_key_written_twice_keeps_its_first_value(tmp_path: Path) -> None:
    document, problems = read(tmp_path, "a: 1\nb: {c: 1, c: 2}\na: 3\n")
    assert document is not None
    assert document.data == {"a": 1, "b": {"c": 1}}
    assert [(found.code, found.line, found.column) for found in problems] == [("Y002", 2, 11), ("Y002", 3, 1)]


def test_a_secret_is_carried_without_being_shown(tmp_path: Path) -> None:
    value = data(tmp_path, "token: !secret TOKEN", secret={"TOKEN": "hush"}.get)["token"]
    assert value == Secret("TOKEN", "hush")
    assert "hush" not in f"{value} {value!r}"
    assert value.reveal() == "hush"


def test_a_variable_of_the_environment_is_read_like_a_written_value(tmp_path: Path) -> None:
    environment = {"PICK": "5", "URL": "https://a.example"}
    assert data(tmp_path, "a: !env PICK\nb: !env URL", environment=environment) == {
        "a": 5,
        "b": "https://a.example",
    }


def test_an_included_file_is_read_in_place_and_keeps_its_own_lines(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "one.yaml").write_text("# a comment\nx: 1\nx: 2\n")
    document, problems = read(tmp_path, "a: !include parts/one.yaml\n")
    assert document is not None
    assert document.data == {"a": {"x": 1}}
    assert document.included == {"parts/one.yaml"}
    place = document.keys[("a", "x")]
    assert (place.file, place.line) == ("parts/one.yaml", 2)
    assert [(found.file, found.line) for found in problems] == [("parts/one.yaml", 3)]


def test_includes_cannot_go_round_in_circles(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("b: !include file.yaml\n")
    _, problems = read(tmp_path, "a: !include other.yaml\n")
    assert [(found.code, found.file, found.line) for found in problems] == [("Y010", "other.yaml", 1)]


def test_includes_cannot_multiply(tmp_path: Path) -> None:
    for number in range(6):
        following = f"!include part{number + 1}.yaml" if number < 5 else "x"
        (tmp_path / f"part{number}.yaml").write_text(f"[{', '.join([following] * 9)}]")
    _, problems = read(tmp_path, "a: !include part0.yaml\n")
    assert [found.code for found in problems] == ["Y010"]


def test_a_link_out_of_the_workspace_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("x: 1\n")
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "link.yaml").symlink_to(outside)
    (root / "file.yaml").write_text("a: !include link.yaml\n")
    _, problems = load(root / "file.yaml", Source(root))
    assert [found.code for found in problems] == ["Y010"]


def test_the_pure_parser_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: 0123\nb: [on, 1.10]\nc:\n  - {d: 'x'}\n"
    with_c, _ = read(tmp_path, text)
    monkeypatch.setattr(loader, "_Parser", yaml.SafeLoader)
    without, _ = read(tmp_path, text)
    assert with_c == without


@pytest.mark.parametrize("name", ["x" * 300, "y/" * 3000, "loop.yaml"])
def test_an_include_that_can_be_no_file_is_a_problem(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    assert codes(tmp_path, f"a: !include {name}\n") == [("Y010", 1, 4)]
