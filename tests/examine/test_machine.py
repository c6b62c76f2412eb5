"""Versions, room and clock are judged from numbers alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.flows.examine import machine
from engine.flows.examine.machine import MEGABYTE, Clocks
from engine.model.finding import Verdict

NOW = datetime(2027, 1, 5, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("version", "verdict"),
    [
        ((3, 11, 7), "warning"),
        ((3, 11, 15), "fine"),
        ((3, 12, 12), "warning"),
        ((3, 14, 3), "fine"),
        ((3, 15, 0), "fine"),
    ],
    ids=str,
)
def test_python(version: tuple[int, int, int], verdict: str) -> None:
    assert machine.python(version).verdict == verdict


@pytest.mark.parametrize(
    ("version", "verdict"),
    [
        ((3, 40, 1), "warning"),
        ((3, 44, 5), "warning"),
        ((3, 44, 6), "fine"),
        ((3, 45, 0), "warning"),
        ((3, 50, 6), "warning"),
        ((3, 50, 7), "fine"),
        ((3, 51, 2), "warning"),
        ((3, 51, 3), "fine"),
        ((3, 52, 0), "fine"),
        ((4, 0, 0), "fine"),
    ],
    ids=str,
)
def test_sqlite(version: tuple[int, int, int], verdict: str) -> None:
    assert machine.sqlite_version(version).verdict == verdict


def test_postgresql() -> None:
    assert machine.postgresql_version(160004).what == "PostgreSQL 16.4"
    assert machine.postgresql_version(120020).verdict is Verdict.PROBLEM


@pytest.mark.parametrize(
    ("free", "database", "verdict"),
    [
        (50 * MEGABYTE, 0, "problem"),
        (500 * MEGABYTE, 0, "warning"),
        (5000 * MEGABYTE, 0, "fine"),
        (5000 * MEGABYTE, 20_000 * MEGABYTE, "warning"),
        (1500 * MEGABYTE, 20_000 * MEGABYTE, "problem"),
    ],
)
def test_room(free: int, database: int, verdict: str) -> None:
    assert machine.room(Path("/data"), free, database).verdict == verdict


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("clocks", "verdict", "said"),
    [
        (Clocks(NOW, NOW), "fine", "2027-01-05 09:30:00 UTC"),
        (Clocks(NOW, NOW, fixed="2026-01-01"), "warning", "TOUCHBASE_NOW"),
        (Clocks(NOW, NOW + SECOND, server=NOW + SECOND / 2), "fine", "as the database's"),
        (Clocks(NOW, NOW + 60 * SECOND, server=NOW + 30 * SECOND), "fine", "as the database's"),
        (Clocks(NOW, NOW, server=NOW + 30 * SECOND), "warning", "30 s apart"),
        (Clocks(NOW, NOW, server=NOW - 3600 * SECOND), "problem", "3,600 s apart"),
        (Clocks(NOW, NOW, last_letter=NOW - 3600 * SECOND), "fine", ""),
        (Clocks(NOW, NOW, last_letter=NOW + 30 * SECOND), "fine", ""),
        (Clocks(NOW, NOW, last_letter=NOW + 3600 * SECOND), "problem", "letters left at 2027-01-05 10:30"),
    ],
)
def test_clock(clocks: Clocks, verdict: str, said: str) -> None:
    (found,) = machine.clock(clocks)
    assert (found.verdict, said in found.what) == (verdict, True), found
