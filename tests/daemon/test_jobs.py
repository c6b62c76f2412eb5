"""The daemon's jobs: one page of code, one table in the docs, one command that prints them."""

from __future__ import annotations

import re
from pathlib import Path

from engine.daemon.jobs import JOBS, in_words
from tests.acceptance.conftest import Desk, laid_out

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "daemon.md"


def test_the_page_shows_every_job_as_it_is() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| (.+?) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [(job.name, in_words(job.every), job.does) for job in JOBS]


def test_every_job_wakes_jobs_there_are() -> None:
    names = [job.name for job in JOBS]
    assert len(set(names)) == len(names)
    assert {name for job in JOBS for name in job.wakes} <= set(names)


def test_the_command_prints_them_without_a_workspace(tmp_path: Path) -> None:
    answer = Desk(tmp_path).run("run", "--jobs")
    assert answer.code == 0
    assert [line[:16].strip() for line in answer.out.splitlines()] == [job.name for job in JOBS]
    told = Desk(tmp_path).json("run", "--jobs")
    assert [(one["job"], one["every_seconds"]) for one in told] == [
        (job.name, job.every.total_seconds()) for job in JOBS
    ]


def test_two_wishes_at_once_are_refused(tmp_path: Path) -> None:
    answer = laid_out(tmp_path).run("run", "--jobs", "--once")
    assert answer.code == 2
    assert "say one of them" in answer.err
