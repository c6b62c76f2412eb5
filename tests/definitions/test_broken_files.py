"""Every broken file says what is wrong with it, where, and what to do: tests as data.

A file of broken/ ends in lines `# expect: severity code line:column message | help`. Notes and warnings about what
this version does not carry out yet are left out.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.definitions.checks.everything import load_and_check
from tests.definitions.places import ENVIRONMENT, broken_files, broken_workspace

EXPECTED = re.compile(r"^# expect: (.+)$", re.MULTILINE)


def told(folder: Path, broken: Path) -> list[str]:
    root, name = broken_workspace(folder, broken)
    _, problems = load_and_check(root, environment=ENVIRONMENT)
    return [
        f"{found.severity} {found.code} {found.line}:{found.column} {found.message} | {found.help}".rstrip()
        for found in problems
        if found.file == name and not found.code.startswith("N")
    ]


@pytest.mark.parametrize("broken", broken_files(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_broken_file_is_told_completely(broken: Path, tmp_path: Path) -> None:
    expected = EXPECTED.findall(broken.read_text(encoding="utf-8"))
    assert expected, "say with `# expect:` lines what must be told"
    assert told(tmp_path, broken) == expected


def test_no_message_speaks_in_the_words_of_a_library() -> None:
    for broken in broken_files():
        for line in EXPECTED.findall(broken.read_text(encoding="utf-8")):
            assert not re.search(r"C099|pydantic|Input should|valid dictionary|mapping values|block", line), (
                line
            )
