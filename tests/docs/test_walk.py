"""The reader of pages compares closely: a page that shows something else than what is printed is found out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.walk import Command, File, Reader, Section, steps, unlike

PAGE = """\
## One
```console
$ echo hello   # a greeting
hello
$ false   # exits with 1
```
```yaml config/x.yaml
a: 1
```
```sh
rm -rf everything
```
"""


def test_steps_are_commands_files_and_sections() -> None:
    assert list(steps(PAGE)) == [
        Section("One"),
        Command(3, "echo hello", 0, ("hello",)),
        Command(5, "false", 1, ()),
        File("config/x.yaml", "a: 1\n"),
    ]


@pytest.mark.parametrize(
    ("shown", "said", "wrong"),
    [
        (["a", "b"], ["a", "b"], ""),
        (["a"], ["a", "b"], "nothing more"),
        (["a", "b"], ["a"], "b"),
        (["b"], ["a", "b"], "b"),
        (["…", "b"], ["a", "b"], ""),
        (["a", "…"], ["a", "b", "c"], ""),
        (["a", "…", "c"], ["a", "b", "c"], ""),
        (["a", "…", "d"], ["a", "b", "c"], "d"),
        (["a … c"], ["a b c"], ""),
        (["a … d"], ["a b c"], "a … d"),
        ([], ["anything"], ""),
    ],
)
def test_what_is_printed_must_be_what_is_shown(shown: list[str], said: list[str], wrong: str) -> None:
    assert unlike(tuple(shown), said).startswith(wrong)
    assert bool(unlike(tuple(shown), said)) is bool(wrong)


def test_a_reader_follows_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    assert Reader(tmp_path, "2026-11-23").follow(page) == 2
    assert (tmp_path / "config" / "x.yaml").read_text(encoding="utf-8") == "a: 1\n"
    page.write_text(PAGE.replace("hello\n$", "goodbye\n$"), encoding="utf-8")
    with pytest.raises(AssertionError, match=r"page.md:3: echo hello prints\nhello"):
        Reader(tmp_path, "2026-11-23").follow(page)
