"""Completion as a shell does it: the printed script in a real shell, and names read off the files without loading them."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from engine.app import glancing
from engine.cli.completing import SHELLS
from tests.acceptance.conftest import Desk
from tests.docs.walk import ROOT

HEAVY = ("pydantic", "sqlalchemy", "yaml", "jinja2")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A `touchbase` on a path of its own, as installing makes one."""
    place = tmp_path / "bin" / "touchbase"
    place.parent.mkdir()
    place.write_text(
        f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m engine "$@"\n', encoding="utf-8"
    )
    place.chmod(place.stat().st_mode | stat.S_IXUSR)
    return place


def completed(desk: Desk, program: Path, *words: str) -> list[str]:
    """What bash offers for the last of these words."""
    quoted = " ".join(f"'{word}'" for word in words)
    script = (
        f"PATH='{program.parent}':$PATH\n"
        'eval "$(touchbase completion bash)"\n'
        f"COMP_WORDS=(touchbase {quoted})\nCOMP_CWORD={len(words)}\n"
        '_touchbase_completion touchbase "${COMP_WORDS[$COMP_CWORD]}" ""\n'
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=desk.root,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("stat",), ["status"]),
        (("send", ""), ["digest"]),
        (("send", "dig"), ["digest"]),
        (("send", "x"), []),
        (("why", "ana@mail.example", ""), ["digest"]),
        (("segments", ""), ["best-two", "newsletter-readers", "open-complaint"]),
        (("feeds", ""), ["blog"]),
        (("send", "--occ"), ["--occurrence"]),
        (("import", ""), ["customers", "events"]),
        (("completion", "f"), ["fish"]),
    ],
    ids=" ".join,
)
def test_bash_offers(desk: Desk, program: Path, words: tuple[str, ...], offered: list[str]) -> None:
    if shutil.which("bash") is None:
        pytest.skip("bash is not on this machine")
    assert sorted(completed(desk, program, *words)) == offered


def test_a_slip_of_the_hand_breaks_nothing(desk: Desk, program: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("bash is not on this machine")
    assert "send" in completed(desk, program, "sned", "")


def test_where_there_is_no_workspace_no_name_is_offered(tmp_path: Path, program: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("bash is not on this machine")
    assert completed(Desk(tmp_path), program, "send", "") == []


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_reads_its_script(desk: Desk, shell: str) -> None:
    answer = desk.run("completion", shell)
    assert (answer.code, "_TOUCHBASE_COMPLETE" in answer.out) == (0, True)
    assert desk.json("completion", shell)["script"] in answer.out
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not on this machine; its script was only printed")
    subprocess.run([shell, "-n"], input=answer.out, text=True, check=True, timeout=60)


def test_another_shell_is_refused(desk: Desk) -> None:
    assert desk.run("completion", "tcsh").code == 2


def test_names_are_offered_without_loading_anything_heavy(desk: Desk) -> None:
    code = (
        "import sys; from engine.cli import run\n"
        "try: run([])\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=desk.root,
        env={
            "PYTHONPATH": str(ROOT),
            "_TOUCHBASE_COMPLETE": "bash_complete",
            "COMP_WORDS": "touchbase send d",
            "COMP_CWORD": "2",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.strip(), done.stderr.strip()) == ("plain,digest", "[]")


def test_names_are_read_off_whatever_the_files_look_like(desk: Desk) -> None:
    desk.write("campaigns/old/other.yaml", "# a note\ncampaign: 'second-one'\ntitle: x\n")
    desk.write("campaigns/broken.yaml", "campaign: [\n")
    desk.write(
        "config/more.yml",
        "segments:\n    four-deep:\n        all: []\n    'quoted':\n        all: []\nfeeds: {}\n",
    )
    (desk.root / "campaigns" / "bytes.yaml").write_bytes(b"\xff\xfecampaign: x")
    assert glancing.campaigns(desk.root) == ["digest", "second-one"]
    assert {"four-deep", "quoted", "best-two"} <= set(glancing.entries(desk.root, "segments"))
    assert "all" not in glancing.entries(desk.root, "segments")
    assert glancing.entries(desk.root, "feeds") == ["blog"]
    assert glancing.campaigns(Path("/nowhere")) == []
