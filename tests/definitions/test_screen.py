"""A problem on the screen: two lines of the file, a caret under what is meant, and what to do."""

from __future__ import annotations

from pathlib import Path

from engine.definitions.screen import cells, screen
from engine.model.problem import Problem, Severity


def shown(folder: Path, text: str, *place: int, colour: bool = False, file: str = "win-back.yaml") -> str:
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    line, column, width = place
    problem = Problem(
        file, line, column, "C002", "`exlude` is not a setting here", "did you mean `exclude`?", width=width
    )
    return screen(problem, folder, colour=colour)


def test_a_problem_reads_like_the_compilers_people_like(tmp_path: Path) -> None:
    text = "\n" * 10 + "  include: [lapsed-180-days]\n  exlude: [open-complaint, staff]\n"
    assert shown(tmp_path, text, 12, 3, 6) == (
        "error[C002]: `exlude` is not a setting here\n"
        "  --> win-back.yaml:12:3\n"
        "   |\n"
        "11 |   include: [lapsed-180-days]\n"
        "12 |   exlude: [open-complaint, staff]\n"
        "   |   ^^^^^^\n"
        "   = help: did you mean `exclude`?"
    )


def test_the_first_line_stands_alone(tmp_path: Path) -> None:
    assert shown(tmp_path, "exlude: x\n", 1, 1, 6).splitlines()[1:5] == [
        " --> win-back.yaml:1:1",
        "  |",
        "1 | exlude: x",
        "  | ^^^^^^",
    ]


def test_the_caret_stands_under_wide_signs(tmp_path: Path) -> None:
    lines = shown(tmp_path, 'title: "日本" # 日\n', 1, 8, 4).splitlines()
    assert lines[4] == "  |        ^^^^^^"
    lines = shown(tmp_path, "日本: exlude\n", 1, 5, 6).splitlines()
    assert lines[4] == "  |       ^^^^^^"


def test_cells_are_counted_as_a_terminal_does() -> None:
    assert cells("abc") == 3
    assert cells("日本") == 4
    assert cells("e\u0301") == 1
    assert cells("\u200b") == 0


def test_a_long_line_is_cut_around_the_caret(tmp_path: Path) -> None:
    lines = shown(tmp_path, "x: " + "a" * 300 + " exlude " + "b" * 300 + "\n", 1, 305, 6).splitlines()
    assert len(lines[3]) < 100
    at = lines[4].index("^")
    assert lines[3][at : at + 6] == "exlude"


def test_a_place_behind_the_end_of_a_line_or_file_still_makes_a_screen(tmp_path: Path) -> None:
    assert "^" in shown(tmp_path, "a: 1\n", 1, 99, 50)
    assert "-->" in shown(tmp_path, "a: 1\n", 99, 1, 1)


def test_a_problem_of_a_whole_file_has_no_lines(tmp_path: Path) -> None:
    problem = Problem("a.yaml", 0, 0, "C001", "this file says nothing", severity=Severity.WARNING)
    assert screen(problem, tmp_path) == "warning[C001]: this file says nothing\n --> a.yaml"


def test_colour_only_where_it_is_wanted(tmp_path: Path) -> None:
    assert "\x1b" not in shown(tmp_path, "exlude: x\n", 1, 1, 6)
    assert "\x1b[1;31merror[C002]\x1b[0m" in shown(tmp_path, "exlude: x\n", 1, 1, 6, colour=True)


def test_secrets_next_to_a_problem_are_masked(tmp_path: Path) -> None:
    flow = shown(tmp_path, "x: { type: postmark, token: hush-4711, exlude: 1 }\n", 1, 40, 6)
    assert "hush" not in flow
    assert flow.splitlines()[4].index("^") == flow.splitlines()[3].index("exlude")
    assert "hush" not in shown(tmp_path, "signing_key: hush 4711\nexlude: 1\n", 2, 1, 6)
    assert "!secret TOKEN" in shown(tmp_path, "token: !secret TOKEN\nexlude: 1\n", 2, 1, 6)
    assert "hush" not in shown(tmp_path, "NAME: hush\n", 1, 1, 4, file="config/secrets.yaml")


def test_control_characters_of_a_file_do_not_reach_the_terminal(tmp_path: Path) -> None:
    assert "\x1b" not in shown(tmp_path, "exlude: \x1b[31mred\x07\n", 1, 1, 6)
